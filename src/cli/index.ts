#!/usr/bin/env node
import { readFile } from "node:fs/promises";
import { LabError } from "../errors";
import { inspect } from "./inspect";
import { modes } from "./modes";
import { Output } from "./output";
import { replayFile } from "./replay";
import { HELP, UsageError } from "./usage";

const COMMANDS: Record<string, (args: string[], out: Output) => Promise<number>> = { modes, replay: replayFile, inspect };

/** @returns exit code: 0 all well, 1 a promise was broken, 2 the command or its input is no good */
async function main([command, ...args]: string[]): Promise<number> {
  const out = new Output();
  if (command === "--version" || command === "-v") return print(out, await version());
  if (command === "--help" || command === "-h" || args.includes("--help") || args.includes("-h")) return print(out, HELP.trimEnd());
  if (command === undefined) return usage("a command is missing");
  const run = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (!run) return usage(`there is no command ${JSON.stringify(command)}`);
  try {
    return await run(args, out);
  } catch (error) {
    await out.flush(); // what was found out before it went wrong
    if (error instanceof UsageError || isArgumentError(error)) return usage((error as Error).message);
    if (error instanceof LabError || isSystemError(error)) return fail((error as Error).message);
    throw error;
  }
}

async function print(out: Output, text: string): Promise<number> {
  await out.line(text);
  await out.flush();
  return 0;
}

function usage(problem: string): number {
  process.stderr.write(`fivewire: ${problem}\nfivewire --help shows all commands\n`);
  return 2;
}

function fail(problem: string): number {
  process.stderr.write(`fivewire: ${problem.replaceAll("\n", " ")}\n`);
  return 2;
}

/** What parseArgs of Node throws. */
function isArgumentError(error: unknown): boolean {
  return error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS");
}

/** A file that is missing, may not be read, is a folder … */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === "string";
}

async function version(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

process.exitCode = await main(process.argv.slice(2));
