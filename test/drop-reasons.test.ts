import { expect, test } from "vitest";
import { REASONS } from "../src/index";
import type { ReasonName } from "../src/index";
import { DROPS } from "./drops/index";
import { faultsInBooks } from "./inside";

for (const [reason, [what, send]] of Object.entries(DROPS))
  test(`${what} is dropped: ${reason}`, async () => {
    const lab = await send();
    await lab.advance(5000);
    expect(lab.stats().drops).toHaveProperty(reason);
    expect(faultsInBooks(lab)).toEqual([]);
  });

test("every reason there is has been provoked", () => {
  const reasons = REASONS.map(([name]): ReasonName => name).filter((name) => name !== "OK");
  expect(Object.keys(DROPS).sort()).toEqual([...reasons].sort());
});
