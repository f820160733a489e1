/** Two built-in stations, and between them a cable in the test's hands: frames on it are lost, doubled, late, and damaged as told. */
import * as abi from "../../assembly/abi";
import { capacities } from "../../src/capacity";
import { Engine } from "../../src/engine";
import { dice } from "../inside";

/** Probabilities of one frame, and times in ms. */
export interface Cable {
  loss: number;
  duplication: number;
  /** Of a frame that takes up to `late` longer than the others. */
  reordering: number;
  corruption: number;
  delay: number;
  late: number;
}

/** In the order in which they come out of the cable. */
interface Flight { due: number; to: number; frame: Uint8Array }

const ADDRESSES = [0x0a090001, 0x0a090002];
export const PORT = 80;

export class Pair {
  static async create(seed: number, cable: Cable, capacity: { streams?: number; chunks?: number } = {}): Promise<Pair> {
    const room = { stations: 16, frames: 4096, flights: 8192, connections: 16, forwards: 16, events: 8192, sockets: 64, streams: 16, chunks: 1024, ...capacity };
    return new Pair(await Engine.create(undefined, capacities(room), [seed, 1]), seed, cable);
  }

  readonly nodes: number[] = [];
  readonly events: { kind: number; id: number; flags: number; a: number }[] = [];
  private readonly ports: number[] = [];
  private readonly roll: () => number;
  private readonly flights: Flight[] = [];

  private constructor(readonly engine: Engine, seed: number, public cable: Cable) {
    this.roll = dice(seed);
    const { call } = engine;
    for (const side of [0, 1]) {
      const network = call.networkAdd(abi.SWITCH_LEARNING, 300_000);
      const node = call.nodeAdd(0, seed, side);
      const port = call.portAdd(abi.ROLE_INTERFACE, abi.CLASS_VM, 0);
      const id = call.interfaceAdd(node, port, 0x0200, side + 1);
      call.interfaceSetAddress(id, ADDRESSES[side]!, 24, 0);
      call.neighborSet(id, ADDRESSES[1 - side]!, 0x0200, 2 - side);
      call.portAttach(port, network);
      const outside = call.portAdd(abi.ROLE_EXTERNAL, abi.CLASS_VM, 0);
      call.portAttach(outside, network);
      this.nodes.push(node);
      this.ports.push(outside);
    }
  }

  get call(): Engine["call"] { return this.engine.call; }

  listen(backlog = 8): number { return this.call.tcpListen(this.nodes[1]!, 0, PORT, backlog); }
  connect(without = 0): number { return this.call.tcpConnect(this.nodes[0]!, 0, 0, ADDRESSES[1]!, PORT, without); }

  /** Goes on to the next moment at which something happens; false when nothing will that drives time. */
  step(): boolean {
    const next = this.flights[0]?.due ?? Infinity;
    const why = this.call.run(next, 1_000_000, 0);
    this.drain();
    if (why !== abi.RUN_LIMIT && why !== abi.RUN_IDLE) return true;
    // Idle: time stands still until a frame comes out of the cable.
    if (this.flights.length === 0) return false;
    if (this.engine.now < next) this.call.run(next, 1_000_000, 1);
    while (this.flights.length > 0 && this.flights[0]!.due <= this.engine.now) {
      const { to, frame } = this.flights.shift()!;
      if (!this.engine.offer(this.ports[to]!, frame)) {
        this.engine.flush();
        this.engine.offer(this.ports[to]!, frame);
      }
    }
    this.engine.flush();
    this.drain();
    return true;
  }

  private drain(): void {
    for (let event = this.engine.nextEvent(); event; event = this.engine.nextEvent()) {
      if (event.kind === abi.EVENT_DELIVER) this.carry(1 - this.ports.indexOf(event.id), event.payload);
      else this.events.push({ kind: event.kind, id: event.id, flags: event.flags, a: event.a });
    }
  }

  private carry(to: number, frame: Uint8Array): void {
    const { loss, duplication, reordering, corruption, delay, late } = this.cable;
    if (this.roll() < loss) return;
    const copies = this.roll() < duplication ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const extra = this.roll() < reordering ? this.roll() * late : 0;
      const bytes = frame.slice();
      if (this.roll() < corruption) bytes[Math.floor(this.roll() * bytes.length)]! ^= 1 << Math.floor(this.roll() * 8);
      const due = this.engine.now + Math.round((delay + extra) * 1e6);
      let place = this.flights.length;
      while (place > 0 && this.flights[place - 1]!.due > due) place--;
      this.flights.splice(place, 0, { due, to, frame: bytes });
    }
  }

  /** Records of a kind in use (CAPACITY_…). */
  live(which: number): number {
    return new DataView(this.call.memory.buffer, this.call.control()).getUint32(1280 + 32 * which + 20, true);
  }

  get imbalance(): number {
    const [ingress, originated, copies, delivered, consumed, dropped] = this.engine.books();
    return ingress! + originated! + copies! - delivered! - consumed! - dropped! - this.call.liveFrames();
  }
}

/** Byte `at` of side `side`'s stream. */
const byteAt = (side: number, at: number): number => (at ^ (at >>> 8) ^ (at >>> 16) ^ (side * 85)) & 255;
/** The first bytes of both, ready to be copied. */
const READY = [0, 1].map((side) => Uint8Array.from({ length: 1 << 20 }, (_, at) => byteAt(side, at)));

/** What one end of a connection does: writes `total` bytes (1 MiB at the most) and closes, and checks every byte it reads. */
export class End {
  written = 0;
  read = 0;
  private shut = false;

  constructor(private readonly pair: Pair, readonly stream: number, private readonly side: number, readonly total: number) {}

  /** Writes and reads what can be, in pieces of up to `piece` bytes. */
  act(piece: number, mayRead = true): void {
    const { call, engine } = this.pair;
    while (this.written < this.total) {
      const part = Math.min(piece, this.total - this.written);
      engine.stage(READY[this.side]!.subarray(this.written, this.written + part));
      const taken = call.tcpWrite(this.stream, part);
      if (taken < 0) throw new Error(`write at ${this.written}: ${taken}`);
      this.written += taken;
      if (taken < part) break;
    }
    if (this.written === this.total && !this.shut) {
      call.tcpShutdown(this.stream);
      this.shut = true;
    }
    if (!mayRead) return;
    for (let taken = call.tcpRead(this.stream, piece); taken > 0; taken = call.tcpRead(this.stream, piece)) {
      const bytes = new Uint8Array(call.memory.buffer, call.staging(), taken);
      const right = READY[1 - this.side]!;
      for (let i = 0; i < taken; i++)
        if (bytes[i] !== right[this.read + i]) throw new Error(`side ${this.side}: byte ${this.read + i} is wrong`);
      this.read += taken;
    }
  }

  get hasEnded(): boolean { return this.pair.call.tcpHasEnded(this.stream) === 1 && this.pair.call.tcpReadable(this.stream) === 0; }
  get state(): number {
    return new DataView(this.pair.call.memory.buffer, this.pair.call.tcpOffset(this.stream)).getUint32(abi.STREAM_STATE, true);
  }
}
