import {
  IS_FRAGMENT,
  NAT_FULL,
  NAT_INSIDE,
  NAT_PORTS,
  NAT_SOURCE,
  NAT_UNKNOWN,
  NO_ADDRESS,
  NO_FRAME,
  OK,
  TRACE_NAT_IN,
  TRACE_NAT_LOOKUP,
  TRACE_NAT_NONE,
  TRACE_NAT_OUT,
  TTL_EXPIRED,
} from "./abi";
import { drop, frameAt, own } from "./frames";
import { carry, mayForward, mayLeave } from "./gateway";
import { sendIcmpError } from "./ip/icmp-error";
import { interfaceAt, nodeAt } from "./ip/node";
import { countHop, sendBy, sendPacket } from "./ip/send";
import { OWN, interfaceOf, sourceBy, wayTo } from "./ip/way";
import {
  aliasOf,
  insideNodeOf,
  isAlias,
  isLentOut,
  natInbound,
  natOutbound,
  outsideInterfaceOf,
  outsideNodeOf,
} from "./nat/nat";
import { trace, tracePacket } from "./trace";
import { ICMP_TIME_EXCEEDED, ICMP_UNREACHABLE, UNREACHABLE_PROHIBITED } from "./wire/icmp";
import { Ipv4 } from "./wire/ipv4";

/**
 * The border: where a router's inside meets its outside.
 *
 * A router with a NAT has its outside on one of its own interfaces. The gateway of a VirtualBox NAT has only an inside; its
 * outside are the addresses of the host it runs on, whose routes its packets take once they are translated.
 */

/** A packet that came in by interface `id` of a router and is not for the router itself. Takes the frame over. */
export function forward(id: u32, frame: u32): void {
  const ingress = interfaceAt(id);
  const node = ingress.node;
  const nat = nodeAt(node).nat;
  if (nat == 0) return carryPlain(node, wayTo(node, destinationOf(frame)), frame);
  if (outsideNodeOf(nat) != node) return leaveByHost(node, nat, id, frame);

  const outside = outsideInterfaceOf(nat);
  // Nothing from outside goes in but through the table: an inside address is nobody's out there.
  if (id == outside) return drop(frame, NAT_UNKNOWN);
  const way = wayTo(node, destinationOf(frame));
  if (interfaceOf(way) != outside) return carryPlain(node, way, frame);
  leaveByRouter(id, nat, way, frame);
}

function destinationOf(frame: u32): u32 {
  const f = frameAt(frame);
  return Ipv4.at(f.data + f.l3).dst;
}

function carryPlain(node: u32, way: u64, frame: u32): void {
  let reason = mayForward(node, frame);
  if (reason == OK) reason = mayLeave(node, way, frame);
  if (reason != OK) return drop(frame, reason);
  carry(node, way, frame);
}

function leaveByRouter(id: u32, nat: u32, way: u64, frame: u32): void {
  const node = interfaceAt(id).node;
  const src = Ipv4.at(frameAt(frame).data + frameAt(frame).l3).src;
  // Whom an answer would not reach by this interface is not behind it (RFC 2827, RFC 1812 §5.3.8).
  if (interfaceOf(wayTo(node, src)) != id) return drop(frame, NAT_SOURCE);
  let reason = mayForward(node, frame);
  if (reason == OK) reason = mayLeave(node, way, frame);
  if (reason != OK) return drop(frame, reason);
  translateOut(node, nat, node, way, frame);
}

/**
 * A packet from inside for the router's own outside address, at a port that is lent out, or an error about one that came so: it
 * is translated like any that leaves, and comes back to whom the port belongs (hairpin: RFC 4787 REQ-9, RFC 5382 REQ-8,
 * RFC 5508 REQ-7).
 */
export function isHairpin(id: u32, frame: u32): bool {
  const node = interfaceAt(id).node;
  const nat = nodeAt(node).nat;
  if (nat == 0 || outsideNodeOf(nat) != node || id == outsideInterfaceOf(nat)) return false;
  return isLentOut(node, frame);
}

/** Takes a hairpin's frame over. */
export function turnBack(id: u32, frame: u32): void {
  const node = interfaceAt(id).node;
  const reason = mayForward(node, frame);
  if (reason != OK) return drop(frame, reason);
  translateOut(node, nodeAt(node).nat, node, OWN, frame);
}

/** A guest's packet leaves by the host's routes and under the host's address. */
function leaveByHost(node: u32, nat: u32, id: u32, frame: u32): void {
  const inside = interfaceAt(id);
  const f = frameAt(frame);
  const ip = Ipv4.at(f.data + f.l3);
  const loopback = aliasOf(nat, ip.dst);
  if (loopback != 0) return leaveForLoopback(id, nat, loopback, frame);
  if (!isBehind(id, nat, ip.src)) return drop(frame, NAT_SOURCE);
  if (inside.isOnLink(ip.dst)) return drop(frame, NAT_INSIDE);

  const host = outsideNodeOf(nat);
  const way = wayTo(host, ip.dst);
  let reason = mayForward(node, frame);
  if (reason == OK) reason = mayLeave(node, way, frame);
  if (reason != OK) return drop(frame, reason);
  translateOut(node, nat, host, way, frame);
}

/** Whether a guest may have this address: one of the network behind the NAT, and not the gateway's own or an alias. */
function isBehind(id: u32, nat: u32, ip: u32): bool {
  const inside = interfaceAt(id);
  return inside.isOnLink(ip) && ip != inside.address && !isAlias(nat, ip);
}

/** An alias stands for a loopback address of the host: TTL is neither checked nor counted there. */
export function leaveForLoopback(id: u32, nat: u32, loopback: u32, frame: u32): void {
  if (!isBehind(id, nat, Ipv4.at(frameAt(frame).data + frameAt(frame).l3).src)) return drop(frame, NAT_SOURCE);
  const mine = own(frame);
  if (mine == 0) return drop(frame, NO_FRAME);
  tracePacket(mine, TRACE_NAT_LOOKUP, insideNodeOf(nat));
  const reason = natOutbound(nat, mine, loopback);
  if (reason != OK) return drop(mine, reason);
  tracePacket(mine, TRACE_NAT_OUT, nat);
  sendPacket(outsideNodeOf(nat), mine);
}

/** Leaves by `way` of the node `via`, whose address there it shows. */
function translateOut(node: u32, nat: u32, via: u32, way: u64, frame: u32): void {
  const dst = destinationOf(frame);
  const address = sourceBy(way, dst);
  if (address == 0) return drop(frame, NO_ADDRESS);
  const mine = own(frame);
  if (mine == 0) return drop(frame, NO_FRAME);
  tracePacket(mine, TRACE_NAT_LOOKUP, node);
  const reason = natOutbound(nat, mine, address);
  if (reason != OK) {
    // The table is full: the guest learns that it was policy, not the path (RFC 5508 REQ-8).
    if (reason == NAT_FULL || reason == NAT_PORTS) {
      sendIcmpError(node, mine, ICMP_UNREACHABLE, UNREACHABLE_PROHIBITED, 0);
    }
    return drop(mine, reason);
  }
  tracePacket(mine, TRACE_NAT_OUT, nat);
  countHop(mine);
  // A connection may still lead elsewhere, by an alias that is no more.
  sendBy(via, destinationOf(mine) == dst ? way : wayTo(via, destinationOf(mine)), mine);
}

/**
 * A packet for an address of `node` that NATs may have lent out. When it was one of theirs, 0: it is on its way inside, or
 * dropped. Else the frame to go on with (a copy, if it was shared): it is the node's own business.
 */
export function enter(node: u32, frame: u32): u32 {
  const f = frameAt(frame);
  if ((f.flags & IS_FRAGMENT) != 0) return frame;
  if (Ipv4.at(f.data + f.l3).ttl <= 1) return enterWithoutHops(node, frame);
  const mine = own(frame);
  if (mine == 0) {
    drop(frame, NO_FRAME);
    return 0;
  }
  tracePacket(mine, TRACE_NAT_LOOKUP, node);
  const found = natInbound(node, mine);
  if (found == 0) {
    trace(mine, TRACE_NAT_NONE, node, 0, 0, 0, 0);
    return mine;
  }
  if (isReason(found)) drop(mine, reasonOf(found));
  else {
    tracePacket(mine, TRACE_NAT_IN, found);
    countHop(mine);
    sendPacket(insideNodeOf(found), mine);
  }
  return 0;
}

/** The last hop is used up: what would go inside is told so, and nothing in the tables has moved. */
function enterWithoutHops(node: u32, frame: u32): u32 {
  if (!isLentOut(node, frame)) return frame;
  sendIcmpError(node, frame, ICMP_TIME_EXCEEDED, 0, 0);
  drop(frame, TTL_EXPIRED);
  return 0;
}

function isReason(found: u32): bool {
  return (found & 0x80000000) != 0;
}
function reasonOf(found: u32): u32 {
  return found & 0x7fffffff;
}
