import {
  STREAM_ERROR_NONE,
  STREAM_ERROR_TIMED_OUT,
  STREAM_ERROR_UNREACHABLE,
  STREAM_ESTABLISHED,
  STREAM_FIN_WAIT_2,
  STREAM_HELD,
  STREAM_SYN_RECEIVED,
  STREAM_SYN_SENT,
  STREAM_TIME_WAIT,
} from "../../abi";
import { doubtRoute } from "../../ip/send";
import { now } from "../../memory";
import { TCP_ACK, TCP_FIN, TCP_RST } from "../../wire/tcp";
import { collapseWindow, shrinkThreshold } from "./congestion";
import { emit, emitBare, emptySeq, sackBytes } from "./emit";
import { finish } from "./ending";
import { tellNews } from "./news";
import { output, sendSyn, settleTimers } from "./output";
import { suspectSize } from "./path-mtu";
import { sacked, tidyRanges } from "./ranges";
import { MS, RTO_MOST, backOff } from "./rtt";
import { segment } from "./segment";
import { laterOf } from "./sequence";
import { feedStarved } from "./starved";
import {
  HAS_LOST_SYN,
  HAS_PARTIAL_ACK,
  HAS_SOFT_ERROR,
  IS_ACK_DUE,
  IS_AFTER_TIMEOUT,
  IS_PASSIVE,
  IS_PATIENT,
  IS_RECOVERING,
  IS_RELEASED,
  IS_SHUT,
  IS_TAIL_TIMED,
  Stream,
  streamAt,
} from "./stream";
import { forgetProbe, probeTail } from "./tail";
import { arm, armUpkeep, keepUp } from "./timers";

/** What happens when nothing happens. */

/** RFC 9293 §3.8.3: a SYN is given up after three minutes at the earliest. */
const SYN_GIVE_UP: u64 = 180_000_000_000;
/** RFC 4987 §3.3: a SYN-ACK is sent again five times; who wants to come in sends its SYN again itself. */
const HALF_OPEN_GIVE_UP: u64 = 60_000_000_000;
/** A window that stays shut, when nobody is there any more who could lose patience (RFC 6429 §3: a matter of resources). */
const RELEASED_GIVE_UP: u64 = 600_000_000_000;
/** RFC 9293 §3.8.3, R1: from here on the path is in doubt. */
const IN_DOUBT: u32 = 3;
/** Keepalive probes without an answer, and the time between them. */
const PROBES: u32 = 9;
const PROBE_INTERVAL: u64 = 75_000_000_000;

/** A stream's work is due, or was when the heap was asked (timers.ts). */
export function streamTimeout(id: u32): void {
  const s = streamAt(id);
  s.armedAt = 0;
  segment().twiceRight = segment().twiceLeft;
  if (s.ackAt != 0 && s.ackAt <= now()) {
    s.ackAt = 0;
    s.set(IS_ACK_DUE);
    output(s);
  }
  if (s.retransmitAt != 0 && s.retransmitAt <= now()) retransmitTimeout(s);
  else arm(s);
  if (s.state != 0) tellNews(s);
  feedStarved();
}

function retransmitTimeout(s: Stream): void {
  if (s.has(IS_TAIL_TIMED)) return probeTail(s);
  s.retransmitAt = 0;
  const isOpening = s.state == STREAM_SYN_SENT || s.state == STREAM_SYN_RECEIVED;
  if (now() - s.waitingSince >= patienceOf(s)) return finishUnanswered(s);
  if (s.timeouts < 32) s.timeouts++;
  if (s.timeouts == IN_DOUBT) doubtRoute(s.node, s.remote);
  if (isOpening) return repeatSyn(s);
  if (!s.isInFlight || s.sndWnd == 0) return probe(s);
  repeat(s);
}

/** How long nobody needs to answer, ns. */
function patienceOf(s: Stream): u64 {
  const giveUp = <u64>s.giveUp * MS;
  if (s.state == STREAM_SYN_SENT) return max<u64>(giveUp, SYN_GIVE_UP);
  if (s.state == STREAM_SYN_RECEIVED) return s.has(IS_PASSIVE) ? HALF_OPEN_GIVE_UP : max<u64>(giveUp, SYN_GIVE_UP);
  return isReleasedAndShut(s) ? max<u64>(giveUp, RELEASED_GIVE_UP) : giveUp;
}

function isReleasedAndShut(s: Stream): bool {
  return s.has(IS_RELEASED) && (s.sndWnd == 0 || !s.isInFlight);
}

function finishUnanswered(s: Stream): void {
  // The other side may be there and not want any more: it hears that this was not all.
  if (s.isSynchronized && isReleasedAndShut(s)) {
    emitBare(s.node, s.local, s.localPort, s.remote, s.remotePort, emptySeq(s), 0, TCP_RST);
  }
  finish(s, s.has(HAS_SOFT_ERROR) ? STREAM_ERROR_UNREACHABLE : STREAM_ERROR_TIMED_OUT);
}

function repeatSyn(s: Stream): void {
  s.set(HAS_LOST_SYN);
  s.retransmits++;
  s.timedAt = 0;
  backOff(s);
  sendSyn(s);
}

/** RFC 6298 §5.4 to §5.7: the first segment again, everything else after it as the window opens anew. */
function repeat(s: Stream): void {
  // Only the first timeout of a segment is news to the threshold (RFC 5681 §3.1).
  if (s.timeouts == 1) shrinkThreshold(s, s.sndNxt - s.sndUna);
  if (s.timeouts >= IN_DOUBT) suspectSize(s);
  collapseWindow(s);
  s.recover = s.sndMax;
  s.dupAcks = 0;
  s.clear(IS_RECOVERING | HAS_PARTIAL_ACK);
  s.set(IS_AFTER_TIMEOUT);
  forgetProbe(s);
  forgetSacked(s);
  s.sndNxt = s.sndUna;
  s.timedAt = 0;
  backOff(s);
  output(s);
}

/** The receiver may have thrown away what it did not acknowledge (RFC 2018 §8). */
function forgetSacked(s: Stream): void {
  if (s.ranges == 0) return;
  sacked(s).count = 0;
  tidyRanges(s);
}

/**
 * The window is shut, or too small for anything worth sending: what it lets out is sent, or one byte more than it lets out, to
 * hear whether it has opened (RFC 9293 §3.8.6.1). For ever, while there are answers.
 */
function probe(s: Stream): void {
  s.sndNxt = s.sndUna;
  const waiting = s.sndEnd - s.sndUna;
  const length = min<u32>(max<u32>(1, min<u32>(s.sndWnd, s.mss - sackBytes(s))), waiting);
  const isFin = length == waiting && s.has(IS_SHUT);
  if (length != 0 || isFin) {
    emit(s, s.sndUna, length, TCP_ACK | (isFin ? TCP_FIN : 0));
    const end = s.sndUna + length + u32(isFin);
    s.sndMax = laterOf(s.sndMax, end);
    if (s.sndWnd != 0) s.sndNxt = end;
  }
  s.timedAt = 0;
  s.retransmitAt = now() + min<u64>(RTO_MOST, s.rto << <u64>min<u32>(s.timeouts, 16));
  settleTimers(s);
}

// ─── Upkeep ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A stream's upkeep is due. */
export function streamUpkeep(id: u32): void {
  const s = streamAt(id);
  segment().twiceRight = segment().twiceLeft;
  if (s.has(IS_PATIENT) && s.retransmitAt <= now()) {
    retransmitTimeout(s);
    if (s.state == 0) return;
    tellNews(s);
  }
  if (s.upkeepAt == 0 || s.upkeepAt > now()) return armUpkeep(s);
  s.upkeepAt = 0;
  if (s.state == STREAM_TIME_WAIT) finish(s, STREAM_ERROR_NONE);
  else if (s.state == STREAM_HELD) finish(s, STREAM_ERROR_TIMED_OUT);
  else if (s.state == STREAM_FIN_WAIT_2 && s.has(IS_RELEASED)) finish(s, STREAM_ERROR_NONE);
  else if (s.state >= STREAM_ESTABLISHED) keepAlive(s);
  if (s.state != 0) tellNews(s);
}

/** Asks whether the other side is there, with a segment that it must answer (RFC 9293 §3.8.4). */
function keepAlive(s: Stream): void {
  if (s.keepalive == 0) return;
  const due = s.lastHeardAt + <u64>s.keepalive * MS;
  if (now() < due) return keepUp(s, due);
  // Unanswered data is the retransmission timer's business.
  if (s.sndUna != s.sndMax) return keepUp(s, now() + PROBE_INTERVAL);
  if (s.keepaliveProbes >= PROBES) return finish(s, STREAM_ERROR_TIMED_OUT);
  s.keepaliveProbes++;
  emit(s, s.sndNxt - 1, 0, TCP_ACK);
  keepUp(s, now() + PROBE_INTERVAL);
}
