import { RUN_BUDGET, RUN_IDLE } from "../assembly/abi";
import type { Engine } from "./engine";
import { LabError } from "./errors";

/** What the clock moves: one lab's engine and those who hear its events. */
export interface Clockwork {
  engine: Engine;
  /** Injects what external guests sent. */
  inject(): void;
  /** Hands out the engine's events. `any`: there were some; `visible`: a user's code may want to react. */
  drain(): { any: boolean; visible: boolean };
}

/** Something to do at a time. Cancelled ones are skipped. */
export interface Timer {
  /** ns */
  at: number;
  due(): void;
  cancelled: boolean;
}

/** A promise and the two ways to end it. The first call counts. */
export interface Pending<T> {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

const NS_PER_MS = 1e6;
/** Frames per call of the engine, so that a storm leaves room for other work of the process. */
const BUDGET = 20_000;

/** Calls of the engine without a break for other work of the process: what services alone react to is visible to no user. */
const CALLS = 256;

/** Turns of a clock that is never done, after which a lab joined to it goes on. */
const PATIENCE = 256;

/**
 * Moves the engine's time and lets user code react at the right instant.
 *
 * What waits (a ping, a sleep, `ready`) is a foreground operation: while there is one, every timer moves time. Without
 * one only frames in flight do, so that an idle lab is idle. Reading from a UDP socket is not one by itself: a server
 * would otherwise spin lease timers for ever.
 */
export abstract class Clock {
  protected readonly timers: Timer[] = [];
  protected readonly pending = new Set<(error: LabError) => void>();
  protected foreground = 0;
  protected closed = false;

  constructor(protected readonly work: Clockwork) {}

  /** ms */
  get now(): number { return this.work.engine.now / NS_PER_MS; }

  /** The clock has something to look at: a frame was sent, an operation began. */
  abstract kick(): void;

  /** Brings the engine's time up to date before a command. */
  abstract catchUp(): void;

  /** Time stands still until `promise` settles: for real input and output during a run in virtual time. */
  abstract hold<T>(promise: Promise<T>): Promise<T>;

  /** What was just handed to another lab is dealt with there before time goes on here: two labs are joined. */
  abstract giveWay(other: Clock): void;

  /** Calls `due` when user code has done all that it does at once in reaction to this instant; no time passes by it. */
  abstract afterwards(due: () => void): void;

  /** Lets `ms` pass. */
  abstract advance(ms: number): Promise<void>;

  sleep(ms: number): Promise<void> {
    checkDuration(ms, "sleep");
    const wait = this.operation<void>();
    this.after(ms, () => wait.resolve());
    return wait.promise;
  }

  /** Calls `due` in `ms`; earlier timers first, equal ones in the order they were set. */
  after(ms: number, due: () => void): Timer {
    const timer = { at: this.work.engine.now + Math.round(ms * NS_PER_MS), due, cancelled: false };
    let place = this.timers.length;
    while (place > 0 && this.timers[place - 1]!.at > timer.at) place--;
    this.timers.splice(place, 0, timer);
    this.kick();
    return timer;
  }

  /**
   * A promise that moves time while it is pending, and that `close` rejects with CLOSED.
   *
   * @param drives  false: it only waits, time moves for others
   */
  operation<T>(drives = true): Pending<T> {
    const { promise, resolve, reject } = withResolvers<T>();
    let open = true;
    const end = (): boolean => {
      if (!open) return false;
      open = false;
      if (drives) this.foreground--;
      this.pending.delete(close);
      return true;
    };
    const close = (error: LabError): void => {
      if (!end()) return;
      promise.catch(() => {}); // nobody is punished for closing a lab while something waits
      reject(error);
    };
    if (drives) this.foreground++;
    this.pending.add(close);
    if (this.closed) close(closedError());
    this.kick();
    return {
      promise,
      resolve: (value) => { if (end()) resolve(value); },
      reject: (error) => { if (end()) reject(error); },
    };
  }

  close(): void {
    this.closed = true;
    this.timers.length = 0;
    for (const close of [...this.pending]) close(closedError());
  }

  /** When the next timer is due, ns; Infinity: none. */
  protected nextTimer(): number {
    while (this.timers[0]?.cancelled) this.timers.shift();
    return this.timers[0]?.at ?? Infinity;
  }

  /** Runs what is due; true when there was something. */
  protected fire(): boolean {
    const { now } = this.work.engine;
    let fired = false;
    while (this.nextTimer() <= now) {
      guard(this.timers.shift()!.due);
      fired = true;
    }
    return fired;
  }
}

/** Time that passes only when something happens: every run of a program is the same. */
export class VirtualClock extends Clock {
  private running = false;
  private holds = 0;
  /** Clocks of labs that were given frames, and the one that is being waited for. */
  private readonly peers = new Set<VirtualClock>();
  private awaited: VirtualClock | null = null;
  private readonly rested: (() => void)[] = [];

  override kick(): void {
    if (this.running || this.holds > 0 || this.closed) return;
    this.running = true;
    void this.pump();
  }

  override catchUp(): void {}

  override async hold<T>(promise: Promise<T>): Promise<T> {
    this.holds++;
    try {
      return await promise;
    } finally {
      this.holds--;
      this.kick();
    }
  }

  override giveWay(other: Clock): void {
    if (other !== this && other instanceof VirtualClock) this.peers.add(other);
  }

  /** Time goes on by macrotasks. */
  override afterwards(due: () => void): void { this.after(0, due); }

  override advance(ms: number): Promise<void> {
    checkDuration(ms, "advance");
    return this.sleep(ms);
  }

  /**
   * Begins and goes on by a macrotask, so that all that user code does in reaction to an instant happens in that instant.
   */
  private async pump(): Promise<void> {
    for (let turns = 1; ; turns++) {
      await macrotask();
      if (turns % PATIENCE === 0) this.wakePeers();
      if (this.peers.size > 0) await this.restOfPeers();
      if (this.holds > 0 || this.closed || !this.runToNextReaction()) break;
    }
    this.running = false;
    this.wakePeers();
  }

  private wakePeers(): void {
    for (const wake of this.rested.splice(0)) wake();
  }

  /** Waits until the labs that were given frames have nothing under way, but for those that wait for this one. */
  private async restOfPeers(): Promise<void> {
    for (const peer of this.peers) {
      this.peers.delete(peer);
      if (peer.waitsFor(this)) continue;
      this.awaited = peer;
      await peer.rest();
      this.awaited = null;
    }
  }

  private waitsFor(other: VirtualClock): boolean {
    for (let clock = this.awaited; clock; clock = clock.awaited) if (clock === other) return true;
    return false;
  }

  private rest(): Promise<void> {
    return this.running ? new Promise((resolve) => this.rested.push(resolve)) : Promise.resolve();
  }

  /** Runs until user code may want to react, or enough was done for now (true), or until nothing is left to do (false). */
  private runToNextReaction(): boolean {
    const { engine } = this.work;
    for (let calls = 0; calls < CALLS; calls++) {
      this.work.inject();
      const why = engine.call.run(this.nextTimer(), BUDGET, this.foreground > 0 ? 1 : 0);
      const { any, visible } = this.work.drain();
      const fired = this.fire();
      if (this.closed) return false;
      if (visible || fired || why === RUN_BUDGET) return true;
      if (why === RUN_IDLE && !any) return false;
    }
    return true;
  }
}

/** Time of the process: for guests and sockets of the real world. */
export class RealClock extends Clock {
  private readonly start = performance.now() - this.now;
  private scheduled: { at: number; cancel: () => void } | null = null;
  private busy = false;

  override kick(): void {
    if (!this.busy) this.schedule(0);
  }

  override hold<T>(promise: Promise<T>): Promise<T> {
    return promise; // real time does not wait
  }

  override giveWay(): void {}

  /** Any command may find a timer due, even amid a chain of promises. */
  override afterwards(due: () => void): void { void macrotask().then(() => this.closed || guard(due)); }

  override advance(ms: number): Promise<void> {
    return Promise.reject(new LabError("CLOCK",
      `advance(${ms}) with the real clock, which nobody can push; use sleep(), or createLab({ clock: "virtual" })`));
  }

  override catchUp(): void {
    if (this.busy || this.closed) return;
    this.busy = true;
    try {
      this.runTo(this.real());
    } finally {
      this.busy = false;
    }
  }

  override close(): void {
    this.scheduled?.cancel();
    super.close();
  }

  private real(): number { return Math.round((performance.now() - this.start) * NS_PER_MS); }

  private tick(): void {
    this.scheduled = null;
    if (this.closed) return;
    this.catchUp();
    const { engine } = this.work;
    const next = Math.min(engine.nextAny, this.nextTimer());
    if (next !== Infinity) this.schedule((next - this.real()) / NS_PER_MS);
  }

  /** Runs to `end`, ns, or until the budget is spent: the rest is done in the next tick. */
  private runTo(end: number): void {
    const { engine } = this.work;
    for (;;) {
      this.work.inject();
      const limit = Math.min(end, this.nextTimer());
      const why = engine.call.run(limit, BUDGET, 1);
      const { any } = this.work.drain();
      const fired = this.fire();
      if (this.closed || why === RUN_BUDGET) return;
      if (!any && !fired && (engine.now >= end || why === RUN_IDLE)) return;
    }
  }

  /** Calls `tick` in `ms`. Upkeep alone does not keep the process alive. */
  private schedule(ms: number): void {
    if (this.closed) return;
    const at = performance.now() + ms;
    if (this.scheduled && this.scheduled.at <= at) return;
    this.scheduled?.cancel();
    const tick = (): void => this.tick();
    const keep = this.foreground > 0 || this.work.engine.nextWork !== Infinity;

    // Timers of the process are no finer than a millisecond; within one, frames are on wires and it pays to look again.
    if (ms < 1) {
      let live = true;
      void macrotask().then(() => live && tick());
      this.scheduled = { at, cancel: () => (live = false) };
      return;
    }
    const timer: unknown = setTimeout(tick, Math.min(ms, 2 ** 31 - 1));
    if (!keep) (timer as { unref?: () => void }).unref?.();
    this.scheduled = { at, cancel: () => clearTimeout(timer as number) };
  }
}

/** Runs a user's callback. What it throws is reported as uncaught, and does not stop the lab. */
export function guard(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    queueMicrotask(() => { throw error; });
  }
}

function closedError(): LabError {
  return new LabError("CLOSED", "the lab was closed while this was waiting");
}

/** @throws LabError OPTION unless `ms` is finite and not negative */
export function checkDuration(ms: number, what: string): void {
  if (Number.isFinite(ms) && ms >= 0) return;
  throw new LabError("OPTION", `${what} ${ms}; it takes milliseconds, 0 and up`);
}

/** Promise.withResolvers, which Node 20 does not have. */
function withResolvers<T>(): Pending<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => { resolve = yes; reject = no; });
  return { promise, resolve, reject };
}

const waiting: (() => void)[] = [];
let channel: MessageChannel | undefined;

/**
 * After all microtasks: setImmediate where there is one, else a message to ourselves, because browsers slow down
 * setTimeout to 4 ms and more.
 */
function macrotask(): Promise<void> {
  if (typeof setImmediate === "function") return new Promise((resolve) => setImmediate(resolve));
  if (!channel) {
    channel = new MessageChannel();
    channel.port1.onmessage = () => waiting.shift()!();
  }
  return new Promise((resolve) => {
    waiting.push(resolve);
    channel!.port2.postMessage(null);
  });
}
