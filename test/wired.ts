/** What the tests of wires share: alice and bob, two external guests on one switch, and who heard what at which time. */
import type { Adapter, Host, Lab, LabOptions, Vm, WireOptions } from "../src/index";
import { EXPERIMENT, frame } from "./guest";
import { smallLab } from "./inside";
import { be32, zeros } from "./packets";
import { watch } from "./world";

export const ALICE = "02:00:00:00:00:0a";
export const BOB = "02:00:00:00:00:0b";

export interface Arrival {
  /** The frame's number. */
  n: number;
  /** ns */
  time: number;
  bytes: Uint8Array;
}

export interface Wired {
  lab: Lab;
  laptop: Host;
  alice: Adapter;
  bob: Adapter;
  /** What bob heard, and what alice heard. */
  heard: Arrival[];
  answers: Arrival[];
}

/** A frame of `bytes` with a number in it. */
export function numbered(n: number, bytes: number, dst = BOB, src = ALICE): Uint8Array {
  return frame(dst, src, EXPERIMENT, [...be32(n), ...zeros(bytes - 18)]);
}

const numberOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset + 14).getUint32(0);
export const nsOf = (lab: Lab): number => Math.round(lab.now * 1e6);

/** Notes what reaches a card. */
export function listen(lab: Lab, card: Adapter): Arrival[] {
  const heard: Arrival[] = [];
  card.onframe = (bytes) => heard.push({ n: numberOf(bytes), time: nsOf(lab), bytes });
  return heard;
}

/** Alice and bob on the internal network `office` of a lab whose wires take no time unless told otherwise. */
export async function wired(alice: WireOptions, bob: WireOptions = {}, options: LabOptions = {}): Promise<Wired> {
  const lab = watch(await smallLab({ wire: { delay: 0 }, ...options }));
  const laptop = lab.host("laptop", []);
  const attach = laptop.internal("office");
  const [a, b] = ([["alice", ALICE, alice], ["bob", BOB, bob]] as const).map(([name, mac, wire]) =>
    laptop.vm(name, { attach, mac, guest: "external", wire }).adapters[0]!);
  return { lab, laptop, alice: a!, bob: b!, heard: listen(lab, b!), answers: listen(lab, a!) };
}

/** The card of a fork that is called as in the original. */
export function cardIn(lab: Lab, vm: string): Adapter { return (lab.machine(vm) as Vm).adapters[0]!; }

/** Lets frames into alice's card, each at its time (ns, ascending). */
export async function sendAt(lab: Lab, card: Adapter, frames: { time: number; bytes: Uint8Array }[]): Promise<void> {
  for (const { time, bytes } of frames) {
    if (time > nsOf(lab)) await lab.advance((time - nsOf(lab)) / 1e6);
    card.send(bytes);
  }
}
