import { bind } from "./as-bind";
import { LabError } from "./errors";
import type { Layer } from "./layer";
import type { ReasonName } from "./reasons";
import wasm from "../build/inspect.wasm";

export type { ChecksumStatus, DhcpOption, DnsRecord, HeaderOption, Layer, QuotedPacket } from "./layer";

/** A frame taken apart. */
export interface Dissection {
  /** The same line that `describe` gives. */
  text: string;
  /** What the parser objects to: the reason under which a station drops the frame. Layers before the fault are there. */
  fault: ReasonName | null;
  /** From the outermost to the innermost, without gaps: each begins where the one before it ends. */
  layers: Layer[];
}

export interface DissectOptions {
  /**
   * What the frame begins with, by the number that capture files have for it (LINKTYPE_…), one of LINK_TYPES: 1 Ethernet (the default),
   * 101, 228 and 229 an IP packet, 113 and 276 Linux's cooked header, 0 and 108 BSD's loopback header.
   */
  linkType?: number;
}

/** Link types of frames that can be looked into. */
export const LINK_TYPES: readonly number[] = [1, 0, 101, 108, 113, 228, 229, 276];

let inWasm: Record<"describe" | "dissect", (frame: Uint8Array, linkType: number) => string> | undefined;

/**
 * One tcpdump-like line for a frame: for people, logs and test failures.
 *
 * The work is done by a second, small WebAssembly module that is instantiated by the first call. Strings cost about a
 * microsecond here; nothing on a frame's way through a lab uses this.
 *
 * @param frame  a whole frame without FCS; a short or damaged one is described as far as it goes
 * @throws LabError `FRAME` when `frame` is not a Uint8Array, `OPTION` when its link type is none of LINK_TYPES
 * @example
 * adapter.onframe = (frame) => console.log(describe(frame));
 */
export function describe(frame: Uint8Array, options: DissectOptions = {}): string {
  const linkType = linkTypeOf("describe", options);
  return module("describe", frame).describe(frame, linkType);
}

/**
 * A frame layer by layer: where each header lies, its fields, and whether its checksum is right.
 *
 * @param frame  a whole frame without FCS; of a short or damaged one, the layers before the fault
 * @throws LabError `FRAME` when `frame` is not a Uint8Array, `OPTION` when its link type is none of LINK_TYPES
 * @example
 * const { layers, fault } = dissect(frame);
 * const tcp = layers.find((layer) => layer.name === "tcp");
 */
export function dissect(frame: Uint8Array, options: DissectOptions = {}): Dissection {
  const linkType = linkTypeOf("dissect", options);
  return JSON.parse(module("dissect", frame).dissect(frame, linkType)) as Dissection;
}

function linkTypeOf(caller: string, { linkType = 1 }: DissectOptions): number {
  if (LINK_TYPES.includes(linkType)) return linkType;
  throw new LabError("OPTION", `${caller}: linkType ${linkType} is not looked into; it is one of ${LINK_TYPES.join(", ")} (1 is Ethernet)`);
}

/** The module, once `frame` is found to be one; `caller` is for the error's text. */
function module(caller: string, frame: Uint8Array): NonNullable<typeof inWasm> {
  if (!(frame instanceof Uint8Array))
    throw new LabError(
      "FRAME",
      `${caller}: expected the frame as a Uint8Array, got ${typeName(frame)}. Is it an ArrayBuffer?`,
    );
  return (inWasm ??= bind(wasm) as unknown as NonNullable<typeof inWasm>);
}

function typeName(value: unknown): string {
  return value === null ? "null" : ((value as object | undefined)?.constructor?.name ?? typeof value);
}
