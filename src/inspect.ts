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

let inWasm: Record<"describe" | "dissect", (frame: Uint8Array) => string> | undefined;

/**
 * One tcpdump-like line for an Ethernet frame: for people, logs and test failures.
 *
 * The work is done by a second, small WebAssembly module that is instantiated by the first call. Strings cost about a
 * microsecond here; nothing on a frame's way through a lab uses this.
 *
 * @param frame  a whole frame without FCS; a short or damaged one is described as far as it goes
 * @throws LabError `FRAME` when `frame` is not a Uint8Array
 * @example
 * adapter.onframe = (frame) => console.log(describe(frame));
 */
export function describe(frame: Uint8Array): string {
  return module("describe", frame).describe(frame);
}

/**
 * An Ethernet frame layer by layer: where each header lies, its fields, and whether its checksum is right.
 *
 * @param frame  a whole frame without FCS; of a short or damaged one, the layers before the fault
 * @throws LabError `FRAME` when `frame` is not a Uint8Array
 * @example
 * const { layers, fault } = dissect(frame);
 * const tcp = layers.find((layer) => layer.name === "tcp");
 */
export function dissect(frame: Uint8Array): Dissection {
  return JSON.parse(module("dissect", frame).dissect(frame)) as Dissection;
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
