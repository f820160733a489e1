import type { Contestant } from "../rounds";
import { boundary } from "./boundary";
import { natIn, natOpen, natOut } from "./nat";
import { natPath, switchPath } from "./path";
import { parse } from "./parse";
import { through } from "./through";
import { switching } from "./switch";

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
  /** Sets everything up and verifies it; nothing of this is timed. */
  make(): Contestant[];
}

export interface Question {
  name: string;
  /** What is inside the stopwatch. */
  inside: string;
  cases(setting: Setting): Case[];
}

export const questions: Question[] = [
  boundary, parse, switching, natOut, natIn, natOpen, switchPath, natPath, through,
];

/** Bytes without FCS; 0 is the Internet mix. */
export function sizeName(size: number): string {
  return size === 0 ? "IMIX" : `${size} bytes`;
}

export function count(n: number): string { return n.toLocaleString("en"); }
