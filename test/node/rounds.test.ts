import { describe, expect, test } from "vitest";
import { compare } from "../../bench/rounds";
import type { Contestant } from "../../bench/rounds";

/** What `npm run bench` does with those that it compares. No word about speed here. */
const PACE = { rounds: 3, ms: 2 };
const idle = (name: string, more: Partial<Contestant> = {}): Contestant => ({ name, frames: 10, run: () => {}, ...more });

/** One that measures itself: `times` ns in turn, the first of them in the warm-up. */
function timed(name: string, times: number[], log: string[] = []): Contestant {
  let round = 0;
  return {
    name, frames: 1,
    time: () => {
      log.push(`${name}${round}`);
      return times[round++]!;
    },
  };
}

describe("what a benchmark delivers is looked at", () => {
  test("a contestant that did not do in a round what it should have is no result", async () => {
    const check = (): void => { throw new Error("nine frames of ten arrived"); };
    await expect(compare([idle("right"), idle("wrong", { check })], PACE)).rejects.toThrow("nine frames of ten arrived");
  });

  test("a contestant whose bytes are wrong after the last round is no result, even if it finds out late", async () => {
    const verify = (): void => { throw new Error("the digest is another"); };
    await expect(compare([idle("right"), idle("wrong", { verify })], PACE)).rejects.toThrow("the digest is another");
    const late = (): Promise<void> => Promise.reject(new Error("another, in the end"));
    await expect(compare([idle("wrong", { verify: late }), idle("right")], PACE)).rejects.toThrow("another, in the end");
  });

  test("it is checked after every round with the iterations of that round, and verified once, after the last", async () => {
    const log: string[] = [];
    let runs = 0;
    const check = (iterations: number): void => {
      expect(iterations).toBe(runs);
      expect(iterations).toBeGreaterThan(0);
      runs = 0;
      log.push("check");
    };
    const [measured] = await compare([idle("one", { run: () => { runs++; }, check, verify: () => { log.push("verify"); } })], PACE);
    expect(log).toEqual(["check", "check", "check", "check", "verify"]); // the first of them is the warm-up
    expect(measured!.rounds).toHaveLength(3);
  });
});

describe("the figures", () => {
  test("the warm-up is thrown away, and those that are compared take turns", async () => {
    const log: string[] = [];
    const [a, b] = await compare([timed("a", [99, 5, 1, 3], log), timed("b", [1, 7, 7, 7], log)], PACE);
    expect(a).toEqual({ name: "a", median: 3, min: 1, max: 5, rounds: [5, 1, 3] });
    expect(b).toMatchObject({ median: 7, min: 7, max: 7 });
    expect(log).toEqual(["a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3"]);
  });

  test("the median of an even number of rounds is between the two in the middle", async () => {
    const [a] = await compare([timed("a", [0, 10, 40, 20, 1000])], { rounds: 4, ms: 1 });
    expect(a).toMatchObject({ median: 30, min: 10, max: 1000 });
  });

  test("one that runs is measured per frame, not per iteration", async () => {
    const wait = (): void => { for (const end = performance.now() + 1; performance.now() < end;); };
    const [few, many] = await compare([idle("few", { frames: 1, run: wait }), idle("many", { frames: 1000, run: wait })], PACE);
    expect(few!.median / many!.median).toBeGreaterThan(100);
    expect(few!.min).toBeGreaterThan(0.9e6);
  });

  test("one that is missing is not run, and says why; a part is marked", async () => {
    const run = (): void => { throw new Error("it is not there"); };
    const [gone, part] = await compare([idle("gone", { run, missing: "no compiler" }), { ...timed("part", [1, 1, 1, 1]), part: true }], PACE);
    expect(gone).toMatchObject({ name: "gone", missing: "no compiler", rounds: [] });
    expect(part).toMatchObject({ part: true, median: 1 });
  });
});
