/** Imports point down: read from the import lines themselves. */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";

interface Source {
  path: string;
  text: string;
  /** Files of ours whose values it imports; types alone do not count. */
  imports: string[];
}

function read(folder: string): Source[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => /\.ts$/.test(file) && !file.endsWith(".d.ts"));
  return files.map((file) => {
    const path = join(folder, file);
    const text = readFileSync(path, "utf8");
    const lines = text.matchAll(/^(?:import|export)\s+(?!type\b)[^;]*?from\s+"(\.[^"]+)"/gms);
    const imports = Array.from(lines, ([, target]) => normalize(join(dirname(path), target!)).replace(/(\.ts)?$/, ".ts"));
    return { path, text, imports: imports.filter((each) => !each.endsWith(".wasm.ts")) };
  });
}

const assembly = read("assembly").filter(({ path }) => !path.startsWith("assembly/inspect/"));
const src = read("src");

/** What a part of the engine may import, other than itself and `abi`. A line may only name parts of lines above it. */
const ALLOWED: Record<string, string> = {
  wire: "",
  memory: "",
  packet: "wire",
  frames: "memory",
  trace: "frames memory wire",
  port: "memory",
  table: "memory",
  parser: "frames memory packet wire",
  time: "frames memory port trace wire",
  ip: "frames memory port table time trace wire",
  // The four that never know of each other (but that the stack asks `whole`):
  switch: "frames memory port table time trace wire",
  gateway: "frames ip memory time trace wire",
  // Segments that travel whole: whether nobody on the way could tell.
  whole: "frames ip memory port switch table time wire",
  nat: "frames ip memory packet table time trace wire",
  stack: "frames ip memory table time trace whole wire",
  // The router's two sides meet here:
  border: "frames gateway ip memory nat time trace wire",
  // Alone knows that a switch and a NAT both exist:
  engine: "border frames ip memory nat parser port stack switch time trace wire",
  generator: "frames memory port time wire",
  run: "engine frames generator ip memory parser port stack table time trace whole wire",
  commands: "frames generator ip memory nat packet parser port stack table time trace wire",
  index: "commands frames memory nat run trace",
};

const partOf = (path: string): string => path.split("/")[1]!.replace(/\.ts$/, "");

test("the import lines are found", () => {
  expect(assembly.flatMap(({ imports }) => imports).length).toBeGreaterThan(200);
  expect(src.flatMap(({ imports }) => imports).length).toBeGreaterThan(100);
});

describe("the engine's parts", () => {
  const parts = Object.keys(ALLOWED);

  test("are those of the picture", () => {
    const found = new Set(assembly.map(({ path }) => partOf(path)));
    found.delete("abi");
    expect([...found].sort()).toEqual([...parts].sort());
  });

  test.each(parts)("%s imports from below only", (part) => {
    const allowed = new Set(ALLOWED[part]!.split(" ").concat(part, "abi"));
    const wrong = assembly.filter(({ path }) => partOf(path) === part)
      .flatMap(({ path, imports }) => imports.filter((each) => !allowed.has(partOf(each))).map((each) => `${path} imports ${each}`));
    expect(wrong).toEqual([]);
  });

  test("form a picture without circles", () => {
    for (const [i, part] of parts.entries())
      for (const below of ALLOWED[part]!.split(" ").filter(Boolean)) expect(parts.indexOf(below), `${part} over ${below}`).toBeLessThan(i);
  });

  test("the contract imports nothing: two compilers read it", () => {
    expect(assembly.find(({ path }) => path === "assembly/abi.ts")!.imports).toEqual([]);
  });

  test("index.ts exports, and does nothing else", () => {
    const { text } = assembly.find(({ path }) => path === "assembly/index.ts")!;
    expect(text).not.toMatch(/\b(if|for|while|let|switch)\b/);
  });
});

describe("the files of src", () => {
  test("import each other without circles", () => {
    const byPath = new Map(src.map((source) => [source.path, source]));
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (path: string, way: string[]): void => {
      if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(" → "));
      if (done.has(path) || way.includes(path)) return;
      for (const next of byPath.get(path)?.imports ?? []) visit(next, [...way, path]);
      done.add(path);
    };
    for (const { path } of src) visit(path, []);
    expect(circles).toEqual([]);
  });

  /** A file, and those that must not be below it. */
  test.each([
    ["src/engine.ts", ["core", "clock", "lab", "host", "vm", "adapter", "network"]],
    ["src/core.ts", ["lab", "host", "vm", "adapter", "network", "router", "lan", "machine", "leg"]],
    ["src/leg.ts", ["lab", "host", "vm", "adapter", "network", "router", "lan"]],
    ["src/network.ts", ["lab", "host", "vm", "adapter", "router"]],
    ["src/adapter.ts", ["lab", "host", "vm", "router"]],
    ["src/vm.ts", ["lab", "host"]],
    ["src/host.ts", ["lab"]],
    ["src/lab.ts", ["index", "node", "browser"]],
  ])("%s does not know who stands above it", (path, above) => {
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const next of src.find((source) => source.path === file)?.imports ?? []) visit(next);
    };
    visit(path);
    expect(above.map((name) => `src/${name}.ts`).filter((file) => file !== path && seen.has(file))).toEqual([]);
  });

  test("leave the engine's memory to engine.ts alone", () => {
    const touching = src.filter(({ text }) => /WebAssembly\.Memory|\.call\.memory\b|memory\.buffer|build\/engine\.wasm/.test(code(text)));
    expect(touching.map(({ path }) => path).filter((path) => path !== "src/as-bind.ts" && !/^src\/engine(-exports)?\.ts$/.test(path))).toEqual([]);
  });

  test("read and write no header byte, but for services' payloads, guests' framing and capture files", () => {
    const mayReadBytes = /^src\/(services|guests)\/|^src\/(cli\/)?[\w-]*(pcapng|capture)[\w-]*\.ts$|^src\/(byte-source|engine|as-bind)\.ts$/;
    const reading = src.filter(({ path, text }) => !mayReadBytes.test(path)
      && /\bDataView\b|\b(frame|frames|payload|packet|bytes|raw)\[|[gs]et(Big)?U?[Ii]nt(8|16|32|64)\b/.test(code(text)));
    expect(reading.map(({ path }) => path)).toEqual([]);
  });

  test("use nothing of Node where a browser must go too", () => {
    const allowed = /^src\/(cli|guests|node|outside)\/|^src\/node\.ts$/;
    const reached = new Set<string>();
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const next of src.find((source) => source.path === file)?.imports ?? []) visit(next);
    };
    for (const entry of ["src/index.ts", "src/browser.ts", "src/inspect.ts"]) visit(entry);
    const nodeOnly = src.filter(({ text }) => /from "node:/.test(text)).map(({ path }) => path);
    expect(nodeOnly.filter((path) => reached.has(path))).toEqual([]);
    expect(nodeOnly.filter((path) => !allowed.test(path))).toEqual([]);
  });

  test("take no time and no luck from the process, but for the real clock", () => {
    const lucky = src.filter(({ path, text }) => !/^src\/(cli|guests)\//.test(path) && /Date\.now|new Date\(|Math\.random|performance\.now|getRandomValues/.test(code(text)));
    expect(lucky.map(({ path }) => path)).toEqual(["src/clock.ts"]);
  });
});

/** A source without its comments. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
}
