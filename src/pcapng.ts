import { LabError } from "./errors";

/*
 * Numbers of the pcapng format (draft-ietf-opsawg-pcapng, sections 3 and 4), shared by writer and reader.
 */

/** Block types. The section header's is the same in both byte orders. */
export const SECTION_HEADER = 0x0a0d0d0a;
export const INTERFACE_DESCRIPTION = 1;
export const OBSOLETE_PACKET = 2;
export const SIMPLE_PACKET = 3;
export const ENHANCED_PACKET = 6;

export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Option codes; what a code means depends on the block, except `END` and `COMMENT`. */
export const OPTION_END = 0;
export const OPTION_COMMENT = 1;
export const SECTION_USER_APPLICATION = 4;
export const INTERFACE_NAME = 2;
export const INTERFACE_DESCRIPTION_TEXT = 3;
export const INTERFACE_RESOLUTION = 9;
export const INTERFACE_OFFSET = 14;
export const PACKET_FLAGS = 2;
export const PACKET_DROP_COUNT = 4;

/** The two lowest bits of `PACKET_FLAGS`. */
export const INBOUND = 1;
export const OUTBOUND = 2;

/** The only link type the lab speaks (LINKTYPE_ETHERNET). */
export const ETHERNET = 1;

const SNAPLEN = 65535;
const NANOSECONDS = 9; // if_tsresol: units of 10^-9 s
const OPTION_MOST = 65535; // an option's length is a u16
const TIME_MOST = (1n << 64n) - 1n;

export interface PcapngInterface {
  name: string;
  description?: string;
}

export interface PcapngPacket {
  /** What `addInterface` returned. */
  interface: number;
  /** Time since the lab began: nanoseconds as bigint, or milliseconds as number (what `lab.now` says). 0…2^64-1 ns. */
  time: bigint | number;
  /** Whole Ethernet frame without FCS; copied, and cut to 65535 bytes. */
  frame: Uint8Array;
  /** Seen from the interface: "in" came to it, "out" was sent by it. Left out when it is neither. */
  direction?: "in" | "out";
  /** For people: a drop reason, a verdict. Beyond 65535 bytes of UTF-8 it is cut at a whole character. */
  comment?: string;
  /** Length on the wire where `frame` is only its beginning; `frame.length`…2^32-1. */
  originalLength?: number;
  /** Frames lost between this one and the one before on this interface; 0…2^53-1. */
  dropCount?: number;
}

/** A writer's whole state: plain values and one byte array, fit for `structuredClone`. */
export interface PcapngState {
  interfaces: PcapngInterface[];
  /** What follows the section header; undefined when the blocks were streamed and not kept. */
  blocks?: Uint8Array;
}

export interface PcapngOptions {
  /**
   * Takes each block as soon as it is complete; the array is the receiver's to keep. Nothing is retained then, so
   * a capture of any length costs constant memory.
   */
  onblock?: (block: Uint8Array) => void;
}

/**
 * Writes a capture in pcapng form: one little-endian section, Ethernet interfaces, timestamps in nanoseconds.
 * The same calls give the same bytes: the file holds no wall clock and no name of a machine.
 *
 * @example
 * const writer = new PcapngWriter();
 * const alice = writer.addInterface({ name: "alice/1" });
 * writer.packet({ interface: alice, time: 1_500_000n, frame, direction: "out", comment: "dropped: TTL_EXPIRED" });
 * await writeFile("lab.pcapng", writer.bytes());
 */
export class PcapngWriter {
  private readonly onblock: ((block: Uint8Array) => void) | undefined;
  private readonly interfaces: PcapngInterface[] = [];
  private readonly headerLength: number; // of the section header, where it is kept
  private readonly text = new TextEncoder();
  private buffer = new Uint8Array(4096);
  private view = new DataView(this.buffer.buffer);
  private length = 0;

  constructor(options: PcapngOptions = {}) {
    this.onblock = options.onblock;

    const application = "fivewire";
    const start = this.begin(SECTION_HEADER, 16 + textSpace(application) + 4);
    this.u32(BYTE_ORDER_MAGIC);
    this.u16(1); // version 1.0
    this.u16(0);
    this.u32(0xffffffff); // section length -1: unknown, a reader walks the blocks
    this.u32(0xffffffff);
    this.textOption(SECTION_USER_APPLICATION, application);
    this.u32(OPTION_END);
    this.end(start);
    this.headerLength = this.length;
  }

  /**
   * Describes an interface; packets may refer to it from now on.
   *
   * @returns its number: 0 for the first, then counting up
   */
  addInterface({ name, description }: PcapngInterface): number {
    const start = this.begin(INTERFACE_DESCRIPTION, 8 + textSpace(name) + textSpace(description) + 8 + 4);
    this.u16(ETHERNET);
    this.u16(0);
    this.u32(SNAPLEN);
    this.textOption(INTERFACE_NAME, name);
    if (description !== undefined) this.textOption(INTERFACE_DESCRIPTION_TEXT, description);
    this.u16(INTERFACE_RESOLUTION);
    this.u16(1);
    this.u32(NANOSECONDS); // one byte and its padding
    this.u32(OPTION_END);
    this.interfaces.push(description === undefined ? { name } : { name, description });
    this.end(start);
    return this.interfaces.length - 1;
  }

  /**
   * Appends one packet.
   *
   * @throws LabError CAPTURE_INTERFACE (not added), CAPTURE_TIME, CAPTURE_LENGTH (`originalLength` or `dropCount`
   *   out of range); nothing is written then
   */
  packet(packet: PcapngPacket): void {
    const { frame, direction, comment, dropCount } = packet;
    const captured = Math.min(frame.length, SNAPLEN);
    const originalLength = packet.originalLength ?? frame.length;
    const time = nanoseconds(packet.time);
    this.check(packet.interface, frame.length, originalLength, dropCount);

    const start = this.begin(ENHANCED_PACKET, 20 + captured + 3 + textSpace(comment) + 8 + 12 + 4);
    this.u32(packet.interface);
    this.u32(Number(time >> 32n));
    this.u32(Number(time & 0xffffffffn));
    this.u32(captured);
    this.u32(originalLength);
    this.buffer.set(captured === frame.length ? frame : frame.subarray(0, captured), this.length);
    this.length += captured;
    this.pad();

    if (comment !== undefined) this.textOption(OPTION_COMMENT, comment);
    if (direction !== undefined) {
      this.u16(PACKET_FLAGS);
      this.u16(4);
      this.u32(direction === "in" ? INBOUND : OUTBOUND);
    }
    if (dropCount !== undefined) {
      this.u16(PACKET_DROP_COUNT);
      this.u16(8);
      this.u32(dropCount % 2 ** 32);
      this.u32(Math.floor(dropCount / 2 ** 32));
    }
    if (comment !== undefined || direction !== undefined || dropCount !== undefined) this.u32(OPTION_END);
    this.end(start);
  }

  /**
   * The capture so far, a whole file; a copy.
   *
   * @throws LabError CAPTURE_STREAMED when the blocks went to `onblock`
   */
  bytes(): Uint8Array {
    if (this.onblock)
      throw new LabError(
        "CAPTURE_STREAMED",
        "bytes() of a capture that streams to onblock: its blocks are not kept. Join what onblock received.",
      );
    return this.buffer.slice(0, this.length);
  }

  /** The writer as a plain value; `load` makes an independent writer of it that goes on where this one stands. */
  save(): PcapngState {
    const interfaces = this.interfaces.map((each) => ({ ...each }));
    if (this.onblock) return { interfaces };
    return { interfaces, blocks: this.buffer.slice(this.headerLength, this.length) };
  }

  /**
   * A writer in the state that `save` described. A state without blocks (they were streamed) begins a new section
   * with the same interfaces: what follows is a capture of its own, and also valid when appended to the first.
   */
  static load(state: PcapngState, options: PcapngOptions = {}): PcapngWriter {
    const writer = new PcapngWriter(options);
    if (state.blocks === undefined) {
      for (const each of state.interfaces) writer.addInterface(each);
      return writer;
    }
    writer.interfaces.push(...state.interfaces.map((each) => ({ ...each })));
    if (options.onblock) {
      if (state.blocks.length > 0) options.onblock(state.blocks.slice());
      return writer;
    }
    writer.reserve(state.blocks.length);
    writer.buffer.set(state.blocks, writer.length);
    writer.length += state.blocks.length;
    return writer;
  }

  private check(index: number, frameLength: number, originalLength: number, dropCount: number | undefined): void {
    const known = this.interfaces.length;
    if (!Number.isInteger(index) || index < 0 || index >= known)
      throw new LabError(
        "CAPTURE_INTERFACE",
        `capture: packet on interface ${index}; ${known === 0 ? "none was added" : `0 to ${known - 1} were added`}. ` +
          "Is the number from another writer's addInterface?",
      );
    if (!Number.isInteger(originalLength) || originalLength < frameLength || originalLength > 0xffffffff)
      throw new LabError(
        "CAPTURE_LENGTH",
        `capture: originalLength ${originalLength} of a frame of ${frameLength} bytes; it takes ${frameLength} to ` +
          "4294967295, the length on the wire before the frame was cut.",
      );
    if (dropCount !== undefined && (!Number.isSafeInteger(dropCount) || dropCount < 0))
      throw new LabError("CAPTURE_LENGTH", `capture: dropCount ${dropCount}; it takes a whole number, 0 to 2^53-1.`);
  }

  /** Opens a block with room for `most` bytes of body; returns where it starts. */
  private begin(type: number, most: number): number {
    this.reserve(8 + most + 4);
    const start = this.length;
    this.u32(type);
    this.u32(0); // total length, known at the end
    return start;
  }

  private end(start: number): void {
    const total = this.length + 4 - start;
    this.view.setUint32(start + 4, total, true);
    this.u32(total);
    if (!this.onblock) return;

    const block = this.buffer.slice(start, this.length);
    this.length = start; // before the call: the receiver may write the next packet
    this.onblock(block);
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.buffer.length));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
    this.view = new DataView(grown.buffer);
  }

  private textOption(code: number, value: string): void {
    const start = this.length + 4;
    // encodeInto stops at a whole character when the room is spent.
    const { written } = this.text.encodeInto(value, this.buffer.subarray(start, start + OPTION_MOST));
    this.u16(code);
    this.u16(written);
    this.length += written;
    this.pad();
  }

  private pad(): void {
    // The buffer is reused when streaming, so padding is not zero by itself.
    while (this.length % 4 !== 0) this.buffer[this.length++] = 0;
  }

  private u16(value: number): void {
    this.view.setUint16(this.length, value, true);
    this.length += 2;
  }

  private u32(value: number): void {
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }
}

/** Bytes a text option needs at most: UTF-8 takes up to 3 per UTF-16 unit. */
function textSpace(value: string | undefined): number {
  return value === undefined ? 0 : 4 + Math.min(3 * value.length, OPTION_MOST) + 3;
}

/**
 * Nanoseconds of a time given either way: bigint is nanoseconds already, number is milliseconds (rounded to the
 * nearest nanosecond).
 *
 * @throws LabError CAPTURE_TIME unless it is 0…2^64-1 ns
 */
export function nanoseconds(time: bigint | number): bigint {
  if (typeof time === "number" && !Number.isFinite(time)) throw badTime(`${time} ms`);
  const ns = typeof time === "bigint" ? time : fromMilliseconds(time);
  if (ns < 0n || ns > TIME_MOST) throw badTime(typeof time === "bigint" ? `${time} ns` : `${time} ms`);
  return ns;
}

function fromMilliseconds(ms: number): bigint {
  const whole = Math.trunc(ms);
  // In two parts: ms * 1e6 in one would lose nanoseconds after 104 days.
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6));
}

function badTime(shown: string): LabError {
  return new LabError(
    "CAPTURE_TIME",
    `capture: time ${shown}; it takes 0 to 2^64-1 nanoseconds since the lab began. Is it a difference of two times?`,
  );
}
