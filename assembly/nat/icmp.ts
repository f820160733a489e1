import { ICMP_CHECKSUM, ICMP_QUOTE, NAT_ICMP, NAT_LOOPBACK, NAT_UNKNOWN, OK } from "../abi";
import { Frame } from "../frames";
import { checksumOf, fold, sumOf } from "../wire/checksum";
import {
  ICMP,
  Icmp,
  ICMP_ECHO,
  ICMP_ECHO_REPLY,
  ICMP_PARAMETER,
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
} from "../wire/icmp";
import { IPV4, Ipv4, IPV4_OFFSET, isLoopback, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";
import { Udp } from "../wire/udp";
import { connectionAt, findInside, findOutside } from "./connections";
import { mappingAt } from "./mapping";
import { isOutsideTaken } from "./ports";
import { aliasFor } from "./record";
import { REFUSED } from "./refusal";
import { rehash, rewriteAddresses, rewritePorts } from "./translate";

/**
 * ICMP errors through a NAT (RFC 5508 §4): whose they are is told by the packet they quote, not by their own addresses, and
 * that packet is shown to the receiver as it had sent it. Errors neither refresh nor end anything (REQ-6, RFC 5382 REQ-10),
 * and may come from any router on the way (RFC 4787 REQ-12a).
 */

/** Least bytes of the quoted packet's transport header (RFC 792). */
const QUOTED: u32 = 8;

/** Whether the error is of a kind that is translated; source quench and redirect concern one hop. */
export function isTranslatedError(type: u32): bool {
  return type == ICMP_UNREACHABLE || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER;
}

/** The quoted packet, or 0 when too little of it is there to tell its endpoints. Its IP options are skipped (REQ-3b). */
function quotedPacket(f: Frame): usize {
  const at = f.data + f.l4 + ICMP;
  const end = f.data + f.end;
  if (at + IPV4 + QUOTED > end) return 0;
  const q = Ipv4.at(at);
  if (q.version != 4 || q.headerLength < IPV4 || (q.fragment & IPV4_OFFSET) != 0) return 0;
  return at + q.headerLength + QUOTED <= end ? at : 0;
}

/**
 * The quoted packet's ports, source << 16 | destination. For an echo message of type `echo` the identifier is on the side of
 * the NAT: source of a request, destination of a reply. NO_PORTS when it is something else.
 */
function quotedPorts(q: Ipv4, echo: u32): u64 {
  const l4 = changetype<usize>(q) + q.headerLength;
  if (q.protocol == PROTOCOL_UDP || q.protocol == PROTOCOL_TCP) {
    return ((<u64>Udp.at(l4).srcPort) << 16) | Udp.at(l4).dstPort;
  }
  if (q.protocol != PROTOCOL_ICMP || Icmp.at(l4).type != echo) return NO_PORTS;
  return echo == ICMP_ECHO ? (<u64>Icmp.at(l4).id) << 16 : Icmp.at(l4).id;
}
const NO_PORTS: u64 = u64.MAX_VALUE;

/** OK, or why the error is not worth translating (REQ-3, 3a); the quoted transport checksum is not looked at (3c). */
function check(f: Frame, q: Ipv4): u32 {
  if (fold(sumOf(f.data + f.l4, f.end - f.l4)) != 0xffff) return ICMP_CHECKSUM;
  return fold(sumOf(changetype<usize>(q), q.headerLength)) == 0xffff ? OK : ICMP_QUOTE;
}

/** Gives the error new addresses, the quoted packet new endpoints, and the message its checksum. */
function rewriteError(f: Frame, src: u32, dst: u32, q: Ipv4, qSrc: u32, qSrcPort: u32, qDst: u32, qDstPort: u32): void {
  const l4 = changetype<usize>(q) + q.headerLength;
  const change = rewriteAddresses(q, qSrc, qDst);
  rewritePorts(l4, q.protocol, <u32>(f.data + f.end - l4), change, qSrcPort, qDstPort);
  rewriteAddresses(Ipv4.at(f.data + f.l3), src, dst);
  const icmp = Icmp.at(f.data + f.l4);
  icmp.checksumBE = 0;
  icmp.checksumBE = checksumOf(sumOf(f.data + f.l4, f.end - f.l4));
  rehash(f);
}

/** `natInbound` for an ICMP error: about a packet that left as the outside node's. */
export function errorInbound(outsideNode: u32, f: Frame): u32 {
  const at = quotedPacket(f);
  if (at == 0) return 0;
  const q = Ipv4.at(at);
  const ports = quotedPorts(q, ICMP_ECHO);
  if (ports == NO_PORTS) return 0;
  const id = findOutside(outsideNode, q.protocol, q.src, <u32>(ports >> 16), q.dst, (<u32>ports) & 0xffff);
  if (id == 0) return 0;

  const fault = check(f, q);
  if (fault != OK) return REFUSED | fault;
  const c = connectionAt(id);
  const m = mappingAt(c.mapping);
  let src = Ipv4.at(f.data + f.l3).src;
  if (src == c.outsideIp) src = c.insideIp;
  if (isLoopback(src)) src = aliasFor(m.nat, src);
  if (src == 0) return REFUSED | NAT_LOOPBACK;
  rewriteError(f, src, m.insideIp, q, m.insideIp, m.insidePort, c.insideIp, c.insidePort);
  return m.nat;
}

/** `natOutbound` for an ICMP error: about a packet that the NAT let in. It leaves from the outside address that was sent to. */
export function errorOutbound(nat: u32, f: Frame): u32 {
  const at = quotedPacket(f);
  if (at == 0) return ICMP_QUOTE;
  const q = Ipv4.at(at);
  const ports = quotedPorts(q, ICMP_ECHO_REPLY);
  if (ports == NO_PORTS) return NAT_ICMP;
  // An error goes to the source of what it is about (RFC 792).
  if (Ipv4.at(f.data + f.l3).dst != q.src) return ICMP_QUOTE;
  const id = findInside(nat, q.protocol, q.dst, (<u32>ports) & 0xffff, q.src, <u32>(ports >> 16));
  if (id == 0) return NAT_UNKNOWN;

  const fault = check(f, q);
  if (fault != OK) return fault;
  const c = connectionAt(id);
  const m = mappingAt(c.mapping);
  rewriteError(f, m.outsideIp, c.outsideIp, q, c.outsideIp, c.outsidePort, m.outsideIp, m.outsidePort);
  return OK;
}

/** Whether an error quotes a packet that left from an endpoint of the outside node that is lent out. */
export function isQuotedLentOut(outsideNode: u32, f: Frame): bool {
  const at = quotedPacket(f);
  if (at == 0) return false;
  const q = Ipv4.at(at);
  const ports = quotedPorts(q, ICMP_ECHO);
  return ports != NO_PORTS && isOutsideTaken(outsideNode, q.protocol, q.src, <u32>(ports >> 16));
}
