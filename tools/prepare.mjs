/**
 * Installs and builds what is missing or stale, so that `npm start` and `npm test` work alone on a fresh clone.
 *
 *   node tools/prepare.mjs [--force]     --force builds everything (`npm run build`)
 *
 * Plain Node without dependencies: it runs before there are any. A step is stale when an output is missing or when the bytes
 * of its inputs are not those of its last run; file times are not asked, since a checkout and a copy both change them.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

/** Digest of each step's inputs at its last run: `{ [step]: sha256 }`. */
const RECORD = "build/prepared.json";
/** Holds the process id of the one that builds; a second one waits. */
const LOCK = "build/prepare.lock";
const force = process.argv.includes("--force");

const asc = (entry, target, ...more) =>
  node("node_modules/assemblyscript/bin/asc.js", entry, "--target", target, ...more);

const steps = [
  { name: "node_modules", verb: "npm ci", why: whyInstall, run: npmCi },
  {
    name: "build/engine.wasm",
    inputs: ["assembly", "asconfig.json", "package-lock.json", "tools/inline-engine.mjs"],
    outputs: ["build/engine.wasm"],
    run: () => {
      asc("assembly/index.ts", "engine");
      node("tools/inline-engine.mjs", "build/engine.wasm");
    },
  },
  {
    name: "build/inspect.wasm",
    inputs: ["assembly", "asconfig.json", "package-lock.json", "tools/as-bind-transform.mjs"],
    outputs: ["build/inspect.wasm"],
    run: () => asc("assembly/inspect/index.ts", "inspect", "--transform", "./tools/as-bind-transform.mjs"),
  },
  {
    name: "dist",
    inputs: [
      "src",
      "assembly/abi.ts",
      "build/engine.wasm",
      "build/inspect.wasm",
      "tsconfig.json",
      "tsup.config.ts",
      "package.json",
      "package-lock.json",
    ],
    outputs: ["index", "node", "browser", "inspect"]
      .flatMap((entry) => [".js", ".cjs", ".d.ts", ".d.cts"].map((suffix) => `dist/${entry}${suffix}`))
      .concat("dist/cli/index.js", "dist/engine.wasm"),
    run: buildDist,
  },
];

if (Number.parseInt(process.versions.node) < 20) fail(`fivewire needs Node 20 or newer, this is ${process.version}`);
if (force || steps.some(reasonToRun)) whileLocked(() => steps.forEach(prepare));
else say("everything is up to date");

/** Runs `step` if there is a reason to; what another process did meanwhile is no longer one. */
function prepare(step) {
  const reason = reasonToRun(step) ?? (force && step.inputs ? "asked for" : null);
  if (!reason) return;
  const digest = step.inputs && digestOf(step.inputs); // before the run: a file edited during it makes the step stale again
  const started = performance.now();
  say(`${step.verb ?? `building ${step.name}`} (${reason})`);
  step.run();
  if (digest) writeFileSync(RECORD, JSON.stringify({ ...readJson(RECORD), [step.name]: digest }, null, 2));
  say(`${step.name} is ready, ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

function reasonToRun(step) {
  if (step.why) return step.why();
  const missing = step.outputs.find((path) => !existsSync(path));
  if (missing) return `${missing} is missing`;
  return readJson(RECORD)?.[step.name] === digestOf(step.inputs) ? null : "its sources changed";
}

/** Why `npm ci` has to run, or null: npm keeps what it installed in node_modules/.package-lock.json. */
function whyInstall() {
  const installed = readJson("node_modules/.package-lock.json")?.packages;
  if (!installed) return "node_modules is missing or incomplete";
  const wanted = Object.entries(readJson("package-lock.json").packages);
  const different = wanted.find(([path, { version, optional }]) =>
    path === "" ? false : installed[path] ? installed[path].version !== version : !optional,
  );
  return different ? `${different[0]} is older than package-lock.json` : null;
}

function npmCi() {
  const npm = process.env.npm_execpath;
  if (npm) return node(npm, "ci", "--no-audit", "--no-fund");
  spawn("npm", ["ci", "--no-audit", "--no-fund"], { shell: process.platform === "win32" });
}

function buildDist() {
  rmSync("dist", { recursive: true, force: true });
  node("node_modules/tsup/dist/cli-default.js", "--silent");
}

function node(...args) {
  spawn(process.execPath, args, {});
}

/** Runs a command; its output is shown when it fails, and then this process ends with it. */
function spawn(command, args, options) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    ...options,
  });
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ""}${stderr ?? ""}`);
  throw new Error(`${command} ${args.join(" ")} ${error ? `did not start: ${error.message}` : `ended with ${status}`}`);
}

/** sha256 over names and bytes of `paths`, folders included, in a fixed order. */
function digestOf(paths) {
  const hash = createHash("sha256");
  for (const path of paths.flatMap(filesOf))
    hash.update(`${path}\0`).update(existsSync(path) ? readFileSync(path) : "");
  return hash.digest("hex");
}

function filesOf(path) {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesOf(`${path}/${name}`));
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null; // missing, or cut off when its writer was stopped
  }
}

function whileLocked(work) {
  mkdirSync("build", { recursive: true });
  let waiting = false;
  while (!tryLock()) {
    if (!waiting) say("another process is building; waiting for it");
    waiting = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  try {
    work();
  } catch (error) {
    process.exitCode = 1;
    say(`failed: ${error.message}`);
  } finally {
    rmSync(LOCK, { force: true });
  }
}

function tryLock() {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  if (isHeld()) return false;
  rmSync(LOCK, { force: true });
  return tryLock();
}

/** False when the owner of the lock was stopped half-way; after ten minutes its process id says nothing any more. */
function isHeld() {
  const age = Date.now() - (statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  if (age > 10 * 60_000) return false;
  const pid = readJson(LOCK);
  if (!pid) return true; // being written at this moment
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function say(line) {
  process.stderr.write(`prepare: ${line}\n`);
}

function fail(line) {
  say(line);
  process.exit(1);
}
