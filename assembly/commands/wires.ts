import { CAPACITY_SHAPERS, E_FULL, ROLE_INTERFACE, ROLE_TRUNK, TOWARDS_DEVICE, TOWARDS_SWITCH } from "../abi";
import { interfaceAt } from "../ip/node";
import { now, pool } from "../memory";
import { NO_LANE, portAt } from "../port";
import { resettleMss } from "../stack/tcp/path-mtu";
import { giveBucket, setLimit, takeBucket } from "../time/bucket";
import { directionAt } from "../time/direction";
import { enterLane, lastArrival, leaveLane } from "../time/lanes";
import { dropQueue, hasten } from "../time/shaper";
import { laneFor } from "../time/wires";

/**
 * Gives a port's wire character, or leaves it what it has: E_FULL, or 0. Both directions then have to be filled in (`wireOffset`), each
 * followed by `wireSet`.
 */
export function wireAdd(port: u32): i32 {
  const p = portAt(port);
  if (p.shaper != 0) return 0;
  const id = pool(CAPACITY_SHAPERS).take();
  if (id == 0) return E_FULL;
  for (let which = TOWARDS_SWITCH; which <= TOWARDS_DEVICE; which++) {
    const d = directionAt(id, which);
    d.port = port;
    // What is on the wire already arrives before what is sent from now on.
    d.latest = lastArrival(port, which);
  }
  leaveLane(port);
  p.shaper = id;
  return 0;
}

/** Where TypeScript fills in the character of a direction, and reads its counters. 0: the wire has none. */
export function wireOffset(port: u32, which: u32): usize {
  const shaper = portAt(port).shaper;
  return shaper == 0 ? 0 : changetype<usize>(directionAt(shaper, which));
}

/** The character of a direction was filled in: it takes effect. Frames on the wire keep their time. `bucket` 0: in no group. */
export function wireSet(port: u32, which: u32, bucket: u32): void {
  const d = directionAt(portAt(port).shaper, which);
  d.bucket = bucket;
  d.lane = d.isSteady ? laneFor(<u64>d.delay) : NO_LANE;
  if (d.lossBad == 0 && d.toBad == 0) d.bad = 0;
  if (which == TOWARDS_SWITCH) tellInterface(port, <u32>d.most);
  hasten(d, which);
}

/** Seeds the dice of a direction. */
export function wireSeed(port: u32, which: u32, hi: u32, lo: u32): void {
  const shaper = portAt(port).shaper;
  if (shaper != 0) directionAt(shaper, which).seed = (<u64>hi << 32) | lo;
}

/**
 * Makes a port's wire one of constant delay, ns each way, which costs its frames nothing else.
 *
 * @returns 0 when frames that are still in its queues or on the wire would be overtaken: it has to be given that character instead
 */
export function wirePlain(port: u32, delay: f64): u32 {
  const p = portAt(port);
  const ns = <u64>delay;
  if (p.network != 0 && !isClear(port, ns)) return 0;
  if (p.shaper == 0 && p.delay == ns && p.lane != NO_LANE) return 1;
  dropShaper(port);
  leaveLane(port);
  p.delay = ns;
  enterLane(port);
  tellInterface(port, 0);
  return 1;
}

function isClear(port: u32, delay: u64): bool {
  const p = portAt(port);
  if (p.shaper == 0 && delay >= p.delay) return true;
  for (let which = TOWARDS_SWITCH; which <= TOWARDS_DEVICE; which++) {
    if (p.shaper != 0 && !directionAt(p.shaper, which).isIdle) return false;
    const last = p.shaper != 0 ? directionAt(p.shaper, which).latest : lastArrival(port, which);
    if (last > now() + delay) return false;
  }
  return true;
}

/** A card knows the MTU of its own wire, and so do the connections by it; what comes in need not fit. */
function tellInterface(port: u32, most: u32): void {
  const p = portAt(port);
  if (p.role != ROLE_INTERFACE || p.device == 0) return;
  const i = interfaceAt(p.device);
  const before = i.mtu;
  i.mtu = most == 0 ? MTU_ETHERNET : most;
  if (i.mtu != before) resettleMss(i.node);
}
const MTU_ETHERNET: u32 = 1500;

/** Takes a port's character away; nothing may wait in its queues any more. */
export function dropShaper(port: u32): void {
  const p = portAt(port);
  if (p.shaper == 0) return;
  pool(CAPACITY_SHAPERS).give(p.shaper);
  p.shaper = 0;
}

/** Drops what waits in the queues of `port`, and at a trunk's other end for it. */
export function dropQueued(port: u32, reason: u32): void {
  const p = portAt(port);
  if (p.shaper != 0) {
    dropQueue(directionAt(p.shaper, TOWARDS_SWITCH), TOWARDS_SWITCH, reason);
    dropQueue(directionAt(p.shaper, TOWARDS_DEVICE), TOWARDS_DEVICE, reason);
  }
  if (p.role != ROLE_TRUNK || p.device == 0) return;
  const shaper = portAt(p.device).shaper;
  if (shaper != 0) dropQueue(directionAt(shaper, TOWARDS_DEVICE), TOWARDS_DEVICE, reason);
}

/** A new bandwidth group without a limit, or E_FULL: there are 256. */
export function bucketAdd(): i32 {
  const id = takeBucket();
  return id == 0 ? E_FULL : id;
}

/** Limits a bandwidth group to `limit` bytes per second, 0…10^11; 0: no limit. */
export function bucketSet(bucket: u32, limit: f64): void {
  setLimit(bucket, <u64>limit);
}

export function bucketRemove(bucket: u32): void {
  giveBucket(bucket);
}
