import {
  CAPACITY_SHAPERS,
  WIRE_CORRUPT,
  WIRE_COUNTERS,
  WIRE_DELAY,
  WIRE_DUPLICATE,
  WIRE_IN_ORDER,
  WIRE_JITTER,
  WIRE_LATE,
  WIRE_LOSS_BAD,
  WIRE_LOSS_GOOD,
  WIRE_MOST,
  WIRE_QUEUED,
  WIRE_QUEUE_BYTES,
  WIRE_QUEUE_FRAMES,
  WIRE_RATE,
  WIRE_REORDER,
  WIRE_TO_BAD,
  WIRE_TO_GOOD,
} from "../abi";
import { pool } from "../memory";

/**
 * One direction of a wire with character: what it does to frames, and the frames that wait for it.
 *
 *   Shaper[capacity]: two directions each, TOWARDS_SWITCH and TOWARDS_DEVICE, 248 bytes each
 *
 * A frame of n bytes (as it is in the lab: header and payload, without preamble, FCS and gap) that comes at time t
 *
 *   1. is refused where its payload is larger than `most` (WIRE_MTU), or where it would have to wait and the queue is full
 *      (QUEUE_FULL): `queueFrames` or `queueBytes` wait already, or would with it; the one being sent does not count;
 *   2. waits for those before it, and for its bandwidth group (bucket.ts);
 *   3. is sent, which takes ceil(8n / rate) ns, and is gone at time s; without a rate that takes no time;
 *   4. arrives at s + max(0, delay + J), J a whole number of ns, uniform in -jitter … +jitter; in order: not before the one that
 *      was sent before it; else, with probability `reorder`, `late` ns later.
 *
 * At time s it is lost with probability `lossGood` or `lossBad`, whichever state the wire is in (Gilbert 1960, Elliott 1963), and then the
 * state changes with probability `toBad` or `toGood`; it begins good. With probability `corrupt` one of its bits is
 * flipped, every one as likely; with probability `duplicate` it arrives twice at that time. What is lost has used the wire, too.
 */
@unmanaged
export class Direction {
  // ── character, filled in by TypeScript ──
  /** ns */
  delay: f64;
  /** ns */
  jitter: f64;
  /** Bits per second, whole; 0: without limit. */
  rate: f64;
  queueFrames: f64;
  queueBytes: f64;
  /** Largest payload, bytes after the Ethernet header and its tags; 0: any. */
  most: f64;
  lossGood: f64;
  lossBad: f64;
  toBad: f64;
  toGood: f64;
  corrupt: f64;
  duplicate: f64;
  reorder: f64;
  /** ns */
  late: f64;
  /** 1: arrivals are kept in the order of departures; 0: they are not. */
  inOrder: f64;
  // ── what became of frames ──
  passed: u64;
  lost: u64;
  corrupted: u64;
  duplicated: u64;
  overtaken: u64;
  refused: u64;
  // ── the queue ──
  waiting: u32;
  waitingBytes: u32;
  /** Flights that wait, in order; the one being sent; 0: none. */
  head: u32;
  tail: u32;
  sending: u32;
  /** Its bandwidth group's bucket; 0: none. */
  bucket: u32;
  port: u32;
  /** Lane of its delay, when that is constant. */
  lane: u32;
  /** When the one being sent is gone, and the rate that says so. */
  until: u64;
  sendingRate: f64;
  // ── dice ──
  seed: u64;
  /** Frames sent so far: each has dice of its own. */
  count: u64;
  /** Latest arrival so far, for the order. */
  latest: u64;
  /** 1: in the bad state. */
  bad: u32;
  private spare: u32;

  get isIdle(): bool {
    return this.sending == 0 && this.head == 0;
  }

  /** Whether a frame of `bytes` that has to wait finds no place. */
  isFull(bytes: u32): bool {
    return <f64>(this.waiting + 1) > this.queueFrames || <f64>(this.waitingBytes + bytes) > this.queueBytes;
  }

  /** Whether every frame takes the same time on it, once it is sent. */
  get isSteady(): bool {
    return this.jitter == 0 && this.inOrder != 0;
  }

  /** ns that sending a frame takes. There must be a rate. */
  timeFor(bytes: u32): u64 {
    const rate = <u64>this.rate;
    return (<u64>bytes * 8_000_000_000 + rate - 1) / rate;
  }
}
const DIRECTION: u32 = 248;
if (offsetof<Direction>() != DIRECTION) ERROR("Direction must be 248 bytes");
export const SHAPER_SIZE: u32 = 496;
if (offsetof<Direction>("delay") != WIRE_DELAY) ERROR("abi: WIRE_DELAY");
if (offsetof<Direction>("jitter") != WIRE_JITTER) ERROR("abi: WIRE_JITTER");
if (offsetof<Direction>("rate") != WIRE_RATE) ERROR("abi: WIRE_RATE");
if (offsetof<Direction>("queueFrames") != WIRE_QUEUE_FRAMES) ERROR("abi: WIRE_QUEUE_FRAMES");
if (offsetof<Direction>("queueBytes") != WIRE_QUEUE_BYTES) ERROR("abi: WIRE_QUEUE_BYTES");
if (offsetof<Direction>("most") != WIRE_MOST) ERROR("abi: WIRE_MOST");
if (offsetof<Direction>("lossGood") != WIRE_LOSS_GOOD) ERROR("abi: WIRE_LOSS_GOOD");
if (offsetof<Direction>("lossBad") != WIRE_LOSS_BAD) ERROR("abi: WIRE_LOSS_BAD");
if (offsetof<Direction>("toBad") != WIRE_TO_BAD) ERROR("abi: WIRE_TO_BAD");
if (offsetof<Direction>("toGood") != WIRE_TO_GOOD) ERROR("abi: WIRE_TO_GOOD");
if (offsetof<Direction>("corrupt") != WIRE_CORRUPT) ERROR("abi: WIRE_CORRUPT");
if (offsetof<Direction>("duplicate") != WIRE_DUPLICATE) ERROR("abi: WIRE_DUPLICATE");
if (offsetof<Direction>("reorder") != WIRE_REORDER) ERROR("abi: WIRE_REORDER");
if (offsetof<Direction>("late") != WIRE_LATE) ERROR("abi: WIRE_LATE");
if (offsetof<Direction>("inOrder") != WIRE_IN_ORDER) ERROR("abi: WIRE_IN_ORDER");
if (offsetof<Direction>("passed") != WIRE_COUNTERS) ERROR("abi: WIRE_COUNTERS");
if (offsetof<Direction>("waiting") != WIRE_QUEUED) ERROR("abi: WIRE_QUEUED");

/** @param which  TOWARDS_… */
export function directionAt(shaper: u32, which: u32): Direction {
  return changetype<Direction>(pool(CAPACITY_SHAPERS).at(shaper) + which * DIRECTION);
}
