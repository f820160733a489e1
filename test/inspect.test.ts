import { expect, test } from "vitest";
import { describe as line } from "../src/inspect";

/** Example frame: 02:…:01 to 02:…:02, `type`, `size` bytes in all. */
function frame(type: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, type >> 8, type & 255].slice(0, size));
  return bytes;
}

test("a frame is described by a line that names both stations and its length", () => {
  const text = line(frame(0x88b5, 60));
  expect(text).toContain("02:00:00:00:00:01");
  expect(text).toContain("02:00:00:00:00:02");
  expect(text).toContain("60");
});

test("a frame of any length is described, an empty one too", () => {
  for (const size of [0, 1, 13, 14, 15, 1514, 65535]) expect(line(frame(0x0800, size))).not.toBe("");
});

test("a frame that is a view into a larger buffer is described by its own bytes", () => {
  const padded = new Uint8Array(100).fill(0xff);
  padded.set(frame(0x88b5, 60), 20);
  expect(line(padded.subarray(20, 80))).toBe(line(frame(0x88b5, 60)));
});

test("fifty thousand frames of all sizes are described alike to the last one", () => {
  const samples = Array.from({ length: 97 }, (_, i) => frame(0x88b5, i * 16));
  const first = samples.map(line);
  for (let i = 0; i < 50_000; i++) if (line(samples[i % 97]!) !== first[i % 97]) expect.fail(`frame ${i}`);
});

test("what is not a frame is refused with a reason", () => {
  expect(() => line(new ArrayBuffer(60) as never)).toThrow(/expected the frame as a Uint8Array, got ArrayBuffer/);
  expect(() => line(null as never)).toThrow(/got null/);
});
