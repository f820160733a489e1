import {
  BOOK_COPIES,
  CABLE_OFF,
  CAPACITY_FLIGHTS,
  EVENT_CAPTURE,
  HOP_LIMIT,
  LOOP,
  NO_DESTINATION,
  NOT_ATTACHED,
  QUEUE_FULL,
  ROLE_TRUNK,
  TRACE_FLOOD,
  TRACE_OUT,
} from "../abi";
import { drop, emitEvent, frameAt, release, retain } from "../frames";
import { book, control, nextSeq, now, pool } from "../memory";
import { LANES, NO_LANE, Network, Port, networkAt, portAt } from "../port";
import { trace } from "../trace";
import { flightTimers } from "./heap";
import { shapeFromDevice, shapeToDevice } from "./shaper";

/**
 * Wires: what is between a switch and a device, and takes time.
 *
 * A frame on a wire is a *flight*. Flights of one constant delay come due in the order they left, so each delay has a queue (a
 * lane) and nothing is sorted; the few whose delay found no lane are in a heap. A flood is one flight per lane, not one per
 * port: it is unfolded along the network's ports when it comes due, and can pause in the middle (`cursor`).
 *
 * A wire that does more than delay has a shaper (shaper.ts); its port is in no lane, so that floods come to it one by one.
 */
@unmanaged
export class Flight {
  /** Next in its lane, and in the free list. */
  next: u32;
  frame: u32;
  /** Where it arrives; for a flood the port it came in by; for TO_SELF the node. */
  port: u32;
  /** TO_…, and in the upper half the switches crossed so far. */
  what: u32;
  /** A flood's network, and the port it is unfolded up to (0: not begun). */
  network: u32;
  cursor: u32;
  due: u64;
  seq: u64;
}
export const FLIGHT_SIZE: u32 = 40;
if (offsetof<Flight>() != 40) ERROR("Flight must be 40 bytes");

/** A device's frame arrives at the switch. */
export const TO_SWITCH: u32 = 1;
/** The switch's frame arrives at the device. */
export const TO_DEVICE: u32 = 2;
/** A flood arrives at the devices of one lane. */
export const TO_ALL: u32 = 3;
/** A packet that a node sent to itself. */
export const TO_SELF: u32 = 4;

/** A queue of flights of one delay. */
@unmanaged
export class Lane {
  /** Delay + 1 in ns; 0: the lane is not in use. */
  private delayAndOne: u64;
  head: u32;
  tail: u32;

  get isUsed(): bool {
    return this.delayAndOne != 0;
  }
  get delay(): u64 {
    return this.delayAndOne - 1;
  }
  set delay(ns: u64) {
    this.delayAndOne = ns + 1;
  }
}
if (offsetof<Lane>() != 16) ERROR("Lane must be 16 bytes");

const LANE_TABLE: usize = memory.data(512, 64);

export function laneAt(i: u32): Lane {
  return changetype<Lane>(LANE_TABLE + (<usize>i << 4));
}

export function flightAt(id: u32): Flight {
  return changetype<Flight>(pool(CAPACITY_FLIGHTS).base + <usize>id * FLIGHT_SIZE);
}

/** The lane for a delay, taking a free one if it is the first of its kind; NO_LANE when all 32 serve other delays. */
export function laneFor(delay: u64): u32 {
  for (let i: u32 = 0; i < LANES; i++) {
    const lane = laneAt(i);
    if (!lane.isUsed) {
      lane.delay = delay;
      return i;
    }
    if (lane.delay == delay) return i;
  }
  return NO_LANE;
}

/** Puts a frame on its way; false when the lab has no flight left (the caller drops it). */
export function launch(lane: u32, delay: u64, what: u32, frame: u32, port: u32, network: u32): bool {
  const p = pool(CAPACITY_FLIGHTS);
  let id = p.free;
  if (id != 0) {
    p.free = flightAt(id).next;
  } else {
    if (p.high >= p.capacity) return false;
    id = ++p.high;
  }
  p.live++;
  const f = flightAt(id);
  f.frame = frame;
  f.network = network;
  f.cursor = 0;
  depart(id, f, lane, delay, what, port);
  return true;
}

/** A flight begins: at the end of its lane, or among the timers. */
// @ts-ignore: decorator
@inline
function depart(id: u32, f: Flight, lane: u32, delay: u64, what: u32, port: u32): void {
  f.next = 0;
  f.port = port;
  f.what = what;
  f.due = now() + delay;
  f.seq = nextSeq();
  if (lane == NO_LANE) return flightTimers().set(id, f.due, f.seq);
  const l = laneAt(lane);
  if (l.tail != 0) flightAt(l.tail).next = id;
  else l.head = id;
  l.tail = id;
}

/**
 * What `land` and `toDevice` do together, for a frame that goes out of a switch as it came in and a port that takes it: its
 * flight begins anew. False when the port is not so simple; nothing has been done then.
 */
// @ts-ignore: decorator
@inline
export function flyOn(id: u32, port: u32): bool {
  const p = portAt(port);
  if (!p.cable || p.lane == NO_LANE || p.role == ROLE_TRUNK || p.queued >= p.queueLimit) return false;
  const f = flightAt(id);
  depart(id, f, p.lane, p.delay, TO_DEVICE, port);
  p.queued++;
  countOut(p, f.frame);
  return true;
}

/** Gives a flight's record back; its frame is the caller's now. */
export function land(id: u32): void {
  const p = pool(CAPACITY_FLIGHTS);
  flightAt(id).next = p.free;
  p.free = id;
  p.live--;
}

/** The device at `port` sends a frame: it is on the wire towards the switch. */
export function fromDevice(port: u32, frame: u32): void {
  const p = portAt(port);
  if (p.network == 0) return dropAt(port, frame, NOT_ATTACHED);
  if (!p.cable) return dropAt(port, frame, CABLE_OFF);
  if (p.shaper != 0) return shapeFromDevice(p, port, frame);
  if (!launch(p.lane, p.delay, TO_SWITCH, frame, port, 0)) dropAt(port, frame, QUEUE_FULL);
}

/** The switch sends a frame out of `port`: to its device, or along the trunk to the next switch. */
export function toDevice(port: u32, frame: u32): void {
  const p = portAt(port);
  trace(frame, TRACE_OUT, port, 0, 0, 0, 0);
  if (!p.cable) return dropAt(port, frame, CABLE_OFF);
  if (p.shaper != 0) return shapeToDevice(p, port, frame);
  if (p.role == ROLE_TRUNK) return alongTrunk(p, port, frame);
  if (p.queued >= p.queueLimit) return dropAt(port, frame, QUEUE_FULL);
  if (!launch(p.lane, p.delay, TO_DEVICE, frame, port, 0)) return dropAt(port, frame, QUEUE_FULL);
  p.queued++;
  countOut(p, frame);
}

function alongTrunk(p: Port, port: u32, frame: u32): void {
  const hops = control().hops + 1;
  if (hops > HOP_LIMIT) return dropAt(port, frame, LOOP);
  if (!launch(p.lane, p.delay, TO_SWITCH | (hops << 16), frame, p.device, 0)) return dropAt(port, frame, QUEUE_FULL);
  countOut(p, frame);
}

/** A packet for the node itself: it takes as long as one microsecond, so that time moves even then. */
export function toSelf(node: u32, frame: u32): void {
  if (!launch(laneFor(LOOPBACK_DELAY), LOOPBACK_DELAY, TO_SELF, frame, node, 0)) drop(frame, QUEUE_FULL);
}
const LOOPBACK_DELAY: u64 = 1000;

/** Sends a frame to every port of a network but the one it came in by. */
export function flood(network: u32, ingress: u32, frame: u32): void {
  const n = networkAt(network);
  const from = portAt(ingress);
  trace(frame, TRACE_FLOOD, network, ingress, 0, 0, 0);
  let flights: u32 = 0;
  let inLanes: u32 = 0;
  // Held until all have their share: what the first one drops must not be gone for the second.
  retain(frame);
  for (let lane: u32 = 0; lane < LANES; lane++) {
    const ports = n.lanePorts(lane);
    inLanes += ports;
    if (ports <= u32(from.lane == lane)) continue;
    share(frame, flights++);
    if (!launch(lane, laneAt(lane).delay, TO_ALL | (control().hops << 16), frame, ingress, network)) {
      dropAt(ingress, frame, QUEUE_FULL);
    }
  }
  if (n.ports - inLanes > u32(from.lane == NO_LANE)) flights = floodLaneless(n, ingress, frame, flights);
  if (flights == 0) dropAt(ingress, frame, NO_DESTINATION);
  release(frame);
}

/** The ports whose delay has no lane, one by one. Returns the flights there are then. */
function floodLaneless(n: Network, ingress: u32, frame: u32, flights: u32): u32 {
  for (let port = n.firstPort; port != 0; port = portAt(port).next) {
    const p = portAt(port);
    if (port == ingress || p.lane != NO_LANE || !p.cable) continue;
    share(frame, flights++);
    toDevice(port, frame);
  }
  return flights;
}

/** One more holder of a frame, counted as a copy, unless it is the first. */
export function share(frame: u32, before: u32): void {
  if (before == 0) return;
  retain(frame);
  book(BOOK_COPIES, 1);
}

export function countOut(p: Port, frame: u32): void {
  p.txFrames++;
  p.txBytes += frameAt(frame).length;
}

/** Moves floods that have paused at `port` on to the next one: called before the port leaves its network. */
export function skipPort(port: u32): void {
  const next = portAt(port).next;
  for (let i: u32 = 0; i < LANES; i++) {
    const head = laneAt(i).head;
    if (head == 0) continue;
    const f = flightAt(head);
    if ((f.what & 0xffff) == TO_ALL && f.cursor == port) f.cursor = next == 0 ? NO_CURSOR : next;
  }
}
/** A flood that has no port left. */
export const NO_CURSOR: u32 = 0xffffffff;

/** Drops what is on the wire of `port`: it leaves its network, and nothing of the old one may arrive in the new. */
export function dropFlights(port: u32, reason: u32): void {
  dropWhere(port, false, reason);
}

/** Drops what node `node` has sent to itself: it goes. */
export function dropSelfFlights(node: u32, reason: u32): void {
  dropWhere(node, true, reason);
}

function dropWhere(port: u32, toSelf: bool, reason: u32): void {
  for (let i: u32 = 0; i < LANES; i++) {
    const lane = laneAt(i);
    let before: u32 = 0;
    let id = lane.head;
    while (id != 0) {
      const f = flightAt(id);
      const next = f.next;
      if (isBoundFor(f, port, toSelf)) {
        if (before != 0) flightAt(before).next = next;
        else lane.head = next;
        if (next == 0) lane.tail = before;
        cancel(id, toSelf, reason);
      } else {
        before = id;
      }
      id = next;
    }
  }
  const timers = flightTimers();
  for (let id: u32 = 1; id <= pool(CAPACITY_FLIGHTS).high; id++) {
    if (!timers.has(id) || !isBoundFor(flightAt(id), port, toSelf)) continue;
    timers.cancel(id);
    cancel(id, toSelf, reason);
  }
}

function isBoundFor(f: Flight, port: u32, toSelf: bool): bool {
  const kind = f.what & 0xffff;
  return f.port == port && kind != TO_ALL && (kind == TO_SELF) == toSelf;
}

function cancel(id: u32, toSelf: bool, reason: u32): void {
  const f = flightAt(id);
  const frame = f.frame;
  if ((f.what & 0xffff) == TO_DEVICE) portAt(f.port).queued--;
  if (toSelf) drop(frame, reason);
  else dropAt(f.port, frame, reason);
  land(id);
}

/** Frames on wires: for the books. A flood is one until it is unfolded. */
export function framesInFlight(): u32 {
  return pool(CAPACITY_FLIGHTS).live;
}

// ─── Captures and drops at a port ──────────────────────────────────────────────────────────────────────────────────

/** Whether somebody records what passes `port`. */
export function isCaptured(port: u32): bool {
  const p = portAt(port);
  return p.capture != 0 || (p.network != 0 && networkAt(p.network).capture != 0);
}

/** Records a frame that reached the end of `port`'s wire, and what became of it. The reference to it goes to the event. */
export function record(port: u32, frame: u32, towardsDevice: bool, reason: u32): void {
  const f = frameAt(frame);
  const e = emitEvent(EVENT_CAPTURE, port);
  e.a = portAt(port).network;
  e.b = u32(towardsDevice);
  e.c = reason;
  e.frame = frame;
  e.offset = <u32>f.data;
  e.length = f.length;
}

/** The end of a frame at a port; recorded here when no walk at the end of a wire will do it. */
export function dropAt(port: u32, frame: u32, reason: u32): void {
  portAt(port).drops++;
  if (control().walking != frame && isCaptured(port)) {
    retain(frame);
    record(port, frame, false, reason);
  }
  drop(frame, reason);
}
