import { BOOK_CONSUMED, BOOK_COPIES, BOOK_DELIVERED, BOOK_DROPPED, BOOK_INGRESS, BOOK_ORIGINATED } from "../assembly/abi";
import { capacities } from "./capacity";
import type { Capacity } from "./capacity";
import { Capture } from "./capture";
import { formatIp } from "./address";
import { checkDuration } from "./clock";
import { checkForm, Core } from "./core";
import { Engine } from "./engine";
import type { EngineSource } from "./engine";
import { LabError } from "./errors";
import { explainFrame } from "./explain";
import type { Explanation } from "./explain";
import { checkFrame } from "./external-port";
import { Generator, endGenerators, runningGenerators } from "./generator";
import type { TrafficOptions } from "./generator";
import { Host } from "./host";
import type { HostOptions } from "./host";
import { checkLanOptions, Lan } from "./lan";
import type { HomeRouterOptions, LanOptions } from "./lan";
import { Leg } from "./leg";
import type { Machine } from "./machine";
import { checkBoolean, checkOptions, say } from "./options";
import type { OptionNames } from "./options";
import { Printed } from "./printed";
import { reasonName } from "./reasons";
import type { ReasonName } from "./reasons";
import { Router } from "./router";
import type { RouterOptions } from "./router";
import { hash } from "./seed";
import { Sink } from "./sink";
import { reseed, restore, takeSnapshot } from "./snapshot";
import type { Snapshot } from "./snapshot";
import type { LabState } from "./state";
import { Vm } from "./vm";
import { checkWire } from "./wire-options";
import type { WireOptions } from "./wire-options";

export interface LabOptions {
  /** The same seed, the same run: MACs, ports, waiting times. Default 1. */
  seed?: number | string;
  /** `virtual` (default): time passes when something happens. `real`: for guests and sockets of the real world. */
  clock?: "virtual" | "real";
  capacity?: Capacity;
  /** What every wire is like, where neither network nor card says otherwise; default: a delay of 0.05 ms each way. */
  wire?: WireOptions;
  /** Goes on from a snapshot; all other options but `engine` are the snapshot's. */
  from?: Snapshot;
  /** The engine's module or bytes, where the one inside the package cannot be compiled. */
  engine?: EngineSource;
}

/** Where frames came from and what became of them, since the beginning. */
export interface LabStats {
  /** ms */
  time: number;
  frames: {
    /** From external guests. */
    ingress: number;
    /** Made by stations. */
    originated: number;
    /** Made by flooding: receivers beyond the first. */
    copies: number;
    /** Given to external guests. */
    delivered: number;
    /** Used by stations. */
    consumed: number;
    dropped: number;
    /** Under way. */
    live: number;
  };
  /** Frames dropped, by reason; those that did not happen are left out. */
  drops: Partial<Record<ReasonName, number>>;
  /** ingress + originated + copies - delivered - consumed - dropped - live: not 0 means that a frame went missing. */
  balance: number;
}

const OPTIONS: OptionNames<LabOptions> = { seed: true, clock: true, capacity: true, wire: true, from: true, engine: true };

/** The internet of the lab: TEST-NET-3 (RFC 5737). */
const INTERNET = "203.0.113.0/24";

/**
 * Makes a lab: one engine, one clock, one seed.
 *
 * @example
 * const lab = await createLab();
 * const laptop = lab.host("laptop");
 * const office = laptop.natNetwork("office");
 * const alice = laptop.vm("alice", office);
 * const bob = laptop.vm("bob", office);
 * await lab.ready();
 * console.log(await alice.ping(bob));
 *
 * @throws LabError OPTION, CAPACITY, ENGINE, SNAPSHOT
 */
export async function createLab(options: LabOptions = {}): Promise<Lab> {
  checkOptions(options, OPTIONS, "createLab");
  if (options.from) return new Lab(await restore(options.from, options.engine), options.engine);

  const { seed = 1, clock = "virtual", capacity, wire = {}, engine: source } = options;
  if (clock !== "virtual" && clock !== "real")
    throw new LabError("OPTION", `createLab: clock "${clock}"; it takes "virtual" or "real"`);
  if (typeof seed !== "number" && typeof seed !== "string")
    throw new LabError("OPTION", `createLab: seed ${say(seed)}; it takes a number or text`);
  const { delay = 0.05, ...character } = checkWire(wire, "createLab");
  const state: LabState = {
    seed: String(seed), forks: 0, clock, wire: { ...character, delay }, capacities: capacities(capacity), lastId: 0,
    lans: [], hosts: [], routers: [], captures: [], generators: [],
  };
  return new Lab(new Core(await Engine.create(source, state.capacities, hash(state.seed)), state), source);
}

/** A world of its own: LANs, routers, hosts and their VMs. */
export class Lab extends Printed {
  private readonly lanMap = new Map<string, Lan>();
  private closing: Promise<void> | null = null;

  /** Wraps objects around the records of a lab; use `createLab`. */
  constructor(private readonly core: Core, private readonly source?: EngineSource) {
    super();
    const { lans, hosts, routers, captures } = core.state;
    for (const each of lans) this.lanMap.set(each.name, new Lan(core, each));
    for (const each of hosts) new Host(core, each);
    for (const each of routers) new Router(core, each);
    for (const lan of this.lanMap.values()) lan.router = (this.machine(routerOf(lan.name)) as Router | undefined) ?? null;
    for (const each of captures) new Capture(core, each);
    core.onportend = (port) => {
      endGenerators(core, port);
      for (const sink of [...(core.sinks.get(port) ?? [])]) sink.end();
    };
    core.clock.kick();
  }

  /** ms since the lab began. */
  get now(): number { return this.core.clock.now; }

  get seed(): string { return this.core.state.seed; }

  get lans(): readonly Lan[] { return [...this.lanMap.values()].filter((lan) => !lan.isRemoved); }
  get hosts(): readonly Host[] { return this.machines.filter((machine) => machine instanceof Host); }
  get vms(): readonly Vm[] { return this.machines.filter((machine) => machine instanceof Vm); }
  get routers(): readonly Router[] { return this.machines.filter((machine) => machine instanceof Router); }

  /** Hosts, VMs and routers. */
  get machines(): readonly Machine[] { return [...this.core.machines.values()] as Machine[]; }

  /** In the order they were started; those of a snapshot are among them. */
  get captures(): readonly Capture[] { return this.core.captures as Capture[]; }

  /** The LAN that home routers have their outside on: 203.0.113.0/24, static addresses in order. */
  get internet(): Lan {
    const known = this.lanMap.get("internet");
    if (known && !known.isRemoved) return known;
    const internet = Lan.create(this.core, "internet", { network: INTERNET });
    internet.countAddresses();
    this.lanMap.set("internet", internet);
    return internet;
  }

  /**
   * A LAN, made if there is none of that name: by default with a home router (.1) that has a DHCP server and NAT to the
   * internet.
   *
   * @throws LabError OPTIONS_DIFFER (options for one that exists), NAME, ADDRESS, OPTION, DHCP_CONFIG, CLOCK
   */
  lan(name = "home", options?: LanOptions): Lan {
    if (options !== undefined) checkLanOptions(options, `LAN ${say(name)}`);
    const known = this.lanMap.get(name);
    if (known && !known.isRemoved) {
      if (!options) return known;
      throw new LabError("OPTIONS_DIFFER", `LAN ${name} exists; leave the options out to get it, or take another name`);
    }
    if (name === "internet") return this.internet;
    checkForm(name, "LAN");
    const given = options ?? {};
    const router = given.router ?? given.trunk === undefined;
    if (router !== false) this.core.checkName(routerOf(name), "router");
    if (router !== false && given.trunk && given.network === undefined)
      throw new LabError("OPTION", `LAN ${name}: a router on a LAN with a trunk needs { network }: nobody knows the subnet`);
    const lan = Lan.create(this.core, name, given);
    this.lanMap.set(name, lan);
    if (router === false) return lan;

    try {
      lan.router = this.homeRouter(lan, router === true ? {} : router);
    } catch (error) {
      lan.remove();
      throw error;
    }
    return lan;
  }

  /** A physical machine, on the default LAN unless told otherwise. */
  host(name: string, lans: Lan | Lan[] = this.lan(), options: HostOptions = {}): Host {
    this.core.checkName(name, "host");
    return Host.create(this.core, name, Array.isArray(lans) ? lans : [lans], options);
  }

  /** A router between LANs, or networks of hosts. */
  router(name: string, options: RouterOptions): Router {
    this.core.checkName(name, "router");
    return Router.create(this.core, name, options);
  }

  /** The host, VM or router of that name; undefined: there is none. */
  machine(name: string): Machine | undefined { return this.core.machines.get(name) as Machine | undefined; }

  /**
   * Waits until everybody who should get an address by DHCP has one. External guests look after themselves.
   *
   * @param timeout  ms, default 60000
   * @throws LabError OPTION; NOT_READY, which names who has none
   */
  async ready(options: { timeout?: number } = {}): Promise<void> {
    checkOptions(options, { timeout: true }, "ready");
    const { timeout = 60_000 } = options;
    checkDuration(timeout, "ready: timeout");
    this.core.enter();
    const waiting = this.machines.flatMap((machine) => machine.legs).filter((leg) => leg.isWaiting);
    if (waiting.length === 0) return;

    const done = this.core.clock.operation<void>();
    const look = (): void => {
      while (waiting.length > 0 && !waiting.at(-1)!.isWaiting) waiting.pop();
      if (waiting.length === 0) done.resolve();
    };
    this.core.addressListeners.add(look);
    const timer = this.core.clock.after(timeout, () => done.reject(notReady(waiting, timeout)));
    try {
      await done.promise;
    } finally {
      timer.cancelled = true;
      this.core.addressListeners.delete(look);
    }
  }

  /** Lets time pass. With the virtual clock only; the real one cannot be pushed (CLOCK). */
  async advance(ms: number): Promise<void> {
    this.core.enter();
    await this.core.clock.advance(ms);
  }

  /** Waits; with the virtual clock that takes no longer than what happens meanwhile. */
  async sleep(ms: number): Promise<void> {
    this.core.enter();
    await this.core.clock.sleep(ms);
  }

  /** Stops virtual time until `promise` settles, and passes its result on. */
  async hold<T>(promise: Promise<T>): Promise<T> {
    this.core.enter();
    return this.core.clock.hold(promise);
  }

  stats(): LabStats {
    const { engine } = this.core;
    const books = engine.books();
    const frames = {
      ingress: books[BOOK_INGRESS]!,
      originated: books[BOOK_ORIGINATED]!,
      copies: books[BOOK_COPIES]!,
      delivered: books[BOOK_DELIVERED]!,
      consumed: books[BOOK_CONSUMED]!,
      dropped: books[BOOK_DROPPED]!,
      live: engine.call.liveFrames(),
    };
    const { ingress, originated, copies, delivered, consumed, dropped, live } = frames;
    const drops: Partial<Record<ReasonName, number>> = {};
    for (const [code, count] of engine.drops().entries()) if (count > 0) drops[reasonName(code)] = count;
    return {
      time: this.now, frames, drops, balance: ingress + originated + copies - delivered - consumed - dropped - live,
    };
  }

  /** A hash of the engine's memory: equal in two labs that did the same. */
  stateHash(): string { return this.core.enter().stateHash(); }

  /** The lab at this instant, to go on from with `createLab({ from })`. */
  snapshot(): Snapshot { return takeSnapshot(this.core); }

  /**
   * A second lab that goes on from this instant, independent of this one. Find things by name in it; external adapters
   * and trunks have nobody plugged in.
   *
   * @param replay  true: the same dice as here; else every station gets dice of its own
   */
  async fork(options: { replay?: boolean } = {}): Promise<Lab> {
    checkOptions(options, { replay: true }, "fork");
    const { replay = false } = options;
    checkBoolean(replay, "fork: replay");
    const number = ++this.core.state.forks;
    const core = await restore(this.snapshot(), this.source);
    if (!replay) {
      core.state.seed = `${core.state.seed}/fork ${number}`;
      reseed(core);
    }
    return new Lab(core, this.source);
  }

  /**
   * Sends UDP traffic into the lab from `at`, made inside the engine. See `sink`.
   *
   * @throws LabError OPTION, FULL (64 at a time), OTHER_LAB, ADDRESS, MAC, PORT
   *
   * @example
   * const sink = lab.sink(b.adapters[0]);
   * await lab.generator(a.adapters[0], { to: { mac: b.mac }, count: 1_000_000 }).finished();
   */
  generator(at: Leg, options: TrafficOptions): Generator {
    this.checkCard(at, "generator");
    return Generator.start(this.core, at, options);
  }

  /** Generators that have frames left to send; those of a snapshot are among them. */
  get generators(): Generator[] { return runningGenerators(this.core); }

  /**
   * Counts what reaches an external card, inside the engine.
   *
   * @throws LabError NOT_EXTERNAL, OPTION, OTHER_LAB
   */
  sink(at: Leg): Sink {
    this.checkCard(at, "sink");
    if (at.interface === 0) return new Sink(this.core, at);
    throw new LabError("NOT_EXTERNAL", `sink at ${at.name}, which has a built-in station; make the card with { guest: "external" }`);
  }

  /**
   * What would become of a frame, and why: every look-up, every rewrite, and where each copy ends. Nothing in the lab changes.
   *
   * @param frame  a whole Ethernet frame without FCS, any length, any bytes
   * @param at     the card that sends it: an adapter, or a host's or router's leg
   * @throws LabError CLOSED, FRAME, OPTION, OTHER_LAB
   *
   * @example
   * const { text, steps } = await lab.explain(frame, alice.adapters[0]);
   */
  async explain(frame: Uint8Array, at: Leg): Promise<Explanation> {
    this.checkCard(at, "explain");
    checkFrame(frame, `explain at ${at.name}`);
    return explainFrame(this.core, at.port, frame, (copy) => new Lab(copy), this.source);
  }

  /** Ends everything: what waits is rejected with CLOSED, external guests are closed, the process can end. */
  close(): Promise<void> { return (this.closing ??= this.end()); }

  [Symbol.asyncDispose](): Promise<void> { return this.close(); }

  override toJSON(): object {
    const { now, seed } = this;
    const names = (things: readonly { name: string }[]): string[] => things.map(({ name }) => name);
    return {
      now, seed, lans: names(this.lans), hosts: names(this.hosts), vms: names(this.vms), routers: names(this.routers),
    };
  }

  private checkCard(at: Leg, verb: string): void {
    this.core.enter();
    if (!(at instanceof Leg))
      throw new LabError("OPTION", `${verb}: card ${say(at)}; it takes one of vm.adapters, or of a host's or router's legs`);
    if (!at.isIn(this.core)) throw new LabError("OTHER_LAB", `${verb}: ${at.name} is not a card of this lab`);
  }

  private homeRouter(lan: Lan, { dhcp = {}, ...nat }: HomeRouterOptions): Router {
    const { address, prefix } = lan.subnet!;
    const own = formatIp(address + 1);
    const router = this.router(routerOf(lan.name), {
      legs: [{ network: lan, address: `${own}/${prefix}` }, { network: this.internet }],
      nat: { outside: 1, ...nat },
      ...(dhcp !== false && { dhcp: { leg: 0, ...dhcp } }),
    });
    lan.served(own, dhcp !== false);
    if (dhcp === false) router.serveNames(lan);
    return router;
  }

  private async end(): Promise<void> {
    const adapters = this.vms.flatMap((vm) => vm.adapters);
    for (const machine of this.machines) machine.endSockets();
    this.core.close();
    await Promise.all([...adapters.map((each) => each.closeGuest()), ...this.lans.map((lan) => lan.closeTrunk())]);
  }
}

/** Name of a LAN's home router. */
function routerOf(lan: string): string { return `${lan}-router`; }

function notReady(waiting: Leg[], timeout: number): LabError {
  const names = waiting.filter((leg) => leg.isWaiting).map((leg) => leg.name);
  const shown = names.length > 10 ? `${names.slice(0, 10).join(", ")} and ${names.length - 10} more` : names.join(", ");
  return new LabError("NOT_READY",
    `after ${timeout} ms these have no address: ${shown}; is their DHCP server reachable, and its pool large enough?`);
}
