/** What tests look at that users cannot: the engine inside a lab. */
import type { Engine } from "../src/engine";
import type { Lab, LabOptions } from "../src/index";
import { LabError, createLab } from "../src/index";

export function engineOf(lab: Lab): Engine {
  return (lab as unknown as { core: { engine: Engine } }).core.engine;
}

/** A lab with room for a story, so that making, hashing and copying it takes a moment. */
export function smallLab(options: LabOptions = {}): Promise<Lab> {
  const capacity = { stations: 64, frames: 1024, flights: 2048, connections: 256, forwards: 64, events: 1024 };
  return createLab({ ...options, capacity: { ...capacity, ...options.capacity } });
}

/**
 * Lets the lab's clock ask the engine for `budget` events per call from now on; 1: one at a time.
 *
 * @param before  called before each call; returns the budget of this and all later ones when it is to change
 */
export function setBudget(lab: Lab, budget: number, before: () => number | void = () => {}): void {
  const engine = engineOf(lab);
  const { run } = engine.call;
  let now = budget;
  (engine as { call: Engine["call"] }).call = {
    ...engine.call,
    run: (limit, _, drive) => {
      now = before() ?? now;
      return run(limit, now, drive);
    },
  };
}

/** Numbers that look random and are the same for the same seed (mulberry32): 0 ≤ n < 1. */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What is wrong with the books of a lab, one line per fault; empty: every frame is accounted for. */
export function faultsInBooks(lab: Lab): string[] {
  const { frames, drops, balance } = lab.stats();
  const named = Object.values(drops).reduce((sum, count) => sum + count, 0);
  const faults: string[] = [];
  if (balance !== 0) faults.push(`the books are out by ${balance}: ${JSON.stringify(frames)}`);
  if (named !== frames.dropped) faults.push(`${frames.dropped} frames were dropped, ${named} under a reason`);
  return faults;
}

/** The code of what `attempt` throws or rejects with. */
export async function codeOf(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
    return "no error";
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    if (error.message.length < 20) throw new Error(`${error.code} does not say what is wrong: ${error.message}`);
    return error.code;
  }
}
