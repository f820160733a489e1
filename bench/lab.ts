import * as abi from "../assembly/abi";
import type { EngineExports } from "../src/engine-exports";
import type { Traffic } from "./traffic";

/** The engine's exports that a lab does without: traffic made and swallowed inside. */
export interface BenchExports extends EngineExports {
  portSetSink(port: number, on: number): void;
  generatorAdd(port: number): number;
  generatorOffset(generator: number): number;
  generatorStart(generator: number): void;
  generatorStop(generator: number): void;
  parseFrame(length: number): number;
}

/** Delay of every wire, ns: the default of a lab. */
const WIRE = 50_000;
/** Between two bursts of a generator, ns: what is in flight stays below the number of frame buffers. */
const INTERVAL = 10_000;
/** Places in the ring of events, as a lab has by default: fewer would make bursts shorter. */
export const EVENTS = 8192;
/** Seed of the hash functions: high and low half. */
export const SEED = [0x01234567, 0x89abcdef] as const;

/** The engine without the TypeScript around it: what a benchmark sets up and drives by hand. */
export class BenchLab<X extends BenchExports = BenchExports> {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly longs: BigInt64Array;
  readonly control: number;

  /**
   * @param module  an engine, compiled
   * @param more    capacities other than those for a handful of ports and 4096 frames
   * @param extra   bytes of memory after the engine's own, from `stage` on
   */
  constructor(module: WebAssembly.Module, more: Capacities = {}, extra = 0) {
    this.x = new WebAssembly.Instance(module).exports as unknown as X;
    this.control = this.x.control();
    const before = new DataView(this.x.memory.buffer, this.control);
    capacities(more).forEach((count, which) => before.setUint32(abi.CONTROL_CAPACITIES + 4 * which, count, true));
    before.setUint32(abi.CONTROL_SEED, SEED[1], true);
    before.setUint32(abi.CONTROL_SEED + 4, SEED[0], true);
    if (this.x.init() === 0) throw new Error(`no memory for ${JSON.stringify(more)}`);
    this.stage = this.x.memory.grow(Math.ceil(extra / 65536)) * 65536;
    this.view = new DataView(this.x.memory.buffer);
    this.bytes = new Uint8Array(this.x.memory.buffer);
    this.words = new Uint32Array(this.x.memory.buffer);
    this.longs = new BigInt64Array(this.x.memory.buffer);
  }

  readonly x: X;
  /** Where the extra memory begins. */
  readonly stage: number;

  /** A learning switch whose stations are not forgotten while a benchmark runs. */
  network(): number { return this.x.networkAdd(abi.SWITCH_LEARNING, 1_000_000_000); }

  port(network: number, role: number = abi.ROLE_EXTERNAL): number {
    const port = this.x.portAdd(role, abi.CLASS_VM, WIRE);
    this.x.portAttach(port, network);
    this.x.portSetQueue(port, 1 << 20);
    return port;
  }

  /** An external port that counts and digests what it is sent. */
  sink(network: number): number {
    const port = this.port(network);
    this.x.portSetSink(port, 1);
    return port;
  }

  /** Sends `count` frames of `traffic` from the device at `port` and lets time pass until all is quiet. */
  send(port: number, traffic: Traffic, count: number): void {
    const id = this.x.generatorAdd(port);
    const at = this.x.generatorOffset(id);
    const { view } = this;
    const u32 = (offset: number, value: number): void => view.setUint32(at + offset, value, true);
    const u64 = (offset: number, value: number): void => view.setBigUint64(at + offset, BigInt(value), true);
    u32(abi.GENERATOR_FLOWS, traffic.flows);
    u32(abi.GENERATOR_SIZE, traffic.size);
    u32(abi.GENERATOR_BURST, 64);
    u64(abi.GENERATOR_INTERVAL, INTERVAL);
    u64(abi.GENERATOR_LEFT, count);
    u64(abi.GENERATOR_SRC_MAC, traffic.src.mac);
    u64(abi.GENERATOR_DST_MAC, traffic.dst.mac);
    u32(abi.GENERATOR_SRC_IP, traffic.src.ip);
    u32(abi.GENERATOR_DST_IP, traffic.dst.ip);
    u32(abi.GENERATOR_SRC_PORT, traffic.src.port);
    u32(abi.GENERATOR_DST_PORT, traffic.dst.port);
    const { src, dst } = traffic.spans;
    [src.mac, dst.mac, src.ip, dst.ip, src.port, dst.port].forEach((span, i) => u32(abi.GENERATOR_SPANS + 4 * i, span));
    this.x.generatorStart(id);
    this.settle();
    this.x.generatorStop(id);
  }

  /** Runs in short calls: V8 replaces a Wasm function by its optimised form only between two of them. */
  settle(): void {
    while (this.x.run(Infinity, 4096, 0) !== abi.RUN_IDLE);
  }

  digest(port: number): bigint { return this.view.getBigUint64(this.x.portOffset(port) + abi.PORT_DIGEST, true); }

  book(which: number): number { return Number(this.view.getBigUint64(this.control + abi.CONTROL_BOOKS + 8 * which, true)); }

  drops(reason: number): number {
    return Number(this.view.getBigUint64(this.control + abi.CONTROL_DROPS + 8 * reason, true));
  }
}

/** What a benchmark may need more of. */
export type Capacities = Partial<Record<"fdb" | "connections" | "frames" | "streams" | "chunks", number>>;

function capacities({ fdb = 8192, connections = 1024, frames = 4096, streams = 64, chunks = 64 }: Capacities): number[] {
  const counts: number[] = new Array(abi.CAPACITIES).fill(64);
  counts[abi.CAPACITY_FRAMES] = frames;
  counts[abi.CAPACITY_FLIGHTS] = 2 * frames;
  counts[abi.CAPACITY_FDB] = fdb;
  counts[abi.CAPACITY_CONNECTIONS] = connections;
  counts[abi.CAPACITY_MAPPINGS] = connections;
  counts[abi.CAPACITY_EVENTS] = EVENTS;
  counts[abi.CAPACITY_SOCKETS] = streams;
  counts[abi.CAPACITY_STREAMS] = streams;
  counts[abi.CAPACITY_CHUNKS] = chunks;
  return counts;
}
