import type { Core, CaptureListener } from "./core";
import type { EngineEvent } from "./engine";
import { LabError } from "./errors";
import { PcapngWriter } from "./pcapng";
import { explain, reasonName } from "./reasons";
import type { CaptureState } from "./state";

/** What to capture: one port, or all ports of a network. */
export interface CaptureTarget {
  name: string;
  port?: number;
  network?: number;
}

/**
 * Frames written down in pcapng form, at the end of their wire: one pcapng interface per port, times in nanoseconds,
 * "in" towards the device. A frame that was dropped there says why in a comment.
 *
 * @example
 * const capture = office.capture();
 * await alice.ping(bob);
 * await writeFile("office.pcapng", capture.bytes());
 */
export class Capture implements CaptureListener {
  private readonly writer: PcapngWriter;

  /** Begins a capture. */
  static start(core: Core, { name, port = 0, network = 0 }: CaptureTarget): Capture {
    const written = new PcapngWriter().save();
    const state: CaptureState = { id: core.nextId(), name, port, network, interfaces: {}, written };
    core.state.captures.push(state);
    core.enter();
    return new Capture(core, state);
  }

  /** The capture of a record, new or from a snapshot. */
  constructor(private readonly core: Core, private readonly state: CaptureState) {
    this.writer = PcapngWriter.load(state.written);
    core.saves.add(this);
    core.captures.push(this);
    this.listen();
  }

  /** What is captured: `"alice/1"` or a network's name. */
  get name(): string { return this.state.name; }

  /** The capture so far, a whole pcapng file; a copy. */
  bytes(): Uint8Array { return this.writer.bytes(); }

  /** Ends the capture; `bytes()` stays. */
  stop(): void {
    const { engine, portCaptures, networkCaptures } = this.core;
    const { port, network } = this.state;
    if (port !== 0 && leave(portCaptures, port, this)) engine.call.portSetCapture(port, 0);
    if (network !== 0 && leave(networkCaptures, network, this)) engine.call.networkSetCapture(network, 0);
    this.state.port = 0;
    this.state.network = 0;
  }

  frame({ id, b, c, payload, time }: EngineEvent): void {
    const reason = reasonName(c);
    this.writer.packet({
      interface: this.interfaceOf(id),
      time,
      frame: payload,
      direction: b === 1 ? "in" : "out",
      ...(c !== 0 && { comment: `dropped: ${reason} – ${explain(reason)}` }),
    });
  }

  save(): void { this.state.written = this.writer.save(); }

  /** Shows a capture in a console by what it is, not by its bytes. */
  toString(): string { return `capture of ${this.name}`; }

  private listen(): void {
    const { engine, portCaptures, networkCaptures } = this.core;
    const { port, network } = this.state;
    if (port !== 0) {
      join(portCaptures, port, this);
      engine.call.portSetCapture(port, 1);
    }
    if (network !== 0) {
      join(networkCaptures, network, this);
      engine.call.networkSetCapture(network, 1);
    }
  }

  private interfaceOf(port: number): number {
    const { interfaces } = this.state;
    return (interfaces[port] ??= this.writer.addInterface({ name: this.core.portNames.get(port) ?? `port ${port}` }));
  }
}

function join(captures: Map<number, Set<CaptureListener>>, id: number, capture: Capture): void {
  const set = captures.get(id);
  if (set) set.add(capture);
  else captures.set(id, new Set([capture]));
}

/** True when it was the last one. */
function leave(captures: Map<number, Set<CaptureListener>>, id: number, capture: Capture): boolean {
  const set = captures.get(id);
  set?.delete(capture);
  if (set && set.size > 0) return false;
  captures.delete(id);
  return true;
}

/** Refuses to capture what is gone. */
export function checkThere(there: boolean, thing: string): void {
  if (!there) throw new LabError("REMOVED", `${thing} was removed; nothing can be captured on it`);
}
