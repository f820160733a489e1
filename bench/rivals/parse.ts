import * as abi from "../../assembly/abi";
import { SEED } from "../lab";
import { ALIGN } from "../traffic";
import type { Staged } from "../traffic";
import { high, low, mix } from "./mul64";

/** Words of a descriptor, as `Packet` in assembly/packet/packet.ts has them. */
export const PACKET = 6;
const [SEED_HIGH, SEED_LOW] = SEED;

/**
 * The parser in plain JavaScript: the engine's rules for Ethernet, two tags, ARP, IPv4 with options and fragments, UDP, TCP and
 * ICMP, and IPv6 without extension headers. What is wrong with a frame is `fault`. Descriptors go to `packets`, PACKET words each.
 */
export class ParseRival {
  readonly packets: Int32Array;

  constructor(private readonly staged: Staged) {
    this.packets = new Int32Array(staged.count * PACKET);
  }

  burst(first: number, count: number): void {
    const { bytes, lengths, stride } = this.staged;
    for (let i = first; i < first + count; i++) parse(bytes, i * stride + ALIGN, lengths[i]!, this.packets, i * PACKET);
  }
}

function parse(b: Uint8Array, at: number, length: number, out: Int32Array, to: number): void {
  let l3 = 14;
  let type = (b[at + 12]! << 8) | b[at + 13]!;
  let vlan = 0xffff;
  for (let tags = 0; tags < 2 && (type === 0x8100 || type === 0x88a8); tags++) {
    if (l3 + 4 > length) return done(out, to, 0, 0, l3, length, type, vlan, abi.KIND_OTHER, 0, abi.VLAN_TRUNCATED, 0);
    const control = (b[at + l3]! << 8) | b[at + l3 + 1]!;
    if (tags === 0) vlan = control;
    type = (b[at + l3 + 2]! << 8) | b[at + l3 + 3]!;
    l3 += 4;
    if ((control & 0xfff) === 0xfff) return done(out, to, 0, 0, l3, length, type, vlan, abi.KIND_OTHER, 0, abi.VLAN, 0);
  }
  if (type === 0x0800) return parseIpv4(b, at, l3, length, vlan, out, to);
  if (type === 0x86dd) return parseIpv6(b, at, l3, length, vlan, out, to);
  if (type !== 0x0806) return done(out, to, 0, 0, l3, length, type, vlan, abi.KIND_OTHER, 0, 0, 0);
  if (l3 + 28 > length) return done(out, to, l3, 0, l3, length, type, vlan, abi.KIND_ARP, 0, abi.ARP_TRUNCATED, 0);
  const a = at + l3;
  const sound = b[a]! === 0 && b[a + 1]! === 1 && b[a + 2]! === 8 && b[a + 3]! === 0 && b[a + 4]! === 6 && b[a + 5]! === 4;
  if (!sound) return done(out, to, l3, 0, l3, length, type, vlan, abi.KIND_ARP, 0, abi.ARP_FORMAT, 0);
  done(out, to, l3, 0, l3 + 28, l3 + 28, type, vlan, abi.KIND_ARP, 0, 0, 0);
}

function parseIpv4(
  b: Uint8Array, at: number, l3: number, length: number, vlan: number, out: Int32Array, to: number,
): void {
  const ip = at + l3;
  const first = b[ip]!;
  const header = (first & 15) << 2;
  const total = (b[ip + 2]! << 8) | b[ip + 3]!;
  const room = length - l3;
  let fault = 0;
  if (room < 20) fault = abi.IPV4_TRUNCATED;
  else if (first >> 4 !== 4) fault = abi.IPV4_VERSION;
  else if (header < 20) fault = abi.IPV4_HEADER;
  else if (header > room) fault = abi.IPV4_TRUNCATED;
  else if (total < header || total > room) fault = abi.IPV4_LENGTH;
  if (fault !== 0) return done(out, to, l3, 0, l3, length, 0x0800, vlan, abi.KIND_IPV4, 0, fault, 0);
  let sum = 0;
  for (let i = 0; i < header; i += 2) sum += (b[ip + i]! << 8) | b[ip + i + 1]!;
  sum = (sum >>> 16) + (sum & 0xffff);
  if (((sum >>> 16) + (sum & 0xffff)) !== 0xffff)
    return done(out, to, l3, 0, l3 + header, l3 + total, 0x0800, vlan, abi.KIND_IPV4, 0, abi.IPV4_CHECKSUM, 0);

  const fragment = ((b[ip + 6]! << 8) | b[ip + 7]!) & 0x3fff;
  let flags = header === 20 ? 0 : abi.HAS_OPTIONS;
  if (fragment !== 0) flags |= abi.IS_FRAGMENT;
  if (fragment & 0x1fff) flags |= abi.IS_LATER_FRAGMENT;
  if (!transport(b, at, l3, l3 + header, l3 + total, 0x0800, vlan, abi.KIND_IPV4, b[ip + 9]!, flags, out, to)) return;
  finish(out, to, word(b, ip + 16) ^ SEED_HIGH, word(b, ip + 12) ^ SEED_LOW, b[ip + 9]!);
}

function parseIpv6(
  b: Uint8Array, at: number, l3: number, length: number, vlan: number, out: Int32Array, to: number,
): void {
  const ip = at + l3;
  const end = l3 + 40 + ((b[ip + 4]! << 8) | b[ip + 5]!);
  let fault = 0;
  if (l3 + 40 > length) fault = abi.IPV6_TRUNCATED;
  else if (b[ip]! >> 4 !== 6) fault = abi.IPV6_VERSION;
  else if (end > length) fault = abi.IPV6_LENGTH;
  if (fault !== 0) return done(out, to, l3, 0, l3, length, 0x86dd, vlan, abi.KIND_IPV6, 0, fault, 0);
  if (!transport(b, at, l3, l3 + 40, end, 0x86dd, vlan, abi.KIND_IPV6, b[ip + 6]!, 0, out, to)) return;
  mix(word(b, ip + 12) ^ SEED_HIGH, word(b, ip + 8) ^ SEED_LOW, word(b, ip + 20), word(b, ip + 16));
  mix(high, low, word(b, ip + 28), word(b, ip + 24));
  mix(high, low, word(b, ip + 36), word(b, ip + 32));
  finish(out, to, high, low, b[ip + 6]!);
}

/** Writes the descriptor but for the hash; false when there is a fault, which has none. */
function transport(
  b: Uint8Array, at: number, l3: number, l4: number, end: number, type: number, vlan: number, kind: number,
  protocol: number, flags: number, out: Int32Array, to: number,
): boolean {
  if (flags & abi.IS_LATER_FRAGMENT) {
    done(out, to, l3, 0, l4, end, type, vlan, kind, protocol, 0, flags);
    return true;
  }
  const icmp = kind === abi.KIND_IPV4 ? 1 : 58;
  let payload = l4;
  let ports = 0;
  let fault = 0;
  const has = end - l4;
  const p = at + l4;
  if (protocol === 17 || protocol === 6) {
    if (has < (protocol === 6 ? 20 : 8)) fault = protocol === 6 ? abi.TCP_TRUNCATED : abi.UDP_TRUNCATED;
    else {
      ports = (b[p]! << 8) | b[p + 1]! | (b[p + 2]! << 24) | (b[p + 3]! << 16);
      const size = protocol === 6 ? (b[p + 12]! >> 4) << 2 : (b[p + 4]! << 8) | b[p + 5]!;
      if (protocol === 6 && (size < 20 || size > has)) fault = abi.TCP_HEADER;
      else if (protocol === 17 && (size < 8 || (size > has && !(flags & abi.IS_FRAGMENT)))) fault = abi.UDP_LENGTH;
      else payload = l4 + (protocol === 6 ? size : 8);
    }
  } else if (protocol === icmp) {
    if (has < 8) fault = abi.ICMP_TRUNCATED;
    else {
      payload = l4 + 8;
      const echo = icmp === 1 ? b[p] === 8 || b[p] === 0 : b[p] === 128 || b[p] === 129;
      if (echo) ports = ((b[p + 4]! << 8) | b[p + 5]!) * 0x10001;
    }
  }
  done(out, to, l3, l4, payload, end, type, vlan, kind, protocol, fault, flags);
  out[to + 4] = ports;
  return fault === 0;
}

function finish(out: Int32Array, to: number, addressesHigh: number, addressesLow: number, protocol: number): void {
  mix(addressesHigh, addressesLow, protocol, out[to + 4]!);
  out[to + 5] = high;
}

function done(
  out: Int32Array, to: number, l3: number, l4: number, payload: number, end: number, type: number, vlan: number,
  kind: number, protocol: number, fault: number, flags: number,
): void {
  out[to] = l3 | (l4 << 16);
  out[to + 1] = payload | (end << 16);
  out[to + 2] = type | (vlan << 16);
  out[to + 3] = kind | (protocol << 8) | (fault << 16) | (flags << 24);
  out[to + 4] = 0;
  out[to + 5] = 0;
}

function word(b: Uint8Array, at: number): number {
  return b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24);
}
