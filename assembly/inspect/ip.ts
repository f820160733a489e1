import {
  IPV4_TRUNCATED,
  IPV4_VERSION,
  IPV6_TRUNCATED,
  IPV6_VERSION,
  IS_FRAGMENT,
  KIND_IPV6,
  OK,
  TCP_HEADER,
  TCP_TRUNCATED,
  UDP_LENGTH,
  UDP_TRUNCATED,
} from "../abi";
import { Packet } from "../packet/packet";
import { fold, sumOfHeader } from "../wire/checksum";
import {
  IPV4,
  IPV4_DF,
  IPV4_MF,
  IPV4_OFFSET,
  Ipv4,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from "../wire/ipv4";
import { IPV6, Ipv6 } from "../wire/ipv6";
import { endsIpv4, endsIpv6 } from "./ends";
import { dissectExtensions } from "./extensions";
import { dissectIcmp } from "./icmp";
import { dissectIcmpv6 } from "./icmpv6";
import { Layers, SUM_BAD, SUM_FAULT, SUM_GOOD, SUM_NONE } from "./layers";
import { OPTIONS_IPV4, dissectOptions } from "./options";
import { protocolName } from "./protocol";
import { ipv4, ipv6 } from "./text";
import { addTcp, addUdp, dissectTcp, dissectUdp } from "./transport";

/** `10.0.2.15.5000 > 10.0.2.3.53: …`; a fragment ends in `(frag 7:1480@0+)`: identification, length, offset, more to come. */
export function dissectIpv4(data: usize, p: Packet, to: Layers): string {
  if (p.fault == IPV4_TRUNCATED || p.fault == IPV4_VERSION) return "";
  const ip = Ipv4.at(data + p.l3);
  const src = ipv4(ip.src);
  const dst = ipv4(ip.dst);
  const fragment = ip.fragment;
  const offset = (fragment & IPV4_OFFSET) << 3;
  const more = (fragment & IPV4_MF) != 0;
  const header = max(ip.headerLength, IPV4);
  to.begin("ipv4", p.l3, header).number("tos", ip.tos).number("totalLength", ip.totalLength).number("id", ip.id);
  to.flag("dontFragment", (fragment & IPV4_DF) != 0).flag("moreFragments", more).number("fragmentOffset", offset);
  to.number("ttl", ip.ttl).number("protocol", ip.protocol).number("checksum", bswap<u16>(ip.checksumBE));
  to.text("src", src).text("dst", dst);
  if (header > IPV4) dissectOptions(data + p.l3 + IPV4, data + p.l3 + header, OPTIONS_IPV4, to);
  to.end(headerSum(data + p.l3, ip.headerLength));

  const ends = between(src, dst, p);
  // Nothing after a header with a fault is to be trusted.
  if (p.protocol == 0 && p.fault != OK) return ends + protocolName(ip.protocol);

  const text = ends + dissectTransport(data, p, endsIpv4(data, p), to);
  if ((p.flags & IS_FRAGMENT) == 0) return text;
  return `${text} (frag ${ip.id}:${<u32>p.end - p.l3 - header}@${offset}${more ? "+" : ""})`;
}

function headerSum(at: usize, length: u32): u32 {
  if (length < IPV4) return SUM_FAULT;
  return fold(sumOfHeader(at, length)) == 0xffff ? SUM_GOOD : SUM_BAD;
}

/** The same for IPv6; extension headers are named before what they carry. */
export function dissectIpv6(data: usize, p: Packet, to: Layers): string {
  if (p.fault == IPV6_TRUNCATED || p.fault == IPV6_VERSION) return "";
  const at = data + p.l3;
  const ip = Ipv6.at(at);
  const src = ipv6(at + offsetof<Ipv6>("srcHiBE"));
  const dst = ipv6(at + offsetof<Ipv6>("dstHiBE"));
  to.begin("ipv6", p.l3, IPV6).number("trafficClass", ip.trafficClass).number("flowLabel", ip.flowLabel);
  to.number("payloadLength", ip.payloadLength).number("nextHeader", ip.nextHeader).number("hopLimit", ip.hopLimit);
  to.text("src", src).text("dst", dst).end(SUM_NONE);

  const ends = between(src, dst, p);
  if (p.payload <= p.l3 + IPV6 && p.l4 == 0) return ends + protocolName(ip.nextHeader);
  const addresses = endsIpv6(data, p);
  return ends + dissectExtensions(data, p, addresses, to) + dissectTransport(data, p, addresses, to);
}

/** `a.port > b.port: `, without the ports where there are none. */
function between(src: string, dst: string, p: Packet): string {
  const protocol: u32 = p.protocol;
  const ported = protocol == PROTOCOL_UDP || protocol == PROTOCOL_TCP;
  if (!ported || p.l4 == 0 || p.fault == UDP_TRUNCATED || p.fault == TCP_TRUNCATED) return `${src} > ${dst}: `;
  return `${src}.${p.srcPort} > ${dst}.${p.dstPort}: `;
}

/** `addresses` is the partial sum of both ends, for the pseudo-header; ADDRESSES_UNKNOWN: they cannot be told. */
function dissectTransport(data: usize, p: Packet, addresses: u64, to: Layers): string {
  const protocol: u32 = p.protocol;
  if (p.fault == UDP_LENGTH) addUdp(data, p, SUM_FAULT, to);
  if (p.fault == TCP_HEADER) addTcp(data, p, to).end(SUM_FAULT);
  if (p.fault != OK) return protocolName(protocol);
  if (p.l4 != 0) {
    if (protocol == PROTOCOL_TCP) return dissectTcp(data, p, addresses, to);
    if (protocol == PROTOCOL_UDP) return dissectUdp(data, p, addresses, to);
    if (protocol == PROTOCOL_ICMP && p.kind != KIND_IPV6) return dissectIcmp(data, p, to);
    if (protocol == PROTOCOL_ICMPV6 && p.kind == KIND_IPV6) return dissectIcmpv6(data, p, addresses, to);
  }
  return `${protocolName(protocol)}, length ${p.end - p.payload}`;
}
