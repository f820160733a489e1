import { CAPACITY_SOCKETS } from "../abi";
import { pool, seed } from "../memory";

/**
 * Who owns a node's local ports: UDP sockets, TCP listeners and connections, and ICMP echo identifiers, which are ports by
 * another name. A TCP listener for every address and port has port 0.
 *
 *   Bound[capacity] in a pool, 32 bytes each, chained from a bucket array of at least as many heads.
 *   A chain holds every binding of one (node, protocol, port); it is as long as the node has addresses in use.
 */
@unmanaged
export class Bound {
  /** Its node, never 0 (first word: the free list runs through it while free). */
  node: u32;
  protocol: u32;
  /** 0: any of the node's. */
  address: u32;
  port: u32;
  next: u32;
  /** TCP: who listens on it; 0: nobody (any more). */
  owner: u32;
  /** TCP: streams that use it. */
  users: u32;
  /** TCP: somebody has listened on it, so that somebody may again. */
  wasListened: u32;
}
if (offsetof<Bound>() != 32) ERROR("Bound must be 32 bytes");
export const BOUND_SIZE: u32 = 32;

// Head array: address and mask, set by layPorts.
@unmanaged
class Heads {
  base: usize;
  mask: u32;
}
const HEADS: usize = memory.data(16, 8);
function heads(): Heads {
  return changetype<Heads>(HEADS);
}

export function boundAt(id: u32): Bound {
  return changetype<Bound>(pool(CAPACITY_SOCKETS).base + <usize>id * BOUND_SIZE);
}

/** Lays out the bucket heads; the pool itself is laid out by the caller. Returns the address after them. */
export function layPorts(base: usize): usize {
  let buckets: u32 = 64;
  while (buckets < pool(CAPACITY_SOCKETS).capacity) buckets <<= 1;
  heads().base = (base + 63) & ~63;
  heads().mask = buckets - 1;
  return heads().base + (<usize>buckets << 2);
}

function headOf(node: u32, protocol: u32, port: u32): usize {
  const h = ((<u64>node << 24) ^ (<u64>protocol << 16) ^ port ^ seed()) * 0x9e3779b97f4a7c15;
  return heads().base + (<usize>(<u32>(h >> 32) & heads().mask) << 2);
}

/** Binds (address, port) for `protocol` on a node; returns its number, or 0 when the table is full. */
export function bind(node: u32, protocol: u32, address: u32, port: u32): u32 {
  const id = pool(CAPACITY_SOCKETS).take();
  if (id == 0) return 0;
  const b = boundAt(id);
  b.node = node;
  b.protocol = protocol;
  b.address = address;
  b.port = port;
  const head = headOf(node, protocol, port);
  b.next = load<u32>(head);
  store<u32>(head, id);
  return id;
}

export function unbind(id: u32): void {
  const b = boundAt(id);
  const head = headOf(b.node, b.protocol, b.port);
  let at = load<u32>(head);
  if (at == id) {
    store<u32>(head, b.next);
  } else {
    while (boundAt(at).next != id) at = boundAt(at).next;
    boundAt(at).next = b.next;
  }
  pool(CAPACITY_SOCKETS).give(id);
}

/** A TCP stream uses this binding. */
export function use(id: u32): void {
  boundAt(id).users++;
}

/** A TCP stream does so no more: with the last one, and when nobody listens, the port is free. */
export function unuse(id: u32): void {
  const b = boundAt(id);
  b.users--;
  if (b.users == 0 && b.owner == 0) unbind(id);
}

/** Who gets what arrives for (address, port): the binding to that very address first, else the one to any; 0: nobody. */
export function boundTo(node: u32, protocol: u32, address: u32, port: u32): u32 {
  let any: u32 = 0;
  for (let id = load<u32>(headOf(node, protocol, port)); id != 0; id = boundAt(id).next) {
    const b = boundAt(id);
    if (b.node != node || b.protocol != protocol || b.port != port) continue;
    if (b.address == address) return id;
    if (b.address == 0) any = id;
  }
  return any;
}

/** Whether a port is taken for a new binding to `address` (0: any address clashes with every address). */
export function isPortBound(node: u32, protocol: u32, address: u32, port: u32): bool {
  for (let id = load<u32>(headOf(node, protocol, port)); id != 0; id = boundAt(id).next) {
    const b = boundAt(id);
    if (b.node != node || b.protocol != protocol || b.port != port) continue;
    if (b.address == 0 || address == 0 || b.address == address) return true;
  }
  return false;
}
