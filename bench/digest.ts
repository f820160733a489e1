import { ALIGN, BURST } from "./traffic";
import type { Staged } from "./traffic";

const FACTOR = 0x9e3779b97f4a7c15n;
const MASK = (1n << 64n) - 1n;
/** How much of a frame a sink of the engine looks at (`swallow` in assembly/engine.ts), bytes. */
export const SINK = 56;

/**
 * What is left of a frame: all its bytes, its length and the port it left by. With `end` SINK and port 0 it is what a sink of the
 * engine adds to its digest.
 */
export function digestOf(view: DataView, at: number, length: number, port = 0, end = length): bigint {
  let h = BigInt(length + port * 65536);
  for (let i = 0; i + 8 <= end; i += 8) h = ((h ^ view.getBigUint64(at + i, true)) * FACTOR) & MASK;
  // The last eight bytes once more, when some of them are in no whole word.
  if (end % 8 !== 0) h = ((h ^ view.getBigUint64(at + end - 8, true)) * FACTOR) & MASK;
  return h ^ (h >> 32n);
}

/** A stage: works on frames of `Staged` and leaves what comes out in the ring. */
export interface Stage {
  /** Handles frames first … first+count-1, BURST at the most. */
  burst(first: number, count: number): void;
  /** Per frame of the last burst: the slot of the ring it is in, or -1 when none came out. */
  slots: Int32Array;
  /** Per frame of the last burst: the port it left by. A NAT has none. */
  ports?: Int32Array;
}

/** One pass over all frames. */
export function pass(stage: Pick<Stage, "burst">, count: number): void {
  for (let first = 0; first < count; first += BURST) stage.burst(first, Math.min(BURST, count - first));
}

/** The same, with the digest of everything that came out. The order does not matter. */
export function digestPass(stage: Stage, staged: Staged): bigint {
  const view = new DataView(staged.bytes.buffer);
  let sum = 0n;
  for (let first = 0; first < staged.count; first += BURST) {
    const count = Math.min(BURST, staged.count - first);
    stage.burst(first, count);
    for (let i = 0; i < count; i++) {
      const slot = stage.slots[i]!;
      if (slot < 0) continue;
      sum += digestOf(view, staged.ring + slot * staged.stride + ALIGN, staged.lengths[first + i]!, stage.ports?.[i]);
    }
  }
  return sum & MASK;
}

/** Sinks of several ports as one number that says which got what: a swap of two shows. */
export function ofSinks(digests: Iterable<[port: number, digest: bigint]>): bigint {
  let sum = 0n;
  for (const [port, digest] of digests) sum += digest * BigInt(2 * port + 1);
  return sum & MASK;
}

/** @throws Error when two that should have done the same did not */
export function same(what: string, expected: bigint | number, found: bigint | number): void {
  if (expected === found) return;
  throw new Error(`${what}: ${found.toString(16)} instead of ${expected.toString(16)}; its time means nothing`);
}
