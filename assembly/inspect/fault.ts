import {
  ARP_FORMAT,
  ARP_TRUNCATED,
  ICMP_TRUNCATED,
  IPV4_CHECKSUM,
  IPV4_HEADER,
  IPV4_LENGTH,
  IPV4_TRUNCATED,
  IPV4_VERSION,
  IPV6_EXTENSION,
  IPV6_LENGTH,
  IPV6_TRUNCATED,
  IPV6_VERSION,
  LLC_LENGTH,
  OK,
  TCP_HEADER,
  TCP_TRUNCATED,
  UDP_LENGTH,
  UDP_TRUNCATED,
  VLAN,
  VLAN_TRUNCATED,
} from "../abi";

/** The mark at the line's end for a fault the parser found: the name under which a station would drop the frame. */
export function faultMark(fault: u32): string {
  if (fault == OK) return "";
  if (fault == IPV4_CHECKSUM) return " (bad cksum)";
  return " (" + faultName(fault) + ")";
}

/** Name of the reason; empty: there is no fault. */
export function faultName(fault: u32): string {
  if (fault == OK) return "";
  if (fault == IPV4_CHECKSUM) return "IPV4_CHECKSUM";
  if (fault == VLAN) return "VLAN";
  if (fault == VLAN_TRUNCATED) return "VLAN_TRUNCATED";
  if (fault == LLC_LENGTH) return "LLC_LENGTH";
  if (fault == ARP_TRUNCATED) return "ARP_TRUNCATED";
  if (fault == ARP_FORMAT) return "ARP_FORMAT";
  if (fault == IPV4_TRUNCATED) return "IPV4_TRUNCATED";
  if (fault == IPV4_VERSION) return "IPV4_VERSION";
  if (fault == IPV4_HEADER) return "IPV4_HEADER";
  if (fault == IPV4_LENGTH) return "IPV4_LENGTH";
  if (fault == IPV6_TRUNCATED) return "IPV6_TRUNCATED";
  if (fault == IPV6_VERSION) return "IPV6_VERSION";
  if (fault == IPV6_LENGTH) return "IPV6_LENGTH";
  if (fault == IPV6_EXTENSION) return "IPV6_EXTENSION";
  if (fault == ICMP_TRUNCATED) return "ICMP_TRUNCATED";
  if (fault == UDP_TRUNCATED) return "UDP_TRUNCATED";
  if (fault == UDP_LENGTH) return "UDP_LENGTH";
  if (fault == TCP_TRUNCATED) return "TCP_TRUNCATED";
  if (fault == TCP_HEADER) return "TCP_HEADER";
  return "fault " + fault.toString();
}
