import {
  CAPACITY_STREAMS,
  E_CLOSED,
  STREAM_CLOSED,
  STREAM_CLOSE_WAIT,
  STREAM_ERROR_ABORTED,
  STREAM_ERROR_NONE,
  STREAM_ESTABLISHED,
  STREAM_FIN_WAIT_1,
  STREAM_FIN_WAIT_2,
  STREAM_HELD,
  STREAM_LAST_ACK,
  STREAM_LISTEN,
  STREAM_SYN_SENT,
  STREAM_TIME_WAIT,
} from "../../abi";
import { consume } from "../../frames";
import { sendIcmpError } from "../../ip/icmp-error";
import { boundAt, unbind } from "../../ip/ports";
import { newPacket, payloadOf } from "../../ip/send";
import { pool } from "../../memory";
import { ICMP_UNREACHABLE } from "../../wire/icmp";
import { PROTOCOL_TCP } from "../../wire/ipv4";
import { TCP, TCP_ACK, TCP_RST, TCP_SYN, Tcp } from "../../wire/tcp";
import { firstReady, leaveListener } from "./backlog";
import { emitBare, emptySeq } from "./emit";
import { bury, finish, joinTimeWait, limitFinWait } from "./ending";
import { output } from "./output";
import { discard, readable, take } from "./receive-buffer";
import { beginReminders } from "./reminder";
import { segment } from "./segment";
import { buffered, write } from "./send-buffer";
import { feedStarved, leaveStarved, starve } from "./starved";
import { HAS_ENDED, IS_ACK_DUE, IS_ANY, IS_OWNED, IS_READY, IS_RELEASED, IS_SHUT, IS_WRITE_WANTED, Stream, streamAt } from "./stream";
import { windowGain } from "./window";

/** What the user of a stream does (RFC 9293 §3.9.1). */

/** Takes up to `length` bytes from `from` to be sent; how many there was room for, or E_CLOSED. */
export function send(s: Stream, from: usize, length: u32): i32 {
  if (s.has(IS_SHUT) || s.state >= STREAM_TIME_WAIT) return E_CLOSED;
  const taken = write(s, from, length);
  if (taken < length) s.set(IS_WRITE_WANTED);
  if (taken != 0) act(s);
  else if (length != 0 && buffered(s) == 0) starve(s);
  return taken;
}

/** Copies up to `most` bytes that have come to `to`; how many there were. */
export function receive(s: Stream, to: usize, most: u32): u32 {
  const taken = take(s, to, most);
  if (taken != 0 && isWorthTelling(s)) {
    s.set(IS_ACK_DUE);
    beginReminders(s);
    act(s);
  }
  feedStarved();
  return taken;
}

/** Whether the window has opened so far that the other side should know at once. */
function isWorthTelling(s: Stream): bool {
  if (s.has(HAS_ENDED) || s.state < STREAM_ESTABLISHED || s.state >= STREAM_TIME_WAIT) return false;
  const gain = windowGain(s);
  if (gain >= <i32>(s.rcvLimit >> 1)) return true;
  return gain >= <i32>s.mss && <i32>(s.rcvEdge - s.rcvNxt) < <i32>(2 * s.mss);
}

/** Nothing more is coming from us: a FIN goes out behind what waits. */
export function shutdown(s: Stream): void {
  if (s.has(IS_SHUT) || s.state >= STREAM_TIME_WAIT) return;
  s.set(IS_SHUT);
  s.clear(IS_WRITE_WANTED);
  leaveStarved(s);
  if (s.state == STREAM_ESTABLISHED) s.state = STREAM_FIN_WAIT_1;
  else if (s.state == STREAM_CLOSE_WAIT) s.state = STREAM_LAST_ACK;
  act(s);
}

/** Ends the connection at once, with a reset where somebody knows of it (RFC 9293 §3.10.5). No event. */
export function abort(s: Stream): void {
  if (s.state == STREAM_CLOSED) return;
  if (s.state != STREAM_TIME_WAIT && s.state != STREAM_SYN_SENT) reset(s);
  finish(s, STREAM_ERROR_ABORTED);
  if (s.state != 0) s.news = 0;
}

function reset(s: Stream): void {
  if (s.state == STREAM_HELD) {
    return emitBare(s.node, s.local, s.localPort, s.remote, s.remotePort, 0, s.rcvNxt, TCP_RST | TCP_ACK);
  }
  emitBare(s.node, s.local, s.localPort, s.remote, s.remotePort, emptySeq(s), 0, TCP_RST);
}

/**
 * The user has said all and wants to hear no more, but still to know the end: from our FIN on, data is answered by a reset (RFC 9293
 * §3.6.1), and silence is not waited out for ever.
 */
export function close(s: Stream): void {
  s.set(IS_RELEASED);
  limitFinWait(s);
}

/** The user lets go: what was written still goes out; what was not read is lost, and the other side hears so (RFC 2525 §2.17). */
export function release(s: Stream): void {
  if (s.state == STREAM_CLOSED) return bury(s);
  const isUnread = readable(s) != 0 && s.state >= STREAM_ESTABLISHED && s.state <= STREAM_FIN_WAIT_2;
  s.clear(IS_OWNED);
  s.set(IS_RELEASED);
  s.news = 0;
  if (isUnread || s.state == STREAM_SYN_SENT) return abort(s);
  shutdown(s);
  if (s.state == 0) return;
  discard(s);
  if (s.state == STREAM_TIME_WAIT) joinTimeWait(s);
  limitFinWait(s);
  feedStarved();
}

// ─── Listeners ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** The next established connection; 0: none waits. */
export function acceptFrom(l: Stream): u32 {
  const id = firstReady(l);
  if (id == 0) return 0;
  const s = streamAt(id);
  leaveListener(s);
  s.clear(IS_READY);
  s.set(IS_OWNED);
  return id;
}

/** Ends a listener; who waited for it is reset, and nobody is left to be told so. */
export function closeListener(l: Stream): void {
  l.clear(IS_ANY);
  while (l.first != 0) abort(streamAt(l.first));
  const b = boundAt(l.bound);
  b.owner = 0;
  if (b.users == 0) unbind(l.bound);
  pool(CAPACITY_STREAMS).give(l.id);
}

/** A held SYN is answered by ICMP destination unreachable. */
export function turnAway(s: Stream, code: u32): void {
  const frame = newPacket(s.node, s.remote, s.local, PROTOCOL_TCP, 64, TCP);
  if (frame != 0) {
    // The SYN is not kept; what an error quotes of it is known.
    const at = payloadOf(frame);
    memory.fill(at, 0, TCP);
    const tcp = Tcp.at(at);
    tcp.setPlainHeader();
    tcp.srcPort = s.remotePort;
    tcp.dstPort = s.localPort;
    tcp.seq = s.irs;
    tcp.flags = <u8>TCP_SYN;
    tcp.window = s.sndWnd;
    sendIcmpError(s.node, frame, ICMP_UNREACHABLE, code, 0);
    consume(frame);
  }
  finish(s, STREAM_ERROR_NONE);
}

/** Ends every stream and listener of a node without a word: it goes. */
export function removeStreams(node: u32): void {
  // None of them is told what the end of another makes possible.
  for (let id: u32 = 1; id <= pool(CAPACITY_STREAMS).high; id++) {
    if (streamAt(id).state != 0 && streamAt(id).node == node) streamAt(id).clear(IS_OWNED | IS_ANY);
  }
  for (let id: u32 = 1; id <= pool(CAPACITY_STREAMS).high; id++) {
    const s = streamAt(id);
    if (s.state == 0 || s.node != node || s.state == STREAM_LISTEN) continue;
    if (s.state == STREAM_CLOSED) bury(s);
    else finish(s, STREAM_ERROR_NONE);
  }
  for (let id: u32 = 1; id <= pool(CAPACITY_STREAMS).high; id++) {
    const s = streamAt(id);
    if (s.state == STREAM_LISTEN && s.node == node) closeListener(s);
  }
}

/** Sends what can be sent now. What the last segment left behind is not this one's to report. */
function act(s: Stream): void {
  segment().twiceRight = segment().twiceLeft;
  output(s);
}
