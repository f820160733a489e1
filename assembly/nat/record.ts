import {
  CAPACITY_CONNECTIONS,
  CAPACITY_NATS,
  E_FULL,
  E_UNKNOWN,
  FILTER_ADDRESS,
  NAT_FILTERING,
  NAT_ICMP_TIMEOUT,
  NAT_LIMIT,
  NAT_QUIET,
  NAT_TCP_ESTABLISHED,
  NAT_TCP_TRANSITORY,
  NAT_UDP_TIMEOUT,
} from "../abi";
import { capacity, pool } from "../memory";

/** Classes of connections: one idle timeout, one queue each. */
export const CLASS_UDP: u32 = 0;
export const CLASS_ICMP: u32 = 1;
export const CLASS_TRANSITORY: u32 = 2;
export const CLASS_ESTABLISHED: u32 = 3;
export const CLASSES: u32 = 4;

/** Loopback aliases of one NAT (VirtualBox's limit). */
const ALIASES: u32 = 10;

const MS: u64 = 1_000_000;
/** Defaults, ms: RFC 4787 REQ-5, RFC 5508 REQ-2, RFC 5382 REQ-5 (2 h 4 min, 4 min). */
const UDP_TIMEOUT: u32 = 300_000;
const ICMP_TIMEOUT: u32 = 60_000;
const TCP_ESTABLISHED_TIMEOUT: u32 = 7_440_000;
const TCP_TRANSITORY_TIMEOUT: u32 = 240_000;

/** Connections of one class in the order of their deadlines, the next to end first. */
@unmanaged
export class Queue {
  first: u32;
  last: u32;
}

/** One NAT: an inside node whose packets leave as an outside node's. Record 0 is nobody's and counts for all. */
@unmanaged
export class Nat {
  /** The free list runs through it while free. */
  private link: u32;
  live: u32;
  insideNode: u32;
  outsideNode: u32;
  /** 0: the outside node's routes decide. */
  outsideInterface: u32;
  /** Where forwards without a guest address lead; 0: nobody yet. */
  guest: u32;
  /** FILTER_… */
  filtering: u32;
  /** 1: refusals are not answered. */
  quiet: u32;
  /** Connections it may have, and has. */
  limit: u32;
  connections: u32;
  firstMapping: u32;
  firstForward: u32;
  /** Record 0: the NAT whose ended connections were looked for last; mappings ever made. */
  hand: u32;
  serial: u32;
  /** Aliases that may be in use: pairs beyond are empty. Most NATs have one, or none. */
  private aliases: u32;
  private spare: u32;
  // u64[CLASSES] idle timeouts in ns, Queue[CLASSES], then ALIASES pairs of u32: inside address, loopback address.

  /** Idle timeout of a class, ns. */
  timeout(which: u32): u64 {
    return load<u64>(this.timeouts + ((<usize>which) << 3));
  }
  setTimeout(which: u32, ms: u32): void {
    store<u64>(this.timeouts + ((<usize>which) << 3), <u64>ms * MS);
  }
  queue(which: u32): Queue {
    return changetype<Queue>(this.timeouts + ((<usize>CLASSES + which) << 3));
  }
  /** Address of the pair `i`. */
  alias(i: u32): usize {
    return this.timeouts + ((<usize>CLASSES * 2 + i) << 3);
  }
  /** The address after the last pair that may be in use. */
  get aliasesEnd(): usize {
    return this.alias(this.aliases);
  }
  /** Notes that the pair at `address` is in use. */
  useAlias(address: usize): void {
    const count = <u32>((address - this.alias(0)) >> 3) + 1;
    if (count > this.aliases) this.aliases = count;
  }
  private get timeouts(): usize {
    return changetype<usize>(this) + offsetof<Nat>();
  }
}
export const NAT_SIZE: u32 = 256;
if (offsetof<Queue>() != 8) ERROR("Queue must be 8 bytes");
if (offsetof<Nat>() + (CLASSES * 2 + ALIASES) * 8 > NAT_SIZE) ERROR("Nat outgrew its record");

export function natAt(id: u32): Nat {
  return changetype<Nat>(pool(CAPACITY_NATS).base + <usize>id * NAT_SIZE);
}

/**
 * A NAT with the RFCs' timeouts, address-dependent filtering and no limit but the memory's.
 *
 * @param outsideInterface  0: the outside node's routes decide
 * @returns  its id, E_FULL when there is no room for another
 */
export function natAdd(insideNode: u32, outsideNode: u32, outsideInterface: u32): i32 {
  const id = pool(CAPACITY_NATS).take();
  if (id == 0) return E_FULL;
  const n = natAt(id);
  n.live = 1;
  n.insideNode = insideNode;
  n.outsideNode = outsideNode;
  n.outsideInterface = outsideInterface;
  n.filtering = FILTER_ADDRESS;
  n.limit = capacity(CAPACITY_CONNECTIONS);
  n.setTimeout(CLASS_UDP, UDP_TIMEOUT);
  n.setTimeout(CLASS_ICMP, ICMP_TIMEOUT);
  n.setTimeout(CLASS_ESTABLISHED, TCP_ESTABLISHED_TIMEOUT);
  n.setTimeout(CLASS_TRANSITORY, TCP_TRANSITORY_TIMEOUT);
  return id;
}

/**
 * Changes one option (NAT_…). Timeouts are in ms and hold from a connection's next packet on.
 *
 * @returns  0, E_UNKNOWN for an option there is not
 */
export function natSet(nat: u32, option: u32, value: u32): i32 {
  const n = natAt(nat);
  if (option == NAT_FILTERING) n.filtering = value;
  else if (option == NAT_QUIET) n.quiet = value;
  else if (option == NAT_UDP_TIMEOUT) n.setTimeout(CLASS_UDP, value);
  else if (option == NAT_ICMP_TIMEOUT) n.setTimeout(CLASS_ICMP, value);
  else if (option == NAT_TCP_ESTABLISHED) n.setTimeout(CLASS_ESTABLISHED, value);
  else if (option == NAT_TCP_TRANSITORY) n.setTimeout(CLASS_TRANSITORY, value);
  else if (option == NAT_LIMIT) n.limit = value;
  else return E_UNKNOWN;
  return 0;
}

/** Says where the guest of a NAT is: what forwards without a guest address follow. */
export function natGuest(nat: u32, ip: u32): void {
  natAt(nat).guest = ip;
}

/**
 * Makes `inside` (10.0.2.2) another name of the outside node's own `loopback` address (127.0.0.1), for this NAT's inside.
 * `loopback` 0 takes the name away. Connections that use it keep it.
 *
 * @returns  0, E_FULL at more than 10
 */
export function natAlias(nat: u32, inside: u32, loopback: u32): i32 {
  const n = natAt(nat);
  let free: usize = 0;
  for (let i: u32 = 0; i < ALIASES; i++) {
    const pair = n.alias(i);
    const taken = load<u32>(pair);
    if (taken == inside) {
      store<u32>(pair, loopback != 0 ? inside : 0);
      store<u32>(pair, loopback, 4);
      return 0;
    }
    if (taken == 0 && free == 0) free = pair;
  }
  if (loopback == 0) return 0;
  if (free == 0) return E_FULL;
  store<u32>(free, inside);
  store<u32>(free, loopback, 4);
  n.useAlias(free);
  return 0;
}

/** The loopback address that `address` is another name of; 0: none. */
export function aliasOf(nat: u32, address: u32): u32 {
  const n = natAt(nat);
  for (let pair = n.alias(0); pair < n.aliasesEnd; pair += 8) {
    if (load<u32>(pair) == address) return load<u32>(pair, 4);
  }
  return 0;
}

/** Whether the NAT's inside has this other name: its gateway answers ARP for it. */
export function isAlias(nat: u32, address: u32): bool {
  return aliasOf(nat, address) != 0;
}

/** What the NAT's inside calls the outside node's `loopback` address; 0: it has no name for it. */
export function aliasFor(nat: u32, loopback: u32): u32 {
  const n = natAt(nat);
  for (let pair = n.alias(0); pair < n.aliasesEnd; pair += 8) {
    if (load<u32>(pair, 4) == loopback) return load<u32>(pair);
  }
  return 0;
}

export function insideNodeOf(nat: u32): u32 {
  return natAt(nat).insideNode;
}

export function outsideNodeOf(nat: u32): u32 {
  return natAt(nat).outsideNode;
}

/** 0: the outside node's routes decide. */
export function outsideInterfaceOf(nat: u32): u32 {
  return natAt(nat).outsideInterface;
}

/** Whether refusals are to be dropped without an answer. */
export function isQuiet(nat: u32): bool {
  return natAt(nat).quiet != 0;
}
