import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";

/** Runs a program as somebody who installed the package would, and returns what it prints. */
function run(program: string, type: "module" | "commonjs"): string {
  return execFileSync(process.execPath, [`--input-type=${type}`, "--eval", program], { encoding: "utf8" }).trim();
}

const entries = ["fivewire", "fivewire/node", "fivewire/browser", "fivewire/inspect"];

test.each(entries)("%s loads as an ES module and as CommonJS, with the same exports", (entry) => {
  const asModule = run(`import * as m from "${entry}"; console.log(Object.keys(m).sort().join())`, "module");
  const asCommonJs = run(`console.log(Object.keys(require("${entry}")).sort().join())`, "commonjs");
  expect(asModule).not.toBe("");
  expect(asCommonJs).toBe(asModule);
});

test("all entries share one engine and one class of errors", () => {
  const program = `const same = (await Promise.all(${JSON.stringify(entries.slice(0, 3))}.map((e) => import(e)))).map((m) => m.LabError);
    console.log(new Set(same.filter(Boolean)).size)`;
  expect(run(program, "module")).toBe("1");
});

test("a frame is described by the built package, in both module systems", () => {
  const call = `console.log(describe(new Uint8Array(60)))`;
  const asModule = run(`import { describe } from "fivewire/inspect"; ${call}`, "module");
  expect(asModule).toContain("00:00:00:00:00:00");
  expect(run(`const { describe } = require("fivewire/inspect"); ${call}`, "commonjs")).toBe(asModule);
});

test("no entry for browsers reaches a module that only Node has", () => {
  for (const entry of ["index", "browser", "inspect"])
    for (const suffix of [".js", ".cjs"]) {
      const reached = reachedFrom(`${entry}${suffix}`);
      for (const file of reached) expect(readFileSync(`dist/${file}`, "utf8"), file).not.toMatch(/["']node:/);
    }
});

test("the engine needs nothing from outside and brings its own memory", () => {
  for (const file of ["build/engine.wasm", "dist/engine.wasm"]) {
    const module = new WebAssembly.Module(readFileSync(file));
    expect(WebAssembly.Module.imports(module)).toEqual([]);
    expect(WebAssembly.Module.exports(module)).toContainEqual({ name: "memory", kind: "memory" });
  }
});

test("the engine is in each module system once", () => {
  const engine = readFileSync("build/engine.wasm").toString("base64").replace(/=+$/, "");
  for (const suffix of [".js", ".cjs"]) {
    const files = readdirSync("dist").filter((file) => file.endsWith(suffix));
    const holders = files.filter((file) => readFileSync(`dist/${file}`, "utf8").includes(engine));
    expect(holders).toHaveLength(1);
  }
});

test("the typings use no integer type of AssemblyScript", () => {
  for (const file of readdirSync("dist").filter((name) => name.endsWith(".d.ts")))
    expect(readFileSync(`dist/${file}`, "utf8"), file).not.toMatch(/: (u8|u16|u32|i32|f64)\b/);
});

/** `entry` and every file of `dist` it imports, however far. */
function reachedFrom(entry: string, found = new Set<string>()): Set<string> {
  if (found.has(entry)) return found;
  found.add(entry);
  const source = readFileSync(`dist/${entry}`, "utf8");
  for (const [, file] of source.matchAll(/["']\.\/([\w.-]+\.c?js)["']/g)) reachedFrom(file!, found);
  return found;
}
