import { Packet } from "../packet/packet";
import {
  ICMP,
  ICMP_ECHO,
  ICMP_ECHO_REPLY,
  ICMP_PARAMETER,
  ICMP_REDIRECT,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  Icmp,
  UNREACHABLE_FRAGMENTATION,
  UNREACHABLE_HOST,
  UNREACHABLE_NET,
  UNREACHABLE_PORT,
  UNREACHABLE_PROHIBITED,
  UNREACHABLE_PROTOCOL,
  isIcmpError,
} from "../wire/icmp";
import { Layers, checksumMark } from "./layers";
import { Quoted } from "./quoted";
import { sumState } from "./sums";
import { ipv4 } from "./text";

/** `ICMP echo request, id 1, seq 2, length 64`, or what an error is about. There is no pseudo-header (RFC 792). */
export function dissectIcmp(data: usize, p: Packet, to: Layers): string {
  const at = data + p.l4;
  const icmp = Icmp.at(at);
  const type: u32 = icmp.type;
  const size: u32 = p.end - p.l4;
  const sum = sumState(at, size, p, 0);
  to.begin("icmp", p.l4, ICMP).number("type", type).number("code", icmp.code);
  to.number("checksum", bswap<u16>(icmp.checksumBE));
  if (type == ICMP_ECHO || type == ICMP_ECHO_REPLY || type == 13 || type == 14)
    to.number("id", icmp.id).number("seq", icmp.seq);
  if (type == ICMP_UNREACHABLE && icmp.code == UNREACHABLE_FRAGMENTATION) to.number("mtu", icmp.seq);
  if (type == ICMP_REDIRECT) to.text("gateway", ipv4((icmp.id << 16) | icmp.seq));
  if (type == ICMP_PARAMETER) to.number("pointer", icmp.id >>> 8);
  const quoted = Quoted.ipv4(at + ICMP, isIcmpError(type) ? data + p.end : 0);
  if (quoted.isKnown) to.json("quoted", quoted.toString());
  to.end(sum);
  return `ICMP ${messageText(icmp, quoted)}, length ${size}${checksumMark(sum)}`;
}

function messageText(icmp: Icmp, quoted: Quoted): string {
  const type: u32 = icmp.type;
  if (type == ICMP_ECHO) return `echo request, id ${icmp.id}, seq ${icmp.seq}`;
  if (type == ICMP_ECHO_REPLY) return `echo reply, id ${icmp.id}, seq ${icmp.seq}`;
  if (type == ICMP_UNREACHABLE) return unreachableText(icmp, quoted);
  if (type == 4) return "source quench";
  if (type == ICMP_REDIRECT) return `redirect ${quoted.target} to ${ipv4((icmp.id << 16) | icmp.seq)}`;
  if (type == 9) return "router advertisement";
  if (type == 10) return "router solicitation";
  if (type == ICMP_TIME_EXCEEDED)
    return icmp.code == 1 ? "ip reassembly time exceeded" : `time exceeded in-transit${about(quoted)}`;
  if (type == ICMP_PARAMETER) return `parameter problem - octet ${icmp.id >>> 8}`;
  if (type == 13) return `time stamp query, id ${icmp.id}, seq ${icmp.seq}`;
  if (type == 14) return `time stamp reply, id ${icmp.id}, seq ${icmp.seq}`;
  return `type-${type}`;
}

function unreachableText(icmp: Icmp, quoted: Quoted): string {
  const code: u32 = icmp.code;
  const dst = quoted.target;
  if (code == UNREACHABLE_NET) return `net ${dst} unreachable`;
  if (code == UNREACHABLE_HOST) return `host ${dst} unreachable`;
  if (code == UNREACHABLE_PROTOCOL) return `${dst} protocol ${quoted.isKnown ? quoted.protocol.toString() : "?"} unreachable`;
  if (code == UNREACHABLE_PORT) return `${dst}${quoted.door} unreachable`;
  if (code == UNREACHABLE_FRAGMENTATION) return `${dst} unreachable - need to frag (mtu ${icmp.seq})`;
  if (code == UNREACHABLE_PROHIBITED) return `host ${dst} unreachable - admin prohibited filter`;
  return `${dst} unreachable - code ${code}`;
}

function about(quoted: Quoted): string {
  return quoted.isKnown ? ` for ${quoted.dst}` : "";
}
