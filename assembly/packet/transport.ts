import { ICMP_TRUNCATED, KIND_IPV4, KIND_IPV6, TCP_HEADER, TCP_TRUNCATED, UDP_LENGTH, UDP_TRUNCATED } from "../abi";
import { ICMP, ICMP_ECHO, ICMP_ECHO_REPLY, Icmp } from "../wire/icmp";
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";
import { ICMPV6_ECHO, ICMPV6_ECHO_REPLY } from "../wire/ipv6";
import { TCP, Tcp } from "../wire/tcp";
import { UDP, Udp } from "../wire/udp";
import { Packet } from "./packet";

/**
 * The transport header at `at`; the packet ends at `end`. `fragment` is not zero for a first fragment, whose transport length
 * may go beyond it. A protocol that is not known has an empty header.
 */
export function parseTransport(p: Packet, data: usize, at: u32, end: u32, protocol: u32, fragment: u32): bool {
  p.l4 = <u16>at;
  if (protocol == PROTOCOL_TCP) return parseTcp(p, data, at, end);
  if (protocol == PROTOCOL_UDP) return parseUdp(p, data, at, end, fragment);
  if (protocol == PROTOCOL_ICMP && p.kind == KIND_IPV4) return parseIcmp(p, data, at, end, ICMP_ECHO, ICMP_ECHO_REPLY);
  if (protocol == PROTOCOL_ICMPV6 && p.kind == KIND_IPV6)
    return parseIcmp(p, data, at, end, ICMPV6_ECHO, ICMPV6_ECHO_REPLY);
  return true;
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

/** RFC 768. A datagram may be shorter than its packet; a length of zero (a jumbogram's) is refused. */
function parseUdp(p: Packet, data: usize, at: u32, end: u32, fragment: u32): bool {
  if (at + UDP > end) return p.fail(UDP_TRUNCATED);
  const udp = Udp.at(data + at);
  p.srcPort = <u16>udp.srcPort;
  p.dstPort = <u16>udp.dstPort;
  const size = udp.length;
  if (size < UDP || (at + size > end && fragment == 0)) return p.fail(UDP_LENGTH);
  p.payload = <u16>(at + UDP);
  return true;
}

/** RFC 792 and RFC 4443 §2.1. Every type in use has a header of 8 bytes; the echo types have an identifier. */
function parseIcmp(p: Packet, data: usize, at: u32, end: u32, echo: u32, reply: u32): bool {
  if (at + ICMP > end) return p.fail(ICMP_TRUNCATED);
  const icmp = Icmp.at(data + at);
  p.payload = <u16>(at + ICMP);
  const type: u32 = icmp.type;
  if (type == echo || type == reply) {
    p.srcPort = <u16>icmp.id;
    p.dstPort = <u16>icmp.id;
  }
  return true;
}
