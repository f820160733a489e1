/** Packets as the NAT's test sends and expects them, built in full each time. */
import { be16, be32, icmp, ipv4, tcp, udp, with16 } from "../packets";
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
