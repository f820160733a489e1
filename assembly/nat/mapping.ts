import {
  CAPACITY_MAPPINGS,
  MAPPING_INSIDE,
  MAPPING_INSIDE_PORT,
  MAPPING_OUTSIDE,
  MAPPING_OUTSIDE_PORT,
  MAPPING_PROTOCOL,
} from "../abi";
import { now, pool } from "../memory";
import { ipv4Of, mapped } from "./address";
import { addKey, idAt, keyHash, MAPPING_FORWARD, MAPPING_IN, MAPPING_OUT, nextKey, removeKey } from "./keys";
import { natAt } from "./record";

/** Flag: made by a forward. Only its connections lead to it; new ones go by the forward. */
export const IS_FORWARD: u32 = 1;

/**
 * A mapping ties an inside endpoint to an outside endpoint, whoever the remote is (RFC 4787 REQ-1, RFC 5382 REQ-1): the
 * guest's 10.0.2.15:5000 is 192.0.2.7:5000 to everybody. For ICMP echo the identifier is the port.
 *
 * It lives as long as its connections; its deadline is the latest of theirs. (When one of several is cut short - TCP closing,
 * the outside address gone - the latest that any has had.) A mapping whose deadline is over is a miss even while its record
 * still stands.
 *
 * One per inside endpoint and outside *address*: an outside node with two uplinks has two. A forward's mapping is not found
 * by its endpoints alone, so the guest's own flows from the forwarded port are mapped as any other.
 */
@unmanaged
export class Mapping {
  /** (First word: the free list runs through it while free.) */
  nat: u32;
  /** Connections it has, and who holds it while opening one. */
  connections: u32;
  private insideHigh: u64;
  private insideLow: u64;
  private outsideHigh: u64;
  private outsideLow: u64;
  insidePort: u16;
  outsidePort: u16;
  /** PROTOCOL_…; 0 while free. */
  protocol: u8;
  /** IS_FORWARD */
  flags: u8;
  /** Tells this mapping from others that had the same record before (permits). */
  serial: u16;
  /** ns */
  deadline: u64;
  /** Neighbours in the NAT's list. */
  next: u32;
  prev: u32;

  get insideIp(): u32 {
    return ipv4Of(this.insideLow);
  }
  set insideIp(ip: u32) {
    this.insideLow = mapped(ip);
  }
  get outsideIp(): u32 {
    return ipv4Of(this.outsideLow);
  }
  set outsideIp(ip: u32) {
    this.outsideLow = mapped(ip);
  }
  isInside(ip: u32, port: u32): bool {
    return this.insideLow == mapped(ip) && this.insidePort == port;
  }
  isOutside(ip: u32, port: u32): bool {
    return this.outsideLow == mapped(ip) && this.outsidePort == port;
  }
  isOver(): bool {
    return this.deadline <= now();
  }
}
export const MAPPING_SIZE: u32 = 64;
if (offsetof<Mapping>() != MAPPING_SIZE) ERROR("Mapping must be 64 bytes");
if (offsetof<Mapping>("insideHigh") != MAPPING_INSIDE) ERROR("abi: MAPPING_INSIDE");
if (offsetof<Mapping>("outsideHigh") != MAPPING_OUTSIDE) ERROR("abi: MAPPING_OUTSIDE");
if (offsetof<Mapping>("insidePort") != MAPPING_INSIDE_PORT) ERROR("abi: MAPPING_INSIDE_PORT");
if (offsetof<Mapping>("outsidePort") != MAPPING_OUTSIDE_PORT) ERROR("abi: MAPPING_OUTSIDE_PORT");
if (offsetof<Mapping>("protocol") != MAPPING_PROTOCOL) ERROR("abi: MAPPING_PROTOCOL");

export function mappingAt(id: u32): Mapping {
  return changetype<Mapping>(pool(CAPACITY_MAPPINGS).base + <usize>id * MAPPING_SIZE);
}

/** The mapping of an inside endpoint to any port of `outsideIp`; 0: none. */
export function findMappingInside(nat: u32, protocol: u32, ip: u32, port: u32, outsideIp: u32): u32 {
  const hash = keyHash(MAPPING_IN, nat, protocol, ip, port, outsideIp, 0);
  for (let at = nextKey(hash, MAPPING_IN, 0); at != 0; at = nextKey(hash, MAPPING_IN, at)) {
    const m = mappingAt(idAt(at));
    if (m.nat == nat && m.protocol == protocol && m.isInside(ip, port) && m.outsideIp == outsideIp && !m.isOver())
      return idAt(at);
  }
  return 0;
}

/** The mapping, of whichever NAT, that owns an endpoint of an outside node (address 0: on any of its addresses); 0: none. */
export function findMappingOutside(outsideNode: u32, protocol: u32, ip: u32, port: u32): u32 {
  const hash = keyHash(MAPPING_OUT, outsideNode, protocol, 0, port, 0, 0);
  for (let at = nextKey(hash, MAPPING_OUT, 0); at != 0; at = nextKey(hash, MAPPING_OUT, at)) {
    const m = mappingAt(idAt(at));
    if (m.outsidePort != port || m.protocol != protocol || m.isOver()) continue;
    if (natAt(m.nat).outsideNode == outsideNode && (ip == 0 || m.outsideIp == ip)) return idAt(at);
  }
  return 0;
}

/** The mapping a forward has made between these two endpoints; 0: none. */
export function findMappingForward(nat: u32, protocol: u32, ip: u32, port: u32, outsideIp: u32, outsidePort: u32): u32 {
  const hash = keyHash(MAPPING_FORWARD, nat, protocol, ip, port, outsideIp, outsidePort);
  for (let at = nextKey(hash, MAPPING_FORWARD, 0); at != 0; at = nextKey(hash, MAPPING_FORWARD, at)) {
    const m = mappingAt(idAt(at));
    if (m.nat != nat || m.protocol != protocol || m.isOver()) continue;
    if (m.isInside(ip, port) && m.isOutside(outsideIp, outsidePort)) return idAt(at);
  }
  return 0;
}

/**
 * A mapping that nobody holds yet: its first connection gives it its deadline.
 *
 * @param flags  0 or IS_FORWARD
 * @returns  0 when there is no room for another
 */
export function makeMapping(
  nat: u32,
  flags: u32,
  protocol: u32,
  ip: u32,
  port: u32,
  outsideIp: u32,
  outsidePort: u32,
): u32 {
  const id = pool(CAPACITY_MAPPINGS).take();
  if (id == 0) return 0;
  const m = mappingAt(id);
  m.nat = nat;
  m.flags = <u8>flags;
  m.protocol = <u8>protocol;
  m.insideIp = ip;
  m.insidePort = <u16>port;
  m.outsideIp = outsideIp;
  m.outsidePort = <u16>outsidePort;
  m.serial = <u16>++natAt(0).serial;
  if (!addKeys(id)) {
    pool(CAPACITY_MAPPINGS).give(id);
    return 0;
  }
  const n = natAt(nat);
  m.next = n.firstMapping;
  if (m.next != 0) mappingAt(m.next).prev = id;
  n.firstMapping = id;
  return id;
}

/** Keeps a mapping from ending with its last connection, until `letGo`. */
export function hold(id: u32): void {
  mappingAt(id).connections++;
}

/** Gives up a hold, or a connection; the last one ends the mapping. */
export function letGo(id: u32): void {
  const m = mappingAt(id);
  if (--m.connections != 0) return;
  removeKeys(id);
  if (m.prev != 0) mappingAt(m.prev).next = m.next;
  else natAt(m.nat).firstMapping = m.next;
  if (m.next != 0) mappingAt(m.next).prev = m.prev;
  pool(CAPACITY_MAPPINGS).give(id);
}

function addKeys(id: u32): bool {
  const flags = mappingAt(id).flags;
  if (flags & IS_FORWARD) return addKey(hashForward(id), MAPPING_FORWARD, id);
  if (!addKey(hashInside(id), MAPPING_IN, id)) return false;
  if (addKey(hashOutside(id), MAPPING_OUT, id)) return true;
  removeKey(hashInside(id), MAPPING_IN, id);
  return false;
}

function removeKeys(id: u32): void {
  const flags = mappingAt(id).flags;
  if (flags & IS_FORWARD) return removeKey(hashForward(id), MAPPING_FORWARD, id);
  removeKey(hashInside(id), MAPPING_IN, id);
  removeKey(hashOutside(id), MAPPING_OUT, id);
}

function hashInside(id: u32): u64 {
  const m = mappingAt(id);
  return keyHash(MAPPING_IN, m.nat, m.protocol, m.insideIp, m.insidePort, m.outsideIp, 0);
}

function hashOutside(id: u32): u64 {
  const m = mappingAt(id);
  return keyHash(MAPPING_OUT, natAt(m.nat).outsideNode, m.protocol, 0, m.outsidePort, 0, 0);
}

function hashForward(id: u32): u64 {
  const m = mappingAt(id);
  return keyHash(MAPPING_FORWARD, m.nat, m.protocol, m.insideIp, m.insidePort, m.outsideIp, m.outsidePort);
}

/** The next live mapping of `nat` after `cursor` (0: the first); 0 at the end. */
export function mappingNext(nat: u32, cursor: u32): u32 {
  let id = cursor == 0 ? natAt(nat).firstMapping : mappingAt(cursor).next;
  while (id != 0 && mappingAt(id).isOver()) id = mappingAt(id).next;
  return id;
}

/** Address of a mapping's record (MAPPING_…). */
export function mappingOffset(id: u32): usize {
  return changetype<usize>(mappingAt(id));
}
