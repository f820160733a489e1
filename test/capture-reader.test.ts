import { describe, expect, test } from "vitest";
import { readCapture } from "../src/capture-reader";
import type { CapturedPacket, CaptureSummary } from "../src/capture-reader";
import { LabError } from "../src/errors";
import { PcapngWriter } from "../src/pcapng";

const frame = Uint8Array.from({ length: 14 }, (_, i) => 0xf0 + i);

// ---- files made by hand, in either byte order

type Order = "little" | "big";
const ORDERS: Order[] = ["little", "big"];

/** Numbers as [width in bytes, value], byte arrays as they are. */
type Part = readonly [1 | 2 | 4, number] | Uint8Array;

function bytesOf(order: Order, parts: Part[]): Uint8Array {
  const all: number[] = [];
  for (const part of parts) {
    if (part instanceof Uint8Array) {
      all.push(...part);
      continue;
    }
    const [width, value] = part;
    const bytes = Array.from({ length: width }, (_, i) => Math.floor(value / 2 ** (8 * i)) % 256);
    all.push(...(order === "little" ? bytes : bytes.reverse()));
  }
  return Uint8Array.from(all);
}

function joined(...pieces: Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

function pcapHeader(order: Order, magic = 0xa1b2c3d4, linkType = 1, minor = 4): Uint8Array {
  // prettier-ignore
  return bytesOf(order, [[4, magic], [2, 2], [2, minor], [4, 0], [4, 0], [4, 65535], [4, linkType]]);
}

function pcapRecord(order: Order, seconds: number, fraction: number, originalLength = 14, captured = 14): Uint8Array {
  // prettier-ignore
  return bytesOf(order, [[4, seconds], [4, fraction], [4, captured], [4, originalLength], frame]);
}

function padded(bytes: Uint8Array): Uint8Array {
  return joined(bytes, new Uint8Array(-bytes.length & 3));
}

function block(order: Order, type: number, parts: Part[]): Uint8Array {
  const body = padded(bytesOf(order, parts));
  return bytesOf(order, [[4, type], [4, body.length + 12], body, [4, body.length + 12]]);
}

function option(order: Order, code: number, value: Uint8Array): Uint8Array {
  return bytesOf(order, [[2, code], [2, value.length], padded(value)]);
}

function section(order: Order, magic = 0x1a2b3c4d, major = 1): Uint8Array {
  // prettier-ignore
  return block(order, 0x0a0d0d0a, [[4, magic], [2, major], [2, 0], [4, 0xffffffff], [4, 0xffffffff]]);
}

function description(order: Order, options: Uint8Array[] = [], snaplen = 0, linkType = 1): Uint8Array {
  return block(order, 1, [[2, linkType], [2, 0], [4, snaplen], ...options]);
}

function enhanced(
  order: Order,
  high: number,
  low: number,
  options: Uint8Array[] = [],
  on = 0,
  captured = 14,
): Uint8Array {
  // prettier-ignore
  return block(order, 6, [[4, on], [4, high], [4, low], [4, captured], [4, 60], padded(frame), ...options]);
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

// ---- reading

async function read(
  source: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<{ packets: CapturedPacket[]; summary: CaptureSummary }> {
  const capture = readCapture(source);
  const packets: CapturedPacket[] = [];
  for await (const packet of capture) packets.push(packet);
  return { packets, summary: capture.summary };
}

async function times(source: Uint8Array): Promise<bigint[]> {
  return (await read(source)).packets.map((packet) => packet.time);
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function refusal(source: Uint8Array | AsyncIterable<Uint8Array>): Promise<string> {
  try {
    await read(source);
  } catch (error) {
    if (error instanceof LabError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "no error";
}

/** A file with every kind of block, two sections of different byte order and 6 packets. */
// prettier-ignore
const VARIETY = joined(
  section("little"),
  description("little", [option("little", 2, text("eth0\0")), option("little", 9, Uint8Array.of(6)), new Uint8Array(4)]),
  enhanced("little", 0, 1, [option("little", 1, text("one")), option("little", 1, text("two")), new Uint8Array(4)]),
  block("little", 5, [[4, 0], [4, 0], [4, 0]]),
  block("little", 3, [[4, 14], frame]),
  block("little", 2, [[2, 0], [2, 7], [4, 0], [4, 2], [4, 14], [4, 60], padded(frame),
    option("little", 2, Uint8Array.of(2, 0, 0, 0))]),
  section("big"),
  description("big", [option("big", 3, text("loopback"))], 10, 101),
  block("big", 0x0bad, [[4, 32473], [4, 1]]),
  enhanced("big", 1, 0, [option("big", 2, Uint8Array.of(0, 0, 0, 1))]),
  block("big", 3, [[4, 900], frame.slice(0, 10)]),
  enhanced("big", 1, 1),
);

describe("classic pcap", () => {
  for (const order of ORDERS) {
    test(`${order} endian, microseconds`, async () => {
      const { packets, summary } = await read(
        joined(pcapHeader(order), pcapRecord(order, 3, 4), pcapRecord(order, 4, 0, 90)),
      );
      expect(packets).toEqual([
        { index: 0, time: 3_000_004_000n, frame, originalLength: 14, interface: { linkType: 1 } },
        { index: 1, time: 4_000_000_000n, frame, originalLength: 90, interface: { linkType: 1 } },
      ]);
      expect(summary).toEqual({ format: "pcap", packets: 2, skippedBlocks: 0 });
    });

    test(`${order} endian, nanoseconds, after 2038`, async () => {
      const file = joined(pcapHeader(order, 0xa1b23c4d), pcapRecord(order, 0xffffffff, 999_999_999));
      expect(await times(file)).toEqual([4_294_967_295_999_999_999n]);
    });
  }

  test("a link type other than Ethernet is told, without the flags above it", async () => {
    const { packets } = await read(joined(pcapHeader("big", 0xa1b2c3d4, 0x24000071), pcapRecord("big", 0, 0)));
    expect(packets[0]!.interface).toEqual({ linkType: 113 });
  });

  test("a header and nothing else is a capture without packets", async () => {
    expect(await read(pcapHeader("little"))).toEqual({
      packets: [],
      summary: { format: "pcap", packets: 0, skippedBlocks: 0 },
    });
  });

  test("a version other than 2.4 is refused", async () => {
    expect(await refusal(pcapHeader("big", 0xa1b2c3d4, 1, 3))).toMatch(
      /^CAPTURE_FORMAT: .*at byte 4: pcap version 2\.3/,
    );
  });

  test("a packet of absurd length is refused where it stands, not waited for", async () => {
    const file = joined(pcapHeader("little"), pcapRecord("little", 0, 0), pcapRecord("little", 0, 0, 14, 0xfffffff0));
    expect(await refusal(file)).toMatch(/^CAPTURE_FORMAT: .*at byte 54: a packet of 4294967280 bytes/);
  });

  test("an original length below the captured one is put right", async () => {
    const { packets } = await read(joined(pcapHeader("little"), pcapRecord("little", 0, 0, 5)));
    expect(packets[0]!.originalLength).toBe(14);
  });
});

describe("pcapng", () => {
  test("every kind of packet block in sections of both byte orders", async () => {
    const { packets, summary } = await read(VARIETY);
    const eth0 = { linkType: 1, name: "eth0" };
    const loopback = { linkType: 101, description: "loopback" };
    expect(packets).toEqual([
      { index: 0, time: 1000n, frame, originalLength: 60, interface: eth0, comments: ["one", "two"] },
      { index: 1, time: 1000n, frame, originalLength: 14, interface: eth0 },
      { index: 2, time: 2000n, frame, originalLength: 60, interface: eth0, direction: "out" },
      { index: 3, time: 4_294_967_296_000n, frame, originalLength: 60, interface: loopback, direction: "in" },
      { index: 4, time: 4_294_967_296_000n, frame: frame.slice(0, 10), originalLength: 900, interface: loopback },
      { index: 5, time: 4_294_967_297_000n, frame, originalLength: 60, interface: loopback },
    ]);
    expect(summary).toEqual({ format: "pcapng", packets: 6, skippedBlocks: 2 });
  });

  test.each([
    ["seconds", 0, 7n, 7_000_000_000n],
    ["milliseconds", 3, 7n, 7_000_000n],
    ["microseconds", 6, 7n, 7_000n],
    ["nanoseconds", 9, 7n, 7n],
    ["picoseconds, rounded down", 12, 7_999n, 7n],
    ["2^-1 s", 0x81, 3n, 1_500_000_000n],
    ["2^-20 s", 0x80 + 20, 1n << 20n, 1_000_000_000n],
    ["2^-32 s", 0x80 + 32, 3n << 31n, 1_500_000_000n],
    ["2^-127 s", 0xff, 1n << 63n, 0n],
    ["10^-127 s", 0x7f, 1n << 63n, 0n],
  ])("timestamps in %s", async (_, resolution, stamp, expected) => {
    for (const order of ORDERS) {
      const options = [option(order, 9, Uint8Array.of(resolution))];
      const packet = enhanced(order, Number(stamp >> 32n), Number(stamp & 0xffffffffn));
      expect(await times(joined(section(order), description(order, options), packet))).toEqual([expected]);
    }
  });

  test("an interface's time offset is added, before 1970 too", async () => {
    const hour = bytesOf("big", [
      [4, 0],
      [4, 3600],
    ]);
    const past = bytesOf("big", [
      [4, 0xffffffff],
      [4, 0xffffffff],
    ]);
    for (const [offset, expected] of [
      [hour, 3_600_000_005_000n],
      [past, -999_995_000n],
    ] as const)
      expect(
        await times(joined(section("big"), description("big", [option("big", 14, offset)]), enhanced("big", 0, 5))),
      ).toEqual([expected]);
  });

  test("each interface has its own resolution, and a new section forgets them", async () => {
    const head = joined(section("big"), description("big"), description("big", [option("big", 9, Uint8Array.of(9))]));
    expect(await times(joined(head, enhanced("big", 0, 1, [], 1), enhanced("big", 0, 1)))).toEqual([1n, 1000n]);
    expect(await refusal(joined(head, section("big"), enhanced("big", 0, 1)))).toMatch(
      /interface 0 of a section that has described 0/,
    );
  });

  test("two captures by fivewire, one after the other, are one", async () => {
    const writer = new PcapngWriter();
    writer.packet({ interface: writer.addInterface({ name: "alice/1" }), time: 5n, frame });
    expect(await times(joined(writer.bytes(), writer.bytes()))).toEqual([5n, 5n]);
  });

  const head = joined(section("little"), description("little"));
  const broken = (at: number, value: number, file = joined(head, enhanced("little", 0, 0))): Uint8Array => {
    const copy = file.slice();
    new DataView(copy.buffer).setUint32(at, value, true);
    return copy;
  };
  const end = head.length + 48;
  test.each([
    ["no byte-order magic", broken(8, 0x0d0a0d0a), /at byte 8: byte-order magic 0x0a0d0a0d/],
    ["version 2.0", section("little", 0x1a2b3c4d, 2), /at byte 12: pcapng version 2\.0/],
    ["block length 0", broken(head.length + 4, 0), /at byte 48: block of type 0x00000006 with total length 0/],
    ["block length 11", broken(head.length + 4, 11), /total length 11/],
    ["block length not a multiple of 4", broken(head.length + 4, 50), /total length 50/],
    ["block of 4 GiB", broken(head.length + 4, 0xfffffffc), /total length 4294967292/],
    ["block just over 16 MiB", broken(head.length + 4, 16 * 1024 * 1024 + 4), /total length 16777220/],
    ["lengths that differ", broken(end - 4, 52), /at byte 92: .* 48 bytes at its start and 52 at its end/],
    ["an interface nobody described", broken(head.length + 8, 1), /interface 1 of a section that has described 1/],
    [
      "a packet longer than its block",
      broken(head.length + 20, 17),
      /packet of 17 bytes in a block that has room for 16/,
    ],
    ["a packet of 4 GiB in a small block", broken(head.length + 20, 0xffffffff), /packet of 4294967295 bytes/],
    [
      "an option longer than its block",
      joined(
        head,
        enhanced("little", 0, 0, [
          bytesOf("little", [
            [2, 1],
            [2, 5],
            [4, 0],
          ]),
        ]),
      ),
      /option 1 of 5 bytes where the block has 4 left/,
    ],
    [
      "a section header without a body",
      block("little", 0x0a0d0d0a, [[4, 0x1a2b3c4d]]),
      /section header block of 16 bytes/,
    ],
    [
      "an interface block without a body",
      joined(section("big"), block("big", 1, [])),
      /interface description block of 12 bytes/,
    ],
    ["a packet block without a body", joined(head, block("little", 6, [])), /a packet block of 12 bytes; it takes 32/],
    [
      "an old packet block without a body",
      joined(head, block("little", 2, [])),
      /a packet block of 12 bytes; it takes 32/,
    ],
    ["a simple packet block without a body", joined(head, block("little", 3, [])), /simple packet block of 12 bytes/],
    [
      "a simple packet without an interface",
      joined(section("big"), block("big", 3, [[4, 14], frame])),
      /described 0 so far/,
    ],
  ])("%s is refused, with the place", async (_, file, message) => {
    const said = await refusal(file);
    expect(said).toMatch(/^CAPTURE_FORMAT: /);
    expect(said).toMatch(message);
  });
});

describe("what is not a capture", () => {
  test.each([
    ["nothing", [], /the file is empty/],
    ["three bytes", [0xd4, 0xc3, 0xb2], /begins with d4 c3 b2;.*cut/],
    ["gzip", [0x1f, 0x8b, 8, 0], /This is gzip; unpack it first/],
    ["zstd", [0x28, 0xb5, 0x2f, 0xfd], /zstd; unpack/],
    ["zip", [0x50, 0x4b, 3, 4], /zip archive; unpack/],
    ["a patched libpcap's file", [0x34, 0xcd, 0xb2, 0xa1], /editcap/],
    ["text", [0x3c, 0x68, 0x74, 0x6d], /begins with 3c 68 74 6d/],
  ])("%s is refused with the likely cause", async (_, first, message) => {
    const said = await refusal(Uint8Array.from(first));
    expect(said).toMatch(/^CAPTURE_FORMAT: /);
    expect(said).toMatch(message);
  });
});

const FILES: Record<string, Uint8Array> = {
  pcap: joined(pcapHeader("big"), pcapRecord("big", 1, 2), pcapRecord("big", 3, 4), pcapRecord("big", 5, 6)),
  pcapng: VARIETY,
};

for (const [name, file] of Object.entries(FILES)) {
  test(`a ${name} file cut at any byte gives what is whole, then tells of the cut`, async () => {
    const whole = (await read(file)).packets;
    let most = 0;
    for (let length = 4; length < file.length; length++) {
      const { packets, summary } = await read(file.subarray(0, length));
      expect(packets).toEqual(whole.slice(0, packets.length));
      expect(packets.length, `at ${length}`).toBeGreaterThanOrEqual(most);
      expect(summary.packets).toBe(packets.length);
      if (summary.truncated) {
        const { offset, expected, found } = summary.truncated;
        expect(offset + found).toBe(length);
        expect(expected).toBeGreaterThan(found);
      }
      most = packets.length;
    }
    expect(most).toBe(whole.length - 1);
  });

  test(`a ${name} file arrives the same in pieces of any size`, async () => {
    const whole = await read(file);
    for (const size of [1, 2, 3, 7, 16, 61, 1000]) expect(await read(inPieces(file, size))).toEqual(whole);
  });

  test(`a damaged ${name} file gives packets or a CAPTURE_FORMAT, never anything else`, async () => {
    let state = 1;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let run = 0; run < 2000; run++) {
      const damaged = file.slice(0, 4 + random(file.length - 3));
      for (let i = random(4); i >= 0; i--) damaged[random(damaged.length)] = random(2) ? 0xff : random(256);
      expect(await refusal(damaged), `run ${run}`).toMatch(/^(no error|CAPTURE_FORMAT: )/);
    }
  });
}

describe("a stream", () => {
  test("is read no further than the packet that is wanted, and closed when no more are", async () => {
    let given = 0;
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        yield pcapHeader("little");
        for (;;) {
          given++;
          yield pcapRecord("little", given, 0);
        }
      } finally {
        closed = true;
      }
    }
    for await (const packet of readCapture(endless())) {
      expect(given).toBe(packet.index + 1);
      if (packet.index === 999) break;
    }
    expect(closed).toBe(true);
  });

  test("may reuse its buffer; the frames that were given stay as they are", async () => {
    async function* reusing(): AsyncGenerator<Uint8Array> {
      const file = FILES["pcap"]!;
      const piece = new Uint8Array(10);
      for (let at = 0; at < file.length; at += 10) {
        piece.set(file.subarray(at, at + 10));
        yield piece.subarray(0, Math.min(10, file.length - at));
        piece.fill(0);
      }
    }
    expect(await read(reusing())).toEqual(await read(FILES["pcap"]!));
  });

  test("gives frames of their own, not views of the file", async () => {
    const file = joined(pcapHeader("little"), pcapRecord("little", 0, 0));
    const { packets } = await read(file);
    packets[0]!.frame.fill(0);
    expect((await read(file)).packets[0]!.frame).toEqual(frame);
    expect(packets[0]!.frame.buffer.byteLength).toBe(14);
  });

  test("of text is refused", async () => {
    async function* strings(): AsyncGenerator<Uint8Array> {
      yield "text" as unknown as Uint8Array;
    }
    expect(await refusal(strings())).toMatch(/^CAPTURE_SOURCE: .*string.*encoding/);
  });

  test("that fails hands its own error on", async () => {
    const failure = new Error("disk gone");
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield pcapHeader("little");
      throw failure;
    }
    await expect(read(failing())).rejects.toBe(failure);
  });
});
