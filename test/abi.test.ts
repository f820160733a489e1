import { describe, expect, test } from "vitest";
import * as abi from "../assembly/abi";
import wasm from "../build/engine.wasm";
import { Engine } from "../src/engine";
import { REASONS } from "../src/reasons";
import { readWasm } from "./wasm-module";

const CAPACITIES = [256, 256, 16, 32, 16, 32, 32, 64, 32, 64, 8, 64, 64, 16, 256, 32, 64];
const make = (): Promise<Engine> => Engine.create(undefined, CAPACITIES, [7, 9]);

/** Everything below reads memory as it lies there, by the constants alone. */
class Memory {
  private readonly view: DataView;
  constructor(engine: Engine) { this.view = new DataView(engine.call.memory.buffer); }
  u8(at: number): number { return this.view.getUint8(at); }
  u16(at: number): number { return this.view.getUint16(at, true); }
  u32(at: number): number { return this.view.getUint32(at, true); }
  u64(at: number): bigint { return this.view.getBigUint64(at, true); }
  /** Four bytes of an address in network order. */
  ip(at: number): number[] { return [0, 1, 2, 3].map((i) => this.view.getUint8(at + 12 + i)); }
}

const MAC_1: [number, number] = [0x0200, 0x00000001];
const MAC_2: [number, number] = [0x0200, 0x00000002];
const IP_1 = 0x0a090001;
const IP_2 = 0x0a090002;

/** Two stations on one network, wires of 50 µs. */
function twoStations({ call }: Engine): { nodes: number[]; ports: number[]; interfaces: number[]; network: number } {
  const network = call.networkAdd(abi.SWITCH_LEARNING, 300_000);
  const made = [[MAC_1, IP_1], [MAC_2, IP_2]].map(([mac, ip], i) => {
    const node = call.nodeAdd(0, 1, i);
    const port = call.portAdd(abi.ROLE_INTERFACE, abi.CLASS_VM, 50_000);
    const id = call.interfaceAdd(node, port, ...(mac as [number, number]));
    call.interfaceSetAddress(id, ip as number, 24, 0x0a0900fe);
    call.portAttach(port, network);
    return { node, port, id };
  });
  return {
    network,
    nodes: made.map(({ node }) => node),
    ports: made.map(({ port }) => port),
    interfaces: made.map(({ id }) => id),
  };
}

describe("the module", () => {
  const module = readWasm(wasm);

  test("asks nothing of its surroundings", () => {
    expect(module.imports).toBe(0);
    expect(WebAssembly.Module.imports(new WebAssembly.Module(wasm))).toEqual([]);
  });

  test("keeps no state outside its memory: no global can change", () => {
    expect(module.globals.filter(({ mutable }) => mutable)).toEqual([]);
  });

  test("exports one memory, functions, and no table or global", () => {
    const others = module.exports.filter(({ kind }) => kind !== "func");
    expect(others).toEqual([{ name: "memory", kind: "memory" }]);
  });

  test("brings no bytes of its own but a few constants", () => expect(module.data).toBeLessThan(4096));

  test("is of the version that the contract names", async () => expect((await make()).call.version()).toBe(abi.ABI_VERSION));

  test("grows its memory once, when it is laid out, and never again", async () => {
    const engine = await make();
    const { call } = engine;
    const { buffer } = call.memory;
    const { nodes, ports } = twoStations(engine);
    for (let i = 0; i < 1000; i++) {
      call.networkAdd(0, 300_000);
      call.portAdd(abi.ROLE_EXTERNAL, abi.CLASS_VM, i);
      call.udpOpen(nodes[0]!, 0, 0);
      for (let k = 0; k < 400; k++) if (!engine.offer(ports[0]!, new Uint8Array(60).fill(2))) engine.flush();
      engine.flush();
      call.run(Infinity, 10_000, 0);
      while (engine.nextEvent());
    }
    expect(call.memory.buffer).toBe(buffer);
  });

  test("two engines of one module share nothing", async () => {
    const [a, b] = [await make(), await make()];
    const untouched = b.stateHash();
    twoStations(a);
    expect(b.stateHash()).toBe(untouched);
    expect(a.stateHash()).not.toBe(untouched);
  });
});

describe("reasons", () => {
  const names = REASONS.map(([name]) => name);

  test("are named in the order of the constants, without gaps", () => {
    expect(names).toHaveLength(abi.REASONS);
    const constants = abi as unknown as Record<string, number>;
    expect(names.map((name) => constants[name])).toEqual(names.map((_, i) => i));
    expect(new Set(names).size).toBe(names.length);
  });

  test("fit the control block", () => {
    expect(abi.CONTROL_DROPS + 8 * abi.REASONS).toBeLessThanOrEqual(abi.CONTROL_CAPACITIES);
    expect(abi.CONTROL_BOOKS + 8 * abi.BOOKS).toBeLessThanOrEqual(abi.CONTROL_DROPS);
    expect(abi.CONTROL_CAPACITIES + 4 * abi.CAPACITIES).toBeLessThanOrEqual(abi.CONTROL_SEED);
  });

  test("each say something to people", () => {
    for (const [name, text] of REASONS) expect(text.length, name).toBeGreaterThan(10);
  });
});

describe("the control block", () => {
  test("holds the capacities and the seed where TypeScript wrote them", async () => {
    const { call } = await make();
    const memory = new Memory({ call } as Engine);
    const at = call.control();
    expect(CAPACITIES.map((_, i) => memory.u32(at + abi.CONTROL_CAPACITIES + 4 * i))).toEqual(CAPACITIES);
    expect(memory.u64(at + abi.CONTROL_SEED)).toBe((7n << 32n) | 9n);
  });

  test("says the time, what comes next, the books, drops and events", async () => {
    const engine = await make();
    const { call } = engine;
    const memory = new Memory(engine);
    const at = call.control();
    const { nodes } = twoStations(engine);
    const book = (which: number): number => Number(memory.u64(at + abi.CONTROL_BOOKS + 8 * which));

    const echo = call.echoOpen(nodes[0]!);
    expect(call.echoSend(nodes[0]!, IP_2, echo, 3, 0, 0)).toBe(0);
    expect(book(abi.BOOK_ORIGINATED)).toBe(2);
    call.run(0, 0, 0);
    expect(memory.u64(at + abi.CONTROL_NEXT_WORK)).toBe(50_000n);
    expect(call.run(Infinity, 1000, 0)).toBe(abi.RUN_VISIBLE);
    // ARP there and back, echo there and back, two wires each.
    expect(memory.u64(at + abi.CONTROL_NOW)).toBe(400_000n);
    expect(memory.u32(at + abi.CONTROL_EVENTS_WRITTEN)).toBe(1);
    expect(memory.u32(at + abi.CONTROL_EVENTS_READ)).toBe(0);
    expect([book(abi.BOOK_ORIGINATED), book(abi.BOOK_CONSUMED), book(abi.BOOK_COPIES)]).toEqual([4, 4, 0]);
    expect(call.run(Infinity, 1000, 0)).toBe(abi.RUN_IDLE);
    expect(memory.u64(at + abi.CONTROL_NEXT_WORK)).toBe(0xffff_ffff_ffff_ffffn);

    call.dropAt(1, abi.NO_FRAME);
    expect(memory.u64(at + abi.CONTROL_DROPS + 8 * abi.NO_FRAME)).toBe(1n);
    expect([book(abi.BOOK_INGRESS), book(abi.BOOK_DROPPED)]).toEqual([1, 1]);
    call.refuse(abi.BOOK_CONSUMED, abi.QUEUE_FULL, 0);
    expect([book(abi.BOOK_CONSUMED), book(abi.BOOK_DROPPED)]).toEqual([3, 2]);
  });
});

describe("structs", () => {
  test("a port has its MAC and counters where the contract says", async () => {
    const engine = await make();
    const { call } = engine;
    const memory = new Memory(engine);
    const network = call.networkAdd(abi.SWITCH_LEARNING, 300_000);
    const [a, b] = [0, 1].map(() => {
      const port = call.portAdd(abi.ROLE_EXTERNAL, abi.CLASS_VM, 1000);
      call.portAttach(port, network);
      return port;
    }) as [number, number];
    call.portSetMac(a, 0x1234, 0x56789abc);
    expect(memory.u64(call.portOffset(a) + abi.PORT_MAC)).toBe(0x123456789abcn);

    for (const length of [60, 100]) engine.offer(a, new Uint8Array(length).fill(2));
    engine.offer(a, new Uint8Array(20).fill(3));
    engine.flush();
    while (call.run(Infinity, 100, 0) !== abi.RUN_IDLE) while (engine.nextEvent());
    const counters = (port: number): bigint[] =>
      [abi.PORT_RX_FRAMES, abi.PORT_RX_BYTES, abi.PORT_TX_FRAMES, abi.PORT_TX_BYTES, abi.PORT_DROPS]
        .map((field) => memory.u64(call.portOffset(port) + field));
    expect(counters(a)).toEqual([3n, 180n, 0n, 0n, 3n]);
    expect(counters(b)).toEqual([0n, 0n, 0n, 0n, 0n]);
  });

  test("an interface has its address, prefix, gateway and MTU where the contract says", async () => {
    const engine = await make();
    const memory = new Memory(engine);
    const at = engine.call.interfaceOffset(twoStations(engine).interfaces[1]!);
    expect([abi.INTERFACE_ADDRESS, abi.INTERFACE_PREFIX, abi.INTERFACE_GATEWAY, abi.INTERFACE_MTU].map((field) => memory.u32(at + field)))
      .toEqual([IP_2, 24, 0x0a0900fe, 1500]);
    expect([abi.INTERFACE_DHCP_STATE, abi.INTERFACE_SERVER, abi.INTERFACE_DNS].map((field) => memory.u32(at + field))).toEqual([0, 0, 0]);
    expect(memory.u64(at + abi.INTERFACE_LEASE_UNTIL)).toBe(0n);
    engine.call.interfaceDhcp(twoStations(engine).interfaces[1]!, 1, 0);
  });

  test("the forwarding database has key, time and port where the contract says", async () => {
    const engine = await make();
    const { call } = engine;
    const memory = new Memory(engine);
    const { network, nodes, ports } = twoStations(engine);
    call.echoSend(nodes[0]!, IP_2, call.echoOpen(nodes[0]!), 1, 0, 0);
    while (call.run(Infinity, 100, 0) !== abi.RUN_IDLE) while (engine.nextEvent());
    const found: [bigint, number][] = [];
    for (let i = call.fdbNext(network, 0); i !== 0; i = call.fdbNext(network, i)) {
      const at = call.fdbOffset(i - 1);
      // The upper 24 bits of the second word are the port, the lower 40 when it was heard: in the first millisecond.
      found.push([memory.u64(at), Number(memory.u64(at + 8) / 2n ** 40n)]);
      expect(memory.u64(at + 8) % 2n ** 40n).toBe(0n);
      
    }
    const key = ([high, low]: [number, number]): bigint => (BigInt(network) << 48n) | (BigInt(high) << 32n) | BigInt(low);
    expect(found.sort()).toEqual([[key(MAC_1), ports[0]], [key(MAC_2), ports[1]]].sort());
  });

  test("a mapping and a connection have their endpoints where the contract says", async () => {
    const engine = await make();
    const { call } = engine;
    const memory = new Memory(engine);
    const { network, nodes } = twoStations(engine);
    const gate = call.nodeAdd(abi.NODE_FORWARDS, 5, 5);
    const legs = [0x0a0900fe, 0xc0000201].map((ip, i) => {
      const port = call.portAdd(abi.ROLE_INTERFACE, abi.CLASS_WIRE, 1000);
      const id = call.interfaceAdd(gate, port, 0x0200, 0x100 + i);
      call.interfaceSetAddress(id, ip, 24, 0);
      call.portAttach(port, i === 0 ? network : call.networkAdd(0, 300_000));
      return id;
    });
    const nat = call.natAdd(gate, gate, legs[1]!);
    const socket = call.udpOpen(nodes[0]!, 0, 5000);
    expect(call.udpSend(socket, 0xc0000209, 53, 4, 0)).toBe(0);
    call.run(10_000_000, 1000, 0);

    const mapping = call.mappingNext(nat, 0);
    const at = call.mappingOffset(mapping);
    expect(memory.ip(at + abi.MAPPING_INSIDE)).toEqual([10, 9, 0, 1]);
    expect(memory.ip(at + abi.MAPPING_OUTSIDE)).toEqual([192, 0, 2, 1]);
    expect([memory.u16(at + abi.MAPPING_INSIDE_PORT), memory.u16(at + abi.MAPPING_OUTSIDE_PORT)]).toEqual([5000, 5000]);
    expect(memory.u8(at + abi.MAPPING_PROTOCOL)).toBe(17);
    expect(call.mappingNext(nat, mapping)).toBe(0);

    const connection = call.connectionOffset(call.connectionNext(nat, 0));
    expect(memory.u32(connection + abi.CONNECTION_MAPPING)).toBe(mapping);
    expect(memory.ip(connection + abi.CONNECTION_INSIDE_REMOTE)).toEqual([192, 0, 2, 9]);
    expect(memory.ip(connection + abi.CONNECTION_OUTSIDE_REMOTE)).toEqual([192, 0, 2, 9]);
    expect([memory.u16(connection + abi.CONNECTION_INSIDE_PORT), memory.u16(connection + abi.CONNECTION_OUTSIDE_PORT)]).toEqual([53, 53]);
    expect(memory.u8(connection + abi.CONNECTION_STATE)).toBe(abi.STATE_UDP);
    const left = memory.u64(connection + abi.CONNECTION_DEADLINE) - BigInt(Math.round(engine.now));
    expect(Number(left) / 1e9).toBeCloseTo(300, 1);
  });
});

describe("events", () => {
  test("an echo reply and a datagram say who, whence and how long", async () => {
    const engine = await make();
    const { call } = engine;
    const memory = new Memory(engine);
    const { nodes, interfaces } = twoStations(engine);
    const echo = call.echoOpen(nodes[0]!);
    const [from, to] = [call.udpOpen(nodes[0]!, 0, 5000), call.udpOpen(nodes[1]!, 0, 7)];
    engine.stage(Uint8Array.of(1, 2, 3, 4, 5));
    call.echoSend(nodes[0]!, IP_2, echo, 77, 5, 33);
    call.udpSend(from, IP_2, 7, 5, 9);
    while (call.run(Infinity, 1000, 0) !== abi.RUN_IDLE);

    const ring = call.eventsOffset();
    const fields = [abi.EVENT_KIND, abi.EVENT_ID, abi.EVENT_LENGTH, abi.EVENT_A, abi.EVENT_B, abi.EVENT_C, abi.EVENT_D, abi.EVENT_FLAGS];
    const read = (i: number): number[] => fields.map((field) => memory.u32(ring + i * abi.EVENT + field));
    const first = memory.u32(ring + abi.EVENT_KIND) === abi.EVENT_DATAGRAM ? 0 : 1;
    expect(read(first)).toEqual([abi.EVENT_DATAGRAM, to, 5, IP_1, 5000, IP_2, interfaces[1], 9]);
    expect(read(1 - first)).toEqual([abi.EVENT_ECHO, nodes[0], 5, IP_2, echo, 77, 0, 64]);

    const offset = memory.u32(ring + first * abi.EVENT + abi.EVENT_OFFSET);
    expect([0, 1, 2, 3, 4].map((i) => memory.u8(offset + i))).toEqual([1, 2, 3, 4, 5]);
    expect(memory.u64(ring + first * abi.EVENT + abi.EVENT_TIME)).toBe(300_000n);
    expect(memory.u32(ring + first * abi.EVENT + abi.EVENT_FRAME)).toBeGreaterThan(0);
    call.eventsRead(2);
    expect(memory.u32(call.control() + abi.CONTROL_EVENTS_READ)).toBe(2);
  });

  test("a captured frame says port, network, direction and reason; an error about one's own packet says about which", async () => {
    const engine = await make();
    const { call } = engine;
    const { network, nodes, ports } = twoStations(engine);
    const socket = call.udpOpen(nodes[0]!, 0, 5000);
    call.networkSetCapture(network, 1);
    call.udpSend(socket, IP_2, 9, 0, 0);
    const events = [];
    while (call.run(Infinity, 1000, 0) !== abi.RUN_IDLE) for (let event = engine.nextEvent(); event; event = engine.nextEvent()) events.push(event);

    const captured = events.filter(({ kind }) => kind === abi.EVENT_CAPTURE);
    expect(captured.map(({ a }) => a)).toEqual(captured.map(() => network));
    expect(captured.map(({ id, b, c, payload }) => [id, b, c, payload.length])).toEqual([
      [ports[0], 0, 0, 42], [ports[1], 1, 0, 42], // who has?
      [ports[1], 0, 0, 42], [ports[0], 1, 0, 42], // I have
      [ports[0], 0, 0, 42], [ports[1], 1, abi.UDP_CLOSED, 42], // a datagram
      [ports[1], 0, 0, 70], [ports[0], 1, 0, 70], // port unreachable
    ]);
    const [error] = events.filter(({ kind }) => kind === abi.EVENT_ICMP_ERROR);
    expect([error!.id, error!.a, error!.b, error!.c, error!.d, error!.e]).toEqual([nodes[0], IP_2, (3 << 8) | 3, 17, IP_2, (5000 << 16) | 9]);
  });

  test("what found no way, a guest that was heard, and a frame for it are told apart", async () => {
    const engine = await make();
    const { call } = engine;
    const { network, nodes } = twoStations(engine);
    const guest = call.portAdd(abi.ROLE_EXTERNAL, abi.CLASS_VM, 50_000);
    call.portAttach(guest, network);
    engine.offer(guest, Uint8Array.from([...new Array<number>(6).fill(255), 2, 3, 4, 5, 6, 7, 0x88, 0xb5, ...new Array<number>(46).fill(0)]));
    engine.flush();
    call.udpSend(call.udpOpen(nodes[0]!, 0, 5000), 0x0a090077, 9, 0, 0);
    const events = [];
    while (call.run(Infinity, 1000, 0) !== abi.RUN_IDLE) for (let event = engine.nextEvent(); event; event = engine.nextEvent()) events.push(event);

    const [heard] = events.filter(({ kind }) => kind === abi.EVENT_HEARD);
    expect([heard!.id, heard!.a, heard!.b]).toEqual([guest, 0x0203, 0x04050607]);
    const delivered = events.filter(({ kind }) => kind === abi.EVENT_DELIVER);
    expect(delivered.map(({ id, payload }) => [id, payload.length])).toEqual([[guest, 42], [guest, 42], [guest, 42]]);
    const [unsent] = events.filter(({ kind }) => kind === abi.EVENT_UNSENT);
    expect([unsent!.id, unsent!.a, unsent!.b, unsent!.c, unsent!.e]).toEqual([nodes[0], 0x0a090077, abi.NEIGHBOR_FAILED, 17, (5000 << 16) | 9]);
  });
});

describe("capacities", () => {
  test("of few frames are not used up by what guests may send next", async () => {
    const engine = await Engine.create(undefined, CAPACITIES.with(abi.CAPACITY_FRAMES, 16), [0, 0]);
    const { nodes, ports } = twoStations(engine);
    engine.offer(ports[0]!, new Uint8Array(60).fill(2));
    engine.flush();
    const { call } = engine;
    expect(call.echoSend(nodes[0]!, IP_2, call.echoOpen(nodes[0]!), 1, 0, 0)).toBe(0);
    expect(call.run(Infinity, 1000, 0)).toBe(abi.RUN_VISIBLE);
    expect(engine.nextEvent()!.kind).toBe(abi.EVENT_ECHO);
  });

  test("that cannot be are refused before anything is laid out", async () => {
    for (const [which, value] of [
      [abi.CAPACITY_FRAMES, 0], [abi.CAPACITY_NEIGHBORS, 63], [abi.CAPACITY_FDB, 100], [abi.CAPACITY_EVENTS, 32],
      [abi.CAPACITY_EVENTS, 1000], [abi.CAPACITY_FRAMES, 0xffffffff], [abi.CAPACITY_CONNECTIONS, 1 << 25], [abi.CAPACITY_NETWORKS, 65536],
    ] as const) {
      const capacities = CAPACITIES.with(which, value);
      await expect(Engine.create(undefined, capacities, [0, 0]), `${which}: ${value}`).rejects.toMatchObject({ code: "CAPACITY" });
    }
  });

  test("a module that is another version's, or no engine at all, is refused", async () => {
    const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    await expect(Engine.create(empty, CAPACITIES, [0, 0])).rejects.toMatchObject({ code: "ENGINE" });
  });
});
