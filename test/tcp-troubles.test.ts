/** What RFCs warn of, over whole networks: paths that take less, windows that stay shut, peers that vanish, ports that are used again, floods. */
import { describe, expect, test } from "vitest";
import type { Host, Lab, Machine, TcpSocket, Vm } from "../src/index";
import { sha256 } from "./ending";
import { frame, ipBytes } from "./guest";
import { dice } from "./inside";
import { ipv4, tcp } from "./packets";
import { all, bytesOf, echo, echoed, say } from "./streams";
import { code, lab } from "./world";

interface House { world: Lab; laptop: Host; server: Host; alice: Vm; bob: Vm }

/** Alice and bob behind a NAT on a laptop, behind a home router; a server on the internet. */
async function house(): Promise<House> {
  const world = await lab({ capacity: { stations: 64, frames: 4096, flights: 8192, connections: 1024, streams: 1024, sockets: 1024, wires: 64, forwards: 16, chunks: 2048 } });
  const laptop = world.host("laptop");
  const server = world.host("server", world.internet);
  const office = laptop.natNetwork("office");
  const [alice, bob] = [laptop.vm("alice", office), laptop.vm("bob", office)];
  await world.ready();
  return { world, laptop, server, alice, bob };
}

async function pair(from: Machine, to: Machine, options = {}): Promise<[TcpSocket, TcpSocket]> {
  const server = to.listen({ allowHalfOpen: true, ...options });
  const near = from.connect({ machine: to, port: server.port }, { allowHalfOpen: true, ...options });
  const far = await server.accept({ timeout: 5000 });
  await near.opened;
  return [near, far];
}

const DATA = bytesOf(200_000);

/** How long it takes `near` to get all of DATA to `far`, ms; its segment size before the last bytes are acknowledged. */
async function transfer(world: Lab, near: TcpSocket, far: TcpSocket): Promise<{ took: number; segment: number }> {
  const began = world.now;
  const writing = say(near, DATA);
  const reader = far.readable.getReader();
  const parts: Uint8Array[] = [];
  let segment = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    parts.push(next.value);
    segment = near.stats()?.segmentSize ?? segment;
  }
  await writing;
  const took = world.now - began; // time may go on while the process hashes
  expect(await sha256(new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer()))).toBe(await sha256(DATA));
  return { took, segment };
}

/** Headers of IP and TCP, and the timestamps option. */
const HEADERS = 20 + 20 + 12;
/** A second passes before anything is sent again by timeout. */
const MIN_RTO = 1000;

/** 100 s without an answer, and the timer that was set last, ms. */
const GIVE_UP = 160_000;

describe("a path that takes less than its ends (RFC 1191)", () => {
  test("a router behind two NATs says what it takes, and not one timeout is needed", async () => {
    const { world, server, alice } = await house();
    const [near, far] = await pair(alice, server);
    expect(near.stats()!.segmentSize).toBe(1500 - HEADERS);
    world.lan("home").router!.legs[1]!.wire = { send: { mtu: 1000 } };
    const { took, segment } = await transfer(world, near, far);
    expect(segment).toBe(1000 - HEADERS);
    expect(took).toBeLessThan(MIN_RTO);
    expect(world.stats().drops.MTU).toBeGreaterThan(0);
    expect(world.stats().drops.WIRE_MTU).toBeUndefined();
  });

  test("the path shrinks again in mid-transfer", async () => {
    const { world, server, alice } = await house();
    const [near, far] = await pair(alice, server);
    const { router } = world.lan("home");
    const sizes = [1400, 1006, 580];
    const shrinking = (async () => {
      for (const [i, mtu] of sizes.entries()) {
        while (far.bytesRead < 40_000 * (i + 1)) await world.sleep(0.1);
        router!.legs[1]!.wire = { send: { mtu } };
      }
    })();
    const { took, segment } = await transfer(world, near, far);
    await shrinking;
    expect(segment).toBe(580 - HEADERS);
    expect(took).toBeLessThan(MIN_RTO);
  });

  test("a black hole: nobody says why large segments vanish, and small ones go after the third timeout (RFC 2923 §2.1)", async () => {
    const { world, server, alice } = await house();
    const [near, far] = await pair(alice, server);
    server.wire = { receive: { mtu: 900 } };
    const { took, segment } = await transfer(world, near, far);
    expect(segment).toBe(576 - HEADERS);
    expect(took).toBeGreaterThan((1 + 2 + 4) * MIN_RTO);
    expect(took).toBeLessThan(2 * (1 + 2 + 4) * MIN_RTO);
    expect(world.stats().drops.WIRE_MTU).toBeGreaterThan(0);
    expect(world.stats().drops.MTU).toBeUndefined();
  });

  test("black in both directions at once", async () => {
    const { world, server, alice } = await house();
    const [near, far] = await pair(alice, server);
    server.wire = { mtu: 900 };
    const back = bytesOf(100_000, 2);
    const [{ segment }, heard] = await Promise.all([transfer(world, near, far), all(near.readable), say(far, back)]);
    expect(await sha256(heard)).toBe(await sha256(back));
    expect(segment).toBe(576 - HEADERS);
  });
});

describe("a window that is shut for minutes (RFC 9293 §3.8.6.1)", () => {
  const MINUTES = 7 * 60_000;

  /** A reader that has not read for minutes, and a writer that waits. */
  async function shut(): Promise<House & { near: TcpSocket; far: TcpSocket; writing: Promise<void> }> {
    const there = await house();
    const [near, far] = await pair(there.alice, there.bob, { receiveBuffer: 8192, sendBuffer: 8192 });
    const writing = say(near, DATA);
    await there.world.sleep(MINUTES);
    expect(far.stats()!.received).toBeLessThan(8192 + 2 * 1448);
    return { ...there, near, far, writing };
  }

  test("opens again, and all goes on at once", async () => {
    const { world, far, writing } = await shut();
    const began = world.now;
    const got = await all(far.readable);
    expect(world.now - began).toBeLessThan(MIN_RTO);
    expect(await sha256(got)).toBe(await sha256(DATA));
    await writing;
  });

  test("the word of it is lost, nobody but the reader waits, and it goes on all the same", async () => {
    const { world, bob, far, writing } = await shut();
    const cable = bob.adapters[0]!;
    cable.cable = false;
    const reader = far.readable.getReader();
    const head = (await reader.read()).value!;
    reader.releaseLock();
    cable.cable = true;
    const began = world.now;
    const rest = await all(far.readable);
    expect(world.now - began).toBeLessThan(3 * MIN_RTO);
    expect(await sha256(Uint8Array.from([...head, ...rest]))).toBe(await sha256(DATA));
    await writing;
  });

  test("the reader's machine is gone meanwhile: the writer hears of it in bounded time", async () => {
    const { world, bob, near, writing } = await shut();
    const [written, closed] = [code(writing), code(near.closed)];
    await bob.remove();
    const began = world.now;
    await Promise.race([written, world.sleep(600_000)]);
    expect(world.now - began).toBeLessThan(GIVE_UP);
    expect(await written).toMatch(/^(TIMEOUT|UNREACHABLE)$/);
    expect(await closed).toMatch(/^(TIMEOUT|UNREACHABLE)$/);
  });
});

describe("a peer that vanishes in mid-transfer", () => {
  test.each(["alice", "server"])("is gone with its machine: %s's writes, reads and closed fail in bounded time, and say why", async (who) => {
    const { world, alice, bob, server } = await house();
    const [stays, goes] = who === "alice" ? [alice, bob] : [server, alice];
    const [one, two] = await pair(alice, who === "alice" ? bob : server);
    const [near, far] = who === "alice" ? [one, two] : [two, one];
    expect(String(near)).toContain(stays.name);
    const writing = code(say(near, bytesOf(1_000_000)));
    const reader = far.readable.getReader();
    while (far.bytesRead < 300_000) await reader.read();
    await goes.remove();
    const began = world.now;
    const reading = code(near.readable.getReader().read());
    expect(await writing).toMatch(/^(TIMEOUT|UNREACHABLE)$/);
    expect(world.now - began).toBeGreaterThan(60_000);
    expect(world.now - began).toBeLessThan(GIVE_UP);
    expect(await reading).toMatch(/^(TIMEOUT|UNREACHABLE)$/);
    expect(await code(near.closed)).toMatch(/^(TIMEOUT|UNREACHABLE)$/);
    expect(await code(reader.closed)).toBe("CLOSED");
    expect(stays.streams).toEqual([]);
  });
});

test("two hundred connections at once through one NAT that loses frames all get their own bytes back", { timeout: 60_000 }, async () => {
  const { world, laptop, server, alice } = await house();
  laptop.wire = { loss: { toBad: 0.02, toGood: 0.4 }, duplicate: 0.02, jitter: 1, delay: 1, reorder: true };
  alice.adapters[0]!.wire = { loss: 0.03 };
  echo(server.listen({ port: 7, backlog: 256 }));
  const sockets = Array.from({ length: 200 }, () => alice.connect({ machine: server, port: 7 }));
  const done = Promise.all(sockets.map(async (socket, i) => {
    expect(await echoed(socket, bytesOf(3000 + 20 * i, i)), `connection ${i}`).toBe(await sha256(bytesOf(3000 + 20 * i, i)));
    await socket.closed;
  }));
  await done;
  expect(new Set(laptop.network("office")!.mappings().filter(({ protocol }) => protocol === "tcp").map(({ outside }) => outside)).size).toBe(200);
  expect(world.stats().drops.WIRE_LOSS).toBeGreaterThan(100);
});

describe("a pair of ports that is used again", () => {
  /** A connection from alice's port 5000 to bob's 80, over to the last segment; `first` ended first and keeps TIME-WAIT. */
  async function over(first: "client" | "server") {
    const { world, alice, bob } = await house();
    const server = bob.listen({ port: 80, allowHalfOpen: true });
    const connect = (): TcpSocket => alice.connect({ machine: bob, port: 80 }, { localPort: 5000, allowHalfOpen: true });
    const [near, far] = [connect(), await server.accept({ timeout: 1000 })];
    const order = first === "client" ? [near, far] : [far, near];
    await order[0]!.writable.close();
    await all(order[1]!.readable);
    await order[1]!.writable.close();
    await all(order[0]!.readable);
    await Promise.all([near.closed, far.closed]);
    return { world, server, connect };
  }

  /** Whether a new connection carries bytes. */
  async function works(socket: TcpSocket, accepted: Promise<TcpSocket>): Promise<void> {
    const [far] = await Promise.all([accepted, socket.opened]);
    void say(socket, "again");
    expect(new TextDecoder().decode(await all(far.readable))).toBe("again");
  }

  test("the server is in TIME-WAIT: a new SYN is newer, and taken at once (RFC 6191)", async () => {
    const { world, server, connect } = await over("server");
    await world.advance(5);
    await works(connect(), server.accept({ timeout: 1000 }));
  });

  test("the client is in TIME-WAIT: the pair is taken until a minute is over (RFC 9293 §3.4.2)", async () => {
    const { world, server, connect } = await over("client");
    expect(await code(connect().opened)).toBe("PORT_IN_USE");
    await world.advance(59_000);
    expect(await code(connect().opened)).toBe("PORT_IN_USE");
    await world.advance(1100);
    await works(connect(), server.accept({ timeout: 1000 }));
  });
});

describe("a flood of SYNs from an external guest", () => {
  const MALLORY = "02:00:00:00:00:66";

  /** Bob listens with a backlog of 16; mallory sends SYNs, each from an address and port of its own. */
  async function flooded(addressOf: (i: number) => string) {
    const { world, laptop, alice, bob } = await house();
    const mallory = laptop.vm("mallory", { attach: laptop.network("office")!, mac: MALLORY, guest: "external" });
    const server = bob.listen({ port: 80, backlog: 16 });
    const opened = alice.connect({ machine: bob, port: 80 });
    const far = await server.accept({ timeout: 1000 });
    await opened.opened;
    const [card, roll] = [mallory.adapters[0]!, dice(5)];
    const flood = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const segment = tcp(1024 + i, 80, { flags: 2, seq: Math.floor(roll() * 2 ** 32) });
        card.send(frame(bob.mac!, MALLORY, 0x0800, ipv4(segment, { src: ipBytes(addressOf(i)), dst: ipBytes(bob.address) })));
        if (i % 20 === 19) await world.sleep(1);
      }
    };
    return { world, alice, bob, server, opened, far, flood };
  }

  test("fills the backlog and no more: an open connection does not notice", async () => {
    const { world, server, opened, far, flood } = await flooded((i) => `10.0.2.${100 + (i % 100)}`);
    const [, { took }] = await Promise.all([flood(3000), transfer(world, opened, far)]);
    expect(took).toBeLessThan(MIN_RTO);
    expect(world.stats().drops.TCP_BACKLOG).toBeGreaterThan(2900);
    expect(server.port).toBe(80);
  });

  test("who comes during the flood is let in when it is over: nobody has the senders' addresses, and that is soon known", async () => {
    const { world, alice, bob, server, flood } = await flooded((i) => `10.0.2.${100 + (i % 100)}`);
    const flooding = flood(2000);
    await world.sleep(20);
    const late = alice.connect({ machine: bob, port: 80 });
    await flooding;
    const began = world.now;
    const far = await server.accept({ timeout: 60_000 });
    await late.opened;
    expect(world.now - began).toBeLessThan(20_000);
    expect((await transfer(world, late, far)).took).toBeLessThan(MIN_RTO);
  });
});
