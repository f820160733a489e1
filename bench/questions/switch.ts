import { digestPass, pass, same } from "../digest";
import type { Stage } from "../digest";
import { native, writeStaged } from "../native";
import { SwitchRival, SwitchStage } from "../rivals/switch";
import type { Contestant } from "../rounds";
import { macBytes, stationsOf, switchLab, switchTraffic, tableFor } from "../setups";
import { place, roomFor } from "../stages";
import type { StageExports } from "../stages";
import type { Placed } from "../setups";
import { ALIGN, BURST, fill, passOf, stage } from "../traffic";
import type { Staged } from "../traffic";
import { SIZES, count, rowsOf, sizeName } from "./question";
import type { Question, Setting } from "./question";

/**
 * Stations and frame size of each row. At 1,000,000 stations only short frames: every frame lies in memory by itself, and of long
 * ones 1.5 GB would, three times.
 */
export const SWITCH_ROWS: [number, number][] = [
  ...rowsOf([16, 10_000], SIZES), [100_000, 60], ...rowsOf([1_000_000], [60, 64]),
];

export const switching: Question = {
  name: "switch",
  inside: "learn, look up, forward by copy; frames in memory, no parser",
  cases: (setting) => (setting.quick ? SWITCH_ROWS.filter(([, size]) => size === 60).slice(0, 2) : SWITCH_ROWS).map(([stations, size]) => ({
    title: `switch, ${count(stations)} stations, ${sizeName(size)}`,
    unit: "frame",
    make: () => contestants(setting, stations, size),
  })),
};

function contestants({ stages }: Setting, stations: number, size: number): Contestant[] {
  const frames = passOf(stations);
  const staged = stage(switchTraffic(stations, size), frames);
  fill(staged);
  const js = new SwitchStage(staged, switchRival(stations), 1);
  const expected = digestPass(js, staged);
  const file = writeStaged("switch", staged, recordsOf(stationsOf(stations)));
  const engine = engineStage(stages, staged, stations);
  same("engine, ports of a pass", js.portSum, engine.portSum());
  return [
    {
      name: "engine, stage", frames, ...counted("engine, ports", engine.run, engine.portSum, js.portSum),
      verify: () => same("engine, switch", expected, engine.digest()),
    },
    {
      name: "plain JavaScript", frames, ...counted("JavaScript, ports", () => pass(js, frames), () => js.portSum, js.portSum),
      verify: () => same("JavaScript, switch", expected, digestPass(js, staged)),
    },
    native("switch", frames, (ms) => [file, ms, 1, tableFor(stations)], expected),
  ];
}

/** The rival, which has heard every station. */
export function switchRival(stations: number): SwitchRival { return heard(tableFor(stations), stationsOf(stations)); }

/** A switch with a table of so many entries that has heard `stations`. */
export function heard(entries: number, stations: Iterable<Placed>): SwitchRival {
  const rival = new SwitchRival(entries);
  for (const { mac, port } of stations) {
    const b = macBytes(mac);
    rival.learn(b[2]! | (b[3]! << 8) | (b[4]! << 16) | (b[5]! << 24), b[0]! | (b[1]! << 8), port, 0);
  }
  return rival;
}

function engineStage(module: WebAssembly.Module, staged: Staged, stations: number) {
  const { lab, network, ports } = switchLab<StageExports>(module, stations, roomFor(staged));
  const { frames, lengths, ring, outs } = place(lab, staged);
  const { stageSwitch } = lab.x;
  let sum = 0;
  const burst = (first: number, n: number): void => {
    sum += stageSwitch(network, ports[0]!, frames, staged.stride, lengths, ring, outs, first, n);
  };
  const run = (): void => pass({ burst }, staged.count);
  run();
  return {
    run,
    /** Of the ports all frames left by, since the beginning. */
    portSum: () => sum,
    digest: () => digestPass(viewOf(burst, lab.words, outs, ring, staged), { ...staged, bytes: lab.bytes, ring }),
  };
}

/** An engine's stage as `digestPass` wants it: results as slots of the ring. */
function viewOf(burst: Stage["burst"], words: Uint32Array, outs: number, ring: number, { stride }: Staged): Stage {
  const slots = new Int32Array(BURST);
  const ports = new Int32Array(BURST);
  return {
    slots,
    ports,
    burst(first, n) {
      burst(first, n);
      for (let i = 0; i < n; i++) {
        const out = words[(outs >> 2) + i]!;
        slots[i] = out === 0 ? -1 : (out - ALIGN - ring) / stride;
        ports[i] = words[(outs >> 2) + BURST + i]!;
      }
    },
  };
}

/** A run that counts something, which has to grow by `each` per iteration. */
export function counted(what: string, run: () => void, count: () => number, each: number): Pick<Contestant, "run" | "check"> {
  let before: number | undefined;
  return {
    run: () => {
      before ??= count();
      run();
    },
    check: (iterations) => {
      same(what, each * iterations, count() - before!);
      before = undefined;
    },
  };
}

/** Stations for the C programs: the MAC's six bytes as a little-endian number, the port. */
export function recordsOf(stations: Iterable<Placed>): bigint[] {
  return [...stations].flatMap(({ mac, port }) => [
    macBytes(mac).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
    BigInt(port),
  ]);
}
