import { E_FULL, E_IN_USE, E_NO_ADDRESS, STREAM_CLOSED, STREAM_ERROR_NONE } from "../assembly/abi";
import { parseIp } from "./address";
import type { Core } from "./core";
import { LabError } from "./errors";
import { sendError } from "./ping";
import type { MachineState, ServerState, StreamState } from "./state";
import { applyTcp, checkConnect, checkListen, remoteOf } from "./tcp-options";
import type { ConnectOptions, ListenOptions, Remote } from "./tcp-options";
import { TcpServer } from "./tcp-server";
import type { ServerOwner } from "./tcp-server";
import { TcpSocket } from "./tcp-socket";
import type { TcpOwner } from "./tcp-socket";

/** Connections that may wait to be accepted, unless told otherwise. */
const BACKLOG = 128;

/** Finds the address of whom to connect to: at once, or after a name was asked for. */
export type Find<T> = (target: T | string, act: (address: string) => void) => Promise<void>;

/** The TCP sockets of one machine. `T` is what may stand for an address. */
export class TcpStation<T> implements TcpOwner, ServerOwner {
  private readonly open = new Map<TcpSocket, StreamState>();
  private readonly listening = new Map<TcpServer, ServerState>();

  /** Around the records of a machine, new or from a snapshot. */
  constructor(private readonly core: Core, private readonly state: MachineState, private readonly find: Find<T>) {
    for (const each of state.servers) this.listening.set(new TcpServer(core, each, this), each);
    for (const each of [...state.streams]) this.limit(this.add(each, "somebody"), each);
  }

  get name(): string { return this.state.name; }
  get sockets(): TcpSocket[] { return [...this.open.keys()]; }
  get servers(): TcpServer[] { return [...this.listening.keys()]; }

  /** @throws LabError OPTION, PORT, ADDRESS, CLOSED; `opened` tells the rest */
  connect(remote: Remote<T>, options: ConnectOptions = {}): TcpSocket {
    const thing = `${this.name}: connect`;
    const { host, port } = remoteOf(remote, thing);
    checkConnect(options, thing);
    this.core.enter();
    const source = options.localAddress === undefined ? 0 : parseIp(options.localAddress, `${thing}: localAddress`);
    const { allowHalfOpen = false, localPort = 0, timeout, signal } = options;
    const state: StreamState = { stream: 0, allowHalfOpen, read: 0, written: 0, shut: false, deaf: false };
    const socket = new TcpSocket(this.core, state, this, `${nameOf(host)}:${port}`);
    this.open.set(socket, state);

    const call = (address: string): void => {
      if (!this.open.has(socket)) return; // aborted, or its machine removed, while its name was asked for
      const engine = this.core.enter();
      const to = parseIp(address, thing);
      const stream = engine.call.tcpConnect(this.state.node, source, localPort, to, port, 0);
      if (stream < 0) throw this.refusal(stream, `${address}:${port}`, options);
      this.state.streams.push(state);
      applyTcp(this.core, stream, options);
      socket.attach(stream);
    };
    this.find(host, call).catch((error: LabError) => socket.fail(error));

    if (timeout !== undefined) state.until = { at: this.core.clock.now + timeout, timeout };
    this.limit(socket, state);
    if (signal) heed(signal, socket);
    return socket;
  }

  /** @throws LabError OPTION, PORT, ADDRESS, PORT_IN_USE, NO_ADDRESS, FULL */
  listen(given: number | ListenOptions): TcpServer {
    const thing = `${this.name}: listen`;
    const options = checkListen(given, thing);
    const { port = 0, address, backlog = BACKLOG, allowHalfOpen = false } = options;
    const local = address === undefined ? 0 : parseIp(address, thing);
    const engine = this.core.enter();
    const listener = engine.call.tcpListen(this.state.node, local, port, backlog);
    if (listener === E_NO_ADDRESS)
      throw new LabError("NO_ADDRESS", `${thing}: ${address} is not an address of ${this.name}`);
    this.core.check(listener, `${thing}: TCP port ${port}`);
    applyTcp(this.core, listener, options);
    const state: ServerState = { listener, port: engine.stream(listener).local.port, address: address ?? null, allowHalfOpen };
    this.state.servers.push(state);
    const server = new TcpServer(this.core, state, this);
    this.listening.set(server, state);
    return server;
  }

  accepted(stream: number, { allowHalfOpen }: ServerState): TcpSocket | null {
    const { engine } = this.core;
    const { state, error } = engine.stream(stream);
    if (state === STREAM_CLOSED && error !== STREAM_ERROR_NONE) {
      engine.call.tcpRelease(stream);
      return null;
    }
    const record: StreamState = { stream, allowHalfOpen, read: 0, written: 0, shut: false, deaf: false };
    this.state.streams.push(record);
    return this.add(record, "somebody");
  }

  forget(socket: TcpSocket): void {
    remove(this.state.streams, this.open.get(socket));
    this.open.delete(socket);
  }

  forgetServer(server: TcpServer): void {
    remove(this.state.servers, this.listening.get(server));
    this.listening.delete(server);
  }

  /** All is gone because the machine or the lab is; nobody on the network is told. */
  vanish(): void {
    for (const server of this.servers) server.end();
    for (const socket of this.sockets) socket.vanish();
  }

  private add(state: StreamState, label: string): TcpSocket {
    const socket = new TcpSocket(this.core, state, this, label);
    this.open.set(socket, state);
    return socket;
  }

  /** Gives up on a connection that is not open in time. */
  private limit(socket: TcpSocket, state: StreamState): void {
    if (!state.until) return;
    const { at, timeout } = state.until;
    const late = new LabError("TIMEOUT", `${socket}: not open within ${timeout} ms`);
    const timer = this.core.clock.after(Math.max(0, at - this.core.clock.now), () => this.giveUp(socket, late));
    const stop = (): void => {
      timer.cancelled = true;
      delete state.until;
    };
    socket.opened.then(stop, stop);
  }

  private giveUp(socket: TcpSocket, error: LabError): void {
    const state = this.open.get(socket);
    if (state && state.stream !== 0) this.core.enter().call.tcpAbort(state.stream);
    socket.fail(error);
  }

  private refusal(result: number, target: string, { localAddress, localPort }: ConnectOptions): LabError {
    if (result === E_NO_ADDRESS && localAddress !== undefined)
      return new LabError("NO_ADDRESS", `${this.name}: connect: localAddress ${localAddress} is not an address of ${this.name}`);
    if (result === E_IN_USE)
      return new LabError("PORT_IN_USE", `${this.name}: connect: TCP port ${localPort ?? 0} is already in use, or was with ${target} just now`);
    if (result === E_FULL)
      return new LabError("FULL", `${this.name}: connect: no room for a connection to ${target}: all streams of the lab are in use, two for `
        + `each connection within it (createLab({ capacity: { streams } }) makes more), or all ports of ${this.name}`);
    return sendError(this.core, result, this.name, target);
  }
}

function nameOf(host: unknown): string {
  return typeof host === "object" && host !== null && "name" in host ? String(host.name) : String(host);
}

function remove<S>(list: S[], each: S | undefined): void {
  const place = each === undefined ? -1 : list.indexOf(each);
  if (place >= 0) list.splice(place, 1);
}

function heed(signal: AbortSignal, socket: TcpSocket): void {
  const abort = (): void => socket.abort(signal.reason);
  if (signal.aborted) return abort();
  signal.addEventListener("abort", abort, { once: true });
  const stop = (): void => signal.removeEventListener("abort", abort);
  socket.closed.then(stop, stop);
}
