import type { Stage } from "../digest";
import { BURST, RING } from "../traffic";
import type { Staged } from "../traffic";
import { copyFrame } from "./copy";

const PROBES = 8;
/** Table of this many entries and more: all the entries of a burst are asked for before the first is needed. */
const TOUCH = 65_536;

/**
 * A learning switch in plain JavaScript: learn, look up.
 *
 *   Int32Array, 4 words per entry: last four bytes of the MAC · first two | port << 16 (0: never used) · heard, ms · spare
 *   Open addressing, 8 probes.
 */
export class SwitchRival {
  private readonly table: Int32Array;
  private readonly shift: number;
  private readonly large: boolean;
  /** What the touching has read: it has to go somewhere, or it would not be done. */
  touched = 0;

  /** @param entries  a power of two */
  constructor(entries: number) {
    this.shift = 32 - Math.log2(entries);
    this.large = entries >= TOUCH;
    this.table = new Int32Array(4 * (entries + PROBES));
  }

  learn(low: number, high: number, port: number, ms: number): void {
    const { table } = this;
    let at = this.home(low, high);
    let oldest = at;
    for (let i = 0; i < PROBES; i++, at += 4) {
      const second = table[at + 1]!;
      if (second === 0) {
        oldest = at;
        break;
      }
      if (table[at] === low && (second & 0xffff) === high) {
        if (second >>> 16 !== port) table[at + 1] = high | (port << 16);
        if (table[at + 2] !== ms) table[at + 2] = ms;
        return;
      }
      if (table[at + 2]! < table[oldest + 2]!) oldest = at;
    }
    table[oldest] = low;
    table[oldest + 1] = high | (port << 16);
    table[oldest + 2] = ms;
  }

  /** Learns who sent the frame in the slot at word `at`; the port it has to leave by, 0 when it is flooded or dropped. */
  forward(words: Int32Array, at: number, ingress: number, ms: number): number {
    const third = words[at + 2]!;
    // A group address is nobody's source.
    if (third & 1) return 0;
    this.learn((third >>> 16) | (words[at + 3]! << 16), third & 0xffff, ingress, ms);
    const egress = this.lookup(words[at + 1]!, words[at]! >>> 16, ms);
    return egress === ingress ? 0 : egress;
  }

  /** Brings the entries of `count` destinations nearer, where the table is larger than a cache. */
  touch(words: Int32Array, at: number, step: number, count: number): void {
    if (!this.large) return;
    const { table } = this;
    let sum = 0;
    for (let i = 0; i < count; i++, at += step) sum += table[this.home(words[at + 1]!, words[at]! >>> 16)]!;
    this.touched = sum | 0;
  }

  private lookup(low: number, high: number, ms: number): number {
    if (high & 1) return 0;
    const { table } = this;
    let at = this.home(low, high);
    for (let i = 0; i < PROBES; i++, at += 4) {
      const second = table[at + 1]!;
      if (second === 0) return 0;
      if (table[at] === low && (second & 0xffff) === high) return ms - table[at + 2]! < 300_000 ? second >>> 16 : 0;
    }
    return 0;
  }

  private home(low: number, high: number): number {
    const h = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
    return (Math.imul(h ^ (h >>> 15), 0xc2b2ae35) >>> this.shift) << 2;
  }
}

/** The same as a stage: forward by copy into the ring. */
export class SwitchStage implements Stage {
  readonly slots = new Int32Array(BURST);
  readonly ports = new Int32Array(BURST);
  /** Frames that came out since the beginning, and the sum of the ports they left by. */
  out = 0;
  portSum = 0;
  private cursor = 0;

  constructor(private readonly staged: Staged, private readonly rival: SwitchRival, private readonly ingress: number) {}

  burst(first: number, count: number, ms = 0): void {
    const { staged, slots, ports, ingress, rival } = this;
    const { words, lengths } = staged;
    const step = staged.stride >> 2;
    const ring = staged.ring >> 2;
    rival.touch(words, first * step, step, count);
    for (let i = 0; i < count; i++) {
      const at = (first + i) * step;
      slots[i] = -1;
      const egress = rival.forward(words, at, ingress, ms);
      ports[i] = egress;
      if (egress === 0) continue;
      const slot = this.cursor;
      this.cursor = (slot + 1) & (RING - 1);
      copyFrame(staged, at, ring + slot * step, lengths[first + i]!);
      slots[i] = slot;
      this.out++;
      this.portSum += egress;
    }
  }
}
