/** A cable that is pulled drops what was on the wire; plugging it in again does not bring it back. */
import { expect, test } from "vitest";
import type { Lab } from "../src/index";
import { BROADCAST, Guest } from "./guest";
import { smallLab } from "./inside";

/** Of every wire, ms: time enough to pull and plug while a frame is on it. */
const DELAY = 10;

interface Office {
  lab: Lab;
  alice: Guest;
  bob: Guest;
  carol: Guest;
}

/** Three guests on one switch, whom the switch knows. */
async function office(): Promise<Office> {
  const lab = await smallLab({ wire: { delay: DELAY } });
  const laptop = lab.host("laptop", []);
  const attach = laptop.internal("office");
  const [alice, bob, carol] = ["alice", "bob", "carol"].map((name, i) =>
    new Guest(lab, name, laptop.vm(name, { attach, guest: "external", mac: `02:00:00:00:00:0${i + 1}` }).adapters[0]!));
  for (const guest of [alice!, bob!, carol!]) guest.say(BROADCAST, 0);
  await lab.advance(3 * DELAY);
  return { lab, alice: alice!, bob: bob!, carol: carol! };
}

const dropped = ({ lab }: Office): number => lab.stats().drops.CABLE_OFF ?? 0;
const heard = ({ nonce }: { nonce: number }): boolean => nonce === 1;

test("what an unplugged card sends is lost at once, and stays lost when it is plugged in again", async () => {
  const it = await office();
  it.alice.adapter.cable = false;
  it.alice.say(it.bob.mac, 1);
  await it.lab.advance(0);
  expect(dropped(it)).toBe(1);
  it.alice.adapter.cable = true;
  await it.lab.advance(3 * DELAY);
  expect(it.bob.heard.filter(heard)).toEqual([]);
  expect(it.lab.stats().balance).toBe(0);
  await it.lab.close();
});

test("a frame on the wire of its sender is lost when that is pulled", async () => {
  const it = await office();
  it.alice.say(it.bob.mac, 1);
  await it.lab.advance(DELAY / 2);
  it.alice.adapter.cable = false;
  await it.lab.advance(3 * DELAY);
  expect(dropped(it)).toBe(1);
  expect(it.bob.heard.filter(heard)).toEqual([]);
  await it.lab.close();
});

test("a frame on the wire of its receiver is lost when that is pulled", async () => {
  const it = await office();
  it.alice.say(it.bob.mac, 1);
  await it.lab.advance(1.5 * DELAY);
  it.bob.adapter.cable = false;
  await it.lab.advance(3 * DELAY);
  expect(dropped(it)).toBe(1);
  expect(it.bob.heard.filter(heard)).toEqual([]);
  await it.lab.close();
});

test("a frame that leaves the switch for an unplugged card is lost then, though the cable is back before it would arrive", async () => {
  const it = await office();
  it.alice.say(it.bob.mac, 1);
  it.bob.adapter.cable = false;
  await it.lab.advance(1.5 * DELAY);
  expect(dropped(it)).toBe(1);
  it.bob.adapter.cable = true;
  await it.lab.advance(3 * DELAY);
  expect(it.bob.heard.filter(heard)).toEqual([]);
  await it.lab.close();
});

test("a flood goes to those who are plugged in when it arrives, and no copy is made for the others", async () => {
  const it = await office();
  const { copies } = it.lab.stats().frames;
  it.alice.say(BROADCAST, 1);
  await it.lab.advance(1.5 * DELAY);
  it.bob.adapter.cable = false;
  await it.lab.advance(3 * DELAY);
  expect(it.bob.heard.filter(heard)).toEqual([]);
  expect(it.carol.heard.filter(heard)).toHaveLength(1);
  expect(it.lab.stats().frames.copies).toBe(copies);
  expect(dropped(it)).toBe(0);
  await it.lab.close();
});

test("so does a flood over wires of forty different delays", async () => {
  const lab = await smallLab();
  const laptop = lab.host("laptop", []);
  const attach = laptop.internal("office");
  const guests = Array.from({ length: 40 }, (_, i) => {
    const { adapters } = laptop.vm(`vm${i}`, { attach, guest: "external", wire: { delay: 1 + i / 8 } });
    return new Guest(lab, `vm${i}`, adapters[0]!);
  });
  const last = guests.at(-1)!;
  last.adapter.cable = false;
  guests[0]!.say(BROADCAST, 1);
  await lab.advance(100);
  expect(guests.filter((guest) => guest.heard.some(heard))).toEqual(guests.slice(1, -1));
  expect(lab.stats().frames).toMatchObject({ ingress: 1, copies: 37, delivered: 38, live: 0 });
  expect(lab.stats().drops.CABLE_OFF).toBeUndefined();
  await lab.close();
});
