import {
  IS_SUMMED,
  OK,
  STREAM_CLOSED,
  STREAM_ERROR_ABORTED,
  STREAM_ERROR_NONE,
  STREAM_ERROR_REFUSED,
  STREAM_ERROR_RESET,
  STREAM_FIN_WAIT_1,
  STREAM_HELD,
  STREAM_SYN_RECEIVED,
  STREAM_SYN_SENT,
  STREAM_TIME_WAIT,
  TCP_CHECKSUM,
  TCP_CLOSED,
  TCP_SEQUENCE,
  WITHOUT_TIMESTAMPS,
} from "../../abi";
import { consume, drop, frameAt } from "../../frames";
import { boundAt, boundTo } from "../../ip/ports";
import { now, nowMs } from "../../memory";
import { fold, pseudoHeader, sumOf } from "../../wire/checksum";
import { Ipv4, PROTOCOL_TCP } from "../../wire/ipv4";
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from "../../wire/tcp";
import { heedAck } from "./ack";
import { answerProbe, challenge } from "./challenge";
import { emitBare, emptySeq, refuse } from "./emit";
import { finish, restartTimeWait } from "./ending";
import { findStream } from "./lookup";
import { tellNews } from "./news";
import { establish, heedInSynSent, holdOn, openPassive } from "./opening";
import { output, sendSyn } from "./output";
import { open, segment } from "./segment";
import { isBefore } from "./sequence";
import { feedStarved } from "./starved";
import { HAS_RUN_INTO_WINDOW, HAS_SACK, HAS_TIMESTAMPS, IS_ACK_DUE, IS_RELEASED, Stream, streamAt } from "./stream";
import { heedText } from "./text";
import { windowEnd, windowOffered } from "./window";

/** A segment for `node`, which a NAT has not claimed. Takes the frame over. */
export function receiveTcp(node: u32, frame: u32): void {
  if (!isSound(frame)) return drop(frame, TCP_CHECKSUM);
  open(frame);
  const seg = segment();
  const id = findStream(node, seg.dst, seg.dstPort, seg.src, seg.srcPort);
  if (id == 0) return endWith(frame, heedStranger(node, 0));
  const s = streamAt(id);
  // What it brings is copied out, and the buffer is free for the answer.
  endWith(frame, heed(s));
  if (s.state == 0) return;
  output(s);
  tellNews(s);
  feedStarved();
}

function isSound(frame: u32): bool {
  const f = frameAt(frame);
  if ((f.flags & IS_SUMMED) != 0) return true;
  const ip = Ipv4.at(f.data + f.l3);
  const length = <u32>f.end - <u32>f.l4;
  return fold(pseudoHeader(ip.src, ip.dst, PROTOCOL_TCP, length) + sumOf(f.data + f.l4, length)) == 0xffff;
}

function endWith(frame: u32, reason: u32): void {
  if (reason == OK) consume(frame);
  else drop(frame, reason);
}

/** The present segment belongs to no stream: to a listener, or to nobody (RFC 9293 §3.10.7.1). */
function heedStranger(node: u32, after: u32): u32 {
  const listener = listenerFor(node);
  if (listener != 0) return openPassive(node, listener, after);
  refuse(node);
  return TCP_CLOSED;
}

/** Who listens on the port, or to everything. */
function listenerFor(node: u32): u32 {
  const seg = segment();
  const bound = boundTo(node, PROTOCOL_TCP, seg.dst, seg.dstPort);
  if (bound != 0 && boundAt(bound).owner != 0) return boundAt(bound).owner;
  const any = boundTo(node, PROTOCOL_TCP, 0, 0);
  return any == 0 ? 0 : boundAt(any).owner;
}

/** The present segment is for `s`. Returns OK, or why it is dropped. */
function heed(s: Stream): u32 {
  if (s.state == STREAM_SYN_SENT) return heedInSynSent(s);
  if (s.state == STREAM_HELD) return heedHeld(s);
  if (s.state == STREAM_TIME_WAIT) return heedInTimeWait(s);
  const seg = segment();
  if (s.state == STREAM_SYN_RECEIVED && seg.has(TCP_SYN) && seg.seq == s.irs) {
    if (!seg.has(TCP_ACK)) return repeatSynAck(s);
    // Both began at once, and this is the answer to ours: the SYN in it is known (RFC 9293 §3.5, figure 8).
    seg.seq++;
    seg.flags &= ~TCP_SYN;
  }
  if (!isTimely(s)) return TCP_SEQUENCE;
  if (!isInWindow(s)) return refuseSequence(s);
  noteTimestamp(s);
  s.lastHeardAt = now();
  s.keepaliveProbes = 0;
  if (seg.has(TCP_RST)) return heedReset(s);
  if (seg.has(TCP_SYN)) {
    challenge(s);
    return TCP_SEQUENCE;
  }
  if (!seg.has(TCP_ACK)) return TCP_SEQUENCE;
  if (s.state == STREAM_SYN_RECEIVED && !confirm(s)) return TCP_SEQUENCE;
  if (!heedAck(s)) return TCP_SEQUENCE;
  if (s.state == STREAM_CLOSED || s.state == 0) return OK;
  if (seg.length == 0 && !seg.has(TCP_FIN)) return OK;
  if (isUnwanted(s)) return abandon(s);
  return heedText(s);
}

/** A SYN that waits to be decided on: it is only heard whether the other side has lost patience. */
function heedHeld(s: Stream): u32 {
  const seg = segment();
  if (seg.has(TCP_RST) && seg.seq == s.rcvNxt) finish(s, STREAM_ERROR_RESET);
  else if (seg.has(TCP_SYN) && seg.seq == s.irs) {
    noteTimestamp(s);
    holdOn(s);
  }
  return OK;
}

/** The other side has not got our answer to its SYN. */
function repeatSynAck(s: Stream): u32 {
  noteTimestamp(s);
  sendSyn(s);
  return OK;
}

// ─── First: is it from now? ────────────────────────────────────────────────────────────────────────────────────────

/** After 24 days a timestamp says nothing any more (RFC 7323 §5.5). */
const TIMESTAMP_LIFE: u32 = 24 * 86_400_000;

/** RFC 7323 §5.3: an old segment with numbers that are right again is known by its timestamp. */
function isTimely(s: Stream): bool {
  if (!s.has(HAS_TIMESTAMPS)) return true;
  const seg = segment();
  if (seg.has(TCP_RST)) return true;
  // Once agreed they are on every segment (RFC 7323 §3.2).
  if (!seg.hasTimestamps) return false;
  if (!isBefore(seg.tsValue, s.tsRecent)) return true;
  if (<u32>nowMs() - s.tsRecentAt > TIMESTAMP_LIFE) {
    s.tsRecent = seg.tsValue;
    return true;
  }
  if (seg.span == 0) challenge(s);
  else s.set(IS_ACK_DUE);
  return false;
}

/** RFC 7323 §4.3: only of a segment that begins where the last acknowledgement was, or before. */
function noteTimestamp(s: Stream): void {
  const seg = segment();
  if (!seg.hasTimestamps || !s.has(HAS_TIMESTAMPS) || seg.has(TCP_RST)) return;
  if (isBefore(seg.tsValue, s.tsRecent) || isBefore(s.lastAckSent, seg.seq)) return;
  s.tsRecent = seg.tsValue;
  s.tsRecentAt = <u32>nowMs();
}

/** RFC 9293 §3.10.7.4, first check: the four cases of an acceptable segment. */
function isInWindow(s: Stream): bool {
  const seg = segment();
  const end = windowEnd(s);
  const span = seg.span;
  const isOpen = isBefore(s.rcvNxt, end);
  if (span == 0) return isOpen ? isWithin(seg.seq, s.rcvNxt, end) : seg.seq == s.rcvNxt;
  if (!isOpen) return false;
  return isWithin(seg.seq, s.rcvNxt, end) || isWithin(seg.seq + span - 1, s.rcvNxt, end);
}

function isWithin(seq: u32, first: u32, end: u32): bool {
  return seq - first < end - first;
}

/** Not acceptable: says what would be, but for a reset (RFC 9293 §3.10.7.4; a SYN: RFC 5961 §4). */
function refuseSequence(s: Stream): u32 {
  const seg = segment();
  if (seg.has(TCP_RST)) return TCP_SEQUENCE;
  if (seg.has(TCP_SYN)) {
    challenge(s);
    return TCP_SEQUENCE;
  }
  if (hasRunIntoWindow(s)) s.set(HAS_RUN_INTO_WINDOW);
  // Sent again, because our acknowledgement was lost: its timestamp is echoed, or the sender would measure its own timeout.
  if (isBefore(seg.seq, s.rcvNxt)) noteTimestamp(s);
  if (s.has(HAS_SACK) && seg.length != 0 && isBefore(seg.seq, s.rcvNxt)) {
    seg.twiceLeft = seg.seq;
    seg.twiceRight = seg.seq + seg.length;
  }
  if (seg.span != 0) s.set(IS_ACK_DUE);
  else if (seg.seq == s.rcvNxt - 1) answerProbe(s);
  else challenge(s);
  if (seg.has(TCP_ACK) && s.state > STREAM_SYN_RECEIVED && countsAllTheSame(s)) heedAck(s);
  return TCP_SEQUENCE;
}

/** Text beyond the window, or a probe without any of a window that is shut: the other side has more to send. */
function hasRunIntoWindow(s: Stream): bool {
  const seg = segment();
  if (seg.length != 0) return !isBefore(seg.seq, s.rcvNxt);
  return seg.seq == s.rcvNxt - 1 && !isBefore(s.rcvNxt, s.rcvEdge);
}

/**
 * What a segment acknowledges counts though a shut window keeps its text out (RFC 9293 §3.10.7.4). And what is new in an old one
 * does: two sides that have both probed a shut window stand a byte before where they are expected until one of them hears of it.
 */
function countsAllTheSame(s: Stream): bool {
  const seg = segment();
  if (seg.seq == s.rcvNxt) return true;
  return isBefore(s.sndUna, seg.ack) && isWithin(seg.seq, s.rcvNxt - s.rcvLimit, s.rcvNxt);
}

// ─── Then: is it an end, or a beginning? ───────────────────────────────────────────────────────────────────────────

/** RFC 5961 §3.2: a reset counts only at the very number that is next. */
function heedReset(s: Stream): u32 {
  if (segment().seq != s.rcvNxt) {
    challenge(s);
    return TCP_SEQUENCE;
  }
  // Who knocked has gone again; an active opener that met another on the way was refused (RFC 9293 §3.10.7.4).
  finish(s, s.state == STREAM_SYN_RECEIVED ? STREAM_ERROR_REFUSED : STREAM_ERROR_RESET);
  return OK;
}

/** SYN-RECEIVED: the handshake's last part. A wrong acknowledgement gets a reset. */
function confirm(s: Stream): bool {
  const seg = segment();
  if (seg.ack != s.iss + 1) {
    refuse(s.node);
    return false;
  }
  s.sndWnd = windowOffered(s);
  s.maxWnd = max<u32>(s.maxWnd, s.sndWnd);
  s.sndWl1 = seg.seq;
  s.sndWl2 = seg.ack;
  establish(s);
  return true;
}

/** Data for a stream that nobody reads any more (RFC 9293 §3.6.1, RFC 2525 §2.17). */
function isUnwanted(s: Stream): bool {
  const seg = segment();
  return s.has(IS_RELEASED) && s.state >= STREAM_FIN_WAIT_1 && seg.length != 0 && isBefore(s.rcvNxt, seg.seq + seg.length);
}

/** That is an error only where the other side has not acknowledged all that was written. */
function abandon(s: Stream): u32 {
  emitBare(s.node, s.local, s.localPort, s.remote, s.remotePort, emptySeq(s), 0, TCP_RST);
  finish(s, isBefore(s.sndUna, s.sndEnd) ? STREAM_ERROR_ABORTED : STREAM_ERROR_NONE);
  return TCP_CLOSED;
}

/** RFC 9293 §3.10.7.4, RFC 5961; a new connection of the same endpoints: RFC 6191 §2. */
function heedInTimeWait(s: Stream): u32 {
  const seg = segment();
  if (seg.has(TCP_RST)) {
    if (seg.seq != s.rcvNxt) return TCP_SEQUENCE;
    finish(s, 0);
    return OK;
  }
  if (seg.has(TCP_SYN) && !seg.has(TCP_ACK)) {
    const node = s.node;
    const after = s.sndMax + 65536;
    const listener = listenerFor(node);
    if (listener != 0 && isNewer(s, streamAt(listener))) {
      finish(s, 0);
      return heedStranger(node, after);
    }
  }
  if (seg.has(TCP_SYN)) {
    challenge(s);
    return TCP_SEQUENCE;
  }
  // The other side has not got the acknowledgement of its FIN.
  s.set(IS_ACK_DUE);
  if (seg.has(TCP_FIN) && seg.end == s.rcvNxt) restartTimeWait(s);
  if (seg.isPlainAck) s.clear(IS_ACK_DUE);
  return TCP_SEQUENCE;
}

/**
 * Whether a SYN can be told from an old one (RFC 6191 §2): by its timestamp, or where there is none (or the same) by its number.
 * The old connection had no SYN with a timestamp, if it had none itself; but that counts only where the new one will have them.
 */
function isNewer(s: Stream, listener: Stream): bool {
  const seg = segment();
  const hasTime = seg.hasTimestamps && (listener.without & WITHOUT_TIMESTAMPS) == 0;
  if (hasTime && !s.has(HAS_TIMESTAMPS)) return true;
  if (hasTime && seg.tsValue != s.tsRecent) return isBefore(s.tsRecent, seg.tsValue);
  return isBefore(s.rcvNxt, seg.seq);
}
