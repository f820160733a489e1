import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** Inside the package, so that `fivewire` means the package itself, built. */
const folder = "build/readme";
const readme = readFileSync("README.md", "utf8");

/** A program of the README: the text between its fences, and the heading above. */
interface Block {
  heading: string;
  program: string;
}

beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the README", () => {
  const programs = blocks().filter(({ program }) => /from "fivewire/.test(program));

  for (const [i, { heading, program }] of programs.entries())
    test(`program ${i + 1}, under "${heading}", runs and prints what it says`, async () => {
      const file = `program-${i + 1}.mjs`;
      writeFileSync(join(folder, file), program);
      expect(words(await run(file, [], folder))).toBe(words(promisedOutput(program)));
    });

  test("has no program that is not run", () => {
    expect(programs.length).toBeGreaterThan(12);
    expect(programs).toEqual(blocks());
  });

  test("shows the connectivity table as it is measured", () => {
    const out = join(folder, "modes.pcapng");
    const report = execFileSync(process.execPath, ["dist/cli/index.js", "modes", "--out", out], { encoding: "utf8" });
    const rows = report.split("\n").filter((line) => / (promises|saw) /.test(line));
    expect(rows).toHaveLength(24);
    for (const row of rows) expect(readme).toContain(row);
  });

  test("names commands to check it by that exist, with tests that they choose and variables that are read", () => {
    const section = /^## Check it yourself$([^]*?)^## /m.exec(readme)![1]!;
    const commands = Array.from(section.matchAll(/^ {4}(\S.*?)(?: {2,}#.*)?$/gm), ([, command]) => command!);
    expect(commands).toHaveLength(5);
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
    const tests = [...readdirSync("test"), ...readdirSync("test/node").map((name) => `node/${name}`)].map((name) => `test/${name}`);
    for (const command of commands) {
      const script = /\bnpm (?:run )?(\S+)/.exec(command)?.[1];
      if (script !== undefined) expect(scripts, command).toHaveProperty(script);
      else for (const filter of command.split("--project node ")[1]!.split(" ")) {
        const chosen = tests.filter((name) => name.endsWith(".test.ts") && name.includes(filter));
        expect(chosen.length, `${command}: ${filter}`).toBeGreaterThan(0);
      }
    }
    const sources = [...tests, "test/twins/amount.ts"].filter((name) => name.endsWith(".ts")).map((name) => readFileSync(name, "utf8")).join("\n");
    for (const [name] of section.matchAll(/FIVEWIRE_\w+/g)) expect(sources, name).toContain(`env.${name}`);
  });

  test("links to files that exist, and that are in the package", () => {
    const links = Array.from(readme.matchAll(/\]\(([\w./-]+)\)/g), ([, target]) => target!);
    expect(links.length).toBeGreaterThan(3);
    const { files } = JSON.parse(readFileSync("package.json", "utf8")) as { files: string[] };
    for (const target of links) {
      expect(statSync(target, { throwIfNoEntry: false }), target).toBeDefined();
      expect(files, `package.json "files" lacks ${target}`).toContain(target.split("/")[0]);
    }
  });
});

/** Arguments of the examples that would otherwise take long or write elsewhere. */
const ARGUMENTS: Record<string, string[]> = {
  "capture.mjs": [join(folder, "office.pcapng")],
  "many.mjs": ["100"],
  "qemu.mjs": ["0.1"],
};

test.each(readdirSync("examples"))("the example %s runs", async (file) => {
  expect(await run(join("examples", file), ARGUMENTS[file] ?? [], ".")).not.toBe("");
});

function blocks(): Block[] {
  let heading = "";
  const found: Block[] = [];
  for (const [, title, program] of readme.matchAll(/^#+ (.+)$|^```ts\n([\s\S]*?)^```$/gm)) {
    if (title !== undefined) heading = title;
    else found.push({ heading, program: program! });
  }
  return found;
}

/** What a program says that it prints: the comment at the end of each line that calls console.log. */
function promisedOutput(program: string): string {
  const lines = program.split("\n").filter((line) => line.includes("console.log("));
  return lines.map((line) => /\); \/\/ (.*)$/.exec(line)?.[1] ?? "").join("\n");
}

/** Standard output of a program; it fails when the program does, or does not end. */
async function run(file: string, args: string[], cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...args], { cwd, timeout: 30_000 });
  return stdout;
}

/** The same text whatever its spaces and line breaks. */
function words(text: string): string {
  return text.split(/\s+/).join(" ").trim();
}
