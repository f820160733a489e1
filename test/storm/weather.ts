/** What a storm does to wires, cables and cards while a transfer goes on. */
import type { BurstLoss, WireCharacter, WireOptions } from "../../src/index";
import type { Place } from "./place";

export type Roll = () => number;
export const pick = <T>(roll: Roll, from: readonly T[]): T => from[Math.floor(roll() * from.length)]!;
export const upTo = (roll: Roll, most: number): number => Math.floor(roll() * (most + 1));

/** Longest time without carrier or network, ms. */
export const LONGEST_GAP = 8000;
/** Slowest wire, bits per second, and the delay and jitter of the slowest, ms. */
export const SLOWEST_RATE = 200_000;
export const LONGEST_DELAY = 60;
/** What every host has to take (RFC 791 §3.1): with less, and nobody who says so, nothing large would ever arrive. */
const LEAST_MTU = 576;

/** How bad a storm is. */
export interface Climate {
  /** Most of all frames that one wire loses. */
  loss: number;
  /** Of the frames on the one wire that damages them: two flips that hide each other from a checksum would be nobody's fault. */
  corruption: number;
}

/** What is left of the weather when it has cleared: wires still take time, and no more than that. */
export function clearWire(roll: Roll): WireOptions {
  return { delay: upTo(roll, LONGEST_DELAY / 2), ...(roll() < 0.5 && { rate: pick(roll, ["200k", "2m", "50m"]) }), ...(roll() < 0.2 && { mtu: LEAST_MTU + upTo(roll, 900) }) };
}

function lossOf(roll: Roll, most: number): number | BurstLoss {
  if (roll() < 0.5) return roll() * most;
  // A burst lasts 1 / toGood frames; toBad / (toBad + toGood) of all frames are lost.
  const toGood = 0.1 + roll() * 0.5;
  const share = roll() * most;
  return { toBad: (share * toGood) / (1 - share), toGood };
}

function stormyWay(roll: Roll, { loss }: Climate): WireCharacter {
  const maybe = <T>(value: T, chance = 0.5): T | undefined => (roll() < chance ? value : undefined);
  return {
    delay: maybe(upTo(roll, LONGEST_DELAY / 2)), jitter: maybe(upTo(roll, LONGEST_DELAY / 2), 0.3), rate: maybe(pick(roll, ["200k", "2m", "10m", "100m"])),
    queue: maybe(pick(roll, [4, 20, { bytes: 8000 }, { frames: 12, bytes: 9000 }]), 0.4),
    loss: maybe(lossOf(roll, loss), 0.6), duplicate: maybe(roll() * 0.2, 0.4),
    reorder: maybe(pick(roll, [true, false, { chance: roll() * 0.4, by: upTo(roll, LONGEST_DELAY) }])),
    mtu: maybe(LEAST_MTU + upTo(roll, 900), 0.15),
  };
}

export function stormyWire(roll: Roll, climate: Climate, damages = false): WireOptions {
  const wire: WireOptions = roll() < 0.6 ? stormyWay(roll, climate) : { send: stormyWay(roll, climate), receive: stormyWay(roll, climate) };
  return damages ? { ...wire, corrupt: roll() * climate.corruption } : wire;
}

/** Changes something about the place; resolves when that is whole again. */
export async function gust({ lab, wires, cables, movables }: Place, roll: Roll, climate: Climate): Promise<void> {
  const what = roll();
  if (what < 0.7) {
    const i = upTo(roll, wires.length - 1);
    wires[i]!.wire = stormyWire(roll, climate, i === 0);
    return;
  }
  const gap = upTo(roll, roll() < 0.7 ? 300 : LONGEST_GAP);
  if (what < 0.85) {
    const card = pick(roll, cables);
    card.cable = false;
    await lab.sleep(gap);
    card.cable = true;
    return;
  }
  const { card, home, elsewhere } = pick(roll, movables);
  card.attach(elsewhere);
  await lab.sleep(gap);
  card.attach(home);
}
