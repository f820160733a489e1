import * as abi from "../../assembly/abi";
import { digestPass, same } from "../digest";
import type { BenchLab } from "../lab";
import type { Contestant } from "../rounds";
import { natLab, natTraffic, switchLab, switchTraffic } from "../setups";
import { passOf, stage } from "../traffic";
import type { Traffic } from "../traffic";
import { count, sizeName } from "./question";
import type { Question } from "./question";
import { NAT_ROWS, natRival } from "./nat";
import { SWITCH_ROWS, switchRival } from "./switch";

export const switchPath: Question = {
  name: "switch-path",
  inside: "generator, wire, parser, switch with everything on, wire, sink with digest: all in the engine, one call per 4096 events",
  cases: ({ engine, quick }) => (quick ? SWITCH_ROWS.slice(0, 2) : SWITCH_ROWS).map(([stations, size]) => ({
    title: `switch-path, ${count(stations)} stations, ${sizeName(size)}`,
    unit: "frame",
    make() {
      const { lab, ports } = switchLab(engine, stations);
      const traffic = switchTraffic(stations, size);
      const staged = stage(traffic, passOf(stations));
      const expected = digestPass(switchRival(staged, stations), staged);
      return [path(lab, ports[0]!, ports.slice(1), traffic, expected), generation(lab, traffic)];
    },
  })),
};

export const natPath: Question = {
  name: "nat-path",
  inside: "generator, switch, gateway, NAT, route, neighbour, switch, sink with digest; and back",
  cases: ({ engine, quick }) => (quick ? NAT_ROWS.slice(0, 2) : NAT_ROWS).map(([sessions, size]) => ({
    title: `nat-path, ${count(sessions)} sessions, ${sizeName(size)}`,
    unit: "frame",
    make() {
      const { lab, nat, guest, router } = natLab(engine, sessions);
      const traffic = natTraffic(sessions, size);
      const frames = passOf(sessions);
      const staged = { out: stage(traffic.out, frames), in: stage(traffic.in, frames) };
      const rival = natRival(sessions, staged);
      const out = digestPass(rival.out, staged.out);
      const back = digestPass(rival.in, staged.in);
      lab.send(guest, traffic.out, frames);
      return [
        { ...path(lab, guest, [router], traffic.out, out), name: "engine, out" },
        { ...path(lab, router, [guest], traffic.in, back), name: "engine, in" },
        ...(sessions > 1000 && size === 60 ? [opening(lab, nat, guest, traffic.out)] : []),
      ];
    },
  })),
};

/** Passes of `traffic` from one port to sinks, whose digests have to grow by `expected` each time. */
function path(lab: BenchLab, from: number, to: number[], traffic: Traffic, expected: bigint): Contestant {
  const frames = passOf(traffic.flows);
  const sum = (): bigint => BigInt.asUintN(64, to.reduce((all, port) => all + lab.digest(port), 0n));
  // Another contestant may have sent to the same sinks in between.
  let before: bigint | undefined;
  const run = (): void => {
    before ??= sum();
    lab.send(from, traffic, frames);
  };
  const check = (iterations: number): void => {
    const grown = BigInt.asUintN(64, sum() - before!);
    same("path, digest of the sinks", BigInt.asUintN(64, expected * BigInt(iterations)), grown);
    before = undefined;
  };
  run();
  check(1);
  return { name: "engine, whole path", frames, run, check };
}

/** What of the path is the making of frames: the same generator at a port that leads nowhere. */
function generation(lab: BenchLab, traffic: Traffic): Contestant {
  const frames = passOf(traffic.flows);
  const port = lab.x.portAdd(abi.ROLE_EXTERNAL, abi.CLASS_VM, 0);
  const dropped = (): number => lab.drops(abi.NOT_ATTACHED);
  let before = dropped();
  return {
    name: "of which: generator and a drop",
    frames,
    run: () => lab.send(port, traffic, frames),
    check(iterations) {
      same("generator, frames dropped", frames * iterations, dropped() - before);
      before = dropped();
    },
  };
}

/** Passes in which every frame opens a session; ending them again is not timed. */
function opening(lab: BenchLab, nat: number, guest: number, traffic: Traffic): Contestant {
  const consumed = (): number => lab.book(abi.BOOK_CONSUMED);
  return {
    name: "engine, out, opening a session each",
    frames: traffic.flows,
    time(ms) {
      const times: number[] = [];
      for (const end = performance.now() + ms; times.length < 3 || performance.now() < end; ) {
        lab.x.natFlush(nat);
        const before = consumed();
        const began = performance.now();
        lab.send(guest, traffic, traffic.flows);
        times.push(((performance.now() - began) * 1e6) / traffic.flows);
        same("opening, frames at the sink", traffic.flows, consumed() - before);
      }
      lab.send(guest, traffic, traffic.flows);
      return times.sort((a, b) => a - b)[times.length >> 1]!;
    },
  };
}
