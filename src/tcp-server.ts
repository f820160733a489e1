import { checkDuration } from "./clock";
import type { Pending } from "./clock";
import type { Core } from "./core";
import { LabError } from "./errors";
import { checkOptions } from "./options";
import { Printed } from "./printed";
import type { ServerState } from "./state";
import type { TcpSocket } from "./tcp-socket";

/** What the server needs of whoever keeps it. */
export interface ServerOwner {
  readonly name: string;
  /** The socket of a connection that was accepted; null: it has failed meanwhile. */
  accepted(stream: number, server: ServerState): TcpSocket | null;
  forgetServer(server: TcpServer): void;
}

/**
 * A TCP port that is listened on. Connections are accepted one by one (`accept`) or by `for await`, which ends when it is closed.
 * Those that nobody accepts wait, as many as the backlog has room for; those after them are not answered.
 *
 * @example
 * const server = web.listen(80);
 * (async () => { for await (const socket of server) socket.readable.pipeTo(socket.writable).catch(() => {}); })();
 */
export class TcpServer extends Printed implements AsyncIterable<TcpSocket> {
  private readonly waiting: Pending<TcpSocket | null>[] = [];
  private closed = false;

  /** The server of a record, new or from a snapshot. */
  constructor(private readonly core: Core, private readonly state: ServerState, private readonly owner: ServerOwner) {
    super();
    core.streams.set(state.listener, () => this.serve());
  }

  get port(): number { return this.state.port; }

  /** null: every address of the machine. */
  get address(): string | null { return this.state.address; }

  /**
   * The next connection.
   *
   * @param timeout  ms to wait at the most; without it as long as the server is open, and then virtual time does not move for it
   * @throws LabError TIMEOUT, OPTION, CLOSED
   */
  async accept(options: { timeout?: number } = {}): Promise<TcpSocket> {
    checkOptions(options, { timeout: true }, `${this}: accept`);
    const { timeout } = options;
    if (timeout !== undefined) checkDuration(timeout, `${this}: accept timeout`);
    const socket = await this.next(timeout);
    if (socket) return socket;
    throw new LabError("CLOSED", `${this} was closed while a connection was waited for`);
  }

  /** Stops listening: the port is free at once, connections that wait to be accepted are reset, accepted ones go on. */
  close(): void {
    if (this.closed) return;
    this.core.enter().call.tcpCloseListener(this.state.listener);
    this.end();
  }

  /** It is gone because its machine or its lab is. */
  end(): void {
    if (this.closed) return;
    this.closed = true;
    this.core.streams.delete(this.state.listener);
    for (const each of this.waiting.splice(0)) each.resolve(null);
    this.owner.forgetServer(this);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TcpSocket> {
    for (;;) {
      const socket = await this.next().catch((error: unknown) => {
        if (error instanceof LabError && error.code === "CLOSED") return null;
        throw error;
      });
      if (!socket) return;
      yield socket;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> { this.close(); }

  override toJSON(): object {
    const { port, address } = this;
    return { port, address };
  }

  override toString(): string { return `${this.owner.name}: TCP server on ${this.state.address ?? "any address"}, port ${this.port}`; }

  private next(timeout?: number): Promise<TcpSocket | null> {
    if (this.closed) return Promise.resolve(null);
    this.core.enter();
    const there = this.take();
    if (there) return Promise.resolve(there);

    const waiter = this.core.clock.operation<TcpSocket | null>(timeout !== undefined);
    this.waiting.push(waiter);
    if (timeout === undefined) return waiter.promise;
    const timer = this.core.clock.after(timeout, () => {
      const place = this.waiting.indexOf(waiter);
      if (place < 0) return; // it got its connection in this very instant
      this.waiting.splice(place, 1);
      waiter.reject(new LabError("TIMEOUT", `${this}: no connection within ${timeout} ms`));
    });
    return waiter.promise.finally(() => { timer.cancelled = true; });
  }

  /** Connections to those who wait for them, in turn. */
  private serve(): void {
    while (this.waiting.length > 0) {
      const socket = this.take();
      if (!socket) return;
      this.waiting.shift()!.resolve(socket);
    }
  }

  /** Also amid the engine's events, where `enter` could hand out later ones before this one is done. */
  private take(): TcpSocket | null {
    for (;;) {
      const stream = this.core.engine.call.tcpAccept(this.state.listener);
      if (stream === 0) return null;
      const socket = this.owner.accepted(stream, this.state);
      if (socket) return socket;
    }
  }
}
