import { KIND_ARP, KIND_IPV4, KIND_IPV6, KIND_LLC, LLC_LENGTH, OK } from "../abi";
import { Packet } from "../packet/packet";
import { ARP_REPLY, ARP_REQUEST, Arp } from "../wire/arp";
import { ETHERNET, ETHERTYPE_MIN, Ethernet, TAG, TAGS, TAG_VID, Tag, isTag } from "../wire/ethernet";
import { faultMark } from "./fault";
import { describeIpv4, describeIpv6 } from "./ip";
import { hex, ipv4, mac } from "./text";

/** The whole line: stations, types and tags, what the frame carries, and what is wrong with it. */
export function describeEthernet(data: usize, length: u32, p: Packet): string {
  const carried = describeNetwork(data, length, p);
  const line = `${mac(data + 6)} > ${mac(data)}, ${describeTypes(data, length)}`;
  return (carried.length == 0 ? line : line + ": " + carried) + faultMark(p.fault);
}

/** `ethertype 802.1Q (0x8100), length 64: vlan 5, p 0, ethertype IPv4 (0x0800)`. */
function describeTypes(data: usize, length: u32): string {
  let type = Ethernet.at(data).type;
  let text = typeText(type) + ", length " + length.toString();
  let at = ETHERNET;
  for (let tags: u32 = 0; tags < TAGS && isTag(type) && at + TAG <= length; tags++) {
    const tag = Tag.at(data + at);
    const control = tag.control;
    type = tag.type;
    at += TAG;
    text += `${tags == 0 ? ":" : ","} vlan ${control & TAG_VID}, p ${control >>> 13}${control & 0x1000 ? ", DEI" : ""}`;
    text += ", " + typeText(type);
  }
  return text;
}

function typeText(type: u32): string {
  if (type < ETHERTYPE_MIN) return "802.3";
  return `ethertype ${typeName(type)} (0x${hex(type, 4)})`;
}

function typeName(type: u32): string {
  if (type == 0x0800) return "IPv4";
  if (type == 0x0806) return "ARP";
  if (type == 0x8100) return "802.1Q";
  if (type == 0x86dd) return "IPv6";
  if (type == 0x8808) return "MPCP";
  if (type == 0x8847) return "MPLS unicast";
  if (type == 0x8863) return "PPPoE D";
  if (type == 0x8864) return "PPPoE S";
  if (type == 0x888e) return "EAPOL";
  if (type == 0x88a8) return "802.1Q-QinQ";
  if (type == 0x88cc) return "LLDP";
  return "Unknown";
}

function describeNetwork(data: usize, length: u32, p: Packet): string {
  const kind: u32 = p.kind;
  if (kind == KIND_IPV4) return describeIpv4(data, p);
  if (kind == KIND_IPV6) return describeIpv6(data, p);
  if (kind == KIND_ARP) return describeArp(data, length, p);
  if (kind == KIND_LLC) return describeLlc(data, length, p);
  return "";
}

/** `Request who-has 10.0.2.2 tell 10.0.2.15, length 28`; probes and announcements are named (RFC 5227 §1.1). */
function describeArp(data: usize, length: u32, p: Packet): string {
  if (p.fault != OK) return "ARP";
  const arp = Arp.at(data + p.l3);
  const size = `, length ${length - p.l3}`;
  const opcode = arp.opcode;
  const sender = arp.senderIp;
  const target = arp.targetIp;
  if (opcode == ARP_REQUEST) {
    const asked = `Request who-has ${ipv4(target)} tell ${ipv4(sender)}`;
    return asked + (sender == 0 ? " (probe)" : sender == target ? " (announcement)" : "") + size;
  }
  if (opcode != ARP_REPLY) return `opcode ${opcode}${size}`;
  return `Reply ${ipv4(sender)} is-at ${mac(data + p.l3 + 8)}${sender == target ? " (announcement)" : ""}${size}`;
}

/** An 802.3 frame's LLC header (IEEE 802.2), and SNAP after it. */
function describeLlc(data: usize, length: u32, p: Packet): string {
  const at = data + p.payload;
  const size = p.fault == LLC_LENGTH ? length - p.payload : <u32>(p.end - p.payload);
  if (size < 3) return "LLC";
  const saps = `LLC, dsap 0x${hex(load<u8>(at), 2)}, ssap 0x${hex(load<u8>(at, 1), 2)}, ctrl 0x${hex(load<u8>(at, 2), 2)}`;
  if (load<u8>(at) == 0x42) return saps + ": STP";
  if (load<u8>(at) != 0xaa || size < 8) return saps;
  const oui = ((<u32>load<u8>(at, 3)) << 16) | bswap<u16>(load<u16>(at, 4));
  return `${saps}: SNAP, oui 0x${hex(oui, 6)}, pid 0x${hex(bswap<u16>(load<u16>(at, 6)), 4)}`;
}
