import {
  CAPACITIES,
  CONTROL_BOOKS,
  CONTROL_CAPACITIES,
  CONTROL_DROPS,
  CONTROL_EVENTS_READ,
  CONTROL_EVENTS_WRITTEN,
  CONTROL_NEXT_ANY,
  CONTROL_NEXT_WORK,
  CONTROL_NOW,
  CONTROL_SEED,
  CONTROL_SIZE,
} from "./abi";

/**
 * The engine's memory: a control block at a fixed address, then one region per kind of thing, laid out once by `init` from
 * the capacities that TypeScript wrote. Nothing mutable lives outside it (there is no mutable global), so a copy of the
 * memory is a copy of the network. Zero means empty everywhere: a page never touched is a page of zeros.
 *
 *   0 ┬ now u64 · seq u64 · events written, read u32 · lookahead
 *  64 ├ books: u64[6]
 * 128 ├ drops by reason: u64[REASONS]
 *1152 ├ capacities u32[18] · seed u64
 *1280 ├ pools: Pool[32]                      base, capacity, free list, high-water mark, live
 *2304 └ now in ms
 */
@unmanaged
export class Control {
  now: u64;
  /** Counts everything that is scheduled; equal times happen in this order. */
  seq: u64;
  eventsWritten: u32;
  eventsRead: u32;
  /** Something became visible to TypeScript in this instant. */
  visible: u32;
  /** Bytes of memory in use after `init`. */
  end: u32;
  nextWork: u64;
  nextAny: u64;
  /** The frame whose walk is under way, the reason it was dropped for (0: it was not), and the switches it has crossed. */
  walking: u32;
  verdict: u32;
  hops: u32;
  /** Mark of the frame whose walk is under way (trace.ts); 0: nobody asked. */
  mark: u32;
}
if (offsetof<Control>("now") != CONTROL_NOW) ERROR("abi: CONTROL_NOW");
if (offsetof<Control>("eventsWritten") != CONTROL_EVENTS_WRITTEN) ERROR("abi: CONTROL_EVENTS_WRITTEN");
if (offsetof<Control>("eventsRead") != CONTROL_EVENTS_READ) ERROR("abi: CONTROL_EVENTS_READ");
if (offsetof<Control>("nextWork") != CONTROL_NEXT_WORK) ERROR("abi: CONTROL_NEXT_WORK");
if (offsetof<Control>("nextAny") != CONTROL_NEXT_ANY) ERROR("abi: CONTROL_NEXT_ANY");
if (offsetof<Control>() > CONTROL_BOOKS) ERROR("abi: CONTROL_BOOKS");

/** Address of the control block; a constant, so every access below folds to one load or store. */
export const CONTROL: usize = memory.data(4096, 64);
if (CONTROL_SIZE != 4096) ERROR("abi: CONTROL_SIZE");

export function control(): Control {
  return changetype<Control>(CONTROL);
}

export function now(): u64 {
  return control().now;
}

// The clock in ms, kept beside the one in ns: a division per frame costs as much as finding its port.
const CLOCK_MS: usize = CONTROL + 2304;

/** The engine's clock, ms. */
export function nowMs(): u64 {
  return load<u64>(CLOCK_MS);
}

/** Moves the clock; it never goes back. */
export function setNow(ns: u64): void {
  control().now = ns;
  store<u64>(CLOCK_MS, ns / 1_000_000);
}

/** The next sequence number: what breaks the tie between two events of one time. */
export function nextSeq(): u64 {
  const c = control();
  const seq = c.seq + 1;
  c.seq = seq;
  return seq;
}

export function seed(): u64 {
  return load<u64>(CONTROL + CONTROL_SEED);
}

/** Adds `n` to one of the books (BOOK_…). */
export function book(which: u32, n: u64): void {
  const at = CONTROL + CONTROL_BOOKS + (<usize>which << 3);
  store<u64>(at, load<u64>(at) + n);
}

/** Counts one drop under its reason; the frame itself is `drop`'s business (frames.ts). */
export function countDrop(reason: u32): void {
  const at = CONTROL + CONTROL_DROPS + (<usize>reason << 3);
  store<u64>(at, load<u64>(at) + 1);
}

/** How many of a thing the memory was laid out for (CAPACITY_…). */
export function capacity(which: u32): u32 {
  return load<u32>(CONTROL + CONTROL_CAPACITIES + (<usize>which << 2));
}

/**
 * A pool of equal records, numbered from 1; 0 is "none". Freed ones are chained through their first word and used again,
 * last freed first; never-used ones lie above the high-water mark, untouched.
 */
@unmanaged
export class Pool {
  base: usize;
  capacity: u32;
  size: u32;
  free: u32;
  high: u32;
  live: u32;
  private spare0: u32;
  private spare1: u32;

  /** Address of record `id`. */
  at(id: u32): usize {
    return this.base + <usize>id * this.size;
  }

  /** A record number, its bytes all zero, or 0 when all are taken. */
  take(): u32 {
    let id = this.free;
    if (id != 0) {
      this.free = load<u32>(this.at(id));
      memory.fill(this.at(id), 0, this.size);
    } else {
      if (this.high >= this.capacity) return 0;
      id = ++this.high;
    }
    this.live++;
    return id;
  }

  give(id: u32): void {
    memory.fill(this.at(id), 0, this.size);
    store<u32>(this.at(id), this.free);
    this.free = id;
    this.live--;
  }
}
if (offsetof<Pool>() != 32) ERROR("Pool must be 32 bytes");

const POOLS: usize = CONTROL + 1280;

/** The pool of things of one kind (CAPACITY_…). Kinds that are hash tables use `base` and `capacity` only. */
export function pool(which: u32): Pool {
  return changetype<Pool>(POOLS + (<usize>which << 5));
}

/** Scratch for the stages of one burst: contents mean nothing between two calls of `run`. */
export const SCRATCH: usize = memory.data(8192, 64);

/** A region of its own that TypeScript writes payloads to (64 KiB). */
export const STAGING: usize = memory.data(65536, 64);

/**
 * Lays out one region: `count` records of `size` bytes (and an unused record 0) at the next 64-byte boundary.
 * Returns the address after it.
 */
export function layRegion(which: u32, base: usize, size: u32): usize {
  const p = pool(which);
  p.base = (base + 63) & ~63;
  p.size = size;
  p.capacity = capacity(which);
  return p.base + <usize>(p.capacity + 1) * size;
}

/** The pools that are no capacity's: the index of the hash tables (table/hash.ts), buffers for whole segments (frames.ts). */
export const INDEX_POOL: u32 = 31;
export const WHOLE_POOL: u32 = 30;
if (CAPACITIES > 24) ERROR("capacities would reach the seed");
