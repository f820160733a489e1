import {
  STREAM_CLOSED, STREAM_ENDED, STREAM_ERROR_ABORTED, STREAM_ERROR_NONE, STREAM_ERROR_REFUSED, STREAM_ERROR_RESET, STREAM_ERROR_TIMED_OUT,
  STREAM_ERROR_UNREACHABLE, STREAM_ESTABLISHED, STREAM_GONE, STREAM_OPENED, STREAM_READABLE, STREAM_TIME_WAIT, STREAM_WRITABLE,
} from "../assembly/abi";
import { formatIp } from "./address";
import type { Pending } from "./clock";
import type { Core } from "./core";
import type { Endpoint, EngineEvent } from "./engine";
import { LabError } from "./errors";
import type { LabErrorCode } from "./errors";
import { Printed } from "./printed";
import type { StreamState } from "./state";
import { TcpInlet } from "./tcp-inlet";
import type { Line } from "./tcp-inlet";
import { TcpOutlet } from "./tcp-outlet";
import type { Chunk } from "./tcp-outlet";

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
  /**
   * When the connection is established. Rejects with REFUSED, RESET, TIMEOUT, UNREACHABLE, NO_ROUTE, NO_ADDRESS, PORT_IN_USE, FULL,
   * ABORTED, CLOSED, or what kept a name from being resolved. Nobody has to wait for it.
   */
  readonly opened: Promise<SocketInfo>;
  /** When both directions have ended. Rejects with RESET, TIMEOUT, ABORTED, CLOSED … Nobody has to wait for it. */
  readonly closed: Promise<void>;

  private readonly opening: Pending<SocketInfo>;
  private readonly closing: Pending<void>;
  private readonly inlet: TcpInlet;
  private readonly outlet: TcpOutlet;
  private info: SocketInfo | null = null;
  private error: LabError | null = null;
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
    const line = this.line();
    this.inlet = new TcpInlet(core, state, line);
    this.outlet = new TcpOutlet(core, state, line);
    if (state.stream !== 0) this.attach(state.stream);
  }

  /** Bytes from the other side; ends when it has sent its last. A BYOB reader is served too. */
  get readable(): ReadableStream<Uint8Array> { return this.inlet.readable; }

  /** Bytes, or text that is sent as UTF-8. Closing it ends this direction only; aborting it resets the connection. */
  get writable(): WritableStream<Chunk> { return this.outlet.writable; }

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
   * Ends both directions: what was written still goes out, what was not read is lost. Resolves as `closed` does: when the other side
   * has ended too, or has all that was written and then either says nothing for a minute, or sends on, and is reset (RFC 9293
   * §3.6.1). Where it sends on before it has all that was written, it is reset as well, and `closed` rejects with ABORTED. To hear it
   * out, close `writable` and read. Before it is open it comes to nothing: CLOSED.
   */
  close(): Promise<void> {
    if (this.isOver) return this.closed;
    if (!this.info) {
      this.reset();
      this.fail(new LabError("CLOSED", `${this} was closed before it was open`));
      return this.closed;
    }
    this.inlet.stop();
    if (this.isOver) return this.closed;
    this.core.engine.call.tcpClose(this.state.stream);
    this.outlet.end();
    return this.closed;
  }

  /** Ends it at once, with a reset for the other side. What waits is rejected with ABORTED. */
  abort(reason?: unknown): void {
    if (this.isOver) return;
    this.reset();
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
    const ends = this.info ? `${this.info.localAddress} to ${this.info.remoteAddress}` : `connection to ${this.label}`;
    return `${this.owner.name}: TCP ${ends}`;
  }

  // ── for who keeps it ──

  /** The engine's stream, which may be open already. */
  attach(stream: number): void {
    this.state.stream = stream;
    this.core.streams.set(stream, (event) => this.hear(event));
    const { state, error } = this.core.engine.stream(stream);
    if (state >= STREAM_ESTABLISHED) this.open();
    if (state === STREAM_CLOSED && error !== STREAM_ERROR_NONE) return this.fail(this.errorOf(error));
    if (this.core.engine.call.tcpHasEnded(stream) !== 0) this.inlet.end();
    if (this.isFinished()) this.finish();
    if (this.state.deaf) this.inlet.stop();
    if (this.state.shut) void this.writable.close().catch(() => {});
  }

  /** It comes to nothing. */
  fail(error: LabError): void {
    if (this.isOver) return;
    this.leave();
    this.reject(error);
  }

  /**
   * It is gone because its machine or its lab is; nobody on the network is told. Who reads or writes hears CLOSED: what was cut off
   * must not look like an end, and a loop that writes must come to one.
   */
  vanish(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.core.streams.delete(this.state.stream);
    this.owner.forget(this);
    this.reject(new LabError("CLOSED", `${this}: the machine or the lab is gone`));
  }

  // ── events ──

  private hear({ flags, a }: EngineEvent): void {
    if (flags & STREAM_OPENED) this.open();
    if (flags & STREAM_READABLE) this.inlet.wake();
    if (flags & STREAM_WRITABLE) this.outlet.wake();
    if (flags & STREAM_ENDED) this.inlet.end();
    if (flags & STREAM_GONE && a !== STREAM_ERROR_NONE) this.fail(this.errorOf(a));
    if (flags & STREAM_GONE && a === STREAM_ERROR_NONE) this.finish();
  }

  private open(): void {
    const { local, remote } = this.core.engine.stream(this.state.stream);
    this.info = { localAddress: text(local), remoteAddress: text(remote) };
    this.opening.resolve(this.info);
    this.inlet.wake();
    this.outlet.wake();
  }

  /** Both directions have ended. What was not read yet can still be. */
  private finish(): void {
    this.closing.resolve();
    this.state.shut = true;
    this.inlet.end();
    if (this.inlet.isDone) this.leave();
    this.outlet.wake();
  }

  private reset(): void {
    if (this.state.stream !== 0 && !this.core.isClosed) this.core.enter().call.tcpAbort(this.state.stream);
  }

  private readOut(): void {
    if (!this.state.allowHalfOpen) this.outlet.end();
    if (!this.isFinished()) return;
    // The event that says so may be still to come: nobody hears it once the engine may forget the connection.
    const { error } = this.core.engine.stream(this.state.stream);
    if (error !== STREAM_ERROR_NONE) return this.fail(this.errorOf(error));
    this.closing.resolve();
    this.state.shut = true;
    this.leave();
    this.outlet.wake();
  }

  private reject(error: LabError): void {
    this.error = error;
    this.opening.reject(error);
    this.closing.reject(error);
    this.inlet.fail(error);
    this.outlet.fail(error);
  }

  /** The engine may forget it. */
  private leave(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.core.streams.delete(this.state.stream);
    if (this.state.stream !== 0 && !this.core.isClosed) this.core.engine.call.tcpRelease(this.state.stream);
    this.owner.forget(this);
  }

  private isFinished(): boolean {
    if (this.isOver) return false;
    const { state } = this.core.engine.stream(this.state.stream);
    return state === STREAM_TIME_WAIT || state === STREAM_CLOSED;
  }

  private line(): Line {
    const socket = this;
    return {
      get isOpen() { return socket.info !== null; },
      get isOver() { return socket.isOver; },
      get error() { return socket.error; },
      readOut: () => socket.readOut(),
      abort: (reason) => socket.abort(reason),
      toString: () => socket.toString(),
    };
  }

  private errorOf(error: number): LabError {
    const [code, words] = ERRORS[error] ?? ERRORS[STREAM_ERROR_RESET]!;
    return new LabError(code, `${this}: ${words}`);
  }
}

const ERRORS: Record<number, [LabErrorCode, string]> = {
  [STREAM_ERROR_ABORTED]: ["ABORTED", "it was closed, and reset when the other side sent on before it had all that was written"],
  [STREAM_ERROR_REFUSED]: ["REFUSED", "nobody listens there, or it wants no more: it answered with a reset"],
  [STREAM_ERROR_RESET]: ["RESET", "the other side has reset the connection"],
  [STREAM_ERROR_TIMED_OUT]: ["TIMEOUT", "no answer, however often it was sent; lab.stats().drops or a capture tells what became of it"],
  [STREAM_ERROR_UNREACHABLE]: ["UNREACHABLE", "it is unreachable: no way leads there, or somebody on the way says so"],
};

function text({ address, port }: Endpoint): string { return `${formatIp(address)}:${port}`; }
