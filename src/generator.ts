import { checkPort, macHalves, parseIp, parseMac } from "./address";
import type { Core } from "./core";
import { LabError } from "./errors";
import type { Leg } from "./leg";
import { checkOptions } from "./options";
import type { OptionNames } from "./options";
import type { GeneratorState } from "./state";

/** One end of the generated datagrams. Left out: 02:00:00:00:00:01, 10.0.0.1, port 1024. */
export interface TrafficEnd {
  mac?: string;
  address?: string;
  port?: number;
  /** How many stations, 1 and up: MAC and address count up from those given. Default 1. */
  stations?: number;
  /** How many ports of each station. Default 1. */
  ports?: number;
}

export interface TrafficOptions {
  from?: TrafficEnd;
  to?: TrafficEnd;
  /** Bytes of a frame without FCS, 60 to 1514, or the Internet mix (7 x 60, 4 x 590, 1 x 1514). Default 60. */
  size?: number | "imix";
  /** Frames in all. */
  count: number;
  /** Frames sent at one instant, 1 to 256. Default 64. */
  burst?: number;
  /** ms from one burst to the next. Default 0.01. */
  interval?: number;
}

const OPTIONS: OptionNames<TrafficOptions> = { from: true, to: true, size: true, count: true, burst: true, interval: true };
const END: OptionNames<TrafficEnd> = { mac: true, address: true, port: true, stations: true, ports: true };
const MOST_FLOWS = 2 ** 31;

/**
 * UDP traffic made inside the engine, from the device end of a card's wire, so that what is measured is forwarding and not the
 * boundary. Every frame is written afresh with right checksums; the flows come in an order that jumps about.
 */
export class Generator {
  /** Starts one now. */
  static start(core: Core, at: Leg, options: TrafficOptions): Generator {
    checkOptions(options, OPTIONS, `generator at ${at.name}`);
    const { from = {}, to = {}, size = 60, count, burst = 64, interval = 0.01 } = options;
    checkOptions(from, END, `generator at ${at.name}: from`);
    checkOptions(to, END, `generator at ${at.name}: to`);
    const whole = (value: number, least: number, most: number, what: string): number => {
      if (Number.isInteger(value) && value >= least && value <= most) return value;
      throw new LabError("OPTION", `generator at ${at.name}: ${what} ${value}; it takes a whole number, ${least} to ${most}`);
    };
    if (!(interval > 0 && interval <= 60_000))
      throw new LabError("OPTION", `generator at ${at.name}: interval ${interval}; it takes more than 0 and up to 60000 ms`);
    const end = (given: TrafficEnd, mac: string, address: string) => ({
      mac: macHalves(parseMac(given.mac ?? mac, `generator at ${at.name}`)),
      ip: parseIp(given.address ?? address, `generator at ${at.name}`),
      port: checkPort(given.port ?? 1024, `generator at ${at.name}`),
      stations: whole(given.stations ?? 1, 1, 2 ** 24, "stations"),
      ports: whole(given.ports ?? 1, 1, 65535, "ports"),
    });
    const source = end(from, "02:00:00:00:00:01", "10.0.0.1");
    const target = end(to, "02:00:00:00:00:02", "10.0.0.2");
    const flows = whole(source.stations * source.ports * target.stations * target.ports, 1, MOST_FLOWS, "flows");

    const traffic = {
      flows, source, target,
      size: size === "imix" ? 0 : whole(size, 60, 1514, "size"),
      burst: whole(burst, 1, 256, "burst"),
      interval: Math.round(interval * 1e6),
      count: whole(count, 1, Number.MAX_SAFE_INTEGER, "count"),
    };

    const engine = core.enter();
    for (const each of [...core.state.generators]) if (figures(core, each).left === 0) settle(core, each);
    const id = engine.call.generatorAdd(at.port);
    if (id < 0) throw new LabError("FULL", `generator at ${at.name}: 64 of them run already; stop() one, or wait until one has finished`);
    engine.fillGenerator(id, traffic);
    engine.call.generatorStart(id);
    const state = { id, name: at.name, port: at.port, interval, burst, sent: 0, left: traffic.count };
    core.state.generators.push(state);
    return new Generator(core, state);
  }

  /** The generator of a record, new or from a snapshot. */
  constructor(private readonly core: Core, private readonly state: GeneratorState) {}

  /** The card it sends from. */
  get at(): string { return this.state.name; }

  /** Frames sent so far: those too for which the lab had no buffer, which are drops (NO_FRAME). */
  get sent(): number { return figures(this.core, this.state).sent; }

  /** Frames still to be sent; after `stop()` those that never were. */
  get left(): number { return figures(this.core, this.state).left; }

  /**
   * Lets time pass until the last frame has been sent; it may still be on its way then. Resolves also when the generator is stopped, or
   * its card removed: `left` then says how many frames were not sent.
   */
  async finished(): Promise<void> {
    const { core, state } = this;
    while (state.id !== 0 && this.left > 0) {
      const done = core.clock.operation<void>();
      const look = (): void => { if (state.id === 0) done.resolve(); };
      core.generatorListeners.add(look);
      const timer = core.clock.after(Math.ceil(this.left / state.burst) * state.interval, () => done.resolve());
      try {
        await done.promise;
      } finally {
        timer.cancelled = true;
        core.generatorListeners.delete(look);
      }
    }
  }

  /** Stops it, if it has not finished, and gives its place to another. Its figures stay what they are. */
  stop(): void {
    if (this.state.id === 0) return;
    this.core.enter();
    settle(this.core, this.state);
  }
}

/** Generators that have frames left to send, in the order they were started. */
export function runningGenerators(core: Core): Generator[] {
  return core.state.generators.filter((state) => figures(core, state).left > 0).map((state) => new Generator(core, state));
}

/** Ends what sends from a port that is about to go. */
export function endGenerators(core: Core, port: number): void {
  for (const each of [...core.state.generators]) if (each.port === port) settle(core, each);
}

/** How far one is; its place in the engine may belong to another once it has ended. */
function figures(core: Core, state: GeneratorState): { sent: number; left: number } {
  return state.id === 0 ? state : core.engine.generator(state.id);
}

/** Takes its figures out of the engine and gives its place back. */
function settle(core: Core, state: GeneratorState): void {
  const { sent, left } = figures(core, state);
  core.engine.call.generatorStop(state.id);
  Object.assign(state, { id: 0, sent, left });
  const { generators } = core.state;
  generators.splice(generators.indexOf(state), 1);
  for (const listener of [...core.generatorListeners]) listener();
}
