import * as abi from "../../assembly/abi";

/** What a parser finds in a frame; see Packet in assembly/packet/packet.ts for the fields. */
export interface Parsed {
  l3: number;
  l4: number;
  payload: number;
  end: number;
  etherType: number;
  vlan: number;
  kind: number;
  protocol: number;
  fault: number;
  flags: number;
  srcPort: number;
  dstPort: number;
  hash: number;
}

/** Ends the parsing; what was found until then stands. */
class Fault extends Error {
  constructor(readonly reason: number) {
    super();
  }
}

/**
 * The parser's twin: slow, plain, written from the standards. It is the specification.
 *
 * Bytes are read through a DataView of exactly the frame, so that reading beyond it throws a RangeError.
 */
export function parseSlowly(frame: Uint8Array, seed: bigint): Parsed {
  const found = { ...NOTHING, end: frame.length };
  try {
    new Parser(frame, found).ethernet();
    found.hash = hash(frame, found, seed);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    found.fault = error.reason;
  }
  return found;
}

const NOTHING: Parsed = {
  l3: 0,
  l4: 0,
  payload: 0,
  end: 0,
  etherType: 0,
  vlan: 0xffff,
  kind: abi.KIND_OTHER,
  protocol: 0,
  fault: abi.OK,
  flags: 0,
  srcPort: 0,
  dstPort: 0,
  hash: 0,
};

class Parser {
  private readonly bytes: DataView;

  constructor(
    frame: Uint8Array,
    private readonly found: Parsed,
  ) {
    this.bytes = new DataView(frame.buffer, frame.byteOffset, frame.length);
  }

  /** IEEE 802.3 §3.2.6, IEEE 802.1Q §9. */
  ethernet(): void {
    const { bytes, found } = this;
    this.need(14, bytes.byteLength, abi.TOO_SHORT);
    found.etherType = bytes.getUint16(12);
    found.payload = 14;

    for (const outermost of [true, false]) {
      if (found.etherType !== 0x8100 && found.etherType !== 0x88a8) break;
      this.need(found.payload + 4, bytes.byteLength, abi.VLAN_TRUNCATED);
      const control = bytes.getUint16(found.payload);
      if (outermost) found.vlan = control;
      found.etherType = bytes.getUint16(found.payload + 2);
      found.payload += 4;
      if (control % 4096 === 4095) throw new Fault(abi.VLAN);
    }

    if (found.etherType === 0x0800) this.ipv4();
    else if (found.etherType === 0x0806) this.arp();
    else if (found.etherType === 0x86dd) this.ipv6();
    else if (found.etherType < 1536) this.llc();
  }

  private llc(): void {
    const { found } = this;
    found.kind = abi.KIND_LLC;
    const end = found.payload + found.etherType;
    this.need(end, this.bytes.byteLength, abi.LLC_LENGTH);
    found.end = end;
  }

  /** RFC 826. */
  private arp(): void {
    const { bytes, found } = this;
    found.kind = abi.KIND_ARP;
    const at = (found.l3 = found.payload);
    this.need(at + 6, bytes.byteLength, abi.ARP_TRUNCATED);
    const forUs = bytes.getUint16(at) === 1 && bytes.getUint16(at + 2) === 0x0800;
    if (!forUs || bytes.getUint8(at + 4) !== 6 || bytes.getUint8(at + 5) !== 4) throw new Fault(abi.ARP_FORMAT);
    this.need(at + 28, bytes.byteLength, abi.ARP_TRUNCATED);
    found.payload = found.end = at + 28;
  }

  /** RFC 791 §3.1. */
  private ipv4(): void {
    const { bytes, found } = this;
    found.kind = abi.KIND_IPV4;
    const at = (found.l3 = found.payload);
    this.need(at + 20, bytes.byteLength, abi.IPV4_TRUNCATED);
    const version = bytes.getUint8(at) >> 4;
    const headerLength = (bytes.getUint8(at) % 16) * 4;
    const totalLength = bytes.getUint16(at + 2);
    if (version !== 4) throw new Fault(abi.IPV4_VERSION);
    if (headerLength < 20) throw new Fault(abi.IPV4_HEADER);
    this.need(at + headerLength, bytes.byteLength, abi.IPV4_TRUNCATED);
    if (totalLength < headerLength) throw new Fault(abi.IPV4_LENGTH);
    this.need(at + totalLength, bytes.byteLength, abi.IPV4_LENGTH);
    found.payload = at + headerLength;
    found.end = at + totalLength;
    if (!this.sumsToOnes(at, headerLength)) throw new Fault(abi.IPV4_CHECKSUM);

    found.protocol = bytes.getUint8(at + 9);
    const moreFragments = (bytes.getUint16(at + 6) & 0x2000) !== 0;
    const fragmentOffset = bytes.getUint16(at + 6) & 0x1fff;
    if (headerLength > 20) found.flags |= abi.HAS_OPTIONS;
    if (moreFragments || fragmentOffset > 0) found.flags |= abi.IS_FRAGMENT;
    if (fragmentOffset > 0) found.flags |= abi.IS_LATER_FRAGMENT;
    else this.transport(1, [8, 0]);
  }

  /** RFC 1071: with its checksum in place, the one's-complement sum of a header is all ones. */
  private sumsToOnes(at: number, length: number): boolean {
    let sum = 0;
    for (let i = 0; i < length; i += 2) sum += this.bytes.getUint16(at + i);
    return sum > 0 && sum % 0xffff === 0;
  }

  /** RFC 8200. */
  private ipv6(): void {
    const { bytes, found } = this;
    found.kind = abi.KIND_IPV6;
    const at = (found.l3 = found.payload);
    this.need(at + 40, bytes.byteLength, abi.IPV6_TRUNCATED);
    if (bytes.getUint8(at) >> 4 !== 6) throw new Fault(abi.IPV6_VERSION);
    const end = at + 40 + bytes.getUint16(at + 4);
    this.need(end, bytes.byteLength, abi.IPV6_LENGTH);
    found.payload = at + 40;
    found.end = end;
    found.protocol = bytes.getUint8(at + 6);

    let walked = 0;
    while (EXTENSIONS.includes(found.protocol) && !(found.flags & abi.IS_LATER_FRAGMENT)) {
      if (walked === 8) throw new Fault(abi.IPV6_EXTENSION);
      if (found.protocol === HOP_BY_HOP && walked > 0) throw new Fault(abi.IPV6_EXTENSION);
      this.extension();
      walked++;
    }
    if (found.protocol !== NO_NEXT_HEADER && !(found.flags & abi.IS_LATER_FRAGMENT)) this.transport(58, [128, 129]);
  }

  /** One extension header at `payload`. */
  private extension(): void {
    const { bytes, found } = this;
    const at = found.payload;
    this.need(at + 8, found.end, abi.IPV6_EXTENSION);
    const units = bytes.getUint8(at + 1);
    let length = 8 + 8 * units;
    if (found.protocol === FRAGMENT) length = 8;
    if (found.protocol === AUTHENTICATION) length = 8 + 4 * units;
    this.need(at + length, found.end, abi.IPV6_EXTENSION);

    found.flags |= abi.HAS_OPTIONS;
    if (found.protocol === FRAGMENT) {
      const fragmentOffset = bytes.getUint16(at + 2) >> 3;
      const moreFragments = bytes.getUint8(at + 3) % 2 === 1;
      if (moreFragments || fragmentOffset > 0) found.flags |= abi.IS_FRAGMENT;
      if (fragmentOffset > 0) found.flags |= abi.IS_LATER_FRAGMENT;
    }
    found.protocol = bytes.getUint8(at);
    found.payload = at + length;
  }

  /** What lies at `payload`. ICMP is protocol `icmp` in this family, with these echo types. */
  private transport(icmp: number, echoes: number[]): void {
    const { bytes, found } = this;
    const at = (found.l4 = found.payload);

    if (found.protocol === icmp) {
      this.need(at + 8, found.end, abi.ICMP_TRUNCATED);
      if (echoes.includes(bytes.getUint8(at))) found.srcPort = found.dstPort = bytes.getUint16(at + 4);
      found.payload = at + 8;
    }

    // RFC 768.
    if (found.protocol === 17) {
      this.need(at + 8, found.end, abi.UDP_TRUNCATED);
      found.srcPort = bytes.getUint16(at);
      found.dstPort = bytes.getUint16(at + 2);
      const length = bytes.getUint16(at + 4);
      if (length < 8) throw new Fault(abi.UDP_LENGTH);
      if (!(found.flags & abi.IS_FRAGMENT)) this.need(at + length, found.end, abi.UDP_LENGTH);
      found.payload = at + 8;
    }

    // RFC 9293 §3.1.
    if (found.protocol === 6) {
      this.need(at + 20, found.end, abi.TCP_TRUNCATED);
      found.srcPort = bytes.getUint16(at);
      found.dstPort = bytes.getUint16(at + 2);
      const length = (bytes.getUint8(at + 12) >> 4) * 4;
      if (length < 20) throw new Fault(abi.TCP_HEADER);
      this.need(at + length, found.end, abi.TCP_HEADER);
      found.payload = at + length;
    }
  }

  private need(end: number, limit: number, reason: number): void {
    if (end > limit) throw new Fault(reason);
  }
}

const HOP_BY_HOP = 0;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const NO_NEXT_HEADER = 59;
const EXTENSIONS = [HOP_BY_HOP, 43, FRAGMENT, AUTHENTICATION, 60, 135];

/**
 * The hash of a sound packet: addresses eight bytes at a time as the memory has them, then protocol and ports.
 *
 * No twin but a copy, constants and all: it says what is hashed, and in which packets nothing is. Whether the hash is any good is
 * for the properties in parser.test.ts to say.
 */
function hash(frame: Uint8Array, found: Parsed, seed: bigint): number {
  const bytes = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const ends = (BigInt(found.protocol) << 32n) | (BigInt(found.dstPort) << 16n) | BigInt(found.srcPort);
  const words: bigint[] = [];
  if (found.kind === abi.KIND_IPV4) words.push(bytes.getBigUint64(found.l3 + 12, true));
  else if (found.kind === abi.KIND_IPV6)
    for (let i = 8; i < 40; i += 8) words.push(bytes.getBigUint64(found.l3 + i, true));
  else return 0;
  const mixed = [...words.slice(1), ends].reduce(mix, words[0]! ^ seed);
  return Number(mixed >> 32n);
}

function mix(a: bigint, b: bigint): bigint {
  const h = BigInt.asUintN(64, a * 0x9e3779b97f4a7c15n);
  return BigInt.asUintN(64, (h ^ (h >> 32n) ^ b) * 0xc2b2ae3d27d4eb4fn);
}
