import { expect, test } from "vitest";
import type { Lab, Vm } from "../src/index";
import { smallLab } from "./inside";

/** Two machines on one switch, each with a wire of its own delay (ms each way). */
async function pair(a: number, b: number): Promise<{ lab: Lab; alice: Vm; bob: Vm }> {
  const lab = await smallLab();
  const laptop = lab.host("laptop", []);
  const attach = laptop.internal("office");
  const alice = laptop.vm("alice", { attach, address: "10.9.0.1/24", wire: { delay: a } });
  const bob = laptop.vm("bob", { attach, address: "10.9.0.2/24", wire: { delay: b } });
  return { lab, alice, bob };
}

test.each([[0.05, 0.05], [1, 2], [0, 3], [12.5, 0.001], [250, 100]])(
  "a ping over wires of %d and %d ms takes twice their sum, and twice that when ARP asks first", async (a, b) => {
    const { lab, alice, bob } = await pair(a, b);
    const crossing = a + b;
    expect((await alice.ping(bob, { timeout: 5000 })).rtt).toBeCloseTo(4 * crossing, 6);
    expect((await alice.ping(bob, { timeout: 5000 })).rtt).toBeCloseTo(2 * crossing, 6);
    expect((await bob.ping(alice, { timeout: 5000 })).rtt).toBeCloseTo(2 * crossing, 6);
    await lab.close();
  });

test("without delay everything happens in one instant", async () => {
  const { lab, alice, bob } = await pair(0, 0);
  expect((await alice.ping(bob)).rtt).toBe(0);
  expect(lab.now).toBe(0);
  await lab.close();
});

test("a hundred different delays on one network: each frame takes its own time, floods too", async () => {
  const lab = await smallLab({ capacity: { stations: 256 } });
  const laptop = lab.host("laptop", []);
  const attach = laptop.internal("office");
  const speaker = laptop.vm("speaker", { attach, mac: "02:00:00:00:00:01", guest: "external", wire: { delay: 1 } });
  const arrivals = new Map<string, number>();
  for (let i = 0; i < 100; i++) {
    const vm = laptop.vm(`vm${i}`, { attach, guest: "external", wire: { delay: i * 0.37 } });
    vm.adapters[0]!.onframe = () => { arrivals.set(vm.name, lab.now); };
  }
  speaker.adapters[0]!.send(new Uint8Array(60).fill(255, 0, 6).fill(2, 6));
  await lab.advance(100);
  for (let i = 0; i < 100; i++) expect(arrivals.get(`vm${i}`), `vm${i}`).toBeCloseTo(1 + i * 0.37, 6);
  expect(lab.stats().frames).toMatchObject({ ingress: 1, copies: 99, delivered: 100, live: 0 });
  expect(lab.stats().balance).toBe(0);
  await lab.close();
});

test("a way through switch, gateway, NAT, bridge and LAN takes the sum of its wires", async () => {
  const lab = await smallLab({ wire: { delay: 1 } });
  const laptop = lab.host("laptop");
  const server = lab.host("server");
  const alice = laptop.vm("alice", laptop.natNetwork("office"));
  await lab.ready();
  await alice.ping(server);
  // alice → office's switch → gateway; laptop → its bridge → LAN → server's bridge → server: seven wires, and back.
  const wires = 2 + 1 + 1 + 1 + 1;
  expect((await alice.ping(server)).rtt).toBeCloseTo(2 * wires, 6);
  await lab.close();
});

test("an idle lab is idle: time stands still until somebody wants something", async () => {
  const lab = await smallLab();
  const laptop = lab.host("laptop");
  laptop.vm("alice", laptop.natNetwork("office"));
  await lab.ready();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const { now } = lab;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(lab.now).toBe(now);
});

test("time passed in two steps is time passed in one", async () => {
  const ends: string[] = [];
  for (const steps of [[3_600_000], [1_800_000, 1_800_000], [0.5, 0.25, 3_599_999.25]]) {
    const lab = await smallLab();
    const laptop = lab.host("laptop");
    laptop.vm("alice", laptop.natNetwork("office"));
    for (const step of steps) await lab.advance(step);
    ends.push(`${lab.now} ${lab.stateHash()}`);
    await lab.close();
  }
  expect(new Set(ends).size).toBe(1);
});

test("who waits reacts at the very instant, and promises are kept in the order of time", async () => {
  const { lab, alice, bob } = await pair(1, 1);
  const order: string[] = [];
  const note = (name: string) => (): void => { order.push(`${name} at ${lab.now}`); };
  await Promise.all([
    alice.ping(bob).then(note("first ping")),
    lab.sleep(5).then(note("sleep 5")),
    lab.sleep(9).then(note("sleep 9")),
    lab.sleep(8.5).then(() => alice.ping(bob)).then(note("second ping")),
  ]);
  expect(order).toEqual(["sleep 5 at 5", "first ping at 8", "sleep 9 at 9", "second ping at 12.5"]);
  await lab.close();
});
