import { Duplex } from "node:stream";
import { LabError } from "../errors";
import type { TcpSocket } from "../tcp-socket";

/**
 * A TCP socket of the lab as a stream of Node, with as much of `net.Socket` as `node:http` and its like ask for.
 *
 * Ending it ends this direction, destroying it closes the connection, and destroying it with an error resets it. Time-outs are not
 * taken: the lab has a clock of its own, and the connection's options (`keepAlive`, `giveUp`) go by that.
 */
export class SocketDuplex extends Duplex {
  /** Until the connection is open. */
  connecting = true;
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  private readonly writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor(private readonly socket: TcpSocket) {
    super({ allowHalfOpen: true, autoDestroy: true });
    this.reader = socket.readable.getReader();
    this.writer = socket.writable.getWriter();
    this.writer.closed.catch(() => {}); // what goes wrong is told by `error`
    socket.opened.then(() => {
      this.connecting = false;
      this.emit("connect");
      this.emit("ready");
    }, (error: Error) => this.destroy(error));
  }

  get localAddress(): string | undefined { return part(this.socket.localAddress, 0); }
  get localPort(): number | undefined { return numberOf(part(this.socket.localAddress, 1)); }
  get remoteAddress(): string | undefined { return part(this.socket.remoteAddress, 0); }
  get remotePort(): number | undefined { return numberOf(part(this.socket.remoteAddress, 1)); }
  get remoteFamily(): string { return "IPv4"; }
  get bytesRead(): number { return this.socket.bytesRead; }
  get bytesWritten(): number { return this.socket.bytesWritten; }

  override _read(): void {
    this.reader.read().then(({ done, value }) => void this.push(done ? null : value), (error: Error) => this.destroy(isEnd(error) ? undefined : error));
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.writer.write(chunk).then(() => done(), done);
  }

  /** What was corked goes in one piece. */
  override _writev(chunks: { chunk: Uint8Array }[], done: (error?: Error | null) => void): void {
    this.writer.write(Buffer.concat(chunks.map(({ chunk }) => chunk))).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void { this.writer.close().then(() => done(), done); }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (error) this.socket.abort(error);
    else this.socket.close().catch(() => {}); // it has failed: `error` has said so
    done(error);
  }

  /** Here for those who know `net.Socket`: they change nothing. */
  setTimeout(): this { return this; }
  setNoDelay(): this { return this; }
  setKeepAlive(): this { return this; }
  ref(): this { return this; }
  unref(): this { return this; }

  /** Destroys it when all that was written is out. */
  destroySoon(): void {
    if (this.writableFinished) return void this.destroy();
    this.once("finish", () => this.destroy());
    this.end();
  }
}

/**
 * The lab or the machine was closed here, on purpose. For who merely has the connection open, as an idle one of an agent, that is no
 * error: it is destroyed, and a pipeline that was not at its end hears of a premature close.
 */
function isEnd(error: Error): boolean {
  return error instanceof LabError && error.code === "CLOSED";
}

/**
 * A Node stream from a TCP socket.
 *
 * @example
 * const stream = duplex(printer.connect({ machine: laptop, port: 8080 }));
 * createReadStream("letter.ps").pipe(stream);
 */
export function duplex(socket: TcpSocket): SocketDuplex { return new SocketDuplex(socket); }

function part(endpoint: string | undefined, which: 0 | 1): string | undefined { return endpoint?.split(":")[which]; }

function numberOf(text: string | undefined): number | undefined { return text === undefined ? undefined : Number(text); }
