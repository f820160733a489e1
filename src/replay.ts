import { FRAME_MAX, FRAME_MIN, RUN_LIMIT } from "../assembly/abi";
import type { Adapter } from "./adapter";
import type { CapturedPacket } from "./capture-reader";
import type { CaptureListener, Core } from "./core";
import type { EngineEvent } from "./engine";
import type { Host } from "./host";
import { createLab, Lab } from "./lab";
import type { LabStats } from "./lab";
import type { ModeName } from "./modes";
import type { Network } from "./network";
import { ETHERNET } from "./pcapng";
import { reasonName } from "./reasons";
import type { ReasonName } from "./reasons";
import { restore } from "./snapshot";

export interface ReplayOptions {
  /** What the guest's card is plugged into; default natNetwork. */
  mode?: ModeName;
  /** Longest pause between two frames, ms; default 1000. Infinity: as recorded. */
  longestGap?: number;
  /** Hears every frame at every port, those of the lab itself too. */
  onsighting?: (sighting: Sighting) => void;
}

/** A frame as it passed the end of a wire. */
export interface Sighting {
  /** `"printer/1"` */
  port: string;
  /** "in": to the device at the port; "out": from it, at the switch. */
  direction: "in" | "out";
  /** Why it went no further; null: it did, or it arrived. */
  reason: ReasonName | null;
  /** A copy. */
  frame: Uint8Array;
  /** ns */
  time: bigint;
}

/** A place where something was dropped. */
export interface Loss {
  port: string;
  reason: ReasonName;
}

/** What became of one frame of the capture. */
export interface Fate {
  packet: CapturedPacket;
  /** When it was sent, ms of the lab's clock. */
  at: number;
  /**
   * `delivered`: somebody took it. `dropped`: nobody did. `skipped`: it is no Ethernet frame. `lost`: it is not known, which is
   * a fault of the lab.
   */
  verdict: "delivered" | "dropped" | "skipped" | "lost";
  /** Ports whose devices took it. */
  to: string[];
  /** Where it, or a copy of it, was dropped. */
  losses: Loss[];
  /** What was dropped in consequence: the packet behind a gateway, an answer to it. */
  further: Loss[];
  /** Frames that the guest received in consequence. */
  answers: number;
}

/**
 * How long a frame has before the next one is sent, ns. Wires have no delay here, so that a frame has gone its whole way in
 * the instant it was sent in; only what a host sends to itself takes a microsecond each time.
 */
const SETTLE = 5000;

/** How long what is still under way at the end has, ns: three ARP requests and some. */
const AFTERMATH = 5e9;

/** Frames and timers per call of the engine. */
const BUDGET = 20_000;

/**
 * Sends the frames of a capture into a lab as the traffic of one external guest, at their recorded times, and tells what
 * became of each.
 *
 * The guest is a VM of the host `laptop`; there are a VM `neighbor` in the same mode and a machine `printer` on the LAN.
 */
export class Replay implements CaptureListener {
  private sightings: Sighting[] = [];
  private answers = 0;
  /** When the last frame was due, and the latest time recorded so far, ns. */
  private due: number;
  private latest: bigint | null = null;
  private release: () => void = () => {};

  static async open(options: ReplayOptions = {}): Promise<Replay> {
    // The lab's core is kept, to hear about every frame at every port.
    const plan = await createLab({ wire: { delay: 0 }, capacity: { stations: 1024, frames: 4096 } });
    const core = await restore(plan.snapshot());
    await plan.close();
    const lab = new Lab(core);
    const laptop = lab.host("laptop");
    lab.host("printer");
    const { mode = "natNetwork" } = options;
    const shared = mode === "nat" ? laptop.nat() : networkOf(laptop, mode);
    const guest = laptop.vm("guest", { attach: shared, guest: "external" });
    const address = mode === "internal" ? { address: "10.9.0.2/24" } : {};
    laptop.vm("neighbor", { attach: mode === "nat" ? laptop.nat() : networkOf(laptop, mode), ...address });
    await lab.ready();
    return new Replay(lab, core, guest.adapters[0]!, options);
  }

  private constructor(
    private readonly lab: Lab, private readonly core: Core, private readonly guest: Adapter,
    private readonly options: ReplayOptions,
  ) {
    guest.onframe = () => { this.answers++; };
    const networks = [...lab.lans, ...lab.hosts.flatMap((host) => host.networks), guest.network!];
    for (const { network } of networks) {
      core.networkCaptures.set(network, new Set([this]));
      core.engine.call.networkSetCapture(network, 1);
    }
    this.due = core.engine.now;
    // Nothing else moves time from now on: what becomes of a frame must not depend on when the file's next piece comes.
    void lab.hold(new Promise<void>((resolve) => { this.release = resolve; }));
  }

  /** Sends one frame when it is due, and follows it. */
  send(packet: CapturedPacket): Fate {
    this.waitFor(packet.time);
    const at = this.lab.now;
    if (packet.interface.linkType !== ETHERNET)
      return { packet, at, verdict: "skipped", to: [], losses: [], further: [], answers: 0 };

    const { length } = packet.frame;
    const before = length < FRAME_MIN || length > FRAME_MAX ? this.core.engine.drops() : null;
    this.sightings = [];
    this.answers = 0;
    this.guest.send(packet.frame);
    this.runTo(this.core.engine.now + SETTLE);
    return this.fate(packet, at, before ? this.dropsSince(before) : []);
  }

  /** Waits until nothing is under way any more, and ends the lab. Returns its books. */
  async close(): Promise<LabStats> {
    this.runTo(this.core.engine.now + AFTERMATH);
    const stats = this.lab.stats();
    this.release();
    await this.lab.close();
    return stats;
  }

  frame({ id, b, c, payload, time }: EngineEvent): void {
    const sighting: Sighting = {
      port: this.core.portNames.get(id) ?? `port ${id}`,
      direction: b === 1 ? "in" : "out",
      reason: c === 0 ? null : reasonName(c),
      frame: payload,
      time,
    };
    this.sightings.push(sighting);
    this.options.onsighting?.(sighting);
  }

  /** Lets time pass until a frame recorded at `time` is due. Time does not go back: a frame out of order is sent at once. */
  private waitFor(time: bigint): void {
    const { longestGap = 1000 } = this.options;
    const gap = this.latest === null || time <= this.latest ? 0 : Number(time - this.latest);
    if (this.latest === null || time > this.latest) this.latest = time;
    this.due += Math.min(gap, longestGap * 1e6);
    if (this.due > this.core.engine.now) this.runTo(this.due);
  }

  /** Runs the lab to `end`, ns; its services answer on the way. */
  private runTo(end: number): void {
    for (;;) {
      this.core.inject();
      const why = this.core.engine.call.run(end, BUDGET, 1);
      const { any } = this.core.drain();
      if (why === RUN_LIMIT && !any) return;
    }
  }

  /** @param unseen  why it did not even get to the wire */
  private fate(packet: CapturedPacket, at: number, unseen: Loss[]): Fate {
    const own: Sighting[] = [];
    const others: Sighting[] = [];
    for (const sighting of this.sightings) (isSame(sighting.frame, packet.frame) ? own : others).push(sighting);
    const to = own.filter(({ direction, reason }) => direction === "in" && reason === null).map(({ port }) => port);
    const losses = [...unseen, ...lossesOf(own)];
    const verdict = to.length > 0 ? "delivered" : losses.length > 0 ? "dropped" : "lost";
    return { packet, at, verdict, to, losses, further: lossesOf(others), answers: this.answers };
  }

  private dropsSince(before: number[]): Loss[] {
    const reasons = this.core.engine.drops().flatMap((count, code) => (count > before[code]! ? [reasonName(code)] : []));
    return reasons.map((reason) => ({ port: this.guest.name, reason }));
  }
}

function networkOf(laptop: Host, mode: Exclude<ModeName, "nat">): Network {
  if (mode === "bridged") return laptop.bridged();
  return laptop[mode]();
}

function lossesOf(sightings: Sighting[]): Loss[] {
  return sightings.flatMap(({ port, reason }) => (reason === null ? [] : [{ port, reason }]));
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
