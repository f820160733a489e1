import { Packet } from "../packet/packet";
import { ICMP, Icmp } from "../wire/icmp";
import { PROTOCOL_ICMPV6 } from "../wire/ipv4";
import { ICMPV6_ECHO, ICMPV6_ECHO_REPLY } from "../wire/ipv6";
import { Layers, checksumMark } from "./layers";
import { Quoted } from "./quoted";
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
  const quoted = Quoted.ipv6(body, type >= 1 && type <= 4 ? end : 0);
  if (quoted.isKnown) to.json("quoted", quoted.toString());
  to.end(sum);
  return `ICMP6, ${messageText(at, end, quoted)}, length ${size}${checksumMark(sum)}`;
}

function messageText(at: usize, end: usize, quoted: Quoted): string {
  const icmp = Icmp.at(at);
  const type: u32 = icmp.type;
  const body = at + ICMP;
  if (type == ICMPV6_ECHO) return `echo request, id ${icmp.id}, seq ${icmp.seq}`;
  if (type == ICMPV6_ECHO_REPLY) return `echo reply, id ${icmp.id}, seq ${icmp.seq}`;
  if (type == 1) return `destination unreachable, ${unreachableText(icmp.code, quoted)}`;
  if (type == 2) return `packet too big, mtu ${(icmp.id << 16) | icmp.seq}`;
  if (type == 3)
    return `time exceeded ${icmp.code == 1 ? "in reassembly" : "in-transit"} for ${quoted.target}`;
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
function unreachableText(code: u32, quoted: Quoted): string {
  const dst = quoted.target;
  if (code == 0) return `no route to ${dst}`;
  if (code == 1) return `${dst} administratively prohibited`;
  if (code == 3) return `unreachable address ${dst}`;
  if (code == 4) return `unreachable port, ${dst}${quoted.door}`;
  return `${dst}, code ${code}`;
}

function addressText(at: usize, end: usize): string {
  return at + 16 <= end ? ipv6(at) : "?";
}
