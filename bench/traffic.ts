/** One end of the traffic. */
export interface End {
  mac: number;
  /** Host order. */
  ip: number;
  port: number;
}

/** What the engine's generator sends (assembly/generator.ts): `flows` flows in an order that jumps about. */
export interface Traffic {
  flows: number;
  /** Frame bytes without FCS, 60…1514; 0: the Internet mix. */
  size: number;
  src: End;
  dst: End;
  /** How many values each part takes. */
  spans: { src: End; dst: End };
}

/** No spans: one value each. */
export const ONE: End = { mac: 1, ip: 1, port: 1 };

/** Frames one pass consists of: every flow at least once, and enough that one pass is worth timing. */
export function passOf(flows: number): number { return flows * Math.ceil(4096 / flows); }

/**
 * Frames in memory, one after the other as the rivals like them: two bytes into a slot of `stride` bytes, so that the IP header
 * is aligned. A ring of RING slots for the frames that come out follows in the same buffer.
 */
export interface Staged {
  count: number;
  stride: number;
  bytes: Uint8Array;
  words: Int32Array;
  /** Slots begin at one of these. */
  longs: BigInt64Array;
  lengths: Uint16Array;
  /** Byte offset of the ring. */
  ring: number;
}

/** Slots for frames that come out. */
export const RING = 128;
/** Offset of a frame in its slot. */
export const ALIGN = 2;
/** Frames per call of a stage. */
export const BURST = 64;

export function stagedFor(count: number, longest: number): Staged {
  const stride = Math.ceil((longest + ALIGN) / 64) * 64;
  const buffer = new ArrayBuffer((count + RING) * stride);
  return {
    count, stride, ring: count * stride, lengths: new Uint16Array(count),
    bytes: new Uint8Array(buffer), words: new Int32Array(buffer), longs: new BigInt64Array(buffer),
  };
}

/**
 * Gives frames a payload, so that one that was not copied shows in a digest. Words and their complements, of which a checksum
 * sees nothing (RFC 1071): the generator's payload is zeros.
 *
 * @param header  bytes before the payload
 */
export function fill({ bytes, count, lengths, stride }: Staged, header = 42): void {
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) {
    const at = i * stride + ALIGN;
    for (let p = header; p + 4 <= lengths[i]!; p += 4) {
      const value = Math.imul(i + p, 0x9e3b) & 0xffff;
      view.setUint16(at + p, value);
      view.setUint16(at + p + 2, ~value);
    }
  }
}

/** The first `count` frames that the engine's generator makes of `traffic`, byte for byte. */
export function stage(traffic: Traffic, count: number): Staged {
  const staged = stagedFor(count, traffic.size === 0 ? 1514 : traffic.size);
  const view = new DataView(staged.bytes.buffer);
  const stride = strideFor(traffic.flows);
  let flow = 0;
  for (let i = 0; i < count; i++) {
    const n = flow;
    flow = (flow + stride) % traffic.flows;
    const length = traffic.size !== 0 ? traffic.size : mixed(i - (i % BURST) + flow);
    staged.lengths[i] = length;
    write(view, i * staged.stride + ALIGN, length, traffic, n);
  }
  return staged;
}

function write(view: DataView, at: number, length: number, { src, dst, spans }: Traffic, flow: number): void {
  let n = flow;
  const srcMac = src.mac + (n % spans.src.mac);
  const srcIp = src.ip + (n % spans.src.ip);
  n = Math.floor(n / Math.max(spans.src.mac, spans.src.ip));
  const srcPort = src.port + (n % spans.src.port);
  n = Math.floor(n / spans.src.port);
  const dstMac = dst.mac + (n % spans.dst.mac);
  const dstIp = dst.ip + (n % spans.dst.ip);
  n = Math.floor(n / Math.max(spans.dst.mac, spans.dst.ip));
  const dstPort = dst.port + (n % spans.dst.port);

  setMac(view, at, dstMac);
  setMac(view, at + 6, srcMac);
  view.setUint16(at + 12, 0x0800);
  writeIpv4(view, at + 14, length - 14, 17, srcIp, dstIp);
  const udp = at + 34;
  view.setUint16(udp, srcPort);
  view.setUint16(udp + 2, dstPort);
  view.setUint16(udp + 4, length - 34);
  const pseudo = (srcIp >>> 16) + (srcIp & 0xffff) + (dstIp >>> 16) + (dstIp & 0xffff) + 17 + length - 34;
  view.setUint16(udp + 6, ~fold(pseudo + srcPort + dstPort + length - 34));
}

export function setMac(view: DataView, at: number, mac: number): void {
  view.setUint16(at, mac / 2 ** 32);
  view.setUint32(at + 2, mac >>> 0);
}

/** A header without options (RFC 791 §3.1). */
export function writeIpv4(view: DataView, at: number, length: number, protocol: number, src: number, dst: number): void {
  view.setUint16(at, 0x4500);
  view.setUint16(at + 2, length);
  view.setUint32(at + 4, 0);
  view.setUint16(at + 8, (64 << 8) | protocol);
  view.setUint16(at + 10, 0);
  view.setUint32(at + 12, src);
  view.setUint32(at + 16, dst);
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += view.getUint16(at + i);
  view.setUint16(at + 10, ~fold(sum));
}

function fold(sum: number): number {
  while (sum > 0xffff) sum = (sum >>> 16) + (sum & 0xffff);
  return sum;
}

/** The generator's step through the flows. */
export function strideFor(flows: number): number {
  let stride = Number((BigInt(flows) * 0x9e3779b9n) >> 32n) | 1;
  while (gcd(stride, flows) !== 1) stride += 2;
  return stride;
}

function gcd(a: number, b: number): number { return b === 0 ? a : gcd(b, a % b); }

/** Bytes of the n-th frame of the Internet mix. */
export function mixed(n: number): number {
  const place = n % 12;
  if (place < 7) return 60;
  return place < 11 ? 590 : 1514;
}
