/** Nanoseconds as seconds with a microsecond's digits, aligned: `"   1.000234"`. */
export function clockText(ns: bigint): string {
  const micros = (ns < 0n ? -ns : ns) / 1000n;
  const text = `${ns < 0n ? "-" : ""}${micros / 1_000_000n}.${String(micros % 1_000_000n).padStart(6, "0")}`;
  return text.padStart(11);
}

/** Nanoseconds as seconds, every digit: `"1700000000.123456789"`. A string, since a number would lose the last ones. */
export function exactSeconds(ns: bigint): string {
  return `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, "0")}`;
}
