import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchExports } from "./lab";
import { BURST } from "./traffic";
import type { Staged } from "./traffic";
import { BenchLab } from "./lab";

/** The engine with the exports of native/stages.as. */
export interface StageExports extends BenchExports {
  stageParse(frames: number, stride: number, lengths: number, packets: number, first: number, count: number): void;
  stageSwitch(
    network: number, ingress: number, frames: number, stride: number, lengths: number, ring: number, outs: number,
    first: number, count: number,
  ): number;
  stageNat(
    nat: number, node: number, address: number, macHigh: number, macDst: number, macSrc: number,
    frames: number, stride: number, lengths: number, outs: number, first: number, count: number,
  ): number;
}

const SOURCE = "bench/native/stages.as";
/** What the AssemblyScript compiler takes it for. */
const ENTRY = "bench/native/stages.ts";
let compiled: Promise<WebAssembly.Module> | undefined;

/** Compiles and optimises the engine's stages as the engine itself is; once per process. */
export function stagesModule(): Promise<WebAssembly.Module> { return (compiled ??= compile()); }

async function compile(): Promise<WebAssembly.Module> {
  const { default: asc } = await import("assemblyscript/asc");
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main([ENTRY, "--target", "engine", "--outFile", "stages.wasm"], {
    readFile: (name) => read(name === ENTRY ? SOURCE : name),
    writeFile: (_, contents) => { binary = contents as Uint8Array; },
    listFiles: () => null,
  });
  if (error || !binary) throw new Error(`${SOURCE} does not compile: ${error?.message}\n${stderr.toString()}`);
  const folder = mkdtempSync(join(tmpdir(), "fivewire-stages-"));
  try {
    const file = join(folder, "stages.wasm");
    writeFileSync(file, binary);
    execFileSync(process.execPath, ["tools/inline-engine.mjs", file], { stdio: ["ignore", "ignore", "inherit"] });
    return await WebAssembly.compile(readFileSync(file) as BufferSource);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function read(name: string): string | null {
  try {
    return readFileSync(name, "utf8");
  } catch {
    return null;
  }
}

/** Where the staged frames, their lengths and the stage's results are in the engine's memory. */
export interface Placed {
  frames: number;
  lengths: number;
  ring: number;
  /** u32[2 * BURST]: addresses, ports */
  outs: number;
  /** What is left, for descriptors. */
  rest: number;
}

/** Bytes that `place` takes, with `rest` more. */
export function roomFor(staged: Staged, rest = 0): number {
  return staged.bytes.length + staged.lengths.byteLength + BURST * 8 + rest + 4096;
}

/** Puts staged frames behind `at` (BenchLab.stage, or the end of what was placed before). */
export function place(lab: BenchLab<StageExports>, staged: Staged, at = lab.stage): Placed {
  const frames = at;
  const lengths = frames + staged.bytes.length;
  lab.bytes.set(staged.bytes, frames);
  lab.bytes.set(new Uint8Array(staged.lengths.buffer), lengths);
  const outs = (lengths + staged.lengths.byteLength + 63) & ~63;
  return { frames, lengths, ring: frames + staged.ring, outs, rest: outs + BURST * 8 };
}
