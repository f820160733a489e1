import { ALIGN, BURST } from "./traffic";
import type { Staged } from "./traffic";

const FACTOR = 0x9e3779b97f4a7c15n;
const MASK = (1n << 64n) - 1n;

/** What a sink of the engine adds to its digest for one frame (`swallow` in assembly/engine.ts): its first 56 bytes and its length. */
export function digestOf(view: DataView, at: number, length: number): bigint {
  let h = BigInt(length) * FACTOR;
  for (let i = 0; i < 7; i++) {
    const word = view.getBigUint64(at + 8 * i, true);
    h += (word ^ (word >> 29n)) * FACTOR * BigInt(2 * i + 3);
  }
  h &= MASK;
  return h ^ (h >> 32n);
}

/** A stage: works on frames of `Staged` and leaves what comes out in the ring. */
export interface Stage {
  /** Handles frames first … first+count-1, BURST at the most. */
  burst(first: number, count: number): void;
  /** Per frame of the last burst: the slot of the ring it is in, or -1 when none came out. */
  slots: Int32Array;
}

/** One pass over all frames. */
export function pass(stage: Stage, count: number): void {
  for (let first = 0; first < count; first += BURST) stage.burst(first, Math.min(BURST, count - first));
}

/** The same, with the digest of everything that came out: what sinks would have made of it. */
export function digestPass(stage: Stage, staged: Staged): bigint {
  const view = new DataView(staged.bytes.buffer);
  let sum = 0n;
  for (let first = 0; first < staged.count; first += BURST) {
    const count = Math.min(BURST, staged.count - first);
    stage.burst(first, count);
    for (let i = 0; i < count; i++) {
      const slot = stage.slots[i]!;
      if (slot < 0) continue;
      sum += digestOf(view, staged.ring + slot * staged.stride + ALIGN, staged.lengths[first + i]!);
    }
  }
  return sum & MASK;
}

/** @throws Error when two that should have done the same did not */
export function same(what: string, expected: bigint | number, found: bigint | number): void {
  if (expected === found) return;
  throw new Error(`${what}: ${found.toString(16)} instead of ${expected.toString(16)}; its time means nothing`);
}
