import { defineConfig } from "tsup";

/** `npm run size`: tools/size/index.ts in one file. */
export default defineConfig({
  entry: { index: "tools/size/index.ts" },
  outDir: "build/size",
  format: "esm",
  platform: "node",
  target: "node20",
  external: ["playwright", "@sparticuz/chromium"],
});
