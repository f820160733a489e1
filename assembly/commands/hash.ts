import {
  CAPACITY_CHUNKS,
  CAPACITY_EVENTS,
  CAPACITY_FDB,
  CAPACITY_FRAMES,
  CAPACITY_PORTS,
  CAPACITY_SHAPERS,
  CAPACITY_STREAMS,
  CONTROL_CAPACITIES,
  CONTROL_DROPS,
  EVENT,
} from "../abi";
import { frameAt, wholeHandle } from "../frames";
import { CONTROL, WHOLE_POOL, pool } from "../memory";
import { BUCKETS, BUCKETS_END } from "../time/bucket";

/**
 * A hash of everything the lab knows, 64 bits in two halves (0: low, 1: high): clock, books, and every region. Left out is what
 * says nothing about the network: events that were read, frame buffers that nobody holds, and buffers for passing data in.
 */
export function stateHash(half: u32): u32 {
  let h: u64 = 0xcbf29ce484222325;
  h = mix(h, load<u64>(CONTROL));
  h = mix(h, load<u64>(CONTROL, 8));
  h = mixRange(h, CONTROL + CONTROL_DROPS - 64, CONTROL + CONTROL_CAPACITIES);
  h = mixRange(h, BUCKETS, BUCKETS_END);
  const events = pool(CAPACITY_EVENTS);
  h = mixRange(h, pool(CAPACITY_PORTS).base, pool(CAPACITY_SHAPERS).base);
  h = mixUsed(h, CAPACITY_SHAPERS);
  h = mixRange(h, pool(CAPACITY_FDB).base, events.base);
  h = mixRange(h, events.base + <usize>(events.capacity + 1) * EVENT, pool(CAPACITY_STREAMS).base);
  h = mixUsed(h, CAPACITY_STREAMS);
  h = mixUsed(h, CAPACITY_CHUNKS);
  h = mixFrames(h);
  return half == 0 ? <u32>h : <u32>(h >> 32);
}

function mixFrames(before: u64): u64 {
  let h = before;
  for (let handle: u32 = 1; handle <= pool(CAPACITY_FRAMES).high; handle++) h = mixFrame(h, handle);
  for (let id: u32 = 1; id <= pool(WHOLE_POOL).high; id++) h = mixFrame(h, wholeHandle(id));
  return h;
}

function mixFrame(before: u64, handle: u32): u64 {
  const f = frameAt(handle);
  if (f.refs == 0) return before;
  let h = mix(before, (<u64>handle << 32) | f.length);
  h = mix(h, (<u64>f.refs << 32) | f.start);
  for (let i: u32 = 0; i < f.length; i++) h = mix(h, load<u8>(f.data + i));
  return h;
}

/** Of large records, those that have ever been in use. */
function mixUsed(before: u64, which: u32): u64 {
  const p = pool(which);
  return mixRange(before, p.base, p.at(p.high + 1));
}

/** Words that are zero are skipped, and most are; the place of a word is mixed in so that they count all the same. */
function mixRange(before: u64, from: usize, to: usize): u64 {
  let h = before;
  for (let p = from; p < to; p += 8) {
    const word = load<u64>(p);
    if (word != 0) h = mix(mix(h, p), word);
  }
  return h;
}

function mix(h: u64, word: u64): u64 {
  const x = (h ^ word) * 0x9e3779b97f4a7c15;
  return x ^ (x >> 32);
}
