import type { Measured } from "./rounds";

/** One row's contestants, measured beside one another. */
export interface Row {
  question: string;
  title: string;
  /** "frame", "call" or "session". */
  unit: string;
  measured: Measured[];
}

/** What is printed above the rows of one unit. */
export function heading(unit: string): string {
  return `${"".padEnd(44)}${`ns/${unit}`.padEnd(26)}${`M${unit}s/s`.padStart(11)}${"to C".padStart(8)}`;
}

/** A row: its title, then a line per contestant. */
export function lines({ title, measured }: Row): string[] {
  const c = measured.find(({ name }) => name === "C");
  return [title, ...measured.map((one) => `  ${one.name.padEnd(42)}${one.missing ?? figures(one, c)}`)];
}

function figures(one: Measured, c: Measured | undefined): string {
  const { median, min, max } = one;
  const spread = `[${round(min)}…${round(max)}]`;
  return `${round(median).padStart(7)} ${spread.padEnd(18)}${round(1000 / median).padStart(11)}${toC(one, c).padStart(8)}`;
}

/** How much of C's speed it has. */
function toC({ median, part }: Measured, c: Measured | undefined): string {
  return c && c.missing === undefined && !part ? (c.median / median).toFixed(2) : "";
}

function round(n: number): string { return n < 100 ? n.toFixed(1) : n.toFixed(0); }

/** The same for RESULTS.md. */
export function markdown(rows: Row[]): string {
  const body = rows.flatMap(({ title, unit, measured }) => {
    const c = measured.find(({ name }) => name === "C");
    return measured.map((one, i) => {
      const head = `| ${i === 0 ? title : ""} | ${one.name} |`;
      if (one.missing !== undefined) return `${head} ${one.missing} | | |`;
      return `${head} ${round(one.median)} [${round(one.min)}…${round(one.max)}] per ${unit} | ${round(1000 / one.median)} | ${toC(one, c)} |`;
    });
  });
  return ["| what | who | ns | M/s | to C |", "|---|---|---|---|---|", ...body].join("\n");
}
