import {
  CAPACITY_CONNECTIONS,
  CAPACITY_NATS,
  CONNECTION_DEADLINE,
  CONNECTION_INSIDE_PORT,
  CONNECTION_INSIDE_REMOTE,
  CONNECTION_MAPPING,
  CONNECTION_OUTSIDE_PORT,
  CONNECTION_OUTSIDE_REMOTE,
  CONNECTION_STATE,
  STATE_ICMP,
  STATE_TCP_ESTABLISHED,
  STATE_TCP_OPENING,
  STATE_UDP,
} from "../abi";
import { now, pool } from "../memory";
import { PROTOCOL_ICMP, PROTOCOL_TCP } from "../wire/ipv4";
import { ipv4Of, mapped } from "./address";
import { addKey, CONNECTION_IN, CONNECTION_OUT, idAt, keyHash, nextKey, removeKey } from "./keys";
import { IS_FORWARD, letGo, mappingAt } from "./mapping";
import { CLASS_ESTABLISHED, CLASS_ICMP, CLASS_TRANSITORY, CLASS_UDP, CLASSES, natAt } from "./record";
import { Permit, findPermit, makePermit } from "./permits";

/** Flags of `seen`, beside those of TCP (tcp.ts): the inside has sent on it; the outside opened it. */
export const INSIDE_SENT: u32 = 0x100;
export const OUTSIDE_OPENED: u32 = 0x400;
/** Another connection holds the permit of its remote's address. */
const SHARES_PERMIT: u32 = 0x1000;

/**
 * A connection is one flow through a mapping: its remote endpoint as the inside and as the outside sees it, which differ
 * only where a loopback alias is in use. Both sides are in the index; the side a packet matches is its direction.
 *
 * What is over (deadline reached) is a miss, at once and exactly. Its record goes back later: each NAT keeps its connections
 * in one queue per class of timeout, ordered by deadline to within 67 ms (2^26 ns), so a refresh usually writes one word and
 * moves nothing. Who opens a connection looks at two at the head of each queue, its own NAT's and in turn another's, and
 * frees what is over; when there is no room, at up to 64 in each. Nothing walks a table.
 */
@unmanaged
export class Connection {
  /** Neighbour in the queue. (First word: the free list runs through it while free.) */
  next: u32;
  mapping: u32;
  private insideHigh: u64;
  private insideLow: u64;
  private outsideHigh: u64;
  private outsideLow: u64;
  /** The remote's port; 0 for ICMP. */
  insidePort: u16;
  outsidePort: u16;
  /** STATE_…; 0 while free. */
  state: u32;
  /** ns */
  deadline: u64;
  prev: u32;
  /** What has passed: INSIDE_SENT, OUTSIDE_OPENED, and TCP's flags; SHARES_PERMIT. */
  seen: u32;

  /** The remote's address as the inside sees it. */
  get insideIp(): u32 {
    return ipv4Of(this.insideLow);
  }
  set insideIp(ip: u32) {
    this.insideLow = mapped(ip);
  }
  /** The remote's address as the outside sees it. */
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
export const CONNECTION_SIZE: u32 = 64;
if (offsetof<Connection>() != CONNECTION_SIZE) ERROR("Connection must be 64 bytes");
if (offsetof<Connection>("mapping") != CONNECTION_MAPPING) ERROR("abi: CONNECTION_MAPPING");
if (offsetof<Connection>("insideHigh") != CONNECTION_INSIDE_REMOTE) ERROR("abi: CONNECTION_INSIDE_REMOTE");
if (offsetof<Connection>("outsideHigh") != CONNECTION_OUTSIDE_REMOTE) ERROR("abi: CONNECTION_OUTSIDE_REMOTE");
if (offsetof<Connection>("insidePort") != CONNECTION_INSIDE_PORT) ERROR("abi: CONNECTION_INSIDE_PORT");
if (offsetof<Connection>("outsidePort") != CONNECTION_OUTSIDE_PORT) ERROR("abi: CONNECTION_OUTSIDE_PORT");
if (offsetof<Connection>("state") != CONNECTION_STATE) ERROR("abi: CONNECTION_STATE");
if (offsetof<Connection>("deadline") != CONNECTION_DEADLINE) ERROR("abi: CONNECTION_DEADLINE");

/** Queues are in order to within 2^26 ns. */
const GRANULE_BITS: u64 = 26;

export function connectionAt(id: u32): Connection {
  return changetype<Connection>(pool(CAPACITY_CONNECTIONS).base + <usize>id * CONNECTION_SIZE);
}

// ─── Finding ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** The connection of an inside endpoint with a remote as the inside sees it; 0: none. */
export function findInside(nat: u32, protocol: u32, local: u32, localPort: u32, remote: u32, remotePort: u32): u32 {
  const hash = keyHash(CONNECTION_IN, nat, protocol, local, localPort, remote, remotePort);
  for (let at = nextKey(hash, CONNECTION_IN, 0); at != 0; at = nextKey(hash, CONNECTION_IN, at)) {
    const c = connectionAt(idAt(at));
    if (!c.isInside(remote, remotePort) || c.isOver()) continue;
    const m = mappingAt(c.mapping);
    if (m.isInside(local, localPort) && m.protocol == protocol && m.nat == nat) return idAt(at);
  }
  return 0;
}

/** The connection, of whichever NAT, of an outside endpoint with a remote as the outside sees it; 0: none. */
export function findOutside(
  outsideNode: u32,
  protocol: u32,
  local: u32,
  localPort: u32,
  remote: u32,
  remotePort: u32,
): u32 {
  const hash = keyHash(CONNECTION_OUT, outsideNode, protocol, local, localPort, remote, remotePort);
  for (let at = nextKey(hash, CONNECTION_OUT, 0); at != 0; at = nextKey(hash, CONNECTION_OUT, at)) {
    const c = connectionAt(idAt(at));
    if (!c.isOutside(remote, remotePort) || c.isOver()) continue;
    const m = mappingAt(c.mapping);
    if (!m.isOutside(local, localPort) || m.protocol != protocol) continue;
    if (natAt(m.nat).outsideNode == outsideNode) return idAt(at);
  }
  return 0;
}

// ─── Opening and ending ────────────────────────────────────────────────────────────────────────────────────────────

/** Whether one more connection of `nat` fits. Frees what is over on the way. */
export function makeRoom(nat: u32): bool {
  const n = natAt(nat);
  const p = pool(CAPACITY_CONNECTIONS);
  sweep(nat, 2);
  sweep(nextNat(), 2);
  if (n.connections >= n.limit || p.live >= p.capacity) sweep(nat, 64);
  if (n.connections >= n.limit) return false;
  for (let i = 0; i < 64 && p.live >= p.capacity; i++) sweep(nextNat(), 64);
  return p.live < p.capacity;
}

/** NATs take turns in being swept for others. */
function nextNat(): u32 {
  const all = natAt(0);
  all.hand = all.hand < pool(CAPACITY_NATS).high ? all.hand + 1 : 1;
  return all.hand;
}

/** Frees those of the first `looks` connections in each of the NAT's queues that are over. */
function sweep(nat: u32, looks: u32): void {
  const n = natAt(nat);
  if (n.live == 0) return;
  for (let which: u32 = 0; which < CLASSES; which++) {
    let id = n.queue(which).first;
    for (let i: u32 = 0; i < looks && id != 0; i++) {
      const next = connectionAt(id).next;
      if (connectionAt(id).isOver()) endConnection(id);
      id = next;
    }
  }
}

/**
 * A connection of `mapping` with a remote that the inside sees at `insideIp` and the outside at `outsideIp`. There must be
 * room (`makeRoom`), and no connection with the same remote on either side of the mapping.
 *
 * @param seen  OUTSIDE_OPENED or INSIDE_SENT
 * @returns     0 when the index is full
 */
export function makeConnection(mapping: u32, insideIp: u32, outsideIp: u32, remotePort: u32, seen: u32): u32 {
  const id = pool(CAPACITY_CONNECTIONS).take();
  if (id == 0) return 0;
  const m = mappingAt(mapping);
  const n = natAt(m.nat);
  const c = connectionAt(id);
  c.mapping = mapping;
  c.insideIp = insideIp;
  c.outsideIp = outsideIp;
  c.insidePort = <u16>remotePort;
  c.outsidePort = <u16>remotePort;
  c.state = firstState(m.protocol);
  c.seen = seen;
  if (!addKeys(id)) {
    pool(CAPACITY_CONNECTIONS).give(id);
    return 0;
  }
  c.deadline = now() + n.timeout(classOf(c.state));
  // An outsider who gets in by a mapping's filter does not make the mapping live longer (RFC 7857 §8).
  if (isUnanswered(c) && c.deadline > m.deadline) c.deadline = m.deadline;
  if (m.deadline < c.deadline) m.deadline = c.deadline;
  m.connections++;
  n.connections++;
  enqueue(id);
  if (!isUnanswered(c)) extendPermit(id, c.deadline);
  return id;
}

/** Ends a connection, and its mapping with the last one. */
export function endConnection(id: u32): void {
  const mapping = connectionAt(id).mapping;
  const m = mappingAt(mapping);
  dequeue(id, classOf(connectionAt(id).state));
  removeKey(hashInside(id), CONNECTION_IN, id);
  removeKey(hashOutside(id), CONNECTION_OUT, id);
  pool(CAPACITY_CONNECTIONS).give(id);
  natAt(m.nat).connections--;
  letGo(mapping);
}

function firstState(protocol: u32): u32 {
  if (protocol == PROTOCOL_TCP) return STATE_TCP_OPENING;
  return protocol == PROTOCOL_ICMP ? STATE_ICMP : STATE_UDP;
}

/** Opened from outside through a mapping's filter, and the inside has said nothing yet. */
function isUnanswered(c: Connection): bool {
  return (c.seen & INSIDE_SENT) == 0 && (mappingAt(c.mapping).flags & IS_FORWARD) == 0;
}

function addKeys(id: u32): bool {
  if (!addKey(hashInside(id), CONNECTION_IN, id)) return false;
  if (addKey(hashOutside(id), CONNECTION_OUT, id)) return true;
  removeKey(hashInside(id), CONNECTION_IN, id);
  return false;
}

function hashInside(id: u32): u64 {
  const c = connectionAt(id);
  const m = mappingAt(c.mapping);
  return keyHash(CONNECTION_IN, m.nat, m.protocol, m.insideIp, m.insidePort, c.insideIp, c.insidePort);
}

function hashOutside(id: u32): u64 {
  const c = connectionAt(id);
  const m = mappingAt(c.mapping);
  return keyHash(
    CONNECTION_OUT,
    natAt(m.nat).outsideNode,
    m.protocol,
    m.outsideIp,
    m.outsidePort,
    c.outsideIp,
    c.outsidePort,
  );
}

// ─── Time ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * A packet has passed, from the inside (`side` INSIDE_SENT) or from the outside (OUTSIDE_OPENED), and left the connection in
 * `state`: its time begins anew. Either direction refreshes (RFC 4787 REQ-6), except that packets from outside do nothing
 * for a connection the inside has not answered, unless it is a forward's: who comes in by a mapping's filter cannot keep it.
 */
export function refresh(id: u32, side: u32, state: u32): void {
  const c = connectionAt(id);
  const before = classOf(c.state);
  const which = classOf(state);
  const answers = side == INSIDE_SENT && (c.seen & INSIDE_SENT) == 0;
  c.state = state;
  if (answers) c.seen |= INSIDE_SENT;
  if (isUnanswered(c)) return;

  const m = mappingAt(c.mapping);
  const old = c.deadline;
  c.deadline = now() + natAt(m.nat).timeout(which);
  if (m.deadline < c.deadline || m.connections == 1) m.deadline = c.deadline;
  const stays = which == before && !answers && old >> GRANULE_BITS == c.deadline >> GRANULE_BITS;
  if (stays && (c.seen & SHARES_PERMIT) == 0) return;
  dequeue(id, before);
  enqueue(id);
  extendPermit(id, max(old, c.deadline));
}

/**
 * The remote may send from any port until `until` (ns) at least, and for as long as this connection lives. A forward's mapping
 * asks for no permit.
 */
function extendPermit(id: u32, until: u64): void {
  const c = connectionAt(id);
  if (mappingAt(c.mapping).flags & IS_FORWARD) return;
  const p = makePermit(c.mapping, c.outsideIp);
  if (p.until < until) p.until = until;
  if (p.holder != id && isHeld(p, c.mapping, c.outsideIp)) {
    c.seen |= SHARES_PERMIT;
    return;
  }
  p.holder = id;
  c.seen &= ~SHARES_PERMIT;
}

/** Whether the connection that was last said to hold a permit still lives (its record may have become another's). */
function isHeld(p: Permit, mapping: u32, remote: u32): bool {
  const c = connectionAt(p.holder);
  return c.mapping == mapping && c.outsideIp == remote && (c.seen & INSIDE_SENT) != 0 && !c.isOver();
}

/**
 * Whether `remote` may send to the mapping from any port: until the latest time that any connection with it had while the inside
 * was talking. One that is cut short (a reset, both FINs) does not take that back.
 */
export function isPermitted(mapping: u32, remote: u32): bool {
  const found = findPermit(mapping, remote);
  if (found == 0) return false;
  const p = changetype<Permit>(found);
  return p.until > now() || isHeld(p, mapping, remote);
}

function classOf(state: u32): u32 {
  if (state == STATE_UDP) return CLASS_UDP;
  if (state == STATE_ICMP) return CLASS_ICMP;
  return state == STATE_TCP_ESTABLISHED ? CLASS_ESTABLISHED : CLASS_TRANSITORY;
}

function enqueue(id: u32): void {
  const c = connectionAt(id);
  const q = natAt(mappingAt(c.mapping).nat).queue(classOf(c.state));
  c.next = 0;
  c.prev = q.last;
  if (q.last != 0) connectionAt(q.last).next = id;
  else q.first = id;
  q.last = id;
}

function dequeue(id: u32, which: u32): void {
  const c = connectionAt(id);
  const q = natAt(mappingAt(c.mapping).nat).queue(which);
  if (c.prev != 0) connectionAt(c.prev).next = c.next;
  else q.first = c.next;
  if (c.next != 0) connectionAt(c.next).prev = c.prev;
  else q.last = c.prev;
}

// ─── Reading ───────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The next live connection of `nat` after `cursor` (0: the first); 0 at the end. Queue by queue, oldest
 * packet first; no packet may pass between two calls.
 */
export function connectionNext(nat: u32, cursor: u32): u32 {
  const n = natAt(nat);
  let which: u32 = 0;
  let id: u32 = n.queue(0).first;
  if (cursor != 0) {
    which = classOf(connectionAt(cursor).state);
    id = connectionAt(cursor).next;
  }
  while (true) {
    while (id != 0 && connectionAt(id).isOver()) id = connectionAt(id).next;
    if (id != 0 || ++which == CLASSES) return id;
    id = n.queue(which).first;
  }
}

/** Address of a connection's record (CONNECTION_…). */
export function connectionOffset(id: u32): usize {
  return changetype<usize>(connectionAt(id));
}
