import { digestPass, pass, same } from "../digest";
import type { Stage } from "../digest";
import { median } from "../median";
import { native, writeStaged } from "../native";
import { NatRival } from "../rivals/nat";
import type { Link } from "../rivals/nat";
import type { Contestant } from "../rounds";
import { HOST, LINKS, macBytes, natTraffic } from "../setups";
import { BURST, fill, passOf, stage } from "../traffic";
import type { Staged } from "../traffic";
import { SIZES, count, rowsOf, sizeName } from "./question";
import type { Case, Question, Setting } from "./question";
import { natStages } from "./nat-stages";
import { counted } from "./switch";

type What = "out" | "in" | "open";

/** Sessions and frame size of each row; of 1,000,000 see SWITCH_ROWS. */
export const NAT_ROWS: [number, number][] = [...rowsOf([16, 10_000], SIZES), ...rowsOf([1_000_000], [60, 64])];
/** Opening takes as long whatever the size, and sixteen sessions are open before a stopwatch has started. */
export const OPEN_ROWS: [number, number][] = [[10_000, 60], [1_000_000, 60]];

export const natOut = question("out", "nat-out", "copy, look up, translate from inside to outside, one hop less; UDP over IPv4, no parser");
export const natIn = question("in", "nat-in", "copy, look up, translate from outside to inside, one hop less; UDP over IPv4, no parser");
export const natOpen = question("open", "nat-open", "the same for the first packet of each session: mapping, port, connection; table empty before");

function question(what: What, name: string, inside: string): Question {
  const rows = what === "open" ? OPEN_ROWS : NAT_ROWS;
  return {
    name,
    inside,
    cases: (setting): Case[] => (setting.quick ? rows.slice(0, 1) : rows).map(([sessions, size]) => ({
      title: `${name}, ${count(sessions)} sessions, ${sizeName(size)}`,
      unit: what === "open" ? "session" : "frame",
      make: () => contestants(setting, what, sessions, size),
    })),
  };
}

function contestants({ stages }: Setting, what: What, sessions: number, size: number): Contestant[] {
  const frames = passOf(sessions);
  const traffic = natTraffic(sessions, size);
  const staged = { out: stage(traffic.out, frames), in: stage(traffic.in, frames) };
  fill(staged.out);
  fill(staged.in);
  const rival = natRival(sessions, staged);
  const digests = { out: digestPass(rival.out, staged.out), in: digestPass(rival.in, staged.in) };
  const engine = natStages(stages, sessions, staged);
  same("engine, NAT outbound", digests.out, engine.digest("out"));
  const way = what === "in" ? "in" : "out";
  const digest = digests[way];
  const files = (["out", "in"] as const).map((one) => writeStaged(`nat-${one}`, staged[one], linkRecords(one)));
  return [
    {
      name: "engine, stage", frames, ...contestant(what, frames, (one) => engine.run(one), engine.flush, engine.passed),
      verify: () => same(`engine, NAT ${what}`, digest, engine.digest(way)),
    },
    {
      name: "plain JavaScript", frames,
      ...contestant(what, frames, (one) => pass(rival[one], frames), () => rival.nat.flush(), () => rival.nat.out),
      verify: () => same(`JavaScript, NAT ${what}`, digest, digestPass(rival[way], staged[way])),
    },
    native("nat", frames, (ms) => [...files, ms, what, HOST, sessions], digest),
  ];
}

/** benny times passes over open sessions; opening has to begin with an empty table, which is not timed. */
function contestant(
  what: What, frames: number, run: (way: "out" | "in") => void, flush: () => void, passed: () => number,
): Pick<Contestant, "run" | "check" | "time"> {
  if (what === "open") return { time: (ms) => openFor(ms, frames, () => run("out"), flush, passed) };
  return counted(`NAT ${what}, frames translated`, () => run(what), passed, frames);
}

/** The median pass, ns per frame, of passes that begin without a session; `passed` has to grow by `frames` in each. */
export function openFor(ms: number, frames: number, run: () => void, flush: () => void, passed: () => number): number {
  const times: number[] = [];
  for (const end = performance.now() + ms; times.length < 1 || performance.now() < end; ) {
    flush();
    const before = passed();
    const began = performance.now();
    run();
    times.push(((performance.now() - began) * 1e6) / frames);
    same("frames that opened a session", frames, passed() - before);
  }
  return median(times);
}

export function natRival(sessions: number, staged: { out: Staged; in: Staged }): { nat: NatRival; out: Stage; in: Stage } {
  const nat = emptyNat(sessions);
  return { nat, out: nat.stage(staged.out, true, linkWords("out")), in: nat.stage(staged.in, false, linkWords("in")) };
}

/** A NAT under the host's address, as it lies in a frame. */
export function emptyNat(sessions: number): NatRival {
  const swapped = new DataView(new ArrayBuffer(4));
  swapped.setUint32(0, HOST);
  return new NatRival(sessions, swapped.getInt32(0, true));
}

/** Two bytes of padding, both MACs, the type. */
export function linkWords(way: "out" | "in"): Link {
  const bytes = Uint8Array.of(0, 0, ...macBytes(LINKS[way].dst), ...macBytes(LINKS[way].src), 8, 0);
  const [a, b, c, d] = new Int32Array(bytes.buffer);
  return [a!, b!, c!, d!];
}

export function linkRecords(way: "out" | "in"): bigint[] {
  return [...new BigUint64Array(Uint8Array.of(...macBytes(LINKS[way].dst), ...macBytes(LINKS[way].src), 0, 0, 0, 0).buffer)];
}

if (BURST !== 64) throw new Error("native/stages.as keeps 64 frame buffers");
