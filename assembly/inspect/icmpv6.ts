import { Packet } from "../packet/packet";
import { ICMP, Icmp } from "../wire/icmp";
import { PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";
import { ICMPV6_ECHO, ICMPV6_ECHO_REPLY, IPV6, Ipv6 } from "../wire/ipv6";
import { protocolName } from "./protocol";
import { ipv6 } from "./text";
import { checksumMark, pseudoSum } from "./transport";

/** `ICMP6, echo request, id 1, seq 2, length 64`, `ICMP6, neighbor solicitation, who has fe80::1, length 32` and so on. */
export function describeIcmpv6(data: usize, p: Packet, addresses: u64): string {
  const at = data + p.l4;
  const size: u32 = p.end - p.l4;
  const bad = checksumMark(at, size, p, pseudoSum(addresses, PROTOCOL_ICMPV6, size));
  return `ICMP6, ${messageText(at, data + p.end)}, length ${size}${bad}`;
}

function messageText(at: usize, end: usize): string {
  const icmp = Icmp.at(at);
  const type: u32 = icmp.type;
  const body = at + ICMP;
  if (type == ICMPV6_ECHO) return `echo request, id ${icmp.id}, seq ${icmp.seq}`;
  if (type == ICMPV6_ECHO_REPLY) return `echo reply, id ${icmp.id}, seq ${icmp.seq}`;
  if (type == 1) return `destination unreachable, ${unreachableText(icmp.code, body, end)}`;
  if (type == 2) return `packet too big, mtu ${(icmp.id << 16) | icmp.seq}`;
  if (type == 3)
    return `time exceeded ${icmp.code == 1 ? "in reassembly" : "in-transit"} for ${quotedDestination(body, end)}`;
  if (type == 4) return `parameter problem, code ${icmp.code}, octet ${(icmp.id << 16) | icmp.seq}`;
  if (type == 130) return `multicast listener query ${addressText(body, end)}`;
  if (type == 131) return `multicast listener report ${addressText(body, end)}`;
  if (type == 132) return `multicast listener done ${addressText(body, end)}`;
  if (type == 133) return "router solicitation";
  if (type == 134) return `router advertisement, hop limit ${icmp.id >>> 8}, lifetime ${icmp.seq}s`;
  if (type == 135) return `neighbor solicitation, who has ${addressText(body, end)}`;
  if (type == 136) return `neighbor advertisement, tgt is ${addressText(body, end)}`;
  if (type == 137) return `redirect, ${addressText(body + 16, end)} to ${addressText(body, end)}`;
  if (type == 143) return `multicast listener report v2, ${icmp.seq} group record(s)`;
  return `type-${type}`;
}

/** RFC 4443 §3.1. */
function unreachableText(code: u32, quoted: usize, end: usize): string {
  const dst = quotedDestination(quoted, end);
  if (code == 0) return `no route to ${dst}`;
  if (code == 1) return `${dst} administratively prohibited`;
  if (code == 3) return `unreachable address ${dst}`;
  if (code == 4) return `unreachable port, ${dst}${quotedPort(quoted, end)}`;
  return `${dst}, code ${code}`;
}

function addressText(at: usize, end: usize): string {
  return at + 16 <= end ? ipv6(at) : "?";
}

/** Destination of the packet that an error quotes. */
function quotedDestination(quoted: usize, end: usize): string {
  return quoted + IPV6 <= end ? ipv6(quoted + offsetof<Ipv6>("dstHiBE")) : "?";
}

/** ` udp port 53`, where the quoted packet has no extension headers. */
function quotedPort(quoted: usize, end: usize): string {
  if (quoted + IPV6 + 4 > end) return "";
  const protocol: u32 = Ipv6.at(quoted).nextHeader;
  if (protocol != PROTOCOL_UDP && protocol != PROTOCOL_TCP) return " " + protocolName(protocol);
  return `${protocol == PROTOCOL_UDP ? " udp" : " tcp"} port ${bswap<u16>(load<u16>(quoted + IPV6, 2))}`;
}
