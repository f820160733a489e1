import { STREAM_CLOSED, STREAM_ESTABLISHED, STREAM_SYN_RECEIVED, STREAM_SYN_SENT, STREAM_TIME_WAIT } from "../../abi";
import { now } from "../../memory";
import { TCP_ACK, TCP_FIN, TCP_PSH, TCP_SYN } from "../../wire/tcp";
import { restartAfterIdle } from "./congestion";
import { emit, emitAck, sackBytes } from "./emit";
import { mayRaisePathMtu } from "./path-mtu";
import { sacked, sackedCount } from "./ranges";
import { sackedBefore, sendInRecovery } from "./recovery";
import { beginTiming, spoilTiming } from "./rtt";
import { isBefore, laterOf } from "./sequence";
import { HAS_SACK, IS_ACK_DUE, IS_AFTER_TIMEOUT, IS_NODELAY, IS_RECOVERING, IS_SHUT, Stream } from "./stream";
import { patience } from "./tail";
import { arm } from "./timers";
import { wholeSegments } from "./train";

/** Sends what there is to send and may be sent, an acknowledgement if one is due and nothing carried it, and sets the timers. */
export function output(s: Stream): void {
  if (s.state >= STREAM_ESTABLISHED && s.state < STREAM_TIME_WAIT) {
    if (s.has(IS_RECOVERING) && s.has(HAS_SACK)) sendInRecovery(s);
    else sendAll(s);
  }
  if (s.has(IS_ACK_DUE) && s.state < STREAM_CLOSED) emitAck(s);
  settleTimers(s);
}

function sendAll(s: Stream): void {
  if (!s.isInFlight && s.lastSentAt != 0 && now() - s.lastSentAt > s.rto) restartAfterIdle(s);
  if (s.pathMtu != 0) mayRaisePathMtu(s);
  while (true) {
    if (sackedCount(s) != 0) skipSacked(s);
    const room = congestionRoom(s);
    if (sendNew(s, room) == 0) return;
  }
}

/** After a timeout: what the other side has by now is not sent again. */
function skipSacked(s: Stream): void {
  for (let i: u32 = 0; i < sackedCount(s); i++) {
    const r = sacked(s).at(i);
    if (!isBefore(s.sndNxt, r.left) && isBefore(s.sndNxt, r.right)) s.sndNxt = r.right;
  }
}

/** Bytes the congestion window has room for; the first two duplicate acknowledgements make some (RFC 3042). */
function congestionRoom(s: Stream): u32 {
  let window = s.cwnd;
  if ((s.flags & (IS_RECOVERING | IS_AFTER_TIMEOUT | HAS_SACK)) == 0) window += min<u32>(2, s.dupAcks) * s.mss;
  const flight = s.sndNxt - s.sndUna - sackedBefore(s, s.sndNxt);
  return flight < window ? window - flight : 0;
}

/**
 * Sends the next segment from sndNxt, with `room` bytes at the most, if it is worth a segment: a full one, the last of what there
 * is, or half of the largest window the other side has offered (RFC 9293 §3.8.6.2.1).
 *
 * @returns  sequence numbers sent; 0: nothing
 */
export function sendNew(s: Stream, room: u32): u32 {
  if (isBefore(s.sndEnd, s.sndNxt)) return 0; // the FIN is out
  const waiting = s.sndEnd - s.sndNxt;
  const most = segmentRoom(s);
  const window = laterOf(s.sndUna + s.sndWnd, s.sndNxt) - s.sndNxt;
  let length = min<u32>(waiting, min<u32>(room, window));
  if (length > most) length = length < 2 * most || s.sndNxt != s.sndMax ? most : wholeSegments(s, most, length);
  const isLast = length == waiting;
  const isFin = isLast && s.has(IS_SHUT);
  if (length == 0 && !isFin) return 0;
  if (length < most && !isWorthIt(s, length, isLast, isFin)) return 0;
  const flags = TCP_ACK | (isLast && length != 0 ? TCP_PSH : 0) | (isFin ? TCP_FIN : 0);
  return sendAt(s, length, flags) ? length + u32(isFin) : 0;
}

/** Payload that fits into a segment of now: SACK blocks take their part. */
function segmentRoom(s: Stream): u32 {
  const most = s.mss - sackBytes(s);
  if (sackedCount(s) == 0 || !isBefore(s.sndNxt, s.sndMax)) return most;
  // Not into what the other side has.
  for (let i: u32 = 0; i < sackedCount(s); i++) {
    const left = sacked(s).at(i).left;
    if (isBefore(s.sndNxt, left)) return min<u32>(most, left - s.sndNxt);
  }
  return most;
}

/** Whether less than a full segment may go. Nagle: not while something is unanswered (RFC 9293 §3.7.4). */
function isWorthIt(s: Stream, length: u32, isLast: bool, isFin: bool): bool {
  if (isFin || isBefore(s.sndNxt, s.sndMax)) return true;
  if (isLast) return s.has(IS_NODELAY) || !s.isInFlight;
  return length != 0 && length >= s.maxWnd >> 1;
}

function sendAt(s: Stream, length: u32, flags: u32): bool {
  const seq = s.sndNxt;
  const end = seq + length + u32((flags & TCP_FIN) != 0);
  const isAgain = isBefore(seq, s.sndMax);
  if (!emit(s, seq, length, flags)) return false;
  s.sndNxt = end;
  if (isAgain) {
    s.retransmits++;
    spoilTiming(s, seq);
  } else {
    beginTiming(s, end);
  }
  s.sndMax = laterOf(s.sndMax, end);
  return true;
}

/**
 * Sends `from` up to `to` again, data and FIN, or as much of it as one segment takes.
 *
 * @returns  sequence numbers sent, which SACK blocks of our own can make fewer than were asked for; 0: no frame buffer is free
 */
export function retransmit(s: Stream, from: u32, to: u32): u32 {
  const isFin = isBefore(s.sndEnd, to);
  const last = isFin ? s.sndEnd : to;
  const length = min<u32>(last - from, s.mss - sackBytes(s));
  const isWhole = from + length == last;
  const flags = TCP_ACK | (last == s.sndEnd && isWhole && length != 0 ? TCP_PSH : 0) | (isFin && isWhole ? TCP_FIN : 0);
  if (!emit(s, from, length, flags)) return 0;
  s.retransmits++;
  spoilTiming(s, from);
  return length + u32(isFin && isWhole);
}

/** Our SYN, with an acknowledgement when theirs is here. */
export function sendSyn(s: Stream): void {
  const flags = s.state == STREAM_SYN_RECEIVED ? TCP_SYN | TCP_ACK : TCP_SYN;
  emit(s, s.iss, 0, flags);
  if (s.sndMax == s.iss) beginTiming(s, s.iss + 1);
  else spoilTiming(s, s.iss);
  s.sndNxt = s.iss + 1;
  s.sndMax = s.iss + 1;
  settleTimers(s);
}

/**
 * The retransmission timer runs while something is unanswered (RFC 6298 §5.1, §5.2), and, as persist timer, while something
 * waits that the window does not let out (RFC 9293 §3.8.6.1).
 */
export function settleTimers(s: Stream): void {
  if (s.state >= STREAM_SYN_SENT && s.state < STREAM_TIME_WAIT && isWaiting(s)) {
    if (s.waitingSince == 0) s.waitingSince = max<u64>(1, now());
    if (s.retransmitAt == 0) s.retransmitAt = now() + patience(s);
  } else {
    s.retransmitAt = 0;
    s.waitingSince = 0;
  }
  arm(s);
}

function isWaiting(s: Stream): bool {
  if (s.sndUna != s.sndMax) return true;
  return s.state >= STREAM_ESTABLISHED && s.sndNxt != s.sndLast;
}
