/** What the tests of `lab.explain` share: a lab to ask about, frames to ask with, and what every answer has to keep to. */
import { expect } from "vitest";
import type { Explanation, Lab, Leg, Vm } from "../src/index";
import { frame, ipBytes } from "./guest";
import { smallLab } from "./inside";
import { ascii, icmp, ipv4 } from "./packets";
import type { Segment } from "./packets";
import { watch } from "./world";

export const NATNETWORK_GATEWAY = "52:54:00:12:35:00";
export const GUEST = "02:00:00:00:00:0c";
export const echo: Segment = icmp(8, 0, [0, 9, 0, 1, ...ascii("hello")]);

/** An IPv4 packet in a frame. */
export function packet(from: { mac: string; ip: string }, to: { mac: string; ip: string }, segment = echo, ttl = 64): Uint8Array {
  return frame(to.mac, from.mac, 0x0800, ipv4(segment, { src: ipBytes(from.ip), dst: ipBytes(to.ip), ttl }));
}

export const at = (machine: Vm, ip = machine.address): { mac: string; ip: string } => ({ mac: machine.mac!, ip });

/** The frame's own steps as "step at". */
export const walk = ({ steps }: Explanation): string[] =>
  steps.filter(({ consequence }) => !consequence).map(({ step, at }) => `${step} ${at}`);

export const consequences = ({ steps }: Explanation): string[] =>
  steps.filter(({ consequence }) => consequence).map(({ step, at }) => `${step} ${at}`);

/** What every explanation has to keep to. */
function check(explanation: Explanation): void {
  const times = explanation.steps.map(({ time }) => time);
  expect(times, "times go forward").toEqual([...times].sort((a, b) => a - b));
  const words = explanation.steps.flatMap((step) => [step.at, step.text]).concat(explanation.text);
  for (const word of words) expect(word, "names, not numbers").not.toMatch(/\b(port|network|node|interface|NAT|machine) \d+\b|undefined/);
  for (const { outcome, reason } of explanation.ends) expect(reason !== undefined).toBe(outcome === "dropped");
  for (const { outcome, on } of explanation.ends) expect(on !== undefined).toBe(outcome === "depends");
  const own = explanation.steps.filter(({ consequence }) => !consequence);
  const ends = own.filter(({ step }) => step === "dropped" || step === "consumed" || step === "delivered");
  expect(explanation.ends.map(({ at }) => at)).toEqual(ends.map(({ at }) => at));
}

export async function ask(lab: Lab, bytes: Uint8Array, leg: Leg): Promise<Explanation> {
  const explanation = await lab.explain(bytes, leg);
  check(explanation);
  return explanation;
}

/** The laptop with alice, bob and the external guest carol on the NAT network office; printer is on its LAN. */
export async function officeLab(options: Parameters<typeof smallLab>[0] = {}) {
  const lab = watch(await smallLab(options));
  const laptop = lab.host("laptop");
  const printer = lab.host("printer");
  const office = laptop.natNetwork("office");
  const alice = laptop.vm("alice", office);
  const bob = laptop.vm("bob", office);
  const carol = laptop.vm("carol", { attach: office, mac: GUEST, guest: "external" });
  await lab.ready();
  await alice.ping(bob);
  return { lab, laptop, printer, office, alice, bob, carol, card: alice.adapters[0]!, guest: carol.adapters[0]! };
}
