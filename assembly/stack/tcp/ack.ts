import { STREAM_CLOSING, STREAM_FIN_WAIT_1, STREAM_FIN_WAIT_2, STREAM_LAST_ACK, STREAM_ERROR_NONE, STREAM_WRITABLE } from "../../abi";
import { now } from "../../memory";
import { challenge } from "./challenge";
import { growWindow } from "./congestion";
import { enterTimeWait, finish, limitFinWait } from "./ending";
import { tell } from "./news";
import { endSuspicion } from "./path-mtu";
import { trimSacked } from "./ranges";
import { heedDuplicate, heedInRecovery, noteSack } from "./recovery";
import { endTiming } from "./rtt";
import { segment } from "./segment";
import { buffered, trim } from "./send-buffer";
import { earlierOf, isBefore } from "./sequence";
import {
  HAS_PARTIAL_ACK,
  HAS_PROBED_TAIL,
  HAS_SACK,
  IS_AFTER_TIMEOUT,
  IS_MADE_SMALL,
  IS_RECOVERING,
  IS_RELEASED,
  IS_SHUT,
  IS_WRITE_WANTED,
  Stream,
} from "./stream";
import { heedProbe } from "./tail";
import { windowOffered } from "./window";

/**
 * The acknowledgement in the present segment (RFC 9293 §3.10.7.4, fifth check, for synchronized states).
 *
 * @returns  false: it acknowledges what was never sent, or far too little, and the segment is to be dropped (RFC 5961 §5)
 */
export function heedAck(s: Stream): bool {
  const seg = segment();
  if (isBefore(s.sndMax, seg.ack) || isBefore(seg.ack, s.sndUna - s.maxWnd)) {
    challenge(s);
    return false;
  }
  // An old one says nothing new.
  if (isBefore(seg.ack, s.sndUna)) return true;

  const window = windowOffered(s);
  const isSameWindow = window == s.sndWnd;
  const news = s.has(HAS_SACK) && seg.sackBlocks != 0 ? noteSack(s) : 0;
  heedWindow(s, window);
  if (s.has(HAS_PROBED_TAIL)) heedProbe(s);
  if (seg.ack != s.sndUna) {
    heedProgress(s);
    return true;
  }
  // Whoever keeps its window shut, but answers, is there (RFC 9293 §3.8.6.1). Where the user has let go, its patience counts anyway.
  if (s.sndWnd == 0 || !s.isInFlight) {
    if (s.waitingSince != 0 && !s.has(IS_RELEASED)) s.waitingSince = now();
    return true;
  }
  if (s.sndUna == s.sndMax) return true;
  const isDuplicate = s.has(HAS_SACK) ? news != 0 : seg.isPlainAck && isSameWindow;
  if (isDuplicate) heedDuplicate(s);
  return true;
}

/** A window is taken from a segment that is not older than the one before (RFC 9293 §3.10.7.4). */
function heedWindow(s: Stream, window: u32): void {
  const seg = segment();
  if (isBefore(seg.seq, s.sndWl1) || (seg.seq == s.sndWl1 && isBefore(seg.ack, s.sndWl2))) return;
  const wasShut = !s.isInFlight || s.sndWnd == 0;
  const hasGrown = window > s.sndWnd;
  s.sndWnd = window;
  s.sndWl1 = seg.seq;
  s.sndWl2 = seg.ack;
  if (window > s.maxWnd) s.maxWnd = window;
  if (!wasShut || !hasGrown) return;
  // The persist timer has done its work; what it probed with is sent as data.
  s.retransmitAt = 0;
  s.timeouts = 0;
}

function heedProgress(s: Stream): void {
  const seg = segment();
  const acked = seg.ack - s.sndUna;
  const flight = s.sndNxt - s.sndUna;
  endTiming(s, seg.ack);
  s.timeouts = 0;
  s.waitingSince = 0;
  // (The FIN is no byte of payload.)
  s.bytesSent += earlierOf(seg.ack, s.sndEnd) - earlierOf(s.sndUna, s.sndEnd);
  s.sndUna = seg.ack;
  if (isBefore(s.sndNxt, s.sndUna)) s.sndNxt = s.sndUna;
  trim(s);
  if (s.has(IS_MADE_SMALL)) endSuspicion(s);
  if (s.ranges != 0) trimSacked(s);

  // NewReno: only the first partial acknowledgement of a recovery restarts the timer (RFC 6582 §3.2 step 3).
  const isPartial = s.has(IS_RECOVERING) && !s.has(HAS_SACK) && isBefore(s.sndUna, s.recover);
  if (!isPartial || !s.has(HAS_PARTIAL_ACK)) s.retransmitAt = 0;
  if (isPartial) s.set(HAS_PARTIAL_ACK);

  if (s.has(IS_RECOVERING)) heedInRecovery(s, acked);
  else {
    s.dupAcks = 0;
    growWindow(s, acked, flight);
    if (s.has(IS_AFTER_TIMEOUT) && !isBefore(s.sndUna, s.recover)) s.clear(IS_AFTER_TIMEOUT);
    // Behind for good: it follows, lest it seem to be ahead half a turn of the numbers later.
    if (isBefore(s.recover, s.sndUna)) s.recover = s.sndUna - 1;
  }
  if (s.has(IS_WRITE_WANTED) && buffered(s) <= s.sndLimit >> 1) {
    s.clear(IS_WRITE_WANTED);
    tell(s, STREAM_WRITABLE);
  }
  if (s.has(IS_SHUT) && s.sndUna == s.sndEnd + 1) heedFinAck(s);
}

/** Our FIN has arrived. */
function heedFinAck(s: Stream): void {
  if (s.state == STREAM_FIN_WAIT_1) {
    s.state = STREAM_FIN_WAIT_2;
    limitFinWait(s);
  } else if (s.state == STREAM_CLOSING) {
    enterTimeWait(s);
  } else if (s.state == STREAM_LAST_ACK) {
    finish(s, STREAM_ERROR_NONE);
  }
}
