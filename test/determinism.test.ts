import { describe, expect, test } from "vitest";
import * as abi from "../assembly/abi";
import { createLab } from "../src/index";
import type { Lab } from "../src/index";
import { Engine } from "../src/engine";
import { PcapngWriter } from "../src/pcapng";
import { captureAll, endingOf, sha256 } from "./ending";
import { frame, ipBytes, macBytes } from "./guest";
import { dice, setBudget } from "./inside";
import { arp, ethernet, ipv4, tcp, udp, with16 } from "./packets";
import { begin, tell } from "./story";
import type { Script } from "./story";
import { STORIES } from "./stories/index";

const scripts = Object.values(STORIES).flat();

async function told(script: Script, seed: number | string, budget?: number) {
  const world = await begin(script, seed);
  captureAll(world.lab);
  if (budget !== undefined) setBudget(world.lab, budget);
  await tell(script, world);
  const ending = await endingOf(world.lab);
  await world.lab.close();
  return ending;
}

describe("one seed, one run", () => {
  test("every story ends the same when it is told again", async () => {
    for (const script of scripts) expect(await told(script, 5), script.name).toEqual(await told(script, 5));
  });

  test("another seed is another run: other MACs, other waiting times", async () => {
    const script = STORIES.nat![0]!;
    const [one, other] = [await told(script, 1), await told(script, 2)];
    expect(other.stateHash).not.toBe(one.stateHash);
    expect(other.captures).not.toEqual(one.captures);
  });

  test.each([1, 7, 64, 1000])("every story has the same frames at the same times when the engine does %i steps at once", async (budget) => {
    for (const script of scripts) expect((await told(script, 5, budget)).captures, script.name).toEqual((await told(script, 5)).captures);
  });
});

/** A host with machines in every mode; what they say to each other is written down. */
async function grandTour(seed: number | string): Promise<Lab> {
  const lab = await createLab({ seed, capacity: { stations: 64, frames: 1024, flights: 2048, connections: 256, events: 1024 } });
  const laptop = lab.host("laptop");
  const printer = lab.host("printer");
  const office = laptop.natNetwork("office");
  const vms = [
    laptop.vm("web", laptop.nat({ forward: ["echo,udp,,7777,,7"] })),
    laptop.vm("alice", office),
    laptop.vm("bob", [office, { attach: laptop.internal("backend"), address: "10.9.0.2/24" }]),
    laptop.vm("carol", { attach: laptop.internal("backend"), address: "10.9.0.3/24" }),
    laptop.vm("dave", laptop.bridged()),
    laptop.vm("eve", laptop.hostOnly()),
  ];
  captureAll(lab);
  await lab.ready();
  const echo = vms[0]!.udp(7);
  void (async () => { for await (const { data, from } of echo) echo.send(data, from); })();
  const asking = printer.udp(4000);
  asking.send("are you there?", { machine: laptop, port: 7777 });
  await asking.receive({ timeout: 1000 });
  for (const from of vms) for (const to of [...vms, laptop, printer]) if (from !== to) await from.pings(to, { count: 2, interval: 7, timeout: 50 }).catch(() => {});
  await lab.advance(400_000);
  return lab;
}

/** SHA-256 of the LAN's capture after a grand tour with seed 1. A change of any frame or time changes it, in Node or Chromium. */
const GOLDEN = "008d344ad31fd72d1147669a2ab08fb39c5c757f3946d895c68d567080cbee26";

test("a tour through all modes is the same bytes in Node, in Chromium, today and tomorrow", async () => {
  const lab = await grandTour(1);
  const { captures } = await endingOf(lab);
  expect(captures[0]).toBe(GOLDEN);
  expect(lab.stats().balance).toBe(0);
  const again = await grandTour(1);
  expect(again.captures.map((capture) => capture.bytes())).toEqual(lab.captures.map((capture) => capture.bytes()));
  expect(again.stateHash()).toBe(lab.stateHash());
  await lab.close();
  await again.close();
});

test("a machine more changes nothing for the others", async () => {
  const seen: unknown[] = [];
  for (const more of [false, true]) {
    const lab = await createLab({ seed: 3, capacity: { stations: 64, frames: 512, flights: 512, connections: 256, events: 1024 } });
    if (more) {
      const stranger = lab.host("stranger", lab.lan("elsewhere", { network: "172.16.0.0/24" }));
      stranger.vm("noise", stranger.natNetwork("noise"));
      await lab.ready();
      await lab.machine("noise")!.ping("172.16.0.1");
    }
    const start = lab.now;
    const laptop = lab.host("laptop");
    const server = lab.host("server");
    const office = laptop.natNetwork("office");
    const [alice, bob] = [laptop.vm("alice", office), laptop.vm("bob", office)];
    await lab.ready();
    const booted = lab.now - start;
    for (const vm of [alice, bob]) vm.udp(5000).send("x", { machine: server, port: 9 });
    await lab.advance(10);
    seen.push({
      booted: Math.round(booted * 1e6),
      macs: [laptop, server, alice, bob].map(({ mac }) => mac),
      ports: office.mappings().map(({ outside }) => outside).sort(),
      socket: alice.udp().port,
    });
    await lab.close();
  }
  expect(seen[1]).toEqual(seen[0]);
});

// ─── The engine alone: the same input, however it is handed over ───

const STATIONS = 6;
const macOf = (i: number): string => `02:00:00:00:00:${(16 + i).toString(16)}`;

/** Frames of all kinds for six stations and a router: [port, frame], some wrong. */
function traffic(seed: number, count: number): [number, Uint8Array][] {
  const random = dice(seed);
  const pick = (most: number): number => Math.floor(random() * most);
  return Array.from({ length: count }, () => {
    const from = pick(STATIONS);
    const src = ipBytes(`10.0.0.${10 + from}`);
    const kind = pick(8);
    const to = pick(4) === 0 ? "ff:ff:ff:ff:ff:ff" : pick(3) === 0 ? "02:00:00:00:00:fe" : macOf(pick(STATIONS));
    if (kind === 0) return [from, frame(to, macOf(from), 0x0806, with16(arp(1, { senderIp: src, targetIp: ipBytes("10.0.0.1") }), 8, 0x0200))];
    if (kind === 1) return [from, Uint8Array.from({ length: pick(80) }, () => pick(256))];
    if (kind === 2) return [from, frame(to, macOf(from), 0x88b5, Array.from({ length: 46 + pick(1400) }, () => pick(256)))];
    const dst = ipBytes(pick(2) === 0 ? `192.0.2.${10 + pick(3)}` : `10.0.0.${10 + pick(STATIONS)}`);
    const segment = kind < 5 ? udp(1000 + pick(4), 50 + pick(4), [pick(256)]) : tcp(2000 + pick(4), 80, { flags: [2, 16, 17, 4][pick(4)]! });
    const bytes = ethernet(0x0800, ipv4(segment, { src, dst, ttl: 1 + pick(3) }));
    bytes.set(macBytes(to), 0);
    bytes.set(macBytes(macOf(from)), 6);
    return [from, bytes];
  });
}

/** Injects `frames` in bursts of the sizes given, all in one instant, and runs by `budget`; the capture that results. */
async function replayed(frames: [number, Uint8Array][], bursts: () => number, budget: number): Promise<Uint8Array> {
  const capacities = [2048, 8192, 8, 32, 8, 8, 8, 64, 16, 64, 4, 256, 256, 16, 1024, 16, 16];
  const engine = await Engine.create(undefined, capacities, [1, 2]);
  const { call } = engine;
  const networks = [call.networkAdd(abi.SWITCH_LEARNING, 300_000), call.networkAdd(abi.SWITCH_STATIC, 300_000)];
  const ports = Array.from({ length: STATIONS }, (_, i) => {
    const port = call.portAdd(abi.ROLE_EXTERNAL, abi.CLASS_VM, 50_000 * (1 + (i % 3)));
    if (i === 4) call.portSetPolicy(port, abi.PROMISCUOUS_ALL);
    call.portAttach(port, networks[0]!);
    return port;
  });
  const gate = call.nodeAdd(abi.NODE_FORWARDS, 3, 4);
  const legs = [0x0a000001, 0xc0000201].map((ip, i) => {
    const port = call.portAdd(abi.ROLE_INTERFACE, abi.CLASS_WIRE, 20_000);
    const id = call.interfaceAdd(gate, port, 0x0200, i === 0 ? 0xfe : 0xfd);
    call.interfaceSetAddress(id, ip, 24, 0);
    call.portAttach(port, networks[i]!);
    return id;
  });
  const outside = call.portAdd(abi.ROLE_EXTERNAL, abi.CLASS_WIRE, 70_000);
  call.portAttach(outside, networks[1]!);
  call.neighborSet(legs[1]!, 0xc000020a, 0x0200, 0x99);
  call.natAdd(gate, gate, legs[1]!);
  for (const network of networks) call.networkSetCapture(network, 1);

  const writer = new PcapngWriter();
  const seen = new Map<number, number>();
  const drain = (): void => {
    for (let event = engine.nextEvent(); event; event = engine.nextEvent()) {
      if (event.kind !== abi.EVENT_CAPTURE) continue;
      if (!seen.has(event.id)) seen.set(event.id, writer.addInterface({ name: `port ${event.id}` }));
      writer.packet({ interface: seen.get(event.id)!, time: event.time, frame: event.payload, direction: event.b === 1 ? "in" : "out", comment: String(event.c) });
    }
  };
  // Three instants, a third of the frames in each.
  for (let third = 0; third < 3; third++) {
    const batch = frames.filter((_, i) => i % 3 === third);
    for (let at = 0; at < batch.length;) {
      const end = Math.min(batch.length, at + bursts());
      for (; at < end; at++) if (!engine.offer(ports[batch[at]![0]]!, batch[at]![1])) { engine.flush(); at--; }
      engine.flush();
      drain();
    }
    while (call.run((third + 1) * 2_000_000, budget, 1) !== abi.RUN_LIMIT) drain();
    drain();
  }
  while (call.run(5e9, budget, 1) !== abi.RUN_LIMIT) drain();
  drain();
  const books = engine.books();
  expect(books[0]! + books[1]! + books[2]!).toBe(books[3]! + books[4]! + books[5]! + call.liveFrames());
  return writer.bytes();
}

describe("the engine does not care how its input is cut", () => {
  const frames = traffic(11, 600);

  test("any split into bursts, and any number of steps at once, gives the same bytes", async () => {
    const whole = await sha256(await replayed(frames, () => 256, 1_000_000));
    for (const budget of [1, 7, 64, 1000]) expect(await sha256(await replayed(frames, () => 256, budget)), `budget ${budget}`).toBe(whole);
    for (const size of [1, 2, 63, 65]) expect(await sha256(await replayed(frames, () => size, 1000)), `bursts of ${size}`).toBe(whole);
    for (let seed = 0; seed < 10; seed++) {
      const random = dice(seed);
      const budget = [1, 3, 50, 5000][seed % 4]!;
      expect(await sha256(await replayed(frames, () => 1 + Math.floor(random() * 200), budget)), `seed ${seed}, budget ${budget}`).toBe(whole);
    }
  });

  test("the traffic is worth it: frames were delivered, forwarded and dropped for many reasons", async () => {
    const bytes = await replayed(frames, () => 256, 1000);
    expect(bytes.length).toBeGreaterThan(100_000);
  });
});
