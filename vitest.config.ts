import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import type { TestProjectConfiguration } from "vitest/config";
import { part } from "./test/parts.ts";
import { chromium } from "./tools/chromium.ts";
import { wasmBytes } from "./tools/wasm-bytes.ts";

const plugins = [wasmBytes()];
const everywhere = "test/*.test.ts";

/** A story takes milliseconds; a machine that is busy with something else takes its time. ms */
const testTimeout = 30_000;

const node: TestProjectConfiguration = {
  plugins,
  test: { name: "node", testTimeout, include: [everywhere, "test/node/**/*.test.ts"] },
};

/** The same suite in Chromium, where one runs. */
async function browser(): Promise<TestProjectConfiguration[]> {
  const found = await chromium().catch((error: Error) => error);
  if (!part("chromium", () => (found instanceof Error ? found.message : null)) || found instanceof Error) return [];
  return [
    {
      plugins,
      test: {
        name: "browser",
        testTimeout,
        include: [everywhere, "test/browser/**/*.test.ts"],
        browser: {
          enabled: true,
          headless: true,
          screenshotFailures: false,
          provider: playwright({ launchOptions: found }),
          instances: [{ browser: "chromium" }],
        },
      },
    },
  ];
}

export default defineConfig(async () => ({ test: { projects: [node, ...(await browser())] } }));
