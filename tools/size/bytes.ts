import { execFileSync } from "node:child_process";
import type { ExecFileSyncOptionsWithStringEncoding } from "node:child_process";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

/** One thing that has a size. */
export interface Size {
  /** As the README's table names it. */
  what: string;
  /** As it lies on the disk: a file, an entry with all it imports, the unpacked package. */
  bytes: number;
  /** gzip -9, each file by itself as a server sends it; for the package, the tarball. */
  gzip: number;
}

/** The entries of the package, and the file that each is for an ES module. */
const ENTRIES = { fivewire: "index.js", "fivewire/node": "node.js", "fivewire/browser": "browser.js", "fivewire/inspect": "inspect.js" };

/** What a user downloads: engine, inspector, each entry with everything it imports, the package. All of it has to be built. */
export function sizes(): Size[] {
  return [
    { what: "engine.wasm", ...sizeOf(["dist/engine.wasm"]) },
    { what: "inspect.wasm", ...sizeOf(["build/inspect.wasm"]) },
    ...Object.entries(ENTRIES).map(([what, file]) => ({ what, ...sizeOf(reachedFrom(file)) })),
    { what: "npm package", ...packed() },
  ];
}

function sizeOf(files: string[]): Pick<Size, "bytes" | "gzip"> {
  const contents = files.map((file) => readFileSync(file));
  const sum = (lengths: number[]): number => lengths.reduce((all, length) => all + length, 0);
  return {
    bytes: sum(contents.map(({ length }) => length)),
    gzip: sum(contents.map((content) => gzipSync(content, { level: 9 }).length)),
  };
}

/** `entry` and every file of `dist` it imports, however far. */
function reachedFrom(entry: string, found = new Set<string>()): string[] {
  const path = `dist/${entry}`;
  if (found.has(path)) return [];
  found.add(path);
  for (const [, file] of readFileSync(path, "utf8").matchAll(/["']\.\/([\w.-]+\.js)["']/g)) reachedFrom(file!, found);
  return [...found];
}

/** What `npm pack` would make: unpacked, and as the tarball. It writes nothing. */
function packed(): Pick<Size, "bytes" | "gzip"> {
  const npm = process.env.npm_execpath;
  const pack = ["pack", "--dry-run", "--json", "--ignore-scripts"];
  const options: ExecFileSyncOptionsWithStringEncoding = { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
  const said = npm?.endsWith(".js")
    ? execFileSync(process.execPath, [npm, ...pack], options)
    : execFileSync("npm", pack, { ...options, shell: process.platform === "win32" });
  const [{ unpackedSize, size }] = JSON.parse(said) as [{ unpackedSize: number; size: number }];
  return { bytes: unpackedSize, gzip: size };
}
