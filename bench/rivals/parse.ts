import * as abi from "../../assembly/abi";
import { SEED } from "../lab";
import type { Staged } from "../traffic";
import { high, low, mix } from "./mul64";

/** Words of a descriptor, as `Packet` in assembly/packet/packet.ts has them. */
export const PACKET = 6;
const [SEED_HIGH, SEED_LOW] = SEED;

/**
 * The parser in plain JavaScript: the engine's rules for Ethernet, two tags, ARP, IPv4 with options and fragments, UDP, TCP and
 * ICMP, and IPv6 without extension headers. What is wrong with a frame is `fault`. Descriptors go to `packets`, PACKET words each.
 *
 * With a frame two bytes into its slot every header from the third layer on begins at a word: nothing is read bytewise.
 */
export class ParseRival {
  readonly packets: Int32Array;

  constructor(private readonly staged: Staged) {
    this.packets = new Int32Array(staged.count * PACKET);
  }

  burst(first: number, count: number): void {
    const { words, lengths, stride } = this.staged;
    const step = stride >> 2;
    for (let i = first; i < first + count; i++) parse(words, i * step, lengths[i]!, this.packets, i * PACKET);
  }
}

/** @param at  the slot, in words */
function parse(w: Int32Array, at: number, length: number, out: Int32Array, to: number): void {
  let l3 = 14;
  let type = w[at + 3]! >>> 16;
  let vlan = 0xffff;
  let ip = at + 4;
  // As they are read, of the type 0x8100 is 0x0081, and so on.
  for (let tags = 0; tags < 2 && (type === 0x0081 || type === 0xa888); tags++) {
    if (l3 + 4 > length) return done(out, to, 0, 0, l3, length, type, vlan, abi.KIND_OTHER, 0, abi.VLAN_TRUNCATED, 0);
    const control = swap(w[ip]! & 0xffff);
    if (tags === 0) vlan = control;
    type = w[ip]! >>> 16;
    ip++;
    l3 += 4;
    if ((control & 0xfff) === 0xfff) return done(out, to, 0, 0, l3, length, type, vlan, abi.KIND_OTHER, 0, abi.VLAN, 0);
  }
  if (type === 0x0008) return parseIpv4(w, ip, l3, length, vlan, out, to);
  if (type === 0xdd86) return parseIpv6(w, ip, l3, length, vlan, out, to);
  if (type !== 0x0608) return done(out, to, 0, 0, l3, length, type, vlan, abi.KIND_OTHER, 0, 0, 0);
  let fault = 0;
  if (l3 + 6 > length) fault = abi.ARP_TRUNCATED;
  else if (w[ip] !== 0x00080100 || (w[ip + 1]! & 0xffff) !== 0x0406) fault = abi.ARP_FORMAT;
  else if (l3 + 28 > length) fault = abi.ARP_TRUNCATED;
  if (fault !== 0) return done(out, to, l3, 0, l3, length, type, vlan, abi.KIND_ARP, 0, fault, 0);
  done(out, to, l3, 0, l3 + 28, l3 + 28, type, vlan, abi.KIND_ARP, 0, 0, 0);
}

function parseIpv4(w: Int32Array, ip: number, l3: number, length: number, vlan: number, out: Int32Array, to: number): void {
  const first = w[ip]!;
  const header = (first & 15) << 2;
  const total = swap(first >>> 16);
  const room = length - l3;
  let fault = 0;
  if (room < 20) fault = abi.IPV4_TRUNCATED;
  else if ((first & 0xf0) !== 0x40) fault = abi.IPV4_VERSION;
  else if (header < 20) fault = abi.IPV4_HEADER;
  else if (header > room) fault = abi.IPV4_TRUNCATED;
  else if (total < header || total > room) fault = abi.IPV4_LENGTH;
  if (fault !== 0) return done(out, to, l3, 0, l3, length, 0x0008, vlan, abi.KIND_IPV4, 0, fault, 0);
  const second = w[ip + 1]!;
  const third = w[ip + 2]!;
  const src = w[ip + 3]!;
  const dst = w[ip + 4]!;
  // The sum of the halves as they are read: 0xffff is that in either byte order (RFC 1071 §2.B).
  let sum = (first & 0xffff) + (first >>> 16) + (second & 0xffff) + (second >>> 16) + (third & 0xffff) + (third >>> 16)
    + (src & 0xffff) + (src >>> 16) + (dst & 0xffff) + (dst >>> 16);
  for (let i = 5; i << 2 < header; i++) sum += (w[ip + i]! & 0xffff) + (w[ip + i]! >>> 16);
  sum = (sum >>> 16) + (sum & 0xffff);
  if ((sum >>> 16) + (sum & 0xffff) !== 0xffff)
    return done(out, to, l3, 0, l3 + header, l3 + total, 0x0008, vlan, abi.KIND_IPV4, 0, abi.IPV4_CHECKSUM, 0);

  const fragment = second >>> 16;
  const protocol = (third >>> 8) & 0xff;
  let flags = header === 20 ? 0 : abi.HAS_OPTIONS;
  if (fragment & 0xff3f) flags |= abi.IS_FRAGMENT;
  if (fragment & 0xff1f) flags |= abi.IS_LATER_FRAGMENT;
  const l4 = ip + (header >> 2);
  if (transport(w, l4, l3, l3 + header, l3 + total, 0x0008, vlan, abi.KIND_IPV4, protocol, flags, out, to))
    finish(out, to, dst ^ SEED_HIGH, src ^ SEED_LOW, protocol);
}

function parseIpv6(w: Int32Array, ip: number, l3: number, length: number, vlan: number, out: Int32Array, to: number): void {
  const second = w[ip + 1]!;
  const end = l3 + 40 + swap(second & 0xffff);
  let fault = 0;
  if (l3 + 40 > length) fault = abi.IPV6_TRUNCATED;
  else if ((w[ip]! & 0xf0) !== 0x60) fault = abi.IPV6_VERSION;
  else if (end > length) fault = abi.IPV6_LENGTH;
  if (fault !== 0) return done(out, to, l3, 0, l3, length, 0xdd86, vlan, abi.KIND_IPV6, 0, fault, 0);
  const protocol = (second >>> 16) & 0xff;
  if (!transport(w, ip + 10, l3, l3 + 40, end, 0xdd86, vlan, abi.KIND_IPV6, protocol, 0, out, to)) return;
  mix(w[ip + 3]! ^ SEED_HIGH, w[ip + 2]! ^ SEED_LOW, w[ip + 5]!, w[ip + 4]!);
  mix(high, low, w[ip + 7]!, w[ip + 6]!);
  mix(high, low, w[ip + 9]!, w[ip + 8]!);
  finish(out, to, high, low, protocol);
}

/**
 * Writes the descriptor but for the hash; false when there is a fault, which has none.
 *
 * @param p  where the header is, in words
 */
function transport(
  w: Int32Array, p: number, l3: number, l4: number, end: number, type: number, vlan: number, kind: number,
  protocol: number, flags: number, out: Int32Array, to: number,
): boolean {
  if (flags & abi.IS_LATER_FRAGMENT) {
    done(out, to, l3, 0, l4, end, type, vlan, kind, protocol, 0, flags);
    return true;
  }
  const has = end - l4;
  let payload = l4;
  let ports = 0;
  let fault = 0;
  if (protocol === 17) {
    const size = swap(w[p + 1]! & 0xffff);
    if (has < 8) fault = abi.UDP_TRUNCATED;
    else {
      ports = swapBoth(w[p]!);
      if (size < 8 || (size > has && !(flags & abi.IS_FRAGMENT))) fault = abi.UDP_LENGTH;
      else payload = l4 + 8;
    }
  } else if (protocol === 6) {
    const size = (w[p + 3]! & 0xf0) >>> 2;
    if (has < 20) fault = abi.TCP_TRUNCATED;
    else {
      ports = swapBoth(w[p]!);
      if (size < 20 || size > has) fault = abi.TCP_HEADER;
      else payload = l4 + size;
    }
  } else if (protocol === (kind === abi.KIND_IPV4 ? 1 : 58)) {
    if (has < 8) fault = abi.ICMP_TRUNCATED;
    else {
      payload = l4 + 8;
      const what = w[p]! & 0xff;
      const echo = kind === abi.KIND_IPV4 ? what === 8 || what === 0 : what === 128 || what === 129;
      if (echo) ports = Math.imul(swap(w[p + 1]! & 0xffff), 0x10001);
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

/** @param type  as it was read */
function done(
  out: Int32Array, to: number, l3: number, l4: number, payload: number, end: number, type: number, vlan: number,
  kind: number, protocol: number, fault: number, flags: number,
): void {
  out[to] = l3 | (l4 << 16);
  out[to + 1] = payload | (end << 16);
  out[to + 2] = swap(type) | (vlan << 16);
  out[to + 3] = kind | (protocol << 8) | (fault << 16) | (flags << 24);
  out[to + 4] = 0;
  out[to + 5] = 0;
}

function swap(half: number): number { return ((half & 0xff) << 8) | (half >>> 8); }

/** Both halves of a word, each by itself. */
function swapBoth(word: number): number { return ((word & 0xff00ff) << 8) | ((word >>> 8) & 0xff00ff); }
