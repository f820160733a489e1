import { bind } from "./as-bind";
import { LabError } from "./errors";
import wasm from "../build/inspect.wasm";

let describeInWasm: ((frame: Uint8Array) => string) | undefined;

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
  if (!(frame instanceof Uint8Array))
    throw new LabError(
      "FRAME",
      `describe: expected the frame as a Uint8Array, got ${typeName(frame)}. Is it an ArrayBuffer?`,
    );
  describeInWasm ??= bind(wasm).describe as (frame: Uint8Array) => string;
  return describeInWasm(frame);
}

function typeName(value: unknown): string {
  return value === null ? "null" : ((value as object | undefined)?.constructor?.name ?? typeof value);
}
