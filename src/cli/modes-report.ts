import { LAYERS, PATHS, ROWS, wrongCells } from "../reach";
import type { Cell, Promises } from "../reach";
import type { Colour } from "./output";

/**
 * The table as lines: per mode what it promises, and below what traffic did.
 *
 * @param paint  colours a text
 */
export function tableLines(cells: readonly Cell[], promises: Promises, paint: (text: string, colour: Colour) => string): string[] {
  const lines = [paint(row(["", "", ...PATHS]), "bold")];
  for (const mode of ROWS) {
    lines.push("", row([mode, "promises", ...PATHS.map((path) => promises[mode][path])]));
    for (const l4 of LAYERS) {
      const own = PATHS.map((path) => cells.find((cell) => cell.mode === mode && cell.path === path && cell.l4 === l4)!);
      lines.push(row(["", `${l4} saw`, ...own.map(cellText)], own.map((cell) => (text) => paint(text, colourOf(cell)))));
    }
  }
  return lines;
}

/** One line per cell where traffic did not do what is promised. */
export function wrongLines(cells: readonly Cell[]): string[] {
  return wrongCells(cells).map(({ mode, path, l4, expected, seen, evidence }) =>
    seen === expected
      ? `wrong: ${mode} ${path} over ${l4} is ${seen} as promised, but nothing proves it: ${evidence}`
      : `wrong: ${mode} ${path} over ${l4} promises ${expected}, traffic saw ${seen}: ${evidence}`);
}

/** 0: every mode keeps its promises. 1: one does not. */
export function exitCode(cells: readonly Cell[]): 0 | 1 {
  return wrongCells(cells).length === 0 ? 0 : 1;
}

function cellText({ seen, reason, ok }: Cell): string {
  const why = seen === "no" && reason !== null ? `no ${reason}` : seen;
  return ok ? why : `${why} WRONG`;
}

function colourOf({ ok }: Cell): Colour {
  return ok ? "green" : "red";
}

const LEFT: [number, number] = ["notAttached".length, "promises".length];
const WIDTH = "no NOT_FORWARDING".length;

/** @param paints  of the cells after the first two */
function row(texts: string[], paints: ((text: string) => string)[] = []): string {
  const padded = texts.map((text, i) => text.padEnd(LEFT[i] ?? WIDTH));
  return padded.map((text, i) => paints[i - 2]?.(text) ?? text).join("  ").trimEnd();
}
