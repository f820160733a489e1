import { describe, expect, test } from "vitest";
import type { Capture, Machine, TcpServer, TcpSocket, WireOptions } from "../../src/index";
import { bytesOf, all, say } from "../streams";
import { lab } from "../world";
import { tshark } from "./tshark";
import { opinionOn } from "./tshark-tcp";

const PORT = 5000;
/** For two captures of some 4000 segments and tshark on a busy machine, ms. */
const TIME = 60_000;
const MEGABYTE = bytesOf(1_000_000);

function isMegabyte(bytes: Uint8Array): void {
  expect(Buffer.compare(bytes, MEGABYTE), `${bytes.length} bytes`).toBe(0);
}

/** Both ends of a new connection. */
async function connected(client: Machine, server: TcpServer, address: string): Promise<TcpSocket[]> {
  const socket = client.connect({ address, port: PORT }, { allowHalfOpen: true });
  return Promise.all([socket.opened.then(() => socket), server.accept()]);
}

/** A megabyte there, then one back; then on another connection both at once. */
async function talk(client: Machine, machine: Machine, address = machine.address): Promise<void> {
  const server = machine.listen({ port: PORT, allowHalfOpen: true });
  const [near, far] = await connected(client, server, address) as [TcpSocket, TcpSocket];
  const there = all(far.readable);
  await say(near, MEGABYTE);
  isMegabyte(await there);
  const back = all(near.readable);
  await say(far, MEGABYTE);
  isMegabyte(await back);
  await Promise.all([near.closed, far.closed]);

  const ends = await connected(client, server, address);
  const talks = ends.map((end) => Promise.all([all(end.readable), say(end, MEGABYTE)]));
  for (const [heard] of await Promise.all(talks)) isMegabyte(heard);
  await Promise.all(ends.map(({ closed }) => closed));
}

/** Two machines on one switch, and what each one's card sees. */
async function onASwitch(wire: WireOptions = {}) {
  const world = await lab();
  const laptop = world.host("laptop");
  const cable = laptop.internal("cable");
  const alice = laptop.vm("alice", { attach: cable, address: "10.9.0.1/24", wire });
  const bob = laptop.vm("bob", { attach: cable, address: "10.9.0.2/24" });
  return { client: alice, server: bob, captures: [alice, bob].map(({ adapters }) => adapters[0]!.capture()) };
}

/** A VM behind a NAT, and a machine on the LAN. */
async function aroundNat() {
  const world = await lab();
  const laptop = world.host("laptop");
  const printer = world.host("printer");
  const web = laptop.vm("web", laptop.nat({ forward: "tcp,tcp,,5000,,5000" }));
  await world.ready();
  return { laptop, printer, web, captures: [web.adapters[0]!, printer.legs[0]!].map((card) => card.capture()) };
}

describe.skipIf(!tshark)("tshark, which checks every sum and follows every number,", () => {
  const opinions = (captures: Capture[]) => captures.map((capture) => opinionOn(capture.bytes(), PORT));

  /** Each card saw two connections with two megabytes each, and nothing that should not be. */
  const expectNoObjection = (captures: Capture[]) => {
    expect(captures).toHaveLength(2);
    for (const { connections, segments, objections } of opinions(captures)) {
      expect({ connections, objections }).toEqual({ connections: 2, objections: {} });
      expect(segments).toBeGreaterThan((4 * MEGABYTE.length) / 1460);
    }
  };

  test("has no objection to TCP across a switch", async () => {
    const { client, server, captures } = await onASwitch();
    await talk(client, server);
    expectNoObjection(captures);
  }, TIME);

  test("has no objection to TCP through a NAT", async () => {
    const { printer, web, captures } = await aroundNat();
    await talk(web, printer);
    expectNoObjection(captures);
  }, TIME);

  test("has no objection to TCP through a forward", async () => {
    const { laptop, printer, web, captures } = await aroundNat();
    await talk(printer, web, laptop.address);
    expectNoObjection(captures);
  }, TIME);

  test("sees what was sent again over a wire that loses frames", async () => {
    const { client, server, captures } = await onASwitch({ loss: 0.01 });
    await talk(client, server);
    for (const { objections } of opinions(captures)) {
      expect(objections).toMatchObject({ "Duplicate ACK": expect.any(Number), "This frame is a (suspected) retransmission": expect.any(Number) });
      expect(objections).not.toHaveProperty("Bad checksum");
    }
  }, TIME);

  test("sees what a wire has damaged", async () => {
    const { client, server, captures } = await onASwitch({ corrupt: 0.01 });
    await talk(client, server);
    for (const { objections } of opinions(captures)) expect(objections["Bad checksum"]).toBeGreaterThan(10);
  }, TIME);
});
