import { execFileSync, spawnSync } from "node:child_process";
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readCapture } from "../../src/capture-reader";
import type { CapturedPacket, CaptureSummary } from "../../src/capture-reader";
import { LabError } from "../../src/errors";
import { PcapngWriter } from "../../src/pcapng";
import { part } from "../parts";
import { CORPUS, captures as files, corpus } from "./corpus";

const tshark = part("tshark", () => (spawnSync("tshark", ["--version"]).error ? "no tshark in PATH" : null));
const capinfos = part("capinfos", () => (spawnSync("capinfos", ["--version"]).error ? "no capinfos in PATH" : null));

const editcap = part("editcap", () => (spawnSync("editcap", ["--version"]).error ? "no editcap in PATH" : null));

const folder = mkdtempSync(join(tmpdir(), "fivewire-corpus-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function read(
  source: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<{ packets: CapturedPacket[]; summary: CaptureSummary }> {
  const capture = readCapture(source);
  const packets: CapturedPacket[] = [];
  for await (const packet of capture) packets.push(packet);
  return { packets, summary: capture.summary };
}

/** Runs a capture tool; it may complain about the file on stderr and still list what it could read. */
function linesOf(command: string, args: string[]): string[] {
  const { stdout } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  return stdout.split("\n").filter((line) => line !== "");
}

/** "1.5" seconds as 1500000000n. */
function nanosecondsOf(seconds: string): bigint {
  const [whole, fraction = ""] = seconds.split(".");
  return BigInt(whole + fraction.padEnd(9, "0").slice(0, 9));
}

function tsharkFields(file: string, fields: string[]): string[][] {
  const args = ["-n", "-r", file, "-T", "fields", ...fields.flatMap((field) => ["-e", field])];
  return execFileSync("tshark", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => line.split("\t"));
}

test.skipIf(!corpus)("every capture of the corpus is read, streamed in small pieces as well", async () => {
  for (const file of files) {
    const whole = await read(readFileSync(join(CORPUS, file)));
    expect(whole.packets.length, file).toBeGreaterThan(0);
    expect(await read(createReadStream(join(CORPUS, file), { highWaterMark: 100 })), file).toEqual(whole);
  }
});

test.skipIf(!corpus)("captures of the corpus cut anywhere give a beginning of their packets", async () => {
  for (const file of files) {
    const bytes = readFileSync(join(CORPUS, file));
    const whole = await read(bytes);
    for (let length = 4; length < bytes.length; length += 1 + (bytes.length >> 4)) {
      const { packets } = await read(bytes.subarray(0, length));
      expect(packets.length, `${file} cut at ${length}`).toBeLessThanOrEqual(whole.packets.length);
      expect(packets.at(-1), `${file} cut at ${length}`).toEqual(whole.packets[packets.length - 1]);
    }
  }
});

test.skipIf(!corpus)("captures of the corpus with damaged lengths give packets or a LabError", async () => {
  for (const file of files) {
    const bytes = new Uint8Array(readFileSync(join(CORPUS, file)));
    for (let at = 4; at < Math.min(bytes.length, 400); at += 3) {
      const damaged = bytes.slice();
      damaged.fill(0xff, at, at + 3);
      await read(damaged).catch((error: unknown) => {
        expect(error, `${file} damaged at ${at}`).toBeInstanceOf(LabError);
      });
    }
  }
});

test.skipIf(!corpus)("a corpus capture written again as pcapng keeps its packets", async () => {
  for (const file of files) {
    const { packets } = await read(readFileSync(join(CORPUS, file)));
    const writer = new PcapngWriter();
    writer.addInterface({ name: file });
    for (const { time, frame, originalLength } of packets) writer.packet({ interface: 0, time, frame, originalLength });

    const again = await read(writer.bytes());
    const content = ({ time, frame, originalLength }: CapturedPacket) => ({ time, frame, originalLength });
    expect(again.packets.map(content), file).toEqual(packets.map(content));
  }
});

test.skipIf(!corpus || !capinfos)("capinfos counts the same packets, bytes and times in the corpus", async () => {
  // One line per file: name, packets, bytes on the wire, earliest and latest time.
  const lines = linesOf("capinfos", [
    "-T",
    "-r",
    "-m",
    "-N",
    "-c",
    "-d",
    "-a",
    "-e",
    "-S",
    ...files.map((each) => join(CORPUS, each)),
  ]);
  expect(lines).toHaveLength(files.length);
  for (const [i, line] of lines.entries()) {
    const { packets } = await read(readFileSync(join(CORPUS, files[i]!)));
    const [count, size, earliest, latest] = line.split(",").slice(1);
    const inOrder = packets.map((packet) => packet.time).sort((a, b) => (a < b ? -1 : 1));
    expect(
      {
        count: packets.length,
        size: packets.reduce((sum, packet) => sum + packet.originalLength, 0),
        earliest: inOrder[0],
        latest: inOrder.at(-1),
      },
      files[i],
    ).toEqual({
      count: Number(count),
      size: Number(size),
      earliest: nanosecondsOf(earliest!),
      latest: nanosecondsOf(latest!),
    });
  }
});

test.skipIf(!corpus || !tshark)(
  "tshark sees the same time, lengths and bytes in each packet of the pcapng files",
  async () => {
    for (const file of files.filter((each) => each.endsWith(".pcapng"))) {
      const { packets } = await read(readFileSync(join(CORPUS, file)));
      const seen = tsharkFields(join(CORPUS, file), ["frame.time_epoch", "frame.len", "frame.cap_len"]);
      expect(
        seen.map(([time, ...lengths]) => [nanosecondsOf(time!), ...lengths.map(Number)]),
        file,
      ).toEqual(packets.map(({ time, originalLength, frame }) => [time, originalLength, frame.length]));
    }
  },
);

test.skipIf(!tshark)("tshark reads fivewire's capture: times, adapters, directions, comments, losses", async () => {
  const writer = new PcapngWriter();
  const alice = writer.addInterface({ name: "alice/1", description: "office" });
  const bob = writer.addInterface({ name: "bob/1", description: "office" });
  const frame = Uint8Array.from({ length: 61 }, (_, i) => (i < 6 ? 0xff : 2 * i));
  writer.packet({ interface: alice, time: 1n, frame, direction: "out", comment: "dropped: TTL_EXPIRED" });
  writer.packet({ interface: bob, time: 1_500_000_007n, frame, direction: "in", dropCount: 3 });
  writer.packet({ interface: bob, time: 86_400_000.25, frame: frame.subarray(0, 14), originalLength: 1514 });
  const path = join(folder, "lab.pcapng");
  writeFileSync(path, writer.bytes());

  const fields = [
    "time_epoch",
    "cap_len",
    "len",
    "interface_name",
    "interface_description",
    "packet_flags_direction",
    "comment",
    "drop_count",
  ];
  const seen = tsharkFields(
    path,
    fields.map((field) => `frame.${field}`),
  );
  expect(seen.map(([time, ...rest]) => [nanosecondsOf(time!), ...rest])).toEqual([
    [1n, "61", "61", "alice/1", "office", "0x00000002", "dropped: TTL_EXPIRED", ""],
    [1_500_000_007n, "61", "61", "bob/1", "office", "0x00000001", "", "3"],
    [86_400_000_250_000n, "14", "1514", "bob/1", "office", "", "", ""],
  ]);
});

test.skipIf(!corpus || !editcap).each(["pcap", "nsecpcap", "pcapng"])(
  "a capture converted to %s by editcap is read as before",
  async (form) => {
    const content = ({ time, frame, originalLength }: CapturedPacket) => ({ time, frame, originalLength });
    for (const file of files.filter((each) => /^(tcp|ntp)\//.test(each)).slice(0, 12)) {
      const converted = join(folder, `${form}-${basename(file)}`);
      execFileSync("editcap", ["-F", form, join(CORPUS, file), converted], { stdio: "ignore" });
      const before = (await read(readFileSync(join(CORPUS, file)))).packets.map(content);
      expect((await read(readFileSync(converted))).packets.map(content), file).toEqual(before);
    }
  },
);
