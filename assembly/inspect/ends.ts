import { Packet } from "../packet/packet";
import { sumOf } from "../wire/checksum";
import { IPV4, Ipv4 } from "../wire/ipv4";
import { Extension, IPV6, Ipv6, NEXT_DESTINATION, NEXT_ROUTING, isExtension } from "../wire/ipv6";
import { chainEnd } from "./extensions";
import { isSizeSound } from "./option-sizes";
import { ADDRESSES_UNKNOWN } from "./sums";

/**
 * The two ends of a packet as its pseudo-header counts them: where it comes from and where it goes to in the end, which need not be
 * the addresses in its IP header. Both functions return their partial sum, or ADDRESSES_UNKNOWN when they cannot be told.
 */

/** IPv4: a source route that is not used up ends at the last address in it (RFC 791 §3.1, RFC 1122 §3.2.1.8). */
export function endsIpv4(data: usize, p: Packet): u64 {
  const at = data + p.l3;
  const src = at + offsetof<Ipv4>() - 8;
  const optionsEnd = at + Ipv4.at(at).headerLength;
  let dst = src + 4;
  for (let option = at + IPV4; option < optionsEnd; ) {
    const kind: u32 = load<u8>(option);
    if (kind == 0) break;
    const size: u32 = kind == 1 ? 1 : option + 1 < optionsEnd ? load<u8>(option, 1) : 0;
    if (size == 0 || (kind != 1 && size < 2) || option + size > optionsEnd) break;
    if (kind == LOOSE_ROUTE || kind == STRICT_ROUTE) {
      const pointer: u32 = size > 2 ? load<u8>(option, 2) : 0;
      if (!isSizeSound(false, kind, size) || pointer < 4 || (pointer & 3) != 0) return ADDRESSES_UNKNOWN;
      if (pointer < size) dst = option + size - 4;
    }
    option += size;
  }
  return sumOf(src, 4) + sumOf(dst, 4);
}

const LOOSE_ROUTE: u32 = 131;
const STRICT_ROUTE: u32 = 137;

/**
 * IPv6: with a routing header that has segments left the destination is the last one in it (RFC 8200 §8.1), and a Home Address option
 * takes the source's place (RFC 6275 §6.3, §11.3.2). What is behind `chainEnd` is not looked at.
 */
export function endsIpv6(data: usize, p: Packet): u64 {
  const ip = data + p.l3;
  const end = chainEnd(data, p);
  let src = sumOf(ip + offsetof<Ipv6>("srcHiBE"), 16);
  let dst = sumOf(ip + offsetof<Ipv6>("dstHiBE"), 16);
  let kind: u32 = Ipv6.at(ip).nextHeader;
  for (let at = ip + IPV6; at < end && isExtension(kind); ) {
    const header = Extension.at(at);
    const size = header.length(kind);
    if (kind == NEXT_ROUTING && load<u8>(at, 3) != 0) dst = lastSegment(at, size, ip + offsetof<Ipv6>("dstHiBE"));
    if (kind == NEXT_DESTINATION) {
      const home = homeAddress(at, size);
      if (home != 0) src = sumOf(home, 16);
    }
    if (dst == ADDRESSES_UNKNOWN) return dst;
    at += size;
    kind = header.nextHeader;
  }
  return src + dst;
}

/** Routing types: source route (RFC 2460 §4.4), Mobile IPv6 (RFC 6275 §6.4), RPL (RFC 6554 §3), segment routing (RFC 8754 §2). */
const ROUTE_SOURCE: u32 = 0;
const ROUTE_MOBILE: u32 = 2;
const ROUTE_RPL: u32 = 3;
const ROUTE_SEGMENTS: u32 = 4;

/** Partial sum of the address at which a routing header of `size` bytes ends. `dst` is the one in the IPv6 header. */
function lastSegment(header: usize, size: u32, dst: usize): u64 {
  const type: u32 = load<u8>(header, 2);
  const segmentsLeft: u32 = load<u8>(header, 3);
  if (type == ROUTE_RPL) return lastOfRpl(header, size, dst);
  if (segmentsLeft > (size - 8) / 16) return ADDRESSES_UNKNOWN;
  if (type == ROUTE_SOURCE || type == ROUTE_MOBILE) return sumOf(header + size - 16, 16);
  // Segments are listed from the last one.
  return type == ROUTE_SEGMENTS ? sumOf(header + 8, 16) : ADDRESSES_UNKNOWN;
}

/** The last address lacks the first `elided` bytes, which are those of the destination, and `padding` bytes follow it. */
function lastOfRpl(header: usize, size: u32, dst: usize): u64 {
  const others: u32 = load<u8>(header, 4) >> 4;
  const elided: u32 = load<u8>(header, 4) & 15;
  const padding: u32 = load<u8>(header, 5) >> 4;
  const segmentsLeft: u32 = load<u8>(header, 3);
  const kept = 16 - elided;
  if ((segmentsLeft - 1) * (16 - others) + kept + padding > size - 8) return ADDRESSES_UNKNOWN;
  memory.copy(ADDRESS, dst, elided);
  memory.copy(ADDRESS + elided, header + size - padding - kept, kept);
  return sumOf(ADDRESS, 16);
}

/** Where an address is put together. */
const ADDRESS: usize = memory.data(16, 8);

const OPTION_PAD1: u32 = 0;
const OPTION_HOME_ADDRESS: u32 = 201;

/** Address of the home address in destination options, or 0. */
function homeAddress(header: usize, size: u32): usize {
  const end = header + size;
  for (let at = header + 2; at + 2 <= end; ) {
    const option: u32 = load<u8>(at);
    const length: u32 = option == OPTION_PAD1 ? 1 : 2 + <u32>load<u8>(at, 1);
    if (option == OPTION_HOME_ADDRESS && length == 18 && at + length <= end) return at + 2;
    at += length;
  }
  return 0;
}
