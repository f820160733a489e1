import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import type { Contestant } from "./rounds";
import { passOf, strideFor } from "./traffic";
import type { Staged, Traffic } from "./traffic";

/** Where compiled programs and staged frames go. */
const FOLDER = "build/bench/native";
const FLAGS = ["-O3", "-march=native"];

/** The C compiler, as it calls itself; null when there is none. */
export function compiler(): string | null {
  const { status, stdout } = spawnSync("cc", ["--version"], { encoding: "utf8" });
  return status === 0 ? `${stdout.split("\n")[0]} ${FLAGS.join(" ")}` : null;
}

const compiled = new Set<string>();

/** The program made of native/NAME.c, compiled once per process. */
function program(name: string): string {
  const path = `${FOLDER}/${name}`;
  if (compiled.has(name)) return path;
  mkdirSync(FOLDER, { recursive: true });
  execFileSync("cc", [...FLAGS, "-o", path, `bench/native/${name}.c`], { encoding: "utf8" });
  compiled.add(name);
  return path;
}

/** Removes programs and staged frames: a full run leaves hundreds of megabytes. */
export function cleanUp(): void { rmSync(FOLDER, { recursive: true, force: true }); }

/** What a program found out. */
export interface Finding {
  ns: number;
  digest: bigint;
  /** Why it could not. */
  missing?: string;
}

/** Runs native/NAME.c; its arguments are its file's first comment. */
export function runNative(name: string, args: (string | number)[]): Finding {
  const out = execFileSync(program(name), args.map(String), { encoding: "utf8" });
  const { ns = 0, digest = "0", missing } = JSON.parse(out) as { ns?: number; digest?: string; missing?: string };
  return { ns, digest: BigInt(`0x${digest}`), ...(missing !== undefined && { missing }) };
}

/**
 * Writes staged frames where a program reads them: the same bytes for everybody.
 *
 * @param records  u64 that follow the frames; what they mean is the program's business
 * @returns        the file's name
 */
export function writeStaged(name: string, staged: Staged, records: bigint[] = []): string {
  mkdirSync(FOLDER, { recursive: true });
  const head = Uint32Array.of(staged.count, staged.stride, records.length, ...new Array<number>(13).fill(0));
  const lengths = new Uint8Array(Math.ceil((staged.count * 2) / 64) * 64);
  lengths.set(new Uint8Array(staged.lengths.buffer));
  const path = `${FOLDER}/${name}.bin`;
  const parts = [new Uint8Array(head.buffer), lengths, staged.bytes.subarray(0, staged.ring)];
  writeFileSync(path, Buffer.concat([...parts, new Uint8Array(BigUint64Array.from(records).buffer)]));
  return path;
}

/** What native/generator.h has to know to make a pass of `traffic`. */
export function generatorRecords({ flows, size, src, dst, spans }: Traffic): bigint[] {
  return [
    passOf(flows), flows, size, strideFor(flows), src.mac, dst.mac, src.ip, dst.ip, src.port, dst.port,
    spans.src.mac, spans.dst.mac, spans.src.ip, spans.dst.ip, spans.src.port, spans.dst.port,
  ].map(BigInt);
}

/**
 * C beside the others: a child process per round, with its own stopwatch.
 *
 * @param args    for `ms` milliseconds of measuring
 * @param digest  what it has to find
 */
export function native(name: string, frames: number, args: (ms: number) => (string | number)[], digest: bigint): Contestant {
  if (compiler() === null) return { name: "C", frames, missing: "no C compiler: `cc` was not found" };
  return {
    name: "C",
    frames,
    time(ms) {
      const found = runNative(name, args(ms));
      if (found.digest === digest) return found.ns;
      throw new Error(`C ${name}: digest ${found.digest.toString(16)} instead of ${digest.toString(16)}`);
    },
  };
}
