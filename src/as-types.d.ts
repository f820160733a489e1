/**
 * Names that let tsc read what was written for another compiler.
 *
 * `assembly/abi.ts` is compiled by asc and by tsc: its constants carry AssemblyScript's integer types, which here are numbers.
 */
type u8 = number;
type u16 = number;
type u32 = number;
type i32 = number;
type f64 = number;

/** A WebAssembly module, inlined by the bundler as its bytes. */
declare module "*.wasm" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}

/** as-bind's runtime; the typings it ships describe nothing. */
declare module "as-bind/dist/as-bind.esm.js" {
  /** A loaded module as the converters see it. */
  export interface Bound {
    exports: Record<string, (...values: unknown[]) => unknown> & {
      memory: WebAssembly.Memory;
      __new(size: number, typeId: number): number;
      __pin(address: number): number;
      __unpin(address: number): void;
    };
    /** Run-time type id of a class, by AssemblyScript's internal name. */
    getTypeId(name: string): number;
  }
  export interface Converter {
    ascToJs(bound: Bound, value: number, type: string): unknown;
    jsToAsc(bound: Bound, value: never, type: string): number;
  }
  export const converters: Map<string | RegExp, Converter>;
  export function instantiateSync(bytes: BufferSource, imports?: WebAssembly.Imports): Bound;
}
