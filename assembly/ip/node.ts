import {
  CAPACITY_INTERFACES,
  CAPACITY_NODES,
  CAPACITY_ROUTES,
  INTERFACE_ADDRESS,
  INTERFACE_DHCP_STATE,
  INTERFACE_DNS,
  INTERFACE_GATEWAY,
  INTERFACE_LEASE_UNTIL,
  INTERFACE_MTU,
  INTERFACE_PREFIX,
  INTERFACE_SERVER,
} from "../abi";
import { pool } from "../memory";
import { IPV4_BROADCAST } from "../wire/ipv4";

/** An IP node: a machine, a gateway or a service. A router is a node that forwards. */
@unmanaged
export class Node {
  /** 1 (first word: the free list runs through it while free). */
  live: u32;
  /** NODE_FORWARDS. */
  flags: u32;
  firstInterface: u32;
  firstRoute: u32;
  /** The NAT that everything it forwards goes through; 0: none. */
  nat: u32;
  /** How many NATs borrow its addresses. */
  outsideOf: u32;
  /** Its own stream of random numbers, so that another node more or less changes nothing here. */
  random: u64;
  ipId: u32;
  /** ICMP errors it may still send, and when that was last topped up (RFC 1812 §4.3.2.8). */
  errorTokens: u32;
  errorTokensAt: u64;
  /** What its initial sequence numbers depend on (stack/tcp/isn.ts). */
  secret: u64;
}
if (offsetof<Node>() != 56) ERROR("Node moved");
export const NODE_SIZE: u32 = 56;

/** A node's place on a network: MAC, address, and the DHCP client that may have found it. */
@unmanaged
export class Interface {
  /** Its node, never 0 (first word: the free list runs through it while free). */
  node: u32;
  port: u32;
  /** Next interface of the node. */
  next: u32;
  private spare: u32;
  /** 0: none yet. */
  address: u32;
  prefix: u32;
  gateway: u32;
  /** Bytes of the largest IP packet. */
  mtu: u32;
  dns1: u32;
  dns2: u32;
  /** DHCP_… */
  dhcpState: u32;
  server: u32;
  leaseUntil: u64;
  mac: u64;
  // The DHCP client's (stack/dhcp-client.ts):
  xid: u32;
  offered: u32;
  tries: u32;
  /** Longest wait before the first DISCOVER, ms. */
  startDelay: u32;
  rebindAt: u64;
  /** When the exchange under way began ("secs"). */
  began: u64;

  get mask(): u32 {
    return maskOf(this.prefix);
  }
  /** The address of all hosts on its subnet; meaningless for /31 and /32. */
  get broadcast(): u32 {
    return this.address | ~this.mask;
  }
  isOnLink(ip: u32): bool {
    return this.address != 0 && ((ip ^ this.address) & this.mask) == 0;
  }
  isBroadcast(ip: u32): bool {
    return ip == IPV4_BROADCAST || (this.prefix < 31 && this.address != 0 && ip == this.broadcast);
  }
}
if (offsetof<Interface>("address") != INTERFACE_ADDRESS) ERROR("abi: INTERFACE_ADDRESS");
if (offsetof<Interface>("prefix") != INTERFACE_PREFIX) ERROR("abi: INTERFACE_PREFIX");
if (offsetof<Interface>("gateway") != INTERFACE_GATEWAY) ERROR("abi: INTERFACE_GATEWAY");
if (offsetof<Interface>("mtu") != INTERFACE_MTU) ERROR("abi: INTERFACE_MTU");
if (offsetof<Interface>("dns1") != INTERFACE_DNS) ERROR("abi: INTERFACE_DNS");
if (offsetof<Interface>("dhcpState") != INTERFACE_DHCP_STATE) ERROR("abi: INTERFACE_DHCP_STATE");
if (offsetof<Interface>("server") != INTERFACE_SERVER) ERROR("abi: INTERFACE_SERVER");
if (offsetof<Interface>("leaseUntil") != INTERFACE_LEASE_UNTIL) ERROR("abi: INTERFACE_LEASE_UNTIL");
if (offsetof<Interface>() != 96) ERROR("Interface moved");
export const INTERFACE_SIZE: u32 = 96;

@unmanaged
export class Route {
  /** Next route of the node, 0: the last (first word: the free list runs through it while free). */
  next: u32;
  dst: u32;
  prefix: u32;
  via: u32;
}
if (offsetof<Route>() != 16) ERROR("Route moved");
export const ROUTE_SIZE: u32 = 16;

export function nodeAt(id: u32): Node {
  return changetype<Node>(pool(CAPACITY_NODES).base + <usize>id * NODE_SIZE);
}

export function interfaceAt(id: u32): Interface {
  return changetype<Interface>(pool(CAPACITY_INTERFACES).base + <usize>id * INTERFACE_SIZE);
}

export function routeAt(id: u32): Route {
  return changetype<Route>(pool(CAPACITY_ROUTES).base + <usize>id * ROUTE_SIZE);
}

export function maskOf(prefix: u32): u32 {
  return prefix == 0 ? 0 : <u32>(0xffffffff << (32 - prefix));
}

/** 32 bits of a node's own randomness (SplitMix64). */
export function random(node: u32): u32 {
  const n = nodeAt(node);
  n.random += 0x9e3779b97f4a7c15;
  let z = n.random;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return <u32>((z ^ (z >> 31)) >> 32);
}

/** Whether `ip` is one of the node's own addresses. Loopback is everybody's own. */
export function isOwn(node: u32, ip: u32): bool {
  if (ip >>> 24 == 127) return true;
  for (let id = nodeAt(node).firstInterface; id != 0; id = interfaceAt(id).next) {
    if (interfaceAt(id).address == ip && ip != 0) return true;
  }
  return false;
}

/** The interface a packet for `dst` leaves by: the longest prefix on link, else the longest route; 0: none. */
export function egressOf(node: u32, dst: u32): u32 {
  let best: u32 = 0;
  for (let id = nodeAt(node).firstInterface; id != 0; id = interfaceAt(id).next) {
    const i = interfaceAt(id);
    if (!i.isOnLink(dst)) continue;
    if (best == 0 || i.prefix > interfaceAt(best).prefix) best = id;
  }
  if (best != 0) return best;
  const via = gatewayFor(node, dst);
  return via == 0 ? 0 : onLinkWith(node, via);
}

/** The next hop for `dst` by way of interface `id`: itself when on link, else the gateway of the longest route. */
export function nextHop(node: u32, id: u32, dst: u32): u32 {
  const i = interfaceAt(id);
  if (i.isOnLink(dst) || i.isBroadcast(dst) || dst >>> 28 == 14) return dst;
  return gatewayFor(node, dst);
}

function gatewayFor(node: u32, dst: u32): u32 {
  const n = nodeAt(node);
  let via: u32 = 0;
  let longest: i32 = -1;
  for (let id = n.firstRoute; id != 0; id = routeAt(id).next) {
    const r = routeAt(id);
    if (((dst ^ r.dst) & maskOf(r.prefix)) != 0 || <i32>r.prefix <= longest) continue;
    longest = r.prefix;
    via = r.via;
  }
  if (longest >= 0) return via;
  for (let id = n.firstInterface; id != 0; id = interfaceAt(id).next) {
    if (interfaceAt(id).gateway != 0 && interfaceAt(id).address != 0) return interfaceAt(id).gateway;
  }
  return 0;
}

function onLinkWith(node: u32, ip: u32): u32 {
  for (let id = nodeAt(node).firstInterface; id != 0; id = interfaceAt(id).next) {
    if (interfaceAt(id).isOnLink(ip)) return id;
  }
  return 0;
}

/** The address a node shows when it talks to `dst`: the destination's own if that is local, else its interface's. 0: none. */
export function sourceFor(node: u32, dst: u32): u32 {
  if (isOwn(node, dst)) return dst;
  const id = egressOf(node, dst);
  if (id != 0) return interfaceAt(id).address;
  if (dst != IPV4_BROADCAST && dst >>> 28 != 14) return 0;
  const first = firstConfigured(node);
  return first == 0 ? 0 : interfaceAt(first).address;
}

/** The first interface that has an address: where broadcasts and multicasts without a route go. */
export function firstConfigured(node: u32): u32 {
  for (let id = nodeAt(node).firstInterface; id != 0; id = interfaceAt(id).next) {
    if (interfaceAt(id).address != 0) return id;
  }
  return 0;
}
