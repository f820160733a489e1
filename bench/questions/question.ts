import type { Contestant } from "../rounds";

/** What a run may take for granted. */
export interface Setting {
  engine: WebAssembly.Module;
  /** The engine's single stages (native/stages.as). */
  stages: WebAssembly.Module;
  quick: boolean;
}

/** One line of the table, before it is measured. */
export interface Case {
  title: string;
  /** What is counted. */
  unit: string;
  /** Payload of one of them, bits: the speed is then in Gbit/s. */
  bits?: number;
  /** Sets everything up and verifies it; nothing of this is timed. */
  make(): Contestant[] | Promise<Contestant[]>;
}

export interface Question {
  name: string;
  /** What is inside the stopwatch. */
  inside: string;
  cases(setting: Setting): Case[];
}

/** Sizes of frames without FCS, bytes; 0 is the Internet mix. */
export const SIZES = [60, 64, 590, 1514, 0];

/** All pairs of a number of stations or sessions and a size. */
export function rowsOf(counts: number[], sizes: number[]): [number, number][] {
  return counts.flatMap((each) => sizes.map((size): [number, number] => [each, size]));
}

/** Bytes without FCS; 0 is the Internet mix. */
export function sizeName(size: number): string {
  return size === 0 ? "IMIX" : `${size} bytes`;
}

export function count(n: number): string { return n.toLocaleString("en"); }
