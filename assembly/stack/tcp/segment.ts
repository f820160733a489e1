import { frameAt } from "../../frames";
import { Ipv4 } from "../../wire/ipv4";
import {
  OPTION_END,
  OPTION_MSS,
  OPTION_NOP,
  OPTION_SACK,
  OPTION_SACK_PERMITTED,
  OPTION_SCALE,
  OPTION_TIMESTAMPS,
  TCP,
  TCP_ACK,
  TCP_FIN,
  TCP_RST,
  TCP_SYN,
  TIMESTAMPS,
  TIMESTAMPS_ALIGNED,
  Tcp,
} from "../../wire/tcp";

/** The segment that is being handled, opened once. Nothing of it is kept between two segments. */
@unmanaged
export class Segment {
  src: u32;
  dst: u32;
  srcPort: u32;
  dstPort: u32;
  seq: u32;
  ack: u32;
  flags: u32;
  /** As it stands in the header: window.ts says what it means. */
  window: u32;
  /** Payload: where, how much. */
  data: usize;
  length: u32;
  /** Payload of each segment that it stands for, where several travel whole (whole.ts); 0: it is one. */
  whole: u32;
  /** MSS option; 0: none. */
  mss: u32;
  /** Window scale option and 1; 0: none. */
  scaleAndOne: u32;
  hasSackPermitted: bool;
  hasTimestamps: bool;
  /** It came with a SYN, which may have been dealt with and taken out of the flags. */
  wasSyn: bool;
  tsValue: u32;
  tsEcho: u32;
  /** SACK blocks, as they lie in the option. */
  sackBlocks: u32;
  sackAt: usize;
  /** What the answer has to report as received twice (RFC 2883); equal: nothing. */
  twiceLeft: u32;
  twiceRight: u32;

  has(flag: u32): bool {
    return (this.flags & flag) != 0;
  }
  /** Sequence numbers it takes up (RFC 9293 §3.4). */
  get span(): u32 {
    return this.length + u32(this.has(TCP_SYN)) + u32(this.has(TCP_FIN));
  }
  get end(): u32 {
    return this.seq + this.span;
  }
  /** Nothing but an acknowledgement. */
  get isPlainAck(): bool {
    return (this.flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) == TCP_ACK && this.length == 0;
  }
  sackLeft(i: u32): u32 {
    return bswap<u32>(load<u32>(this.sackAt + (<usize>i << 3)));
  }
  sackRight(i: u32): u32 {
    return bswap<u32>(load<u32>(this.sackAt + (<usize>i << 3), 4));
  }
}

const SEGMENT: usize = memory.data(96, 16);
if (offsetof<Segment>() > 96) ERROR("a segment has 96 bytes");

export function segment(): Segment {
  return changetype<Segment>(SEGMENT);
}

/** Opens the TCP segment of a frame that the parser found sound. */
export function open(frame: u32): void {
  const f = frameAt(frame);
  const ip = Ipv4.at(f.data + f.l3);
  const at = f.data + f.l4;
  const tcp = Tcp.at(at);
  const seg = segment();
  seg.src = ip.src;
  seg.dst = ip.dst;
  seg.srcPort = tcp.srcPort;
  seg.dstPort = tcp.dstPort;
  seg.seq = tcp.seq;
  seg.ack = tcp.ack;
  seg.flags = tcp.flags;
  seg.window = tcp.window;
  const header = tcp.headerLength;
  seg.data = at + header;
  seg.length = <u32>f.end - <u32>f.l4 - header;
  seg.whole = f.whole;
  seg.mss = 0;
  seg.scaleAndOne = 0;
  seg.hasSackPermitted = false;
  seg.hasTimestamps = false;
  seg.wasSyn = seg.has(TCP_SYN);
  seg.sackBlocks = 0;
  seg.twiceLeft = 0;
  seg.twiceRight = 0;
  if (header == TCP) return;
  if (header == TCP + TIMESTAMPS && load<u32>(at, TCP) == TIMESTAMPS_ALIGNED) return readTimestamps(seg, at + TCP + 4);
  readOptions(seg, at + TCP, at + header);
}

function readTimestamps(seg: Segment, at: usize): void {
  seg.hasTimestamps = true;
  seg.tsValue = bswap<u32>(load<u32>(at));
  seg.tsEcho = bswap<u32>(load<u32>(at, 4));
}

/** Options of a length that makes no sense end the list; unknown ones are passed over (RFC 9293 §3.1, MUST-6 and MUST-7). */
function readOptions(seg: Segment, at: usize, end: usize): void {
  while (at < end) {
    const kind: u32 = load<u8>(at);
    if (kind == OPTION_END) return;
    if (kind == OPTION_NOP) {
      at++;
      continue;
    }
    if (at + 1 >= end) return;
    const size: u32 = load<u8>(at, 1);
    if (size < 2 || at + size > end) return;
    readOption(seg, kind, size, at + 2);
    at += size;
  }
}

function readOption(seg: Segment, kind: u32, size: u32, at: usize): void {
  if (kind == OPTION_TIMESTAMPS && size == 10) return readTimestamps(seg, at);
  if (kind == OPTION_SACK && size >= 10 && ((size - 2) & 7) == 0) {
    seg.sackBlocks = (size - 2) >> 3;
    seg.sackAt = at;
    return;
  }
  // The rest has no meaning but on a SYN.
  if (!seg.has(TCP_SYN)) return;
  if (kind == OPTION_MSS && size == 4) seg.mss = bswap<u16>(load<u16>(at));
  if (kind == OPTION_SCALE && size == 3) seg.scaleAndOne = <u32>load<u8>(at) + 1;
  if (kind == OPTION_SACK_PERMITTED && size == 2) seg.hasSackPermitted = true;
}
