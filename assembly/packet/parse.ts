import {
  ARP_FORMAT,
  ARP_TRUNCATED,
  KIND_ARP,
  KIND_LLC,
  KIND_OTHER,
  LLC_LENGTH,
  TOO_SHORT,
  VLAN,
  VLAN_TRUNCATED,
} from "../abi";
import { ARP, Arp } from "../wire/arp";
import {
  ETHERNET,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_MIN,
  Ethernet,
  TAG,
  TAGS,
  TAG_VID,
  Tag,
  isTag,
} from "../wire/ethernet";
import { parseIpv4 } from "./ipv4";
import { parseIpv6 } from "./ipv6";
import { Packet, UNTAGGED, addressesIpv4, addressesIpv6 } from "./packet";
import { parsePlain } from "./plain";
import { parseTransport } from "./transport";

/**
 * Parses one Ethernet frame without FCS, up to its transport header. Transport checksums are not looked at.
 *
 * This is the one place where lengths are checked: who reads a header of a sound packet needs no check.
 *
 * @param data    address of the frame's first byte; no alignment needed
 * @param length  0…65535 (under 14 is TOO_SHORT); nothing at `data + length` or after it is read
 * @param packet  address of the Packet to fill
 * @param seed    key of the hash
 */
export function parseAt(data: usize, length: u32, packet: usize, seed: u64): void {
  if (parsePlain(data, length, packet, seed)) return;
  const p = Packet.at(packet);
  p.clear();
  p.end = <u16>length;
  p.vlan = <u16>UNTAGGED;
  p.kind = <u8>KIND_OTHER;
  if (length < ETHERNET) p.fail(TOO_SHORT);
  else if (parseLink(p, data, length)) parseNetwork(p, data, length, seed);
}

/** The same for a packet that has no Ethernet header: at `at`, at most `length`, lies what EtherType `type` names. Not hashed by a key. */
export function parseNetworkAt(data: usize, at: u32, length: u32, type: u32, packet: usize): void {
  const p = Packet.at(packet);
  p.clear();
  p.end = <u16>length;
  p.vlan = <u16>UNTAGGED;
  p.kind = <u8>KIND_OTHER;
  p.etherType = <u16>type;
  p.payload = <u16>at;
  // A length instead of a type belongs to 802.3 alone.
  if (type >= ETHERTYPE_MIN) parseNetwork(p, data, length, 0);
}

/**
 * The Ethernet header and up to two tags; a frame with more is of KIND_OTHER. What follows begins at `payload`.
 *
 * Like all below, returns whether the packet is sound so far.
 */
function parseLink(p: Packet, data: usize, length: u32): bool {
  let type = Ethernet.at(data).type;
  let at = ETHERNET;
  p.etherType = <u16>type;
  p.payload = <u16>at;
  for (let tags: u32 = 0; tags < TAGS && isTag(type); tags++) {
    if (at + TAG > length) return p.fail(VLAN_TRUNCATED);
    const tag = Tag.at(data + at);
    if (tags == 0) p.vlan = <u16>tag.control;
    type = tag.type;
    at += TAG;
    p.etherType = <u16>type;
    p.payload = <u16>at;
    // Reserved (IEEE 802.1Q-2018 §9.6).
    if ((tag.control & TAG_VID) == TAG_VID) return p.fail(VLAN);
  }
  return true;
}

/** What lies at `payload`. Both families of IP go on in one place, so that the compiler makes one function of it all. */
function parseNetwork(p: Packet, data: usize, length: u32, seed: u64): bool {
  const type: u32 = p.etherType;
  const at: u32 = p.payload;
  let addresses: u64;
  if (type == ETHERTYPE_IPV4) {
    if (!parseIpv4(p, data, at, length)) return false;
    addresses = addressesIpv4(data + at, seed);
  } else if (type == ETHERTYPE_IPV6) {
    if (!parseIpv6(p, data, at, length)) return false;
    addresses = addressesIpv6(data + at, seed);
  } else {
    if (type == ETHERTYPE_ARP) return parseArp(p, data, at, length);
    if (type < ETHERTYPE_MIN) return parseLlc(p, at, type, length);
    return true;
  }
  if (!parseTransport(p, data)) return false;
  return p.finish(addresses);
}

/** 802.3: the type is a length; what is inside is not looked into (IEEE 802.3-2018 §3.2.6). */
function parseLlc(p: Packet, at: u32, size: u32, length: u32): bool {
  p.kind = <u8>KIND_LLC;
  if (at + size > length) return p.fail(LLC_LENGTH);
  p.end = <u16>(at + size);
  return true;
}

/** ARP for IPv4 over Ethernet (RFC 826). Another hardware or protocol is told apart before a message that is cut short. */
function parseArp(p: Packet, data: usize, at: u32, length: u32): bool {
  p.kind = <u8>KIND_ARP;
  p.l3 = <u16>at;
  if (at + ARP_LENGTHS > length) return p.fail(ARP_TRUNCATED);
  const arp = Arp.at(data + at);
  if (arp.hardware != ARP_ETHERNET || arp.protocol != ETHERTYPE_IPV4) return p.fail(ARP_FORMAT);
  if (arp.hardwareLength != 6 || arp.protocolLength != 4) return p.fail(ARP_FORMAT);
  if (at + ARP > length) return p.fail(ARP_TRUNCATED);
  p.payload = <u16>(at + ARP);
  p.end = <u16>(at + ARP);
  return true;
}

const ARP_ETHERNET: u32 = 1;
/** Bytes of an ARP message up to its two length fields. */
const ARP_LENGTHS: u32 = 6;
