import type { Stage } from "../digest";
import { BURST, RING } from "../traffic";
import type { Staged } from "../traffic";
import { copyFrame } from "./copy";

/** Words of a frame in its slot, as the machine loads them: IPv4 header at word 4, UDP header at word 9. */
const [SRC, DST, PORTS, UDP] = [7, 8, 9, 10];
/** Table of more entries than this: all the entries of a burst are asked for before the first is needed. */
const TOUCH = 16_384;
const OUT = 1;
const IN = 2;

/** What the link layer of what comes out looks like: four words of a slot. */
export type Link = readonly [number, number, number, number];

/**
 * A NAT for UDP in plain JavaScript: endpoint-independent mappings, both directions of a connection in one table.
 *
 *   connections  Int32Array, 8 words: source · destination · ports · direction (0: empty) · new address · new port |
 *                change of the UDP checksum << 16 · change of the IP checksum · seen
 *   mappings     Int32Array, 4 words: inside address · inside port | outside port << 16 · used · spare
 *   taken        one byte per outside port
 * Everything in the byte order of the frame. Linear probing, load 0.5 at the most.
 */
export class NatRival {
  /** Frames that came out since the beginning. */
  out = 0;
  private connections: Int32Array;
  private mappings: Int32Array;
  private taken = new Uint8Array(65536);
  private readonly shift: number;
  private readonly mask: number;
  /** What the touching has read: it has to go somewhere, or it would not be done. */
  touched = 0;

  constructor(sessions: number, private readonly outside: number) {
    const bits = Math.ceil(Math.log2(Math.max(64, sessions * 4)));
    this.shift = 32 - bits;
    this.mask = 2 ** bits - 1;
    this.connections = new Int32Array(8 * 2 ** bits);
    this.mappings = new Int32Array(4 * 2 ** 17);
  }

  /** Ends everything. */
  flush(): void {
    this.connections.fill(0);
    this.mappings.fill(0);
    this.taken.fill(0);
  }

  /** A stage for the frames of one direction: copied into the ring and translated there. */
  stage(staged: Staged, outbound: boolean, link: Link): Stage {
    const slots = new Int32Array(BURST);
    const step = staged.stride >> 2;
    const ring = staged.ring >> 2;
    const { words, lengths } = staged;
    let cursor = 0;
    const burst = (first: number, count: number): void => {
      this.touch(words, first * step, step, count);
      for (let i = 0; i < count; i++) {
        const at = (first + i) * step;
        slots[i] = -1;
        const entry = this.entryOf(words, at, outbound);
        if (entry < 0) continue;
        const slot = cursor;
        cursor = (slot + 1) & (RING - 1);
        const to = ring + slot * step;
        copyFrame(staged, at, to, lengths[first + i]!);
        this.rewrite(words, to, entry, link);
        slots[i] = slot;
        this.out++;
      }
    };
    return { burst, slots };
  }

  /** The connection of the frame in the slot at word `at`, or -1. A packet from inside without one opens one. */
  entryOf(words: Int32Array, at: number, outbound: boolean): number {
    // IPv4 without options or fragments, UDP, a hop left.
    if (words[at + 3]! >>> 16 !== 0x0008 || (words[at + 4]! & 0xff) !== 0x45) return -1;
    if ((words[at + 5]! >>> 16) & 0xff3f || (words[at + 6]! & 0xff00) !== 0x1100) return -1;
    if ((words[at + 6]! & 0xff) <= 1) return -1;
    const entry = this.find(words[at + SRC]!, words[at + DST]!, words[at + PORTS]!);
    if (entry >= 0 || !outbound) return entry;
    return this.open(words[at + SRC]!, words[at + DST]!, words[at + PORTS]!);
  }

  /** Brings the entries of a burst nearer, where the table is larger than a cache. */
  touch(words: Int32Array, at: number, step: number, count: number): void {
    if (this.mask < TOUCH) return;
    const c = this.connections;
    let sum = 0;
    for (let i = 0; i < count; i++, at += step) sum += c[this.home(words[at + SRC]!, words[at + DST]!, words[at + PORTS]!) << 3]!;
    this.touched = sum | 0;
  }

  /** Translates the frame in the slot at word `at`: addresses, ports, checksums, one hop less, and the link's MACs. */
  rewrite(words: Int32Array, at: number, entry: number, link: Link): void {
    words[at] = link[0];
    words[at + 1] = link[1];
    words[at + 2] = link[2];
    words[at + 3] = link[3];
    const c = this.connections;
    const ports = words[at + PORTS]!;
    const portAndChange = c[entry + 5]!;
    if (c[entry + 3] === OUT) {
      words[at + SRC] = c[entry + 4]!;
      words[at + PORTS] = (ports & 0xffff0000) | (portAndChange & 0xffff);
    } else {
      words[at + DST] = c[entry + 4]!;
      words[at + PORTS] = (ports & 0xffff) | (portAndChange << 16);
    }
    // One hop less is a change of 0xfffe, since TTL is the low byte (RFC 1624).
    const ttl = words[at + 6]!;
    words[at + 6] = ((ttl & 0xffff) - 1) | (~fold((~(ttl >>> 16) & 0xffff) + c[entry + 6]! + 0xfffe) << 16);
    const udp = words[at + UDP]!;
    if (udp >>> 16 === 0) return;
    const checksum = ~fold((~(udp >>> 16) & 0xffff) + (portAndChange >>> 16)) & 0xffff;
    words[at + UDP] = (udp & 0xffff) | ((checksum === 0 ? 0xffff : checksum) << 16);
  }

  private home(src: number, dst: number, ports: number): number {
    const h = Math.imul(src ^ Math.imul(ports, 0x85ebca6b), 0x9e3779b1) ^ Math.imul(dst, 0xc2b2ae35);
    return Math.imul(h ^ (h >>> 15), 0x27d4eb2f) >>> this.shift;
  }

  private find(src: number, dst: number, ports: number): number {
    const c = this.connections;
    for (let place = this.home(src, dst, ports); ; place = (place + 1) & this.mask) {
      const at = place << 3;
      if (c[at] === src && c[at + 1] === dst && c[at + 2] === ports && c[at + 3] !== 0) return at;
      if (c[at + 3] === 0) return -1;
    }
  }

  private open(src: number, dst: number, ports: number): number {
    const port = this.map(src, ports & 0xffff);
    const { outside } = this;
    const ip = fold(changeOf(src, outside));
    const udp = fold(ip + (~ports & 0xffff) + port);
    const back = (ports >>> 16) | (port << 16);
    const ipBack = fold(changeOf(outside, src));
    const udpBack = fold(ipBack + (~port & 0xffff) + (ports & 0xffff));
    this.put(dst, outside, back, IN, src, (ports & 0xffff) | (udpBack << 16), ipBack);
    return this.put(src, dst, ports, OUT, outside, port | (udp << 16), ip);
  }

  private put(src: number, dst: number, ports: number, way: number, ip: number, port: number, change: number): number {
    const c = this.connections;
    let place = this.home(src, dst, ports);
    while (c[(place << 3) + 3] !== 0) place = (place + 1) & this.mask;
    const at = place << 3;
    c[at] = src;
    c[at + 1] = dst;
    c[at + 2] = ports;
    c[at + 3] = way;
    c[at + 4] = ip;
    c[at + 5] = port;
    c[at + 6] = change;
    return at;
  }

  /** The outside port of an inside endpoint: its own if that is free, else the next free one of the same parity. */
  private map(ip: number, port: number): number {
    const m = this.mappings;
    const h = Math.imul(ip ^ Math.imul(port, 0x85ebca6b), 0x9e3779b1);
    let place = Math.imul(h ^ (h >>> 15), 0x27d4eb2f) >>> 15;
    for (; m[(place << 2) + 2] !== 0; place = (place + 1) & 0x1ffff) {
      if (m[place << 2] === ip && (m[(place << 2) + 1]! & 0xffff) === port) return m[(place << 2) + 1]! >>> 16;
    }
    let number = swap(port);
    while (this.taken[number] !== 0) number = (number + 2) & 0xffff;
    this.taken[number] = 1;
    const found = swap(number);
    m[place << 2] = ip;
    m[(place << 2) + 1] = port | (found << 16);
    m[(place << 2) + 2] = 1;
    return found;
  }
}

function swap(port: number): number { return ((port & 0xff) << 8) | (port >>> 8); }

function fold(sum: number): number {
  sum = (sum >>> 16) + (sum & 0xffff);
  return (sum >>> 16) + (sum & 0xffff);
}

function changeOf(before: number, after: number): number {
  return (~before & 0xffff) + (~before >>> 16) + (after & 0xffff) + (after >>> 16);
}
