import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { broken, budgets, headline, rows } from "../../tools/size/budget";
import { sizes } from "../../tools/size/bytes";
import { startLine } from "../../tools/size/start-line";

/** What is built, measured as `npm run size` does, beside what the README promises. No word about time. */
const readme = readFileSync("README.md", "utf8");

test("nothing that a user downloads is larger than the README promises, or so much smaller that the promise is out of date", () => {
  expect(broken(sizes(), budgets(readme)), "`npm run size -- --rows` prints the README's table for what is built").toEqual([]);
});

test("the README's first sentence and its table promise the same of the engine", () => {
  expect(headline(readme)).toBe(budgets(readme).find(({ what }) => what === "engine.wasm")!.bytes);
});

test("a byte too much is a broken promise, and so is a thing nobody promised, or one that is gone", () => {
  const promised = [{ what: "engine.wasm", bytes: 1000, gzip: 500 }];
  expect(broken([{ what: "engine.wasm", bytes: 1000, gzip: 500 }], promised)).toEqual([]);
  expect(broken([{ what: "engine.wasm", bytes: 1001, gzip: 500 }], promised)).toEqual([
    "engine.wasm: 1,001 bytes, and the README promises 1,000 at the most",
  ]);
  expect(broken([{ what: "engine.wasm", bytes: 1000, gzip: 501 }], promised)).toEqual([
    "engine.wasm, compressed: 501 bytes, and the README promises 500 at the most",
  ]);
  expect(broken([{ what: "engine.wasm", bytes: 840, gzip: 500 }], promised)).toHaveLength(1);
  expect(broken([{ what: "fivewire", bytes: 1, gzip: 1 }], promised)).toHaveLength(2);
});

test("the table that is printed for the README is read back as promises that are kept", () => {
  const found = sizes();
  const promised = budgets(rows(found).join("\n"));
  expect(promised).toHaveLength(found.length);
  expect(broken(found, promised)).toEqual([]);
});

test("of an even number of starts the median is between the two in the middle, of an odd number the middle one", () => {
  const starts = (...totals: number[]) => totals.map((total) => ({ import: total / 2, createLab: 1, ready: 1, ping: 1, total }));
  const steps = (half: string): string => `import ${half}, createLab 1.0, ready 1.0, ping 1.0`;
  const line = (...totals: number[]): string => startLine({ where: "Node", starts: starts(...totals) }).replace(/ +/g, " ");
  expect(line(40, 20)).toBe(`Node 30.0 [20.0…40.0] ${steps("15.0")}`);
  expect(line(90, 20, 40)).toBe(`Node 40.0 [20.0…90.0] ${steps("20.0")}`);
  expect(startLine({ where: "Chromium", starts: [], missing: "there is none" })).toMatch(/^Chromium +not measured: there is none$/);
});
