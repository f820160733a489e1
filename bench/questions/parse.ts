import { same } from "../digest";
import { BenchLab, SEED } from "../lab";
import { mixture } from "../mixture";
import { native, writeStaged } from "../native";
import { PACKET, ParseRival } from "../rivals/parse";
import type { Contestant } from "../rounds";
import { place, roomFor } from "../stages";
import type { StageExports } from "../stages";
import { BURST, passOf } from "../traffic";
import { SIZES, count, rowsOf, sizeName } from "./question";
import type { Question, Setting } from "./question";

/** Frames in memory (whole bursts), each of another flow, and their size. A million are in no cache. */
const ROWS: [number, number][] = [...rowsOf([4096], SIZES), [1_000_000, 60]];

export const parse: Question = {
  name: "parse",
  inside: "frames in memory to descriptors of 24 bytes: UDP, TCP, VLAN, IPv6, ARP; no boundary, no copy",
  cases: (setting) => (setting.quick ? ROWS.slice(0, 1) : ROWS).map(([frames, size]) => ({
    title: `parse, ${count(frames)} frames, ${sizeName(size)}`,
    unit: "frame",
    make: () => contestants(setting, frames, size),
  })),
};

function contestants({ stages }: Setting, many: number, size: number): Contestant[] {
  const staged = mixture(many, size);
  const rival = new ParseRival(staged);
  const pass = passOf(many);
  const bursts = (burst: (first: number, count: number) => void): void => {
    for (let frames = 0; frames < pass; frames += many)
      for (let first = 0; first < many; first += BURST) burst(first, BURST);
  };
  const inRival = (): void => bursts((first, n) => rival.burst(first, n));
  inRival();
  const expected = packetsDigest(rival.packets);

  const lab = new BenchLab<StageExports>(stages, {}, roomFor(staged, many * 24));
  const { frames, lengths, rest } = place(lab, staged);
  const packets = new Int32Array(lab.bytes.buffer, rest, many * PACKET);
  const { stageParse } = lab.x;
  const check = (words: Int32Array, name: string) => () => {
    same(`${name} ${size}`, expected, packetsDigest(words));
    words.fill(0);
  };
  const file = writeStaged("parse", staged);
  return [
    {
      name: "engine, stage",
      frames: pass,
      run: () => bursts((first, n) => stageParse(frames, staged.stride, lengths, rest, first, n)),
      check: check(packets, "engine, parse"),
    },
    { name: "plain JavaScript", frames: pass, run: inRival, check: check(rival.packets, "JavaScript, parse") },
    native("parse", pass, (ms) => [file, ms, SEED[0], SEED[1], pass], expected),
  ];
}

/** As native/parse.c has it. */
export function packetsDigest(words: Int32Array): bigint {
  const pairs = new BigUint64Array(words.slice().buffer);
  return pairs.reduce((sum, pair) => ((sum ^ pair) * 0x9e3779b97f4a7c15n) & 0xffff_ffff_ffff_ffffn, 0n);
}
