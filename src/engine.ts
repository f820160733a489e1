import * as abi from "../assembly/abi";
import type { EngineExports } from "./engine-exports";
import { LabError } from "./errors";
import type { Character } from "./wire-options";
import wasm from "../build/engine.wasm";

/** One event of the engine, decoded; `payload` is a copy. What a, b, c, d and e mean per kind is in `assembly/abi.ts`. */
export interface EngineEvent {
  kind: number;
  id: number;
  payload: Uint8Array;
  a: number;
  b: number;
  c: number;
  d: number;
  e: number;
  f: number;
  flags: number;
  /** ns */
  time: bigint;
}

/** The non-zero pages of a memory, 4096 bytes each, in ascending order. */
export interface MemoryPages {
  /** Bytes of the whole memory. */
  length: number;
  numbers: Uint32Array;
  bytes: Uint8Array;
}

const PAGE = 4096;
const NOTHING = new Uint8Array(0);

type Six = [number, number, number, number, number, number];

/** Where the engine has what of a wire's character. */
const WIRE_FIELDS: [keyof Character, number][] = [
  ["delay", abi.WIRE_DELAY], ["jitter", abi.WIRE_JITTER], ["rate", abi.WIRE_RATE], ["queueFrames", abi.WIRE_QUEUE_FRAMES],
  ["queueBytes", abi.WIRE_QUEUE_BYTES], ["most", abi.WIRE_MOST], ["lossGood", abi.WIRE_LOSS_GOOD], ["lossBad", abi.WIRE_LOSS_BAD],
  ["toBad", abi.WIRE_TO_BAD], ["toGood", abi.WIRE_TO_GOOD], ["corrupt", abi.WIRE_CORRUPT], ["duplicate", abi.WIRE_DUPLICATE],
  ["reorder", abi.WIRE_REORDER], ["late", abi.WIRE_LATE], ["inOrder", abi.WIRE_IN_ORDER],
];

/** The engine that comes with the package, compiled once per process. */
let compiled: WebAssembly.Module | undefined;

/** The engine's own module or bytes, where the built-in one is not wanted. */
export type EngineSource = WebAssembly.Module | BufferSource;

async function instantiate(source: EngineSource | undefined): Promise<EngineExports> {
  const module = source === undefined ? (compiled ??= await WebAssembly.compile(wasm))
    : source instanceof WebAssembly.Module ? source
    : await WebAssembly.compile(source);
  const call = (await WebAssembly.instantiate(module)).exports as unknown as EngineExports;
  const version = call.version?.();
  if (version === abi.ABI_VERSION) return call;
  throw new LabError("ENGINE",
    `engine of version ${version ?? "unknown"}; this package needs ${abi.ABI_VERSION}. Is engine.wasm from another release?`);
}

/**
 * The engine: the one place that knows its memory and its exports. Everything above deals in ids, numbers and copies.
 *
 * Views are made once: the memory grows in `init` and never again.
 */
export class Engine {
  private readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  private readonly view: DataView;
  private readonly control: number;
  private readonly staging: number;
  private readonly ring: number;
  private readonly ringMask: number;
  private readonly frames: number;
  private readonly ingressRecords: number;
  /** Records at the front of the ingress table that are filled, and that have a frame buffer. */
  private pending = 0;
  private reserved = 0;

  /**
   * An empty engine.
   *
   * @param source      a module, its bytes, or nothing for the one that comes with the package
   * @param capacities  u32 per CAPACITY_…
   * @param seed        two u32, the seed of the hash functions
   * @throws LabError ENGINE (another version), CAPACITY
   */
  static async create(source: EngineSource | undefined, capacities: number[], seed: [number, number]): Promise<Engine> {
    const call = await instantiate(source);
    const before = new DataView(call.memory.buffer, call.control());
    capacities.forEach((count, which) => before.setUint32(abi.CONTROL_CAPACITIES + 4 * which, count, true));
    before.setUint32(abi.CONTROL_SEED, seed[1], true);
    before.setUint32(abi.CONTROL_SEED + 4, seed[0], true);
    if (call.init() !== 0) return new Engine(call, capacities);
    throw new LabError("CAPACITY",
      `capacities [${capacities}] need more memory than can be had, or one of them is not allowed; neighbors, stations ` +
      "and events take powers of two");
  }

  /** An engine that goes on with a saved memory, which has to be of this version. */
  static async load(source: EngineSource | undefined, capacities: number[], saved: MemoryPages): Promise<Engine> {
    const call = await instantiate(source);
    // Beyond what the module begins with, new memory is zero: only pages that were not are written, and none is read.
    new Uint8Array(call.memory.buffer).fill(0);
    const missing = saved.length - call.memory.buffer.byteLength;
    if (missing > 0) call.memory.grow(missing / 65536);
    const bytes = new Uint8Array(call.memory.buffer);
    saved.numbers.forEach((page, i) => bytes.set(saved.bytes.subarray(i * PAGE, (i + 1) * PAGE), page * PAGE));
    return new Engine(call, capacities);
  }

  private constructor(readonly call: EngineExports, capacities: number[]) {
    this.control = call.control();
    this.bytes = new Uint8Array(call.memory.buffer);
    this.words = new Int32Array(call.memory.buffer);
    this.view = new DataView(call.memory.buffer);
    this.staging = call.staging();
    this.ring = call.eventsOffset();
    this.ringMask = capacities[abi.CAPACITY_EVENTS]! - 1;
    this.frames = call.framesOffset();
    this.ingressRecords = call.ingressOffset();
  }

  // ── time ──

  /** ns; exact up to 104 days, and to 2 ns from there to 208. */
  get now(): number { return this.f64(this.control + abi.CONTROL_NOW); }

  /** When the next thing happens that drives time, ns; Infinity: never. */
  get nextWork(): number { return this.due(abi.CONTROL_NEXT_WORK); }

  /** When the next thing of any kind happens, ns; Infinity: never. */
  get nextAny(): number { return this.due(abi.CONTROL_NEXT_ANY); }

  // ── payloads ──

  /** Puts `data` where the next `udpSend` or `echoSend` takes it from. */
  stage(data: Uint8Array): void { this.bytes.set(data, this.staging); }

  /** A copy of what the last `tcpRead` left there. */
  staged(length: number): Uint8Array<ArrayBuffer> { return this.bytes.slice(this.staging, this.staging + length); }

  // ── events ──

  /** Places left in the event ring. */
  get eventsFree(): number {
    const written = this.u32(this.control + abi.CONTROL_EVENTS_WRITTEN);
    const read = this.u32(this.control + abi.CONTROL_EVENTS_READ);
    return this.ringMask + 1 - ((written - read) >>> 0);
  }

  /** The oldest event, copied out and given back; null: there is none. */
  nextEvent(): EngineEvent | null {
    const read = this.u32(this.control + abi.CONTROL_EVENTS_READ);
    if (read === this.u32(this.control + abi.CONTROL_EVENTS_WRITTEN)) return null;

    const at = this.ring + ((read & this.ringMask) >>> 0) * abi.EVENT;
    const offset = this.u32(at + abi.EVENT_OFFSET);
    const length = this.u32(at + abi.EVENT_LENGTH);
    const event = {
      kind: this.u32(at + abi.EVENT_KIND),
      id: this.u32(at + abi.EVENT_ID),
      // The echoed data is not handed out: its length has no bytes behind it.
      payload: offset === 0 || length === 0 ? NOTHING : this.bytes.slice(offset, offset + length),
      a: this.u32(at + abi.EVENT_A),
      b: this.u32(at + abi.EVENT_B),
      c: this.u32(at + abi.EVENT_C),
      d: this.u32(at + abi.EVENT_D),
      e: this.u32(at + abi.EVENT_E),
      f: this.u32(at + abi.EVENT_F),
      flags: this.u32(at + abi.EVENT_FLAGS),
      time: this.view.getBigUint64(at + abi.EVENT_TIME, true),
    };
    this.call.eventsRead(1);
    return event;
  }

  // ── frames from external guests ──

  /** Whether frames wait for `flush`. */
  get hasPending(): boolean { return this.pending > 0; }

  /**
   * Copies a frame in, to be injected by the next `flush`. Any length is taken; one the wire could not carry, and one
   * that finds no buffer, is a counted drop.
   *
   * @param isProbe  every step of its walk is told by EVENT_TRACE
   * @returns false when `flush` has to be called first
   */
  offer(port: number, frame: Uint8Array, isProbe = false): boolean {
    if (this.pending === abi.INGRESS) return false;
    if (this.pending === this.reserved) this.reserved = this.call.reserve();
    if (this.pending === this.reserved && this.pending > 0) return false;
    if (this.pending === this.reserved) {
      this.call.dropAt(port, abi.NO_FRAME);
      return true;
    }
    const record = this.ingressRecords + 16 * this.pending++;
    const handle = this.u32(record);
    const length = Math.min(frame.length, abi.FRAME_MAX);
    this.bytes.set(length === frame.length ? frame : frame.subarray(0, length),
      this.frames + handle * abi.FRAME_SLOT + abi.FRAME_START);
    this.view.setUint32(record + 4, port, true);
    this.view.setUint32(record + 8, Math.min(frame.length, 65535), true);
    this.view.setUint32(record + 12, isProbe ? 1 : 0, true);
    return true;
  }

  /** Injects the frames offered so far, at the engine's current time. */
  flush(): void {
    if (this.pending === 0) return;
    this.call.ingress(this.pending);
    this.pending = 0;
    this.reserved = 0;
  }

  // ── what people want to see ──

  /** Counters since the beginning, in the order of BOOK_…. */
  books(): number[] { return this.counters(this.control + abi.CONTROL_BOOKS, abi.BOOKS); }

  /** Frames dropped, in the order of REASONS. */
  drops(): number[] { return this.counters(this.control + abi.CONTROL_DROPS, abi.REASONS); }

  port(id: number): {
    mac: [number, number]; rxFrames: number; rxBytes: number; txFrames: number; txBytes: number; drops: number; digest: string;
  } {
    const at = this.call.portOffset(id);
    return {
      mac: [this.u32(at + abi.PORT_MAC + 4), this.u32(at + abi.PORT_MAC)],
      rxFrames: this.f64(at + abi.PORT_RX_FRAMES),
      rxBytes: this.f64(at + abi.PORT_RX_BYTES),
      txFrames: this.f64(at + abi.PORT_TX_FRAMES),
      txBytes: this.f64(at + abi.PORT_TX_BYTES),
      drops: this.f64(at + abi.PORT_DROPS),
      digest: this.view.getBigUint64(at + abi.PORT_DIGEST, true).toString(16).padStart(16, "0"),
    };
  }

  /** Fills in one direction of a wire that was given character; `wireSet` makes it count. */
  fillWire(port: number, way: number, character: Character): void {
    const at = this.call.wireOffset(port, way);
    for (const [name, offset] of WIRE_FIELDS) this.view.setFloat64(at + offset, character[name], true);
  }

  /** What became of frames on one direction of a wire; null: it has no character. */
  wire(port: number, way: number): {
    passed: number; lost: number; corrupted: number; duplicated: number; late: number; refused: number;
    queue: { frames: number; bytes: number };
  } | null {
    const at = this.call.wireOffset(port, way);
    if (at === 0) return null;
    const [passed, lost, corrupted, duplicated, late, refused] = this.counters(at + abi.WIRE_COUNTERS, 6) as Six;
    const queue = { frames: this.u32(at + abi.WIRE_QUEUED), bytes: this.u32(at + abi.WIRE_QUEUED + 4) };
    return { passed, lost, corrupted, duplicated, late, refused, queue };
  }

  interface(id: number): {
    address: number; prefix: number; gateway: number; dns: number[]; dhcp: number; server: number; leaseUntil: number;
  } {
    const at = this.call.interfaceOffset(id);
    return {
      address: this.u32(at + abi.INTERFACE_ADDRESS),
      prefix: this.u32(at + abi.INTERFACE_PREFIX),
      gateway: this.u32(at + abi.INTERFACE_GATEWAY),
      dns: [this.u32(at + abi.INTERFACE_DNS), this.u32(at + abi.INTERFACE_DNS + 4)].filter((address) => address !== 0),
      dhcp: this.u32(at + abi.INTERFACE_DHCP_STATE),
      server: this.u32(at + abi.INTERFACE_SERVER),
      leaseUntil: this.f64(at + abi.INTERFACE_LEASE_UNTIL),
    };
  }

  /** Fills in a generator that was added and not yet started. */
  fillGenerator(id: number, traffic: {
    flows: number; size: number; burst: number; interval: number; count: number; source: GeneratedEnd; target: GeneratedEnd;
  }): void {
    const at = this.call.generatorOffset(id);
    const { source, target } = traffic;
    const u32 = (offset: number, value: number): void => this.view.setUint32(at + offset, value, true);
    const u64 = (offset: number, value: number): void => this.view.setBigUint64(at + offset, BigInt(value), true);
    u32(abi.GENERATOR_FLOWS, traffic.flows);
    u32(abi.GENERATOR_SIZE, traffic.size);
    u32(abi.GENERATOR_BURST, traffic.burst);
    u64(abi.GENERATOR_INTERVAL, traffic.interval);
    u64(abi.GENERATOR_LEFT, traffic.count);
    u64(abi.GENERATOR_SRC_MAC, source.mac[0] * 2 ** 32 + source.mac[1]);
    u64(abi.GENERATOR_DST_MAC, target.mac[0] * 2 ** 32 + target.mac[1]);
    u32(abi.GENERATOR_SRC_IP, source.ip);
    u32(abi.GENERATOR_DST_IP, target.ip);
    u32(abi.GENERATOR_SRC_PORT, source.port);
    u32(abi.GENERATOR_DST_PORT, target.port);
    const spans = [source.stations, target.stations, source.stations, target.stations, source.ports, target.ports];
    spans.forEach((span, i) => u32(abi.GENERATOR_SPANS + 4 * i, span));
  }

  /** How far a generator is. */
  generator(id: number): { sent: number; left: number } {
    const at = this.call.generatorOffset(id);
    return { sent: this.f64(at + abi.GENERATOR_SENT), left: this.f64(at + abi.GENERATOR_LEFT) };
  }

  /** What the switch of a network has learned. `heard` is the engine's clock in ms. */
  *stations(network: number): Generator<{ mac: [number, number]; port: number; heard: number }> {
    for (let i = this.call.fdbNext(network, 0); i !== 0; i = this.call.fdbNext(network, i)) {
      const at = this.call.fdbOffset(i - 1);
      const high = this.u32(at + 12);
      yield {
        mac: [this.u32(at + 4) & 0xffff, this.u32(at)],
        port: high >>> 8,
        heard: (high & 0xff) * 2 ** 32 + this.u32(at + 8),
      };
    }
  }

  *mappings(nat: number): Generator<{ id: number; protocol: number; inside: Endpoint; outside: Endpoint }> {
    for (let id = this.call.mappingNext(nat, 0); id !== 0; id = this.call.mappingNext(nat, id)) yield this.mapping(id);
  }

  /** `deadline`: ns, when it goes unless it is used. */
  *connections(nat: number): Generator<{ mapping: number; remote: Endpoint; state: number; deadline: number }> {
    for (let id = this.call.connectionNext(nat, 0); id !== 0; id = this.call.connectionNext(nat, id)) {
      const at = this.call.connectionOffset(id);
      yield {
        mapping: this.u32(at + abi.CONNECTION_MAPPING),
        remote: this.endpoint(at + abi.CONNECTION_OUTSIDE_REMOTE, at + abi.CONNECTION_OUTSIDE_PORT),
        state: this.bytes[at + abi.CONNECTION_STATE]!,
        deadline: this.f64(at + abi.CONNECTION_DEADLINE),
      };
    }
  }

  mapping(id: number): { id: number; protocol: number; inside: Endpoint; outside: Endpoint } {
    const at = this.call.mappingOffset(id);
    return {
      id,
      protocol: this.bytes[at + abi.MAPPING_PROTOCOL]!,
      inside: this.endpoint(at + abi.MAPPING_INSIDE, at + abi.MAPPING_INSIDE_PORT),
      outside: this.endpoint(at + abi.MAPPING_OUTSIDE, at + abi.MAPPING_OUTSIDE_PORT),
    };
  }

  /** One end of a TCP connection, or a listener. Times are ns. */
  stream(id: number): {
    state: number; local: Endpoint; remote: Endpoint; sent: number; received: number; rtt: number; rto: number; window: number;
    segment: number; retransmits: number; error: number;
  } {
    const at = this.call.tcpOffset(id);
    return {
      state: this.u32(at + abi.STREAM_STATE),
      local: { address: this.u32(at + abi.STREAM_LOCAL), port: this.u16(at + abi.STREAM_LOCAL_PORT) },
      remote: { address: this.u32(at + abi.STREAM_REMOTE), port: this.u16(at + abi.STREAM_REMOTE_PORT) },
      sent: this.f64(at + abi.STREAM_BYTES_SENT),
      received: this.f64(at + abi.STREAM_BYTES_RECEIVED),
      rtt: this.f64(at + abi.STREAM_SRTT),
      rto: this.f64(at + abi.STREAM_RTO),
      window: this.u32(at + abi.STREAM_CWND),
      segment: this.u32(at + abi.STREAM_MSS),
      retransmits: this.u32(at + abi.STREAM_RETRANSMITS),
      error: this.u32(at + abi.STREAM_ERROR),
    };
  }

  /** A hash of the memory in use, 16 hexadecimal digits. */
  stateHash(): string {
    return [1, 0].map((part) => (this.call.stateHash(part) >>> 0).toString(16).padStart(8, "0")).join("");
  }

  // ── the memory as a whole ──

  /** Copies every page that is not all zero. Frames offered but not yet injected are injected first. */
  save(): MemoryPages {
    this.flush();
    const numbers: number[] = [];
    for (let page = 0; page < this.bytes.length / PAGE; page++) if (!this.isZero(page)) numbers.push(page);
    const bytes = new Uint8Array(numbers.length * PAGE);
    numbers.forEach((page, i) => bytes.set(this.bytes.subarray(page * PAGE, (page + 1) * PAGE), i * PAGE));
    return { length: this.bytes.length, numbers: Uint32Array.from(numbers), bytes };
  }

  private isZero(page: number): boolean {
    const end = ((page + 1) * PAGE) / 4;
    for (let i = (page * PAGE) / 4; i < end; i++) if (this.words[i] !== 0) return false;
    return true;
  }

  private endpoint(address: number, port: number): Endpoint {
    return { address: this.view.getUint32(address + 12), port: this.view.getUint16(port, true) };
  }

  private counters(at: number, count: number): number[] {
    return Array.from({ length: count }, (_, i) => this.f64(at + 8 * i));
  }

  private due(at: number): number {
    const time = this.view.getBigUint64(this.control + at, true);
    return time === 0xffff_ffff_ffff_ffffn ? Infinity : Number(time);
  }

  private u16(at: number): number { return this.view.getUint16(at, true); }

  private u32(at: number): number { return this.view.getUint32(at, true); }

  /** A u64 as a number. */
  private f64(at: number): number { return this.u32(at) + this.u32(at + 4) * 2 ** 32; }
}

/** Source or target of generated traffic: the first MAC, address and port, and how many follow. */
export interface GeneratedEnd {
  mac: [number, number];
  ip: number;
  port: number;
  stations: number;
  ports: number;
}

/** An IPv4 address (host order) and a port, or an ICMP identifier. */
export interface Endpoint {
  address: number;
  port: number;
}
