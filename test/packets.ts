/**
 * Frames for tests, built from the outside in: `ethernet(0x0800, ipv4(udp(53, 5000, data)))`.
 *
 * Lengths and checksums come out right unless a test asks for wrong ones. Addresses are the documentation's: 192.0.2.1 to
 * 198.51.100.2, 2001:db8::1 to 2001:db8::2; stations are 02:…:01 to 02:…:02.
 */

export type Bytes = readonly number[];

/** What is carried by IP: its checksum lies at `checksumAt` (none: -1) and, but for ICMP over IPv4, covers a pseudo-header. */
export interface Segment {
  protocol: number;
  bytes: Bytes;
  checksumAt: number;
}

export const be16 = (n: number): Bytes => [(n >> 8) & 255, n & 255];
export const be32 = (n: number): Bytes => [...be16(n >>> 16), ...be16(n & 0xffff)];
export const ascii = (text: string): Bytes => Array.from(text, (c) => c.charCodeAt(0));
export const zeros = (count: number): Bytes => new Array<number>(count).fill(0);

/** Internet checksum (RFC 1071), 16 bits at a time. */
export function internetChecksum(bytes: Bytes): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) {
    sum += (bytes[i]! << 8) + (bytes[i + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return ~sum & 0xffff;
}

/** `bytes` with the 16 bits at `at` replaced. */
export function with16(bytes: Bytes, at: number, value: number): Bytes {
  return [...bytes.slice(0, at), ...be16(value), ...bytes.slice(at + 2)];
}

export const STATION_1: Bytes = [2, 0, 0, 0, 0, 1];
export const STATION_2: Bytes = [2, 0, 0, 0, 0, 2];

/** `type` is an EtherType or an 802.3 length. `tags` are [type, control], outermost first. */
export function ethernet(type: number, payload: Bytes, tags: [number, number][] = [], dst = STATION_2): Uint8Array {
  const between = tags.flatMap(([tag, control]) => [...be16(tag), ...be16(control)]);
  return Uint8Array.from([...dst, ...STATION_1, ...between, ...be16(type), ...payload]);
}

export const IP_1: Bytes = [192, 0, 2, 1];
export const IP_2: Bytes = [198, 51, 100, 2];

export function arp(opcode: number, o: { senderIp?: Bytes; targetIp?: Bytes; start?: Bytes } = {}): Bytes {
  const start = o.start ?? [0, 1, 8, 0, 6, 4];
  const target = opcode === 1 ? zeros(6) : STATION_2;
  return [...start, ...be16(opcode), ...STATION_1, ...(o.senderIp ?? IP_1), ...target, ...(o.targetIp ?? IP_2)];
}

export interface Ipv4Options {
  src?: Bytes;
  dst?: Bytes;
  id?: number;
  /** Flags and offset as they stand. */
  fragment?: number;
  ttl?: number;
  tos?: number;
  /** A multiple of 4 bytes. */
  options?: Bytes;
  totalLength?: number;
  checksum?: number;
  /** The destination that the pseudo-header counts, at the end of a source route. */
  end?: Bytes;
}

export function ipv4(segment: Segment, o: Ipv4Options = {}): Bytes {
  const { src = IP_1, dst = IP_2, id = 1, fragment = 0, ttl = 64, tos = 0, options = [] } = o;
  const pseudo = segment.protocol === 1 ? [] : [...src, ...(o.end ?? dst), 0, segment.protocol, ...be16(segment.bytes.length)];
  const payload = summed(segment, pseudo);
  const total = o.totalLength ?? 20 + options.length + payload.length;
  const before = [
    0x40 | (5 + options.length / 4),
    tos,
    ...be16(total),
    ...be16(id),
    ...be16(fragment),
    ttl,
    segment.protocol,
  ];
  const after = [...src, ...dst, ...options];
  const checksum = o.checksum ?? internetChecksum([...before, 0, 0, ...after]);
  return [...before, ...be16(checksum), ...after, ...payload];
}

export const IP6_1: Bytes = [0x20, 1, 0x0d, 0xb8, ...zeros(11), 1];
export const IP6_2: Bytes = [0x20, 1, 0x0d, 0xb8, ...zeros(11), 2];

export interface Ipv6Options {
  payloadLength?: number;
  hopLimit?: number;
  dst?: Bytes;
  /** The addresses that the pseudo-header counts: a home address, and the end of a route. */
  start?: Bytes;
  end?: Bytes;
}

/** `extensions` are whole headers but for their first byte, the next header, which is filled in: [kind, bytes]. */
export function ipv6(
  segment: Segment,
  extensions: [number, Bytes][] = [],
  o: Ipv6Options = {},
): Bytes {
  const kinds = [...extensions.map(([kind]) => kind), segment.protocol];
  const chain = extensions.flatMap(([, bytes], i) => [kinds[i + 1]!, ...bytes]);
  const dst = o.dst ?? IP6_2;
  const pseudo = [...(o.start ?? IP6_1), ...(o.end ?? dst), ...be32(segment.bytes.length), 0, 0, 0, segment.protocol];
  const payload = [...chain, ...summed(segment, pseudo)];
  return [
    0x60,
    0,
    0,
    0,
    ...be16(o.payloadLength ?? payload.length),
    kinds[0]!,
    o.hopLimit ?? 64,
    ...IP6_1,
    ...dst,
    ...payload,
  ];
}

function summed({ bytes, checksumAt, protocol }: Segment, pseudo: Bytes): Bytes {
  if (checksumAt < 0 || checksumAt + 2 > bytes.length) return bytes;
  const checksum = internetChecksum([...pseudo, ...bytes]);
  return with16(bytes, checksumAt, protocol === 17 && checksum === 0 ? 0xffff : checksum);
}

export function udp(srcPort: number, dstPort: number, data: Bytes = [], length = 8 + data.length): Segment {
  return { protocol: 17, bytes: [...be16(srcPort), ...be16(dstPort), ...be16(length), 0, 0, ...data], checksumAt: 6 };
}

export interface TcpOptions {
  seq?: number;
  ack?: number;
  flags?: number;
  window?: number;
  /** A multiple of 4 bytes. */
  options?: Bytes;
  dataOffset?: number;
}

export function tcp(srcPort: number, dstPort: number, o: TcpOptions = {}, data: Bytes = []): Segment {
  const { seq = 1, ack = 0, flags = 2, window = 64240, options = [] } = o;
  const offset = (o.dataOffset ?? 5 + options.length / 4) << 4;
  const bytes = [
    ...be16(srcPort),
    ...be16(dstPort),
    ...be32(seq),
    ...be32(ack),
    offset,
    flags,
    ...be16(window),
    0,
    0,
    0,
    0,
  ];
  return { protocol: 6, bytes: [...bytes, ...options, ...data], checksumAt: 16 };
}

/** ICMP; `rest` is what follows the checksum. */
export function icmp(type: number, code: number, rest: Bytes): Segment {
  return { protocol: 1, bytes: [type, code, 0, 0, ...rest], checksumAt: 2 };
}

export function icmpv6(type: number, code: number, rest: Bytes): Segment {
  return { protocol: 58, bytes: [type, code, 0, 0, ...rest], checksumAt: 2 };
}

/** Any other protocol, or bytes as they are. */
export function raw(protocol: number, bytes: Bytes): Segment {
  return { protocol, bytes, checksumAt: -1 };
}
