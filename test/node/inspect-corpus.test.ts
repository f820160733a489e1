import { createReadStream } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readCapture } from "../../src/capture-reader";
import { describe as line } from "../../src/inspect";
import { CORPUS, captures, corpus } from "./corpus";

/** The Ethernet frames of a capture, those that were captured whole. */
async function framesOf(file: string): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for await (const {
    frame,
    originalLength,
    interface: { linkType },
  } of readCapture(createReadStream(join(CORPUS, file)))) {
    if (linkType === 1 && originalLength === frame.length) frames.push(frame);
  }
  return frames;
}

test.skipIf(!corpus)("captures named after good and bad checksums are told apart", async () => {
  const named = captures.filter((file) => /^chksums.*(good|bad)/.test(file));
  expect(named.length).toBeGreaterThan(20);
  for (const file of named) {
    const lines = (await framesOf(file)).map((frame) => line(frame));
    expect(
      lines.some((each) => each.includes("(bad cksum)")),
      `${file}: ${lines.join("\n")}`,
    ).toBe(file.includes("bad"));
  }
});

test.skipIf(!corpus)("of the corpus's DNS, DHCP and TCP options only the two invalid names are called malformed", async () => {
  const found: string[] = [];
  for (const file of captures)
    for (const frame of await framesOf(file)) {
      const mark = /\(malformed: .*\)|bad opt|bad padding/.exec(line(frame));
      if (mark) found.push(`${file} ${mark[0]}`);
    }
  expect(found).toEqual([
    "dns/dns-invalid-names.pcap (malformed: record 1 of 1 is not there)",
    "dns/dns-invalid-names.pcap (malformed: a bad name)",
  ]);
});
