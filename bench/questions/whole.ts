import { pass } from "../digest";
import { SEED } from "../lab";
import { generatorRecords, native, writeStaged } from "../native";
import { GeneratorRival } from "../rivals/generator";
import { NatPath, SwitchPath } from "../rivals/path";
import type { Sink, Source, Way } from "../rivals/path";
import { ParseRival } from "../rivals/parse";
import type { Contestant } from "../rounds";
import { HOST, NAT_STATIONS, natTraffic, stationsOf, switchTraffic, tableFor } from "../setups";
import { BURST, passOf, stagedFor } from "../traffic";
import type { Staged, Traffic } from "../traffic";
import { emptyNat, linkRecords, linkWords } from "./nat";
import { heard, recordsOf, switchRival } from "./switch";

/** Which way the whole path leads: through one switch, or out of, into, or for the first time out of a NAT. */
export type Whole = "switch" | "out" | "in" | "open";

/** Entries of the table that knows a NAT's four neighbours. */
const FOUR = 8192;

export const WAYS: Record<"out" | "in", Way> = {
  out: { outbound: true, ingress: 1, enters: 2, leaves: 3, link: linkWords("out") },
  in: { outbound: false, ingress: 4, enters: 3, leaves: 2, link: linkWords("in") },
};

/** Slots for one burst. */
export function burstSlots(size: number): Staged { return stagedFor(BURST, size === 0 ? 1514 : size); }

/** What is sent that way, with so many stations or sessions. */
export function wholeTraffic(what: Whole, count: number, size: number): Traffic {
  if (what === "switch") return switchTraffic(count, size);
  return natTraffic(count, size)[what === "in" ? "in" : "out"];
}

/** The whole path in plain JavaScript. */
export interface Rival {
  /** One pass. */
  run(): void;
  /** Ends all sessions. */
  flush(): void;
}

/** @param source  what fills `staged`; the generator unless told otherwise */
export function rivalOf(what: Whole, count: number, size: number, staged: Staged, sink: Sink, source?: Source): Rival {
  const frames = passOf(count);
  const generated = (one: Whole): GeneratorRival => new GeneratorRival(wholeTraffic(one, count, size), staged);
  const make = (one: Whole, from: Source, to: Sink): Source => {
    const parser = new ParseRival(staged);
    if (one === "switch") return new SwitchPath(staged, from, parser, rival, to);
    return new NatPath(staged, from, parser, rival, nat, WAYS[one === "in" ? "in" : "out"], to);
  };
  const rival = what === "switch" ? switchRival(count) : heard(FOUR, NAT_STATIONS);
  const nat = emptyNat(what === "switch" ? 0 : count);
  if (what === "in") pass(make("out", generated("out"), { take: () => {} }), frames);
  const generator = source ? undefined : generated(what);
  const path = make(what, source ?? generator!, sink);
  return {
    run() {
      generator?.restart();
      pass(path, frames);
    },
    flush: () => nat.flush(),
  };
}

/** The same in C: with the frames of `staged` copied in and out, or with a generator and sinks. */
export function nativeOf(what: Whole, count: number, size: number, digest: bigint, staged?: Record<"out" | "in", Staged>): Contestant {
  const stations = what === "switch" ? [...stationsOf(count)] : NAT_STATIONS;
  const nothing = { ...burstSlots(size), count: 0, ring: 0, lengths: new Uint16Array(0) };
  const file = (way: "out" | "in"): string => {
    const traffic = what === "switch" ? wholeTraffic(what, count, size) : natTraffic(count, size)[way];
    const records = [...generatorRecords(traffic), ...linkRecords(way), ...recordsOf(stations)];
    return writeStaged(`path-${way}`, staged?.[way] ?? nothing, records);
  };
  const files = [file("out"), what === "switch" ? "-" : file("in")];
  const entries = what === "switch" ? tableFor(count) : FOUR;
  return native("path", passOf(count), (ms) => [what, ms, ...files, entries, ...SEED, HOST, count], digest);
}

