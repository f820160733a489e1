/**
 * Optimises a compiled engine in place: `node tools/inline-engine.mjs FILE.wasm`.
 *
 * asc inlines functions of up to 12 nodes; the walk of a frame is many short functions, and a call costs V8 as much as they do.
 * With larger limits (binaryen comes with asc) 60-byte frames through a switch took 17 % less time, and the file is 15 % larger.
 */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const file = process.argv[2];
const { status } = spawnSync(
  process.execPath,
  [
    join(root, "node_modules/binaryen/bin/wasm-opt"), file, "-o", file, "-O4",
    "--flexible-inline-max-function-size=100", "--always-inline-max-function-size=60",
    "--enable-simd", "--enable-bulk-memory", "--enable-bulk-memory-opt", "--enable-nontrapping-float-to-int",
    "--enable-sign-ext", "--enable-mutable-globals",
  ],
  { stdio: "inherit" },
);
process.exit(status ?? 1);
