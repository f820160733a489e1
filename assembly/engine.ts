import {
  ARP_FORMAT,
  CABLE_OFF,
  DHCP_OFF,
  ETHERTYPE,
  EVENT_DELIVER,
  FRAGMENT,
  IPV4_DESTINATION,
  IPV4_SOURCE,
  IPV6_OFF,
  IS_FRAGMENT,
  KIND_ARP,
  KIND_IPV4,
  KIND_IPV6,
  KIND_UNPARSED,
  NAT_LOOPBACK,
  NODE_FORWARDS,
  NOT_FORWARDING,
  NOT_MINE,
  OK,
  PORT_GONE,
  PROTOCOL,
  ROLE_EXTERNAL,
  ROLE_INTERFACE,
  ROLE_SINK,
  TRACE_ARP,
  TRACE_DELIVERED,
  TRACE_DEVICE,
  TRACE_FORWARD,
  TRACE_LOCAL,
  VLAN,
} from "./abi";
import { enter, forward, isHairpin, leaveForLoopback, turnBack } from "./border";
import { Frame, consume, countDelivered, drop, emitEvent, frameAt, makeVisible, retain } from "./frames";
import { sendIcmpError } from "./ip/icmp-error";
import { answerArp, hearNeighbor } from "./ip/neighbor";
import { Interface, interfaceAt, isOwn, nodeAt } from "./ip/node";
import { boundTo } from "./ip/ports";
import { control } from "./memory";
import {
  aheadInside,
  aheadOutside,
  aliasOf,
  answeredLoopback,
  isAheadWorthwhile,
  isAlias,
  isQuiet,
  lookAhead,
} from "./nat/nat";
import { parse } from "./parser";
import { portAt } from "./port";
import { receiveDhcp } from "./stack/dhcp-client";
import { receiveIcmp } from "./stack/icmp";
import { receiveTcp } from "./stack/tcp/receive";
import { receiveUdp } from "./stack/udp";
import { receive, relay } from "./switch";
import { trace, tracePacket } from "./trace";
import { dropAt, isCaptured, record } from "./time/wires";
import { ARP, ARP_REQUEST, Arp } from "./wire/arp";
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT } from "./wire/dhcp";
import { ETHERNET, ETHERTYPE_ARP, Ethernet, TAG, TAG_VID, Tag, isGroup, isTag } from "./wire/ethernet";
import { ICMP_UNREACHABLE, UNREACHABLE_PROTOCOL } from "./wire/icmp";
import { IPV4_BROADCAST, Ipv4, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP, isLoopback, isMulticast } from "./wire/ipv4";

/**
 * The walk of a frame, top to bottom.
 *
 * A frame is at one of two places when it is looked at: at the switch end of a wire, where it came from a device, or at the
 * device end, where it came from a switch. Between the two it is a flight (time/wires.ts). Nothing here loops: every way ends
 * in a wire, in an event for TypeScript, or in a drop with a reason.
 */

/** The short way across a switch, for frames that nothing is special about. */
export { relay };

/** A frame arrives at the switch from the device at `port`, having crossed `hops` switches. */
export function arriveAtSwitch(port: u32, frame: u32, hops: u32): void {
  if (portAt(port).role == 0) return drop(frame, PORT_GONE);
  control().hops = hops;
  control().mark = frameAt(frame).mark;
  if (!isCaptured(port)) return receive(port, frame);
  const held = beginRecord(frame);
  receive(port, frame);
  endRecord(port, held, false);
}

/** A frame arrives at the device at `port` from the switch. */
export function arriveAtDevice(port: u32, frame: u32): void {
  control().mark = frameAt(frame).mark;
  const p = portAt(port);
  if (p.role == 0) return drop(frame, PORT_GONE);
  if (!p.cable) return dropAt(port, frame, CABLE_OFF);
  if (!isCaptured(port)) return toDevice(port, frame);
  const held = beginRecord(frame);
  toDevice(port, frame);
  endRecord(port, held, true);
}

function toDevice(port: u32, frame: u32): void {
  const p = portAt(port);
  trace(frame, TRACE_DEVICE, port, 0, 0, 0, 0);
  if (p.role == ROLE_EXTERNAL) return deliver(port, frame);
  if (p.role == ROLE_SINK) return swallow(port, frame);
  if (p.role == ROLE_INTERFACE) return receiveFrame(p.device, frame);
  drop(frame, PORT_GONE);
}

/** Out of the lab: TypeScript reads it from the event ring. */
function deliver(port: u32, frame: u32): void {
  const f = frameAt(frame);
  const e = emitEvent(EVENT_DELIVER, port);
  e.frame = frame;
  e.offset = <u32>f.data;
  e.length = f.length;
  makeVisible();
  traceDelivery(port, frame);
  countDelivered();
}

/** Whom an ARP request asks for is told too: the guest may be the one. */
function traceDelivery(port: u32, frame: u32): void {
  if (control().mark == 0) return;
  const f = frameAt(frame);
  const arp = Arp.at(f.data + ETHERNET);
  const isArp = f.length >= ETHERNET + ARP && Ethernet.at(f.data).type == ETHERTYPE_ARP;
  const asks = isArp && arp.opcode == ARP_REQUEST;
  trace(frame, TRACE_DELIVERED, port, asks ? 1 : 0, asks ? arp.targetIp : 0, 0, 0);
}

/** A sink counts, folds the first 56 bytes and the length into its digest, and is done. The order of frames does not matter. */
function swallow(port: u32, frame: u32): void {
  const f = frameAt(frame);
  const p = portAt(port);
  const at = f.data;
  let h: u64 = f.length;
  for (let i: u32 = 0; i < 56; i += 8) h = (h ^ load<u64>(at + i)) * 0x9e3779b97f4a7c15;
  p.digest += h ^ (h >> 32);
  consume(frame);
}

// A capture shows a frame as it came, with what became of it: it is held while it is walked, and who rewrites it copies first.
function beginRecord(frame: u32): u32 {
  retain(frame);
  const c = control();
  c.walking = frame;
  c.verdict = OK;
  return frame;
}

function endRecord(port: u32, held: u32, towardsDevice: bool): void {
  const c = control();
  const verdict = c.verdict;
  c.walking = 0;
  c.verdict = OK;
  record(port, held, towardsDevice, verdict);
}

/**
 * Under what a NAT would find the connection of a packet that arrives at the device of `port`; 0: no NAT's, as far as can be told at
 * a glance. Nothing depends on it but what is loaded ahead of time.
 */
export function natHash(port: u32, frame: u32): u64 {
  const p = portAt(port);
  if (p.role != ROLE_INTERFACE) return 0;
  const id = interfaceAt(p.device).node;
  const node = nodeAt(id);
  if ((node.nat | node.outsideOf) == 0) return 0;
  const f = frameAt(frame);
  if (f.kind == KIND_UNPARSED) parse(frame);
  if (f.kind != KIND_IPV4 || f.fault != OK) return 0;
  if (!isOwn(id, Ipv4.at(f.data + f.l3).dst)) return node.nat == 0 ? 0 : aheadInside(node.nat, f);
  return node.outsideOf == 0 ? 0 : aheadOutside(id, f);
}
export { isAheadWorthwhile, lookAhead };

// ─── An interface ──────────────────────────────────────────────────────────────────────────────────────────────────

/** A frame that reached interface `id`. */
function receiveFrame(id: u32, frame: u32): void {
  const i = interfaceAt(id);
  const f = frameAt(frame);
  const dst = Ethernet.at(f.data).dst;
  if (dst != i.mac && !isGroup(dst)) return drop(frame, NOT_MINE);
  // A switch asks for no more than the MACs: only now somebody looks inside.
  if (f.kind == KIND_UNPARSED) parse(frame);
  if (f.vlan != 0xffff && isInVlan(f)) return drop(frame, VLAN);
  if (f.fault != OK) return drop(frame, f.fault);
  if (f.kind == KIND_ARP) return receiveArp(id, i, frame);
  if (f.kind == KIND_IPV4) return receiveIpv4(id, i, frame);
  if (f.kind == KIND_IPV6) return drop(frame, IPV6_OFF);
  drop(frame, ETHERTYPE);
}

/** A priority tag (VLAN 0) is no VLAN; any other, outer or inner, is not a station's (IEEE 802.1Q-2018 §9.6). */
function isInVlan(f: Frame): bool {
  if ((f.vlan & TAG_VID) != 0) return true;
  const inner = Tag.at(f.data + ETHERNET);
  return isTag(inner.type) && (Tag.at(f.data + ETHERNET + TAG).control & TAG_VID) != 0;
}

/** RFC 826: what is known is updated first; who is asked for answers, and remembers who asked. */
function receiveArp(id: u32, i: Interface, frame: u32): void {
  const f = frameAt(frame);
  const arp = Arp.at(f.data + f.l3);
  const senderMac = arp.senderMac;
  const senderIp = arp.senderIp;
  if (!mayBeStation(i, senderIp)) return drop(frame, ARP_FORMAT);
  const isForMe = i.address != 0 && answersFor(i, arp.targetIp);
  // Nobody has such a MAC; who believed it would send into nothing, or to everybody (RFC 1812 §3.3.2).
  if (senderMac == 0 || isGroup(senderMac)) return drop(frame, ARP_FORMAT);
  // A probe (sender 0.0.0.0) says nothing about anybody (RFC 5227 §2.1.1).
  if (senderIp != 0) hearNeighbor(id, senderIp, senderMac, isForMe && i.isOnLink(senderIp));
  const opcode = arp.opcode;
  const targetIp = arp.targetIp;
  trace(frame, TRACE_ARP, id, opcode, senderIp, targetIp, u32(isForMe));
  consume(frame);
  if (opcode == ARP_REQUEST && isForMe && senderIp != targetIp) answerArp(id, targetIp, senderMac, senderIp);
}

/** Whether an address may be a station's, or that of a probe (0.0.0.0): no group, no broadcast, no loopback (RFC 1122 §3.2.1.3). */
function mayBeStation(i: Interface, ip: u32): bool {
  return ip >>> 28 < 14 && !isLoopback(ip) && !i.isBroadcast(ip);
}

/** Its own address, and those that a NAT keeps for loopback addresses of the host. */
function answersFor(i: Interface, ip: u32): bool {
  if (ip == i.address) return true;
  const nat = nodeAt(i.node).nat;
  return nat != 0 && isAlias(nat, ip);
}

// ─── The internet layer ────────────────────────────────────────────────────────────────────────────────────────────

/** RFC 1122 §3.2.1 for a host, RFC 1812 §5.2 for a router. */
function receiveIpv4(id: u32, i: Interface, frame: u32): void {
  const f = frameAt(frame);
  const ip = Ipv4.at(f.data + f.l3);
  const dst = ip.dst;
  if (isLoopback(ip.src) || isMulticast(ip.src) || ip.src >>> 28 == 15) return drop(frame, IPV4_SOURCE);
  if (isForDhcp(i, frame)) return receiveDhcp(id, frame);
  if (i.address == 0) return drop(frame, IPV4_DESTINATION);
  // "This network" and "everybody" are no senders: an answer would go to all (RFC 1122 §3.2.1.3). Only a DHCP client may ask so.
  if (i.isBroadcast(ip.src) || (ip.src >>> 24 == 0 && f.dstPort != DHCP_SERVER_PORT)) return drop(frame, IPV4_SOURCE);
  if (isMulticast(dst) || isLoopback(dst)) return drop(frame, IPV4_DESTINATION);
  if (i.isBroadcast(dst)) return receiveLocal(i.node, id, frame, false);
  // A unicast packet in a group frame is nobody's (RFC 1122 §3.3.6).
  if (isGroup(Ethernet.at(f.data).dst)) return drop(frame, IPV4_DESTINATION);

  const node = nodeAt(i.node);
  if (isOwn(i.node, dst)) {
    if (isHairpin(id, frame)) return turnBack(id, frame);
    const own = node.outsideOf != 0 ? enter(i.node, frame) : frame;
    if (own != 0) receiveOwn(id, i, own);
    return;
  }
  if ((node.flags & NODE_FORWARDS) == 0) return drop(frame, NOT_FORWARDING);
  tracePacket(frame, TRACE_FORWARD, i.node);
  forward(id, frame);
}

/** The client hears a server before it has an address, by whichever the server means to give it (RFC 2131 §4.1). */
function isForDhcp(i: Interface, frame: u32): bool {
  const f = frameAt(frame);
  if (i.dhcpState == DHCP_OFF || f.protocol != PROTOCOL_UDP || (f.flags & IS_FRAGMENT) != 0) return false;
  if (f.dstPort != DHCP_CLIENT_PORT || f.srcPort != DHCP_SERVER_PORT) return false;
  const dst = Ipv4.at(f.data + f.l3).dst;
  return dst == IPV4_BROADCAST || dst == i.address || (i.address == 0 && !isMulticast(dst) && !isLoopback(dst));
}

/** For an address of this very node. A NAT gateway has little to say for itself. */
function receiveOwn(id: u32, i: Interface, frame: u32): void {
  const nat = nodeAt(i.node).nat;
  if (nat == 0) return receiveLocal(i.node, id, frame, true);
  const f = frameAt(frame);
  const dst = Ipv4.at(f.data + f.l3).dst;
  const isService = f.protocol == PROTOCOL_UDP && boundTo(i.node, PROTOCOL_UDP, dst, f.dstPort) != 0;
  if (isService) return receiveLocal(i.node, id, frame, true);
  const loopback = aliasOf(nat, dst);
  if (loopback != 0 && f.protocol != PROTOCOL_ICMP) return leaveForLoopback(id, nat, loopback, frame);
  const answered = loopback == 0 ? answeredLoopback(nat, frame) : 0;
  if (answered != 0) return leaveForLoopback(id, nat, answered, frame);
  if (loopback == 0 && isQuiet(nat)) return drop(frame, NAT_LOOPBACK);
  receiveLocal(i.node, id, frame, true);
}

/** A packet that a node sent to itself. */
export function arriveAtSelf(node: u32, frame: u32): void {
  if (nodeAt(node).live == 0) return drop(frame, PORT_GONE);
  control().mark = frameAt(frame).mark;
  if (frameAt(frame).kind == KIND_UNPARSED) parse(frame);
  const own = nodeAt(node).outsideOf != 0 ? enter(node, frame) : frame;
  if (own != 0) receiveLocal(node, 0, own, true);
}

/** A packet for `node` itself, in by interface `id` (0: from itself). */
function receiveLocal(node: u32, id: u32, frame: u32, isUnicast: bool): void {
  const f = frameAt(frame);
  tracePacket(frame, TRACE_LOCAL, node);
  if ((f.flags & IS_FRAGMENT) != 0) return drop(frame, FRAGMENT);
  if (f.protocol == PROTOCOL_ICMP) return receiveIcmp(node, frame, isUnicast);
  if (f.protocol == PROTOCOL_UDP) return receiveUdp(node, id, frame, isUnicast);
  if (f.protocol == PROTOCOL_TCP && isUnicast) return receiveTcp(node, frame);
  if (isUnicast) sendIcmpError(node, frame, ICMP_UNREACHABLE, UNREACHABLE_PROTOCOL, 0);
  drop(frame, PROTOCOL);
}
