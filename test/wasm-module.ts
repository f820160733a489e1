/** Reads what a test wants to know of a WebAssembly binary, by its sections (WebAssembly Core Specification §5.5). */

export interface WasmModule {
  imports: number;
  /** One per global of the module's own. */
  globals: { mutable: boolean }[];
  /** Exported memories and globals by name. */
  exports: { name: string; kind: "func" | "table" | "memory" | "global" }[];
  /** Bytes that data segments put into memory. */
  data: number;
}

const KINDS = ["func", "table", "memory", "global"] as const;
const [IMPORT, GLOBAL, EXPORT, DATA] = [2, 6, 7, 11];

export function readWasm(bytes: Uint8Array): WasmModule {
  const module: WasmModule = { imports: 0, globals: [], exports: [], data: 0 };
  let at = 8;

  /** An unsigned LEB128 number. */
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const text = (): string => {
    const length = number();
    at += length;
    return new TextDecoder().decode(bytes.subarray(at - length, at));
  };
  /** A constant expression: one instruction with a number, then END. */
  const expression = (): void => {
    const opcode = bytes[at++];
    if (opcode === 0x43) at += 4;
    else if (opcode === 0x44) at += 8;
    else number();
    if (bytes[at++] !== 0x0b) throw new Error("a global or an offset that is not one constant");
  };

  while (at < bytes.length) {
    const id = bytes[at++]!;
    const length = number();
    const end = at + length;
    if (id === IMPORT) module.imports = number();
    if (id === GLOBAL)
      for (let count = number(); count > 0; count--) {
        at++; // value type
        module.globals.push({ mutable: bytes[at++] === 1 });
        expression();
      }
    if (id === EXPORT)
      for (let count = number(); count > 0; count--) {
        const name = text();
        module.exports.push({ name, kind: KINDS[bytes[at++]!]! });
        number();
      }
    if (id === DATA)
      for (let count = number(); count > 0; count--) {
        if (number() === 0) expression();
        const size = number();
        module.data += size;
        at += size;
      }
    at = end;
  }
  return module;
}
