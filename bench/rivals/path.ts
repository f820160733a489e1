import { ofSinks } from "../digest";
import type { Staged } from "../traffic";
import { highOfFirst } from "./mul64";
import type { Link, NatRival } from "./nat";
import type { ParseRival } from "./parse";
import type { SwitchRival } from "./switch";

/** Where frames come from: puts those of a burst into the slots. */
export interface Source {
  burst(first: number, count: number): void;
}

/** What becomes of the frame in the slot at word `at`. */
export interface Sink {
  take(staged: Staged, at: number, length: number, port: number): void;
}

/** What the engine's sinks do: a digest per port. */
export class DigestSink implements Sink {
  /** Low and high half for each port. */
  private readonly sums = new Int32Array(32);
  /** Frames since the beginning. */
  out = 0;

  take({ words: w }: Staged, at: number, length: number, port: number): void {
    let low = length;
    let high = 0;
    for (let i = at; i < at + 14; i += 2) {
      const middle = w[i + 1]!;
      low ^= (w[i]! >>> 16) | (middle << 16);
      high = highOfFirst(high ^ ((middle >>> 16) | (w[i + 2]! << 16)), low);
      low = Math.imul(low, 0x7f4a7c15);
    }
    const { sums } = this;
    const before = sums[2 * port]!;
    const sum = (before + (low ^ high)) | 0;
    const carry = sum >>> 0 < before >>> 0 ? 1 : 0;
    sums[2 * port] = sum;
    sums[2 * port + 1] = sums[2 * port + 1]! + high + carry;
    this.out++;
  }

  digest(): bigint {
    const halves = new Uint32Array(this.sums.buffer);
    return ofSinks(Array.from({ length: 16 }, (_, port) => [port, (BigInt(halves[2 * port + 1]!) << 32n) | BigInt(halves[2 * port]!)]));
  }
}

/** Frames through a switch in plain JavaScript: source, parser, learn, look up, sink. No copy in between. */
export class SwitchPath implements Source {
  constructor(
    private readonly staged: Staged, private readonly source: Source, private readonly parser: ParseRival,
    private readonly rival: SwitchRival, private readonly sink: Sink,
  ) {}

  burst(first: number, count: number): void {
    const { staged, rival, sink } = this;
    const { words, lengths } = staged;
    const step = staged.stride >> 2;
    this.source.burst(first, count);
    this.parser.burst(0, count);
    rival.touch(words, 0, step, count);
    for (let i = 0, at = 0; i < count; i++, at += step) {
      const egress = rival.forward(words, at, 1, 0);
      if (egress !== 0) sink.take(staged, at, lengths[i]!, egress);
    }
  }
}

/** One direction through a NAT: which ports of the two switches it takes, and the MACs it leaves with. */
export interface Way {
  outbound: boolean;
  ingress: number;
  /** The gateway's place on the first switch, and on the second. */
  enters: number;
  leaves: number;
  link: Link;
}

/** Frames through switch, NAT and switch in plain JavaScript; translated where they lie. */
export class NatPath implements Source {
  constructor(
    private readonly staged: Staged, private readonly source: Source, private readonly parser: ParseRival,
    private readonly rival: SwitchRival, private readonly nat: NatRival, private readonly way: Way, private readonly sink: Sink,
  ) {}

  burst(first: number, count: number): void {
    const { staged, rival, nat, sink } = this;
    const { outbound, ingress, enters, leaves, link } = this.way;
    const { words, lengths } = staged;
    const step = staged.stride >> 2;
    this.source.burst(first, count);
    this.parser.burst(0, count);
    nat.touch(words, 0, step, count);
    for (let i = 0, at = 0; i < count; i++, at += step) {
      if (rival.forward(words, at, ingress, 0) !== enters) continue;
      const entry = nat.entryOf(words, at, outbound);
      if (entry < 0) continue;
      nat.rewrite(words, at, entry, link);
      const egress = rival.forward(words, at, leaves, 0);
      if (egress !== 0) sink.take(staged, at, lengths[i]!, egress);
    }
  }
}

