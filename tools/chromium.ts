import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import manifest from "../package.json" with { type: "json" };

/** How to start a browser, in playwright's words. */
export interface Launch {
  executablePath: string;
  env: NodeJS.ProcessEnv;
  args?: string[];
}

const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-sync",
  "--disable-background-networking",
  "--disable-component-update",
];

/**
 * A Chromium for the browser tests: the one named by CHROMIUM_PATH, else the one that came inside the npm package
 * `@sparticuz/chromium` (Linux on x64), so that `npm ci` is all a bare machine needs.
 *
 * @throws Error saying what is missing, when none starts here
 */
export async function chromium(): Promise<Launch> {
  const own = process.env.CHROMIUM_PATH;
  const launch = own ? { executablePath: own, env: process.env } : await packaged();
  const { status, error, stderr } = spawnSync(launch.executablePath, ["--version"], {
    env: launch.env,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${launch.executablePath} does not start: ${error?.message ?? stderr.trim()}`);
  return { ...launch, args };
}

/** Chromium and the libraries it needs, unpacked once per version: 2 s, 190 MB. */
async function packaged(): Promise<Launch> {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new Error(`no packaged Chromium for ${process.platform}-${process.arch}; set CHROMIUM_PATH to one`);

  const home = resolve("node_modules/.cache/fivewire", `chromium-${manifest.devDependencies["@sparticuz/chromium"]}`);
  if (!existsSync(home)) await unpack(home);
  const libraries = [join(home, "al2023/lib"), process.env.LD_LIBRARY_PATH].filter(Boolean).join(":");
  return {
    executablePath: join(home, "chromium"),
    env: { ...process.env, FONTCONFIG_PATH: join(home, "fonts"), LD_LIBRARY_PATH: libraries },
  };
}

/**
 * Unpacks beside `home` and renames, because the package takes the half-written file of a stopped run for a whole one.
 *
 * The package unpacks into everybody's temporary folder, and its libraries only where it sees AWS Lambda. Both are said in
 * the environment, which is put back afterwards.
 */
async function unpack(home: string): Promise<void> {
  const before = { ...process.env };
  mkdirSync(dirname(home), { recursive: true });
  const parcel = mkdtempSync(`${home}.`);
  try {
    Object.assign(process.env, { TMPDIR: parcel, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x" });
    const { default: packagedChromium } = await import("@sparticuz/chromium");
    await packagedChromium.executablePath();
    renameSync(parcel, home);
  } catch (error) {
    if (!existsSync(home)) throw error; // else another process was faster
  } finally {
    rmSync(parcel, { recursive: true, force: true });
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  }
}
