/** Wires of every kind that change, move, break and go while everybody talks: no frame goes missing, and the end is the same every time. */
import { expect, test } from "vitest";
import type { Adapter, Network, WireCharacter, WireOptions } from "../src/index";
import { BROADCAST } from "./guest";
import { dice, faultsInBooks, smallLab } from "./inside";
import { numbered } from "./wired";

type Roll = () => number;
const pick = <T>(roll: Roll, from: readonly T[]): T => from[Math.floor(roll() * from.length)]!;

function character(roll: Roll): WireCharacter {
  const maybe = <T>(value: T, chance = 0.35): T | undefined => (roll() < chance ? value : undefined);
  return {
    delay: maybe(Math.floor(roll() * 30) / 4), jitter: maybe(Math.floor(roll() * 8)), rate: maybe(pick(roll, ["100k", "2m", "1g", "300K"])),
    queue: maybe(pick(roll, [0, 3, { bytes: 4000 }, { frames: 9, bytes: 9000 }])), loss: maybe(pick(roll, [0.2, 1, { toBad: 0.2, toGood: 0.5 }]), 0.2),
    duplicate: maybe(0.3), corrupt: maybe(0.2), mtu: maybe(600, 0.1), reorder: maybe(pick(roll, [true, false, { chance: 0.3, by: 4 }])),
  };
}

const wireOf = (roll: Roll): WireOptions => (roll() < 0.15 ? {} : { ...character(roll), ...(roll() < 0.3 && { send: character(roll) }), ...(roll() < 0.3 && { receive: character(roll) }) });

async function storm(seed: number): Promise<{ hash: string; drops: object; delivered: number }> {
  const roll = dice(seed);
  const lab = await smallLab({ seed, wire: { delay: pick(roll, [0, 0.05, 2]) }, capacity: { frames: pick(roll, [64, 1024]), flights: pick(roll, [48, 2048]), wires: pick(roll, [16, 64]) } });
  const lan = lab.lan("home", { wire: wireOf(roll) });
  const laptop = lab.host("laptop", lan, { wire: wireOf(roll) });
  const desk = lab.host("desk", lan);
  const networks: Network[] = [laptop.internal("office", { wire: wireOf(roll) }), laptop.internal("lab", { switch: "virtualbox" }), laptop.bridged(), laptop.natNetwork("out")];
  const cards: Adapter[] = [];
  for (let i = 0; i < 10; i++) {
    const options = { attach: pick(roll, networks), guest: "external", promiscuous: pick(roll, ["deny", "allow-all"] as const) } as const;
    const card = laptop.vm(`vm${i}`, options).adapters[0]!;
    if (roll() < 0.8) card.onframe = () => {};
    cards.push(card);
  }
  const groups = ["slow", "fast"].map((name) => laptop.bandwidthGroup(name, { limit: "10k", receiveLimit: name === "slow" ? "20k" : 0 }));
  const capture = networks[0]!.capture();
  const mac = (i: number): string => `02:00:00:00:07:0${i % 10}`;
  const tolerated = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      if ((error as { code?: string }).code !== "FULL") throw error;
    }
  };
  for (let step = 0; step < 400; step++) {
    const [i, what] = [Math.floor(roll() * cards.length), roll()];
    const card = cards[i]!;
    if (what < 0.6) for (let n = roll() * 12; n > 0; n--) card.send(numbered(step, 60 + Math.floor(roll() * 1400), roll() < 0.4 ? BROADCAST : mac(Math.floor(roll() * 10)), mac(i)));
    else if (what < 0.72) tolerated(() => { card.wire = wireOf(roll); });
    else if (what < 0.76) tolerated(() => { pick(roll, [...networks.slice(0, 2), lan]).wire = wireOf(roll); });
    else if (what < 0.78) tolerated(() => { pick(roll, [laptop, desk]).wire = wireOf(roll); });
    else if (what < 0.84) tolerated(() => { card.bandwidthGroup = pick(roll, [...groups, null]); });
    else if (what < 0.87) pick(roll, groups).limit = pick(roll, [0, "5k", "1m", 3]);
    else if (what < 0.91) tolerated(() => card.attach(pick(roll, [...networks, laptop.notAttached()])));
    else if (what < 0.95) card.cable = !card.cable;
    else if (what < 0.97) void laptop.ping(desk, { timeout: 40 }).catch(() => {});
    if (roll() < 0.5) await lab.advance(Math.floor(roll() * 40) / 8);
    if (step % 40 === 0) expect(faultsInBooks(lab), `seed ${seed}, step ${step}`).toEqual([]);
  }
  for (const vm of laptop.vms.slice(0, 5)) await vm.remove();
  expect(faultsInBooks(lab), `seed ${seed}, half of them gone`).toEqual([]);
  for (const group of groups) group.remove();
  await lab.advance(30_000);
  expect(lab.stats().frames.live, `seed ${seed}`).toBe(0);
  expect(faultsInBooks(lab), `seed ${seed}`).toEqual([]);
  const { drops, frames: { delivered } } = lab.stats();
  const result = { hash: lab.stateHash(), drops, delivered, captured: capture.bytes().length };
  await desk.remove();
  await laptop.remove();
  lan.remove();
  expect(faultsInBooks(lab), `seed ${seed}, all of them gone`).toEqual([]);
  await lab.close();
  return result;
}

test("in forty storms no frame goes missing, and none is left behind", async () => {
  const all = new Set<string>();
  for (let seed = 1; seed <= 40; seed++) for (const reason of Object.keys((await storm(seed)).drops)) all.add(reason);
  expect([...all]).toEqual(expect.arrayContaining(["WIRE_LOSS", "WIRE_MTU", "QUEUE_FULL", "NOT_ATTACHED", "CABLE_OFF"]));
}, 60_000);

test("the same storm ends the same", async () => {
  for (const seed of [3, 8]) {
    const first = await storm(seed);
    expect(first.delivered).toBeGreaterThan(100);
    expect(await storm(seed)).toEqual(first);
  }
}, 30_000);
