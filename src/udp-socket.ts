import { BOOK_CONSUMED, QUEUE_FULL } from "../assembly/abi";
import { checkPort, formatIp, parseIp } from "./address";
import { checkDuration, guard } from "./clock";
import type { Pending } from "./clock";
import type { Core } from "./core";
import type { EngineEvent } from "./engine";
import { LabError } from "./errors";
import { checkOptions, say } from "./options";
import { LONGEST, failure, sendError } from "./ping";
import type { SocketState } from "./state";

export interface Endpoint {
  address: string;
  port: number;
}

/** A datagram as it arrived. */
export interface Datagram {
  data: Uint8Array;
  from: Endpoint;
  /** The address it was sent to: the machine's, or a broadcast address. */
  to: string;
}

/** What the socket needs of the machine it is on. `T` is what may stand for an address. */
export interface SocketOwner<T> {
  readonly name: string;
  /** @throws LabError NO_ROUTE, NO_ADDRESS, ADDRESS */
  addressOf(target: T | string): string;
  forget(socket: SocketState): void;
}

/** Datagrams that wait to be read; later ones are counted drops (QUEUE_FULL). */
const UNREAD = 1024;

/**
 * A UDP socket on a machine. Datagrams are read one by one (`receive`) or by `for await`, which ends when it is closed.
 *
 * Waiting for a datagram does not move virtual time by itself (frames in flight do), so that a server is not busy;
 * `receive({ timeout })` does.
 *
 * @example
 * const echo = web.udp(7);
 * (async () => { for await (const { data, from } of echo) echo.send(data, from); })();
 */
export class UdpSocket<T = unknown> implements AsyncIterable<Datagram> {
  /**
   * Hears what ICMP errors say about datagrams that were sent: REFUSED (nobody listens there), UNREACHABLE, TTL_EXPIRED,
   * TOO_BIG, and NO_ROUTE.
   */
  onerror: ((error: LabError) => void) | null = null;
  private readonly readers: Pending<Datagram | null>[] = [];
  private closed = false;

  /** The socket of a record, new or from a snapshot. */
  constructor(private readonly core: Core, private readonly state: SocketState, private readonly owner: SocketOwner<T>) {
    core.sockets.set(state.socket, (event) => this.deliver(event));
  }

  /** Its own port. */
  get port(): number { return this.state.port; }

  /**
   * Sends a datagram.
   *
   * @param data  bytes, or text that is sent as UTF-8; up to 1472 bytes
   * @param to    an address or a machine (the address of it that can be reached from here), and a port
   * @throws LabError DATAGRAM_SIZE, OPTION, ADDRESS, PORT, NO_ROUTE, NO_ADDRESS, FULL, CLOSED
   */
  send(data: Uint8Array | string, to: { address: T | string; port: number } | { machine: T; port: number }): void {
    const engine = this.core.enter();
    this.checkOpen();
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    if (!(bytes instanceof Uint8Array))
      throw new LabError("OPTION", `${this}: data ${say(data)}; it takes a Uint8Array or text`);
    if (typeof to !== "object" || to === null)
      throw new LabError("OPTION", `${this}: destination ${say(to)}; it takes { address, port } or { machine, port }`);
    if (bytes.length > LONGEST)
      throw new LabError("DATAGRAM_SIZE",
        `${this}: datagram of ${bytes.length} bytes; it takes 0 to ${LONGEST}, what fits a frame without fragments`);
    checkPort(to.port, `${this}: destination`);
    const address = this.owner.addressOf("machine" in to ? to.machine : to.address);
    engine.stage(bytes);
    const result = engine.call.udpSend(this.state.socket, parseIp(address, `${this}`), to.port, bytes.length, 0);
    if (result < 0) throw sendError(this.core, result, this.owner.name, address);
  }

  /**
   * The next datagram.
   *
   * @param timeout  ms to wait at the most; without it as long as the socket is open
   * @throws LabError TIMEOUT, OPTION, CLOSED
   */
  async receive(options: { timeout?: number } = {}): Promise<Datagram> {
    checkOptions(options, { timeout: true }, `${this}: receive`);
    const { timeout } = options;
    if (timeout !== undefined) checkDuration(timeout, `${this}: receive timeout`);
    const datagram = await this.next(timeout);
    if (datagram) return datagram;
    throw new LabError("CLOSED", `${this} was closed while a datagram was waited for`);
  }

  /** Closes the socket; its port is free at once. Unread datagrams are lost, readers and loops end. */
  close(): void {
    if (this.closed) return;
    this.core.enter().call.udpClose(this.state.socket);
    this.end();
  }

  /** It is gone because its machine or its lab is. */
  end(): void {
    this.closed = true;
    this.core.sockets.delete(this.state.socket);
    this.state.unread.length = 0;
    for (const reader of this.readers.splice(0)) reader.resolve(null);
    this.owner.forget(this.state);
  }

  /** What an ICMP error said about a datagram sent to `target`. */
  failed(event: EngineEvent, target: string): void {
    const error = failure(event, this.owner.name, target);
    if (this.onerror) guard(() => this.onerror!(error));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Datagram> {
    for (;;) {
      const datagram = await this.next().catch((error: unknown) => {
        if (error instanceof LabError && error.code === "CLOSED") return null;
        throw error;
      });
      if (!datagram) return;
      yield datagram;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> { this.close(); }

  toString(): string { return `${this.owner.name}: UDP socket ${this.port}`; }

  private next(timeout?: number): Promise<Datagram | null> {
    const unread = this.state.unread.shift();
    if (unread) return Promise.resolve(unread);
    if (this.closed) return Promise.resolve(null);

    const reader = this.core.clock.operation<Datagram | null>(timeout !== undefined);
    this.readers.push(reader);
    if (timeout === undefined) return reader.promise;

    const timer = this.core.clock.after(timeout, () => {
      const place = this.readers.indexOf(reader);
      if (place < 0) return; // it got its datagram in this very instant
      this.readers.splice(place, 1);
      reader.reject(new LabError("TIMEOUT", `${this}: no datagram within ${timeout} ms`));
    });
    return reader.promise.finally(() => { timer.cancelled = true; });
  }

  private deliver({ a, b, c, payload }: EngineEvent): boolean {
    const datagram = { data: payload, from: { address: formatIp(a), port: b }, to: formatIp(c) };
    const reader = this.readers.shift();
    if (reader) {
      reader.resolve(datagram);
      return true;
    }
    if (this.state.unread.length < UNREAD) this.state.unread.push(datagram);
    else this.core.engine.call.refuse(BOOK_CONSUMED, QUEUE_FULL, 0);
    return false;
  }

  private checkOpen(): void {
    if (this.closed) throw new LabError("CLOSED", `${this} was closed; open another with udp()`);
  }
}
