/** Ten thousand connections. */
import { expect, test } from "vitest";
import * as abi from "../assembly/abi";
import { capacities } from "../src/capacity";
import { Engine } from "../src/engine";

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
