import { Packet } from "../packet/packet";
import { ICMP, Icmp } from "../wire/icmp";
import { PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";
import { ICMPV6_ECHO, ICMPV6_ECHO_REPLY, IPV6, Ipv6 } from "../wire/ipv6";
import { Layers, checksumMark } from "./layers";
import { protocolName } from "./protocol";
import { pseudoSum, sumState } from "./sums";
import { ipv6 } from "./text";

/** `ICMP6, echo request, id 1, seq 2, length 64`, `ICMP6, neighbor solicitation, who has fe80::1, length 32` and so on. */
export function dissectIcmpv6(data: usize, p: Packet, addresses: u64, to: Layers): string {
  const at = data + p.l4;
  const icmp = Icmp.at(at);
  const type: u32 = icmp.type;
  const size: u32 = p.end - p.l4;
  const sum = sumState(at, size, p, pseudoSum(addresses, PROTOCOL_ICMPV6, size));
  const word = (icmp.id << 16) | icmp.seq;
  const body = at + ICMP;
  const end = data + p.end;
  to.begin("icmpv6", p.l4, ICMP).number("type", type).number("code", icmp.code);
  to.number("checksum", bswap<u16>(icmp.checksumBE));
  if (type == ICMPV6_ECHO || type == ICMPV6_ECHO_REPLY) to.number("id", icmp.id).number("seq", icmp.seq);
  if (type == 2) to.number("mtu", word);
  if (type == 4) to.number("pointer", word);
  if (((type >= 130 && type <= 132) || (type >= 135 && type <= 137)) && body + 16 <= end) to.text("target", ipv6(body));
  if (type == 137 && body + 32 <= end) to.text("dst", ipv6(body + 16));
  if (type >= 1 && type <= 4) addQuoted(body, end, to);
  to.end(sum);
  return `ICMP6, ${messageText(at, end)}, length ${size}${checksumMark(sum)}`;
}

/** What an error is about, as the field `quoted`. */
function addQuoted(quoted: usize, end: usize, to: Layers): void {
  if (quoted + IPV6 > end) return;
  const src = ipv6(quoted + offsetof<Ipv6>("srcHiBE"));
  let members = `"src":"${src}","dst":"${quotedDestination(quoted, end)}","protocol":${Ipv6.at(quoted).nextHeader}`;
  const ports = quotedPorts(quoted, end);
  if (ports != 0) members += `,"srcPort":${bswap<u16>(load<u16>(ports))},"dstPort":${bswap<u16>(load<u16>(ports, 2))}`;
  to.json("quoted", `{${members}}`);
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

/** Address of the quoted packet's ports, or 0; those behind extension headers are not looked for. */
function quotedPorts(quoted: usize, end: usize): usize {
  if (quoted + IPV6 + 4 > end) return 0;
  const protocol: u32 = Ipv6.at(quoted).nextHeader;
  return protocol == PROTOCOL_UDP || protocol == PROTOCOL_TCP ? quoted + IPV6 : 0;
}

/** ` udp port 53`, or the protocol of a quoted packet without ports. */
function quotedPort(quoted: usize, end: usize): string {
  if (quoted + IPV6 + 4 > end) return "";
  const protocol: u32 = Ipv6.at(quoted).nextHeader;
  const ports = quotedPorts(quoted, end);
  if (ports == 0) return " " + protocolName(protocol);
  return `${protocol == PROTOCOL_UDP ? " udp" : " tcp"} port ${bswap<u16>(load<u16>(ports, 2))}`;
}
