/**
 * Real parts a test may need: an emulator, a capture tool, a browser.
 *
 * A machine without one skips the test and says so by name. A part named in FIVEWIRE_REQUIRE (a comma list such as
 * `qemu,chromium`) must be there: what would be skipped is a failure.
 */

const answers = new Map<string, boolean>();

/**
 * Whether the part `name` is on this machine. Asked once per name and process; prints a line when the answer is no.
 *
 * @param available  null when the part is there, else what is missing and how to get it
 * @throws Error when the part is missing and FIVEWIRE_REQUIRE names it
 * @example
 * test.skipIf(!part("tshark", () => (which("tshark") ? null : "no tshark in PATH")))("tshark reads our capture", ...)
 */
export function part(name: string, available: () => string | null): boolean {
  const known = answers.get(name);
  if (known !== undefined) return known;

  const missing = available();
  if (missing !== null && required().includes(name))
    throw new Error(`FIVEWIRE_REQUIRE names ${name}, which is not usable here: ${missing}`);
  if (missing !== null) console.warn(`skipped: tests that need ${name}: ${missing}`);
  answers.set(name, missing === null);
  return missing === null;
}

function required(): string[] {
  return (process.env.FIVEWIRE_REQUIRE ?? "").split(",").map((name) => name.trim());
}
