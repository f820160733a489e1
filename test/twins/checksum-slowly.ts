/**
 * What a machine answers to packets whose checksum may be wrong: slow, plain, written from RFC 1071 (the sum), RFC 792, RFC 1122
 * §3.2.2 (ICMP), RFC 768 (UDP) and RFC 9293 §3.1, §3.10.7.1 (TCP). It is the specification.
 *
 * Bytes are IPv4 packets, without padding; no port of the machine is open.
 */
import { be16, be32, internetChecksum, with16, zeros } from "../packets";
import type { Bytes } from "../packets";

const [ICMP, TCP, UDP] = [1, 6, 17];
const [FIN, SYN, RST, ACK] = [1, 2, 4, 16];

/** What the machine sends back: the protocol, and all that follows the IP header; null: nothing. */
export function answerTo(packet: Bytes): { protocol: number; bytes: Bytes } | null {
  if (!isRight(packet)) return null;
  const segment = segmentOf(packet);
  if (packet[9] === ICMP) return segment[0] === 8 ? { protocol: ICMP, bytes: message([0, ...segment.slice(1)]) } : null;
  // RFC 1812 §4.3.2.3: as much as fits into 576 bytes.
  if (packet[9] === UDP) return { protocol: ICMP, bytes: message([3, 3, 0, 0, ...zeros(4), ...packet.slice(0, 548)]) };
  return segment[13]! & RST ? null : { protocol: TCP, bytes: resetFor(packet) };
}

/** A UDP datagram with its checksum, which is never zero: zero means that there is none. */
export function datagram(src: Bytes, dst: Bytes, srcPort: number, dstPort: number, data: Bytes): Bytes {
  const length = be16(8 + data.length);
  const bytes = [...be16(srcPort), ...be16(dstPort), ...length, 0, 0, ...data];
  return with16(bytes, 6, internetChecksum([...src, ...dst, 0, UDP, ...length, ...bytes]) || 0xffff);
}

/** RFC 1071: the sum of all that is covered, checksum and all, is all ones. */
function isRight(packet: Bytes): boolean {
  const segment = segmentOf(packet);
  if (packet[9] === ICMP) return internetChecksum(segment) === 0;
  if (packet[9] === UDP && segment[6] === 0 && segment[7] === 0) return true;
  return internetChecksum([...packet.slice(12, 20), 0, packet[9]!, ...be16(segment.length), ...segment]) === 0;
}

/** What follows the IP header: of a datagram as much as it says it is. */
function segmentOf(packet: Bytes): Bytes {
  const segment = packet.slice((packet[0]! & 15) * 4);
  return packet[9] === UDP ? segment.slice(0, segment[4]! * 256 + segment[5]!) : segment;
}

function message(bytes: Bytes): Bytes { return with16(bytes, 2, internetChecksum(with16(bytes, 2, 0))); }

function resetFor(packet: Bytes): Bytes {
  const segment = segmentOf(packet);
  const flags = segment[13]!;
  const length = segment.length - (segment[12]! >> 4) * 4 + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
  const [seq, ack] = [4, 8].map((at) => new DataView(Uint8Array.from(segment).buffer).getUint32(at)) as [number, number];
  const numbers = flags & ACK ? [...be32(ack), ...be32(0)] : [...be32(0), ...be32((seq + length) >>> 0)];
  const bytes = [...segment.slice(2, 4), ...segment.slice(0, 2), ...numbers, 0x50, flags & ACK ? RST : RST | ACK, ...zeros(6)];
  return with16(bytes, 16, internetChecksum([...packet.slice(16, 20), ...packet.slice(12, 16), 0, TCP, ...be16(20), ...bytes]));
}
