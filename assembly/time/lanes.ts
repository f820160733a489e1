import { BOOK_COPIES, CAPACITY_FLIGHTS, HOP_LIMIT, LOOP, QUEUE_FULL, ROLE_TRUNK, TOWARDS_SWITCH } from "../abi";
import { retain } from "../frames";
import { book, pool } from "../memory";
import { NO_LANE, Port, networkAt, portAt } from "../port";
import { flightTimers } from "./heap";
import { Flight, NO_CURSOR, TO_ALL, TO_DEVICE, TO_SWITCH, countOut, dropAt, flightAt, laneAt, laneFor } from "./wires";

/**
 * A wire whose delay changes while floods are under way. A flood is one flight for all ports of a lane, looked up when it comes
 * due; so a port that leaves its lane is given flights of its own for those that it would miss, and enters another lane only
 * when no flood there would come to it that has come to it already.
 */

/** Takes a port out of its lane. */
export function leaveLane(port: u32): void {
  const p = portAt(port);
  if (p.lane == NO_LANE) return;
  if (p.network != 0) {
    for (let id = laneAt(p.lane).head; id != 0; id = flightAt(id).next) takeShare(flightAt(id), p, port);
    networkAt(p.network).countLane(p.lane, -1);
  }
  p.lane = NO_LANE;
}

/** Gives a port the lane of its delay, if it can have it now. It must be in none. */
export function enterLane(port: u32): void {
  const p = portAt(port);
  const lane = laneFor(p.delay);
  if (lane == NO_LANE) return;
  if (p.network != 0) {
    for (let id = laneAt(lane).head; id != 0; id = flightAt(id).next) if (isFlood(flightAt(id), p.network)) return;
    networkAt(p.network).countLane(lane, 1);
  }
  p.lane = lane;
}

/** When the last frame that is on the wire of `port` arrives, ns; 0: none is. Looks at every flight of its lane, and in the heap. */
export function lastArrival(port: u32, which: u32): u64 {
  const p = portAt(port);
  let last: u64 = 0;
  if (p.lane != NO_LANE) {
    for (let id = laneAt(p.lane).head; id != 0; id = flightAt(id).next) {
      if (isOnWire(flightAt(id), p, port, which)) last = max<u64>(last, flightAt(id).due);
    }
  }
  const timers = flightTimers();
  if (timers.count == 0) return last;
  for (let id: u32 = 1; id <= pool(CAPACITY_FLIGHTS).high; id++) {
    if (timers.has(id) && isOnWire(flightAt(id), p, port, which)) last = max<u64>(last, flightAt(id).due);
  }
  return last;
}

function isOnWire(f: Flight, p: Port, port: u32, which: u32): bool {
  const kind = f.what & 0xffff;
  if (which == TOWARDS_SWITCH) return kind == TO_SWITCH && f.port == port && p.role != ROLE_TRUNK;
  if (p.role == ROLE_TRUNK) return (kind == TO_SWITCH && f.port == p.device) || isFlood(f, p.network);
  return (kind == TO_DEVICE && f.port == port) || isFlood(f, p.network);
}

function isFlood(f: Flight, network: u32): bool {
  return (f.what & 0xffff) == TO_ALL && f.network == network;
}

/** A port's share of a flood, as a flight of its own that comes due when the flood does. */
function takeShare(f: Flight, p: Port, port: u32): void {
  if (!isFlood(f, p.network) || f.port == port || !p.cable || !isAhead(f, port)) return;
  const hops = f.what >>> 16;
  const frame = f.frame;
  if (!isSharedByOthers(f, p, port) && !(p.role == ROLE_TRUNK && hops >= HOP_LIMIT)) return rebind(f, p, port);
  retain(frame);
  book(BOOK_COPIES, 1);
  if (p.role == ROLE_TRUNK && hops >= HOP_LIMIT) return dropAt(port, frame, LOOP);
  const id = pool(CAPACITY_FLIGHTS).take();
  if (id == 0) return dropAt(port, frame, QUEUE_FULL);
  const own = flightAt(id);
  own.frame = frame;
  own.what = f.what;
  own.due = f.due;
  own.seq = f.seq;
  rebind(own, p, port);
  flightTimers().set(id, own.due, own.seq);
}

/** Makes a flood's flight one for `port` alone. */
function rebind(f: Flight, p: Port, port: u32): void {
  const isTrunk = p.role == ROLE_TRUNK;
  f.what = isTrunk ? TO_SWITCH | (((f.what >>> 16) + 1) << 16) : TO_DEVICE;
  f.port = isTrunk ? p.device : port;
  f.network = 0;
  f.cursor = 0;
  if (!isTrunk) p.queued++;
  countOut(p, f.frame);
}

/** Where the flood goes on: it may have paused half-way along the network's ports. */
function nextOf(f: Flight): u32 {
  if (f.cursor == NO_CURSOR) return 0;
  return f.cursor == 0 ? networkAt(f.network).firstPort : f.cursor;
}

/** Whether the flood has not come to `port` yet. */
function isAhead(f: Flight, port: u32): bool {
  let each = nextOf(f);
  while (each != 0 && each != port) each = portAt(each).next;
  return each != 0;
}

/** Whether the flood is for another port, too. */
function isSharedByOthers(f: Flight, p: Port, port: u32): bool {
  for (let each = nextOf(f); each != 0; each = portAt(each).next) {
    if (each != port && each != f.port && portAt(each).lane == p.lane && portAt(each).cable) return true;
  }
  return false;
}
