import { digestPass, pass, same } from "../digest";
import type { Stage } from "../digest";
import { native, writeStaged } from "../native";
import { NatRival } from "../rivals/nat";
import type { Link } from "../rivals/nat";
import type { Contestant } from "../rounds";
import { HOST, LINKS, macBytes, natTraffic } from "../setups";
import { BURST, passOf, stage } from "../traffic";
import type { Staged } from "../traffic";
import { count, sizeName } from "./question";
import type { Case, Question, Setting } from "./question";
import { natStages } from "./nat-stages";

type What = "out" | "in" | "open";

/** Sessions and frame size of each row. */
export const NAT_ROWS: [number, number][] = [[16, 60], [10_000, 60], [1_000_000, 60], [10_000, 590], [10_000, 1514], [10_000, 0]];

export const natOut = question("out", "nat-out", "copy, look up, translate from inside to outside, one hop less; UDP over IPv4, no parser");
export const natIn = question("in", "nat-in", "copy, look up, translate from outside to inside, one hop less; UDP over IPv4, no parser");
export const natOpen = question("open", "nat-open", "the same for the first packet of each session: mapping, port, connection; table empty before");

function question(what: What, name: string, inside: string): Question {
  const rows = what === "open" ? NAT_ROWS.slice(1, 3) : NAT_ROWS;
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
  const rival = natRival(sessions, staged);
  const digests = { out: digestPass(rival.out, staged.out), in: digestPass(rival.in, staged.in) };
  const engine = natStages(stages, sessions, staged);
  same("engine, NAT outbound", digests.out, engine.digest("out"));
  same("engine, NAT inbound", digests.in, engine.digest("in"));
  const files = (["out", "in"] as const).map((way) => writeStaged(`nat-${way}-${sessions}-${size}`, staged[way], linkRecords(way)));
  const digest = what === "in" ? digests.in : digests.out;
  return [
    { name: "engine, stage", frames, ...contestant(what, frames, (way) => engine.run(way), engine.flush, engine.passed) },
    {
      name: "plain JavaScript", frames,
      ...contestant(what, frames, (way) => pass(rival[way], frames), () => rival.nat.flush(), () => rival.nat.out),
    },
    native("nat", frames, (ms) => [...files, ms, what, HOST], digest),
  ];
}

/** benny times passes over open sessions; opening has to begin with an empty table, which is not timed. */
function contestant(
  what: What, frames: number, run: (way: "out" | "in") => void, flush: () => void, passed: () => number,
): Pick<Contestant, "run" | "check" | "time"> {
  let before = passed();
  if (what === "open") return { time: (ms) => openFor(ms, frames, run, flush, passed) };
  return {
    run: () => run(what),
    check: (iterations) => {
      same(`NAT ${what}, frames translated`, frames * iterations, passed() - before);
      before = passed();
    },
  };
}

function openFor(ms: number, frames: number, run: (way: "out") => void, flush: () => void, passed: () => number): number {
  const times: number[] = [];
  for (const end = performance.now() + ms; times.length < 3 || performance.now() < end; ) {
    flush();
    const before = passed();
    const began = performance.now();
    run("out");
    times.push(((performance.now() - began) * 1e6) / frames);
    same("NAT open, frames translated", frames, passed() - before);
  }
  return times.sort((a, b) => a - b)[times.length >> 1]!;
}

export function natRival(sessions: number, staged: { out: Staged; in: Staged }): { nat: NatRival; out: Stage; in: Stage } {
  const b = [HOST >>> 24, (HOST >>> 16) & 0xff, (HOST >>> 8) & 0xff, HOST & 0xff];
  const nat = new NatRival(sessions, b[0]! | (b[1]! << 8) | (b[2]! << 16) | (b[3]! << 24));
  return { nat, out: nat.stage(staged.out, true, linkWords("out")), in: nat.stage(staged.in, false, linkWords("in")) };
}

/** Two bytes of padding, both MACs, the type. */
function linkWords(way: "out" | "in"): Link {
  const bytes = Uint8Array.of(0, 0, ...macBytes(LINKS[way].dst), ...macBytes(LINKS[way].src), 8, 0);
  const [a, b, c, d] = new Int32Array(bytes.buffer);
  return [a!, b!, c!, d!];
}

export function linkRecords(way: "out" | "in"): bigint[] {
  return [...new BigUint64Array(Uint8Array.of(...macBytes(LINKS[way].dst), ...macBytes(LINKS[way].src), 0, 0, 0, 0).buffer)];
}

if (BURST !== 64) throw new Error("native/stages.as keeps 64 frame buffers");
