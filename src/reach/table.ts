import { MODES } from "../modes";
import type { Mode, ModeName, Reach } from "../modes";
import type { ReasonName } from "../reasons";

/** A row of the connectivity table: a mode, or a card without a network. */
export type RowName = ModeName | "notAttached";
export type Path = keyof Mode["reach"];
export type Layer = "icmp" | "udp" | "tcp";

/** What is promised, by row and path. */
export type Promises = Record<RowName, Record<Path, Reach>>;

/** One measured cell of the table. */
export interface Cell {
  mode: RowName;
  path: Path;
  l4: Layer;
  /** What the mode promises for this protocol. */
  expected: Reach;
  /** What traffic did. `one-way`: it arrived and the answer did not. */
  seen: Reach | "one-way";
  /** Whether they are the same, with a proof. */
  ok: boolean;
  /** Why a frame that was sent did not arrive: of a `no`, and of a `forward` before it had its rule. */
  reason: ReasonName | null;
  /** How it is known, one sentence. */
  evidence: string;
}

export const ROWS: readonly RowName[] = ["nat", "natNetwork", "bridged", "internal", "hostOnly", "notAttached"];
export const PATHS: readonly Path[] = ["vm→host", "host→vm", "vm↔vm", "vm→lan", "lan→vm"];
export const LAYERS: readonly Layer[] = ["icmp", "udp", "tcp"];

/** The right-hand half of MODES, and a card without a network, which reaches nobody. */
export const PROMISES: Promises = {
  nat: MODES.nat.reach,
  natNetwork: MODES.natNetwork.reach,
  bridged: MODES.bridged.reach,
  internal: MODES.internal.reach,
  hostOnly: MODES.hostOnly.reach,
  notAttached: { "vm→host": "no", "host→vm": "no", "vm↔vm": "no", "vm→lan": "no", "lan→vm": "no" },
};

/** A forward is a rule for TCP or UDP: to ICMP it is a `no`. */
export function promised(promise: Reach, l4: Layer): Reach {
  return promise === "forward" && l4 === "icmp" ? "no" : promise;
}

/** What was found out about a cell, whatever is promised there. */
export type Finding = Pick<Cell, "seen" | "reason" | "evidence">;

/**
 * Holds what was seen against what is promised. A `no` counts only with the reason that stopped the frames: else it may be
 * the sender that knew no way, or a frame that went missing.
 */
export function judge(finding: Finding, expected: Reach): boolean {
  if (finding.seen !== expected) return false;
  return finding.seen === "yes" || finding.reason !== null;
}

/** The cells where traffic did not do what the mode promises. */
export function wrongCells(cells: readonly Cell[]): Cell[] {
  return cells.filter(({ ok }) => !ok);
}
