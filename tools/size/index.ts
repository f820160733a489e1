import { readFileSync } from "node:fs";
import { machine, describe } from "../../bench/machine";
import { broken, budgets, grouped, rows } from "./budget";
import { sizes } from "./bytes";
import type { Size } from "./bytes";
import { inChromium, inNode } from "./start";
import { startLine } from "./start-line";

/**
 * npm run size -- [--json] [--rows] [--starts=N]
 *
 * Bytes of what is built beside the README's budgets, and the time from import to first ping: the median of N fresh processes and
 * pages (9). `--rows` prints the README's table for what is built now. A broken budget is exit code 1; a time never is.
 */
const options = process.argv.slice(2);
const unknown = options.find((option) => !/^--(json|rows|starts=\d+)$/.test(option));
if (unknown !== undefined) {
  console.error(`size: ${unknown}: the options are --json, --rows and --starts=N`);
  process.exit(2);
}
const count = Number(options.find((option) => option.startsWith("--starts="))?.slice(9) ?? 9);

const found = sizes();
const promised = budgets(readFileSync("README.md", "utf8"));
const complaints = broken(found, promised);
if (options.includes("--rows")) console.log(rows(found).join("\n"));
else {
  if (complaints.length > 0) process.exitCode = 1;
  await report();
}

async function report(): Promise<void> {
  const asJson = options.includes("--json");
  if (!asJson) printSizes();
  const before = machine();
  const starts = count === 0 ? [] : [inNode(count), await inChromium(count)];
  if (asJson) return console.log(JSON.stringify({ machine: before, sizes: found, budgets: promised, broken: complaints, starts }, null, 2));
  if (starts.length > 0) console.log(`\n${describe(before)}\nfrom import to first ping, ms, median of ${count} [fastest…slowest]\n`);
  for (const one of starts) console.log(startLine(one));
  for (const complaint of complaints) console.log(`\n${complaint}`);
}

function printSizes(): void {
  const columns = ["bytes", "README", "gzip", "README"].map((head) => head.padStart(11));
  console.log(`${"".padEnd(18)}${columns.join("")}\n`);
  for (const size of found) console.log(sizeLine(size));
}

function sizeLine({ what, bytes, gzip }: Size): string {
  const budget = promised.find((one) => one.what === what);
  const columns = [bytes, budget?.bytes, gzip, budget?.gzip].map((n) => (n === undefined ? "-" : grouped(n)).padStart(11));
  return `${what.padEnd(18)}${columns.join("")}`;
}
