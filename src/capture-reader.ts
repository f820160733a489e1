import { ByteSource } from "./byte-source";
import { formatError, RECORD_MOST } from "./captured-packet";
import type { CapturedPacket, CaptureSummary } from "./captured-packet";
import { SECTION_HEADER } from "./pcapng";
import { pcapngPackets } from "./pcapng-reader";

export type { CapturedPacket, CaptureInterface, CaptureSummary } from "./captured-packet";

/** The packets of one capture file: one pass, and what the file was like. */
export interface Capture extends AsyncIterable<CapturedPacket> {
  /** Filled in while the packets are read. */
  readonly summary: CaptureSummary;
}

/**
 * Reads a capture, classic pcap or pcapng, in either byte order and any resolution. A stream is never held as a
 * whole: memory is bounded by the longest record (16 MiB at most) and the longest piece.
 *
 * A file that ends inside a record gives the packets before it, then `summary.truncated`.
 *
 * @param source  the file's bytes, or a stream of pieces (a Node stream is one); the packets can be read once
 * @throws LabError CAPTURE_FORMAT, from the iteration: not a capture, or damaged; says where and what was found.
 *   CAPTURE_SOURCE: the stream's pieces are not bytes. What the stream itself throws comes through as it is.
 *
 * @example
 * const capture = readCapture(createReadStream("office.pcapng"));
 * for await (const { time, frame } of capture) port.send(frame);
 * if (capture.summary.truncated) console.warn("the file was cut");
 */
export function readCapture(source: Uint8Array | AsyncIterable<Uint8Array>): Capture {
  const summary: CaptureSummary = { packets: 0, skippedBlocks: 0 };
  const packets = packetsOf(source, summary);
  return { summary, [Symbol.asyncIterator]: () => packets };
}

async function* packetsOf(
  source: Uint8Array | AsyncIterable<Uint8Array>,
  summary: CaptureSummary,
): AsyncGenerator<CapturedPacket, void, undefined> {
  const bytes = new ByteSource(source);
  try {
    await bytes.fill(4);
    const format = formatOf(bytes);
    summary.format = format;
    yield* format === "pcap" ? pcapPackets(bytes, summary) : pcapngPackets(bytes, summary);
  } finally {
    await bytes.close();
  }
}

/** Classic pcap's magic number, for each unit of its timestamps. */
const MICROSECONDS = 0xa1b2c3d4;
const NANOSECONDS = 0xa1b23c4d;

/** What is often given in place of a capture: its first bytes, and what to do about it. */
const STRANGERS: ReadonlyArray<readonly [number[], string]> = [
  [[0x1f, 0x8b], "This is gzip; unpack it first."],
  [[0x28, 0xb5, 0x2f, 0xfd], "This is zstd; unpack it first."],
  [[0x04, 0x22, 0x4d, 0x18], "This is lz4; unpack it first."],
  [[0xfd, 0x37, 0x7a, 0x58], "This is xz; unpack it first."],
  [[0x42, 0x5a, 0x68], "This is bzip2; unpack it first."],
  [[0x50, 0x4b], "This is a zip archive; unpack it first."],
  [[0xa1, 0xb2, 0xcd, 0x34], "This is a patched libpcap's format; convert it with editcap -F pcapng."],
  [[0x34, 0xcd, 0xb2, 0xa1], "This is a patched libpcap's format; convert it with editcap -F pcapng."],
  [[0x73, 0x6e, 0x6f, 0x6f], "This is snoop's format; convert it with editcap -F pcapng."],
  [[0x47, 0x4d, 0x42, 0x55], "This is Network Monitor's format; convert it with editcap -F pcapng."],
];

function formatOf(bytes: ByteSource): "pcap" | "pcapng" {
  const found = bytes.copy(0, Math.min(4, bytes.buffered));
  if (found.length === 4) {
    if (bytes.u32(0, false) === SECTION_HEADER) return "pcapng";
    const either = [bytes.u32(0, false), bytes.u32(0, true)];
    if (either.includes(MICROSECONDS) || either.includes(NANOSECONDS)) return "pcap";
  }
  if (found.length === 0) throw formatError(0, "the file is empty. Was the capture stopped before its first packet?");

  const shown = Array.from(found, (each) => each.toString(16).padStart(2, "0")).join(" ");
  const stranger = STRANGERS.find(([magic]) => magic.every((each, i) => each === found[i]));
  throw formatError(
    0,
    `not a capture: it begins with ${shown}; pcap begins with a1b2c3d4 or a1b23c4d in either byte order, pcapng with ` +
      `0a0d0d0a. ${stranger?.[1] ?? "Is it another kind of file, or cut at the front?"}`,
  );
}

/**
 * Classic pcap (draft-ietf-opsawg-pcap): a header of 24 bytes, then records.
 *
 *   file    magic 4 | major 2 | minor 2 | reserved 8 | snaplen 4 | link type 4 (low 16 bits, then FCS flags)
 *   record  seconds 4 | fraction 4 | captured length 4 | original length 4 | frame
 */
async function* pcapPackets(
  bytes: ByteSource,
  summary: CaptureSummary,
): AsyncGenerator<CapturedPacket, void, undefined> {
  const FILE_HEADER = 24;
  const RECORD_HEADER = 16;

  const cut = (expected: number): void => {
    summary.truncated = { offset: bytes.offset, expected, found: bytes.buffered };
  };
  if (!(await bytes.fill(FILE_HEADER))) return cut(FILE_HEADER);

  const littleMagic = bytes.u32(0, true);
  const little = littleMagic === MICROSECONDS || littleMagic === NANOSECONDS;
  const unit = bytes.u32(0, little) === NANOSECONDS ? 1n : 1000n;
  const version = `${bytes.u16(4, little)}.${bytes.u16(6, little)}`;
  if (version !== "2.4")
    throw formatError(4, `pcap version ${version}; only 2.4 is known, in use since 1998. Is the header damaged?`);
  const origin = { linkType: bytes.u32(20, little) & 0xffff };
  bytes.skip(FILE_HEADER);

  for (;;) {
    if (bytes.buffered < RECORD_HEADER && !(await bytes.fill(RECORD_HEADER)))
      return bytes.buffered === 0 ? undefined : cut(RECORD_HEADER);

    const seconds = bytes.u32(0, little);
    const fraction = bytes.u32(4, little);
    const captured = bytes.u32(8, little);
    const original = bytes.u32(12, little);
    const total = RECORD_HEADER + captured;
    if (total > RECORD_MOST)
      throw formatError(
        bytes.offset,
        `a packet of ${captured} bytes; it takes 0 to ${RECORD_MOST - RECORD_HEADER}. Is the file damaged before this?`,
      );
    if (bytes.buffered < total && !(await bytes.fill(total))) return cut(total);

    const packet: CapturedPacket = {
      index: summary.packets++,
      time: BigInt(seconds) * 1_000_000_000n + BigInt(fraction) * unit,
      frame: bytes.copy(RECORD_HEADER, captured),
      originalLength: Math.max(original, captured),
      interface: origin,
    };
    bytes.skip(total);
    yield packet;
  }
}
