import type { FramePort } from "../frame-port";
import type { LabError } from "../errors";

/** A FramePort over a socket of this machine. It lives in real time, and it can fail. */
export interface LivePort extends FramePort {
  readonly live: true;
  ondrain: (() => void) | null;

  /** Resolves when the other side can begin (listening, or connected); rejects with the reason when that cannot be. */
  readonly ready: Promise<void>;

  /** Resolves when the port has ended: `close()`, or the other side hung up for good. Rejects when a fault ended it. */
  readonly closed: Promise<void>;

  /** Hears of faults that ended one connection but not the port. */
  onerror: ((error: LabError) => void) | null;

  /** Frames lost in both directions, because nobody was at the other end or the transport cannot carry them. */
  readonly dropped: number;

  /** Ends the port and resolves when its sockets are closed. Frames on their way are lost, as when a cable is pulled. */
  close(): Promise<void>;
}

/** Bytes that may wait in this process for a slow reader before `send` says `false`. */
export const BUFFER_BYTES = 1024 * 1024;

/** A promise with its two ends outside. Nobody is punished for not awaiting it. */
export class Outcome {
  readonly promise: Promise<void>;
  resolve!: () => void;
  reject!: (error: LabError) => void;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.catch(() => {});
  }
}
