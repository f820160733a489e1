import { describe, expect, test } from "vitest";
import { readCapture } from "../src/capture-reader";
import type { CapturedPacket } from "../src/capture-reader";
import { LabError } from "../src/errors";
import { nanoseconds, PcapngWriter } from "../src/pcapng";

const hello = Uint8Array.from({ length: 60 }, (_, i) => i);

async function packets(bytes: Uint8Array): Promise<CapturedPacket[]> {
  const all: CapturedPacket[] = [];
  for await (const packet of readCapture(bytes)) all.push(packet);
  return all;
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof LabError) return error.code;
    throw error;
  }
  return "no error";
}

function joined(blocks: Uint8Array[]): Uint8Array {
  return Uint8Array.from(blocks.flatMap((block) => [...block]));
}

/** Two adapters, and frames of 14 to 77 bytes between them. */
function conversation(writer: PcapngWriter, from: number, to: number): void {
  for (let i = from; i < to; i++)
    writer.packet({
      interface: i % 2,
      time: BigInt(i) * 1_000_001n,
      frame: hello.subarray(0, 14 + (i % 47)),
      direction: i % 2 ? "in" : "out",
      ...(i % 5 === 0 && { comment: `frame ${i}` }),
    });
}

function twoAdapters(onblock?: (block: Uint8Array) => void): PcapngWriter {
  const writer = new PcapngWriter(onblock && { onblock });
  writer.addInterface({ name: "alice/1", description: "office" });
  writer.addInterface({ name: "bob/1" });
  return writer;
}

test("an empty capture is a little-endian section by fivewire, byte for byte", () => {
  const text = [...new TextEncoder().encode("fivewire")];
  // prettier-ignore
  expect([...new PcapngWriter().bytes()]).toEqual([
    0x0a, 0x0d, 0x0d, 0x0a, 44, 0, 0, 0,              // section header, total length
    0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0,               // byte-order magic, version 1.0
    255, 255, 255, 255, 255, 255, 255, 255,           // section length unknown
    4, 0, 8, 0, ...text,                              // shb_userappl
    0, 0, 0, 0, 44, 0, 0, 0,                          // end of options, total length
  ]);
});

test("an interface is Ethernet in nanoseconds, a packet carries comment, direction and losses", () => {
  const blocks: Uint8Array[] = [];
  const writer = new PcapngWriter({ onblock: (block) => blocks.push(block) });
  writer.addInterface({ name: "a" });
  writer.packet({
    interface: 0,
    time: 0x1_0000_0002n,
    frame: hello.subarray(0, 14),
    direction: "in",
    comment: "TTL",
    dropCount: 3,
  });
  // prettier-ignore
  expect([...blocks[1]!]).toEqual([
    1, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 255, 255, 0, 0,   // link type 1, snaplen 65535
    2, 0, 1, 0, 97, 0, 0, 0,                               // if_name
    9, 0, 1, 0, 9, 0, 0, 0,                                // if_tsresol 10^-9
    0, 0, 0, 0, 40, 0, 0, 0,
  ]);
  // prettier-ignore
  expect([...blocks[2]!]).toEqual([
    6, 0, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0,                   // interface 0
    1, 0, 0, 0, 2, 0, 0, 0,                                // time, high word first
    14, 0, 0, 0, 14, 0, 0, 0, ...hello.subarray(0, 14), 0, 0,
    1, 0, 3, 0, 84, 84, 76, 0,                             // opt_comment
    2, 0, 4, 0, 1, 0, 0, 0,                                // epb_flags: inbound
    4, 0, 8, 0, 3, 0, 0, 0, 0, 0, 0, 0,                    // epb_dropcount
    0, 0, 0, 0, 80, 0, 0, 0,
  ]);
});

test("what was captured is read back: time, frame, adapter, direction, comment", async () => {
  const writer = twoAdapters();
  writer.packet({ interface: 0, time: 1n, frame: hello, direction: "out", comment: "dropped: TTL_EXPIRED – Höhe 0" });
  writer.packet({ interface: 1, time: 2n ** 64n - 1n, frame: hello.subarray(0, 15), direction: "in" });
  writer.packet({ interface: 1, time: 1.5, frame: hello.subarray(0, 14), originalLength: 9000 });

  const alice = { name: "alice/1", description: "office", linkType: 1 };
  const bob = { name: "bob/1", linkType: 1 };
  expect(await packets(writer.bytes())).toEqual([
    {
      index: 0,
      time: 1n,
      frame: hello,
      originalLength: 60,
      interface: alice,
      direction: "out",
      comments: ["dropped: TTL_EXPIRED – Höhe 0"],
    },
    { index: 1, time: 2n ** 64n - 1n, frame: hello.slice(0, 15), originalLength: 15, interface: bob, direction: "in" },
    { index: 2, time: 1_500_000n, frame: hello.slice(0, 14), originalLength: 9000, interface: bob },
  ]);
});

test("an adapter can join after the first frame", async () => {
  const writer = new PcapngWriter();
  writer.packet({ interface: writer.addInterface({ name: "early" }), time: 1n, frame: hello });
  writer.packet({ interface: writer.addInterface({ name: "late" }), time: 2n, frame: hello });
  expect((await packets(writer.bytes())).map((packet) => packet.interface.name)).toEqual(["early", "late"]);
});

test("a frame longer than the snaplen is cut and its true length kept", async () => {
  const writer = twoAdapters();
  writer.packet({ interface: 0, time: 0n, frame: new Uint8Array(70_000).fill(7) });
  const [packet] = await packets(writer.bytes());
  expect([packet!.frame.length, packet!.originalLength]).toEqual([65535, 70_000]);
});

test("a comment longer than an option is cut at a whole character", async () => {
  const writer = twoAdapters();
  writer.packet({ interface: 0, time: 0n, frame: hello, comment: "€".repeat(30_000) });
  const [packet] = await packets(writer.bytes());
  expect(packet!.comments).toEqual(["€".repeat(21_845)]);
});

test("streamed blocks are the same file, and nothing is retained", () => {
  const blocks: Uint8Array[] = [];
  const streamed = twoAdapters((block) => blocks.push(block));
  const kept = twoAdapters();
  conversation(streamed, 0, 200);
  conversation(kept, 0, 200);
  expect(joined(blocks)).toEqual(kept.bytes());
  expect(codeOf(() => streamed.bytes())).toBe("CAPTURE_STREAMED");
  expect(streamed.save()).not.toHaveProperty("blocks");
});

test("a writer asked for a packet while it hands one out keeps their order", () => {
  const blocks: Uint8Array[] = [];
  const writer: PcapngWriter = new PcapngWriter({
    onblock: (block) => {
      blocks.push(block);
      if (blocks.length === 3) writer.packet({ interface: 0, time: 2n, frame: hello.subarray(0, 14) });
    },
  });
  writer.addInterface({ name: "a" });
  writer.packet({ interface: 0, time: 1n, frame: hello });
  expect(blocks.map((block) => block.length)).toEqual([44, 40, 92, 48]);
});

describe("snapshot and fork", () => {
  test("a loaded writer goes on as the first would have", () => {
    const whole = twoAdapters();
    conversation(whole, 0, 100);

    const first = twoAdapters();
    conversation(first, 0, 37);
    const fork = PcapngWriter.load(structuredClone(first.save()));
    conversation(first, 37, 100);
    conversation(fork, 37, 100);
    expect(first.bytes()).toEqual(whole.bytes());
    expect(fork.bytes()).toEqual(whole.bytes());
  });

  test("a fork's frames do not appear in its origin", () => {
    const origin = twoAdapters();
    const before = origin.bytes();
    const fork = PcapngWriter.load(origin.save());
    conversation(fork, 0, 9);
    fork.addInterface({ name: "carol/1" });
    expect(origin.bytes()).toEqual(before);
    expect(origin.addInterface({ name: "dave/1" })).toBe(2);
  });

  test("a kept capture can go on as a stream, and a streamed one as a file of its own", async () => {
    const kept = twoAdapters();
    conversation(kept, 0, 3);
    const blocks: Uint8Array[] = [];
    const streamed = PcapngWriter.load(kept.save(), { onblock: (block) => blocks.push(block) });
    conversation(streamed, 3, 5);
    conversation(kept, 3, 5);
    expect(joined(blocks)).toEqual(kept.bytes());

    const own = PcapngWriter.load(streamed.save());
    conversation(own, 5, 6);
    expect((await packets(own.bytes())).map((packet) => packet.interface.name)).toEqual(["bob/1"]);
    expect(await packets(joined([...blocks, own.bytes()]))).toHaveLength(6);
  });
});

test.each([
  ["CAPTURE_INTERFACE", { interface: 2 }],
  ["CAPTURE_INTERFACE", { interface: -1 }],
  ["CAPTURE_INTERFACE", { interface: 0.5 }],
  ["CAPTURE_TIME", { time: -1n }],
  ["CAPTURE_TIME", { time: 1n << 64n }],
  ["CAPTURE_TIME", { time: -0.001 }],
  ["CAPTURE_TIME", { time: NaN }],
  ["CAPTURE_TIME", { time: Infinity }],
  ["CAPTURE_LENGTH", { originalLength: 59 }],
  ["CAPTURE_LENGTH", { originalLength: 2 ** 32 }],
  ["CAPTURE_LENGTH", { dropCount: -1 }],
])("%s: a packet with %o is refused and leaves no trace", (code, wrong) => {
  const writer = twoAdapters();
  const before = writer.bytes();
  expect(codeOf(() => writer.packet({ interface: 0, time: 0n, frame: hello, ...wrong }))).toBe(code);
  expect(writer.bytes()).toEqual(before);
});

test("milliseconds become whole nanoseconds, exactly", () => {
  expect(nanoseconds(0)).toBe(0n);
  expect(nanoseconds(0.000001)).toBe(1n);
  expect(nanoseconds(1234.567891)).toBe(1_234_567_891n);
  expect(nanoseconds(86_400_000 * 366 + 0.5)).toBe(31_622_400_000_500_000n);
  expect(nanoseconds(5n)).toBe(5n);
});
