import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MODES } from "../../src/modes";
import { writeLongFile } from "./long-file";

/** A million in the nightly setting, which takes minutes. */
const isNightly = process.env.FIVEWIRE_NIGHTLY === "1";
const FRAMES = isNightly ? 1_000_000 : 40_000;
const PATIENCE = isNightly ? 600_000 : 60_000;

const folder = mkdtempSync(join(tmpdir(), "fivewire-long-"));
const file = join(folder, "long.pcapng");
beforeAll(() => writeLongFile(file, FRAMES), PATIENCE);
afterAll(() => rmSync(folder, { recursive: true }));

/**
 * What a process holds, bytes, after a full collection. Left alone, V8 lets the garbage of some ten thousand frames pile up, and RSS
 * sways between 105 and 160 MB however long the file is; what counts is what is left. The million: 10 MB for inspect, 43 for replay;
 * and how much of the file it has shown.
 */
interface Sample {
  share: number;
  /** What cannot be collected: the JavaScript heap and what it holds outside, the WebAssembly memories among it. */
  held: number;
  rss: number;
}

/** Told to the process before it begins: it collects garbage and says what is left, each time its output has grown by a bit. */
const PROBE = `data:text/javascript,${encodeURIComponent(`
  let lines = 0, due = 0;
  const { write } = process.stdout;
  process.stdout.write = function (text, ...more) {
    for (let at = text.indexOf("\\n"); at >= 0; at = text.indexOf("\\n", at + 1)) lines++;
    if (lines >= due) {
      due += ${FRAMES / 50};
      gc();
      const { heapUsed, external, rss } = process.memoryUsage();
      process.stderr.write(JSON.stringify({ share: lines / ${FRAMES}, held: heapUsed + external, rss }) + "\\n");
    }
    return write.call(this, text, ...more);
  };
`)}`;

/** Runs the command over the long file; what it prints is thrown away. */
async function samplesOf(...args: string[]): Promise<Sample[]> {
  const child = spawn(process.execPath, ["--expose-gc", `--import=${PROBE}`, "dist/cli/index.js", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  child.stdout.resume();
  child.stderr.on("data", (piece) => { text += String(piece); });
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect({ code, complaints: text.split("\n").filter((line) => line !== "" && !line.startsWith("{")) }).toEqual({ code: 0, complaints: [] });
  return text.trimEnd().split("\n").map((line) => JSON.parse(line) as Sample);
}

const MB = 1_000_000;
/** What a few tables of the engine, code that is compiled late, and a buffer that happens to be full may add. */
const HELD_MARGIN = 2.5 * MB;
const RSS_MARGIN = 40 * MB;

const RUNS = [["inspect", file], ["inspect", file, "--json"], ...Object.keys(MODES).map((mode) => ["replay", file, "--mode", mode])];

test.each(RUNS.map((args) => ({ args, name: args.filter((arg) => arg !== file).join(" ") })))(
  `$name: ${FRAMES} frames take no more memory at the end than at a fifth`,
  async ({ args, name }) => {
    const samples = await samplesOf(...args);
    expect(samples.length).toBeGreaterThan(25);
    const most = (from: number, to: number, what: "held" | "rss"): number =>
      Math.max(...samples.filter(({ share }) => share >= from && share <= to).map((sample) => sample[what]));
    const figures = (what: "held" | "rss"): number[] => [most(0.1, 0.25, what), most(0.9, 1.1, what)];
    const [heldEarly, heldLate] = figures("held") as [number, number];
    const [rssEarly, rssLate] = figures("rss") as [number, number];
    const shown = [heldEarly, heldLate, rssEarly, rssLate].map((bytes) => (bytes / MB).toFixed(1)).join(" ");
    if (isNightly) console.log(`${name}: held early, late; RSS early, late: ${shown} MB`);
    expect(heldLate, shown).toBeLessThan(heldEarly + HELD_MARGIN);
    expect(rssLate, shown).toBeLessThan(rssEarly + RSS_MARGIN);
  },
  PATIENCE,
);
