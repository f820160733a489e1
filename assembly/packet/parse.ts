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
import { Packet } from "./packet";

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
  const p = Packet.at(packet);
  p.clear();
  p.end = <u16>length;
  p.vlan = 0xffff;
  p.kind = <u8>KIND_OTHER;
  if (length < ETHERNET) {
    p.fail(TOO_SHORT);
    return;
  }
  const type = Ethernet.at(data).type;
  p.etherType = <u16>type;
  p.payload = <u16>ETHERNET;
  if (type == ETHERTYPE_IPV4) parseIpv4(p, data, ETHERNET, length, seed);
  else if (isTag(type)) parseTagged(p, data, type, length, seed);
  else parseNetwork(p, data, ETHERNET, type, length, seed);
}

/** A frame with more than two tags is of KIND_OTHER. Like all below, returns whether the packet is sound so far. */
function parseTagged(p: Packet, data: usize, type: u32, length: u32, seed: u64): bool {
  let at = ETHERNET;
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
  return parseNetwork(p, data, at, type, length, seed);
}

/** What lies at `at`, after the Ethernet header and its tags. */
function parseNetwork(p: Packet, data: usize, at: u32, type: u32, length: u32, seed: u64): bool {
  if (type == ETHERTYPE_IPV4) return parseIpv4(p, data, at, length, seed);
  if (type == ETHERTYPE_IPV6) return parseIpv6(p, data, at, length, seed);
  if (type == ETHERTYPE_ARP) return parseArp(p, data, at, length);
  if (type < ETHERTYPE_MIN) return parseLlc(p, at, type, length);
  return true;
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
