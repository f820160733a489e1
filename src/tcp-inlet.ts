import type { Core } from "./core";
import type { LabError } from "./errors";
import type { StreamState } from "./state";

/** Most bytes read or written in one call of the engine: its staging area. */
export const PIECE = 65_536;

/** The socket as its two halves see it. */
export interface Line {
  /** Whether the connection is established, or was. */
  readonly isOpen: boolean;
  /** Whether the engine knows it no more. */
  readonly isOver: boolean;
  /** Why nothing goes any more; null: it does, or all went well. */
  readonly error: LabError | null;
  /** Everything that came was read, or is not wanted any more. */
  readOut(): void;
  abort(reason: unknown): void;
  toString(): string;
}

/**
 * The half of a TCP socket that is read. It holds no bytes: a read takes them from the engine's receive buffer, or waits for the
 * engine to have some.
 */
export class TcpInlet {
  readonly readable: ReadableStream<Uint8Array>;
  private controller!: ReadableByteStreamController;
  private waiting: (() => void) | null = null;
  /** The other side has ended; what it sent before may not have been read yet. */
  private hasEnded = false;
  private closed = false;

  constructor(private readonly core: Core, private readonly state: StreamState, private readonly line: Line) {
    this.readable = new ReadableStream({
      type: "bytes",
      start: (controller) => { this.controller = controller; },
      pull: () => this.pull(),
      cancel: () => this.stop(),
    }, { highWaterMark: 0 });
  }

  /** Whether `readable` has ended, or failed. */
  get isDone(): boolean { return this.closed; }

  /** Something may have come. */
  wake(): void {
    this.waiting?.();
    if (this.state.deaf) this.discard();
  }

  /** The other side has sent its last. */
  end(): void {
    this.hasEnded = true;
    this.waiting?.();
    if (this.state.deaf) return this.discard();
    this.closeIfRead();
  }

  /** Nobody wants to hear more; what comes is thrown away, so that the other side gets to its end. */
  stop(): void {
    this.state.deaf = true;
    this.close();
    if (!this.line.isOver) this.core.enter();
    this.discard();
  }

  /** Ends `readable`, whatever may still come. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    try {
      this.controller.close();
      this.controller.byobRequest?.respond(0);
    } catch { /* whoever cancelled it has closed it */ }
    this.waiting?.();
  }

  fail(error: LabError): void {
    if (!this.closed) this.controller.error(error);
    this.closed = true;
    this.waiting?.();
  }

  /** Serves one read: with what there is, or as soon as there is something. */
  private async pull(): Promise<void> {
    while (!this.closed) {
      if (this.line.isOpen && this.readSome()) return;
      await new Promise<void>((resolve) => { this.waiting = resolve; });
      this.waiting = null;
    }
  }

  private readSome(): boolean {
    const view = this.controller.byobRequest?.view;
    const engine = this.core.enter();
    const length = engine.call.tcpRead(this.state.stream, Math.min(PIECE, view?.byteLength ?? PIECE));
    if (length > 0) {
      this.state.read += length;
      this.hand(engine.staged(length), view);
    }
    this.closeIfRead();
    return length > 0;
  }

  /** @param view  where a BYOB reader wants it */
  private hand(data: Uint8Array<ArrayBuffer>, view: ArrayBufferView | null | undefined): void {
    if (!view) return this.controller.enqueue(data);
    new Uint8Array(view.buffer, view.byteOffset, data.length).set(data);
    this.controller.byobRequest!.respond(data.length);
  }

  private closeIfRead(): void {
    if (!this.hasEnded || this.closed || this.core.engine.call.tcpReadable(this.state.stream) > 0) return;
    this.close();
    this.line.readOut();
  }

  /** Also amid the engine's events, where `enter` could hand out later ones before this one is done. */
  private discard(): void {
    if (this.line.isOver || this.state.stream === 0) return;
    const { call } = this.core.engine;
    while (call.tcpRead(this.state.stream, PIECE) > 0) continue;
    if (this.hasEnded) this.line.readOut();
  }
}
