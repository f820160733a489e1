import { defineConfig } from "tsup";

/** `npm run bench`: bench/index.ts with the sources it measures, in one file. */
export default defineConfig({
  entry: { index: "bench/index.ts" },
  outDir: "build/bench",
  format: "esm",
  platform: "node",
  target: "node20",
  external: ["benny", /^assemblyscript/],
  loader: { ".wasm": "binary" },
});
