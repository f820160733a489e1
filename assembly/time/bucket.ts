import { now } from "../memory";

/**
 * Bandwidth groups: a token bucket each, shared by the wires in it (VirtualBox's network shaper).
 *
 *   Bucket[256], 32 bytes each; holds max(65536 bytes, what the limit lets through in 100 ms), and is full at first
 *
 * A frame takes its bytes out, or is refused when there are not enough; then it waits for the next tick, a whole multiple of 100 ms on
 * the lab's clock. Those that wait try in the order in which they began to, a frame each in turn. Contents are counted in billionths
 * of a byte, so that nothing is lost by rounding: bytes(t) = min(size, bytes(t0) + limit · (t - t0)).
 */
@unmanaged
class Bucket {
  /** In use. */
  live: u32;
  private spare: u32;
  /** Bytes per second, 0: no limit. At most 10^11, so that a full bucket fits in 64 bits. */
  limit: u64;
  /** Billionths of a byte. */
  contents: u64;
  /** When that was counted, ns. */
  at: u64;

  private get size(): u64 {
    return max<u64>(65_536_000_000_000, this.limit * TICK);
  }

  fill(): void {
    const missing = this.size - this.contents;
    const passed = now() - this.at;
    this.at = now();
    if (this.limit == 0) return;
    this.contents = passed > missing / this.limit ? this.size : this.contents + passed * this.limit;
  }

  fillUp(): void {
    this.contents = this.size;
    this.at = now();
  }

  /** What does not fit into a smaller bucket is lost. */
  shrink(): void {
    this.contents = min<u64>(this.contents, this.size);
  }
}
if (offsetof<Bucket>() != 32) ERROR("Bucket must be 32 bytes");

/** ns */
const TICK: u64 = 100_000_000;
const MOST: u32 = 256;
export const BUCKETS: usize = memory.data(8192, 64);
export const BUCKETS_END: usize = BUCKETS + 8192;
if (MOST * 32 != 8192) ERROR("buckets do not fit");

function bucketAt(id: u32): Bucket {
  return changetype<Bucket>(BUCKETS + ((<usize>id - 1) << 5));
}

/** A bucket without a limit; 0 when all are in use. */
export function takeBucket(): u32 {
  for (let id: u32 = 1; id <= MOST; id++) {
    const bucket = bucketAt(id);
    if (bucket.live != 0) continue;
    bucket.live = 1;
    bucket.fillUp();
    return id;
  }
  return 0;
}

/** No wire may be in it any more. */
export function giveBucket(id: u32): void {
  memory.fill(changetype<usize>(bucketAt(id)), 0, 32);
}

/** Changes the limit, bytes per second: what has gathered under the old one stays, as far as it fits. A first limit begins with all. */
export function setLimit(id: u32, limit: u64): void {
  const bucket = bucketAt(id);
  const isFirst = bucket.limit == 0;
  bucket.fill();
  bucket.limit = limit;
  if (isFirst) bucket.fillUp();
  bucket.shrink();
}

/** Whether a frame of `bytes` may go now; if so, its bytes are taken out. Bucket 0 lets everything through. */
export function grant(id: u32, bytes: u32): bool {
  if (id == 0) return true;
  const bucket = bucketAt(id);
  if (bucket.limit == 0) return true;
  bucket.fill();
  const wanted = <u64>bytes * 1_000_000_000;
  if (bucket.contents < wanted) return false;
  bucket.contents -= wanted;
  return true;
}

/** The next tick after now, ns. */
export function nextTick(): u64 {
  return (now() / TICK + 1) * TICK;
}
