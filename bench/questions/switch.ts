import { digestPass, pass, same } from "../digest";
import type { Stage } from "../digest";
import { native, writeStaged } from "../native";
import { SwitchRival } from "../rivals/switch";
import type { Contestant } from "../rounds";
import { macBytes, stationsOf, switchLab, switchTraffic, tableFor } from "../setups";
import { place, roomFor } from "../stages";
import type { StageExports } from "../stages";
import { ALIGN, BURST, passOf, stage } from "../traffic";
import type { Staged } from "../traffic";
import { count, sizeName } from "./question";
import type { Question, Setting } from "./question";

/** Stations and frame size of each row. */
export const SWITCH_ROWS: [number, number][] = [
  [16, 60], [10_000, 60], [100_000, 60], [1_000_000, 60], [16, 590], [16, 1514], [16, 0], [10_000, 0],
];

export const switching: Question = {
  name: "switch",
  inside: "learn, look up, forward by copy; frames in memory, no parser",
  cases: (setting) => (setting.quick ? SWITCH_ROWS.slice(0, 2) : SWITCH_ROWS).map(([stations, size]) => ({
    title: `switch, ${count(stations)} stations, ${sizeName(size)}`,
    unit: "frame",
    make: () => contestants(setting, stations, size),
  })),
};

function contestants({ stages }: Setting, stations: number, size: number): Contestant[] {
  const frames = passOf(stations);
  const staged = stage(switchTraffic(stations, size), frames);
  const rival = switchRival(staged, stations);
  const expected = digestPass(rival, staged);
  const file = writeStaged(`switch-${stations}-${size}`, staged, recordsOf(stations));
  const engine = engineStage(stages, staged, stations);
  same("engine, switch", expected, engine.digest());
  return [
    { name: "engine, stage", frames, run: engine.run, check: engine.check },
    { name: "plain JavaScript", frames, ...counted(() => pass(rival, frames), () => rival.out, frames) },
    native("switch", frames, (ms) => [file, ms, 1, tableFor(stations)], expected),
  ];
}

/** The rival, which has heard every station. */
export function switchRival(staged: Staged, stations: number): SwitchRival {
  const rival = new SwitchRival(staged, tableFor(stations), 1);
  for (const { mac, port } of stationsOf(stations)) {
    const b = macBytes(mac);
    rival.learn(b[2]! | (b[3]! << 8) | (b[4]! << 16) | (b[5]! << 24), b[0]! | (b[1]! << 8), port, 0);
  }
  return rival;
}

function engineStage(module: WebAssembly.Module, staged: Staged, stations: number) {
  const { lab, network, ports } = switchLab<StageExports>(module, stations, roomFor(staged));
  const { frames, ring, outs } = place(lab, staged);
  const { stageSwitch } = lab.x;
  let sum = 0;
  const slots = new Int32Array(BURST);
  const burst = (first: number, n: number): void => {
    sum += stageSwitch(network, ports[0]!, frames, staged.stride, ring, outs, first, n);
  };
  const run = (): void => pass({ burst, slots }, staged.count);
  run();
  const each = sum;
  sum = 0;
  return {
    run,
    check: (iterations: number) => {
      same("engine, ports of a pass", each * iterations, sum);
      sum = 0;
    },
    digest: () => {
      const found = digestPass(viewOf(burst, lab.words, outs, ring, staged), { ...staged, bytes: lab.bytes, ring });
      sum = 0;
      return found;
    },
  };
}

/** An engine's stage as `digestPass` wants it: results as slots of the ring. */
function viewOf(burst: Stage["burst"], words: Uint32Array, outs: number, ring: number, { stride }: Staged): Stage {
  const slots = new Int32Array(BURST);
  return {
    slots,
    burst(first, n) {
      burst(first, n);
      for (let i = 0; i < n; i++) {
        const out = words[(outs >> 2) + i]!;
        slots[i] = out === 0 ? -1 : (out - ALIGN - ring) / stride;
      }
    },
  };
}

/** A run whose frames out are counted and have to be `each` per iteration. */
export function counted(run: () => void, out: () => number, each: number): Pick<Contestant, "run" | "check"> {
  let before = out();
  return {
    run,
    check: (iterations) => {
      const now = out();
      same("JavaScript, frames out", each * iterations, now - before);
      before = now;
    },
  };
}

/** Every station for the C programs: the MAC's six bytes as a little-endian number, the port. */
export function recordsOf(stations: number): bigint[] {
  return [...stationsOf(stations)].flatMap(({ mac, port }) => [
    macBytes(mac).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
    BigInt(port),
  ]);
}
