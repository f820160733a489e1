import { mkdirSync, writeFileSync } from "node:fs";
import wasm from "../build/engine.wasm";
import { describe, machine } from "./machine";
import { cleanUp } from "./native";
import { questions } from "./questions/index";
import type { Setting } from "./questions/question";
import { compare } from "./rounds";
import type { Pace } from "./rounds";
import { stagesModule } from "./stages";
import { heading, lines, markdown } from "./table";
import type { Row } from "./table";

/**
 * npm run bench -- [--quick] [--list] [--rounds=N] [WORD…] [-WORD…]
 *
 * Measures the questions or rows whose text has one of the words (all of them without any) and none of those after a `-`; `--quick`
 * takes the short rows and less time. The table goes to the screen and, as JSON and Markdown, to bench/results.
 */
const FULL: Pace = { rounds: 5, ms: 200 };
const QUICK: Pace = { rounds: 3, ms: 60 };

const options = process.argv.slice(2).filter((word) => word.startsWith("--"));
const given = process.argv.slice(2).filter((word) => !word.startsWith("--")).map((word) => word.toLowerCase());
const words = given.filter((word) => !word.startsWith("-"));
const without = given.filter((word) => word.startsWith("-")).map((word) => word.slice(1));
const unknown = options.find((option) => !/^--(quick|list|rounds=[1-9]\d*)$/.test(option));
if (unknown !== undefined) fail(`${unknown}: the options are --quick, --list and --rounds=N`);

const quick = options.includes("--quick");
const rounds = Number(options.find((option) => option.startsWith("--rounds="))?.slice(9));
const pace = { ...(quick ? QUICK : FULL), ...(rounds > 0 && { rounds }) };
const setting: Setting = { engine: await WebAssembly.compile(wasm), stages: await stagesModule(), quick };

const chosen = questions.flatMap((question) => question.cases(setting)
  .filter(({ title }) => isChosen(`${question.name} ${title}`.toLowerCase()))
  .map((row) => ({ question, row })));
if (chosen.length === 0) fail(`no row has ${words.join(" or ") || "anything else"}; the questions are ${questions.map(({ name }) => name).join(", ")}`);
if (options.includes("--list")) list();
else await measure();

function isChosen(text: string): boolean {
  return (words.length === 0 || words.some((word) => text.includes(word))) && !without.some((word) => text.includes(word));
}

function list(): void {
  for (const { row } of chosen) console.log(row.title);
}

async function measure(): Promise<void> {
  const before = machine();
  console.log(describe(before));
  console.log(`median of ${pace.rounds} interleaved rounds of ${pace.ms} ms [fastest…slowest]; "to C" above 1 is faster than C;`);
  console.log("sizes are without FCS: 60 bytes are 64 on the wire; IMIX is 7 x 60, 4 x 590, 1 x 1514; every result is verified");
  const rows: Row[] = [];
  let heard = "";
  for (const { question, row } of chosen) {
    if (heard !== question.name) console.log(`\n${question.name}: ${question.inside}\n${heading(row)}`);
    heard = question.name;
    const measured = await compare(await row.make(), pace);
    const result = { question: question.name, title: row.title, unit: row.unit, ...(row.bits && { bits: row.bits }), measured };
    rows.push(result);
    console.log(lines(result).join("\n"));
  }
  cleanUp();
  const after = machine();
  console.log(`\nload was ${before.load} before and is ${after.load} now`);
  save({ machine: before, loadAfter: after.load, pace, rows });
}

function save(results: { machine: ReturnType<typeof machine>; loadAfter: number; pace: Pace; rows: Row[] }): void {
  mkdirSync("bench/results", { recursive: true });
  const path = `bench/results/${results.machine.date.replace(/[ :]/g, "-")}`;
  writeFileSync(`${path}.json`, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(`${path}.md`, `${describe(results.machine)}\n\n${markdown(results.rows)}\n`);
  console.log(`${path}.json and .md`);
}

function fail(message: string): never {
  console.error(`bench: ${message}`);
  process.exit(2);
}
