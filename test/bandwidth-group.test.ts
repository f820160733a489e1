/** Bandwidth groups, exact in virtual time: every expectation is worked out from the rule in this file's first function. */
import { describe, expect, test } from "vitest";
import { parseLimit, parseRate } from "../src/rate";
import { codeOf, faultsInBooks } from "./inside";
import { ALICE, BOB, cardIn, listen, nsOf, numbered, wired } from "./wired";
import type { Wired } from "./wired";
import { watch } from "./world";

const MS = 1e6;
const TICK = 100 * MS;

/**
 * When frames leave, ns, that several cards of one group were given, all at `from`: as many as the bucket holds at once, and then at every tick
 * a frame each in turn, as long as what has gathered lasts. `lines` are the bytes of each card's frames.
 */
function leaving(limit: number, from: number, lines: number[][]): number[][] {
  const size = Math.max(65_536, limit / 10);
  let [bucket, at] = [size, from];
  const out: number[][] = lines.map(() => []);
  const waiting = lines.map((line) => [...line]);
  // At first the cards speak one after the other, each until it is refused.
  waiting.forEach((line, i) => {
    while (line.length > 0 && line[0]! <= bucket) {
      bucket -= line.shift()!;
      out[i]!.push(from);
    }
  });
  let order = lines.map((_, i) => i).filter((i) => waiting[i]!.length > 0);
  for (let tick = (Math.floor(from / TICK) + 1) * TICK; order.length > 0; tick += TICK) {
    bucket = Math.min(size, bucket + (limit * (tick - at)) / 1e9);
    at = tick;
    const refused: number[] = [];
    for (let turn = [...order]; turn.length > 0; ) {
      const i = turn.shift()!;
      if (waiting[i]![0]! > bucket) {
        refused.push(i);
        continue;
      }
      bucket -= waiting[i]!.shift()!;
      out[i]!.push(tick);
      if (waiting[i]!.length > 0) turn.push(i);
    }
    order = refused;
  }
  return out;
}

/** Alice and carol in one group, bob hears them. */
async function group(options: { limit?: string | number; receiveLimit?: string | number }): Promise<Wired & { carol: Wired["alice"] }> {
  const it = await wired({});
  const slow = it.laptop.bandwidthGroup("slow", options);
  it.alice.bandwidthGroup = slow;
  const carol = it.laptop.vm("carol", { attach: it.laptop.internal("office"), mac: "02:00:00:00:00:0c", guest: "external", bandwidthGroup: "slow" });
  return { ...it, carol: carol.adapters[0]! };
}

describe("a limit of 80 kilobytes per second", () => {
  const LIMIT = 80 * 1024;

  test("lets 65536 bytes pass at once, and then what gathers until each tick", async () => {
    const { lab, alice, heard } = await group({ limit: "80K" });
    const frames = Array.from({ length: 120 }, () => 1000);
    const [expected] = leaving(LIMIT, 0, [frames]);
    expect(expected!.filter((time) => time === 0), "by the rule").toHaveLength(65);
    expect(expected!.filter((time) => time === TICK), "536 left, 8192 gathered").toHaveLength(8);
    frames.forEach((size, n) => alice.send(numbered(n, size)));
    await lab.advance(2000);
    expect(heard.map(({ time }) => time)).toEqual(expected);
    expect(heard.map(({ n }) => n)).toEqual(frames.map((_, n) => n));
    expect(alice.stats()).toMatchObject({ dropped: 0, wire: { send: { refused: 0, passed: 120 } } });
  });

  test("is shared: at every tick the cards take turns, a frame each", async () => {
    const { lab, alice, carol, heard } = await group({ limit: "80K" });
    await lab.advance(33);
    const lines = [Array.from({ length: 80 }, () => 1000), Array.from({ length: 40 }, () => 700)];
    const expected = leaving(LIMIT, 33 * MS, lines);
    lines[0]!.forEach((size, n) => alice.send(numbered(n, size)));
    lines[1]!.forEach((size, n) => carol.send(numbered(1000 + n, size, BOB, carol.mac)));
    await lab.advance(3000);
    expect(heard.filter(({ n }) => n < 1000).map(({ time }) => time)).toEqual(expected[0]);
    expect(heard.filter(({ n }) => n >= 1000).map(({ time }) => time)).toEqual(expected[1]);
    expect(faultsInBooks(lab)).toEqual([]);
  });

  test("holds for what cards send; what they are sent is unlimited, as with VirtualBox", async () => {
    const { lab, bob, answers } = await group({ limit: "80K" });
    for (let n = 0; n < 200; n++) bob.send(numbered(n, 1000, ALICE, BOB));
    await lab.advance(1);
    expect(answers).toHaveLength(200);
  });

  test("on what they are sent is one by itself", async () => {
    const { lab, alice, bob, heard, answers } = await group({ receiveLimit: "80K" });
    const frames = Array.from({ length: 120 }, () => 1000);
    alice.send(numbered(0, 60)); // so that the switch knows her, and floods nothing to carol, who is in the group
    await lab.advance(50);
    const [expected] = leaving(LIMIT, 50 * MS, [frames]);
    frames.forEach((size, n) => bob.send(numbered(n, size, ALICE, BOB)));
    frames.forEach((size, n) => alice.send(numbered(n, size)));
    await lab.advance(2000);
    expect(answers.map(({ time }) => time)).toEqual(expected);
    expect(heard.slice(1).map(({ time }) => time)).toEqual(frames.map(() => 50 * MS));
  });
});

test("of more than 655360 bytes per second, the bucket holds what passes in 100 ms", async () => {
  const { lab, alice, heard } = await group({ limit: "8m" });
  const frames = Array.from({ length: 500 }, () => 1000);
  const [expected] = leaving(1e6, 0, [frames]);
  expect(expected!.filter((time) => time === 0)).toHaveLength(100);
  frames.forEach((size, n) => alice.send(numbered(n, size)));
  await lab.advance(2000);
  expect(heard.map(({ time }) => time)).toEqual(expected);
});

test("a limit changes at once for what gathers from then on; 0 lets all that wait go at the next tick", async () => {
  const { lab, laptop, alice, heard } = await group({ limit: "80K" });
  for (let n = 0; n < 200; n++) alice.send(numbered(n, 1000));
  await lab.advance(150); // 65 at 0, 8 at 100 ms; 728 bytes are left
  laptop.bandwidthGroup("slow").limit = "320K";
  // At 200 ms: 728 + 50 ms at 80 KiB/s and 50 ms at 320 KiB/s.
  const third = Math.floor((536 + 8192 - 8000 + 4096 + 16_384) / 1000);
  await lab.advance(100);
  expect(heard.filter(({ time }) => time === 2 * TICK)).toHaveLength(third);
  laptop.bandwidthGroup("slow").limit = 0;
  await lab.advance(100);
  expect(heard.filter(({ time }) => time === 3 * TICK)).toHaveLength(200 - 65 - 8 - third);
});

test("a card that leaves its group while frames wait sends them at once", async () => {
  const { lab, laptop, alice, heard } = await group({ limit: "80K" });
  for (let n = 0; n < 100; n++) alice.send(numbered(n, 1000));
  await lab.advance(50);
  expect(alice.stats().wire!.send.queue).toEqual({ frames: 35, bytes: 35_000 });
  laptop.bandwidthGroup("slow").remove();
  expect(alice.bandwidthGroup).toBeNull();
  await lab.advance(1);
  expect(heard.filter(({ time }) => time === 50 * MS)).toHaveLength(35);
  expect(await codeOf(() => { alice.bandwidthGroup = "slow"; })).toBe("OPTION");
});

test("a group and a rate: a frame asks the group when the wire is free", async () => {
  const { lab, alice, heard } = await group({ limit: "80K" });
  alice.wire = { rate: "8m" }; // 1 ms for 1000 bytes
  for (let n = 0; n < 80; n++) alice.send(numbered(n, 1000));
  // After n frames, one each ms, 65536 + 81.92 n - 1000 n are left: enough for the 71st at 70 ms, not for the 72nd at 71 ms.
  const left = (n: number): number => 65_536 + 81.92 * n - 1000 * n;
  const first = Array.from({ length: 100 }, (_, n) => n).findIndex((n) => left(n) < 1000);
  await lab.advance(99);
  expect(heard).toHaveLength(first);
  await lab.advance(1000);
  // What has gathered at 100 ms is left(first) + 81.92 · (100 - first) and more while those are sent.
  expect(heard[first]!.time).toBe(TICK + MS);
  expect(heard).toHaveLength(80);
});

test("a fork in the middle of a wait goes on as the original does", async () => {
  const { lab, alice, heard } = await group({ limit: "80K" });
  for (let n = 0; n < 120; n++) alice.send(numbered(n, 1000));
  await lab.advance(150);
  const before = heard.length;
  const fork = watch(await lab.fork({ replay: true })); // the original may go on meanwhile
  const there = listen(fork, cardIn(fork, "bob"));
  for (const each of [lab, fork]) await each.advance(2000 - each.now);
  expect(there.map(({ n, time }) => [n, time])).toEqual(heard.slice(before).map(({ n, time }) => [n, time]));
  expect(there.length).toBe(120 - before);
  expect(fork.stateHash()).toBe(lab.stateHash());
  expect(fork.hosts[0]!.bandwidthGroup("slow").limit).toBe("80K");
  expect(nsOf(fork)).toBe(nsOf(lab));
});

test.each<[string | number, number]>([
  ["20m", 2_500_000], ["100k", 12_500], ["1g", 125_000_000], ["10K", 10_240], ["10M", 10_485_760], ["1G", 1_073_741_824],
  [20, 20 * 1024 ** 2], ["20", 20 * 1024 ** 2], [0, 0], ["0", 0], ["0k", 0], ["1.5m", 187_500],
])("the limit %s is %d bytes per second, as bandwidthctl has it", (given, bytes) => expect(parseLimit(given, "limit")).toBe(bytes));

test.each(["", "m", "10mb", "-1", "1e3", " 1m", "10 m", -1, NaN, Infinity, null, undefined, {}, "200G"])(
  "the limit %s is none", async (given) => expect(await codeOf(() => parseLimit(given as never, "limit"))).toBe("OPTION"));

test.each<[string | 0, number]>([["10m", 1e7], ["64k", 64_000], ["1.5m", 1.5e6], ["1M", 8 * 1024 ** 2], [0, 0], ["1g", 1e9]])(
  "the rate %s is %d bits per second", (given, bits) => expect(parseRate(given, "rate")).toBe(bits));

test.each(["", "10", 10, 1e9, "10mbit", "-1m", "0m", "900g", null])("the rate %s says no unit, or too much, or nothing", async (given) =>
  expect(await codeOf(() => parseRate(given as never, "rate"))).toBe("OPTION"));

test("groups of a host have names; options that differ, a stranger's group and the 129th are errors", async () => {
  const { lab, laptop, alice } = await group({ limit: 1 });
  expect(laptop.bandwidthGroup("slow").limit).toBe(1);
  expect(await codeOf(() => laptop.bandwidthGroup("slow", { limit: 2 }))).toBe("OPTIONS_DIFFER");
  expect(await codeOf(() => laptop.bandwidthGroup("fast", { limit: "fast" }))).toBe("OPTION");
  expect(await codeOf(() => laptop.bandwidthGroup("fast", { limt: 2 } as never))).toBe("OPTION");
  expect(await codeOf(() => laptop.bandwidthGroup(""))).toBe("NAME");
  const desk = lab.host("desk", []);
  expect(await codeOf(() => { alice.bandwidthGroup = desk.bandwidthGroup("slow"); })).toBe("OTHER_HOST");
  expect(await codeOf(() => { alice.bandwidthGroup = "nobody's"; })).toBe("OPTION");
  expect(alice.bandwidthGroup).toBe(laptop.bandwidthGroup("slow"));
  for (let i = 0; i < 126; i++) desk.bandwidthGroup(`group${i}`, { limit: 1 });
  expect(await codeOf(() => desk.bandwidthGroup("one more"))).toBe("FULL");
  desk.bandwidthGroup("group0").remove();
  desk.bandwidthGroup("one more");
});
