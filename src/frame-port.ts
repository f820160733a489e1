/**
 * The seam of layer 2: a cable between an adapter (or a LAN's trunk) and something that is not part of the lab.
 *
 * Frames are whole Ethernet frames without FCS, 14 bytes and up. The lab calls `send`; the other side calls `onframe`.
 * A frame that is too short, too long or makes no sense is a counted drop in the lab, never a throw.
 */
export interface FramePort {
  /**
   * Takes a frame from the lab to the other side.
   *
   * What it throws does not stop the lab: the frame counts as taken, and the error is reported as uncaught, which ends a
   * Node process that does not listen for `uncaughtException`. The same holds for an adapter's `onframe`.
   *
   * @param frame  belongs to the lab: it may be reused after the call, so what is kept is copied
   * @returns      `false` when the frame was not taken: the lab offers it again after `ondrain`. Anything else: taken
   */
  send(frame: Uint8Array): boolean | void;

  /**
   * Where the other side hands its frames to the lab, which sets this when the port is attached; `null` before and after.
   * The lab copies the frame before it returns. A call made from within `send` is queued, so the two cannot recurse.
   */
  onframe: ((frame: Uint8Array) => void) | null;

  /** Like `send` for several frames at once, all of which are taken. The lab prefers it where it exists. */
  sendBurst?(frames: Uint8Array[]): void;

  /** The lab sets this; the other side calls it once there is room again after `send` returned `false`. */
  ondrain?: (() => void) | null;

  /** The lab says that the cable was plugged in (`true`) or pulled out (`false`). */
  link?(up: boolean): void;

  /** The MAC of the guest behind the port, as `"08:00:27:00:00:01"`; without it the first unicast source heard is taken. */
  mac?: string;

  /** `true` when the other side lives in real time; such a port needs a lab with the real clock. */
  live?: boolean;

  /** The lab has no more use for the port. What the port opened is closed when the promise resolves. */
  close?(): void | Promise<void>;
}
