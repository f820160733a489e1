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
import { hex, ipv4, mac } from "./text";

/** By its ports and its magic cookie (RFC 2131 §3). */
export function isDhcp(udp: Udp, size: u32): bool {
  const ports =
    (udp.srcPort == DHCP_CLIENT_PORT || udp.srcPort == DHCP_SERVER_PORT) &&
    (udp.dstPort == DHCP_CLIENT_PORT || udp.dstPort == DHCP_SERVER_PORT);
  return ports && size >= DHCP_OPTIONS && Dhcp.at(changetype<usize>(udp) + UDP).cookie == DHCP_COOKIE;
}

/** `DHCP Offer, xid 0x3903f326, 10.0.2.15 for 08:00:27:00:00:01, server 10.0.2.2, length 300`. */
export function describeDhcp(at: usize, size: u32): string {
  const dhcp = Dhcp.at(at);
  const end = at + size;
  const type = findOption(at, end, OPTION_TYPE, 1);
  const name = type == 0 ? (dhcp.op == 1 ? "Request (BOOTP)" : "Reply (BOOTP)") : typeName(load<u8>(type));
  const whom = mac(at + offsetof<Dhcp>());
  const client = dhcp.yourAddress == 0 ? `from ${whom}` : `${ipv4(dhcp.yourAddress)} for ${whom}`;
  const wanted = addressOption(", wants ", at, end, OPTION_REQUESTED);
  const server = addressOption(", server ", at, end, OPTION_SERVER);
  return `DHCP ${name}, xid 0x${hex(dhcp.xid, 8)}, ${client}${wanted}${server}, length ${size}`;
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

function addressOption(label: string, at: usize, end: usize, option: u32): string {
  const value = findOption(at, end, option, 4);
  return value == 0 ? "" : label + ipv4(bswap<u32>(load<u32>(value)));
}

/** Address of an option's value of exactly `size` bytes, or 0. Overloaded fields (option 52) are not searched. */
function findOption(at: usize, end: usize, wanted: u32, size: u32): usize {
  for (let p = at + DHCP_OPTIONS; p < end;) {
    const option: u32 = load<u8>(p);
    if (option == OPTION_END) return 0;
    if (option == OPTION_PAD) {
      p++;
      continue;
    }
    if (p + 2 > end) return 0;
    const length: u32 = load<u8>(p, 1);
    if (p + 2 + length > end) return 0;
    if (option == wanted && length == size) return p + 2;
    p += 2 + length;
  }
  return 0;
}
