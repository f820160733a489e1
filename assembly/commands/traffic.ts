import {
  BOOK_DROPPED,
  BOOK_INGRESS,
  CAPACITY_EVENTS,
  CAPACITY_FDB,
  CAPACITY_FRAMES,
  FRAME_MAX,
  FRAME_MIN,
  INGRESS,
  TOO_LONG,
  TOO_SHORT,
} from "../abi";
import { allocate, drop, frameAt } from "../frames";
import { framesWaiting } from "../ip/neighbor";
import { STAGING, book, countDrop, pool, seed } from "../memory";
import { networkAt, portAt } from "../port";
import { nextStation, stationAt } from "../table/fdb";
import { fromDevice, framesInFlight } from "../time/wires";
import { parseAt } from "../packet/parse";

/** One frame that TypeScript hands in. */
@unmanaged
class Inlet {
  /** A buffer reserved for it; 0: none. */
  frame: u32;
  port: u32;
  /** Bytes of the frame, 0…65535; what Ethernet does not carry is dropped here. */
  length: u32;
  /** 1: a probe (trace.ts). */
  mark: u32;
}

const INLETS: usize = memory.data(4096, 64);
if (INGRESS * 16 > 4096) ERROR("abi: INGRESS");

function inletAt(i: u32): Inlet {
  return changetype<Inlet>(INLETS + (<usize>i << 4));
}

export function ingressOffset(): usize {
  return INLETS;
}

/** Where the event ring begins: EVENT bytes each. */
export function eventsOffset(): usize {
  return pool(CAPACITY_EVENTS).base;
}

export function framesOffset(): usize {
  return pool(CAPACITY_FRAMES).base;
}

/** Sees to it that the first inlets have a buffer each, a quarter of all at the most; returns how many do. */
export function reserve(): u32 {
  const most = min<u32>(INGRESS, (pool(CAPACITY_FRAMES).capacity + 3) >> 2);
  for (let i: u32 = 0; i < most; i++) {
    const inlet = inletAt(i);
    if (inlet.frame != 0) continue;
    inlet.frame = allocate();
    if (inlet.frame == 0) return i;
  }
  return most;
}

/** Takes the frames in inlets 0…count-1 in, at the present time. */
export function ingress(count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const inlet = inletAt(i);
    const frame = inlet.frame;
    inlet.frame = 0;
    frameAt(frame).mark = inlet.mark;
    inlet.mark = 0;
    book(BOOK_INGRESS, 1);
    if (inlet.length < FRAME_MIN || inlet.length > FRAME_MAX) {
      portAt(inlet.port).drops++;
      drop(frame, inlet.length < FRAME_MIN ? TOO_SHORT : TOO_LONG);
      continue;
    }
    frameAt(frame).length = inlet.length;
    fromDevice(inlet.port, frame);
  }
}

/** Counts a frame that came to `port` and got no further. */
export function dropAt(port: u32, reason: u32): void {
  book(BOOK_INGRESS, 1);
  book(BOOK_DROPPED, 1);
  countDrop(reason);
  portAt(port).drops++;
}

/** One frame already counted in `which` (BOOK_…) was dropped by TypeScript after all. port 0: at none. */
export function refuse(which: u32, reason: u32, port: u32): void {
  book(which, u64.MAX_VALUE);
  book(BOOK_DROPPED, 1);
  countDrop(reason);
  if (port != 0) portAt(port).drops++;
}

/** Frames on wires and in queues, counted there. */
export function liveFrames(): u32 {
  return framesInFlight() + framesWaiting();
}

/** 1 while a probe, or a frame made because of it, is under way or waits (trace.ts). Looks at every buffer. */
export function isProbing(): u32 {
  for (let handle: u32 = 1; handle <= pool(CAPACITY_FRAMES).high; handle++) {
    const f = frameAt(handle);
    if (f.refs != 0 && f.mark != 0) return 1;
  }
  return 0;
}

/** Where the search for stations of `network` goes on: the slot after the next one that holds any, 0 at the end. */
export function fdbNext(network: u32, slot: u32): u32 {
  const found = nextStation(network, slot, networkAt(network).ageing);
  return found == pool(CAPACITY_FDB).capacity ? 0 : found + 1;
}

export function fdbOffset(slot: u32): usize {
  return changetype<usize>(stationAt(slot));
}

const PROBE: usize = memory.data(32, 16);

/** Parses `length` bytes of the staging area; returns where the descriptor is. */
export function parseFrame(length: u32): usize {
  parseAt(STAGING, length, PROBE, seed());
  return PROBE;
}

