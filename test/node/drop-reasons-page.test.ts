import { expect, test } from "vitest";
import { REASONS } from "../../src/reasons";
import type { ReasonName } from "../../src/reasons";
import { ADVICE } from "../../tools/drop-advice";

/** The page as it should be. `npx vitest run --project node drop-reasons-page -u` writes it. */
function page(): string {
  const rows = REASONS.flatMap(([name, text]) => (name === "OK" ? [] : [row(name, text)]));
  return `# Why a frame was dropped

Every frame that does not arrive is counted under one of these names, in \`lab.stats().drops\`; a capture has the name as the
packet's comment; \`lab.explain(frame, card)\` says which it would be, and where, without sending anything.

The sentences are those of \`src/reasons.ts\`. A switch does not look into packets: what is wrong inside one is only counted where a
station or router opens it. Each row has a test in \`test/drops\` that provokes it.

| reason | what it means | where it happens, what to do |
|---|---|---|
${rows.join("\n")}
`;
}

function row(name: Exclude<ReasonName, "OK">, text: string): string { return `| \`${name}\` | ${text} | ${ADVICE[name]} |`; }

test("the page of drop reasons has every reason with its sentence and what to do about it", async () => {
  expect(Object.keys(ADVICE)).toEqual(REASONS.slice(1).map(([name]) => name));
  await expect(page()).toMatchFileSnapshot("../../docs/drop-reasons.md");
});
