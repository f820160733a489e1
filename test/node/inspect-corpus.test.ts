import { spawnSync } from "node:child_process";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readCapture } from "../../src/capture-reader";
import { describe as line } from "../../src/inspect";
import { part } from "../parts";
import { CORPUS, captures, corpus } from "./corpus";

const tshark = part("tshark", () => (spawnSync("tshark", ["--version"]).error ? "no tshark in PATH" : null));

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
  const named = captures.filter((file) => /^chksums.*(good|bad)/.test(file) && !file.includes("mip6"));
  expect(named.length).toBeGreaterThan(20);
  for (const file of named) {
    const lines = (await framesOf(file)).map(line);
    expect(
      lines.some((each) => each.includes("(bad cksum)")),
      `${file}: ${lines.join("\n")}`,
    ).toBe(file.includes("bad"));
  }
});

const FIELDS = ["ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport"];
const CHECKSUMS = ["ip", "tcp", "udp", "icmp", "icmpv6"].map((protocol) => `${protocol}.checksum.status`);

/** The ends as tshark sees them, written as a line shows them: without ports, and with them. */
function endsOf(row: string): string[] {
  const [src4, dst4, src6, dst6, srcTcp, dstTcp, srcUdp, dstUdp] = row.split("\t");
  const [src, dst] = src6 ? [src6, dst6] : [src4, dst4];
  return [`${src} > ${dst}`, `${src}.${srcTcp || srcUdp} > ${dst}.${dstTcp || dstUdp}`];
}

/** tshark's fields of each frame, tab-separated; every frame is looked at by itself. */
function rowsOf(frames: Uint8Array[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "fivewire-inspect-"));
  const file = join(folder, "frames.pcap");
  const header = Buffer.from("d4c3b2a1020004000000000000000000ffff000001000000", "hex");
  const records = frames.map((frame) => {
    const record = Buffer.alloc(16 + frame.length);
    record.writeUInt32LE(frame.length, 8);
    record.writeUInt32LE(frame.length, 12);
    record.set(frame, 16);
    return record;
  });
  writeFileSync(file, Buffer.concat([header, ...records]));
  const alone = ["ip.defragment:FALSE", "ipv6.defragment:FALSE"];
  const summed = ["ip", "tcp", "udp"].map((protocol) => `${protocol}.check_checksum:TRUE`);
  const settings = [...alone, ...summed].flatMap((setting) => ["-o", setting]);
  const fields = ["-T", "fields", "-E", "occurrence=f", ...[...FIELDS, ...CHECKSUMS].flatMap((field) => ["-e", field])];
  const { stdout } = spawnSync("tshark", ["-n", "-r", file, ...settings, ...fields], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  rmSync(folder, { recursive: true });
  return stdout.split("\n");
}

test.skipIf(!corpus || !tshark)(
  "tshark sees the same addresses and ports, and the same checksums as wrong",
  async () => {
    const frames = (await Promise.all(captures.map(framesOf))).flat();
    let compared = 0;
    for (const [i, row] of rowsOf(frames).slice(0, -1).entries()) {
      const text = line(frames[i]!);
      const ends = /\(0x(?:0800|86dd)\)(?:, length \d+)?: (\S+ > \S+): (.*)/.exec(text);
      if (!ends) continue;
      const ported = /\b(UDP, length|Flags|DHCP|DNS)\b/.test(ends[2]!) && !/@[1-9]/.test(text);
      const expected = endsOf(row);
      expect(ported ? expected[1] : expected, text).toContain(ends[1]);
      const bad = row.split("\t").slice(FIELDS.length).includes("0");
      if (!/_[A-Z]+\)$/.test(text)) expect(text.includes("(bad cksum)"), text).toBe(bad);
      compared++;
    }
    expect(compared).toBeGreaterThan(1000);
  },
  60_000,
);
