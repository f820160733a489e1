import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Progress } from "../../src/cli/progress";
import { part } from "../parts";
import { writeLongFile } from "./long-file";

/** A bar over 1000 bytes on a terminal that keeps what is written, and a clock to turn. */
function watched(size: number | null, isTTY = true, linesTTY = false): { progress: Progress; written: string[]; at(frames: number, ms: number, bytes?: number): void } {
  const written: string[] = [];
  let now = 0;
  let position = 0;
  const terminal = { isTTY, write: (text: string) => written.push(text) };
  const progress = new Progress({ size, position: () => position }, terminal, { isTTY: linesTTY }, () => now);
  return { progress, written, at: (frames, ms, bytes = 0) => { now = ms; position = bytes; progress.at(frames); } };
}

test("a bar shows how far a long file has been read, and is gone at the end", () => {
  const { progress, written, at } = watched(1000);
  at(256, 100, 100);
  expect(written).toEqual([]);
  at(512, 1000, 500);
  expect(written).toEqual(["\r\x1b[K[###############...............]  50 %  512 frames  512/s  1 s left"]);
  at(768, 1050, 600);
  expect(written).toHaveLength(1);
  at(1024, 1200, 1000);
  expect(written.at(-1)).toContain("100 %");
  progress.end();
  progress.end();
  expect(written.slice(2)).toEqual(["\r\x1b[K"]);
});

test("without a known size the frames are counted", () => {
  const { written, at } = watched(null);
  at(2560, 2000);
  expect(written).toEqual(["\r\x1b[K2,560 frames  1,280/s"]);
});

test.each([["standard error is no terminal", false, false], ["the lines run over the same terminal", true, true]])(
  "no bar when %s", (_, isTTY, linesTTY) => {
    const { progress, written, at } = watched(1000, isTTY, linesTTY);
    at(2560, 5000, 500);
    progress.end();
    expect(written).toEqual([]);
  },
);

/** util-linux's script gives a command a terminal. */
const script = part("script", () => (spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") ? null : "no script of util-linux in PATH"));
const folder = mkdtempSync(join(tmpdir(), "fivewire-progress-"));
const file = join(folder, "long.pcapng");
beforeAll(() => writeLongFile(file, 60_000));
afterAll(() => rmSync(folder, { recursive: true }));

test.skipIf(!script).each([["inspect", "--json"], ["replay"]])("%s shows it on a terminal, and nothing to a pipe", (...args) => {
  const line = `"${process.execPath}" dist/cli/index.js ${args.join(" ")} "${file}" > "${join(folder, "out.txt")}"`;
  const { stdout } = spawnSync("script", ["-qec", line, "/dev/null"], { encoding: "utf8" });
  expect(stdout).toMatch(/\r\x1b\[K\[#*\.*\] +\d+ % +[\d,]+ frames +[\d,]+\/s +\d+ s left/);
  expect(stdout.endsWith("\r\x1b[K")).toBe(true);
  const piped = spawnSync(process.execPath, ["dist/cli/index.js", ...args, file], { encoding: "utf8", maxBuffer: 1 << 28 });
  expect({ status: piped.status, stderr: piped.stderr }).toEqual({ status: 0, stderr: "" });
}, 60_000);
