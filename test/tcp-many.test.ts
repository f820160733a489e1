/** Ten thousand connections. */
import { expect, test } from "vitest";
import * as abi from "../assembly/abi";
import { capacities } from "../src/capacity";
import { Engine } from "../src/engine";
import { End, Pair } from "./tcp/pair";

const MANY = 10_000;
const CLIENTS = 2;

test("ten thousand idle connections, both ends in the lab, fit into 64 MiB, and hold no buffer", { timeout: 60_000 }, async () => {
  const capacity = { stations: 64, frames: 4096, flights: 16_384, connections: 64, forwards: 16, events: 8192, sockets: MANY + 16, streams: 2 * MANY + 16, chunks: 4096 };
  const engine = await Engine.create(undefined, capacities(capacity), [1, 2]);
  const { call } = engine;
  expect(call.memory.buffer.byteLength).toBeLessThanOrEqual(64 * 2 ** 20);

  const network = call.networkAdd(abi.SWITCH_LEARNING, 300_000);
  const [server, ...clients] = Array.from({ length: 1 + CLIENTS }, (_, i) => {
    const node = call.nodeAdd(0, 1, i);
    const port = call.portAdd(abi.ROLE_INTERFACE, abi.CLASS_VM, 50_000);
    call.interfaceSetAddress(call.interfaceAdd(node, port, 0x0200, i + 1), 0x0a090001 + i, 24, 0);
    call.portAttach(port, network);
    return node;
  }) as [number, ...number[]];
  const listener = call.tcpListen(server, 0, 80, MANY);
  const accepted: number[] = [];
  const opened: number[] = [];
  const drain = (): void => {
    while (call.run(Infinity, 1_000_000, 0) !== abi.RUN_IDLE) while (engine.nextEvent());
    while (engine.nextEvent());
    for (let stream = call.tcpAccept(listener); stream > 0; stream = call.tcpAccept(listener)) accepted.push(stream);
  };
  for (let i = 0; i < MANY; i++) {
    opened.push(call.tcpConnect(clients[i % CLIENTS]!, 0, 0, 0x0a090001, 80, 0));
    if (i % 500 === 499) drain();
  }
  drain();
  expect(Math.min(...opened)).toBeGreaterThan(0);
  expect(accepted).toHaveLength(MANY);

  const chunksInUse = (): number => new DataView(call.memory.buffer, call.control()).getUint32(1280 + 32 * abi.CAPACITY_CHUNKS + 20, true);
  expect(chunksInUse()).toBe(0);
  // Each of them works.
  const heard = new Set<number>();
  for (const [i, stream] of opened.entries()) {
    engine.stage(Uint8Array.of(i & 255, i >> 8));
    expect(call.tcpWrite(stream, 2)).toBe(2);
    if (i % 500 !== 499) continue;
    drain();
    for (const reader of accepted)
      if (call.tcpRead(reader, 10) === 2) heard.add(new DataView(call.memory.buffer, call.staging()).getUint16(0, true));
  }
  drain();
  expect(heard.size).toBe(MANY);
  expect(chunksInUse()).toBe(0);
});

const PERFECT = { loss: 0, duplication: 0, reordering: 0, corruption: 0, delay: 0.1, late: 0 };

test("a thousand connections one after another need a dozen streams: the oldest in TIME-WAIT gives way", async () => {
  const pair = await Pair.create(1, PERFECT, { streams: 16 });
  const { call } = pair;
  const listener = pair.listen();
  for (let i = 0; i < 1000; i++) {
    const client = new End(pair, pair.connect(), 0, 100);
    while (pair.step());
    const server = new End(pair, call.tcpAccept(listener), 1, 100);
    while (!client.hasEnded || !server.hasEnded) {
      client.act(100);
      server.act(100);
      pair.step();
    }
    expect([client.read, server.read]).toEqual([100, 100]);
    call.tcpRelease(client.stream);
    call.tcpRelease(server.stream);
    while (pair.step());
  }
  expect(pair.engine.now / 1e6).toBeLessThan(60_000);
  expect(pair.live(abi.CAPACITY_STREAMS)).toBe(16);
  expect(pair.imbalance).toBe(0);
});

test("a station talks to itself, by its own address and by 127.0.0.1", async () => {
  const pair = await Pair.create(1, PERFECT);
  const { call } = pair;
  const [node] = pair.nodes as [number];
  for (const address of [0x0a090001, 0x7f000001]) {
    const listener = call.tcpListen(node, 0, 80, 4);
    const client = new End(pair, call.tcpConnect(node, 0, 0, address, 80, 0), 0, 100_000);
    while (pair.step());
    const server = new End(pair, call.tcpAccept(listener), 1, 50_000);
    while (!client.hasEnded || !server.hasEnded) {
      client.act(5000);
      server.act(5000);
      pair.step();
    }
    expect([client.read, server.read]).toEqual([50_000, 100_000]);
    call.tcpCloseListener(listener);
  }
});

test("writers that find no buffer left are told when there is one, and nobody is locked out", async () => {
  const pair = await Pair.create(1, PERFECT, { streams: 64, chunks: 32 });
  const { call } = pair;
  const listener = pair.listen(64);
  const clients = Array.from({ length: 20 }, () => new End(pair, pair.connect(), 0, 20_000));
  while (pair.step());
  const servers = clients.map(() => new End(pair, call.tcpAccept(listener), 1, 0));
  for (const client of clients) client.act(20_000);
  expect(clients.filter(({ written }) => written === 0).length).toBeGreaterThan(5);
  pair.events.length = 0;
  const byStream = new Map(clients.map((client) => [client.stream, client]));
  // From here on a client acts only when it is told that it can.
  for (let steps = 0; steps < 100_000 && !servers.every((server) => server.hasEnded); steps++) {
    pair.step();
    for (const server of servers) server.act(2000);
    for (const { kind, id, flags } of pair.events.splice(0))
      if (kind === abi.EVENT_STREAM && (flags & abi.STREAM_WRITABLE) !== 0) byStream.get(id)?.act(20_000);
  }
  const streams = new Set(servers.map(({ stream }) => stream));
  expect(streams.size).toBe(20);
  expect(servers.map(({ read }) => read)).toEqual(servers.map(() => 20_000));
});
