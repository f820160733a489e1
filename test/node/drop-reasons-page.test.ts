import { expect, test } from "vitest";
import { REASONS } from "../../src/reasons";

/** The page as it should be. `npx vitest run --project node drop-reasons-page -u` writes it. */
function page(): string {
  const rows = REASONS.slice(1).map(([name, text]) => `| \`${name}\` | ${text} |`);
  return [
    "# Why a frame was dropped",
    "",
    "The names are those of `lab.stats().drops`, of `explain(name)`, and of the comments in captures. They are generated from",
    "`src/reasons.ts`, in the order of `assembly/abi.ts`.",
    "",
    "| reason | meaning |",
    "|---|---|",
    ...rows,
    "",
  ].join("\n");
}

test("the page of drop reasons names every reason there is", async () => {
  await expect(page()).toMatchFileSnapshot("../../docs/drop-reasons.md");
});
