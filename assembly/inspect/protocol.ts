/** Name of an IP protocol or IPv6 next header (IANA). */
export function protocolName(protocol: u32): string {
  if (protocol == 0) return "HBH";
  if (protocol == 1) return "ICMP";
  if (protocol == 2) return "IGMP";
  if (protocol == 4) return "IP-in-IP";
  if (protocol == 6) return "TCP";
  if (protocol == 17) return "UDP";
  if (protocol == 41) return "IPv6-in-IP";
  if (protocol == 43) return "RT";
  if (protocol == 44) return "frag";
  if (protocol == 47) return "GRE";
  if (protocol == 50) return "ESP";
  if (protocol == 51) return "AH";
  if (protocol == 58) return "ICMP6";
  if (protocol == 59) return "no next header";
  if (protocol == 60) return "DSTOPT";
  if (protocol == 89) return "OSPF";
  if (protocol == 103) return "PIM";
  if (protocol == 112) return "VRRP";
  if (protocol == 132) return "SCTP";
  if (protocol == 135) return "MH";
  return "ip-proto-" + protocol.toString();
}
