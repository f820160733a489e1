/** One direction of a wire, told once more in plain words: what becomes of each frame, worked out before anything runs. */
import { hash } from "../../src/seed";
import type { Character } from "../../src/wire-options";

export interface Sent {
  /** ns */
  time: number;
  bytes: number;
}

export interface Fate {
  /** Why it did not arrive. */
  dropped?: "WIRE_MTU" | "QUEUE_FULL" | "WIRE_LOSS";
  /** When it arrives, ns: once, twice, or never. */
  arrivals: number[];
  /** The bit that was flipped; counted from the lowest of the first byte. */
  bit?: number;
}

const MASK = 2n ** 64n - 1n;

/** SplitMix64 over the frame's number and the question: 53 bits, 0 ≤ n < 1. */
export function chance(seed: bigint, frame: number, die: number): number {
  let z = (seed + BigInt(frame * 8 + die + 1) * 0x9e3779b97f4a7c15n) & MASK;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return Number((z ^ (z >> 31n)) >> 11n) / 2 ** 53;
}

/** Seed of the dice of a card's wire. */
export function seedOf(labSeed: string, card: string, way: "send" | "receive"): bigint {
  const [high, low] = hash(`${labSeed}/wire/${card}/${way === "send" ? 0 : 1}`);
  return (BigInt(high) << 32n) | BigInt(low);
}

/** @param frames  in the order they come; all untagged */
export function wireSlowly(wire: Character, seed: bigint, frames: Sent[]): Fate[] {
  const accepted: { start: number; gone: number; bytes: number }[] = [];
  let latest = 0;
  let isBad = false;
  return frames.map(({ time, bytes }): Fate => {
    if (wire.most !== 0 && bytes - 14 > wire.most) return { dropped: "WIRE_MTU", arrivals: [] };

    const before = accepted.filter(({ start }) => start > time);
    const start = Math.max(time, accepted.at(-1)?.gone ?? 0);
    const waitingBytes = before.reduce((sum, each) => sum + each.bytes, 0);
    if (start > time && (before.length + 1 > wire.queueFrames || waitingBytes + bytes > wire.queueBytes))
      return { dropped: "QUEUE_FULL", arrivals: [] };

    const gone = start + (wire.rate === 0 ? 0 : Math.ceil((bytes * 8e9) / wire.rate));
    const n = accepted.push({ start, gone, bytes }) - 1;
    const isLost = chance(seed, n, 0) < (isBad ? wire.lossBad : wire.lossGood);
    if (chance(seed, n, 1) < (isBad ? wire.toGood : wire.toBad)) isBad = !isBad;
    if (isLost) return { dropped: "WIRE_LOSS", arrivals: [] };

    const bit = chance(seed, n, 2) < wire.corrupt ? Math.floor(chance(seed, n, 3) * bytes * 8) : undefined;
    const isTwice = chance(seed, n, 4) < wire.duplicate;
    const swing = wire.jitter === 0 ? 0 : Math.floor(chance(seed, n, 5) * (2 * wire.jitter + 1)) - wire.jitter;
    let arrival = gone + Math.max(0, wire.delay + swing);
    if (chance(seed, n, 6) < wire.reorder) arrival += wire.late;
    if (wire.inOrder === 1) arrival = Math.max(arrival, latest);
    latest = Math.max(latest, arrival);
    return { arrivals: isTwice ? [arrival, arrival] : [arrival], ...(bit !== undefined && { bit }) };
  });
}
