import { IS_SUMMED, STREAM_SYN_SENT } from "../../abi";
import { frameAt, originate, originateWhole } from "../../frames";
import { newPacket, newPacketIn, payloadOf, sendPacket, setDontFragment } from "../../ip/send";
import { now, nowMs } from "../../memory";
import { checksumOf, pseudoHeader, sumOf } from "../../wire/checksum";
import { PROTOCOL_TCP } from "../../wire/ipv4";
import {
  OPTION_MSS,
  OPTION_NOP,
  OPTION_SACK,
  OPTION_SACK_PERMITTED,
  OPTION_SCALE,
  OPTION_TIMESTAMPS,
  TCP,
  TCP_ACK,
  TCP_RST,
  TCP_SYN,
  TIMESTAMPS,
  TIMESTAMPS_ALIGNED,
  Tcp,
} from "../../wire/tcp";
import { WITHOUT_SACK, WITHOUT_TIMESTAMPS, WITHOUT_WINDOW_SCALE } from "../../abi";
import { mssToOffer } from "./path-mtu";
import { arrived, arrivedCount } from "./ranges";
import { nextReminder } from "./reminder";
import { segment } from "./segment";
import { copyOut } from "./send-buffer";
import { isBefore } from "./sequence";
import { HAS_SACK, HAS_SCALE, HAS_TIMESTAMPS, IS_ACK_DUE, MAY_FRAGMENT, Stream } from "./stream";
import { windowToOffer } from "./window";

/** RFC 1122 §3.2.1.7. */
const TTL: u32 = 64;

/**
 * Sends one segment of `s`: sequence number `seq`, `length` bytes from the send buffer, TCP_… flags. What it acknowledges and
 * offers is as of now. False when no frame buffer is free.
 */
export function emit(s: Stream, seq: u32, length: u32, flags: u32): bool {
  const options = (flags & TCP_SYN) != 0 ? synOptionBytes(s) : optionBytes(s);
  const header = TCP + options;
  const buffer = length <= s.mss ? originate() : originateWhole(s.mss);
  const frame = newPacketIn(buffer, s.node, s.local, s.remote, PROTOCOL_TCP, TTL, header + length);
  if (frame == 0) return false;
  if (!s.has(MAY_FRAGMENT)) setDontFragment(frame);
  const at = payloadOf(frame);
  const tcp = Tcp.at(at);
  tcp.srcPort = s.localPort;
  tcp.dstPort = s.remotePort;
  tcp.seq = seq;
  tcp.ack = (flags & TCP_ACK) != 0 ? s.rcvNxt : 0;
  tcp.setHeaderLength(header);
  tcp.flags = <u8>flags;
  tcp.window = windowToOffer(s, (flags & TCP_SYN) != 0);
  tcp.urgent = 0;
  if ((flags & TCP_SYN) != 0) writeSynOptions(s, at + TCP);
  else if (options != 0) writeOptions(s, at + TCP, options);
  if (length != 0) copyOut(s, seq, at + header, length);
  finishSegment(s.local, s.remote, frame, header, length);
  if (length != 0) s.lastSentAt = now();
  if ((flags & TCP_ACK) != 0) {
    s.lastAckSent = s.rcvNxt;
    s.ackAt = nextReminder(s);
    s.clear(IS_ACK_DUE);
  }
  sendPacket(s.node, frame);
  return true;
}

/** An acknowledgement with nothing else. */
export function emitAck(s: Stream): bool {
  return emit(s, emptySeq(s), 0, TCP_ACK);
}

/**
 * The number of a segment that has none of its own: what follows everything sent, or the other side may take it for an old one;
 * but not beyond its window (a probe may have been sent there).
 */
export function emptySeq(s: Stream): u32 {
  const end = s.sndUna + s.sndWnd;
  return isBefore(end, s.sndMax) ? end : s.sndMax;
}

/** A segment that belongs to no stream, without options. */
export function emitBare(
  node: u32, src: u32, srcPort: u32, dst: u32, dstPort: u32, seq: u32, ack: u32, flags: u32,
): void {
  const frame = newPacket(node, src, dst, PROTOCOL_TCP, TTL, TCP);
  if (frame == 0) return;
  const at = payloadOf(frame);
  memory.fill(at, 0, TCP);
  const tcp = Tcp.at(at);
  tcp.setPlainHeader();
  tcp.srcPort = srcPort;
  tcp.dstPort = dstPort;
  tcp.seq = seq;
  tcp.ack = ack;
  tcp.flags = <u8>flags;
  finishSegment(src, dst, frame, TCP, 0);
  sendPacket(node, frame);
}

/** The reset that answers the present segment, which belongs to nothing here (RFC 9293 §3.10.7.1). */
export function refuse(node: u32): void {
  const seg = segment();
  if (seg.has(TCP_RST)) return;
  if (seg.has(TCP_ACK)) {
    return emitBare(node, seg.dst, seg.dstPort, seg.src, seg.srcPort, seg.ack, 0, TCP_RST);
  }
  emitBare(node, seg.dst, seg.dstPort, seg.src, seg.srcPort, 0, seg.end, TCP_RST | TCP_ACK);
}

/** Checksum and descriptor of a segment that is complete otherwise. */
function finishSegment(src: u32, dst: u32, frame: u32, header: u32, length: u32): void {
  const at = payloadOf(frame);
  const tcp = Tcp.at(at);
  const f = frameAt(frame);
  tcp.checksumBE = 0;
  // What is broken up on the way is summed then; what is not, nobody sums.
  if (f.whole == 0) {
    tcp.checksumBE = checksumOf(pseudoHeader(src, dst, PROTOCOL_TCP, header + length) + sumOf(at, header + length));
  }
  f.srcPort = <u16>tcp.srcPort;
  f.dstPort = <u16>tcp.dstPort;
  f.payload = <u16>(<u32>f.l4 + header);
  f.flags |= <u8>IS_SUMMED;
}

// ─── Options ───────────────────────────────────────────────────────────────────────────────────────────────────────

// What a SYN offers; with an ACK only what the other SYN had.
function offersTimestamps(s: Stream): bool {
  return s.state == STREAM_SYN_SENT ? (s.without & WITHOUT_TIMESTAMPS) == 0 : s.has(HAS_TIMESTAMPS);
}
function offersSack(s: Stream): bool {
  return s.state == STREAM_SYN_SENT ? (s.without & WITHOUT_SACK) == 0 : s.has(HAS_SACK);
}
function offersScale(s: Stream): bool {
  return s.state == STREAM_SYN_SENT ? (s.without & WITHOUT_WINDOW_SCALE) == 0 : s.has(HAS_SCALE);
}

function synOptionBytes(s: Stream): u32 {
  let bytes: u32 = 4;
  if (offersTimestamps(s)) bytes += TIMESTAMPS;
  else if (offersSack(s)) bytes += 4;
  return offersScale(s) ? bytes + 4 : bytes;
}

function writeSynOptions(s: Stream, at: usize): void {
  store<u32>(at, bswap<u32>((OPTION_MSS << 24) | (4 << 16) | mssToOffer(s)));
  at += 4;
  const pair = offersSack(s) ? (OPTION_SACK_PERMITTED << 24) | (2 << 16) : (OPTION_NOP << 24) | (OPTION_NOP << 16);
  if (offersTimestamps(s)) {
    store<u32>(at, bswap<u32>(pair | (OPTION_TIMESTAMPS << 8) | 10));
    writeTimestamps(s, at + 4);
    at += TIMESTAMPS;
  } else if (offersSack(s)) {
    store<u32>(at, bswap<u32>((OPTION_NOP << 24) | (OPTION_NOP << 16) | (OPTION_SACK_PERMITTED << 8) | 2));
    at += 4;
  }
  if (offersScale(s)) store<u32>(at, bswap<u32>((OPTION_NOP << 24) | (OPTION_SCALE << 16) | (3 << 8) | <u32>s.rcvScale));
}

function writeTimestamps(s: Stream, at: usize): void {
  store<u32>(at, bswap<u32>(<u32>nowMs()));
  store<u32>(at, bswap<u32>(s.tsRecent), 4);
}

/** Bytes of options on a segment without SYN. */
export function optionBytes(s: Stream): u32 {
  return (s.has(HAS_TIMESTAMPS) ? TIMESTAMPS : 0) + sackBytes(s);
}

/** Payload that SACK blocks leave room for: on a path that takes little, telling what came must not keep data from going out. */
const TEXT_LEAST: u32 = 8;
const SACK_HEAD: u32 = 4;

/** Blocks of a SACK option: three beside timestamps, else four (RFC 2018 §3); fewer when segments are small. */
function sackBlocks(s: Stream): u32 {
  if (!s.has(HAS_SACK)) return 0;
  const blocks = arrivedCount(s) + u32(isTwice());
  if (blocks == 0 || s.mss < TEXT_LEAST + SACK_HEAD) return 0;
  return min<u32>(min<u32>(blocks, s.has(HAS_TIMESTAMPS) ? 3 : 4), (s.mss - TEXT_LEAST - SACK_HEAD) >> 3);
}

/** Bytes that SACK takes from a segment's payload: never all of it. */
export function sackBytes(s: Stream): u32 {
  const blocks = sackBlocks(s);
  return blocks == 0 ? 0 : SACK_HEAD + (blocks << 3);
}

function isTwice(): bool {
  return segment().twiceLeft != segment().twiceRight;
}

function writeOptions(s: Stream, at: usize, bytes: u32): void {
  if (s.has(HAS_TIMESTAMPS)) {
    store<u32>(at, TIMESTAMPS_ALIGNED);
    writeTimestamps(s, at + 4);
    at += TIMESTAMPS;
    bytes -= TIMESTAMPS;
  }
  if (bytes == 0) return;
  store<u32>(at, bswap<u32>((OPTION_NOP << 24) | (OPTION_NOP << 16) | (OPTION_SACK << 8) | (bytes - 2)));
  at += 4;
  let left = (bytes - 4) >> 3;
  // What came twice is told first (RFC 2883 §4), then the block that came last (RFC 2018 §4).
  if (isTwice()) {
    at = writeBlock(at, segment().twiceLeft, segment().twiceRight);
    segment().twiceRight = segment().twiceLeft;
    left--;
  }
  for (let i: u32 = 0; i < left; i++) at = writeBlock(at, arrived(s).at(i).left, arrived(s).at(i).right);
}

function writeBlock(at: usize, left: u32, right: u32): usize {
  store<u32>(at, bswap<u32>(left));
  store<u32>(at, bswap<u32>(right), 4);
  return at + 8;
}
