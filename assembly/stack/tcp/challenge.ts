import { now } from "../../memory";
import { IS_ACK_DUE, Stream } from "./stream";

/** RFC 5961 §7: ten in five seconds, here per stream. */
const MOST: u32 = 10;
/** And as many more, for those who know the very number before the one that is next. */
const MOST_PROBES: u32 = 10;
const INTERVAL: u64 = 5_000_000_000;

/**
 * Says what would be acceptable, to a segment that is not: a peer that is what it seems to be puts it right, and a forger learns
 * nothing (RFC 5961 §3 to §5). Limited, so that two ends that disagree do not answer each other for ever.
 */
export function challenge(s: Stream): void {
  acknowledgeUpTo(s, MOST);
}

/** Answers a keepalive probe (RFC 9293 §3.8.4): also when a forger has used up the challenges, or he could end the connection. */
export function answerProbe(s: Stream): void {
  acknowledgeUpTo(s, MOST + MOST_PROBES);
}

function acknowledgeUpTo(s: Stream, most: u32): void {
  if (s.challenges == 0 || now() - s.challengesSince >= INTERVAL) {
    s.challengesSince = now();
    s.challenges = 0;
  }
  if (s.challenges >= most) return;
  s.challenges++;
  s.set(IS_ACK_DUE);
}
