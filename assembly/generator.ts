import { BOOK_DROPPED, BOOK_ORIGINATED, FRAME_MAX, FRAME_SLOT, FRAME_START, NO_FRAME } from "./abi";
import { frameAt, originate } from "./frames";
import { book, countDrop, nextSeq, now } from "./memory";
import { portAt } from "./port";
import { generatorTimers } from "./time/heap";
import { fromDevice } from "./time/wires";
import { checksumOf, fold, pseudoHeader } from "./wire/checksum";
import { ETHERNET, ETHERTYPE_IPV4, Ethernet } from "./wire/ethernet";
import { IPV4, Ipv4, PROTOCOL_UDP } from "./wire/ipv4";
import { Udp } from "./wire/udp";

/**
 * Traffic made inside the engine, so that a benchmark measures forwarding and not the boundary.
 *
 * A generator sends UDP datagrams from the device end of one port: `burst` of them every `interval` ns, `left` in all. They belong to
 * `flows` flows, taken in an order that jumps about (a stride coprime to the number of flows), so that no cache knows what comes
 * next. Flow n has, of each part that has a span, value `base + n % span`; parts are stacked, so that flows = product of spans
 * reaches every combination.
 *
 * Every frame is a fresh one: bytes written, checksums right, parser not yet run.
 */
@unmanaged
export class Generator {
  /** 0: free. */
  port: u32;
  flows: u32;
  /** Frame bytes without FCS, 60…1514; 0: the Internet mix, 7 x 60, 4 x 590, 1 x 1514. */
  size: u32;
  burst: u32;
  interval: u64;
  left: u64;
  sent: u64;
  /** Position in the walk through the flows, and its step. */
  flow: u32;
  stride: u32;
  srcMac: u64;
  dstMac: u64;
  srcIp: u32;
  dstIp: u32;
  srcPort: u32;
  dstPort: u32;
  srcMacSpan: u32;
  dstMacSpan: u32;
  srcIpSpan: u32;
  dstIpSpan: u32;
  srcPortSpan: u32;
  dstPortSpan: u32;
}
if (offsetof<Generator>() != 104) ERROR("Generator moved");

/** How many generators a lab can have at one time. */
export const GENERATORS: u32 = 64;
const TABLE: usize = memory.data(6656, 64);
if (GENERATORS * 104 > 6656) ERROR("generators do not fit");

export function generatorAt(id: u32): Generator {
  return changetype<Generator>(TABLE + <usize>(id - 1) * offsetof<Generator>());
}

/** A free generator's number, or 0. */
export function freeGenerator(): u32 {
  for (let id: u32 = 1; id <= GENERATORS; id++) if (generatorAt(id).port == 0) return id;
  return 0;
}

/** Begins at the present time. */
export function startGenerator(id: u32): void {
  const g = generatorAt(id);
  g.stride = strideFor(g.flows);
  generatorTimers().set(id, now(), nextSeq());
}

/** Stops one; what it has sent stays readable until its number is used again. */
export function stopGenerator(id: u32): void {
  generatorTimers().cancel(id);
  generatorAt(id).port = 0;
}

/** Stops all that send from a port: it goes. */
export function stopGenerators(port: u32): void {
  for (let id: u32 = 1; id <= GENERATORS; id++) if (generatorAt(id).port == port) stopGenerator(id);
}

/** About 0.618 of the flows, and coprime to their number: far from where it was, and round once before it repeats. */
function strideFor(flows: u32): u32 {
  let stride = <u32>((<u64>flows * 0x9e3779b9) >> 32) | 1;
  while (gcd(stride, flows) != 1) stride += 2;
  return stride;
}

function gcd(a: u32, b: u32): u32 {
  while (b != 0) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/** The timer's hand: one burst, and when the next is due. Returns the frames sent. */
export function generate(id: u32): u32 {
  const g = generatorAt(id);
  const count = <u32>min<u64>(g.burst, g.left);
  for (let i: u32 = 0; i < count; i++) send(g);
  g.left -= count;
  g.sent += count;
  if (g.left != 0) generatorTimers().set(id, now() + g.interval, nextSeq());
  return max<u32>(count, 1);
}

function send(g: Generator): void {
  const n = g.flow;
  const next = <u64>n + g.stride;
  g.flow = <u32>(next < g.flows ? next : next - g.flows);
  const frame = originate();
  if (frame == 0) return refuse(g.port);
  write(g, frame, n);
  fromDevice(g.port, frame);
}

/** No buffer is free: in the books it was made, and dropped at once. */
function refuse(port: u32): void {
  book(BOOK_ORIGINATED, 1);
  book(BOOK_DROPPED, 1);
  countDrop(NO_FRAME);
  portAt(port).drops++;
}

function write(g: Generator, frame: u32, flow: u32): void {
  // A source's MAC, address and port belong together; the destination's follow.
  let n = flow;
  const srcMac = g.srcMac + within(n, g.srcMacSpan);
  const srcIp = g.srcIp + within(n, g.srcIpSpan);
  n = beyond(n, max<u32>(g.srcMacSpan, g.srcIpSpan));
  const srcPort = g.srcPort + within(n, g.srcPortSpan);
  n = beyond(n, g.srcPortSpan);
  const dstMac = g.dstMac + within(n, g.dstMacSpan);
  const dstIp = g.dstIp + within(n, g.dstIpSpan);
  n = beyond(n, max<u32>(g.dstMacSpan, g.dstIpSpan));
  const dstPort = g.dstPort + within(n, g.dstPortSpan);

  const f = frameAt(frame);
  const length = g.size != 0 ? g.size : mixed(g.sent + g.flow);
  f.length = length;
  const at = f.data;
  clear(at, length);
  const eth = Ethernet.at(at);
  eth.src = srcMac;
  eth.dst = dstMac;
  eth.type = ETHERTYPE_IPV4;
  const ip = Ipv4.at(at + ETHERNET);
  ip.setPlainHeader();
  ip.totalLength = length - ETHERNET;
  ip.ttl = TTL;
  ip.protocol = <u8>PROTOCOL_UDP;
  ip.src = srcIp;
  ip.dst = dstIp;
  const udp = Udp.at(at + ETHERNET + IPV4);
  const size = length - ETHERNET - IPV4;
  udp.srcPort = srcPort;
  udp.dstPort = dstPort;
  udp.length = size;
  // Summed from what was written, not from where: a load of two stores at once waits for both. The rest is zeros, which add nothing.
  const ends = pseudoHeader(srcIp, dstIp, 0, 0);
  ip.checksumBE = checksumOf(ends + words(VERSION_AND_LENGTH + (<u32>TTL << 8) + PROTOCOL_UDP + length - ETHERNET));
  const ports = (srcPort & 0xffff) + (dstPort & 0xffff);
  const checksum = checksumOf(ends + words(PROTOCOL_UDP + size + size + ports));
  // On the wire zero means "no checksum" (RFC 768).
  udp.checksumBE = checksum == 0 ? 0xffff : checksum;
}
const TTL: u8 = 64;
const VERSION_AND_LENGTH: u32 = 0x4500;

/** A sum of words in host order as one in the memory's (RFC 1071 §2 (B)). */
function words(sum: u32): u64 {
  return bswap<u16>(<u16>fold(sum));
}

/** Place of `n` within a span, and how often it has gone round; most spans are 1, and a division is the dearest thing here. */
function within(n: u32, span: u32): u32 {
  return span == 1 ? 0 : n < span ? n : n % span;
}
function beyond(n: u32, span: u32): u32 {
  return span == 1 ? n : n < span ? 0 : n / span;
}

/** Zeros from `at` on; up to 63 bytes more than `length`, which the buffer has. */
function clear(at: usize, length: u32): void {
  const none = i64x2.splat(0);
  for (let p = at; p < at + length; p += 64) {
    v128.store(p, none);
    v128.store(p, none, 16);
    v128.store(p, none, 32);
    v128.store(p, none, 48);
  }
}
if (FRAME_START + FRAME_MAX + 63 > FRAME_SLOT) ERROR("clear() runs into the next buffer");

/** Simple IMIX: of twelve frames seven are short, four of 590 bytes, one full. */
function mixed(n: u64): u32 {
  const place = <u32>(n % 12);
  if (place < 7) return 60;
  return place < 11 ? 590 : 1514;
}
