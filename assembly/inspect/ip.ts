import {
  IPV4_TRUNCATED,
  IPV4_VERSION,
  IPV6_TRUNCATED,
  IPV6_VERSION,
  IS_FRAGMENT,
  KIND_IPV6,
  OK,
  TCP_TRUNCATED,
  UDP_TRUNCATED,
} from "../abi";
import { Packet } from "../packet/packet";
import { sumOf } from "../wire/checksum";
import { IPV4_MF, IPV4_OFFSET, Ipv4, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";
import { IPV6, Ipv6 } from "../wire/ipv6";
import { describeExtensions, finalDestination, homeAddress } from "./extensions";
import { describeIcmp } from "./icmp";
import { describeIcmpv6 } from "./icmpv6";
import { protocolName } from "./protocol";
import { ipv4, ipv6 } from "./text";
import { describeTcp, describeUdp } from "./transport";

/** `10.0.2.15.5000 > 10.0.2.3.53: …`; a fragment ends in `(frag 7:1480@0+)`: identification, length, offset, more to come. */
export function describeIpv4(data: usize, p: Packet): string {
  if (p.fault == IPV4_TRUNCATED || p.fault == IPV4_VERSION) return "";
  const ip = Ipv4.at(data + p.l3);
  const ends = between(ipv4(ip.src), ipv4(ip.dst), p);
  // Nothing after a header with a fault is to be trusted.
  if (p.protocol == 0 && p.fault != OK) return ends + protocolName(ip.protocol);

  const addresses = sumOf(data + p.l3 + offsetof<Ipv4>() - 8, 8);
  const text = ends + describeTransport(data, p, addresses);
  if ((p.flags & IS_FRAGMENT) == 0) return text;
  const size = <u32>p.end - p.l3 - ip.headerLength;
  const offset = (ip.fragment & IPV4_OFFSET) << 3;
  return `${text} (frag ${ip.id}:${size}@${offset}${ip.fragment & IPV4_MF ? "+" : ""})`;
}

/** The same for IPv6; extension headers are named before what they carry. */
export function describeIpv6(data: usize, p: Packet): string {
  if (p.fault == IPV6_TRUNCATED || p.fault == IPV6_VERSION) return "";
  const at = data + p.l3;
  const ip = Ipv6.at(at);
  const ends = between(ipv6(at + offsetof<Ipv6>("srcHiBE")), ipv6(at + offsetof<Ipv6>("dstHiBE")), p);
  if (p.payload == p.l3 + IPV6 && p.l4 == 0) return ends + protocolName(ip.nextHeader);

  const addresses = sumOf(homeAddress(data, p), 16) + sumOf(finalDestination(data, p), 16);
  return ends + describeExtensions(data, p) + describeTransport(data, p, addresses);
}

/** `a.port > b.port: `, without the ports where there are none. */
function between(src: string, dst: string, p: Packet): string {
  const protocol: u32 = p.protocol;
  const ported = protocol == PROTOCOL_UDP || protocol == PROTOCOL_TCP;
  if (!ported || p.l4 == 0 || p.fault == UDP_TRUNCATED || p.fault == TCP_TRUNCATED) return `${src} > ${dst}: `;
  return `${src}.${p.srcPort} > ${dst}.${p.dstPort}: `;
}

/** `addresses` is their partial sum, for the pseudo-header. */
function describeTransport(data: usize, p: Packet, addresses: u64): string {
  const protocol: u32 = p.protocol;
  if (p.fault != OK) return protocolName(protocol);
  if (p.l4 != 0) {
    if (protocol == PROTOCOL_TCP) return describeTcp(data, p, addresses);
    if (protocol == PROTOCOL_UDP) return describeUdp(data, p, addresses);
    if (protocol == PROTOCOL_ICMP && p.kind != KIND_IPV6) return describeIcmp(data, p);
    if (protocol == PROTOCOL_ICMPV6 && p.kind == KIND_IPV6) return describeIcmpv6(data, p, addresses);
  }
  return `${protocolName(protocol)}, length ${p.end - p.payload}`;
}
