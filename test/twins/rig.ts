import * as abi from "../../assembly/abi";
import { Engine } from "../../src/engine";

/** A frame that reached an external port. */
export interface Delivery {
  port: number;
  /** ns of the engine's clock. */
  time: number;
  frame: Uint8Array;
}

/** How a burst is handed to the engine; none of it may show in what comes out. */
export interface Handing {
  /** Frames per injection, 1…. */
  split: number;
  /** Events per call of `run`, 1…. */
  budget: number;
}

/** Room for a few dozen ports; what is left out. */
const SMALL: Record<number, number> = {
  [abi.CAPACITY_FRAMES]: 640,
  [abi.CAPACITY_FLIGHTS]: 1024,
  [abi.CAPACITY_NETWORKS]: 8,
  [abi.CAPACITY_PORTS]: 32,
  [abi.CAPACITY_NODES]: 8,
  [abi.CAPACITY_INTERFACES]: 8,
  [abi.CAPACITY_ROUTES]: 16,
  [abi.CAPACITY_NEIGHBORS]: 64,
  [abi.CAPACITY_SOCKETS]: 16,
  [abi.CAPACITY_FDB]: 256,
  [abi.CAPACITY_NATS]: 4,
  [abi.CAPACITY_MAPPINGS]: 256,
  [abi.CAPACITY_CONNECTIONS]: 256,
  [abi.CAPACITY_FORWARDS]: 16,
  [abi.CAPACITY_EVENTS]: 1024,
  [abi.CAPACITY_STREAMS]: 16,
  [abi.CAPACITY_CHUNKS]: 16,
};

/** An engine with nothing above it, which begins anew with every run of a property. */
export class Rig {
  static async create(capacities: Record<number, number> = {}): Promise<Rig> {
    const all = { ...SMALL, ...capacities };
    return new Rig(await Engine.create(undefined, Array.from({ length: abi.CAPACITIES }, (_, i) => all[i]!), [1, 2]));
  }

  private readonly memory: Uint8Array;
  private readonly pristine: Uint8Array;

  private constructor(readonly engine: Engine) {
    this.memory = new Uint8Array(engine.call.memory.buffer);
    this.pristine = this.memory.slice();
  }

  /** ns */
  get now(): number { return this.engine.now; }

  /** As new. */
  reset(): void {
    this.engine.flush();
    this.memory.set(this.pristine);
  }

  /** An external port, on no network yet. `delay`: ns each way. */
  port(owner: number, delay: number, mac?: string): number {
    const { call } = this.engine;
    const port = call.portAdd(abi.ROLE_EXTERNAL, owner, delay);
    if (mac !== undefined) call.portSetMac(port, ...macHalves(mac));
    return port;
  }

  /** Sends frames in one instant and runs until nothing is on its way; what was delivered, in that order. */
  send(frames: readonly { port: number; frame: Uint8Array }[], { split, budget }: Handing): Delivery[] {
    frames.forEach(({ port, frame }, i) => {
      if (i % split === 0) this.engine.flush();
      this.engine.offer(port, frame);
    });
    this.engine.flush();
    return this.run(Infinity, budget);
  }

  /** Lets `ms` pass. */
  wait(ms: number): Delivery[] { return this.run(this.now + ms * 1e6, 1000); }

  /** What the books are out by; 0: every frame is accounted for. */
  balance(): number {
    const books = this.engine.books();
    const drops = this.engine.drops().reduce((sum, count) => sum + count, 0);
    const [came, became] = [
      books[abi.BOOK_INGRESS]! + books[abi.BOOK_ORIGINATED]! + books[abi.BOOK_COPIES]!,
      books[abi.BOOK_DELIVERED]! + books[abi.BOOK_CONSUMED]! + books[abi.BOOK_DROPPED]! + this.engine.call.liveFrames(),
    ];
    return came - became || drops - books[abi.BOOK_DROPPED]!;
  }

  private run(until: number, budget: number): Delivery[] {
    const delivered: Delivery[] = [];
    for (;;) {
      const why = this.engine.call.run(until, budget, until === Infinity ? 0 : 1);
      let any = false;
      for (let event = this.engine.nextEvent(); event; event = this.engine.nextEvent()) {
        any = true;
        if (event.kind === abi.EVENT_DELIVER) delivered.push({ port: event.id, time: Number(event.time), frame: event.payload });
      }
      if (!any && (why === abi.RUN_IDLE || why === abi.RUN_LIMIT)) return delivered;
    }
  }
}

/** High 16 and low 32 bits. */
export function macHalves(mac: string): [number, number] {
  const bytes = mac.split(":").map((part) => parseInt(part, 16));
  return [bytes[0]! * 256 + bytes[1]!, (((bytes[2]! * 256 + bytes[3]!) * 256 + bytes[4]!) * 256 + bytes[5]!) >>> 0];
}
