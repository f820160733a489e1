import { KIND_IPV4, KIND_IPV6 } from "../abi";
import { fold } from "../wire/checksum";
import { ETHERNET, ETHERTYPE_IPV4, ETHERTYPE_IPV6, TAG, TAG_VID } from "../wire/ethernet";
import { IPV4, PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";
import { IPV6 } from "../wire/ipv6";
import { TCP } from "../wire/tcp";
import { UDP } from "../wire/udp";
import { Packet, UNTAGGED, addressesIpv4, addressesIpv6, mix } from "./packet";

// EtherTypes as they lie in memory.
const IPV4_BE: u32 = 0x0008;
const IPV6_BE: u32 = 0xdd86;
const VLAN_BE: u32 = 0x0081;

/**
 * Most of the traffic: UDP or TCP in IPv4 without options or fragments, or in IPv6 without extension headers, under one tag at
 * most, and nothing wrong.
 *
 * True when that is what it is and `packet` is filled; else nothing has been written, and the long way finds out what it is.
 * Everything is checked first and then written in three words: 8 to 9 ns a frame, where the long way takes 17 to 20. A
 * third of that comes from `@inline`, which makes the offsets of each case constants.
 */
export function parsePlain(data: usize, length: u32, packet: usize, seed: u64): bool {
  if (length < ETHERNET + IPV4 + UDP) return false;
  const type: u32 = load<u16>(data, 12);
  if (type == IPV4_BE) return plainIpv4(data, ETHERNET, length, packet, UNTAGGED, seed);
  if (type == IPV6_BE) return plainIpv6(data, ETHERNET, length, packet, UNTAGGED, seed);
  if (type != VLAN_BE) return false;
  const vlan: u32 = bswap<u16>(load<u16>(data, 14));
  if ((vlan & TAG_VID) == TAG_VID) return false;
  const inner: u32 = load<u16>(data, 16);
  if (inner == IPV4_BE) return plainIpv4(data, ETHERNET + TAG, length, packet, vlan, seed);
  return inner == IPV6_BE && plainIpv6(data, ETHERNET + TAG, length, packet, vlan, seed);
}

// @ts-ignore: decorator
@inline
function plainIpv4(data: usize, at: u32, length: u32, packet: usize, vlan: u32, seed: u64): bool {
  // The header as words, in the memory's order: what comes last is on top.
  if (at + IPV4 > length) return false;
  const ip = data + at;
  const lengthIdFragment = load<u64>(ip);
  const ttlProtocolSource = load<u64>(ip, 8);
  const dst: u64 = load<u32>(ip, 16);
  // Version 4, five words; no offset, and no more fragments.
  if ((lengthIdFragment & 0xff3f0000000000ff) != 0x45) return false;
  const end = at + <u32>bswap<u16>(<u16>(lengthIdFragment >> 16));
  if (end > length) return false;
  const sum = (lengthIdFragment & 0xffffffff) + (lengthIdFragment >> 32) + (ttlProtocolSource & 0xffffffff);
  if (fold(sum + (ttlProtocolSource >> 32) + dst) != 0xffff) return false;
  const protocol = (<u32>(ttlProtocolSource >> 8)) & 0xff;
  const payload = plainTransport(data, at + IPV4, end, protocol);
  if (payload == 0) return false;
  const nature = (<u64>((vlan << 16) | ETHERTYPE_IPV4)) | ((<u64>KIND_IPV4) << 32) | ((<u64>protocol) << 40);
  return write(data, at, at + IPV4, payload, end, packet, nature, addressesIpv4(ip, seed));
}

// @ts-ignore: decorator
@inline
function plainIpv6(data: usize, at: u32, length: u32, packet: usize, vlan: u32, seed: u64): bool {
  const ip = data + at;
  if (at + IPV6 > length || (load<u8>(ip) & 0xf0) != 0x60) return false;
  const end = at + IPV6 + <u32>bswap<u16>(load<u16>(ip, 4));
  if (end > length) return false;
  const protocol: u32 = load<u8>(ip, 6);
  const payload = plainTransport(data, at + IPV6, end, protocol);
  if (payload == 0) return false;
  const nature = (<u64>((vlan << 16) | ETHERTYPE_IPV6)) | ((<u64>KIND_IPV6) << 32) | ((<u64>protocol) << 40);
  return write(data, at, at + IPV6, payload, end, packet, nature, addressesIpv6(ip, seed));
}

/** First byte after the transport header at `at`, 0 when it is not UDP or TCP or something is wrong with it. */
// @ts-ignore: decorator
@inline
function plainTransport(data: usize, at: u32, end: u32, protocol: u32): u32 {
  if (protocol == PROTOCOL_TCP) {
    if (at + TCP > end) return 0;
    const header = (<u32>(load<u8>(data + at, 12) >> 4)) << 2;
    return header < TCP || at + header > end ? 0 : at + header;
  }
  if (protocol != PROTOCOL_UDP || at + UDP > end) return 0;
  const size = <u32>bswap<u16>(load<u16>(data + at, 4));
  return size < UDP || at + size > end ? 0 : at + UDP;
}

/** Fills the packet; `nature` holds its fields from etherType to flags. */
function write(
  data: usize,
  l3: u32,
  l4: u32,
  payload: u32,
  end: u32,
  packet: usize,
  nature: u64,
  addresses: u64,
): bool {
  const portsBE = load<u32>(data + l4);
  const ports: u64 = ((portsBE & 0xff00ff) << 8) | ((portsBE >>> 8) & 0xff00ff);
  const protocol = (nature >> 40) << 32;
  const p = Packet.at(packet);
  p.places = (<u64>(l3 | (l4 << 16))) | ((<u64>(payload | (end << 16))) << 32);
  p.nature = nature;
  p.flow = ports | (mix(addresses, ports | protocol) & 0xffffffff00000000);
  return true;
}
