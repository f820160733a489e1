import {
  CAPACITY_INTERFACES,
  CAPACITY_NODES,
  CAPACITY_ROUTES,
  CAPACITY_SOCKETS,
  E_FULL,
  NOT_ATTACHED,
  NO_ADDRESS,
  PORT_GONE,
} from "../abi";
import { dropNeighbors, forgetNeighbors, setNeighbor } from "../ip/neighbor";
import { interfaceAt, maskOf, nodeAt, random, routeAt } from "../ip/node";
import { boundAt, unbind } from "../ip/ports";
import { now, pool } from "../memory";
import { portAt, setMac } from "../port";
import { startDhcp, stopDhcp } from "../stack/dhcp-client";
import { removeStreams } from "../stack/tcp/user";
import { dropSelfFlights } from "../time/wires";

/** Bytes of an IP packet on Ethernet (RFC 894). */
const MTU_ETHERNET: u32 = 1500;

/** A new IP node; its number, or E_FULL. The seed is its own: nobody else's random numbers change. */
export function nodeAdd(flags: u32, seedHi: u32, seedLo: u32): i32 {
  const id = pool(CAPACITY_NODES).take();
  if (id == 0) return E_FULL;
  const n = nodeAt(id);
  n.live = 1;
  n.flags = flags;
  n.errorTokensAt = now();
  n.errorTokens = 100;
  nodeReseed(id, seedHi, seedLo);
  return id;
}

/** Gives a node another stream of random numbers: what a fork does, so that two futures do not share their secrets. */
export function nodeReseed(node: u32, hi: u32, lo: u32): void {
  nodeAt(node).random = (<u64>hi << 32) | lo;
  // (Not drawn from the stream of random numbers: whoever needs no secret sees the same numbers as ever.)
  nodeAt(node).secret = (((<u64>hi << 32) | lo) ^ 0x5443502d69736e73) * 0x9e3779b97f4a7c15;
  nodeAt(node).ipId = random(node) & 0xffff;
}

/** Removes a node with its interfaces, routes and sockets. Its NATs must have been removed. */
export function nodeRemove(node: u32): void {
  const n = nodeAt(node);
  removeStreams(node);
  while (n.firstInterface != 0) interfaceRemove(n.firstInterface);
  while (n.firstRoute != 0) {
    const route = n.firstRoute;
    n.firstRoute = routeAt(route).next;
    pool(CAPACITY_ROUTES).give(route);
  }
  for (let id: u32 = 1; id <= pool(CAPACITY_SOCKETS).high; id++) {
    if (boundAt(id).node == node && boundAt(id).protocol != 0) unbind(id);
  }
  dropSelfFlights(node, PORT_GONE);
  pool(CAPACITY_NODES).give(node);
}

/** A new interface of `node` at `port`, without an address; its number, or E_FULL. */
export function interfaceAdd(node: u32, port: u32, macHi: u32, macLo: u32): i32 {
  const id = pool(CAPACITY_INTERFACES).take();
  if (id == 0) return E_FULL;
  const i = interfaceAt(id);
  i.node = node;
  i.port = port;
  i.mtu = MTU_ETHERNET;
  i.mac = (<u64>macHi << 32) | macLo;
  appendInterface(node, id);
  portAt(port).device = id;
  setMac(port, i.mac);
  return id;
}

/** In the order they were made: the first one's gateway is the default. */
function appendInterface(node: u32, id: u32): void {
  const n = nodeAt(node);
  if (n.firstInterface == 0) {
    n.firstInterface = id;
    return;
  }
  let last = n.firstInterface;
  while (interfaceAt(last).next != 0) last = interfaceAt(last).next;
  interfaceAt(last).next = id;
}

export function interfaceRemove(id: u32): void {
  const i = interfaceAt(id);
  stopDhcp(id);
  dropNeighbors(id, NOT_ATTACHED);
  if (portAt(i.port).device == id) portAt(i.port).device = 0;
  const n = nodeAt(i.node);
  if (n.firstInterface == id) {
    n.firstInterface = i.next;
  } else {
    let before = n.firstInterface;
    while (interfaceAt(before).next != id) before = interfaceAt(before).next;
    interfaceAt(before).next = i.next;
  }
  pool(CAPACITY_INTERFACES).give(id);
}

/** A static address (0: none). Stops a DHCP client. */
export function interfaceSetAddress(id: u32, ip: u32, prefix: u32, gateway: u32): void {
  stopDhcp(id);
  const i = interfaceAt(id);
  if (i.address != 0) forgetNeighbors(id, NO_ADDRESS);
  i.address = ip;
  i.prefix = prefix;
  i.gateway = gateway;
  i.dns1 = 0;
  i.dns2 = 0;
}

/** Starts a DHCP client, or starts it over; or stops it, and the leased address goes. */
export function interfaceDhcp(id: u32, on: u32, startDelay: u32): void {
  stopDhcp(id);
  if (on == 0) return;
  interfaceSetAddress(id, 0, 0, 0);
  interfaceAt(id).startDelay = startDelay;
  startDhcp(id);
}

export function interfaceOffset(id: u32): usize {
  return changetype<usize>(interfaceAt(id));
}

/** A static route; the latest for one prefix replaces the one before. Its number, or E_FULL. */
export function routeAdd(node: u32, dst: u32, prefix: u32, via: u32): i32 {
  routeRemove(node, dst, prefix);
  const id = pool(CAPACITY_ROUTES).take();
  if (id == 0) return E_FULL;
  const r = routeAt(id);
  r.dst = dst & maskOf(prefix);
  r.prefix = prefix;
  r.via = via;
  r.next = nodeAt(node).firstRoute;
  nodeAt(node).firstRoute = id;
  return id;
}

export function routeRemove(node: u32, dst: u32, prefix: u32): void {
  const n = nodeAt(node);
  let before: u32 = 0;
  for (let id = n.firstRoute; id != 0; id = routeAt(id).next) {
    const r = routeAt(id);
    if (r.dst != (dst & maskOf(prefix)) || r.prefix != prefix) {
      before = id;
      continue;
    }
    if (before == 0) n.firstRoute = r.next;
    else routeAt(before).next = r.next;
    return pool(CAPACITY_ROUTES).give(id);
  }
}

/** A static neighbour; MAC 0 forgets it. 0, or E_FULL. */
export function neighborSet(id: u32, ip: u32, macHi: u32, macLo: u32): i32 {
  return setNeighbor(id, ip, (<u64>macHi << 32) | macLo) ? 0 : E_FULL;
}
