import {
  BOOK_CONSUMED,
  BOOK_DELIVERED,
  BOOK_DROPPED,
  BOOK_ORIGINATED,
  CAPACITY_EVENTS,
  CAPACITY_FRAMES,
  EVENT,
  EVENT_TIME,
  EVENT_TRACE,
  FRAME_SLOT,
  FRAME_START,
  KIND_UNPARSED,
  TRACE_CONSUMED,
  TRACE_DROPPED,
  WHOLE_SLOTS,
} from "./abi";
import { WHOLE_POOL, book, capacity, control, countDrop, now, pool } from "./memory";

/**
 * A frame buffer: 64 bytes of bookkeeping, 64 of headroom, the frame.
 *
 *   0 ┬ refs · next · start · length
 *  16 ├ descriptor: what the parser found, valid until the bytes change
 *  64 ├ headroom
 * 128 └ the frame's first byte (FRAME_START), up to 1984 bytes
 *
 * Buffers are counted: a flood shares one, and who wants to change the bytes asks for one of its own (`own`).
 *
 * Behind them lie a few large ones, each of WHOLE_SLOTS slots in a row, for segments that travel whole (whole.ts). Their handles
 * are those of their first slots.
 */
@unmanaged
export class Frame {
  /** Holders; 0 means free. (First word: the free list runs through it while free.) */
  refs: u32;
  /** Next in a queue of frames that wait (neighbour resolution); a frame waits in one queue at the most. */
  next: u32;
  /** Offset of the first byte from the buffer's begin. */
  start: u32;
  /** Bytes of the frame. */
  length: u32;

  // ── descriptor, 32 bytes; offsets from the frame's first byte ──
  /** Network header; 0 when there is none. */
  l3: u16;
  /** Transport header; 0 when there is none (not IP, a later fragment, a fault before it). */
  l4: u16;
  /** First byte after the transport header. */
  payload: u16;
  /** End of the packet by its own length fields: what follows is padding. */
  end: u16;
  /** Innermost EtherType (or 802.3 length). */
  etherType: u16;
  /** Outermost tag as it stands (PCP, DEI, VID), 0xffff when untagged. */
  vlan: u16;
  /** KIND_…; KIND_UNPARSED until the parser has been here. */
  kind: u8;
  /** IP protocol (after IPv6 extension headers). */
  protocol: u8;
  /** The parser's reason, OK when the packet is sound. A switch forwards it all the same; who opens it drops it. */
  fault: u8;
  /** IS_FRAGMENT, IS_LATER_FRAGMENT, HAS_OPTIONS, IS_SUMMED. */
  flags: u8;
  /** Ports of UDP and TCP; for ICMP echo both hold the identifier; 0 where there are none. */
  srcPort: u16;
  dstPort: u16;
  /** Hash of addresses, protocol and ports; the same packet has the same hash in every run of one seed. */
  hash: u32;
  // ── end of the descriptor ──
  /** 0; 1: a probe, whose every step is told; 2: made because of one (trace.ts). */
  mark: u32;
  /** Payload of each of the segments that this frame stands for (whole.ts); 0: it is an ordinary one. */
  whole: u32;

  /** Address of the frame's first byte: its destination MAC. */
  get data(): usize {
    return changetype<usize>(this) + this.start;
  }
}
if (offsetof<Frame>("l3") != 16 || offsetof<Frame>("hash") != 36 || offsetof<Frame>() != 48) ERROR("Frame moved");

export function frameAt(handle: u32): Frame {
  return changetype<Frame>(pool(CAPACITY_FRAMES).base + <usize>handle * FRAME_SLOT);
}

/** A frame buffer of our own, one reference, empty and unparsed; 0 when all are in use. Bytes are what they were before. */
export function allocate(): u32 {
  const p = pool(CAPACITY_FRAMES);
  let handle = p.free;
  if (handle != 0) {
    p.free = frameAt(handle).next;
  } else {
    if (p.high >= p.capacity) return 0;
    handle = ++p.high;
  }
  p.live++;
  const f = frameAt(handle);
  f.refs = 1;
  f.next = 0;
  f.start = FRAME_START;
  f.length = 0;
  f.kind = <u8>KIND_UNPARSED;
  f.mark = control().mark == 0 ? 0 : 2;
  f.whole = 0;
  return handle;
}

/** Large buffers: one for 256 ordinary ones, 64 at the most. */
export function wholeCapacity(): u32 {
  return min<u32>(64, capacity(CAPACITY_FRAMES) >> 8);
}

/** Lays the large buffers out, right behind the ordinary ones, which are laid out. Returns the address after them. */
export function layWhole(end: usize): usize {
  const p = pool(WHOLE_POOL);
  p.base = end;
  p.size = WHOLE_SLOTS * FRAME_SLOT;
  p.capacity = wholeCapacity();
  return end + <usize>p.capacity * p.size;
}

/** Handle of large buffer `id`, 1…wholeCapacity(). */
export function wholeHandle(id: u32): u32 {
  return capacity(CAPACITY_FRAMES) + 1 + (id - 1) * WHOLE_SLOTS;
}

/** Whether a large buffer is free. */
export function isWholeFree(): bool {
  const p = pool(WHOLE_POOL);
  return p.live < p.capacity;
}

/** A large buffer for a frame made by the lab itself, for segments of `whole` bytes of payload; 0 when all are in use. */
export function originateWhole(whole: u32): u32 {
  const p = pool(WHOLE_POOL);
  let handle = p.free;
  if (handle != 0) p.free = frameAt(handle).next;
  else if (p.high >= p.capacity) return 0;
  else handle = wholeHandle(++p.high);
  p.live++;
  const f = frameAt(handle);
  f.refs = 1;
  f.next = 0;
  f.start = FRAME_START;
  f.mark = 0;
  f.whole = whole;
  book(BOOK_ORIGINATED, 1);
  return handle;
}

export function retain(handle: u32): void {
  frameAt(handle).refs++;
}

export function release(handle: u32): void {
  const f = frameAt(handle);
  if (--f.refs != 0) return;
  const p = pool(f.whole == 0 ? CAPACITY_FRAMES : WHOLE_POOL);
  f.next = p.free;
  p.free = handle;
  p.live--;
}

/**
 * The same frame in a buffer that nobody else holds: `handle` itself when it is not shared, else a copy (the reference to
 * `handle` is given up). 0 when no buffer is free; `handle` is then untouched.
 */
export function own(handle: u32): u32 {
  const f = frameAt(handle);
  if (f.refs == 1) return handle;
  const copy = copyOf(handle);
  if (copy == 0) return 0;
  if (control().walking == handle) control().walking = copy;
  f.refs--;
  return copy;
}

/** A second buffer with the same frame and descriptor, not in the books; 0 when none is free. (Large ones have one holder only.) */
function copyOf(handle: u32): u32 {
  const copy = frameAt(handle).whole == 0 ? allocate() : 0;
  if (copy == 0) return 0;
  const f = frameAt(handle);
  const c = frameAt(copy);
  memory.copy(changetype<usize>(c) + offsetof<Frame>("start"), changetype<usize>(f) + offsetof<Frame>("start"), offsetof<Frame>() - offsetof<Frame>("start"));
  memory.copy(c.data, f.data, f.length);
  return copy;
}

/** A new frame made by the lab itself: `allocate`, counted in the books. */
export function originate(): u32 {
  const handle = allocate();
  if (handle != 0) book(BOOK_ORIGINATED, 1);
  return handle;
}

/** The end of a frame that did not arrive: counted under `reason`, its reference given up. */
export function drop(handle: u32, reason: u32): void {
  book(BOOK_DROPPED, 1);
  countDrop(reason);
  const c = control();
  if (c.walking == handle) c.verdict = reason;
  traceEnd(handle, TRACE_DROPPED, reason);
  release(handle);
}

/** The end of a frame that reached whom it was for, inside the lab. */
export function consume(handle: u32): void {
  book(BOOK_CONSUMED, 1);
  traceEnd(handle, TRACE_CONSUMED, 0);
  release(handle);
}

/** The same, where the bytes are still wanted: the reference goes to an event that holds them. */
export function consumeByEvent(handle: u32): void {
  book(BOOK_CONSUMED, 1);
  traceEnd(handle, TRACE_CONSUMED, 0);
}

/** Tells the end of a marked frame, whoever's walk it ends in. */
function traceEnd(handle: u32, step: u32, reason: u32): void {
  const mark = frameAt(handle).mark;
  if (mark == 0 || eventsFree() == 0) return;
  const e = emitEvent(EVENT_TRACE, 0);
  e.flags = step | (mark << 16);
  e.a = reason;
}

/** The end of a frame that left the lab: its reference goes to the event ring. */
export function countDelivered(): void {
  book(BOOK_DELIVERED, 1);
}

// ─── Events for TypeScript ─────────────────────────────────────────────────────────────────────────────────────────

/** One record of the event ring; the fields' meaning per kind is in abi.ts. */
@unmanaged
export class Event {
  kind: u32;
  id: u32;
  /** A frame that the ring holds a reference to until TypeScript has read the event; 0: none. */
  frame: u32;
  offset: u32;
  length: u32;
  a: u32;
  b: u32;
  c: u32;
  d: u32;
  flags: u32;
  time: u64;
  e: u32;
  f: u32;
  private g: u64;
}
if (offsetof<Event>() != EVENT || offsetof<Event>("time") != EVENT_TIME) ERROR("abi: EVENT");

/** Most events that one step of the walk can write; `run` pauses while fewer places are free. */
export const EVENTS_PER_STEP: u32 = 32;

export function eventsFree(): u32 {
  const c = control();
  return pool(CAPACITY_EVENTS).capacity - (c.eventsWritten - c.eventsRead);
}

/** A new event at the ring's end, all zero but kind, id and time. There is always room (`run` sees to it). */
export function emitEvent(kind: u32, id: u32): Event {
  const c = control();
  const p = pool(CAPACITY_EVENTS);
  const e = changetype<Event>(p.base + <usize>(c.eventsWritten & (p.capacity - 1)) * EVENT);
  c.eventsWritten++;
  const at = changetype<usize>(e);
  store<u64>(at, <u64>kind | (<u64>id << 32));
  store<u64>(at, 0, 8);
  store<u64>(at, 0, 16);
  store<u64>(at, 0, 24);
  store<u64>(at, 0, 32);
  store<u64>(at, 0, 48);
  e.time = now();
  return e;
}

/** Says that this instant holds something for TypeScript: `run` returns when the instant is over. */
export function makeVisible(): void {
  control().visible = 1;
}

/**
 * TypeScript has read `count` events: the frames they held go back. What it does next, it does because of the last one: when a
 * service answers a marked frame, the answer is marked too.
 */
export function eventsRead(count: u32): void {
  const c = control();
  const p = pool(CAPACITY_EVENTS);
  for (let i: u32 = 0; i < count; i++) {
    const e = changetype<Event>(p.base + <usize>(c.eventsRead & (p.capacity - 1)) * EVENT);
    c.mark = e.frame != 0 ? frameAt(e.frame).mark : 0;
    if (e.frame != 0) release(e.frame);
    c.eventsRead++;
  }
}
