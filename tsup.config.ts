import { copyFile } from "node:fs/promises";
import { defineConfig } from "tsup";
import type { Options } from "tsup";

const library = { index: "src/index.ts", node: "src/node.ts", browser: "src/browser.ts", inspect: "src/inspect.ts" };

const shared: Options = {
  platform: "neutral",
  target: "es2022",
  external: [/^node:/, "koffi"],
  removeNodeProtocol: false, // `node:net`, so that no bundler takes it for a package
  loader: { ".wasm": "binary" }, // inlined as base64: the one form that loads everywhere without configuration
  splitting: true, // one copy of the engine and of LabError for all entries, in CommonJS too
  clean: false,
  dts: { entry: library, compilerOptions: { ignoreDeprecations: "6.0" } },
};

export default defineConfig([
  {
    ...shared,
    format: "esm",
    entry: { ...library, "cli/index": "src/cli/index.ts" },
    onSuccess: () => copyFile("build/engine.wasm", "dist/engine.wasm"),
  },
  { ...shared, format: "cjs", entry: library },
]);
