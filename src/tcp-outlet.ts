import { E_CLOSED } from "../assembly/abi";
import type { Core } from "./core";
import { LabError } from "./errors";
import { say } from "./options";
import type { StreamState } from "./state";
import { PIECE } from "./tcp-inlet";
import type { Line } from "./tcp-inlet";

/** What may be written. Text goes out as UTF-8. */
export type Chunk = Uint8Array | ArrayBuffer | string;

/** The half of a TCP socket that is written to. A write is done when its last byte is in the engine's send buffer. */
export class TcpOutlet {
  readonly writable: WritableStream<Chunk>;
  private controller!: WritableStreamDefaultController;
  private waiting: (() => void) | null = null;
  private isWriting = false;
  /** Whoever holds the writer is waited for, and then there is no more writing. */
  private isEnding = false;
  /** `writable` has failed over a chunk that cannot be written: what was written before it ends all the same. */
  private isSpoilt = false;

  constructor(private readonly core: Core, private readonly state: StreamState, private readonly line: Line) {
    this.writable = new WritableStream({
      start: (controller) => { this.controller = controller; },
      write: (chunk) => this.write(chunk),
      close: () => this.finish(),
      abort: (reason) => this.line.abort(reason),
    });
  }

  /** There may be room again. */
  wake(): void { this.waiting?.(); }

  fail(error: LabError): void {
    this.controller.error(error);
    this.waiting?.();
  }

  /**
   * Ends this direction from our side. A writer that somebody holds cannot be closed for him: what he has begun is awaited, and what
   * follows from it at once (a pipe's next chunk); then the other side is told, and further writing is an error.
   */
  end(): void {
    if (this.state.shut || this.line.isOver) return;
    if (!this.writable.locked) {
      if (this.isSpoilt) return this.shutDown();
      this.writable.close().catch(() => {}); // somebody has closed it already
      return;
    }
    this.isEnding = true;
    this.core.clock.afterwards(() => {
      if (this.isWriting || this.state.shut || this.line.isOver) return;
      this.shutDown();
      this.controller.error(new LabError("CLOSED",
        `${this.line}: the connection has ended; { allowHalfOpen: true } lets writing go on after the other side's end`));
    });
  }

  private async write(chunk: Chunk): Promise<void> {
    const data = this.bytesOf(chunk);
    this.isWriting = true;
    try {
      for (let done = 0; done < data.length && !this.line.isOver; ) {
        const taken = this.line.isOpen ? this.writeSome(data.subarray(done, done + PIECE)) : 0;
        done += taken;
        if (taken === 0) await this.change();
      }
    } finally {
      this.isWriting = false;
    }
    if (this.line.error) throw this.line.error;
    if (this.isEnding) this.end();
  }

  private writeSome(data: Uint8Array): number {
    const engine = this.core.enter();
    engine.stage(data);
    const taken = engine.call.tcpWrite(this.state.stream, data.length);
    if (taken === E_CLOSED) throw new LabError("CLOSED", `${this.line}: written to after it was closed`);
    this.state.written += taken;
    return taken;
  }

  /** `writable` was closed, by whoever holds it. */
  private async finish(): Promise<void> {
    while (!this.line.isOpen && !this.line.isOver) await this.change();
    if (this.line.error) throw this.line.error;
    this.shutDown();
  }

  private shutDown(): void {
    if (this.state.shut || this.line.isOver) return;
    this.state.shut = true;
    this.core.enter().call.tcpShutdown(this.state.stream);
  }

  /** Until `wake` or `fail`. */
  private async change(): Promise<void> {
    await new Promise<void>((resolve) => { this.waiting = resolve; });
    this.waiting = null;
  }

  private bytesOf(chunk: unknown): Uint8Array {
    if (typeof chunk === "string") return new TextEncoder().encode(chunk);
    if (chunk instanceof Uint8Array) return chunk;
    if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
    if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.isSpoilt = true;
    throw new LabError("OPTION", `${this.line}: written ${say(chunk)}; it takes a Uint8Array, an ArrayBuffer or text`);
  }
}
