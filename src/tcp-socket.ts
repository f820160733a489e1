import {
  E_CLOSED, STREAM_CLOSED, STREAM_ENDED, STREAM_ERROR_NONE, STREAM_ERROR_REFUSED, STREAM_ERROR_RESET, STREAM_ERROR_TIMED_OUT,
  STREAM_ERROR_UNREACHABLE, STREAM_ESTABLISHED, STREAM_GONE, STREAM_OPENED, STREAM_READABLE, STREAM_TIME_WAIT, STREAM_WRITABLE,
} from "../assembly/abi";
import { formatIp } from "./address";
import type { Pending } from "./clock";
import type { Core } from "./core";
import type { Endpoint, EngineEvent } from "./engine";
import { LabError } from "./errors";
import type { LabErrorCode } from "./errors";
import { say } from "./options";
import { Printed } from "./printed";
import type { StreamState } from "./state";

/** Both ends of a connection, as `"192.168.1.7:8080"`. */
export interface SocketInfo {
  remoteAddress: string;
  localAddress: string;
}

/** How a connection fares. */
export interface TcpStats {
  /** Bytes that the other side has acknowledged, and that came from it in order. */
  sent: number;
  received: number;
  /** Smoothed round trip and retransmission timeout, ms; rtt 0: nothing was measured yet. */
  rtt: number;
  rto: number;
  /** Bytes of the congestion window, and of the largest segment. */
  congestionWindow: number;
  segmentSize: number;
  /** Segments sent again. */
  retransmits: number;
}

/** What the socket needs of whoever keeps it. */
export interface TcpOwner {
  readonly name: string;
  forget(socket: TcpSocket): void;
}

/** Most bytes read or written in one call of the engine: its staging area. */
const PIECE = 65_536;

/**
 * One end of a TCP connection, in the shape of the WinterTC sockets API.
 *
 * Back-pressure works both ways: what nobody reads stays in the receive buffer until it is full and the other side has to wait; a
 * write is done when its bytes are in the send buffer. Waiting for `opened` moves virtual time; waiting to read or write does not
 * by itself, segments under way do.
 *
 * @example
 * const socket = printer.connect({ machine: laptop, port: 8080 });
 * const writer = socket.writable.getWriter();
 * await writer.write("GET / HTTP/1.0\r\n\r\n");
 * for await (const bytes of socket.readable) console.log(new TextDecoder().decode(bytes));
 */
export class TcpSocket extends Printed {
  /** Bytes from the other side; ends when it has sent its last. A BYOB reader is served too. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Bytes, or text that is sent as UTF-8. Closing it ends this direction only. */
  readonly writable: WritableStream<Uint8Array | ArrayBuffer | string>;
  /**
   * When the connection is established. Rejects with REFUSED, RESET, TIMEOUT, UNREACHABLE, NO_ROUTE, NO_ADDRESS, PORT_IN_USE, FULL,
   * ABORTED, CLOSED, or what kept a name from being resolved. Nobody has to wait for it.
   */
  readonly opened: Promise<SocketInfo>;
  /** When both directions have ended. Rejects with RESET, TIMEOUT, ABORTED, CLOSED … Nobody has to wait for it. */
  readonly closed: Promise<void>;

  private readonly opening: Pending<SocketInfo>;
  private readonly closing: Pending<void>;
  private reader!: ReadableByteStreamController;
  private writer!: WritableStreamDefaultController;
  private wakeReader: (() => void) | null = null;
  private wakeWriter: (() => void) | null = null;
  private info: SocketInfo | null = null;
  /** The other side has ended; it may not have been read to the end. */
  private hasEnded = false;
  /** `readable` has ended or failed. */
  private isRead = false;
  private isWriting = false;
  /** Whoever holds the writer is waited for, and then there is no more writing. */
  private isEnding = false;
  /** Why nothing goes any more; null: it does, or all went well. */
  private error: LabError | null = null;
  /** The engine knows it no more. */
  private isOver = false;

  /**
   * The socket of a record, new or from a snapshot; of a connection to a name, before there is one.
   *
   * @param state  `stream` 0: `attach` will say
   */
  constructor(private readonly core: Core, private readonly state: StreamState, private readonly owner: TcpOwner, private readonly label: string) {
    super();
    this.opening = core.clock.operation<SocketInfo>();
    this.closing = core.clock.operation<void>(false);
    this.opened = this.opening.promise;
    this.closed = this.closing.promise;
    for (const promise of [this.opened, this.closed]) promise.catch(() => {});
    this.readable = new ReadableStream({
      type: "bytes",
      start: (controller) => { this.reader = controller; },
      pull: () => this.pull(),
      cancel: () => this.stopReading(),
    }, { highWaterMark: 0 });
    this.writable = new WritableStream({
      start: (controller) => { this.writer = controller; },
      write: (chunk) => this.write(chunk),
      close: () => this.finishWriting(),
      abort: (reason) => this.abort(reason),
    });
    if (state.stream !== 0) this.attach(state.stream);
  }

  /** Bytes read so far: a fork goes on from there. */
  get bytesRead(): number { return this.state.read; }

  /** Bytes of finished writes, and of an unfinished one as many as the connection has taken: a fork goes on from there. */
  get bytesWritten(): number { return this.state.written; }

  /** `"192.168.1.7:8080"`; undefined until it is open. */
  get localAddress(): string | undefined { return this.info?.localAddress; }
  get remoteAddress(): string | undefined { return this.info?.remoteAddress; }

  /** How it fares; null once it is over. */
  stats(): TcpStats | null {
    if (this.isOver || this.state.stream === 0) return null;
    const { sent, received, rtt, rto, window, segment, retransmits } = this.core.engine.stream(this.state.stream);
    return {
      sent, received, rtt: rtt / 1e6, rto: rto / 1e6, congestionWindow: window, segmentSize: segment, retransmits,
    };
  }

  /**
   * Ends both directions in good order: what was written still goes out, what was not read is lost. Resolves as `closed` does: when
   * the other side has ended too.
   */
  close(): Promise<void> {
    if (this.isOver || this.error) return this.closed;
    if (!this.info) {
      this.abort(new LabError("CLOSED", `${this} was closed before it was open`));
      return this.closed;
    }
    this.stopReading();
    this.endWriting();
    return this.closed;
  }

  /** Ends it at once, with a reset for the other side. What waits is rejected with ABORTED. */
  abort(reason?: unknown): void {
    if (this.isOver) return;
    if (this.state.stream !== 0 && !this.core.isClosed) this.core.enter().call.tcpAbort(this.state.stream);
    this.fail(new LabError("ABORTED", `${this} was aborted${reason instanceof Error ? `: ${reason.message}` : ""}`, { cause: reason }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close().catch(() => {});
  }

  override toJSON(): object {
    const { localAddress = null, remoteAddress = null, bytesRead, bytesWritten } = this;
    return { localAddress, remoteAddress, bytesRead, bytesWritten };
  }

  override toString(): string {
    return `${this.owner.name}: TCP ${this.info ? `${this.info.localAddress} to ${this.info.remoteAddress}` : `connection to ${this.label}`}`;
  }

  // ── for who keeps it ──

  /** The engine's stream, which may be open already. */
  attach(stream: number): void {
    this.state.stream = stream;
    this.core.streams.set(stream, (event) => this.hear(event));
    const { state, error } = this.core.engine.stream(stream);
    if (state >= STREAM_ESTABLISHED) this.open();
    if (state === STREAM_CLOSED && error !== STREAM_ERROR_NONE) return this.fail(this.errorOf(error));
    if (this.core.engine.call.tcpHasEnded(stream) !== 0) this.end();
    if (state === STREAM_TIME_WAIT || state === STREAM_CLOSED) this.finish();
    if (this.state.deaf) this.stopReading();
    if (this.state.shut) void this.writable.close().catch(() => {});
  }

  /** It comes to nothing. */
  fail(error: LabError): void {
    if (this.isOver || this.error) return;
    this.error = error;
    this.opening.reject(error);
    this.closing.reject(error);
    if (!this.isRead) this.reader.error(error);
    this.isRead = true;
    this.writer.error(error);
    this.leave();
  }

  /** It is gone because its machine or its lab is: who reads sees an end, and who writes is done. */
  vanish(): void {
    if (this.isOver) return;
    const error = new LabError("CLOSED", `${this}: the machine or the lab is gone`);
    this.isOver = true;
    this.opening.reject(error);
    this.closing.reject(error);
    this.endReading();
    this.core.streams.delete(this.state.stream);
    this.owner.forget(this);
    this.wake();
  }

  // ── events ──

  private hear({ flags, a }: EngineEvent): void {
    if (flags & STREAM_OPENED) this.open();
    if (flags & STREAM_READABLE) this.wakeReader?.();
    if (flags & STREAM_READABLE && this.state.deaf) this.discard();
    if (flags & STREAM_WRITABLE) this.wakeWriter?.();
    if (flags & STREAM_ENDED) this.end();
    if (flags & STREAM_GONE) a === STREAM_ERROR_NONE ? this.finish() : this.fail(this.errorOf(a));
  }

  private open(): void {
    const { local, remote } = this.core.engine.stream(this.state.stream);
    this.info = { localAddress: text(local), remoteAddress: text(remote) };
    this.opening.resolve(this.info);
    this.wake();
  }

  private end(): void {
    this.hasEnded = true;
    this.wakeReader?.();
    this.endIfRead();
  }

  /** Both directions have ended. What was not read yet can still be. */
  private finish(): void {
    this.closing.resolve();
    this.hasEnded = true;
    this.state.shut = true;
    this.wake();
    this.endIfRead();
    if (this.isRead) this.leave();
  }

  /** The engine may forget it. */
  private leave(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.core.streams.delete(this.state.stream);
    if (this.state.stream !== 0 && !this.core.isClosed) this.core.engine.call.tcpRelease(this.state.stream);
    this.owner.forget(this);
    this.wake();
  }

  private wake(): void {
    this.wakeReader?.();
    this.wakeWriter?.();
  }

  // ── reading ──

  /** Serves one read: with what there is, or as soon as there is something. */
  private async pull(): Promise<void> {
    while (!this.isRead) {
      if (this.info && this.readSome()) return;
      await new Promise<void>((resolve) => { this.wakeReader = resolve; });
      this.wakeReader = null;
    }
  }

  private readSome(): boolean {
    const request = this.reader.byobRequest;
    const engine = this.core.enter();
    const length = engine.call.tcpRead(this.state.stream, Math.min(PIECE, request?.view?.byteLength ?? PIECE));
    if (length > 0) {
      const data = engine.staged(length);
      this.state.read += length;
      if (request?.view) {
        new Uint8Array(request.view.buffer, request.view.byteOffset, length).set(data);
        request.respond(length);
      } else this.reader.enqueue(data);
    }
    this.endIfRead();
    return length > 0;
  }

  private endIfRead(): void {
    if (!this.hasEnded || this.isRead || this.core.engine.call.tcpReadable(this.state.stream) > 0) return;
    this.endReading();
    if (!this.state.allowHalfOpen) this.endWriting();
    if (this.isFinished()) this.leave();
  }

  private endReading(): void {
    if (this.isRead) return;
    this.isRead = true;
    this.reader.close();
    this.reader.byobRequest?.respond(0);
    this.wakeReader?.();
  }

  /** Nobody wants to hear more; what comes is thrown away, so that the other side can get to its end. */
  private stopReading(): void {
    this.state.deaf = true;
    this.isRead = true;
    try {
      this.reader.close(); // not where it was cancelled, which has closed it
      this.reader.byobRequest?.respond(0);
    } catch { /* it was */ }
    this.wakeReader?.();
    this.discard();
  }

  private discard(): void {
    if (this.isOver || this.state.stream === 0) return;
    const { call } = this.core.enter();
    while (call.tcpRead(this.state.stream, PIECE) > 0) continue;
    if (this.isFinished()) this.leave();
  }

  private isFinished(): boolean {
    const { state } = this.core.engine.stream(this.state.stream);
    return state === STREAM_TIME_WAIT || state === STREAM_CLOSED;
  }

  // ── writing ──

  /** Done when the last byte is in the send buffer. */
  private async write(chunk: Uint8Array | ArrayBuffer | string): Promise<void> {
    const data = this.bytesOf(chunk);
    this.isWriting = true;
    try {
      for (let done = 0; done < data.length && !this.isOver; ) {
        const taken = this.info ? this.writeSome(data.subarray(done, done + PIECE)) : 0;
        done += taken;
        if (taken > 0) continue;
        await new Promise<void>((resolve) => { this.wakeWriter = resolve; });
        this.wakeWriter = null;
      }
    } finally {
      this.isWriting = false;
    }
    if (this.error) throw this.error;
    if (this.isEnding) this.endWriting();
  }

  private writeSome(data: Uint8Array): number {
    const engine = this.core.enter();
    engine.stage(data);
    const taken = engine.call.tcpWrite(this.state.stream, data.length);
    if (taken === E_CLOSED) throw new LabError("CLOSED", `${this}: written to after it was closed`);
    this.state.written += taken;
    return taken;
  }

  private bytesOf(chunk: unknown): Uint8Array {
    if (typeof chunk === "string") return new TextEncoder().encode(chunk);
    if (chunk instanceof Uint8Array) return chunk;
    if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
    if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    throw new LabError("OPTION", `${this}: written ${say(chunk)}; it takes a Uint8Array, an ArrayBuffer or text`);
  }

  /** `writable` was closed, by whoever holds it. */
  private async finishWriting(): Promise<void> {
    while (!this.info && !this.isOver) {
      await new Promise<void>((resolve) => { this.wakeWriter = resolve; });
      this.wakeWriter = null;
    }
    if (this.error) throw this.error;
    this.shutDown();
  }

  private shutDown(): void {
    if (this.state.shut || this.isOver) return;
    this.state.shut = true;
    this.core.enter().call.tcpShutdown(this.state.stream);
  }

  /**
   * Ends this direction from our side. A writer that somebody holds cannot be closed for him: what he has begun is awaited, and what
   * follows from it at once (a pipe's next chunk); then the other side is told, and further writing is an error.
   */
  private endWriting(): void {
    if (this.state.shut || this.isOver) return;
    if (!this.writable.locked) {
      this.writable.close().catch(() => {}); // it was closed, or has failed
      return;
    }
    this.isEnding = true;
    this.core.clock.after(0, () => {
      if (this.isWriting || this.state.shut || this.isOver) return;
      this.shutDown();
      this.writer.error(new LabError("CLOSED", `${this}: the connection has ended; { allowHalfOpen: true } lets writing go on after the other side's end`));
    });
  }

  private errorOf(error: number): LabError {
    const [code, words] = ERRORS[error] ?? ERRORS[STREAM_ERROR_RESET]!;
    return new LabError(code, `${this}: ${words}`);
  }
}

const ERRORS: Record<number, [LabErrorCode, string]> = {
  [STREAM_ERROR_REFUSED]: ["REFUSED", "nobody listens there, or it wants no more: it answered with a reset"],
  [STREAM_ERROR_RESET]: ["RESET", "the other side has reset the connection"],
  [STREAM_ERROR_TIMED_OUT]: ["TIMEOUT", "no answer, however often it was sent; lab.stats().drops or a capture tells what became of it"],
  [STREAM_ERROR_UNREACHABLE]: ["UNREACHABLE", "it is unreachable: no way leads there, or somebody on the way says so"],
};

function text({ address, port }: Endpoint): string { return `${formatIp(address)}:${port}`; }
