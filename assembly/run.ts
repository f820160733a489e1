import {
  BURST,
  CAPACITY_FDB,
  HOP_LIMIT,
  LOOP,
  NO_DESTINATION,
  ROLE_TRUNK,
  RUN_BUDGET,
  RUN_IDLE,
  RUN_LIMIT,
  RUN_RING,
  RUN_VISIBLE,
} from "./abi";
import { arriveAtDevice, arriveAtSelf, arriveAtSwitch, isAheadWorthwhile, lookAhead, natHash, relay } from "./engine";
import { EVENTS_PER_STEP, eventsFree, frameAt } from "./frames";
import { generate } from "./generator";
import { neighborTimeout } from "./ip/neighbor";
import { SCRATCH, control, now, pool, setNow } from "./memory";
import { LANES, networkAt, portAt } from "./port";
import { dhcpTimeout } from "./stack/dhcp-client";
import { streamTimeout, streamUpkeep } from "./stack/tcp/timeouts";
import { stationHome, stationKey } from "./table/fdb";
import { wireTimeout } from "./time/shaper";
import {
  NEVER,
  flightTimers,
  generatorTimers,
  leaseTimers,
  neighborTimers,
  streamTimers,
  streamUpkeepTimers,
  wireTimers,
} from "./time/heap";
import {
  Flight,
  NO_CURSOR,
  TO_ALL,
  TO_DEVICE,
  TO_SELF,
  TO_SWITCH,
  countOut,
  dropAt,
  flightAt,
  land,
  laneAt,
  share,
} from "./time/wires";
import { breakUp, staysWhole } from "./whole";
import { Ethernet } from "./wire/ethernet";

/**
 * The clock's hand: what happens next, and then what happens after that.
 *
 * Everything that will happen has a time and a sequence number, and is in a lane (frames on wires of one delay), or on a heap
 * (timers). `run` takes the earliest, again and again. Frames that arrive at one time are taken as bursts; the order is that of
 * their sequence numbers whatever the bursts, so that any split gives the same bytes.
 */

// Sources of events: lanes 0…31, then the heaps.
const FLIGHTS: u32 = LANES;
const NEIGHBORS: u32 = LANES + 1;
const GENERATORS: u32 = LANES + 2;
const WIRES: u32 = LANES + 3;
const STREAMS: u32 = LANES + 4;
// From here on it is upkeep, which does not drive time.
const LEASES: u32 = LANES + 5;
const STREAM_UPKEEP: u32 = LANES + 6;
const NOTHING: u32 = LANES + 7;

/** The earliest event, and the one that follows it in another source. */
@unmanaged
class Next {
  due: u64;
  seq: u64;
  rivalDue: u64;
  rivalSeq: u64;
  source: u32;
  private spare: u32;

  offer(source: u32, due: u64, seq: u64): void {
    if (due < this.due || (due == this.due && seq < this.seq)) {
      this.rivalDue = this.due;
      this.rivalSeq = this.seq;
      this.due = due;
      this.seq = seq;
      this.source = source;
      return;
    }
    if (due > this.rivalDue || (due == this.rivalDue && seq > this.rivalSeq)) return;
    this.rivalDue = due;
    this.rivalSeq = seq;
  }
}
const next = changetype<Next>(memory.data(48, 16));

/** Finds the earliest event; NOTHING when there is none. */
function findNext(): u32 {
  next.due = NEVER;
  next.seq = NEVER;
  next.rivalDue = NEVER;
  next.rivalSeq = NEVER;
  next.source = NOTHING;
  for (let i: u32 = 0; i < LANES; i++) {
    const lane = laneAt(i);
    if (!lane.isUsed) break;
    if (lane.head == 0) continue;
    const f = flightAt(lane.head);
    next.offer(i, f.due, f.seq);
  }
  if (flightTimers().count != 0) next.offer(FLIGHTS, flightTimers().due, flightTimers().seq);
  if (neighborTimers().count != 0) next.offer(NEIGHBORS, neighborTimers().due, neighborTimers().seq);
  if (generatorTimers().count != 0) next.offer(GENERATORS, generatorTimers().due, generatorTimers().seq);
  if (wireTimers().count != 0) next.offer(WIRES, wireTimers().due, wireTimers().seq);
  if (streamTimers().count != 0) next.offer(STREAMS, streamTimers().due, streamTimers().seq);
  if (leaseTimers().count != 0) next.offer(LEASES, leaseTimers().due, leaseTimers().seq);
  if (streamUpkeepTimers().count != 0) next.offer(STREAM_UPKEEP, streamUpkeepTimers().due, streamUpkeepTimers().seq);
  return next.source;
}

/** When the next thing happens that drives time by itself: a frame arrives, a resolution is asked again, a segment is sent again. */
function nextWork(): u64 {
  let due = min<u64>(min<u64>(flightTimers().due, neighborTimers().due), min<u64>(generatorTimers().due, wireTimers().due));
  due = min<u64>(due, streamTimers().due);
  for (let i: u32 = 0; i < LANES; i++) {
    const lane = laneAt(i);
    if (!lane.isUsed) break;
    if (lane.head != 0) due = min<u64>(due, flightAt(lane.head).due);
  }
  return due;
}

/**
 * Lets time pass.
 *
 * @param limit   ns; time does not go beyond it (Infinity: no limit)
 * @param budget  frames and timers to handle at the most
 * @param drive   1: every timer moves time; 0: only work in flight does, and upkeep that is due before it happens on the way
 * @returns       RUN_…: why it returned
 */
export function run(limit: f64, budget: u32, drive: u32): u32 {
  const until = limit < 1.8e19 ? <u64>limit : NEVER;
  const why = runUntil(until, budget, drive != 0);
  const c = control();
  c.mark = 0;
  c.nextWork = nextWork();
  c.nextAny = min<u64>(c.nextWork, min<u64>(leaseTimers().due, streamUpkeepTimers().due));
  return why;
}

function runUntil(until: u64, budget: u32, drives: bool): u32 {
  const c = control();
  c.visible = 0;
  let left = budget;
  while (true) {
    const source = findNext();
    if (source == NOTHING || (!drives && source >= LEASES && nextWork() == NEVER)) {
      if (c.visible != 0) return RUN_VISIBLE;
      if (!drives || until == NEVER) return RUN_IDLE;
      setNow(max<u64>(c.now, until));
      return RUN_LIMIT;
    }
    if (next.due > c.now) {
      if (c.visible != 0) return RUN_VISIBLE;
      if (next.due > until) {
        setNow(max<u64>(c.now, until));
        return RUN_LIMIT;
      }
      setNow(next.due);
    }
    if (eventsFree() < EVENTS_PER_STEP) return RUN_RING;
    if (left == 0) return RUN_BUDGET;
    left -= min<u32>(left, step(source, left));
  }
}

/** Handles what is due at one source; returns how many frames or timers that were. */
function step(source: u32, most: u32): u32 {
  if (source < LANES) return stepLane(source, most);
  if (source == FLIGHTS) {
    arrive(flightTimers().pop());
    return 1;
  }
  control().mark = 0;
  if (source == NEIGHBORS) neighborTimeout(neighborTimers().pop());
  else if (source == GENERATORS) return generate(generatorTimers().pop());
  else if (source == WIRES) wireTimeout(wireTimers().pop());
  else if (source == STREAMS) streamTimeout(streamTimers().pop());
  else if (source == LEASES) dhcpTimeout(leaseTimers().pop());
  else streamUpkeep(streamUpkeepTimers().pop());
  return 1;
}

// ─── A burst ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** The flights of a burst, in SCRATCH: u32[BURST]. They are in no lane, and not yet given back. */
function flightOf(i: u32): u32 {
  return load<u32>(SCRATCH + (<usize>i << 2));
}

/** Takes what is due now off a lane: a flood by itself, or a burst of frames. */
function stepLane(source: u32, most: u32): u32 {
  const head = flightAt(laneAt(source).head);
  if ((head.what & 0xffff) == TO_ALL) return unfold(source, head);
  const room = min<u32>(eventsFree() / EVENTS_PER_STEP, min<u32>(most, BURST));
  const count = gather(source, room);
  if (isFdbBeyondCache()) touchStations(count);
  if (isAheadWorthwhile()) touchConnections(count);
  for (let i: u32 = 0; i < count; i++) arrive(flightOf(i));
  return count;
}

/** Moves up to `room` flights that are due now, and before anything in another source, from a lane to the burst. */
function gather(source: u32, room: u32): u32 {
  const lane = laneAt(source);
  let id = lane.head;
  let count: u32 = 0;
  while (count < room && id != 0) {
    const f = flightAt(id);
    if (f.due > now() || (f.what & 0xffff) == TO_ALL) break;
    if (f.due > next.rivalDue || (f.due == next.rivalDue && f.seq > next.rivalSeq)) break;
    store<u32>(SCRATCH + (<usize>count << 2), id);
    count++;
    id = f.next;
  }
  lane.head = id;
  if (id == 0) lane.tail = 0;
  return count;
}

/** A forwarding database larger than the core's own cache: every look-up would wait for memory. */
function isFdbBeyondCache(): bool {
  return pool(CAPACITY_FDB).capacity > 32768;
}

/**
 * Loads where each look-up of the burst will begin, all of them before the first is needed, so that the waits overlap. The sum is
 * stored, because a load nobody uses is no load.
 */
function touchStations(count: u32): void {
  let sum: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const f = flightAt(flightOf(i));
    if ((f.what & 0xffff) != TO_SWITCH) continue;
    const eth = Ethernet.at(frameAt(f.frame).data);
    const network = portAt(f.port).network;
    sum += load<u64>(stationHome(stationKey(network, eth.dst))) + load<u64>(stationHome(stationKey(network, eth.src)));
  }
  store<u64>(TOUCHED, sum);
}

/** The same for the NATs' connections. */
function touchConnections(count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const f = flightAt(flightOf(i));
    const hash = (f.what & 0xffff) == TO_DEVICE ? natHash(f.port, f.frame) : 0;
    store<u64>(HASHES + (<usize>i << 3), hash);
  }
  store<u64>(TOUCHED, lookAhead(HASHES, count));
}

const TOUCHED: usize = SCRATCH + BURST * 4;
const HASHES: usize = TOUCHED + 64;

/** The end of a flight. */
function arrive(id: u32): void {
  const f = flightAt(id);
  const what = f.what;
  const kind = what & 0xffff;
  if (kind == TO_SWITCH && relay(id)) return;
  const port = f.port;
  const frame = f.frame;
  land(id);
  if (frameAt(frame).whole != 0 && !staysWhole(kind, port, frame)) return breakUp(what, port, frame);
  if (kind == TO_SWITCH) return arriveAtSwitch(port, frame, what >>> 16);
  if (kind == TO_SELF) return arriveAtSelf(port, frame);
  portAt(port).queued--;
  arriveAtDevice(port, frame);
}

// ─── A flood ───────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Hands a flood to every port of its lane, from where it paused; pauses again when the event ring fills up. A port is served
 * when the next one is found, so that the last gets the flood's own reference and every other a copy.
 */
function unfold(source: u32, flight: Flight): u32 {
  const frame = flight.frame;
  const ingress = flight.port;
  const hops = flight.what >>> 16;
  let port = flight.cursor == 0 ? networkAt(flight.network).firstPort : flight.cursor;
  if (port == NO_CURSOR) port = 0;
  let pending: u32 = 0;
  let served: u32 = 0;
  for (; port != 0; port = portAt(port).next) {
    const p = portAt(port);
    if (port == ingress || p.lane != source || !p.cable) continue;
    if (pending != 0) {
      if (eventsFree() < EVENTS_PER_STEP) {
        flight.cursor = pending;
        return served + 1;
      }
      share(frame, 1);
      serve(pending, frame, hops);
      served++;
    }
    pending = port;
  }
  if (pending != 0 && eventsFree() < EVENTS_PER_STEP) {
    flight.cursor = pending;
    return served + 1;
  }
  takeHead(source);
  if (pending != 0) serve(pending, frame, hops);
  else dropAt(ingress, frame, NO_DESTINATION);
  return served + 1;
}

function takeHead(source: u32): void {
  const lane = laneAt(source);
  const id = lane.head;
  lane.head = flightAt(id).next;
  if (lane.head == 0) lane.tail = 0;
  land(id);
}

/** One port's copy of a flood: its device has it, or it has come to the switch at the trunk's other end. */
function serve(port: u32, frame: u32, hops: u32): void {
  const p = portAt(port);
  control().hops = hops;
  if (p.role == ROLE_TRUNK && hops >= HOP_LIMIT) return dropAt(port, frame, LOOP);
  countOut(p, frame);
  if (p.role == ROLE_TRUNK) arriveAtSwitch(p.device, frame, hops + 1);
  else arriveAtDevice(port, frame);
}
