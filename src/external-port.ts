import { BOOK_DELIVERED, NOT_ATTACHED, QUEUE_FULL } from "../assembly/abi";
import { guard } from "./clock";
import type { Core, PortListener } from "./core";
import { LabError } from "./errors";
import type { FramePort } from "./frame-port";
import { say } from "./options";

/** Frames that wait for a guest that said "try again". */
const WAITING = 1024;

/** @throws LabError OPTION unless it can take frames */
export function checkGuest(guest: FramePort, thing: string): void {
  const { send } = Object(guest) as Partial<FramePort>;
  if (typeof guest === "object" && typeof send === "function") return;
  throw new LabError("OPTION", `${thing} ${say(guest)}; it takes a FramePort, an object with a function send(frame)`);
}

/** @throws LabError FRAME unless it is a Uint8Array; any length and content will do */
export function checkFrame(frame: Uint8Array, where: string): void {
  if (frame instanceof Uint8Array) return;
  const type = Object.prototype.toString.call(frame).slice(8, -1);
  throw new LabError("FRAME", `${where}: a frame of type ${type}; it takes a Uint8Array, 14 to 1522 bytes without FCS. Is it an ArrayBuffer?`);
}

/**
 * The lab's end of a FramePort: what comes out of an external port of the engine goes to the guest, and back.
 *
 * A guest that takes nothing is waited for with up to 1024 frames; then newer ones are counted drops (QUEUE_FULL). With
 * nobody plugged in, what arrives is a counted drop too (NOT_ATTACHED).
 */
export class ExternalPort implements PortListener {
  /** Takes frames when no FramePort is plugged in: the adapter's own `onframe`. */
  onframe: ((frame: Uint8Array) => void) | null = null;
  /** Hears the guest's MAC. */
  onheard: ((mac: string) => void) | null = null;
  private guest: FramePort | null = null;
  private waiting: Uint8Array[] = [];
  private blocked = false;

  constructor(private readonly core: Core, private readonly port: number, private readonly name: string) {
    core.ports.set(port, this);
  }

  /** @throws LabError OPTION; CLOCK for a guest that lives in real time, in a lab that does not */
  plug(guest: FramePort, up: boolean): void {
    checkGuest(guest, `${this.name}: plug`);
    if (guest.live && this.core.state.clock !== "real")
      throw new LabError("CLOCK",
        `${this.name}: its guest lives in real time and the lab's clock is virtual; use createLab({ clock: "real" })`);
    this.unplug();
    this.guest = guest;
    guest.onframe = (frame) => this.send(frame);
    guest.ondrain = () => {
      this.blocked = false;
      this.flush();
    };
    guest.link?.(up);
  }

  /** Lets go of the guest and returns it. */
  unplug(): FramePort | null {
    const { guest } = this;
    if (guest) {
      guest.onframe = null;
      guest.ondrain = null;
    }
    for (const _ of this.waiting) this.refuse(NOT_ATTACHED);
    this.waiting = [];
    this.blocked = false;
    this.guest = null;
    return guest;
  }

  /**
   * A frame from the guest's side, of any length and content; copied.
   *
   * @throws LabError FRAME when it is no Uint8Array
   */
  send(frame: Uint8Array): void {
    checkFrame(frame, this.name);
    this.core.send(this.port, frame);
  }

  link(up: boolean): void { this.guest?.link?.(up); }

  deliver(frame: Uint8Array): void {
    if (!this.guest && !this.onframe) return this.refuse(NOT_ATTACHED);
    if (this.waiting.length >= WAITING && this.blocked) return this.refuse(QUEUE_FULL);
    this.waiting.push(frame);
  }

  flush(): void {
    if (this.blocked || this.waiting.length === 0) return;
    const frames = this.waiting;
    this.waiting = [];
    const { guest } = this;
    if (!guest) {
      for (const frame of frames) guard(() => this.onframe?.(frame));
      return;
    }
    if (guest.sendBurst && frames.length > 1) {
      guard(() => guest.sendBurst!(frames));
      return;
    }
    for (const [i, frame] of frames.entries()) {
      let taken: boolean | void = true;
      guard(() => { taken = guest.send(frame); });
      if (taken !== (false as boolean)) continue;
      this.blocked = true;
      this.waiting = frames.slice(i).concat(this.waiting);
      return;
    }
  }

  heard(mac: string): void { this.onheard?.(mac); }

  /** Removes the port from the lab; the guest is told to close what it opened. */
  async close(): Promise<void> {
    const guest = this.unplug();
    this.core.ports.delete(this.port);
    await guest?.close?.();
  }

  private refuse(reason: number): void { this.core.engine.call.refuse(BOOK_DELIVERED, reason, this.port); }
}
