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
import { IPV4, IPV4_OFFSET, Ipv4, PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";
import { Layers, checksumMark } from "./layers";
import { protocolName } from "./protocol";
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
  if (isIcmpError(type)) addQuoted(at + ICMP, data + p.end, to);
  to.end(sum);
  return `ICMP ${messageText(icmp, at + ICMP, data + p.end)}, length ${size}${checksumMark(sum)}`;
}

/** What an error is about, as the field `quoted`. */
function addQuoted(quoted: usize, end: usize, to: Layers): void {
  if (!isQuoted(quoted, end)) return;
  const ip = Ipv4.at(quoted);
  let members = `"src":"${ipv4(ip.src)}","dst":"${ipv4(ip.dst)}","protocol":${ip.protocol}`;
  const ports = quotedPorts(quoted, end);
  if (ports != 0) members += `,"srcPort":${bswap<u16>(load<u16>(ports))},"dstPort":${bswap<u16>(load<u16>(ports, 2))}`;
  to.json("quoted", `{${members}}`);
}

function messageText(icmp: Icmp, quoted: usize, end: usize): string {
  const type: u32 = icmp.type;
  if (type == ICMP_ECHO) return `echo request, id ${icmp.id}, seq ${icmp.seq}`;
  if (type == ICMP_ECHO_REPLY) return `echo reply, id ${icmp.id}, seq ${icmp.seq}`;
  if (type == ICMP_UNREACHABLE) return unreachableText(icmp, quoted, end);
  if (type == 4) return "source quench";
  if (type == ICMP_REDIRECT) return `redirect ${quotedDestination(quoted, end)} to ${ipv4((icmp.id << 16) | icmp.seq)}`;
  if (type == 9) return "router advertisement";
  if (type == 10) return "router solicitation";
  if (type == ICMP_TIME_EXCEEDED)
    return icmp.code == 1 ? "ip reassembly time exceeded" : `time exceeded in-transit${about(quoted, end)}`;
  if (type == ICMP_PARAMETER) return `parameter problem - octet ${icmp.id >>> 8}`;
  if (type == 13) return `time stamp query, id ${icmp.id}, seq ${icmp.seq}`;
  if (type == 14) return `time stamp reply, id ${icmp.id}, seq ${icmp.seq}`;
  return `type-${type}`;
}

function unreachableText(icmp: Icmp, quoted: usize, end: usize): string {
  const code: u32 = icmp.code;
  const dst = quotedDestination(quoted, end);
  if (code == UNREACHABLE_NET) return `net ${dst} unreachable`;
  if (code == UNREACHABLE_HOST) return `host ${dst} unreachable`;
  if (code == UNREACHABLE_PROTOCOL) return `${dst} protocol ${quotedProtocol(quoted, end)} unreachable`;
  if (code == UNREACHABLE_PORT) return `${dst}${quotedPort(quoted, end)} unreachable`;
  if (code == UNREACHABLE_FRAGMENTATION) return `${dst} unreachable - need to frag (mtu ${icmp.seq})`;
  if (code == UNREACHABLE_PROHIBITED) return `host ${dst} unreachable - admin prohibited filter`;
  return `${dst} unreachable - code ${code}`;
}

/** Whether an error quotes as much as an IPv4 header. */
function isQuoted(quoted: usize, end: usize): bool {
  return quoted + IPV4 <= end && Ipv4.at(quoted).version == 4;
}

function quotedDestination(quoted: usize, end: usize): string {
  return isQuoted(quoted, end) ? ipv4(Ipv4.at(quoted).dst) : "?";
}

function quotedProtocol(quoted: usize, end: usize): string {
  return isQuoted(quoted, end) ? Ipv4.at(quoted).protocol.toString() : "?";
}

/** Address of the quoted packet's ports, or 0 when it has none or they are not shown. */
function quotedPorts(quoted: usize, end: usize): usize {
  const ip = Ipv4.at(quoted);
  const at = quoted + ip.headerLength;
  const protocol: u32 = ip.protocol;
  if ((protocol != PROTOCOL_UDP && protocol != PROTOCOL_TCP) || at + 4 > end || ip.fragment & IPV4_OFFSET) return 0;
  return at;
}

/** ` udp port 53`: where the packet wanted to go. */
function quotedPort(quoted: usize, end: usize): string {
  if (!isQuoted(quoted, end)) return "";
  const protocol: u32 = Ipv4.at(quoted).protocol;
  const ports = quotedPorts(quoted, end);
  if (ports == 0) return " " + protocolName(protocol);
  return `${protocol == PROTOCOL_UDP ? " udp" : " tcp"} port ${bswap<u16>(load<u16>(ports, 2))}`;
}

function about(quoted: usize, end: usize): string {
  return isQuoted(quoted, end) ? ` for ${quotedDestination(quoted, end)}` : "";
}
