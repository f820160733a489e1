import * as abi from "../../assembly/abi";
import { ofSinks, same } from "../digest";
import type { BenchLab } from "../lab";
import { DigestSink } from "../rivals/path";
import type { Contestant } from "../rounds";
import { natLab, switchLab } from "../setups";
import { passOf } from "../traffic";
import type { Traffic } from "../traffic";
import { OPEN_ROWS, openFor } from "./nat";
import { SIZES, count, rowsOf, sizeName } from "./question";
import type { Case, Question } from "./question";
import { counted } from "./switch";
import { burstSlots, nativeOf, rivalOf, wholeTraffic } from "./whole";
import type { Whole } from "./whole";

/** Stations or sessions, and frame size. Frames are made on the way: any number of any size. */
const ROWS: [number, number][] = rowsOf([16, 10_000, 1_000_000], SIZES);

/** Ports that frames end at, by the numbers the rivals know them by. */
type Ends = [number: number, port: number][];

export const switchPath: Question = {
  name: "switch-path",
  inside: "generator, wire, parser, switch with everything on, wire, sink with digest: all in the engine, one call per 4096 events",
  cases: ({ engine, quick }) => (quick ? ROWS.slice(0, 1) : [...ROWS, [100_000, 60] as const]).map(([stations, size]) => ({
    title: `switch-path, ${count(stations)} stations, ${sizeName(size)}`,
    unit: "frame",
    make() {
      const { lab, ports } = switchLab(engine, stations);
      const traffic = wholeTraffic("switch", stations, size);
      const { contestant, expected } = rival("switch", stations, size);
      const ends: Ends = ports.slice(1).map((port, i) => [i + 2, port]);
      return [
        path(lab, ports[0]!, ends, traffic, expected),
        generation(lab, traffic),
        contestant,
        nativeOf("switch", stations, size, expected),
      ];
    },
  })),
};

export const natPathOut = natPath("out", "generator, switch, gateway, NAT, route, neighbour, switch, sink with digest");
export const natPathIn = natPath("in", "the same from outside to inside");
export const natPathOpen = natPath("open", "the same for the first packet of each session, tables empty before");

function natPath(what: "out" | "in" | "open", inside: string): Question {
  const name = `nat-path-${what}`;
  const rows = what === "open" ? OPEN_ROWS : ROWS;
  return {
    name,
    inside,
    cases: ({ engine, quick }) => (quick ? rows.slice(0, 1) : rows).map(([sessions, size]): Case => ({
      title: `${name}, ${count(sessions)} sessions, ${sizeName(size)}`,
      unit: what === "open" ? "session" : "frame",
      make() {
        const { lab, nat, guest, router } = natLab(engine, sessions);
        const traffic = wholeTraffic(what, sessions, size);
        const { contestant, expected } = rival(what, sessions, size);
        if (what === "in") lab.send(guest, wholeTraffic("out", sessions, size), passOf(sessions));
        const [from, ends]: [number, Ends] = what === "in" ? [router, [[1, guest]]] : [guest, [[4, router]]];
        const whole = path(lab, from, ends, traffic, expected);
        return [
          what === "open" ? opening(lab, nat, whole) : whole,
          contestant,
          nativeOf(what, sessions, size, expected),
        ];
      },
    })),
  };
}

/** Plain JavaScript, and what its sinks have to hold after one pass. */
function rival(what: Whole, flows: number, size: number): { contestant: Contestant; expected: bigint } {
  const frames = passOf(flows);
  const sink = new DigestSink();
  const { run, flush } = rivalOf(what, flows, size, burstSlots(size), sink);
  run();
  same("JavaScript, frames at the sinks", frames, sink.out);
  const expected = sink.digest();
  const whole = { name: "plain JavaScript", frames, ...digested("JavaScript", run, () => sink.digest(), expected) };
  return { contestant: what === "open" ? openingEach(whole, flush, () => sink.out) : whole, expected };
}

/** Passes of `traffic` from one port to sinks, whose digests have to grow by `expected` each time. */
function path(lab: BenchLab, from: number, ends: Ends, traffic: Traffic, expected: bigint): Contestant {
  const frames = passOf(traffic.flows);
  const sinks = (): bigint => ofSinks(ends.map(([number, port]) => [number, lab.digest(port)]));
  const whole = digested("engine", () => lab.send(from, traffic, frames), sinks, expected);
  whole.run();
  whole.check(1);
  return { name: "engine, whole path", frames, ...whole };
}

/** A run after which the digest of the sinks has to have grown by `expected` per iteration. */
function digested(who: string, run: () => void, sinks: () => bigint, expected: bigint) {
  let before: bigint | undefined;
  return {
    run: (): void => {
      before ??= sinks();
      run();
    },
    check: (iterations: number): void => {
      const grown = BigInt.asUintN(64, sinks() - before!);
      same(`${who}, digest of the sinks`, BigInt.asUintN(64, expected * BigInt(iterations)), grown);
      before = undefined;
    },
  };
}

/** What of the path is the making of frames: the same generator at a port that leads nowhere. */
function generation(lab: BenchLab, traffic: Traffic): Contestant {
  const frames = passOf(traffic.flows);
  const port = lab.x.portAdd(abi.ROLE_EXTERNAL, abi.CLASS_VM, 0);
  const dropped = (): number => lab.drops(abi.NOT_ATTACHED);
  return {
    name: "of which: generator and a drop",
    frames,
    part: true,
    ...counted("generator, frames dropped", () => lab.send(port, traffic, frames), dropped, frames),
  };
}

function opening(lab: BenchLab, nat: number, whole: Contestant): Contestant {
  return openingEach(whole, () => lab.x.natFlush(nat), () => lab.book(abi.BOOK_CONSUMED));
}

/** The same in passes in which every frame opens a session; ending them again is not timed. */
function openingEach({ name, frames, run, check }: Contestant, flush: () => void, arrived: () => number): Contestant {
  return {
    name,
    frames,
    time(ms) {
      let passes = 0;
      const ns = openFor(ms, frames, () => (passes++, run!()), flush, arrived);
      check!(passes);
      return ns;
    },
  };
}
