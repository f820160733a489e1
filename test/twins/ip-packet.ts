/** Packets as the NAT's test sends and expects them, built in full each time. */
import { be16, be32, icmp, internetChecksum, ipv4, tcp, udp, with16 } from "../packets";
import type { Bytes, Segment } from "../packets";
import type { Endpoint, Protocol } from "./nat-slowly";

export interface IpPacket {
  protocol: Protocol;
  src: Endpoint;
  dst: Endpoint;
  flags: string;
  /** Of an echo: true for the reply. */
  isReply: boolean;
  ttl: number;
  tos: number;
  id: number;
  /** Flags and offset as they stand. */
  fragment: number;
  options: Bytes;
  data: Bytes;
  /** Difference of the transport checksum from the right one, in one's complement; "none": UDP without one. */
  fault: number | "none";
}

const FLAGS: Record<string, number> = { syn: 0x02, "syn ack": 0x12, ack: 0x10, "fin ack": 0x11, "rst ack": 0x14, rst: 0x04 };

export const ipBytes = (ip: string): Bytes => ip.split(".").map(Number);

/** The packet, with its IP checksum right and its transport checksum as its fault says. */
export function bytesOf(packet: IpPacket): Bytes {
  const { src, dst, ttl, tos, id, fragment, options, fault } = packet;
  const segment = segmentOf(packet);
  const bytes = ipv4(segment, { src: ipBytes(src.ip), dst: ipBytes(dst.ip), ttl, tos, id, fragment, options });
  const at = 20 + options.length + segment.checksumAt;
  if (fault === "none") return with16(bytes, at, 0);
  if (fault === 0) return bytes;
  return with16(bytes, at, plus(bytes[at]! * 256 + bytes[at + 1]!, fault));
}

function segmentOf({ protocol, src, dst, flags, isReply, data }: IpPacket): Segment {
  if (protocol === "udp") return udp(src.port, dst.port, data);
  if (protocol === "tcp") return tcp(src.port, dst.port, { flags: FLAGS[flags]!, seq: 7, ack: 9 }, data);
  return icmp(isReply ? 0 : 8, 0, [...be16(isReply ? dst.port : src.port), ...be16(1), ...data]);
}

/** An ICMP error that shows `length` bytes of what it is about (RFC 792: the header and 8 bytes at least). */
export interface Quoting {
  type: number;
  code: number;
  ttl: number;
  length: number;
}

export function errorBytes(src: string, dst: string, { type, code, ttl, length }: Quoting, quoted: Bytes): Bytes {
  return ipv4(icmp(type, code, [...be32(0), ...quoted.slice(0, length)]), { src: ipBytes(src), dst: ipBytes(dst), ttl });
}

/** One's-complement sum of two 16-bit words, never the zero that means "none" in UDP. */
function plus(a: number, b: number): number {
  const sum = a + b;
  return sum > 0xffff ? sum - 0xffff : sum;
}

/** The least that an error quotes: the header and 8 bytes (RFC 792). */
export function shortestQuote(bytes: Bytes): number { return (bytes[0]! & 15) * 4 + 8; }

/** The IP packet in a frame, without padding. */
export function packetIn(frame: Uint8Array): Bytes { return Array.from(frame.subarray(14, 14 + frame[16]! * 256 + frame[17]!)); }

/** Where a checksum lies in its segment. */
const CHECKSUM_AT = { udp: 6, tcp: 16, icmp: 2 };
export const NAMES: Record<number, Protocol> = { 1: "icmp", 6: "tcp", 17: "udp" };

/**
 * A packet with one end, or both, as the other side knows it; both checksums are computed anew from all bytes. One that was
 * wrong stays wrong by as much, and none stays none.
 */
export function readdressed(packet: Bytes, { src, dst }: { src?: Endpoint; dst?: Endpoint }): Bytes {
  const protocol = NAMES[packet[9]!]!;
  const l4 = headerLength(packet);
  const at = checksumAt(packet);
  const fault = 0xffff - internetChecksum(covered(packet)); // 0xffff: the sum of all is as it should be

  let bytes = packet;
  if (src) bytes = with16([...bytes.slice(0, 12), ...ipBytes(src.ip), ...bytes.slice(16)], l4 + (protocol === "icmp" ? 4 : 0), src.port);
  if (dst) bytes = with16([...bytes.slice(0, 16), ...ipBytes(dst.ip), ...bytes.slice(20)], l4 + (protocol === "icmp" ? 4 : 2), dst.port);
  bytes = with16(bytes, 10, 0);
  bytes = with16(bytes, 10, internetChecksum(bytes.slice(0, l4)));
  if (protocol === "udp" && packet[at] === 0 && packet[at + 1] === 0) return bytes;

  const right = internetChecksum(covered(with16(bytes, at, 0)));
  const value = fault === 0xffff ? right : plus(right, fault);
  return with16(bytes, at, protocol === "udp" && value === 0 ? 0xffff : value);
}

/** What the transport checksum covers: the segment and, but for ICMP, the pseudo-header. */
function covered(packet: Bytes): Bytes {
  const segment = packet.slice(headerLength(packet));
  return packet[9] === 1 ? segment : [...packet.slice(12, 20), 0, packet[9]!, ...be16(segment.length), ...segment];
}

function headerLength(packet: Bytes): number { return (packet[0]! & 15) * 4; }

/**
 * Where a transport checksum lies that is wrong, null when it is right or UDP's that is absent. Of one's complement's two zeros a
 * wrong one may become either (RFC 1624 §3 tells them apart only by the right sum).
 */
export function wrongAt(packet: Bytes): number | null {
  const at = checksumAt(packet);
  const isAbsent = packet[9] === 17 && packet[at] === 0 && packet[at + 1] === 0;
  return isAbsent || internetChecksum(covered(packet)) === 0 ? null : at;
}

/** One hop further. */
export function aged(packet: Bytes): Bytes {
  const bytes = with16([...packet.slice(0, 8), packet[8]! - 1, ...packet.slice(9)], 10, 0);
  return with16(bytes, 10, internetChecksum(bytes.slice(0, headerLength(packet))));
}

/** The transport checksum of a packet. */
export function checksumOf(packet: IpPacket): number {
  const bytes = bytesOf({ ...packet, fault: 0 });
  const at = checksumAt(bytes);
  return bytes[at]! * 256 + bytes[at + 1]!;
}

function checksumAt(packet: Bytes): number { return headerLength(packet) + CHECKSUM_AT[NAMES[packet[9]!]!]; }

/** Whether two packets are the same. `zeroAt`: where a checksum may be either of one's complement's two zeros. */
export function isSame(a: Bytes, b: Bytes, zeroAt: number | null): boolean {
  if (a.length !== b.length) return false;
  const isZero = (each: Bytes): boolean => zeroAt !== null && each[zeroAt] === each[zeroAt + 1] && (each[zeroAt] === 0 || each[zeroAt] === 255);
  return b.every((byte, i) => byte === a[i] || ((i === zeroAt || i - 1 === zeroAt) && isZero(a) && isZero(b)));
}
