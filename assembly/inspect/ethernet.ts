import { KIND_ARP, KIND_IPV4, KIND_IPV6, KIND_LLC, OK } from "../abi";
import { Packet } from "../packet/packet";
import { ARP, ARP_REPLY, ARP_REQUEST, Arp } from "../wire/arp";
import { ETHERNET, ETHERTYPE_MIN, Ethernet, TAG, TAGS, TAG_VID, Tag, isTag } from "../wire/ethernet";
import { dissectIpv4, dissectIpv6 } from "./ip";
import { Layers, SUM_NONE } from "./layers";
import { hex, ipv4, mac } from "./text";

/** Stations, types and tags, and what the frame carries. */
export function dissectEthernet(data: usize, length: u32, p: Packet, to: Layers): string {
  const src = mac(data + 6);
  const dst = mac(data);
  const type = Ethernet.at(data).type;
  to.begin("ethernet", 0, ETHERNET).text("src", src).text("dst", dst);
  to.number(type < ETHERTYPE_MIN ? "length" : "type", type).end(SUM_NONE);
  const line = `${src} > ${dst}, ${typeText(type)}, length ${length}${dissectTags(data, length, type, to)}`;
  return dissectRest(line, data, length, p, to);
}

/** `line` and what the frame carries after its link header; layers to its last byte. */
export function dissectRest(line: string, data: usize, length: u32, p: Packet, to: Layers): string {
  to.limit = p.end;
  const carried = dissectNetwork(data, length, p, to);
  to.rest("payload", to.limit);
  to.rest("padding", length);
  return carried.length == 0 ? line : line + ": " + carried;
}

/** `: vlan 5, p 0, ethertype IPv4 (0x0800)` for each tag. */
function dissectTags(data: usize, length: u32, type: u32, to: Layers): string {
  let text = "";
  let at = ETHERNET;
  for (let tags: u32 = 0; tags < TAGS && isTag(type) && at + TAG <= length; tags++) {
    const tag = Tag.at(data + at);
    const control = tag.control;
    const vlan = control & TAG_VID;
    const priority = control >>> 13;
    const dei = (control & 0x1000) != 0;
    type = tag.type;
    text += `${tags == 0 ? ":" : ","} vlan ${vlan}, p ${priority}${dei ? ", DEI" : ""}, ${typeText(type)}`;
    to.begin("vlan", at, TAG).number("vlan", vlan).number("priority", priority).flag("dropEligible", dei);
    to.number(type < ETHERTYPE_MIN ? "length" : "type", type).end(SUM_NONE);
    at += TAG;
  }
  return text;
}

export function typeText(type: u32): string {
  if (type <= LENGTH_MAX) return "802.3";
  if (type < ETHERTYPE_MIN) return `neither length nor ethertype (${type})`;
  return `ethertype ${typeName(type)} (0x${hex(type, 4)})`;
}

/** The largest length in an 802.3 header; from here to ETHERTYPE_MIN nothing is defined (IEEE 802.3-2018 §3.2.6). */
const LENGTH_MAX: u32 = 1500;

function typeName(type: u32): string {
  if (type == 0x0800) return "IPv4";
  if (type == 0x0806) return "ARP";
  if (type == 0x8100) return "802.1Q";
  if (type == 0x86dd) return "IPv6";
  if (type == 0x8808) return "MAC control";
  if (type == 0x8847) return "MPLS unicast";
  if (type == 0x8863) return "PPPoE D";
  if (type == 0x8864) return "PPPoE S";
  if (type == 0x888e) return "EAPOL";
  if (type == 0x88a8) return "802.1Q-QinQ";
  if (type == 0x88cc) return "LLDP";
  return "Unknown";
}

function dissectNetwork(data: usize, length: u32, p: Packet, to: Layers): string {
  const kind: u32 = p.kind;
  if (kind == KIND_IPV4) return dissectIpv4(data, p, to);
  if (kind == KIND_IPV6) return dissectIpv6(data, p, to);
  if (kind == KIND_ARP) return dissectArp(data, length, p, to);
  if (kind == KIND_LLC && p.etherType <= LENGTH_MAX) return dissectLlc(data, p, to);
  return "";
}

/** `Request who-has 10.0.2.2 tell 10.0.2.15, length 28`; probes and announcements are named (RFC 5227 §1.1). */
function dissectArp(data: usize, length: u32, p: Packet, to: Layers): string {
  if (p.fault != OK) return "ARP";
  const arp = Arp.at(data + p.l3);
  const opcode = arp.opcode;
  const isAnnouncement = arp.senderIp == arp.targetIp;
  const sender = ipv4(arp.senderIp);
  const target = ipv4(arp.targetIp);
  const station = mac(data + p.l3 + 8);
  to.begin("arp", p.l3, ARP).number("opcode", opcode);
  to.text("senderMac", station).text("senderIp", sender);
  to.text("targetMac", mac(data + p.l3 + 18)).text("targetIp", target).end(SUM_NONE);

  const size = `, length ${length - p.l3}`;
  const announced = isAnnouncement ? " (announcement)" : "";
  if (opcode == ARP_REQUEST)
    return `Request who-has ${target} tell ${sender}${arp.senderIp == 0 ? " (probe)" : announced}${size}`;
  if (opcode != ARP_REPLY) return `opcode ${opcode}${size}`;
  return `Reply ${sender} is-at ${station}${announced}${size}`;
}

/** An 802.3 frame's LLC header (IEEE 802.2), and SNAP after it. A frame that is shorter than it says is looked at as far as it goes. */
function dissectLlc(data: usize, p: Packet, to: Layers): string {
  const offset: u32 = p.payload;
  const at = data + offset;
  const size: u32 = p.end - p.payload;
  if (size < LLC) return "LLC";
  const dsap: u32 = load<u8>(at);
  const ssap: u32 = load<u8>(at, 1);
  // Of frames that are numbered (I and S) the control field has two bytes, of which the second is N(R) and the poll bit.
  const isNumbered = (load<u8>(at, 2) & 3) != 3;
  if (isNumbered && size < LLC + 1) return "LLC";
  const control: u32 = isNumbered ? load<u16>(at, 2) : load<u8>(at, 2);
  const hasSnap = dsap == 0xaa && (ssap & 0xfe) == 0xaa && !isNumbered && size >= SNAP;
  to.begin("llc", offset, hasSnap ? SNAP : isNumbered ? LLC + 1 : LLC).number("dsap", dsap).number("ssap", ssap).number("control", control);
  const saps = `LLC, dsap 0x${hex(dsap, 2)}, ssap 0x${hex(ssap, 2)}, ctrl 0x${hex(control, isNumbered ? 4 : 2)}`;
  if (!hasSnap) {
    to.end(SUM_NONE);
    return dsap == 0x42 ? saps + ": STP" : saps;
  }
  const oui = ((<u32>load<u8>(at, 3)) << 16) | bswap<u16>(load<u16>(at, 4));
  const pid: u32 = bswap<u16>(load<u16>(at, 6));
  to.number("oui", oui).number("pid", pid).end(SUM_NONE);
  return `${saps}: SNAP, oui 0x${hex(oui, 6)}, pid 0x${hex(pid, 4)}`;
}

/** Bytes of an LLC header with the shorter control field, and of one with SNAP after it. */
const LLC: u32 = 3;
const SNAP: u32 = 8;
