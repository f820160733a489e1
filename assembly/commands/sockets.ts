import { E_FULL, E_IN_USE, E_NO_ADDRESS, E_TOO_LONG } from "../abi";
import { interfaceAt, random, sourceFor } from "../ip/node";
import { bind, boundAt, boundTo, isPortBound, unbind } from "../ip/ports";
import { checkRoute } from "../ip/send";
import { STAGING } from "../memory";
import { isOutsideTaken } from "../nat/nat";
import { sendEcho } from "../stack/icmp";
import { sendUdp, sendUdpTo } from "../stack/udp";
import { ICMP } from "../wire/icmp";
import { IPV4, PROTOCOL_ICMP, PROTOCOL_UDP } from "../wire/ipv4";
import { UDP } from "../wire/udp";

/** RFC 6335 §6: dynamic ports. */
const EPHEMERAL: u32 = 49152;
const EPHEMERALS: u32 = 16384;
const MTU_ETHERNET: u32 = 1500;

/** A UDP socket; its number, E_IN_USE or E_FULL. address 0: any; port 0: one of the dynamic ones that is free. */
export function udpOpen(node: u32, address: u32, port: u32): i32 {
  return open(node, PROTOCOL_UDP, address, port);
}

/** An echo identifier of this node alone, or E_FULL. */
export function echoOpen(node: u32): i32 {
  const id = open(node, PROTOCOL_ICMP, 0, 0);
  return id < 0 ? id : boundAt(id).port;
}

export function echoClose(node: u32, identifier: u32): void {
  const id = boundTo(node, PROTOCOL_ICMP, 0, identifier);
  if (id != 0) unbind(id);
}

function open(node: u32, protocol: u32, address: u32, port: u32): i32 {
  if (port != 0 && isTaken(node, protocol, address, port)) return E_IN_USE;
  const free = port != 0 ? port : freePort(node, protocol, address);
  if (free == 0) return E_FULL;
  const id = bind(node, protocol, address, free);
  return id == 0 ? E_FULL : id;
}

/** Taken by another socket, or lent out by a NAT that uses this node's addresses. */
export function isTaken(node: u32, protocol: u32, address: u32, port: u32): bool {
  return isPortBound(node, protocol, address, port) || isOutsideTaken(node, protocol, address, port);
}

export function freePort(node: u32, protocol: u32, address: u32): u32 {
  const first = random(node) % EPHEMERALS;
  for (let i: u32 = 0; i < EPHEMERALS; i++) {
    const port = EPHEMERAL + ((first + i) % EPHEMERALS);
    if (!isTaken(node, protocol, address, port)) return port;
  }
  return 0;
}

export function udpPort(socket: u32): u32 {
  return boundAt(socket).port;
}

export function udpClose(socket: u32): void {
  unbind(socket);
}

/** Sends `length` bytes of the staging area as one datagram. 0 or an E_… */
export function udpSend(socket: u32, dst: u32, dstPort: u32, length: u32, ttl: u32): i32 {
  if (length > MTU_ETHERNET - IPV4 - UDP) return E_TOO_LONG;
  const b = boundAt(socket);
  const way = checkRoute(b.node, dst);
  if (way != 0) return way;
  const src = b.address != 0 ? b.address : sourceFor(b.node, dst);
  if (src == 0) return E_NO_ADDRESS;
  return sendUdp(b.node, src, b.port, dst, dstPort, STAGING, length, ttl == 0 ? 64 : ttl);
}

/** The same, out of one interface to one MAC: for those who have no address yet. */
export function udpSendVia(
  socket: u32, id: u32, dst: u32, dstPort: u32, macHi: u32, macLo: u32, length: u32,
): i32 {
  if (length > MTU_ETHERNET - IPV4 - UDP) return E_TOO_LONG;
  const b = boundAt(socket);
  const src = interfaceAt(id).address;
  if (src == 0) return E_NO_ADDRESS;
  return sendUdpTo(b.node, id, (<u64>macHi << 32) | macLo, src, b.port, dst, dstPort, STAGING, length);
}

/** Sends an echo request with `length` bytes of the staging area. 0 or an E_… */
export function echoSend(node: u32, dst: u32, identifier: u32, seq: u32, length: u32, ttl: u32): i32 {
  if (length > MTU_ETHERNET - IPV4 - ICMP) return E_TOO_LONG;
  const way = checkRoute(node, dst);
  if (way != 0) return way;
  const src = sourceFor(node, dst);
  if (src == 0) return E_NO_ADDRESS;
  return sendEcho(node, src, dst, identifier, seq, STAGING, length, ttl == 0 ? 64 : ttl);
}
