import { same } from "../digest";
import { SEED } from "../lab";
import { BenchLab } from "../lab";
import { mixture } from "../mixture";
import { native, writeStaged } from "../native";
import { PACKET, ParseRival } from "../rivals/parse";
import type { Contestant } from "../rounds";
import { place, roomFor } from "../stages";
import type { StageExports } from "../stages";
import { BURST } from "../traffic";
import { sizeName } from "./question";
import type { Question, Setting } from "./question";

const FRAMES = 4096;

export const parse: Question = {
  name: "parse",
  inside: "frames in memory to descriptors of 24 bytes: 4096 flows, UDP, TCP, VLAN, IPv6, ARP; no boundary, no copy",
  cases: (setting) => (setting.quick ? [60] : [60, 590, 1514, 0]).map((size) => ({
    title: `parse, ${sizeName(size)}`,
    unit: "frame",
    make: () => contestants(setting, size),
  })),
};

function contestants({ stages }: Setting, size: number): Contestant[] {
  const staged = mixture(FRAMES, size);
  const rival = new ParseRival(staged);
  const inRival = (): void => bursts((first, count) => rival.burst(first, count));
  inRival();
  const expected = packetsDigest(rival.packets);

  const lab = new BenchLab<StageExports>(stages, {}, roomFor(staged, FRAMES * 24));
  const { frames, lengths, rest } = place(lab, staged);
  const packets = new Int32Array(lab.bytes.buffer, rest, FRAMES * PACKET);
  const { stageParse } = lab.x;
  const check = (words: Int32Array, name: string) => () => {
    same(`${name} ${size}`, expected, packetsDigest(words));
    words.fill(0);
  };
  const file = writeStaged(`parse-${size}`, staged);
  return [
    {
      name: "engine, stage",
      frames: FRAMES,
      run: () => bursts((first, count) => stageParse(frames, staged.stride, lengths, rest, first, count)),
      check: check(packets, "engine, parse"),
    },
    { name: "plain JavaScript", frames: FRAMES, run: inRival, check: check(rival.packets, "JavaScript, parse") },
    native("parse", FRAMES, (ms) => [file, ms, SEED[0], SEED[1]], expected),
  ];
}

function bursts(burst: (first: number, count: number) => void): void {
  for (let first = 0; first < FRAMES; first += BURST) burst(first, BURST);
}

/** As native/parse.c has it. */
export function packetsDigest(words: Int32Array): bigint {
  const pairs = new BigUint64Array(words.slice().buffer);
  return pairs.reduce((sum, pair) => ((sum ^ pair) * 0x9e3779b97f4a7c15n) & 0xffff_ffff_ffff_ffffn, 0n);
}
