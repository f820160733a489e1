import asc from "assemblyscript/asc";
import fc from "fast-check";
import { expect, test } from "vitest";
import { be16, be32, internetChecksum, with16 } from "../packets";

/** The engine's checksum functions, compiled by themselves as they are compiled for the engine. */
interface Checksums {
  memory: WebAssembly.Memory;
  sumOf(address: number, length: number): bigint;
  sumOfHeader(address: number, length: number): bigint;
  checksumOf(sum: bigint): number;
  pseudoHeader(src: number, dst: number, protocol: number, length: number): bigint;
  difference(before: number, after: number): number;
  patch(checksumBE: number, delta: number): number;
}

const engine = await compile();
const memory = new Uint8Array(engine.memory.buffer);

async function compile(): Promise<Checksums> {
  const options = [
    "--runtime",
    "stub",
    "--enable",
    "simd",
    "-O3",
    "--initialMemory",
    "4",
    "--outFile",
    "checksum.wasm",
  ];
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main(["assembly/wire/checksum.ts", ...options], {
    writeFile: (_, contents) => {
      binary = contents as Uint8Array<ArrayBuffer>;
    },
  });
  if (error || !binary) throw error ?? new Error(stderr.toString());
  return (await WebAssembly.instantiate(binary)).instance.exports as unknown as Checksums;
}

/** 16 bits as they lie in memory, as a number in network order. */
const swap = (n: number): number => ((n & 255) << 8) | ((n >> 8) & 255);
/** 32 bits as they are loaded from memory. */
const load = (n: number): number => new DataView(Uint8Array.from(be32(n)).buffer).getUint32(0, true);

function checksum(bytes: ArrayLike<number>, at: number): number {
  memory.fill(0xa5, at - 64 < 0 ? 0 : at - 64, at + bytes.length + 64).set(bytes, at);
  return swap(engine.checksumOf(engine.sumOf(at, bytes.length)));
}

test("bytes of every length at every alignment sum up as 16-bit words do", () => {
  for (let length = 0; length < 400; length++) {
    const bytes = Array.from({ length }, (_, i) => (i * 167 + length * 31 + (i >> 3)) & 255);
    expect(checksum(bytes, 1024 + (length % 16)), `${length} bytes`).toBe(internetChecksum(bytes));
  }
});

test("any bytes sum up as 16-bit words do", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000, size: "max" }), fc.nat(63), (bytes, at) => {
      expect(checksum(bytes, 1024 + at)).toBe(internetChecksum([...bytes]));
    }),
    { numRuns: 300, seed: 1 },
  );
});

test("the longest datagram of all ones does not overflow a lane", () => {
  for (const length of [65472, 65534, 65535]) {
    const bytes = new Uint8Array(length).fill(255);
    expect(checksum(bytes, 1024)).toBe(internetChecksum([...bytes]));
  }
});

test("an IPv4 header with any number of options sums up like any bytes", () => {
  for (let length = 20; length <= 60; length += 4) {
    memory.fill(0xee, 1024, 1200).set(
      Array.from({ length }, (_, i) => (i * 89 + length) & 255),
      1024,
    );
    expect(engine.checksumOf(engine.sumOfHeader(1024, length))).toBe(engine.checksumOf(engine.sumOf(1024, length)));
  }
});

test("the pseudo-header counts addresses, protocol and length", () => {
  const found = engine.checksumOf(engine.pseudoHeader(0xc0000201, 0xc6336402, 17, 1480));
  expect(swap(found)).toBe(internetChecksum([...be32(0xc0000201), ...be32(0xc6336402), 0, 17, ...be16(1480)]));
});

test("a patched checksum is the one that would be computed anew, and a wrong one stays wrong", () => {
  const word = fc.oneof(
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.constantFrom(0, 0xffff, 0xffff0000, 0xffffffff, 0x8000),
  );
  const twice = fc.tuple(word, word);
  fc.assert(
    fc.property(word, twice, twice, fc.nat(0xffff), (rest, [before1, after1], [before2, after2], error) => {
      const packet = (a: number, b: number): number[] => [0x45, 0, ...be32(rest), ...be32(a), ...be32(b)];
      const right = (a: number, b: number): number => internetChecksum(packet(a, b));
      const sent = right(before1, before2) ^ error;
      const delta = engine.difference(load(before1), load(after1)) + engine.difference(load(before2), load(after2));
      const patched = swap(engine.patch(swap(sent), delta));
      const verifies = (at: number[], sum: number): boolean =>
        internetChecksum([...with16([0, 0], 0, sum), ...at]) === 0;
      expect(verifies(packet(after1, after2), patched)).toBe(verifies(packet(before1, before2), sent));
      if (error === 0) expect(patched).toBe(right(after1, after2));
    }),
    { numRuns: 5000, seed: 1 },
  );
});
