import { LabError } from "./errors";

/** Every name an options object of type `T` may have: the compiler sees to it that none is missing. */
export type OptionNames<T> = { readonly [Name in keyof Required<T>]: true };

/** Most letters a misspelt name may be away from the right one to be recognised. */
const CLOSE = 2;

/**
 * Refuses what is no options object, and names that nobody reads.
 *
 * @param thing  whose options they are, for the message
 * @throws LabError OPTION
 */
export function checkOptions<T extends object>(given: T, allowed: OptionNames<T>, thing: string): void {
  const names = Object.keys(allowed);
  const list = `it takes { ${names.join(", ")} }`;
  if (!isPlain(given)) throw new LabError("OPTION", `${thing}: options ${say(given)}; ${list}`);
  const wrong = Object.keys(given).find((name) => !Object.hasOwn(allowed, name));
  if (wrong === undefined) return;

  const near = names.find((name) => name.toLowerCase() === wrong.toLowerCase()) ?? nearest(wrong, names);
  const hint = near === undefined ? "" : `. Did you mean ${near}?`;
  throw new LabError("OPTION", `${thing}: there is no option ${JSON.stringify(wrong)}; ${list}${hint}`);
}

/** @throws LabError OPTION unless `value` is true or false */
export function checkBoolean(value: boolean, thing: string): void {
  if (typeof value !== "boolean") throw new LabError("OPTION", `${thing} ${say(value)}; it takes true or false`);
}

/** A value received, in a few words: text in quotes, objects by their class. */
export function say(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "(a function)";
  if (Array.isArray(value)) return `(an array of ${value.length})`;
  if (typeof value !== "object" || value === null) return String(value);
  return isPlain(value) ? `{ ${Object.keys(value).join(", ")} }` : `(an object of class ${value.constructor?.name ?? "?"})`;
}

/** Whether it is `{ … }`, from whatever realm. */
function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nearest(wrong: string, names: string[]): string | undefined {
  const ranked = names.map((name) => ({ name, away: distance(wrong, name) })).sort((a, b) => a.away - b.away);
  return ranked[0] && ranked[0].away <= Math.min(CLOSE, wrong.length - 1) ? ranked[0].name : undefined;
}

/** How many letters to put in, leave out or change to get from `a` to `b` (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
