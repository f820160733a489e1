import type { ByteSource } from "./byte-source";
import { formatError, RECORD_MOST } from "./captured-packet";
import type { CapturedPacket, CaptureInterface, CaptureSummary } from "./captured-packet";
import * as pcapng from "./pcapng";

/** Interfaces a section may describe; keeps a stream of nothing but descriptions from filling the memory. */
const INTERFACES_MOST = 65536;

/** Block type and length before the body, length again after it. */
const HEADER = 8;
const TRAILER = 4;

interface Interface {
  shown: CaptureInterface;
  /** Largest captured length; 0 means no limit. */
  snaplen: number;
  /** A timestamp in nanoseconds is `timestamp * multiplier / divisor + offset`. */
  multiplier: bigint;
  divisor: bigint;
  offset: bigint;
}

/** Where the fields of a packet block stand, counted from the block's first byte. */
interface PacketFields {
  interface: number;
  time: bigint;
  captured: number;
  original: number;
  frameAt: number;
}

/**
 * Packets of a pcapng stream (draft-ietf-opsawg-pcapng), from its first section header to its end.
 *
 *   block   type 4 | total length 4 | body, padded to 4 | total length 4
 *
 * Each section has its own byte order and its own interfaces. Blocks without packets are counted and skipped.
 */
export async function* pcapngPackets(
  bytes: ByteSource,
  summary: CaptureSummary,
): AsyncGenerator<CapturedPacket, void, undefined> {
  const section = new Section(bytes);

  const cut = (expected: number): void => {
    summary.truncated = { offset: bytes.offset, expected, found: bytes.buffered };
  };
  for (;;) {
    if (bytes.buffered < HEADER && !(await bytes.fill(HEADER))) return bytes.buffered === 0 ? undefined : cut(HEADER);

    // A section header reads the same in both byte orders; what follows it tells which one it is.
    if (bytes.u32(0, true) === pcapng.SECTION_HEADER) {
      if (!(await bytes.fill(HEADER + 4))) return cut(HEADER + 4);
      section.begin();
    }
    const total = section.totalLength();
    if (bytes.buffered < total && !(await bytes.fill(total))) return cut(total);

    section.checkTrailer(total);
    const packet = section.read(total, summary);
    bytes.skip(total);
    if (packet) yield packet;
  }
}

/** One section of the file: its byte order and interfaces, and the reading of the block at position 0. */
class Section {
  private little = true;
  private interfaces: Interface[] = [];
  private lastTime = 0n;

  constructor(private readonly bytes: ByteSource) {}

  /** Takes the byte order from the section header at position 0 and forgets the section before. */
  begin(): void {
    const { bytes } = this;
    this.little = bytes.u32(HEADER, true) === pcapng.BYTE_ORDER_MAGIC;
    if (!this.little && bytes.u32(HEADER, false) !== pcapng.BYTE_ORDER_MAGIC)
      throw formatError(
        bytes.offset + HEADER,
        `byte-order magic ${hex(bytes.u32(HEADER, false))}; a section header has 0x1a2b3c4d in either byte order. ` +
          "Was the file changed as text (CR LF)?",
      );
    this.interfaces = [];
  }

  totalLength(): number {
    const { bytes } = this;
    const total = bytes.u32(4, this.little);
    if (total < HEADER + TRAILER || total > RECORD_MOST || total % 4 !== 0)
      throw formatError(
        bytes.offset,
        `block of type ${hex(bytes.u32(0, this.little))} with total length ${total}; it takes a multiple of 4, 12 to ` +
          `${RECORD_MOST}. Is the file damaged before this?`,
      );
    return total;
  }

  checkTrailer(total: number): void {
    const { bytes } = this;
    const repeated = bytes.u32(total - TRAILER, this.little);
    if (repeated !== total)
      throw formatError(
        bytes.offset + total - TRAILER,
        `the block that begins at byte ${bytes.offset} says ${total} bytes at its start and ${repeated} at its end. ` +
          "Is the file damaged?",
      );
  }

  /** The packet in the block at position 0, or undefined when it is of another kind. */
  read(total: number, summary: CaptureSummary): CapturedPacket | undefined {
    const fields = this.fields(total, summary);
    return fields && this.packet(fields, total, summary);
  }

  private fields(total: number, summary: CaptureSummary): PacketFields | undefined {
    const { bytes, little } = this;
    switch (bytes.u32(0, little)) {
      case pcapng.ENHANCED_PACKET:
        return this.timedPacket(total, bytes.u32(8, little));
      case pcapng.OBSOLETE_PACKET:
        return this.timedPacket(total, bytes.u16(8, little));
      case pcapng.SIMPLE_PACKET:
        return this.simplePacket(total);
      case pcapng.INTERFACE_DESCRIPTION:
        return this.interfaceDescription(total);
      case pcapng.SECTION_HEADER:
        return this.sectionHeader(total);
    }
    summary.skippedBlocks++;
    return undefined;
  }

  private sectionHeader(total: number): undefined {
    this.need(total, 28, "section header");
    const major = this.bytes.u16(12, this.little);
    const minor = this.bytes.u16(14, this.little);
    if (major !== 1)
      throw formatError(
        this.bytes.offset + 12,
        `pcapng version ${major}.${minor}; only 1.x is known. Is the header damaged?`,
      );
  }

  private interfaceDescription(total: number): undefined {
    this.need(total, 20, "interface description");
    const { bytes, little } = this;
    if (this.interfaces.length === INTERFACES_MOST)
      throw formatError(bytes.offset, `interface number ${INTERFACES_MOST} of a section; it takes 65536 at most.`);

    const shown: CaptureInterface = { linkType: bytes.u16(8, little) };
    const described: Interface = {
      shown,
      snaplen: bytes.u32(12, little),
      multiplier: 1000n,
      divisor: 1n,
      offset: 0n,
    };
    this.options(16, total, (code, at, length) => {
      if (code === pcapng.INTERFACE_NAME) shown.name = this.text(at, length);
      if (code === pcapng.INTERFACE_DESCRIPTION_TEXT) shown.description = this.text(at, length);
      if (code === pcapng.INTERFACE_RESOLUTION && length >= 1) Object.assign(described, scale(bytes.u8(at)));
      if (code === pcapng.INTERFACE_OFFSET && length >= 8) described.offset = bytes.i64(at, little) * 1_000_000_000n;
    });
    this.interfaces.push(described);
  }

  /** An enhanced packet block, or the obsolete one: they differ in how wide the interface's number is. */
  private timedPacket(total: number, index: number): PacketFields {
    this.need(total, 32, "packet");
    const { bytes, little } = this;
    const { multiplier, divisor, offset } = this.origin(index);
    // Written as two words, the high one first, each in the section's byte order.
    const timestamp = (BigInt(bytes.u32(12, little)) << 32n) | BigInt(bytes.u32(16, little));
    return {
      interface: index,
      time: (timestamp * multiplier) / divisor + offset,
      captured: bytes.u32(20, little),
      original: bytes.u32(24, little),
      frameAt: 28,
    };
  }

  /** Always on interface 0, without a time; its captured length follows from the others (draft, section 4.4). */
  private simplePacket(total: number): PacketFields {
    this.need(total, 16, "simple packet");
    const original = this.bytes.u32(8, this.little);
    const { snaplen } = this.origin(0);
    const captured = Math.min(original, snaplen === 0 ? original : snaplen, total - 16);
    return { interface: 0, time: this.lastTime, captured, original, frameAt: 12 };
  }

  private packet(fields: PacketFields, total: number, summary: CaptureSummary): CapturedPacket {
    const { bytes, little } = this;
    const { captured, frameAt } = fields;
    const room = total - frameAt - TRAILER;
    if (captured > room)
      throw formatError(
        bytes.offset,
        `a packet of ${captured} bytes in a block that has room for ${room}. Is the file damaged?`,
      );

    const packet: CapturedPacket = {
      index: summary.packets,
      time: fields.time,
      frame: bytes.copy(frameAt, captured),
      originalLength: Math.max(fields.original, captured),
      interface: this.origin(fields.interface).shown,
    };
    this.options(frameAt + padded(captured), total, (code, at, length) => {
      if (code === pcapng.OPTION_COMMENT) (packet.comments ??= []).push(this.text(at, length));
      if (code !== pcapng.PACKET_FLAGS || length < 4) return;
      const way = bytes.u32(at, little) & 3;
      if (way === pcapng.INBOUND) packet.direction = "in";
      if (way === pcapng.OUTBOUND) packet.direction = "out";
    });
    summary.packets++;
    this.lastTime = packet.time;
    return packet;
  }

  private origin(index: number): Interface {
    const found = this.interfaces[index];
    if (found) return found;
    throw formatError(
      this.bytes.offset,
      `a packet on interface ${index} of a section that has described ${this.interfaces.length} so far. ` +
        "Was the file joined from pieces in the wrong order?",
    );
  }

  /** Calls `take` for each option from `at` to the block's end: code 2 | length 2 | value, padded to 4. */
  private options(at: number, total: number, take: (code: number, at: number, length: number) => void): void {
    const end = total - TRAILER;
    while (at + 4 <= end) {
      const code = this.bytes.u16(at, this.little);
      const length = this.bytes.u16(at + 2, this.little);
      if (code === pcapng.OPTION_END) return;
      if (at + 4 + length > end)
        throw formatError(
          this.bytes.offset + at,
          `option ${code} of ${length} bytes where the block has ${end - at - 4} left. Is the file damaged?`,
        );
      take(code, at + 4, length);
      at += 4 + padded(length);
    }
  }

  private text(at: number, length: number): string {
    // Some writers end text with a NUL though the format has none.
    return new TextDecoder().decode(this.bytes.copy(at, length)).replace(/\0+$/, "");
  }

  private need(total: number, least: number, kind: string): void {
    if (total < least)
      throw formatError(this.bytes.offset, `a ${kind} block of ${total} bytes; it takes ${least} at least.`);
  }
}

/** if_tsresol: a power of 10, or of 2 when the highest bit is set, of parts of a second. */
function scale(resolution: number): { multiplier: bigint; divisor: bigint } {
  const exponent = BigInt(resolution & 0x7f);
  if (resolution & 0x80) return { multiplier: 1_000_000_000n, divisor: 1n << exponent };
  if (exponent <= 9n) return { multiplier: 10n ** (9n - exponent), divisor: 1n };
  return { multiplier: 1n, divisor: 10n ** (exponent - 9n) };
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
