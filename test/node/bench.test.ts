import { beforeAll, describe, expect, test } from "vitest";
import wasm from "../../build/engine.wasm";
import { WITHOUT_WHOLE } from "../../assembly/abi";
import { Crowd, EACH } from "../../bench/crowd";
import { digestPass, ofSinks, pass } from "../../bench/digest";
import { Handshakes, OPENED } from "../../bench/handshakes";
import { BenchLab, SEED } from "../../bench/lab";
import { mixture } from "../../bench/mixture";
import { compiler, runNative, writeStaged } from "../../bench/native";
import { linkRecords, natRival } from "../../bench/questions/nat";
import { packetsDigest } from "../../bench/questions/parse";
import { recordsOf, switchRival } from "../../bench/questions/switch";
import { burstSlots, nativeOf, rivalOf } from "../../bench/questions/whole";
import type { Whole } from "../../bench/questions/whole";
import { GeneratorRival } from "../../bench/rivals/generator";
import { PACKET, ParseRival } from "../../bench/rivals/parse";
import { DigestSink } from "../../bench/rivals/path";
import { SwitchStage } from "../../bench/rivals/switch";
import { HOST, natLab, natTraffic, stationsOf, switchLab, switchTraffic, tableFor } from "../../bench/setups";
import { PASS, Transfer, digestBytes, payload } from "../../bench/transfer";
import { ALIGN, BURST, fill, passOf, stage } from "../../bench/traffic";
import type { Staged, Traffic } from "../../bench/traffic";

/** What is compared in `npm run bench` does the same: no word about speed here. */
let engine: WebAssembly.Module;
beforeAll(async () => { engine = await WebAssembly.compile(wasm); });

const SIZES = [60, 590, 1514, 0];
const FRAMES = 1000;
const hasCompiler = compiler() !== null;

/** What sinks make of `traffic`, as the rivals number their ports. */
function digestOfSinks(lab: BenchLab, from: number, ends: [number: number, port: number][], traffic: Traffic): bigint {
  const before = ends.map(([, port]) => lab.digest(port));
  lab.send(from, traffic, passOf(FRAMES));
  return ofSinks(ends.map(([number, port], i) => [number, BigInt.asUintN(64, lab.digest(port) - before[i]!)]));
}

/** What the sinks of the whole path in JavaScript hold after one pass. */
function sinksOfRival(what: Whole, size: number): bigint {
  const sink = new DigestSink();
  rivalOf(what, FRAMES, size, burstSlots(size), sink).run();
  expect(sink.out).toBe(passOf(FRAMES));
  return sink.digest();
}

/** Descriptors of all frames, by the engine. */
function parsedByEngine(staged: Staged): Int32Array {
  const lab = new BenchLab(engine);
  const words = new Int32Array(staged.count * PACKET);
  for (let i = 0; i < staged.count; i++) {
    const frame = frameOf(staged, i);
    lab.bytes.set(frame, lab.x.staging());
    words.set(new Int32Array(lab.bytes.buffer, lab.x.parseFrame(frame.length), PACKET), i * PACKET);
  }
  return words;
}

/**
 * Frames with one byte of the third or fourth layer's header changed, and some cut short. IPv6's next header stays: the rivals know
 * no extension headers.
 */
function broken(): Staged {
  const staged = mixture(FRAMES, 60);
  for (let i = 0, at = ALIGN; i < FRAMES; i++, at += staged.stride) {
    const tagged = staged.bytes[at + 12] === 0x81 ? 4 : 0;
    const place = 14 + tagged + (Math.imul(i, 0x9e37) >>> 4) % 28;
    if (place !== 20 + tagged) staged.bytes[at + place] = (Math.imul(i, 0x85eb) >>> 7) & 0xff;
    if (i % 5 === 0) staged.lengths[i] = 14 + (i % 46);
  }
  return staged;
}

/** Frames with a payload. */
function filled(traffic: Traffic): Staged {
  const staged = stage(traffic, FRAMES);
  fill(staged);
  return staged;
}

function frameOf({ bytes, lengths, stride }: Staged, i: number): Uint8Array {
  return bytes.subarray(i * stride + ALIGN, i * stride + ALIGN + lengths[i]!);
}

describe.each(SIZES)("frames of %i bytes (0: the Internet mix)", (size) => {
  test("the plain JavaScript parser finds in a mixture of frames what the engine's finds", () => {
    const staged = mixture(FRAMES, size);
    const rival = new ParseRival(staged);
    rival.burst(0, FRAMES);
    expect(rival.packets).toEqual(parsedByEngine(staged));
  });

  test("a switch of a thousand stations hands out the same bytes at the same ports in JavaScript as in the engine", () => {
    const { lab, ports } = switchLab(engine, FRAMES);
    const ends = ports.map((port, i): [number, number] => [i + 1, port]);
    expect(sinksOfRival("switch", size)).toBe(digestOfSinks(lab, ports[0]!, ends, switchTraffic(FRAMES, size)));
  });

  test("a NAT of a thousand sessions translates both ways to the same bytes in JavaScript as in the engine", () => {
    const { lab, guest, router } = natLab(engine, FRAMES);
    const traffic = natTraffic(FRAMES, size);
    expect(sinksOfRival("out", size)).toBe(digestOfSinks(lab, guest, [[4, router]], traffic.out));
    expect(sinksOfRival("in", size)).toBe(digestOfSinks(lab, router, [[1, guest]], traffic.in));
  });

  test("frames that are staged are those that the generators make", () => {
    for (const traffic of [switchTraffic(FRAMES, size), natTraffic(FRAMES, size).out]) {
      const staged = stage(traffic, FRAMES);
      const slots = burstSlots(size);
      const generator = new GeneratorRival(traffic, slots);
      for (let first = 0; first < FRAMES; first += BURST) {
        generator.burst(first, Math.min(BURST, FRAMES - first));
        for (let i = 0; i < Math.min(BURST, FRAMES - first); i++)
          expect(Buffer.compare(frameOf(slots, i), frameOf(staged, first + i)), `frame ${first + i}`).toBe(0);
      }
    }
  });
});

test("the plain JavaScript parser objects to what the engine's objects to", () => {
  const staged = broken();
  const rival = new ParseRival(staged);
  rival.burst(0, FRAMES);
  const words = parsedByEngine(staged);
  expect(new Set(Array.from({ length: FRAMES }, (_, i) => (words[i * 6 + 3]! >>> 16) & 0xff)).size).toBeGreaterThan(8);
  expect(rival.packets).toEqual(words);
});

describe.skipIf(!hasCompiler)("the same in C, where there is a compiler", () => {
  test.each([["sound", () => mixture(FRAMES, 0)], ["broken", broken]])("its parser agrees about %s frames", (_, make) => {
    const staged = make();
    const rival = new ParseRival(staged);
    rival.burst(0, FRAMES);
    const { digest } = runNative("parse", [writeStaged("test-parse", staged), 0, ...SEED, FRAMES]);
    expect(digest).toBe(packetsDigest(rival.packets));
  });

  test("its switch hands out the same bytes at the same ports", () => {
    const staged = filled(switchTraffic(FRAMES, 0));
    const expected = digestPass(new SwitchStage(staged, switchRival(FRAMES), 1), staged);
    const file = writeStaged("test-switch", staged, recordsOf(stationsOf(FRAMES)));
    expect(runNative("switch", [file, 0, 1, tableFor(FRAMES)]).digest).toBe(expected);
  });

  test.each(["out", "in"] as const)("its NAT translates %s to the same bytes", (way) => {
    const traffic = natTraffic(FRAMES, 0);
    const staged = { out: filled(traffic.out), in: filled(traffic.in) };
    const rival = natRival(FRAMES, staged);
    pass(rival.out, FRAMES);
    const files = (["out", "in"] as const).map((one) => writeStaged(`test-nat-${one}`, staged[one], linkRecords(one)));
    const { digest } = runNative("nat", [...files, 0, way, HOST, FRAMES]);
    expect(digest).toBe(digestPass(rival[way], staged[way]));
  });

  test.each(["switch", "out", "in", "open"] as const)("its whole path fills the sinks with the same (%s)", (what) => {
    const { time } = nativeOf(what, FRAMES, 0, sinksOfRival(what, 0));
    expect(() => time!(0)).not.toThrow();
    expect(() => nativeOf(what, FRAMES, 0, 1n).time!(0)).toThrow(/digest/);
  });
});

describe("TCP's rows do what they say", () => {
  const data = payload();
  const digest = digestBytes(data);

  for (const [what, way, without] of [
    ["across a switch, each segment by itself", "switch", WITHOUT_WHOLE], ["across a switch, whole", "switch", 0], ["through a NAT", "nat", 0],
  ] as const)
    test(`${PASS} bytes arrive as they were sent (${what})`, () => {
      const transfer = new Transfer(engine, way, without);
      transfer.verify(data, digest);
      transfer.run();
      expect(transfer.received).toBe(2 * PASS);
      const other = data.slice();
      other[PASS - 1]! ^= 1;
      expect(() => transfer.verify(other, digest)).toThrow("received, digest");
    });

  test("connections are opened and closed at both ends", () => {
    const handshakes = new Handshakes(engine);
    handshakes.run();
    handshakes.run();
    expect(handshakes.done).toBe(2 * OPENED);
  });

  test("each connection of a crowd has bytes of its own", () => {
    const crowd = new Crowd(engine, 640);
    crowd.verify();
    crowd.run();
    expect(crowd.received).toBe(2 * 640 * EACH);
  });
});

describe("a result that is wrong by a little is found", () => {
  const staged = filled(switchTraffic(FRAMES, 590));
  const expected = digestPass(new SwitchStage(staged, switchRival(FRAMES), 1), staged);

  /** The digest of a switch that spoils frame 500 of what it hands out. */
  function spoilt(spoil: (slot: number, i: number, ports: Int32Array) => void): bigint {
    const wrong = new SwitchStage(staged, switchRival(FRAMES), 1);
    const burst = (first: number, count: number): void => {
      wrong.burst(first, count);
      if (first <= 500 && 500 < first + count) spoil(wrong.slots[500 - first]!, 500 - first, wrong.ports);
    };
    return digestPass({ burst, slots: wrong.slots, ports: wrong.ports }, staged);
  }

  test("and one that is right is not", () => expect(spoilt(() => {})).toBe(expected));
  test("the last byte of one frame", () => {
    const flip = (slot: number): void => void (staged.bytes[staged.ring + slot * staged.stride + ALIGN + 589]! ^= 1);
    expect(spoilt(flip)).not.toBe(expected);
  });

  test("one frame at another's port", () => {
    expect(spoilt((_, i, ports) => void (ports[i]! ^= 1))).not.toBe(expected);
  });

  test("two sinks that were taken for each other", () => {
    expect(ofSinks([[2, 5n], [3, 7n]])).not.toBe(ofSinks([[3, 5n], [2, 7n]]));
  });
});
