import benny from "benny";
import { median } from "./median";

/** One of those that are compared. It has `run` (timed by benny), or `time`, or a reason why it is `missing`. */
export interface Contestant {
  name: string;
  /** Frames (or calls) of one iteration. */
  frames: number;
  /** It does only a part of what the others do: no ratio to C. */
  part?: boolean;
  /** One iteration: many bursts, so that the runner's own cost vanishes. */
  run?(): void;
  /** Measures by itself for about `ms` milliseconds; ns per frame. */
  time?(ms: number): number | Promise<number>;
  /** Called after each round. @throws when `iterations` of them did not do what they should have */
  check?(iterations: number): void;
  /** Called once after the last round. @throws when what it does is no longer, byte for byte, what it should be */
  verify?(): void | Promise<void>;
  missing?: string;
}

/** ns per frame: the median of the rounds, the fastest and the slowest. */
export interface Measured {
  name: string;
  median: number;
  min: number;
  max: number;
  rounds: number[];
  part?: boolean;
  missing?: string;
}

export interface Pace {
  rounds: number;
  /** For one contestant in one round. */
  ms: number;
}

/** Rounds of A, B, C, A, B, C …: whatever slows the machine down slows all of them. The first round warms up and is thrown away. */
export async function compare(contestants: Contestant[], { rounds, ms }: Pace): Promise<Measured[]> {
  const times = contestants.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, contestant] of contestants.entries()) {
      if (contestant.missing !== undefined) continue;
      const ns = await once(contestant, round === 0 ? ms / 2 : ms);
      if (round > 0) times[i]!.push(ns);
    }
  }
  for (const { verify } of contestants) await verify?.();
  return contestants.map((contestant, i) => summary(contestant, times[i]!));
}

async function once(contestant: Contestant, ms: number): Promise<number> {
  if (contestant.time) return contestant.time(ms);
  const { name, frames, run, check } = contestant;
  let iterations = 0;
  const iterate = (): void => {
    run!();
    iterations++;
  };
  // Many short samples, as in native/bench.h: what else the machine does spoils some, and the median is of the others.
  // Where a pass over a million frames takes longer than all the time there is, one sample a round is enough.
  const options = { minTime: 0.0005, maxTime: ms / 1000, minSamples: 1, delay: 0 };
  const { results } = await quietly(() => benny.suite(name, benny.add(name, iterate, options)));
  const [result] = results;
  if (!result?.completed) throw new Error(`${name} did not complete`);
  check?.(iterations);
  return (result.details.median * 1e9) / frames;
}

/** benny announces every suite; a table says it better. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { log } = console;
  console.log = () => {};
  try {
    return await work();
  } finally {
    console.log = log;
  }
}

function summary({ name, part, missing }: Contestant, times: number[]): Measured {
  const sorted = [...times].sort((a, b) => a - b);
  const figures = { name, median: median(times), min: sorted[0]!, max: sorted.at(-1)!, rounds: times };
  return { ...figures, ...(part && { part }), ...(missing !== undefined && { missing }) };
}
