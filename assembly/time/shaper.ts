import {
  CABLE_OFF,
  CAPACITY_FLIGHTS,
  HOP_LIMIT,
  KIND_UNPARSED,
  LOOP,
  NO_FRAME,
  PORT_GONE,
  QUEUE_FULL,
  ROLE_TRUNK,
  TOWARDS_DEVICE,
  TOWARDS_SWITCH,
  TRACE_QUEUE,
  TRACE_WIRE,
  WIRE_LOSS,
  WIRE_MTU,
  WIRE_WAS_CORRUPTED,
  WIRE_WAS_DUPLICATED,
  WIRE_WAS_LATE,
} from "../abi";
import { drop, eventsFree, frameAt, own, retain } from "../frames";
import { control, nextSeq, now, pool } from "../memory";
import { NO_LANE, Port, portAt } from "../port";
import { tell } from "../trace";
import { ETHERNET, Ethernet, TAG, TAGS, Tag, isTag } from "../wire/ethernet";
import { grant, nextTick } from "./bucket";
import { DIE_BIT, DIE_CORRUPT, DIE_DUPLICATE, DIE_JITTER, DIE_LOSS, DIE_REORDER, DIE_STATE, chance } from "./chance";
import { Direction, directionAt } from "./direction";
import { wireTimers } from "./heap";
import { TO_DEVICE, TO_SWITCH, countOut, flightAt, isCaptured, land, launch, record, share } from "./wires";

/**
 * The walk of a frame through a wire with character (direction.ts has the rules): in, perhaps into the queue, sent, on its way.
 *
 * Frames in a queue are flights that are in no lane, so the books find them. Each direction has one timer: when the frame being
 * sent is gone; or, while its bandwidth group refuses, at the next tick. A timer handles one frame at the most.
 */

/** The device at `port` sends a frame. */
export function shapeFromDevice(p: Port, port: u32, frame: u32): void {
  shape(directionAt(p.shaper, TOWARDS_SWITCH), TOWARDS_SWITCH, port, TO_SWITCH, frame);
}

/** The switch sends a frame out of `port`, whose cable is plugged in. */
export function shapeToDevice(p: Port, port: u32, frame: u32): void {
  const d = directionAt(p.shaper, TOWARDS_DEVICE);
  if (p.role != ROLE_TRUNK) return shape(d, TOWARDS_DEVICE, port, TO_DEVICE, frame);
  const hops = control().hops + 1;
  if (hops > HOP_LIMIT) return lose(d, TOWARDS_DEVICE, frame, LOOP);
  shape(d, TOWARDS_DEVICE, port, TO_SWITCH | (hops << 16), frame);
}

function shape(d: Direction, which: u32, port: u32, what: u32, frame: u32): void {
  const bytes = frameAt(frame).length;
  if (d.most != 0 && <f64>payloadOf(frame) > d.most) return refuse(d, which, frame, WIRE_MTU);
  const isIdle = d.isIdle;
  if (isIdle && grant(d.bucket, bytes)) return start(d, which, what, frame);
  if (d.isFull(bytes)) return refuse(d, which, frame, QUEUE_FULL);
  const id = hold(d, what, frame);
  if (id == 0) return refuse(d, which, frame, QUEUE_FULL);
  tell(frame, TRACE_QUEUE, port, which, d.waiting + u32(d.sending != 0), u32(d.sending == 0), 0);
  if (d.tail != 0) flightAt(d.tail).next = id;
  else d.head = id;
  d.tail = id;
  d.waiting++;
  d.waitingBytes += bytes;
  if (isIdle) wireTimers().set(timerOf(d, which), nextTick(), nextSeq());
}

/** Bytes after the Ethernet header and its tags. */
function payloadOf(frame: u32): u32 {
  const f = frameAt(frame);
  let header = ETHERNET;
  let type = Ethernet.at(f.data).type;
  for (let tags: u32 = 0; tags < TAGS && isTag(type) && header + TAG <= f.length; tags++) {
    type = Tag.at(f.data + header).type;
    header += TAG;
  }
  return f.length - header;
}

/** A flight that is on no wire yet; 0: the lab has none left. */
function hold(d: Direction, what: u32, frame: u32): u32 {
  const id = pool(CAPACITY_FLIGHTS).take();
  if (id == 0) return 0;
  const f = flightAt(id);
  f.frame = frame;
  f.port = d.port;
  f.what = what;
  return id;
}

function timerOf(d: Direction, which: u32): u32 {
  return (portAt(d.port).shaper << 1) | which;
}

/** Begins to send a frame that need not wait. */
function start(d: Direction, which: u32, what: u32, frame: u32): void {
  if (d.rate == 0) return leave(d, which, what, frame);
  const id = hold(d, what, frame);
  if (id == 0) return refuse(d, which, frame, QUEUE_FULL);
  startHeld(d, which, id);
}

function startHeld(d: Direction, which: u32, id: u32): void {
  d.sending = id;
  d.until = now() + d.timeFor(frameAt(flightAt(id).frame).length);
  d.sendingRate = d.rate;
  wireTimers().set(timerOf(d, which), d.until, nextSeq());
}

/** A timer's hand: a frame is gone, or those that wait may try again. */
export function wireTimeout(timer: u32): void {
  const which = timer & 1;
  const d = directionAt(timer >> 1, which);
  const id = d.sending;
  if (id == 0) return serve(d, which);
  d.sending = 0;
  letGo(d, which, id);
  if (d.head == 0) return;
  if (d.rate != 0) return serve(d, which);
  wireTimers().set(timer, now(), nextSeq());
}

/** The next of those that wait, if the bandwidth group lets it. */
function serve(d: Direction, which: u32): void {
  const id = d.head;
  if (id == 0) return;
  const bytes = frameAt(flightAt(id).frame).length;
  if (!grant(d.bucket, bytes)) return wireTimers().set(timerOf(d, which), nextTick(), nextSeq());
  unqueue(d, bytes);
  if (d.rate != 0) return startHeld(d, which, id);
  letGo(d, which, id);
  if (d.head != 0) wireTimers().set(timerOf(d, which), now(), nextSeq());
}

function unqueue(d: Direction, bytes: u32): void {
  d.head = flightAt(d.head).next;
  if (d.head == 0) d.tail = 0;
  d.waiting--;
  d.waitingBytes -= bytes;
}

/** A frame that was held goes, by itself and in nobody's walk. */
function letGo(d: Direction, which: u32, id: u32): void {
  const frame = flightAt(id).frame;
  const what = flightAt(id).what;
  land(id);
  control().mark = frameAt(frame).mark;
  if (!portAt(d.port).cable) return lose(d, which, frame, CABLE_OFF);
  leave(d, which, what, frame);
}

// ─── On its way ────────────────────────────────────────────────────────────────────────────────────────────────────

/** A frame is sent: chance has its say, and then it is a flight. */
function leave(d: Direction, which: u32, what: u32, frame: u32): void {
  const n = d.count++;
  if (isLost(d, n)) {
    d.lost++;
    return lose(d, which, frame, WIRE_LOSS);
  }
  let was: u32 = 0;
  let sent = frame;
  if (d.corrupt != 0 && chance(d.seed, n, DIE_CORRUPT) < d.corrupt) {
    const walking = control().walking;
    sent = own(frame);
    // The copy is a frame of its own: what becomes of it is not the verdict about the one that is walked.
    control().walking = walking;
    if (sent == 0) return lose(d, which, frame, NO_FRAME);
    flipBit(d, n, sent);
    was |= WIRE_WAS_CORRUPTED;
  }
  if (d.reorder != 0 && chance(d.seed, n, DIE_REORDER) < d.reorder) was |= WIRE_WAS_LATE;
  const takes = timeOnWire(d, n, (was & WIRE_WAS_LATE) != 0);
  const isTwice = d.duplicate != 0 && chance(d.seed, n, DIE_DUPLICATE) < d.duplicate;
  if (isTwice) was |= WIRE_WAS_DUPLICATED;
  tell(sent, TRACE_WIRE, d.port, which, was, <u32>(takes >> 32), <u32>takes);
  if (isTwice) share(sent, 1);
  fly(d, which, what, sent, takes);
  if (!isTwice) return;
  d.duplicated++;
  fly(d, which, what, sent, takes);
}

/** Asks for the state the frame finds, and then lets the state change. */
function isLost(d: Direction, n: u64): bool {
  const probability = d.bad != 0 ? d.lossBad : d.lossGood;
  const isLost = probability != 0 && chance(d.seed, n, DIE_LOSS) < probability;
  const change = d.bad != 0 ? d.toGood : d.toBad;
  if (change != 0 && chance(d.seed, n, DIE_STATE) < change) d.bad ^= 1;
  return isLost;
}

/** Flips one bit of a frame that nobody else holds; the first is the lowest of the first byte. */
function flipBit(d: Direction, n: u64, frame: u32): void {
  const f = frameAt(frame);
  const bit = <u32>(chance(d.seed, n, DIE_BIT) * <f64>(f.length << 3));
  const at = f.data + (bit >> 3);
  store<u8>(at, load<u8>(at) ^ (<u8>1 << <u8>(bit & 7)));
  f.kind = <u8>KIND_UNPARSED;
  d.corrupted++;
}

/** ns from now to the arrival. */
function timeOnWire(d: Direction, n: u64, isLate: bool): u64 {
  let takes = d.delay;
  if (d.jitter != 0) takes += floor<f64>(chance(d.seed, n, DIE_JITTER) * (2 * d.jitter + 1)) - d.jitter;
  if (takes < 0) takes = 0;
  if (isLate) {
    d.overtaken++;
    takes += d.late;
  }
  let due = now() + <u64>takes;
  if (d.inOrder != 0) due = max<u64>(due, d.latest);
  d.latest = max<u64>(due, d.latest);
  return due - now();
}

function fly(d: Direction, which: u32, what: u32, frame: u32, takes: u64): void {
  const p = portAt(d.port);
  const target = p.role == ROLE_TRUNK ? p.device : d.port;
  if (target == 0) return lose(d, which, frame, PORT_GONE);
  const lane = d.isSteady && <f64>takes == d.delay ? d.lane : NO_LANE;
  if (!launch(lane, takes, what, frame, target, 0)) return lose(d, which, frame, QUEUE_FULL);
  d.passed++;
  if (which == TOWARDS_SWITCH) return;
  if (what == TO_DEVICE) p.queued++;
  countOut(p, frame);
}

// ─── Ends ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function refuse(d: Direction, which: u32, frame: u32, reason: u32): void {
  d.refused++;
  lose(d, which, frame, reason);
}

/** The end of a frame in this wire; recorded here when no walk at the end of a wire will do it. */
function lose(d: Direction, which: u32, frame: u32, reason: u32): void {
  portAt(d.port).drops++;
  if (control().walking != frame && isCaptured(d.port) && eventsFree() > RECORDS_LEFT) {
    retain(frame);
    record(d.port, frame, which == TOWARDS_DEVICE, reason);
  }
  drop(frame, reason);
}
/** Places in the event ring that are left to others when a whole queue is dropped at once. */
const RECORDS_LEFT: u32 = 16;

/** Drops what waits for a direction: its port leaves its network. */
export function dropQueue(d: Direction, which: u32, reason: u32): void {
  wireTimers().cancel(timerOf(d, which));
  if (d.sending != 0) dropHeld(d, which, d.sending, reason);
  d.sending = 0;
  for (let id = d.head; id != 0; ) {
    const next = flightAt(id).next;
    dropHeld(d, which, id, reason);
    id = next;
  }
  d.head = 0;
  d.tail = 0;
  d.waiting = 0;
  d.waitingBytes = 0;
}

function dropHeld(d: Direction, which: u32, id: u32, reason: u32): void {
  const frame = flightAt(id).frame;
  land(id);
  lose(d, which, frame, reason);
}

/**
 * The character of a direction was changed: what is left of the frame being sent goes on at the new rate, and what waits need
 * not wait for what is no longer there.
 */
export function hasten(d: Direction, which: u32): void {
  if (d.isIdle) return;
  if (d.sending != 0 && d.rate != d.sendingRate) {
    const left = <f64>(d.until - now());
    d.until = now() + (d.rate == 0 ? <u64>0 : <u64>ceil<f64>((left * d.sendingRate) / d.rate));
    d.sendingRate = d.rate;
    wireTimers().set(timerOf(d, which), d.until, nextSeq());
    return;
  }
  if (d.sending == 0 && d.bucket == 0) wireTimers().set(timerOf(d, which), now(), nextSeq());
}
