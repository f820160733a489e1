import {
  ICMP_TRUNCATED,
  IS_FRAGMENT,
  IS_LATER_FRAGMENT,
  KIND_IPV4,
  KIND_IPV6,
  TCP_HEADER,
  TCP_TRUNCATED,
  UDP_LENGTH,
  UDP_TRUNCATED,
} from "../abi";
import { ICMP, ICMP_ECHO, ICMP_ECHO_REPLY, Icmp } from "../wire/icmp";
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";
import { ICMPV6_ECHO, ICMPV6_ECHO_REPLY, NEXT_NONE } from "../wire/ipv6";
import { TCP, Tcp } from "../wire/tcp";
import { UDP, Udp } from "../wire/udp";
import { Packet } from "./packet";

/** The transport header at `payload`, if there is one. A protocol that is not known has an empty header. */
export function parseTransport(p: Packet, data: usize): bool {
  const protocol: u32 = p.protocol;
  if (p.flags & IS_LATER_FRAGMENT) return true;
  if (protocol == NEXT_NONE && p.kind == KIND_IPV6) return true;
  const at: u32 = p.payload;
  const end: u32 = p.end;
  p.l4 = <u16>at;
  if (protocol == PROTOCOL_TCP) return parseTcp(p, data, at, end);
  if (protocol == PROTOCOL_UDP) return parseUdp(p, data, at, end);
  const icmp = p.kind == KIND_IPV4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
  return protocol != icmp || parseIcmp(p, data, at, end);
}

/** RFC 9293 §3.1. */
function parseTcp(p: Packet, data: usize, at: u32, end: u32): bool {
  if (at + TCP > end) return p.fail(TCP_TRUNCATED);
  const tcp = Tcp.at(data + at);
  p.srcPort = <u16>tcp.srcPort;
  p.dstPort = <u16>tcp.dstPort;
  const header = tcp.headerLength;
  if (header < TCP || at + header > end) return p.fail(TCP_HEADER);
  p.payload = <u16>(at + header);
  return true;
}

/** RFC 768. A datagram may be shorter than its packet, and a first fragment's is longer; a length of zero (a jumbogram's) is refused. */
function parseUdp(p: Packet, data: usize, at: u32, end: u32): bool {
  if (at + UDP > end) return p.fail(UDP_TRUNCATED);
  const udp = Udp.at(data + at);
  p.srcPort = <u16>udp.srcPort;
  p.dstPort = <u16>udp.dstPort;
  const size = udp.length;
  if (size < UDP || (at + size > end && (p.flags & IS_FRAGMENT) == 0)) return p.fail(UDP_LENGTH);
  p.payload = <u16>(at + UDP);
  return true;
}

/** RFC 792 and RFC 4443 §2.1. Every type in use has a header of 8 bytes; the echo types have an identifier. */
function parseIcmp(p: Packet, data: usize, at: u32, end: u32): bool {
  if (at + ICMP > end) return p.fail(ICMP_TRUNCATED);
  const icmp = Icmp.at(data + at);
  p.payload = <u16>(at + ICMP);
  const type: u32 = icmp.type;
  const v4 = p.kind == KIND_IPV4;
  if (type == (v4 ? ICMP_ECHO : ICMPV6_ECHO) || type == (v4 ? ICMP_ECHO_REPLY : ICMPV6_ECHO_REPLY)) {
    p.srcPort = <u16>icmp.id;
    p.dstPort = <u16>icmp.id;
  }
  return true;
}
