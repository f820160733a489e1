import { readFile } from "node:fs/promises";
import type { Plugin } from "vitest/config";

/** Vite plugin: `import wasm from "./x.wasm"` gives the bytes, as tsup's binary loader does in `dist`. */
export function wasmBytes(): Plugin {
  return {
    name: "wasm-bytes",
    enforce: "pre",
    async load(id) {
      if (!id.endsWith(".wasm")) return null;
      this.addWatchFile(id);
      const base64 = (await readFile(id)).toString("base64");
      return `export default Uint8Array.from(atob("${base64}"), (c) => c.charCodeAt(0));`;
    },
  };
}
