import type { Measured } from "./rounds";

/** One row's contestants, measured beside one another. */
export interface Row {
  question: string;
  title: string;
  /** "frame", "call", "session", "segment" or "connection". */
  unit: string;
  /** Payload of one of them, bits: the speed is in Gbit/s. */
  bits?: number;
  measured: Measured[];
}

/** What is printed above the rows of one unit. */
export function heading({ unit, bits }: Pick<Row, "unit" | "bits">): string {
  return `${"".padEnd(44)}${`ns/${unit}`.padEnd(26)}${(bits ? "Gbit/s" : `M${unit}s/s`).padStart(11)}${"to C".padStart(8)}`;
}

/** A row: its title, then a line per contestant. */
export function lines({ title, measured, bits }: Row): string[] {
  const c = measured.find(({ name }) => name === "C");
  return [title, ...measured.map((one) => `  ${one.name.padEnd(42)}${one.missing ?? figures(one, c, bits)}`)];
}

function figures(one: Measured, c: Measured | undefined, bits?: number): string {
  const { median, min, max } = one;
  const spread = `[${round(min)}…${round(max)}]`;
  return `${round(median).padStart(7)} ${spread.padEnd(18)}${speed(median, bits).padStart(11)}${toC(one, c).padStart(8)}`;
}

/** Millions in a second, or Gbit/s. */
function speed(median: number, bits = 1000): string { return round(bits / median); }

/** How much of C's speed it has. */
function toC({ median, part }: Measured, c: Measured | undefined): string {
  return c && c.missing === undefined && !part ? (c.median / median).toFixed(2) : "";
}

function round(n: number): string { return n < 100 ? n.toFixed(1) : n.toFixed(0); }

/** The same for RESULTS.md. */
export function markdown(rows: Row[]): string {
  const body = rows.flatMap(({ title, unit, bits, measured }) => {
    const c = measured.find(({ name }) => name === "C");
    return measured.map((one, i) => {
      const head = `| ${i === 0 ? title : ""} | ${one.name} |`;
      if (one.missing !== undefined) return `${head} ${one.missing} | | |`;
      return `${head} ${round(one.median)} [${round(one.min)}…${round(one.max)}] per ${unit} | ${speed(one.median, bits)}${bits ? " Gbit/s" : ""} | ${toC(one, c)} |`;
    });
  });
  return ["| what | who | ns | M/s | to C |", "|---|---|---|---|---|", ...body].join("\n");
}
