import fc from "fast-check";
import { expect, test } from "vitest";
import * as abi from "../assembly/abi";
import { amount, enough, PATIENCE } from "./twins/amount";
import { Rig } from "./twins/rig";
import type { Delivery, Handing } from "./twins/rig";
import { LearningBridge, Stations, StaticSwitch } from "./twins/switch-slowly";
import type { Port, Switch } from "./twins/switch-slowly";

/** A frame to be sent; numbers choose from the lists below. */
interface Sent {
  port: number;
  src: number;
  dst: number;
  length: number;
  type: number;
  fill: number;
  /** Bytes that are changed afterwards: [place, value]. */
  damage: [number, number][];
}

type Step =
  | ({ what: "send"; frames: Sent[] } & Handing)
  | { what: "wait"; ms: number }
  | { what: "move"; port: number; network: number }
  | { what: "cable"; port: number; on: boolean }
  | { what: "policy"; port: number; policy: number };

/** Lines, one per delivery. */
interface Outcome {
  got: string[];
  expected: string[];
  /** What it would be if the switch had forgotten all stations. */
  floods: string[];
}

const PORTS = 8;
const NETWORKS = 3;
const AGEING = 300_000;
/** ns; ports of one delay share a lane, and one is so slow that frames overtake its. */
const DELAYS = [50_000, 50_000, 50_000, 50_000, 70_000, 50_000, 1_000_000, 33];
const OWNERS = ["vm", "vm", "vm", "vm", "vm", "service", "host", "vm"] as const;
const WITH_WIRE = ["vm", "vm", "vm", "vm", "vm", "service", "host", "wire"] as const;
const CLASSES = { vm: abi.CLASS_VM, host: abi.CLASS_HOST, wire: abi.CLASS_WIRE, service: abi.CLASS_SERVICE };
const POLICIES = ["deny", "allow-vms", "allow-all"] as const;

const station = (n: number): string => `02:00:00:00:00:${n.toString(16).padStart(2, "0")}`;
const SOURCES = [...Array.from({ length: 13 }, (_, n) => station(n)), "00:00:00:00:00:01", "fe:ff:ff:ff:ff:ff", "03:00:00:00:00:01"];
const GROUPS = ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:fb", "01:80:c2:00:00:00", "01:80:c2:00:00:0f", "01:80:c2:00:00:10"];
const DESTINATIONS = [...SOURCES, ...GROUPS, station(200)];
/** Shorter than a frame, shortest, usual, longest, longer than a frame. */
const LENGTHS = [60, 60, 60, 14, 18, 61, 1514, 1522, 13, 1523];
const TYPES = [0x88b5, 0x0800, 0x86dd, 0x0806, 0x8100, 0x0010];
const FILLS = [0, 0x45, 0x60];

/** What the property has sent so far, over all its runs. */
let sent = 0;

/** The engine's switches beside their twins: the same ports, the same cables. */
class World {
  readonly ports: Port[];
  private readonly ids: number[];
  private readonly networks: number[];
  private readonly places = new Map<Port, Switch>();
  private serial = 0;

  constructor(
    private readonly rig: Rig, kind: number, private readonly switches: Switch[], owners: readonly Port["owner"][], macs: boolean,
  ) {
    rig.reset();
    const { call } = rig.engine;
    this.networks = switches.map(() => call.networkAdd(kind, AGEING));
    this.ports = DELAYS.map((_, i) => {
      const mac = macs && i < 4 ? station(i) : null;
      return { owner: owners[i]!, policy: "deny", mac, cable: true };
    });
    this.ids = this.ports.map(({ owner, mac }, i) => rig.port(CLASSES[owner], DELAYS[i]!, mac ?? undefined));
    for (let port = 0; port < PORTS; port++) this.move(port, port === 4 ? 1 : 0);
  }

  /** Does it on both sides; what the engine delivered, and what it should have. */
  do(step: Step): Outcome {
    if (step.what === "send") return this.send(step);
    if (step.what === "wait") this.rig.wait(step.ms);
    if (step.what === "move") this.move(step.port, step.network);
    if (step.what === "cable") {
      this.ports[step.port]!.cable = step.on;
      this.rig.engine.call.portSetCable(this.ids[step.port]!, step.on ? 1 : 0);
    }
    // Policies are for cards.
    if (step.what === "policy" && this.ports[step.port]!.owner !== "wire") {
      this.ports[step.port]!.policy = POLICIES[step.policy]!;
      this.rig.engine.call.portSetPolicy(this.ids[step.port]!, step.policy);
    }
    return { got: [], expected: [], floods: [] };
  }

  /** MACs are unique: a card that has none yet does not begin with another's. */
  private ownSource(frame: Sent): Sent {
    const isNameless = this.switches[0] instanceof StaticSwitch && this.ports[frame.port]!.mac === null;
    if (!isNameless) return frame;
    return { ...frame, src: frame.port + 4, damage: frame.damage.filter(([at]) => at < 6 || at > 11) };
  }

  /** @param network  NETWORKS: none */
  private move(port: number, network: number): void {
    const { call } = this.rig.engine;
    const twin = this.ports[port]!;
    this.places.get(twin)?.unplug(twin);
    this.places.delete(twin);
    call.portDetach(this.ids[port]!);
    if (network === NETWORKS) return;
    call.portAttach(this.ids[port]!, this.networks[network]!);
    this.places.set(twin, this.switches[network]!);
    this.switches[network]!.plug(twin);
  }

  private send({ frames, ...handing }: { frames: Sent[] } & Handing): Outcome {
    const now = this.rig.now;
    const made = frames.map((frame) => {
      const each = this.ownSource(frame);
      return { ...each, bytes: frameOf(each, ++this.serial) };
    });
    sent += made.length;

    // Equal times: in the order in which they were sent.
    const arriving = made.map((each) => ({ ...each, time: now + DELAYS[each.port]! })).sort((a, b) => a.time - b.time);
    const expected: Delivery[] = [];
    const floods: Delivery[] = [];
    for (const { port, bytes, time } of arriving) {
      const from = this.ports[port]!;
      const place = this.places.get(from);
      if (!place || !from.cable || bytes.length < 14 || bytes.length > 1522) continue;
      const flooded = place instanceof LearningBridge ? place.flood(from) : [];
      const receivers = place.receive({ src: macIn(bytes, 6), dst: macIn(bytes, 0) }, from, time / 1e6);
      const at = (to: Port): Delivery =>
        ({ port: this.ports.indexOf(to), time: time + DELAYS[this.ports.indexOf(to)]!, frame: bytes });
      expected.push(...receivers.filter(({ cable }) => cable).map(at));
      if (!receivers.includes(from)) floods.push(...flooded.filter(({ cable }) => cable).map(at));
    }
    const delivered = this.rig.send(made.map(({ port, bytes }) => ({ port: this.ids[port]!, frame: bytes })), handing);
    const got = delivered.map((each) => ({ ...each, port: this.ids.indexOf(each.port) }));
    return { got: lines(got, now), expected: lines(expected, now), floods: lines(floods, now) };
  }
}

/** One line per delivery: receiver, time, and every byte. At one port, equal times stay in the order they came. */
function lines(deliveries: Delivery[], now: number): string[] {
  return deliveries
    .sort((a, b) => a.port - b.port || a.time - b.time)
    .map(({ port, time, frame }) => `port ${port} +${time - now} ns ${digest(frame)}`);
}

function frameOf({ src, dst, length, type, fill, damage }: Sent, serial: number): Uint8Array {
  const bytes = new Uint8Array(LENGTHS[length]!).fill(FILLS[fill]!);
  // A frame that is a header and nothing else is told from others by its type.
  const etherType = bytes.length < 18 ? 0x9000 + (serial % 4096) : TYPES[type]!;
  bytes.set([...macBytes(DESTINATIONS[dst]!), ...macBytes(SOURCES[src]!), etherType >> 8, etherType & 255].slice(0, bytes.length));
  if (bytes.length >= 18) new DataView(bytes.buffer).setUint32(bytes.length - 4, serial);
  for (const [at, value] of damage) if (at < bytes.length - 4) bytes[at] = value;
  return bytes;
}

/** The MAC at `at` of a frame. */
function macIn(frame: Uint8Array, at: number): string {
  return Array.from(frame.subarray(at, at + 6), (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

const MAC_BYTES = new Map([...DESTINATIONS].map((mac) => [mac, mac.split(":").map((part) => parseInt(part, 16))]));
const macBytes = (mac: string): number[] => MAC_BYTES.get(mac)!;

function digest(frame: Uint8Array): string {
  const start = Array.from(frame.subarray(0, 14), (byte) => byte.toString(16).padStart(2, "0")).join("");
  let sum = 0;
  for (const byte of frame) sum = (Math.imul(sum, 31) + byte) | 0;
  return `${start} (${frame.length} bytes, ${sum})`;
}

/** An index into a list. */
const one = (list: readonly unknown[]): fc.Arbitrary<number> => fc.nat(list.length - 1);

/** In one frame of four; of MACs, of what follows, or of either. */
const change = fc.tuple(fc.oneof(fc.nat(11), fc.nat(60)), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2, 0x40, 0x81, 255)));
const damage: fc.Arbitrary<[number, number][]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<[number, number][]>([]) },
  { weight: 1, arbitrary: fc.array(change, { maxLength: 3 }) },
);

const frames = fc.array(
  fc.record({
    port: fc.nat(PORTS - 1), src: one(SOURCES), dst: one(DESTINATIONS), length: one(LENGTHS), type: one(TYPES), fill: one(FILLS),
    damage,
  }),
  { minLength: 1, maxLength: 24, size: "max" },
);

const WAITS = [0, 1, 1000, 100_000, 150_000, 299_990, 299_999, 300_000];
const port = fc.nat(PORTS - 1);
const burst = { frames, split: fc.integer({ min: 1, max: 24 }), budget: fc.constantFrom(1, 3, 1000) };

/** @param moves  how often a port changes its network, or is plugged in anew */
const stepsWith = (moves: number): fc.Arbitrary<Step[]> => fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ what: fc.constant("send" as const), ...burst }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constant("wait" as const), ms: fc.constantFrom(...WAITS) }) },
    { weight: moves, arbitrary: fc.record({ what: fc.constant("move" as const), port, network: fc.nat(NETWORKS) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant("cable" as const), port, on: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant("policy" as const), port, policy: fc.nat(2) }) },
  ),
  { minLength: 1, maxLength: 30, size: "max" },
);

const steps = stepsWith(1);

/** Frames of an average run. */
const PER_RUN = 100;
const SLOW_PER_RUN = 60;

/** Both sides do the same, again and again. `agree` is called after each step. */
async function sameAsTwin(
  name: string, count: number, make: (rig: Rig) => World, agree: (after: Outcome) => void, capacities: Record<number, number> = {},
  doing = steps,
): Promise<void> {
  const rig = await Rig.create(capacities);
  sent = 0;
  const property = fc.property(doing, (run) => {
    const world = make(rig);
    for (const step of run) agree(world.do(step));
    expect(rig.balance(), "a frame went missing").toBe(0);
  });
  fc.assert(property, amount(count, doing === steps ? PER_RUN : SLOW_PER_RUN));
  enough(name, sent, count);
}

function equal({ got, expected }: Outcome): void {
  if (got.join() !== expected.join()) expect(got).toEqual(expected);
}

/** Each frame went where the twin sends it, or to everybody. */
function equalOrFlood({ got, expected, floods }: Outcome): void {
  const [now, right, everywhere] = [got, expected, floods].map(byFrame) as [Lines, Lines, Lines];
  for (const frame of new Set([...now.keys(), ...right.keys()])) {
    const to = now.get(frame)?.join("\n");
    if (to !== right.get(frame)?.join("\n")) expect(to).toEqual(everywhere.get(frame)?.join("\n"));
  }
}

type Lines = Map<string, string[]>;

function byFrame(all: string[]): Lines {
  const frames: Lines = new Map();
  for (const line of all) {
    const frame = line.slice(line.indexOf(" ns "));
    frames.set(frame, [...(frames.get(frame) ?? []), line]);
  }
  return frames;
}

/** Never two frames within two milliseconds; nor in the first, when nobody is older than who was forgotten. */
const pause: Step = { what: "wait", ms: 2 };
const slowly: fc.Arbitrary<Step[]> = stepsWith(8).map((run) => [pause, ...run.flatMap((step): Step[] =>
  step.what === "send" ? step.frames.flatMap((frame): Step[] => [{ ...step, frames: [frame] }, pause]) : [step])]);

const bridges = (): LearningBridge[] => Array.from({ length: NETWORKS }, () => new LearningBridge(AGEING));
const statics = (): StaticSwitch[] => Array.from({ length: NETWORKS }, () => new StaticSwitch());

test("a learning switch delivers what its twin delivers, to the nanosecond", async () => {
  await sameAsTwin("learning switch", 50_000, (rig) => new World(rig, abi.SWITCH_LEARNING, bridges(), WITH_WIRE, false), equal);
}, PATIENCE);

test("VirtualBox's switch delivers what its twin delivers, to the nanosecond", async () => {
  await sameAsTwin("static switch", 30_000, (rig) => new World(rig, abi.SWITCH_STATIC, statics(), OWNERS, true), equal);
}, PATIENCE);

test("VirtualBox's switch with a wire to other machines delivers what its twin delivers", async () => {
  await sameAsTwin("static switch with a wire", 10_000, (rig) => new World(rig, abi.SWITCH_STATIC, statics(), WITH_WIRE, true), equal);
}, PATIENCE);

test("a table that is too small floods frames for stations it forgot, and never sends one to a wrong port", async () => {
  const make = (rig: Rig): World => new World(rig, abi.SWITCH_LEARNING, bridges(), WITH_WIRE, false);
  await sameAsTwin("small fdb", 20_000, make, equalOrFlood, { [abi.CAPACITY_FDB]: 8 });
}, PATIENCE);

test("a table of eight knows the eight stations that were heard last", async () => {
  const make = (rig: Rig): World => {
    const stations = new Stations(8);
    const sharing = Array.from({ length: NETWORKS }, (_, name) => new LearningBridge(AGEING, name, stations));
    return new World(rig, abi.SWITCH_LEARNING, sharing, WITH_WIRE, false);
  };
  await sameAsTwin("fdb of eight", 10_000, make, equal, { [abi.CAPACITY_FDB]: 8 }, slowly);
}, PATIENCE);

test("VirtualBox's switch sends what is for the MAC of all zeros out by the wire: a card that has none yet is not meant", async () => {
  const rig = await Rig.create();
  const { call } = rig.engine;
  const network = call.networkAdd(abi.SWITCH_STATIC, AGEING);
  const [sender, silent, wire] = [abi.CLASS_VM, abi.CLASS_VM, abi.CLASS_WIRE].map((owner) => rig.port(owner, 50_000));
  for (const port of [sender!, silent!, wire!]) call.portAttach(port, network);
  const frame = Uint8Array.from([...new Array<number>(6).fill(0), ...macBytes(SOURCES[0]!), 0x88, 0xb5, ...new Array<number>(46).fill(0)]);
  const heard = rig.send([{ port: sender!, frame }], { split: 1, budget: 1000 });
  expect(heard.map(({ port }) => port)).toEqual([silent, wire]);
});
