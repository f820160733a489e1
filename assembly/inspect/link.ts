import { Packet } from "../packet/packet";
import { parseAt, parseNetworkAt } from "../packet/parse";
import { ETHERNET, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_MIN } from "../wire/ethernet";
import { dissectEthernet, dissectRest, typeText } from "./ethernet";
import { Layers, SUM_NONE } from "./layers";
import { mac } from "./text";

/** Link types of captures that are looked into (LINKTYPE_…). */
const NULL: u32 = 0;
const ETHERNET_FRAME: u32 = 1;
const RAW: u32 = 101;
const LOOP: u32 = 108;
const COOKED: u32 = 113;
const RAW_IPV4: u32 = 228;
const RAW_IPV6: u32 = 229;
const COOKED_2: u32 = 276;

/** Bytes of the shortest frame of a link type, which are its header. */
export function linkHeader(linkType: u32): u32 {
  if (linkType == ETHERNET_FRAME) return ETHERNET;
  if (linkType == NULL || linkType == LOOP) return 4;
  if (linkType == COOKED) return 16;
  return linkType == COOKED_2 ? 20 : 0;
}

/** The line for a frame of `linkType`, at least `linkHeader` bytes long, and its layers. `packet` is filled by the parser. */
export function dissectLink(data: usize, length: u32, linkType: u32, packet: Packet, to: Layers): string {
  if (linkType == ETHERNET_FRAME) {
    parseAt(data, length, changetype<usize>(packet), 0);
    return dissectEthernet(data, length, packet, to);
  }
  const header = linkHeader(linkType);
  const type = networkType(data, length, linkType);
  parseNetworkAt(data, header, length, type, changetype<usize>(packet));
  return dissectRest(`${linkText(data, linkType, type, to)}, length ${length}`, data, length, packet, to);
}

/** EtherType of what a frame without an Ethernet header carries; 0: unknown. */
function networkType(data: usize, length: u32, linkType: u32): u32 {
  if (linkType == COOKED) return bswap<u16>(load<u16>(data, 14));
  if (linkType == COOKED_2) return bswap<u16>(load<u16>(data));
  if (linkType == RAW_IPV4) return ETHERTYPE_IPV4;
  if (linkType == RAW_IPV6) return ETHERTYPE_IPV6;
  if (linkType == NULL || linkType == LOOP) return familyType(family(data));
  const version: u32 = length == 0 ? 0 : load<u8>(data) >> 4;
  return version == 4 ? ETHERTYPE_IPV4 : version == 6 ? ETHERTYPE_IPV6 : 0;
}

/** Address family before a loopback packet. It is in the byte order of the machine that captured it, and less than 65536. */
function family(data: usize): u32 {
  const value = load<u32>(data);
  return value > 0xffff ? bswap<u32>(value) : value;
}

/** AF_INET has one value, AF_INET6 one per system: NetBSD, FreeBSD, macOS. */
function familyType(value: u32): u32 {
  if (value == 2) return ETHERTYPE_IPV4;
  return value == 24 || value == 28 || value == 30 ? ETHERTYPE_IPV6 : 0;
}

/** The layer of the header, if there is one, and its part of the line. */
function linkText(data: usize, linkType: u32, type: u32, to: Layers): string {
  const header = linkHeader(linkType);
  if (linkType == RAW_IPV4) return "raw IPv4";
  if (linkType == RAW_IPV6) return "raw IPv6";
  if (header == 0) return "raw IP";
  if (header == 4) {
    to.begin("loopback", 0, header).number("family", family(data)).end(SUM_NONE);
    return `loopback, family ${family(data)}`;
  }
  const isSecond = linkType == COOKED_2;
  const direction: u32 = isSecond ? load<u8>(data, 10) : bswap<u16>(load<u16>(data));
  const hardware: u32 = bswap<u16>(load<u16>(data + (isSecond ? 8 : 2)));
  const size: u32 = isSecond ? load<u8>(data, 11) : bswap<u16>(load<u16>(data, 4));
  const src = size == 6 ? mac(data + (isSecond ? 12 : 6)) : "";
  to.begin("cooked", 0, header).text("direction", directionName(direction)).number("hardwareType", hardware);
  if (src.length > 0) to.text("src", src);
  if (isSecond) to.number("interface", bswap<u32>(load<u32>(data, 4)));
  to.number("type", type).end(SUM_NONE);
  const named = type < ETHERTYPE_MIN ? `protocol ${type}` : typeText(type);
  return `${src.length == 0 ? "" : src + " "}${directionName(direction)}, ${named}`;
}

/** Linux's sll_pkttype. */
function directionName(direction: u32): string {
  if (direction == 0) return "in";
  if (direction == 1) return "broadcast";
  if (direction == 2) return "multicast";
  if (direction == 3) return "other";
  return direction == 4 ? "out" : `direction-${direction}`;
}
