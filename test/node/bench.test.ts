import { beforeAll, describe, expect, test } from "vitest";
import wasm from "../../build/engine.wasm";
import { digestPass, pass } from "../../bench/digest";
import { BenchLab, SEED } from "../../bench/lab";
import { mixture } from "../../bench/mixture";
import { compiler, runNative, writeStaged } from "../../bench/native";
import { linkRecords, natRival } from "../../bench/questions/nat";
import { packetsDigest } from "../../bench/questions/parse";
import { recordsOf, switchRival } from "../../bench/questions/switch";
import { ParseRival } from "../../bench/rivals/parse";
import { HOST, natLab, natTraffic, switchLab, switchTraffic, tableFor } from "../../bench/setups";
import { ALIGN, stage } from "../../bench/traffic";
import type { Traffic } from "../../bench/traffic";

/** What is compared in `npm run bench` does the same: no word about speed here. */
let engine: WebAssembly.Module;
beforeAll(async () => { engine = await WebAssembly.compile(wasm); });

const SIZES = [60, 590, 1514, 0];
const FRAMES = 1000;
const hasCompiler = compiler() !== null;

/** What sinks at `ports` make of `traffic`. */
function digestOfSinks(lab: BenchLab, from: number, ports: number[], traffic: Traffic): bigint {
  const sum = (): bigint => ports.reduce((all, port) => all + lab.digest(port), 0n);
  const before = sum();
  lab.send(from, traffic, FRAMES);
  return BigInt.asUintN(64, sum() - before);
}

describe.each(SIZES)("frames of %i bytes (0: the Internet mix)", (size) => {
  test("the plain JavaScript parser finds in a mixture of frames what the engine's finds", () => {
    const staged = mixture(FRAMES, size);
    const rival = new ParseRival(staged);
    rival.burst(0, FRAMES);
    const lab = new BenchLab(engine);
    const words = new Int32Array(rival.packets.length);
    for (let i = 0; i < FRAMES; i++) {
      const at = i * staged.stride + ALIGN;
      lab.bytes.set(staged.bytes.subarray(at, at + staged.lengths[i]!), lab.x.staging());
      words.set(new Int32Array(lab.bytes.buffer, lab.x.parseFrame(staged.lengths[i]!), 6), i * 6);
    }
    expect(rival.packets).toEqual(words);
  });

  test("a switch of a thousand stations hands out the same bytes in JavaScript as in the engine", () => {
    const { lab, ports } = switchLab(engine, FRAMES);
    const traffic = switchTraffic(FRAMES, size);
    const staged = stage(traffic, FRAMES);
    const found = digestPass(switchRival(staged, FRAMES), staged);
    expect(found).toBe(digestOfSinks(lab, ports[0]!, ports, traffic));
  });

  test("a NAT of a thousand sessions translates both ways to the same bytes in JavaScript as in the engine", () => {
    const { lab, guest, router } = natLab(engine, FRAMES);
    const traffic = natTraffic(FRAMES, size);
    const staged = { out: stage(traffic.out, FRAMES), in: stage(traffic.in, FRAMES) };
    const rival = natRival(FRAMES, staged);
    expect(digestPass(rival.out, staged.out)).toBe(digestOfSinks(lab, guest, [router], traffic.out));
    expect(digestPass(rival.in, staged.in)).toBe(digestOfSinks(lab, router, [guest], traffic.in));
    expect(rival.nat.out).toBe(2 * FRAMES);
  });
});

describe.skipIf(!hasCompiler)("the same in C, where there is a compiler", () => {
  test("its parser agrees with the one in JavaScript", () => {
    const staged = mixture(FRAMES, 0);
    const rival = new ParseRival(staged);
    rival.burst(0, FRAMES);
    const { digest } = runNative("parse", [writeStaged("test-parse", staged), 0, ...SEED]);
    expect(digest).toBe(packetsDigest(rival.packets));
  });

  test("its switch hands out the same bytes, with a copy in and a copy out as without", () => {
    const staged = stage(switchTraffic(FRAMES, 0), FRAMES);
    const expected = digestPass(switchRival(staged, FRAMES), staged);
    const file = writeStaged("test-switch", staged, recordsOf(FRAMES));
    const options = [file, 0, 1, tableFor(FRAMES)];
    expect(runNative("switch", options).digest).toBe(expected);
    expect(runNative("through", [...options, ...SEED]).digest).toBe(expected);
  });

  test.each(["out", "in"] as const)("its NAT translates %s to the same bytes", (way) => {
    const traffic = natTraffic(FRAMES, 0);
    const staged = { out: stage(traffic.out, FRAMES), in: stage(traffic.in, FRAMES) };
    const rival = natRival(FRAMES, staged);
    pass(rival.out, FRAMES);
    const files = (["out", "in"] as const).map((one) => writeStaged(`test-nat-${one}`, staged[one], linkRecords(one)));
    const { digest } = runNative("nat", [...files, 0, way, HOST]);
    expect(digest).toBe(digestPass(rival[way], staged[way]));
  });
});
