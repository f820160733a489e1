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
  OPTION_REQUESTED,
  OPTION_SERVER,
  OPTION_TYPE,
} from "../wire/dhcp";
import { UDP, Udp } from "../wire/udp";
import { DhcpOptions } from "./dhcp-options";
import { Layers, SUM_NONE, malformedMark } from "./layers";
import { hex, ipv4 } from "./text";

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
  const options = new DhcpOptions(at, at + size);
  const type = options.value(OPTION_TYPE, 1);
  const name = type == 0 ? (dhcp.op == 1 ? "Request (BOOTP)" : "Reply (BOOTP)") : typeName(load<u8>(type));
  const whom = hardwareAddress(at + offsetof<Dhcp>(), dhcp.hardwareLength);
  const has = dhcp.clientAddress;
  const yours = dhcp.yourAddress;
  const relay = dhcp.relayAddress;
  const wanted = addressIn(options.value(OPTION_REQUESTED, 4));
  const server = addressIn(options.value(OPTION_SERVER, 4));
  const malformed = dhcp.hardwareLength > CHADDR ? `a hardware address of ${dhcp.hardwareLength} bytes` : options.malformed;
  to.begin("dhcp", offset, size).text("message", name).number("op", dhcp.op).number("xid", dhcp.xid);
  to.number("hardwareType", dhcp.hardware).number("hardwareLength", dhcp.hardwareLength);
  if (has != 0) to.text("clientAddress", ipv4(has));
  to.text("yourAddress", ipv4(yours));
  if (relay != 0) to.text("relay", ipv4(relay));
  if (dhcp.hardwareLength == 6) to.text("clientMac", whom);
  if (wanted.length > 0) to.text("requestedAddress", wanted);
  if (server.length > 0) to.text("server", server);
  if (malformed.length > 0) to.text("malformed", malformed);
  if (to.isWanted) to.json("options", options.toString());
  to.end(SUM_NONE);

  const client = yours == 0 ? `from ${whom}` : `${ipv4(yours)} for ${whom}`;
  const place = has == 0 ? "" : " at " + ipv4(has);
  const wants = wanted.length == 0 ? "" : ", wants " + wanted;
  const by = server.length == 0 ? "" : ", server " + server;
  const through = relay == 0 ? "" : ", relay " + ipv4(relay);
  return `DHCP ${name}, xid 0x${hex(dhcp.xid, 8)}, ${client}${place}${wants}${by}${through}, length ${size}${malformedMark(malformed)}`;
}

/** Bytes of the field for the hardware address. */
const CHADDR: u32 = 16;

/** A hardware address of `length` bytes: with colons, or how long it claims to be. */
function hardwareAddress(at: usize, length: u32): string {
  if (length == 0 || length > CHADDR) return `a station with ${length == 0 ? "no" : "a bad"} hardware address`;
  let text = hex(load<u8>(at), 2);
  for (let i: u32 = 1; i < length; i++) text += ":" + hex(load<u8>(at + i), 2);
  return text;
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

/** An address in an option's value, or nothing. */
function addressIn(value: usize): string {
  return value == 0 ? "" : ipv4(bswap<u32>(load<u32>(value)));
}
