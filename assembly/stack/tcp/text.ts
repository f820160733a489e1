import {
  OK,
  STREAM_CLOSE_WAIT,
  STREAM_CLOSING,
  STREAM_ENDED,
  STREAM_ESTABLISHED,
  STREAM_FIN_WAIT_1,
  STREAM_FIN_WAIT_2,
  STREAM_READABLE,
  STREAM_SYN_RECEIVED,
  TCP_BUFFER,
  TCP_SEQUENCE,
} from "../../abi";
import { now } from "../../memory";
import { TCP_FIN } from "../../wire/tcp";
import { enterTimeWait } from "./ending";
import { tell } from "./news";
import { addArrived, arrivedCount, hasArrived, hasPlaceFor, haveRanges, takeArrived, tidyRanges } from "./ranges";
import { discardEmpty, put, readable } from "./receive-buffer";
import { MS } from "./rtt";
import { endReminders } from "./reminder";
import { segment } from "./segment";
import { earlierOf, isBefore } from "./sequence";
import { HAS_ENDED, HAS_PEER_FIN, HAS_RUN_INTO_WINDOW, HAS_SACK, IS_ACK_DUE, Stream } from "./stream";
import { windowEnd } from "./window";

/**
 * Payload and FIN of the present segment, which begins in the window or before it (RFC 9293 §3.10.7.4, seventh and eighth
 * check). Returns OK, or why it is to be dropped.
 */
export function heedText(s: Stream): u32 {
  const seg = segment();
  if (s.has(HAS_ENDED)) return OK; // nothing can follow a FIN
  let left = seg.seq;
  let data = seg.data;
  let length = seg.length;
  const end = seg.seq + seg.length;
  const isFin = seg.has(TCP_FIN);
  if (isBefore(left, s.rcvNxt)) {
    // What is here already is cut off, and reported (RFC 2883 §4).
    const old = earlierOf(s.rcvNxt, end) - left;
    if (s.has(HAS_SACK) && old != 0) {
      seg.twiceLeft = left;
      seg.twiceRight = left + old;
    }
    s.set(IS_ACK_DUE);
    left += old;
    data += old;
    length -= old;
  }
  const beyond = <i32>(left + length - windowEnd(s));
  if (beyond > 0) {
    length = <u32>beyond >= length ? 0 : length - <u32>beyond;
    s.set(IS_ACK_DUE | HAS_RUN_INTO_WINDOW);
  }
  // What comes in order is right: a FIN that came earlier, and stands elsewhere, was not.
  const isNext = left == s.rcvNxt;
  if (isFin && left + length == end && (isNext || !s.has(HAS_PEER_FIN))) {
    s.set(HAS_PEER_FIN);
    s.finSeq = end;
  } else if (isNext && s.has(HAS_PEER_FIN) && isBefore(s.finSeq, left + length)) {
    s.clear(HAS_PEER_FIN);
  }
  let reason: u32 = OK;
  if (length != 0) reason = isNext ? append(s, left, data, length) : keep(s, left, data, length);
  if (isFin) s.set(IS_ACK_DUE);
  if (s.has(HAS_PEER_FIN) && s.rcvNxt == s.finSeq) heedFin(s);
  return reason;
}

/** What was expected next. */
function append(s: Stream, seq: u32, data: usize, length: u32): u32 {
  const whole = segment().whole;
  s.rcvMss = max<u32>(s.rcvMss, whole == 0 ? length : whole);
  const wasEmpty = readable(s) == 0;
  const stored = put(s, seq, data, length);
  if (stored == 0) return TCP_BUFFER;
  const before = s.rcvNxt;
  s.rcvNxt += stored;
  endReminders(s);
  if (arrivedCount(s) != 0) {
    // It fills a gap, wholly or in part: told at once (RFC 5681 §4.2).
    s.rcvNxt = takeArrived(s, s.rcvNxt);
    tidyRanges(s);
    s.set(IS_ACK_DUE);
  }
  s.bytesReceived += s.rcvNxt - before;
  if (wasEmpty) tell(s, STREAM_READABLE);
  acknowledgeSoon(s);
  return stored == length ? OK : TCP_BUFFER;
}

/** Every second full segment at once, the rest in a moment (RFC 9293 §3.8.6.3, RFC 5681 §4.2). */
function acknowledgeSoon(s: Stream): void {
  if (s.delayedAck == 0 || s.rcvNxt - s.lastAckSent >= 2 * s.rcvMss) return s.set(IS_ACK_DUE);
  if (s.ackAt == 0) s.ackAt = now() + <u64>s.delayedAck * MS;
}

/** What comes after a gap is kept, and the gap is told at once (RFC 5681 §4.2). */
function keep(s: Stream, seq: u32, data: usize, length: u32): u32 {
  s.set(IS_ACK_DUE);
  if (!haveRanges(s)) return TCP_BUFFER;
  if (hasArrived(s, seq, seq + length)) {
    const seg = segment();
    seg.twiceLeft = seq;
    seg.twiceRight = seq + length;
    return TCP_SEQUENCE;
  }
  const stored = hasPlaceFor(s, seq, seq + length) ? put(s, seq, data, length) : 0;
  if (stored == 0 || !addArrived(s, seq, seq + stored)) {
    tidyRanges(s);
    discardEmpty(s);
    return TCP_BUFFER;
  }
  return OK;
}

/** The other side sends no more, and everything it has sent is here. */
function heedFin(s: Stream): void {
  s.rcvNxt++;
  endReminders(s);
  s.set(HAS_ENDED | IS_ACK_DUE);
  tell(s, STREAM_ENDED);
  if (s.state == STREAM_ESTABLISHED || s.state == STREAM_SYN_RECEIVED) s.state = STREAM_CLOSE_WAIT;
  else if (s.state == STREAM_FIN_WAIT_1) s.state = STREAM_CLOSING;
  else if (s.state == STREAM_FIN_WAIT_2) enterTimeWait(s);
}
