import { now } from "../../memory";
import { shrinkThreshold } from "./congestion";
import { sackBytes } from "./emit";
import { retransmit, sendNew, settleTimers } from "./output";
import { sacked, sackedCount } from "./ranges";
import { MS } from "./rtt";
import { segment } from "./segment";
import { isBefore, laterOf } from "./sequence";
import {
  HAS_PROBED_TAIL,
  HAS_SACK,
  IS_AFTER_TIMEOUT,
  IS_RECOVERING,
  IS_TAIL_REPEATED,
  IS_TAIL_TIMED,
  Stream,
} from "./stream";

/**
 * Tail loss probes (RFC 8985 §7). When the last segments of a flight get lost, or the one acknowledgement of all of it, nothing comes
 * that would tell. So after some two round trips of silence, long before the timeout, one segment asks: the next one of what there is
 * to send, or the last one again. What it is answered starts a recovery, or shows that nothing was missing.
 *
 * One probe at a time: HAS_PROBED_TAIL until what had been sent by then (`recover`) is acknowledged. Only with SACK.
 */

/** RFC 8985 §7.2: how long the other side may keep the acknowledgement of a single segment back. */
const ACK_DELAY: u64 = 200 * MS;
/** Beyond two round trips, for what takes its time at the two ends. */
const SLACK: u64 = 10 * MS;

/** How long to wait for an answer to what is in flight, ns: until the probe (then IS_TAIL_TIMED), or until the timeout. */
export function patience(s: Stream): u64 {
  s.clear(IS_TAIL_TIMED);
  if (!mayProbe(s)) return s.rto;
  const wait = (s.srtt << 1) + (s.sndMax - s.sndUna < 2 * s.mss ? ACK_DELAY : SLACK);
  if (wait >= s.rto) return s.rto;
  s.set(IS_TAIL_TIMED);
  return wait;
}

/** RFC 8985 §7.2: not while a loss is known. */
function mayProbe(s: Stream): bool {
  if ((s.flags & (HAS_SACK | IS_RECOVERING | IS_AFTER_TIMEOUT | HAS_PROBED_TAIL)) != HAS_SACK) return false;
  if (!s.isSynchronized || s.srtt == 0 || s.timeouts != 0) return false;
  return s.sndUna != s.sndMax && s.sndNxt == s.sndMax && s.sndWnd != 0 && sackedCount(s) == 0;
}

/** It has been silent for that long (RFC 8985 §7.3). The timeout is what remains. */
export function probeTail(s: Stream): void {
  s.clear(IS_TAIL_TIMED);
  if (!mayProbe(s)) {
    // (Whoever waits since the first moment of all waits since 1, for 0 is nobody.)
    s.retransmitAt = (s.waitingSince == 1 ? 0 : s.waitingSince) + s.rto;
    return settleTimers(s);
  }
  if (sendNew(s, s.mss) == 0) {
    const last = laterOf(s.sndUna, s.sndMax - (s.mss - sackBytes(s)));
    if (retransmit(s, last, s.sndMax)) s.set(IS_TAIL_REPEATED);
  }
  s.set(HAS_PROBED_TAIL);
  s.recover = s.sndMax;
  s.retransmitAt = now() + s.rto;
  settleTimers(s);
}

/**
 * The present segment's acknowledgement, of a stream that has probed (RFC 8985 §7.4). A repeated segment that did not come twice had
 * been lost the first time: the congestion window heeds that. Whether it came twice may be told only after the acknowledgement of all.
 */
export function heedProbe(s: Stream): void {
  const seg = segment();
  if (isBefore(seg.ack, s.recover)) return;
  const isRepeated = s.has(IS_TAIL_REPEATED);
  const cameTwice = seg.sackBlocks != 0 && !isBefore(seg.ack, seg.sackRight(0));
  if (isRepeated && !cameTwice && seg.ack == s.recover) return;
  forgetProbe(s);
  if (!isRepeated || cameTwice) return;
  shrinkThreshold(s, s.sndMax - s.sndUna);
  s.cwnd = s.ssthresh;
}

/** Whether the probe has arrived: what was sent a round trip before it and is missing is lost. */
export function isProbeSacked(s: Stream): bool {
  const count = sackedCount(s);
  return s.has(HAS_PROBED_TAIL) && count != 0 && sacked(s).at(count - 1).right == s.recover;
}

export function forgetProbe(s: Stream): void {
  s.clear(HAS_PROBED_TAIL | IS_TAIL_REPEATED);
}
