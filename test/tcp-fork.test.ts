import { expect, test } from "vitest";
import { createLab } from "../src/index";
import type { Lab, Machine, TcpSocket } from "../src/index";
import { sha256 } from "./ending";
import { all, bytesOf, echo, echoed, say } from "./streams";
import { lab, watch } from "./world";

/** A lab with a transfer under way from alice to bob. */
async function transfer(data: Uint8Array) {
  const world = await lab();
  const laptop = world.host("laptop");
  const office = laptop.natNetwork("office");
  const alice = laptop.vm("alice", office);
  const bob = laptop.vm("bob", office);
  await world.ready();
  const server = bob.listen({ port: 7, receiveBuffer: 16_384 });
  const near = alice.connect({ machine: bob, port: 7 }, { sendBuffer: 16_384 });
  const far = await server.accept({ timeout: 1000 });
  const writing = say(near, data);
  return { world, near, far, writing };
}

/** Reads up to `count` bytes or more, without closing. */
async function some(socket: TcpSocket, count: number): Promise<Uint8Array[]> {
  const reader = socket.readable.getReader();
  const parts: Uint8Array[] = [];
  for (let got = 0; got < count; got += parts.at(-1)!.length) parts.push((await reader.read()).value!);
  reader.releaseLock();
  return parts;
}

function streamOf(world: Lab, name: string): TcpSocket { return (world.machine(name) as Machine).streams[0]!; }

async function hashOf(parts: Uint8Array[], rest: Uint8Array): Promise<string> {
  return sha256(new Uint8Array(await new Blob([...parts, rest] as BlobPart[]).arrayBuffer()));
}

test.each(["fork", "snapshot"] as const)("a %s in mid-transfer: both halves finish, each on its own", async (way) => {
  const data = bytesOf(600_000);
  const { world, near, far, writing } = await transfer(data);
  const head = await some(far, 200_000);

  const other = watch(way === "fork" ? await world.fork() : await createLab({ from: structuredClone(world.snapshot()) }));
  const [twinNear, twinFar] = [streamOf(other, "alice"), streamOf(other, "bob")];
  expect(twinNear.bytesWritten).toBe(near.bytesWritten);
  expect(twinFar.bytesRead).toBe(far.bytesRead);
  expect(twinNear.localAddress).toBe(near.localAddress);
  expect(await twinNear.opened).toEqual(await near.opened);

  const [rest] = await Promise.all([all(far.readable), writing]);
  expect(await hashOf(head, rest)).toBe(await sha256(data));
  await near.closed;

  // There nobody was writing: the promise stayed here. The bytes that the connection had taken are under way.
  expect(twinNear.bytesWritten).toBeGreaterThan(200_000);
  expect(twinNear.bytesWritten).toBeLessThan(data.length);
  const [twinRest] = await Promise.all([all(twinFar.readable), say(twinNear, data.slice(twinNear.bytesWritten))]);
  expect(await hashOf(head, twinRest)).toBe(await sha256(data));
  await twinNear.closed;
});

test("who was waiting to be accepted waits in the fork too, and its server goes on", async () => {
  const world = await lab();
  const laptop = world.host("laptop");
  const office = laptop.natNetwork("office");
  const alice = laptop.vm("alice", office);
  const bob = laptop.vm("bob", office);
  await world.ready();
  bob.listen(7);
  await alice.connect({ machine: bob, port: 7 }).opened;
  const fork = watch(await world.fork());
  const server = (fork.machine("bob") as Machine).servers[0]!;
  expect(server.port).toBe(7);
  const socket = await server.accept({ timeout: 10 });
  expect(socket.remoteAddress).toBe(streamOf(fork, "alice").localAddress);
  echo(server);
  const twin = (fork.machine("alice") as Machine).connect("bob:7");
  expect(await echoed(twin, bytesOf(10_000))).toBe(await sha256(bytesOf(10_000)));
});

test("a connection that was opening opens in the fork", async () => {
  const world = await lab();
  const laptop = world.host("laptop");
  const printer = world.host("printer");
  await world.ready();
  printer.listen(7);
  const socket = laptop.connect({ machine: printer, port: 7 });
  const fork = watch(await world.fork());
  expect((await streamOf(fork, "laptop").opened).remoteAddress).toBe(`${printer.address}:7`);
  await socket.opened;
});

test("the same seed sends the same bytes, to the last one of the capture", async () => {
  const run = async (): Promise<string> => {
    const { world, far, writing } = await transfer(bytesOf(100_000));
    const capture = world.hosts[0]!.network("office")!.capture();
    await Promise.all([all(far.readable), writing]);
    return sha256(capture.bytes());
  };
  expect(await run()).toBe(await run());
});

test("a replayed fork sends the same segments as the lab it was taken from", async () => {
  const { world, near, far, writing } = await transfer(bytesOf(10_000));
  await writing;
  await world.advance(1000); // all of it is in the receive buffer: nothing is under way, or left in promises
  const capture = world.hosts[0]!.network("office")!.capture();
  const fork = watch(await world.fork({ replay: true }));
  const ends: [Lab, TcpSocket, TcpSocket][] = [[world, near, far], [fork, streamOf(fork, "alice"), streamOf(fork, "bob")]];
  for (const [each, a, b] of ends) {
    const [answer] = await Promise.all([all(a.readable), say(b, bytesOf(50_000, 2))]);
    expect(answer.length).toBe(50_000);
    expect((await all(b.readable)).length).toBe(10_000);
    await a.closed;
    await each.advance(1000);
  }
  expect(await sha256(fork.captures[0]!.bytes())).toBe(await sha256(capture.bytes()));
  expect(fork.stateHash()).toBe(world.stateHash());
});

test("with the real clock it is the same, in real time", async () => {
  const world = await lab({ clock: "real" });
  const laptop = world.host("laptop");
  const printer = world.host("printer");
  await world.ready();
  echo(printer.listen(7));
  const data = bytesOf(200_000);
  const socket = laptop.connect({ machine: printer, port: 7 });
  expect(await echoed(socket, data)).toBe(await sha256(data));
  await socket.closed;
});

test.each(["fork", "snapshot"] as const)("a %s keeps the time after which a connection that does not open is given up", async (way) => {
  const world = await lab();
  const laptop = world.host("laptop");
  const office = laptop.natNetwork("office");
  const alice = laptop.vm("alice", office);
  const bob = laptop.vm("bob", office);
  await world.ready();
  bob.adapters[0]!.cable = false;
  const socket = alice.connect({ machine: bob, port: 7 }, { timeout: 300 });
  await world.sleep(100);
  const twin = way === "fork" ? watch(await world.fork()) : watch(await createLab({ from: world.snapshot() }));
  const there = streamOf(twin, "alice");
  for (const [each, where] of [[socket, world], [there, twin]] as const) {
    const { now } = where;
    await expect(each.opened).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(where.now - now).toBeCloseTo(200, 3);
  }
  // One that has opened in time is not ended by it.
  bob.adapters[0]!.cable = true;
  await world.advance(10_000); // alice asks for the MAC afresh
  bob.listen(8);
  const open = alice.connect({ machine: bob, port: 8 }, { timeout: 300 });
  await open.opened;
  const later = watch(await world.fork());
  await later.advance(1000);
  expect(streamOf(later, "alice").stats()).not.toBeNull();
});
