/** Segments that travel whole: one frame inside the lab, and never anywhere that somebody could tell. */
import { describe, expect, test } from "vitest";
import { readCapture } from "../src/capture-reader";
import type { Capture, Lab, Network, TcpSocket, Vm } from "../src/index";
import { sha256 } from "./ending";
import { all, bytesOf, say } from "./streams";
import { lab } from "./world";

const DATA = bytesOf(1_000_000);
/** Segments that it takes. */
const SEGMENTS = Math.ceil(DATA.length / 1448);
const LONGEST = 1514;

interface Office { world: Lab; office: Network; alice: Vm; bob: Vm; near: TcpSocket; far: TcpSocket }

/** Two VMs on a network, and a connection between them on which nothing has been said. */
async function office(kind: "natNetwork" | "internal" = "natNetwork"): Promise<Office> {
  const world = await lab();
  const laptop = world.host("laptop");
  const office = kind === "internal" ? laptop.internal("office") : laptop.natNetwork("office");
  const address = (n: number): object => (kind === "internal" ? { attach: office, address: `10.9.0.${n}/24` } : { attach: office });
  const alice = laptop.vm("alice", address(1) as never);
  const bob = laptop.vm("bob", address(2) as never);
  await world.ready();
  const server = bob.listen(80);
  const near = alice.connect({ machine: bob, port: 80 });
  const far = await server.accept();
  await near.opened;
  return { world, office, alice, bob, near, far };
}

/** Sends everything; frames that the lab's stations made for it. */
async function sent({ world, near, far }: Pick<Office, "world" | "near" | "far">, meanwhile: () => Promise<void> = async () => {}): Promise<number> {
  const before = world.stats().frames.originated;
  const [heard] = await Promise.all([all(far.readable), say(near, DATA), meanwhile()]);
  expect(await sha256(heard)).toBe(await sha256(DATA));
  return world.stats().frames.originated - before;
}

/** Bytes of each frame, and how many segments with payload there were. */
async function lengths(capture: Capture): Promise<number[]> {
  const found: number[] = [];
  for await (const { frame } of readCapture(capture.bytes())) found.push(frame.length);
  return found;
}

describe("between two VMs of one network", () => {
  for (const kind of ["natNetwork", "internal"] as const)
    test(`a megabyte takes a few dozen frames (${kind})`, async () => {
      expect(await sent(await office(kind))).toBeLessThan(SEGMENTS / 8);
    });

  test("who captures sees each segment, none longer than the MTU", async () => {
    const all = await office();
    const capture = all.office.capture();
    expect(await sent(all)).toBeGreaterThan(SEGMENTS);
    const found = await lengths(capture);
    expect(Math.max(...found)).toBe(LONGEST);
  });

  // A round trip takes 0.2 ms: at these times what was sent at 0.4 is on the first wire, and on the second.
  for (const [where, when, begin] of [
    ["network", 0.42, ({ office }: Office) => office.capture()],
    ["receiver", 0.47, ({ bob }: Office) => bob.adapters[0]!.capture()],
  ] as const)
    test(`a capture that begins on the way shows segments, in order, and nothing is sent again (${where})`, async () => {
      const all = await office();
      const captures: Capture[] = [];
      let retransmits = 0;
      const frames = await sent(all, async () => {
        await all.world.sleep(when);
        captures.push(begin(all));
        await all.world.sleep(0.05);
        retransmits = all.near.stats()!.retransmits;
        captures[0]!.stop();
      });
      const found = await lengths(captures[0]!);
      expect(found.filter((length) => length === LONGEST).length).toBeGreaterThan(10);
      expect(Math.max(...found)).toBe(LONGEST);
      expect(retransmits).toBe(0);
      expect(frames).toBeLessThan(SEGMENTS);
    });

  test("a promiscuous guest hears segments", async () => {
    const all = await office();
    const laptop = all.world.hosts.find(({ name }) => name === "laptop")!;
    const spy = laptop.vm("spy", { attach: all.office, guest: "external", promiscuous: "allow-all" }).adapters[0]!;
    const heard: number[] = [];
    spy.onframe = (bytes) => heard.push(bytes.length);
    expect(await sent(all)).toBeGreaterThan(SEGMENTS);
    expect(Math.max(...heard)).toBe(LONGEST);
    expect(heard.length).toBeGreaterThan(SEGMENTS);
  });

  test("a wire with a rate carries segments", async () => {
    const all = await office();
    all.bob.adapters[0]!.wire = { rate: "1g" };
    expect(await sent(all)).toBeGreaterThan(SEGMENTS);
  });

  test("a cable that is pulled on the way drops what is on it, and all of it is sent again", async () => {
    const all = await office();
    const frames = await sent(all, async () => {
      await all.world.sleep(0.47);
      all.bob.adapters[0]!.cable = false;
      await all.world.sleep(0.2);
      all.bob.adapters[0]!.cable = true;
    });
    expect(all.world.stats().drops.CABLE_OFF).toBeGreaterThan(0);
    expect(frames).toBeLessThan(SEGMENTS);
  });
});

test("through a NAT every segment is a frame", async () => {
  const world = await lab();
  const laptop = world.host("laptop");
  const server = world.host("server", world.internet);
  const alice = laptop.vm("alice", laptop.nat());
  await world.ready();
  const listener = server.listen(80);
  const near = alice.connect({ machine: server, port: 80 });
  const far = await listener.accept();
  await near.opened;
  expect(await sent({ world, near, far })).toBeGreaterThan(SEGMENTS);
});
