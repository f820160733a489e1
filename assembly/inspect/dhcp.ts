import {
  DHCPACK,
  DHCPDISCOVER,
  DHCPNAK,
  DHCPOFFER,
  DHCPREQUEST,
  DHCP_CLIENT_PORT,
  DHCP_COOKIE,
  DHCP_OPTIONS,
  DHCP_SERVER_PORT,
  Dhcp,
  OPTION_END,
  OPTION_PAD,
  OPTION_REQUESTED,
  OPTION_SERVER,
  OPTION_TYPE,
} from "../wire/dhcp";
import { UDP, Udp } from "../wire/udp";
import { Layers, SUM_NONE } from "./layers";
import { hex, ipv4, mac } from "./text";

/** By its ports and its magic cookie (RFC 2131 §3). */
export function isDhcp(udp: Udp, size: u32): bool {
  const ports =
    (udp.srcPort == DHCP_CLIENT_PORT || udp.srcPort == DHCP_SERVER_PORT) &&
    (udp.dstPort == DHCP_CLIENT_PORT || udp.dstPort == DHCP_SERVER_PORT);
  return ports && size >= DHCP_OPTIONS && Dhcp.at(changetype<usize>(udp) + UDP).cookie == DHCP_COOKIE;
}

/** `DHCP Offer, xid 0x3903f326, 10.0.2.15 for 08:00:27:00:00:01, server 10.0.2.2, length 300`. */
export function dissectDhcp(data: usize, offset: u32, size: u32, to: Layers): string {
  const at = data + offset;
  const dhcp = Dhcp.at(at);
  const end = at + size;
  const type = findOption(at, end, OPTION_TYPE, 1);
  const name = type == 0 ? (dhcp.op == 1 ? "Request (BOOTP)" : "Reply (BOOTP)") : typeName(load<u8>(type));
  const whom = mac(at + offsetof<Dhcp>());
  const yours = ipv4(dhcp.yourAddress);
  const client = dhcp.yourAddress == 0 ? `from ${whom}` : `${yours} for ${whom}`;
  const wanted = addressOption(at, end, OPTION_REQUESTED);
  const server = addressOption(at, end, OPTION_SERVER);
  to.begin("dhcp", offset, size).text("message", name).number("op", dhcp.op).number("xid", dhcp.xid);
  to.text("yourAddress", yours).text("clientMac", whom);
  if (wanted.length > 0) to.text("requestedAddress", wanted);
  if (server.length > 0) to.text("server", server);
  if (to.isWanted) to.json("options", optionList(at, end));
  to.end(SUM_NONE);

  const wants = wanted.length == 0 ? "" : ", wants " + wanted;
  const by = server.length == 0 ? "" : ", server " + server;
  return `DHCP ${name}, xid 0x${hex(dhcp.xid, 8)}, ${client}${wants}${by}, length ${size}`;
}

/** RFC 2132 §9.6. */
function typeName(type: u32): string {
  if (type == DHCPDISCOVER) return "Discover";
  if (type == DHCPOFFER) return "Offer";
  if (type == DHCPREQUEST) return "Request";
  if (type == 4) return "Decline";
  if (type == DHCPACK) return "ACK";
  if (type == DHCPNAK) return "NAK";
  if (type == 7) return "Release";
  if (type == 8) return "Inform";
  return `type-${type}`;
}

/** An address in an option, or nothing. */
function addressOption(at: usize, end: usize, option: u32): string {
  const value = findOption(at, end, option, 4);
  return value == 0 ? "" : ipv4(bswap<u32>(load<u32>(value)));
}

/** Address of the option at `p` or after it, or 0 when the list ends or is cut off. Filling is stepped over. */
function optionFrom(p: usize, end: usize): usize {
  while (p < end && load<u8>(p) == OPTION_PAD) p++;
  if (p + 2 > end || load<u8>(p) == OPTION_END) return 0;
  return p + 2 + <usize>load<u8>(p, 1) > end ? 0 : p;
}

function optionEnd(option: usize): usize {
  return option + 2 + <usize>load<u8>(option, 1);
}

/** Address of an option's value of exactly `size` bytes, or 0. Overloaded fields (option 52) are not searched. */
function findOption(at: usize, end: usize, wanted: u32, size: u32): usize {
  for (let p = optionFrom(at + DHCP_OPTIONS, end); p != 0; p = optionFrom(optionEnd(p), end)) {
    if (load<u8>(p) == wanted && load<u8>(p, 1) == size) return p + 2;
  }
  return 0;
}

/** All options with their values in hexadecimal, as JSON. */
function optionList(at: usize, end: usize): string {
  const list: string[] = [];
  for (let p = optionFrom(at + DHCP_OPTIONS, end); p != 0; p = optionFrom(optionEnd(p), end)) {
    let value = "";
    for (let each = p + 2; each < optionEnd(p); each++) value += hex(load<u8>(each), 2);
    list.push(`{"code":${load<u8>(p)},"length":${load<u8>(p, 1)},"value":"${value}"}`);
  }
  return `[${list.join(",")}]`;
}
