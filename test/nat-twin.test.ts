import fc from "fast-check";
import { expect, test } from "vitest";
import * as abi from "../assembly/abi";
import { amount, enough, PATIENCE } from "./twins/amount";
import type { Damage } from "./twins/ip-damage";
import { FILTERINGS, FLAGS, GUESTS, PEER_PORTS, PORTS, PROTOCOLS, REMOTES, SHAPES, WHATS } from "./twins/nat-acts";
import type { Act, Edge } from "./twins/nat-acts";
import { NatWorld } from "./twins/nat-world";
import { Rig } from "./twins/rig";
import type { Handing } from "./twins/rig";

type Step = ({ acts: Act[] } & Handing) | { ms: number } | Edge;

const one = (list: readonly unknown[]): fc.Arbitrary<number> => fc.nat(list.length - 1);

/** In one packet of six; of the headers for the most part. */
const value = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 2, 4, 5, 6, 8, 16, 17, 0x20, 0x40, 0x46, 255));
const damage: fc.Arbitrary<Damage | null> = fc.oneof(
  { weight: 5, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc.record({
      changes: fc.array(fc.tuple(fc.oneof(fc.nat(11), fc.nat(48)), value), { minLength: 1, maxLength: 3 }),
      refitted: fc.boolean(),
    }),
  },
);

const acts: fc.Arbitrary<Act[]> = fc.array(
  fc.record({
    what: one(WHATS), who: one(GUESTS), port: one(PORTS), protocol: one(PROTOCOLS), peer: one(REMOTES), peerPort: one(PEER_PORTS),
    flags: one(FLAGS), shape: one(SHAPES), heard: fc.nat(6), damage,
    isNatural: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12, size: "max" },
);

/** ms; around each of the times after which a NAT forgets, and such that no few of them add up to one. */
const WAITS = [
  0, 1_000, 30_007, 59_013, 61_029, 100_053, 239_111, 241_219, 299_437, 301_863, 7_000_300, 7_439_070, 7_441_130,
];

/** ns */
const LATE = [-1, -1, 0, 0, 1, -1000, 5_000, -20_000_000, 3_000_000, 30_000_000];

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ acts, split: fc.integer({ min: 1, max: 12 }), budget: fc.constantFrom(1, 3, 1000) }) },
    { weight: 1, arbitrary: fc.record({ ms: fc.constantFrom(...WAITS) }) },
    { weight: 2, arbitrary: fc.record({ which: fc.nat(40), late: fc.constantFrom(...LATE) }) },
  ),
  { minLength: 1, maxLength: 30, size: "max" },
);

const places = fc.record({ isRouter: fc.boolean(), filtering: one(FILTERINGS), isNarrow: fc.boolean() });

/** Packets of an average run. */
const PER_RUN = 43;

/** Both sides do the same, again and again. */
async function sameAsTwin(name: string, packets: number, room: number, capacities: Record<number, number>): Promise<void> {
  const rig = await Rig.create(capacities);
  let sent = 0;
  const property = fc.property(places, steps, (place, run) => {
    const world = new NatWorld(rig, { ...place, room });
    for (const step of run) {
      if (world.isVague) break;
      if ("ms" in step) world.wait(step.ms);
      else if ("late" in step) world.waitForEdge(step);
      else sent += world.do(step.acts, step);
    }
    expect(rig.balance(), "a frame went missing").toBe(0);
  });
  fc.assert(property, amount(packets, PER_RUN));
  enough(name, sent, packets);
}

test("everybody inside and outside hears what the NAT's twin says they hear, byte for byte", async () => {
  await sameAsTwin("NAT", 90_000, Infinity, {});
}, PATIENCE);

test("a NAT whose table is full refuses what is new until something has ended, and nothing else", async () => {
  const room = 6;
  await sameAsTwin("full NAT", 20_000, room, { [abi.CAPACITY_CONNECTIONS]: room, [abi.CAPACITY_MAPPINGS]: room });
}, PATIENCE);
