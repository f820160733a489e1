import { converters, instantiateSync } from "as-bind/dist/as-bind.esm.js";
import type { Bound } from "as-bind/dist/as-bind.esm.js";

/**
 * Instantiates an AssemblyScript module whose exports take and return strings and byte arrays.
 *
 * as-bind 0.8 finds both by the run-time type ids of AssemblyScript 0.19; they moved in 0.23 and 0.24. Its converters are
 * a public map, so the two we need are replaced by ones that go by the layout in memory, which has not moved:
 *
 *   String      UTF-16 code units; the length in bytes is a u32, 4 bytes before the address
 *   Uint8Array  { buffer: u32, dataStart: u32, byteLength: u32 }
 *
 * Both copy. The typed memory view is made anew each time, because the module's memory may have grown.
 *
 * @param bytes  compiled with `tools/as-bind-transform.mjs` and `--exportRuntime`
 */
export function bind(bytes: BufferSource): Bound["exports"] {
  converters.set("~lib/string/String", { ascToJs: readString, jsToAsc: writeString });
  converters.set("~lib/typedarray/Uint8Array", { ascToJs: readBytes, jsToAsc: writeBytes });
  return instantiateSync(bytes).exports;
}

/** Run-time type id of an ArrayBuffer; fixed since AssemblyScript 0.23. */
const ARRAY_BUFFER = 1;

const utf16 = new TextDecoder("utf-16le");

function readString({ exports }: Bound, address: number): string {
  const { buffer } = exports.memory;
  const length = new DataView(buffer).getUint32(address - 4, true);
  return utf16.decode(new Uint8Array(buffer, address, length));
}

function writeString(bound: Bound, text: string, type: string): number {
  const address = bound.exports.__new(text.length * 2, bound.getTypeId(type));
  const view = new DataView(bound.exports.memory.buffer, address);
  for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), true);
  return address;
}

function readBytes({ exports }: Bound, address: number): Uint8Array {
  const { buffer } = exports.memory;
  const view = new DataView(buffer, address);
  return new Uint8Array(buffer, view.getUint32(4, true), view.getUint32(8, true)).slice();
}

function writeBytes(bound: Bound, bytes: Uint8Array, type: string): number {
  const { exports } = bound;
  const data = exports.__pin(exports.__new(bytes.length, ARRAY_BUFFER)); // the second __new may collect
  const address = exports.__new(12, bound.getTypeId(type));
  new Uint8Array(exports.memory.buffer, data, bytes.length).set(bytes);

  const view = new DataView(exports.memory.buffer, address);
  view.setUint32(0, data, true);
  view.setUint32(4, data, true);
  view.setUint32(8, bytes.length, true);
  exports.__unpin(data);
  return address;
}
