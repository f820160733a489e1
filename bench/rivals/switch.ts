import type { Stage } from "../digest";
import { BURST, RING } from "../traffic";
import type { Staged } from "../traffic";
import { copySlot } from "./copy";

const PROBES = 8;

/**
 * A learning switch in plain JavaScript: learn, look up, forward by copy.
 *
 *   Int32Array, 4 words per entry: last four bytes of the MAC · first two | port << 16 (0: never used) · heard, ms · spare
 *   Open addressing, 8 probes.
 */
export class SwitchRival implements Stage {
  readonly slots = new Int32Array(BURST);
  /** Port per frame of the last burst, 0: flooded or dropped. */
  readonly ports = new Int32Array(BURST);
  /** Frames that came out since the beginning. */
  out = 0;
  private readonly table: Int32Array;
  private readonly shift: number;
  private cursor = 0;

  /** @param entries  a power of two */
  constructor(private readonly staged: Staged, entries: number, private readonly ingress: number) {
    this.shift = 32 - Math.log2(entries);
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

  burst(first: number, count: number, ms = 0): void {
    const { staged, slots, ports, ingress } = this;
    const { words } = staged;
    const step = staged.stride >> 2;
    const ring = staged.ring >> 2;
    for (let i = 0; i < count; i++) {
      const at = (first + i) * step;
      const third = words[at + 2]!;
      const fourth = words[at + 3]!;
      slots[i] = -1;
      ports[i] = 0;
      // A group address is nobody's source.
      if (third & 1) continue;
      this.learn((third >>> 16) | (fourth << 16), third & 0xffff, ingress, ms);
      const egress = this.lookup(words[at + 1]!, words[at]! >>> 16, ms);
      if (egress === 0 || egress === ingress) continue;
      const slot = this.cursor;
      this.cursor = (slot + 1) & (RING - 1);
      copySlot(staged, at, ring + slot * step);
      slots[i] = slot;
      ports[i] = egress;
      this.out++;
    }
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
