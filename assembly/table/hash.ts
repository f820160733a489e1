import { pool, seed } from "../memory";

/**
 * A keyed hash, and one index over records of several kinds.
 *
 *   Bucket[capacity], 64 bytes each (one cache line), capacity a power of two, at least 8
 *    0 ┬ 7 x { u32 check, u32 value }      value 0: empty
 *   56 ├ u32 overflow                      entries that wanted in here and went on to a later bucket
 *   60 └ spare
 *
 * An entry lies in the first bucket with room, at most 8 from its home; beyond that the index is full for its key. A search
 * ends at the first bucket nobody overflowed from, so an absent key costs one line. Nothing is ever moved and there are no
 * tombstones: taking an entry out lowers the overflow of the buckets it had passed.
 *
 * The index knows 32 bits of a key's hash and a value; who owns the records compares the keys themselves. Equal keys may
 * stand in it twice.
 */
const INDEX: u32 = 31;
const BUCKET: u32 = 64;
const SLOTS: u32 = 7;
const SLOT: u32 = 8;
const OVERFLOW: usize = 56;
/** Buckets one key may be spread over. */
const PROBES: u32 = 8;
if (SLOTS * SLOT != 56) ERROR("a bucket's overflow lies behind its slots");

/**
 * 64 bits that nobody outside can steer without knowing the lab's seed.
 *
 * @param tag  what kind of key it is; kinds do not mix
 */
export function keyedHash(tag: u32, k0: u64, k1: u64): u64 {
  let h = (k0 ^ seed()) * 0x9e3779b97f4a7c15;
  h ^= h >> 32;
  h = (h ^ k1) * 0xc2b2ae3d27d4eb4f;
  h ^= h >> 29;
  h = (h + tag) * 0x9e3779b97f4a7c15;
  return h ^ (h >> 32);
}

/** The smallest power of two that is at least `n`, and at least 8. */
export function powerOfTwo(n: u32): u32 {
  return n <= 8 ? 8 : 1 << (32 - clz(n - 1));
}

/** Lays out the index for `entries` entries, four to a bucket on the average at the most. Returns the address after it. */
export function layIndex(base: usize, entries: u32): usize {
  const p = pool(INDEX);
  p.base = (base + 63) & ~63;
  p.size = BUCKET;
  p.capacity = powerOfTwo(entries >> 2);
  return indexEnd();
}

/** Buckets of the index. */
export function indexBuckets(): u32 {
  return pool(INDEX).capacity;
}

/** The address after the index. */
export function indexEnd(): usize {
  const p = pool(INDEX);
  return p.base + <usize>p.capacity * BUCKET;
}

/** The bucket `step` after the home of `hash`. */
function bucketAt(hash: u64, step: u32): usize {
  const p = pool(INDEX);
  return p.base + <usize>((<u32>(hash >> 32) + step) & (p.capacity - 1)) * BUCKET;
}

function countOverflow(bucket: usize, change: i32): void {
  store<u32>(bucket, load<u32>(bucket, OVERFLOW) + change, OVERFLOW);
}

/** Puts `value` (not 0) in under `hash`. False when the eight buckets of its home are full; nothing has changed then. */
export function indexAdd(hash: u64, value: u32): bool {
  for (let step: u32 = 0; step < PROBES; step++) {
    const bucket = bucketAt(hash, step);
    for (let slot: u32 = 0; slot < SLOTS; slot++) {
      const at = bucket + slot * SLOT;
      if (valueAt(at) != 0) continue;
      store<u32>(at, <u32>hash);
      store<u32>(at, value, 4);
      return true;
    }
    countOverflow(bucket, 1);
  }
  for (let step: u32 = 0; step < PROBES; step++) countOverflow(bucketAt(hash, step), -1);
  return false;
}

/** Takes the entry of `hash` with this `value` out; without one nothing happens. */
export function indexRemove(hash: u64, value: u32): void {
  let at = nextMatch(hash, 0);
  while (at != 0 && valueAt(at) != value) at = nextMatch(hash, at);
  if (at == 0) return;
  store<u64>(at, 0);
  const bucket = at & ~63;
  for (let step: u32 = 0; step < PROBES; step++) {
    const passed = bucketAt(hash, step);
    if (passed == bucket) return;
    countOverflow(passed, -1);
  }
}

/** The next entry of `hash` after the entry `after` (0: the first one); 0 when there is none. At most 56 slots are looked at. */
export function nextMatch(hash: u64, after: usize): usize {
  let step: u32 = 0;
  let slot: u32 = 0;
  if (after != 0) {
    step = (<u32>((after - bucketAt(hash, 0)) / BUCKET)) & (indexBuckets() - 1);
    slot = ((<u32>after) & 63) / SLOT + 1;
  }
  for (; step < PROBES; step++) {
    const bucket = bucketAt(hash, step);
    for (; slot < SLOTS; slot++) {
      const at = bucket + slot * SLOT;
      if (load<u32>(at) == <u32>hash && valueAt(at) != 0) return at;
    }
    if (load<u32>(bucket, OVERFLOW) == 0) return 0;
    slot = 0;
  }
  return 0;
}

/** The value of an entry. */
export function valueAt(entry: usize): u32 {
  return load<u32>(entry, 4);
}
