import type { Size } from "./bytes";

/** What the README promises of one thing: no more than that, in bytes. */
export type Budget = Size;

/** A size below this part of its budget has become so much smaller that the README is out of date. */
const STALE = 0.85;

/** Budgets, from the README's table: `| what | bytes | compressed |`, numbers in groups of three. */
export function budgets(readme: string): Budget[] {
  const rows = readme.matchAll(/^\| `([\w./]+|npm package)` \| ([\d,]+) \| ([\d,]+) \|$/gm);
  const number = (text: string): number => Number(text.replaceAll(",", ""));
  return Array.from(rows, ([, what, bytes, gzip]) => ({ what: what!, bytes: number(bytes!), gzip: number(gzip!) }));
}

/** Bytes of WebAssembly that the README's first sentence promises; NaN when it does not. */
export function headline(readme: string): number {
  return Number(/in (\d+) KB of WebAssembly/.exec(readme)?.[1]) * 1000;
}

/** What is wrong with the README's promises, a sentence each; nothing when all are kept. */
export function broken(sizes: Size[], promised: Budget[]): string[] {
  const unknown = promised.filter(({ what }) => !sizes.some((size) => size.what === what));
  return [
    ...unknown.map(({ what }) => `${what}: the README has a budget for it, and it does not exist`),
    ...sizes.flatMap((size) => {
      const budget = promised.find(({ what }) => what === size.what);
      if (!budget) return [`${size.what}: the README has no budget for it`];
      return [
        ...complaint(size.what, size.bytes, budget.bytes),
        ...complaint(`${size.what}, compressed`, size.gzip, budget.gzip),
      ];
    }),
  ];
}

function complaint(what: string, found: number, budget: number): string[] {
  if (found > budget) return [`${what}: ${grouped(found)} bytes, and the README promises ${grouped(budget)} at the most`];
  if (found < STALE * budget) return [`${what}: only ${grouped(found)} bytes; the README's ${grouped(budget)} are out of date`];
  return [];
}

/** The README's rows for what is there now: each size with some room, rounded up. */
export function rows(sizes: Size[]): string[] {
  return sizes.map(({ what, bytes, gzip }) => `| \`${what}\` | ${grouped(roomy(bytes))} | ${grouped(roomy(gzip))} |`);
}

/** A twentieth more, rounded up so that the third digit is 0 or 5 and the rest are zeros. */
function roomy(bytes: number): number {
  const step = 5 * 10 ** (Math.floor(Math.log10(bytes)) - 2);
  return Math.ceil((bytes * 1.05) / step) * step;
}

export function grouped(n: number): string { return n.toLocaleString("en"); }
