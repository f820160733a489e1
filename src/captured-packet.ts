import { LabError } from "./errors";

/** The interface a packet was captured on; a classic pcap file has one, without a name. */
export interface CaptureInterface {
  /** LINKTYPE_ number; 1 is Ethernet, the only one a lab can replay. */
  linkType: number;
  name?: string;
  description?: string;
}

export interface CapturedPacket {
  /** 0 for the first packet of the file. */
  index: number;
  /**
   * Nanoseconds since 1970, or since whatever the writer counted from. A pcapng Simple Packet Block has no time of
   * its own: it is given that of the packet before it, 0 at the beginning.
   */
  time: bigint;
  /** What was captured of the packet, beginning with its link-layer header; a copy, the receiver's to keep. */
  frame: Uint8Array;
  /** Length on the wire; more than `frame.length` when the capture kept only the beginning, never less. */
  originalLength: number;
  interface: CaptureInterface;
  comments?: string[];
  /** Seen from the interface: "in" came to it, "out" was sent by it. */
  direction?: "in" | "out";
}

/** What reading has found so far; complete when the packets have come to their end. */
export interface CaptureSummary {
  /** Undefined until the first bytes were read. */
  format?: "pcap" | "pcapng";
  packets: number;
  /** pcapng blocks that hold no packet and describe no interface: statistics, names, secrets, unknown types. */
  skippedBlocks: number;
  /**
   * Set when the file ends inside a record: the record at `offset` needs `expected` bytes and `found` are there.
   * All packets before it were delivered. For a record whose length was cut off too, `expected` is its header's.
   */
  truncated?: { offset: number; expected: number; found: number };
}

/** The longest record that is believed, in bytes: beyond it a length field is damage, not a packet. */
export const RECORD_MOST = 16 * 1024 * 1024;

/** A LabError CAPTURE_FORMAT about the bytes at `offset` of the file. */
export function formatError(offset: number, problem: string): LabError {
  return new LabError("CAPTURE_FORMAT", `capture: at byte ${offset}: ${problem}`);
}
