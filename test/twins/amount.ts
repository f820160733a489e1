/**
 * How many frames the twins are given: 270,000 in a normal run, a tenth of that in a browser, and in the nightly one more than
 * 10 million: CONTRIBUTING.md says how.
 */
import { expect } from "vitest";

const isBrowser = typeof document !== "undefined";
const isNightly = !isBrowser && process.env.FIVEWIRE_NIGHTLY === "1";
const SETTING = isNightly ? "nightly" : isBrowser ? "browser" : "normal";
const FACTOR = { normal: 1, browser: 0.1, nightly: 50 };

/** Longest time a property may take, ms: it fails in time even on a slow machine. */
export const PATIENCE = isNightly ? 3_600_000 : 120_000;

/**
 * Settings for `fc.assert`. A failure prints its seed; `FIVEWIRE_SEED=…` begins with that one (default 1, nightly: by the clock).
 *
 * @param frames  in a normal run
 * @param perRun  frames that one run sends on average
 */
export function amount(frames: number, perRun: number): { numRuns: number; seed: number } {
  return { numRuns: Math.ceil((frames * FACTOR[SETTING]) / perRun), seed: SEED };
}

/**
 * What a property has sent is enough, so that it is not empty. The nightly run says how many there were.
 *
 * @param twin   whose frames they were
 * @param asked  in a normal run
 */
export function enough(twin: string, sent: number, asked: number): void {
  if (isNightly) console.log(`${twin}: ${sent.toLocaleString("en")} frames, seed ${SEED}`);
  expect(sent).toBeGreaterThan(least(SETTING, asked));
}

/**
 * Fewer frames than this are not enough. Runs differ in length, so the average is met by many of them: nine tenths are sent at night,
 * when that is what we promise, half in a normal run, and a tenth in a browser, which does few.
 */
export function least(setting: keyof typeof FACTOR, asked: number): number {
  return { normal: 0.5, browser: 0.1, nightly: 0.9 }[setting] * asked * FACTOR[setting];
}

const SEED = seed();

function seed(): number {
  const given = isBrowser ? undefined : process.env.FIVEWIRE_SEED;
  if (given !== undefined) return Number(given);
  return isNightly ? Date.now() | 0 : 1;
}
