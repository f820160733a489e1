import {
  CAPACITY_STREAMS,
  CONGESTION_RENO,
  DECIDE_ACCEPT,
  DECIDE_UNREACHABLE,
  E_FULL,
  E_IN_USE,
  E_NO_ADDRESS,
  E_UNKNOWN,
  STREAM_ESTABLISHED,
  STREAM_HELD,
  STREAM_LISTEN,
  STREAM_TIME_WAIT,
  TCP_CONGESTION,
  TCP_DELAYED_ACK,
  TCP_GIVE_UP,
  TCP_KEEPALIVE,
  TCP_MIN_RTO,
  TCP_NODELAY,
  TCP_RECEIVE_BUFFER,
  TCP_SEND_BUFFER,
  TCP_TIME_WAIT,
  TCP_WITHOUT,
} from "../abi";
import { isOwn } from "../ip/node";
import { bind, boundAt, boundTo, isPortBound, unbind, use } from "../ip/ports";
import { checkRoute } from "../ip/send";
import { sourceFor } from "../ip/way";
import { STAGING, now, pool } from "../memory";
import { leaveListener } from "../stack/tcp/backlog";
import { bury, newStream } from "../stack/tcp/ending";
import { findStream } from "../stack/tcp/lookup";
import { accept, openActive, setDefaults } from "../stack/tcp/opening";
import { readable } from "../stack/tcp/receive-buffer";
import { buffered } from "../stack/tcp/send-buffer";
import { HAS_ENDED, IS_ANY, IS_NODELAY, Stream, streamAt } from "../stack/tcp/stream";
import { keepUp } from "../stack/tcp/timers";
import * as user from "../stack/tcp/user";
import { PROTOCOL_TCP } from "../wire/ipv4";
import { freePort, isTaken } from "./sockets";

/** Bytes in the staging area. */
const STAGED: u32 = 65536;

/**
 * A listener at `address` (0: any of the node's) and `port` (0: one of the dynamic ones that is free).
 *
 * @param backlog  connections that may wait to be accepted, half-open ones included; 1 at least
 * @returns        its number, E_IN_USE, E_FULL or E_NO_ADDRESS
 */
export function tcpListen(node: u32, address: u32, port: u32, backlog: u32): i32 {
  if (address != 0 && !isOwn(node, address)) return E_NO_ADDRESS;
  // A port that only connections of an earlier listener use can be listened on again.
  const known = port != 0 ? boundTo(node, PROTOCOL_TCP, address, port) : 0;
  if (known != 0 && boundAt(known).owner == 0 && boundAt(known).wasListened != 0 && boundAt(known).address == address) {
    return listenOn(known, node, address, port, backlog);
  }
  if (port != 0 && isTaken(node, PROTOCOL_TCP, address, port)) return E_IN_USE;
  const free = port != 0 ? port : freePort(node, PROTOCOL_TCP, address);
  if (free == 0) return E_FULL;
  const bound = bind(node, PROTOCOL_TCP, address, free);
  return bound == 0 ? E_FULL : listenOn(bound, node, address, free, backlog);
}

/**
 * A listener for every address and port that nobody else has, whose SYNs wait for `tcpDecide`: 256 of them, and a quarter of the lab's
 * streams, at the most, so that who knocks everywhere leaves the others some. Who finds no place asks again. Its number, E_IN_USE or
 * E_FULL.
 */
export function tcpListenAny(node: u32): i32 {
  if (isPortBound(node, PROTOCOL_TCP, 0, 0)) return E_IN_USE;
  const bound = bind(node, PROTOCOL_TCP, 0, 0);
  if (bound == 0) return E_FULL;
  const id = listenOn(bound, node, 0, 0, min<u32>(HELD_MOST, pool(CAPACITY_STREAMS).capacity >> 2));
  if (id > 0) streamAt(id).set(IS_ANY);
  return id;
}

const HELD_MOST: u32 = 256;

function listenOn(bound: u32, node: u32, address: u32, port: u32, backlog: u32): i32 {
  const id = newStream();
  if (id == 0) {
    if (boundAt(bound).users == 0) unbind(bound);
    return E_FULL;
  }
  boundAt(bound).owner = id;
  boundAt(bound).wasListened = 1;
  const l = streamAt(id);
  l.node = node;
  l.state = STREAM_LISTEN;
  l.local = address;
  l.localPort = <u16>port;
  l.bound = bound;
  l.backlog = max<u32>(1, backlog);
  setDefaults(l);
  return id;
}

/** Decides on a held SYN: DECIDE_…; `code` is the ICMP code for DECIDE_UNREACHABLE. One that is not held any more is let be. */
export function tcpDecide(stream: u32, verdict: u32, code: u32): void {
  const s = streamAt(stream);
  if (s.state != STREAM_HELD) return;
  if (verdict == DECIDE_ACCEPT) return accept(s);
  leaveListener(s); // who decides need not be told
  if (verdict == DECIDE_UNREACHABLE) return user.turnAway(s, code);
  user.abort(s);
}

export function tcpCloseListener(listener: u32): void {
  if (streamAt(listener).state == STREAM_LISTEN) user.closeListener(streamAt(listener));
}

export function tcpAccept(listener: u32): u32 {
  return streamAt(listener).state == STREAM_LISTEN ? user.acceptFrom(streamAt(listener)) : 0;
}

/**
 * Opens a connection; its SYN is on its way.
 *
 * @param src      0: the node's address towards `dst`
 * @param srcPort  0: one of the dynamic ones that is free
 * @param without  WITHOUT_…
 * @returns        its number, E_NO_ROUTE, E_NO_ADDRESS, E_IN_USE or E_FULL
 */
export function tcpConnect(node: u32, src: u32, srcPort: u32, dst: u32, dstPort: u32, without: u32): i32 {
  const way = checkRoute(node, dst);
  if (way != 0) return way;
  if (src != 0 && !isOwn(node, src)) return E_NO_ADDRESS;
  const from = src != 0 ? src : sourceFor(node, dst);
  if (from == 0) return E_NO_ADDRESS;
  if (srcPort != 0 && isTaken(node, PROTOCOL_TCP, from, srcPort)) return E_IN_USE;
  const port = srcPort != 0 ? srcPort : freePortTo(node, from, dst, dstPort);
  if (port == 0) return E_FULL;
  // The same two endpoints, in TIME-WAIT still.
  if (findStream(node, from, port, dst, dstPort) != 0) return E_IN_USE;
  const bound = bind(node, PROTOCOL_TCP, from, port);
  if (bound == 0) return E_FULL;
  const id = newStream();
  if (id == 0) {
    unbind(bound);
    return E_FULL;
  }
  use(bound);
  const s = streamAt(id);
  s.node = node;
  s.local = from;
  s.remote = dst;
  s.localPort = <u16>port;
  s.remotePort = <u16>dstPort;
  s.bound = bound;
  setDefaults(s);
  s.without = <u8>without;
  if (openActive(s)) return id;
  unbind(bound);
  bury(s);
  return E_FULL;
}

/** A free port that is not in TIME-WAIT with this very remote end; 0 when 16 in a row were. */
function freePortTo(node: u32, from: u32, dst: u32, dstPort: u32): u32 {
  for (let tries = 0; tries < 16; tries++) {
    const port = freePort(node, PROTOCOL_TCP, from);
    if (port == 0 || findStream(node, from, port, dst, dstPort) == 0) return port;
  }
  return 0;
}

/** Takes up to `length` bytes of the staging area; returns how many there was room for, or E_CLOSED. */
export function tcpWrite(stream: u32, length: u32): i32 {
  return user.send(streamAt(stream), STAGING, min<u32>(length, STAGED));
}

/** Copies up to `most` bytes that have come to the staging area; returns how many there were. */
export function tcpRead(stream: u32, most: u32): u32 {
  return user.receive(streamAt(stream), STAGING, min<u32>(most, STAGED));
}

/** Bytes that can be read. */
export function tcpReadable(stream: u32): u32 {
  return readable(streamAt(stream));
}

/** Bytes written that the other side has not acknowledged. */
export function tcpBuffered(stream: u32): u32 {
  return buffered(streamAt(stream));
}

/** 1: the other side sends no more, and all it has sent is here. */
export function tcpHasEnded(stream: u32): u32 {
  return u32(streamAt(stream).has(HAS_ENDED));
}

export function tcpShutdown(stream: u32): void {
  user.shutdown(streamAt(stream));
}

export function tcpClose(stream: u32): void {
  user.close(streamAt(stream));
}

export function tcpAbort(stream: u32): void {
  user.abort(streamAt(stream));
}

export function tcpRelease(stream: u32): void {
  user.release(streamAt(stream));
}

export function tcpOffset(stream: u32): usize {
  return changetype<usize>(streamAt(stream));
}

const BUFFER_LEAST: u32 = 2048;
const BUFFER_MOST: u32 = (65535 << 7) >>> 0;
const MS_MOST: u32 = 0x7fffffff;

/** Sets an option (TCP_…) of a stream, or of a listener for the streams it will have. 0 or E_UNKNOWN. Values are brought into range. */
export function tcpSet(stream: u32, option: u32, value: u32): i32 {
  const s = streamAt(stream);
  const ms = min<u32>(value, MS_MOST);
  if (option == TCP_NODELAY) {
    if (value != 0) s.set(IS_NODELAY);
    else s.clear(IS_NODELAY);
  } else if (option == TCP_KEEPALIVE) setKeepalive(s, ms);
  else if (option == TCP_CONGESTION) s.congestion = <u8>min<u32>(value, CONGESTION_RENO);
  else if (option == TCP_SEND_BUFFER) s.sndLimit = inBufferRange(value);
  else if (option == TCP_RECEIVE_BUFFER) s.rcvLimit = inBufferRange(value);
  else if (option == TCP_DELAYED_ACK) s.delayedAck = min<u32>(value, 500);
  else if (option == TCP_MIN_RTO) s.minRto = min<u32>(max<u32>(value, 1), 60_000);
  else if (option == TCP_GIVE_UP) s.giveUp = ms;
  else if (option == TCP_TIME_WAIT) s.timeWait = ms;
  // What a SYN has offered cannot be taken back.
  else if (option == TCP_WITHOUT && s.state == STREAM_LISTEN) s.without = <u8>value;
  else return E_UNKNOWN;
  return 0;
}

function inBufferRange(bytes: u32): u32 {
  return min<u32>(max<u32>(bytes, BUFFER_LEAST), BUFFER_MOST);
}

function setKeepalive(s: Stream, ms: u32): void {
  s.keepalive = ms;
  if (s.state < STREAM_ESTABLISHED || s.state >= STREAM_TIME_WAIT) return;
  keepUp(s, ms == 0 ? 0 : max<u64>(now() + 1, s.lastHeardAt + <u64>ms * 1_000_000));
}
