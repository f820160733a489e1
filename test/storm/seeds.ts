/**
 * Which storms there are: 500 in a normal run, everywhere the same; in the nightly one 20,000, others each time.
 *
 *   FIVEWIRE_SEED=674 npx vitest run --project node tcp-storm       replays the one that a failure names
 *   FIVEWIRE_NIGHTLY=1 npx vitest run --project node tcp-storm
 */
const env = typeof process === "undefined" ? {} : process.env;
export const isNightly = env.FIVEWIRE_NIGHTLY === "1";

/** The one storm that is asked for; null: all. */
export const ONLY: number | null = env.FIVEWIRE_SEED === undefined ? null : Number(env.FIVEWIRE_SEED);
const FIRST = isNightly ? Date.now() % 1e9 : 1;
const COUNT = isNightly ? 20_000 : 500;
const BATCH = COUNT / 10;

/** First seeds of the ten parts of a run, and how many each has. */
export const BATCHES = ONLY === null ? Array.from({ length: 10 }, (_, i) => ({ first: FIRST + i * BATCH, count: BATCH })) : [{ first: ONLY, count: 1 }];

/** Longest time a part may take, ms. */
export const PATIENCE = isNightly ? 3_600_000 : 120_000;
