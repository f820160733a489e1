import {
  E_FULL, E_IN_USE, EVENT_ACCEPT, EVENT_ADDRESS, EVENT_CAPTURE, EVENT_DATAGRAM, EVENT_DELIVER, EVENT_ECHO, EVENT_HEARD,
  EVENT_ICMP_ERROR, EVENT_STREAM, EVENT_SYN, EVENT_TRACE, EVENT_UNSENT,
} from "../assembly/abi";
import { formatMac } from "./address";
import type { Subnet } from "./address";
import { RealClock, VirtualClock } from "./clock";
import type { Clock, Clockwork } from "./clock";
import type { Engine, EngineEvent } from "./engine";
import { LabError } from "./errors";
import { hash } from "./seed";
import type { LabState } from "./state";
import type { WireOptions } from "./wire-options";

/** Hears what becomes of a node's own packets. */
export interface NodeListener {
  echo(event: EngineEvent): void;
  /** An ICMP error came back, or the packet found no way out. */
  failed(event: EngineEvent): void;
}

/** What is behind an external port. */
export interface PortListener {
  deliver(frame: Uint8Array): void;
  /** Hands on what `deliver` collected. */
  flush(): void;
  heard(mac: string): void;
}

/** Counts at a port, and ends with it. */
export interface PortCounter {
  end(): void;
}

/** Takes captured frames. */
export interface CaptureListener {
  frame(event: EngineEvent): void;
}

/** A place on a network. */
export interface SegmentLeg {
  readonly name: string;
  /** Takes it off the network. */
  leave(): void;
  /** Gives its wire the character that it should have by now. */
  rewire(): void;
}

/** A network as those who stand on it see it. */
export interface Segment {
  readonly id: number;
  readonly name: string;
  /** The engine's id. */
  readonly network: number;
  readonly subnet: Subnet | null;
  /** The same number on two segments: one broadcast domain. */
  readonly domain: number;
  /** Whether a station can get an address there. */
  readonly serves: boolean;
  /** Default gateway for static addresses. */
  readonly gateway: string | null;
  /** DNS server for static addresses. */
  readonly dnsServer: string | null;
  /** Engine's id of the node that its NAT has the outside addresses of; 0: it has no NAT of its own. */
  readonly outsideNode: number;
  readonly legs: Set<SegmentLeg>;
  /** What wires plugged in here are like. */
  readonly wire: WireOptions;
  /** Of a bridge: gives its uplink the character that it should have by now. */
  rewireUplink(): void;
}

/** Something that brings its record up to date before a snapshot. */
export interface Saves {
  save(): void;
}

/** Free places in the event ring before a command: more than a full `ingress` can write. */
const ROOM = 512;

/** The lab whose events are being handed out at this moment, so that a lab it is joined to can be told apart from others. */
let draining: Core | null = null;

/**
 * What all objects of one lab share: engine, clock, the state tree, and who hears which event.
 *
 * Objects enter themselves into the maps when they are made, whether new or around a record of a snapshot.
 */
export class Core implements Clockwork {
  readonly clock: Clock;
  /** By socket; true: a user's code may want to react. */
  readonly sockets = new Map<number, (event: EngineEvent) => boolean>();
  /** By TCP stream or listener. */
  readonly streams = new Map<number, (event: EngineEvent) => void>();
  readonly nodes = new Map<number, NodeListener>();
  readonly ports = new Map<number, PortListener>();
  readonly portNames = new Map<number, string>();
  readonly portCaptures = new Map<number, Set<CaptureListener>>();
  readonly networkCaptures = new Map<number, Set<CaptureListener>>();
  /** Called when an interface got or lost an address. */
  readonly addressListeners = new Set<() => void>();
  /** Called when a generator was stopped or has gone with its card. */
  readonly generatorListeners = new Set<() => void>();
  /** Sinks by port. */
  readonly sinks = new Map<number, Set<PortCounter>>();
  /** Hears that a port is about to go. */
  onportend: ((port: number) => void) | null = null;
  /** Networks by `id`. */
  readonly segments = new Map<number, Segment>();
  readonly captures: CaptureListener[] = [];
  /** Hosts, VMs and routers by name. */
  readonly machines = new Map<string, unknown>();
  readonly saves = new Set<Saves>();
  /** Which card has a static address on a network: name by `"domain/address"`. */
  readonly addresses = new Map<string, string>();
  /** Who has a MAC. */
  readonly macs = new Map<string, string>();
  /** Hears the steps of a probe's walk (explain.ts). */
  ontrace: ((event: EngineEvent) => void) | null = null;
  private readonly undelivered = new Set<PortListener>();
  private closed = false;

  constructor(readonly engine: Engine, readonly state: LabState) {
    this.clock = state.clock === "real" ? new RealClock(this) : new VirtualClock(this);
  }

  /**
   * The engine, ready for a command: its time is up to date and its event ring has room. Whatever the command starts
   * will be looked at.
   *
   * @throws LabError CLOSED
   */
  enter(): Engine {
    if (this.closed) throw new LabError("CLOSED", "the lab was closed; make a new one with createLab()");
    this.clock.catchUp();
    if (this.engine.eventsFree < ROOM) this.drain();
    this.inject(); // what guests have sent was sent before the command: a card that moves on leaves it behind
    this.clock.kick();
    return this.engine;
  }

  /**
   * Passes an engine's result on.
   *
   * @param what  what there are too many of, or what is taken
   * @throws LabError FULL, PORT_IN_USE
   */
  check(result: number, what: string): number {
    if (result === E_FULL)
      throw new LabError("FULL", `the lab has no room for another ${what}; createLab({ capacity }) makes more`);
    if (result === E_IN_USE) throw new LabError("PORT_IN_USE", `${what} is already in use`);
    return result;
  }

  get isClosed(): boolean { return this.closed; }

  nextId(): number { return ++this.state.lastId; }

  /**
   * Checks the name of a machine to be.
   *
   * @throws LabError NAME, NAME_TAKEN
   */
  checkName(name: string, what: string): void {
    checkForm(name, what);
    if (this.machines.has(name))
      throw new LabError("NAME_TAKEN", `${what} ${name}: there is a machine of that name in the lab; names are unique`);
  }

  /** Seed of a node: that of the lab and its own name, so that another machine more or less changes nothing for it. */
  seedOf(name: string): [number, number] { return hash(`${this.state.seed}/${name}`); }

  /**
   * Notes whose MAC this is.
   *
   * @throws LabError MAC_TAKEN
   */
  claimMac(mac: string, owner: string): string {
    const other = this.macs.get(mac);
    if (other !== undefined)
      throw new LabError("MAC_TAKEN", `${owner}: MAC ${mac} belongs to ${other}; no two cards of a lab have the same`);
    this.macs.set(mac, owner);
    return mac;
  }

  /** A MAC nobody has: the given three bytes and three that depend on the owner's name. */
  makeMac(prefix: string, owner: string): string {
    for (let attempt = 0; ; attempt++) {
      const [, low] = this.seedOf(`mac/${owner}/${attempt}`);
      const mac = `${prefix}:${formatMac(0, low & 0xffffff).slice(9)}`;
      if (!this.macs.has(mac)) return this.claimMac(mac, owner);
    }
  }

  // ── Clockwork ──

  inject(): void { this.engine.flush(); }

  drain(): { any: boolean; visible: boolean } {
    const outer = draining;
    draining = this;
    try {
      return this.drainAll();
    } finally {
      draining = outer;
    }
  }

  private drainAll(): { any: boolean; visible: boolean } {
    let any = false;
    let visible = false;
    for (let event = this.engine.nextEvent(); event; event = this.engine.nextEvent()) {
      any = true;
      if (this.dispatch(event)) visible = true;
    }
    for (const port of this.undelivered) port.flush();
    this.undelivered.clear();
    return { any, visible };
  }

  /** Gives a frame from an external guest to the engine. */
  send(port: number, frame: Uint8Array): void {
    if (this.closed) return;
    if (!this.engine.offer(port, frame)) {
      this.enter().flush();
      this.engine.offer(port, frame);
    }
    this.clock.kick();
    draining?.clock.giveWay(this.clock);
  }

  /** Injects one frame whose every step is told to `ontrace`. */
  probe(port: number, frame: Uint8Array): void {
    this.engine.flush();
    this.engine.offer(port, frame, true);
    this.engine.flush();
  }

  save(): void {
    for (const each of this.saves) each.save();
  }

  close(): void {
    this.closed = true;
    this.clock.close();
  }

  /** True when user code may want to react. Nobody listens any more to what was removed. */
  private dispatch(event: EngineEvent): boolean {
    switch (event.kind) {
      case EVENT_DELIVER:
        return this.deliver(event);
      case EVENT_CAPTURE:
        this.portCaptures.get(event.id)?.forEach((capture) => capture.frame(event));
        this.networkCaptures.get(event.a)?.forEach((capture) => capture.frame(event));
        return false;
      case EVENT_DATAGRAM:
        return this.sockets.get(event.id)?.(event) ?? false;
      case EVENT_STREAM:
      case EVENT_ACCEPT:
      case EVENT_SYN:
        this.streams.get(event.id)?.(event);
        return true;
      case EVENT_ECHO:
        this.nodes.get(event.id)?.echo(event);
        return true;
      case EVENT_ICMP_ERROR:
      case EVENT_UNSENT:
        this.nodes.get(event.id)?.failed(event);
        return true;
      case EVENT_ADDRESS:
        for (const listener of [...this.addressListeners]) listener();
        return this.addressListeners.size > 0;
      case EVENT_TRACE:
        this.ontrace?.(event);
        return false;
      case EVENT_HEARD:
        this.ports.get(event.id)?.heard(formatMac(event.a, event.b));
        return false;
    }
    return false;
  }

  private deliver(event: EngineEvent): boolean {
    const port = this.ports.get(event.id);
    if (!port) return false;
    port.deliver(event.payload);
    this.undelivered.add(port);
    return true;
  }
}

/** @throws LabError NAME */
export function checkForm(name: string, what: string): void {
  if (typeof name === "string" && name.length > 0 && name.length <= 64 && !name.includes("/")) return;
  throw new LabError("NAME", `${what} ${JSON.stringify(name)}; it takes a name of 1 to 64 characters without "/"`);
}
