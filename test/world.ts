import { afterEach, expect } from "vitest";
import { createLab } from "../src/index";
import type { Lab, LabError, LabOptions } from "../src/index";

const labs: Lab[] = [];

/** A lab that is closed after the test, whose books must balance then. */
export async function lab(options?: LabOptions): Promise<Lab> {
  return watch(await createLab(options));
}

/** The same for a lab that was made otherwise: a fork. */
export function watch(made: Lab): Lab {
  labs.push(made);
  return made;
}

afterEach(async () => {
  for (const each of labs.splice(0)) {
    expect(each.stats().balance, "a frame went missing").toBe(0);
    await each.close();
  }
});

/** The code of the error that `promise` is rejected with; else its value, in words. */
export async function code(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    (value) => `no error: ${JSON.stringify(value)}`,
    (error: LabError) => error.code,
  );
}

/** The code of the error that `act` throws. */
export function codeOf(act: () => unknown): string {
  try {
    return `no error: ${act()}`;
  } catch (error) {
    return (error as LabError).code;
  }
}
