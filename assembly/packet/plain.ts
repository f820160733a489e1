import { KIND_IPV4 } from "../abi";
import { fold } from "../wire/checksum";
import { ETHERNET, ETHERTYPE_IPV4 } from "../wire/ethernet";
import { IPV4, PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";
import { TCP } from "../wire/tcp";
import { UDP } from "../wire/udp";
import { Packet, UNTAGGED, mix } from "./packet";

/** Transport header of a plain packet. */
const L4: u32 = ETHERNET + IPV4;

/**
 * Most of the traffic: IPv4 without a tag, options or fragments, carrying UDP or TCP, with nothing wrong.
 *
 * True when that is what it is and `packet` is filled; else nothing has been written, and the long way finds out what it is.
 * The header is read in words and the packet written in words, which takes two thirds of the long way's time. Numbers in
 * words are in the memory's order: the header's last bytes are on top.
 */
export function parsePlain(data: usize, length: u32, packet: usize, seed: u64): bool {
  // EtherType 0x0800, version 4, header of 5 words.
  if (length < L4 + UDP || (load<u32>(data, 12) & 0xffffff) != 0x450008) return false;
  const lengthIdFragment = load<u64>(data, 14);
  const ttlProtocolSource = load<u64>(data, 22);
  const destination: u64 = load<u32>(data, 30);
  // More fragments, or an offset.
  if ((lengthIdFragment >> 48) & 0xff3f) return false;
  const end = ETHERNET + <u32>bswap<u16>(<u16>(lengthIdFragment >> 16));
  if (end > length) return false;
  const sum = (lengthIdFragment >> 32) + (lengthIdFragment & 0xffffffff) + destination;
  if (fold(sum + (ttlProtocolSource >> 32) + (ttlProtocolSource & 0xffffffff)) != 0xffff) return false;

  const protocol = (<u32>(ttlProtocolSource >> 8)) & 0xff;
  let payload: u32;
  if (protocol == PROTOCOL_TCP) {
    if (end < L4 + TCP) return false;
    payload = L4 + ((<u32>(load<u8>(data, 46) >> 4)) << 2);
    if (payload < L4 + TCP || payload > end) return false;
  } else {
    if (protocol != PROTOCOL_UDP || end < L4 + UDP) return false;
    payload = L4 + UDP;
    const size = <u32>bswap<u16>(load<u16>(data, 38));
    if (size < UDP || L4 + size > end) return false;
  }

  const portsBE = load<u32>(data, 34);
  const ports = ((portsBE & 0xff00ff) << 8) | ((portsBE >>> 8) & 0xff00ff);
  const addresses = (ttlProtocolSource >> 32) | (destination << 32);
  const p = Packet.at(packet);
  p.places = ETHERNET | (L4 << 16) | ((<u64>payload) << 32) | ((<u64>end) << 48);
  p.nature = ETHERTYPE_IPV4 | (UNTAGGED << 16) | ((<u64>KIND_IPV4) << 32) | ((<u64>protocol) << 40);
  p.flow = ports | (mix(addresses ^ seed, ports | ((<u64>protocol) << 32)) & 0xffffffff00000000);
  return true;
}
