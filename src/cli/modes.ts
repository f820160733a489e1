import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { LabStats } from "../lab";
import { measureReach, PROMISES } from "../reach";
import type { Cell } from "../reach";
import { dropLines } from "./drops";
import { exitCode, tableLines, wrongLines } from "./modes-report";
import { grouped, painter } from "./output";
import type { Output } from "./output";
import { measureThroughput } from "./throughput";
import type { Throughput } from "./throughput";
import { UsageError } from "./usage";

/** What `--json` prints. */
export interface ModesDocument {
  schema: "fivewire/modes/1";
  seed: string;
  /** Whether every mode keeps its promises. */
  ok: boolean;
  cells: Cell[];
  totals: {
    /** Frames that came into being: from external guests, made by stations, copied by floods. */
    frames: number;
    consumed: number;
    delivered: number;
    dropped: number;
    drops: LabStats["drops"];
    /** 0: no frame went missing. */
    balance: number;
    /** Time in the lab and time it took, ms. */
    virtual: number;
    wall: number;
  };
  /** Frames of 60 bytes from a generator through one switch to a sink, all inside the engine. */
  throughput: Throughput;
  /** Path of the pcapng. */
  capture: string;
}

/** `fivewire modes`: measures the connectivity table. Returns the exit code. */
export async function modes(args: string[], out: Output): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: "boolean" }, out: { type: "string" }, seed: { type: "string" } },
  });
  if (positionals.length > 0) throw new UsageError(`modes takes no argument, given: ${positionals.join(" ")}`);

  const { seed = "1", out: capture = join(tmpdir(), "fivewire-modes.pcapng") } = values;
  const file = await open(capture, "w"); // before the measuring, so that a folder that is not there is told at once
  const began = performance.now();
  const reach = await measureReach({ seed });
  const wall = performance.now() - began;
  await file.writeFile(reach.capture);
  await file.close();
  const throughput = await measureThroughput();

  const document = documentOf(reach.cells, reach.stats, { seed, wall, capture, throughput });
  if (values.json) await out.line(JSON.stringify(document, null, 2));
  else for (const line of report(document, out.isColoured)) await out.line(line);
  await out.flush();
  return document.totals.balance === 0 ? exitCode(document.cells) : 1;
}

function documentOf(
  cells: Cell[], stats: LabStats,
  { seed, wall, capture, throughput }: { seed: string; wall: number; capture: string; throughput: Throughput },
): ModesDocument {
  const { ingress, originated, copies, consumed, delivered, dropped } = stats.frames;
  const frames = ingress + originated + copies;
  return {
    schema: "fivewire/modes/1",
    seed,
    ok: exitCode(cells) === 0 && stats.balance === 0,
    cells,
    totals: {
      frames, consumed, delivered, dropped, drops: stats.drops, balance: stats.balance,
      virtual: stats.time, wall,
    },
    throughput,
    capture,
  };
}

function report({ cells, totals, throughput, capture, seed }: ModesDocument, isColoured: boolean): string[] {
  const paint = painter(isColoured);
  const wrong = wrongLines(cells);
  const missing = totals.balance === 0 ? [] : [`wrong: the books do not balance: ${totals.balance} frames went missing`];
  return [
    "Who reaches whom: what each mode promises, and what live traffic did.",
    "",
    ...tableLines(cells, PROMISES, paint),
    "",
    "forward: only through a port-forward rule, for TCP and UDP; to ICMP that is a no.",
    "A no was sent to the target's own MAC, and by way of whoever stands between; beside it the reason it was dropped for.",
    "",
    ...wrong.concat(missing).map((line) => paint(line, "red")),
    `${cells.length - wrong.length} of ${cells.length} cells are as promised`,
    "",
    `${grouped(totals.frames)} frames handled: ${grouped(totals.consumed)} consumed, ${grouped(totals.delivered)} delivered, ` +
      `${grouped(totals.dropped)} dropped:`,
    ...dropLines(totals.drops),
    "consumed: taken by a machine, gateway or service of the lab; delivered: handed to a guest that is not the lab's",
    `${(totals.virtual / 1000).toFixed(1)} s of the lab's time (seed ${seed}) took ${(totals.wall / 1000).toFixed(2)} s`,
    `${grouped(throughput.framesPerSecond)} frames/s: ${grouped(throughput.frames)} frames of 60 bytes through one switch, ` +
      "made and counted inside the engine",
    `every frame is in ${capture}`,
  ];
}
