import { DECIDE_ACCEPT, DECIDE_RESET, DECIDE_UNREACHABLE, EVENT_ACCEPT, EVENT_SYN, STREAM_GONE } from "../assembly/abi";
import { formatIp } from "./address";
import type { Core } from "./core";
import type { Endpoint, EngineEvent } from "./engine";
import { LabError } from "./errors";
import { say } from "./options";
import type { Outside, OutsideStream } from "./outside";
import type { OutsideState, StreamState } from "./state";
import { TcpSocket } from "./tcp-socket";
import type { TcpOwner } from "./tcp-socket";

/** ICMP code of "host unreachable" (RFC 792). */
const UNREACHABLE_HOST = 1;
const LOOPBACK = 127;

/**
 * Where connections to the loopback of a host go on to the real machine: a SYN to a port that nobody in the lab listens on is held,
 * the same is opened outside, and only then it is answered, with what came of it there.
 *
 * SYNs to other addresses of the host are refused: machines of its LAN have no business on the real machine.
 */
export class OutsideGate implements TcpOwner {
  /** Streams that wait for the real connection, and those that have it and wait for the guest's last word. */
  private readonly asking = new Map<number, AbortController>();
  private readonly promised = new Map<number, OutsideStream>();
  private readonly relays = new Map<TcpSocket, { state: StreamState; abort: AbortController }>();

  static create(core: Core, name: string, node: number): OutsideState {
    if (core.state.clock !== "real")
      throw new LabError("CLOCK", `host ${name}: outside, in a lab with the virtual clock; the real world needs createLab({ clock: "real" })`);
    return { listener: core.check(core.enter().call.tcpListenAny(node), `${name}: TCP listener for every port`), streams: [] };
  }

  /** In a fork nobody stands outside: what went there is reset. */
  static forget(core: Core, { listener, streams }: OutsideState): void {
    const { call } = core.engine;
    call.tcpCloseListener(listener);
    for (const { stream } of streams) {
      call.tcpAbort(stream);
      call.tcpRelease(stream);
    }
  }

  constructor(private readonly core: Core, private readonly state: OutsideState, private readonly outside: Outside, readonly name: string) {
    core.streams.set(state.listener, (event) => this.hear(event));
  }

  forget(socket: TcpSocket): void {
    const relay = this.relays.get(socket);
    this.relays.delete(socket);
    if (relay) this.state.streams.splice(this.state.streams.indexOf(relay.state), 1);
  }

  /** Ends all that goes through it, on both sides. */
  close(): void {
    this.core.streams.delete(this.state.listener);
    if (!this.core.isClosed) this.core.enter().call.tcpCloseListener(this.state.listener);
    for (const asking of this.asking.values()) asking.abort();
    for (const stream of this.promised.values()) drop(stream);
    for (const [socket, { abort }] of this.relays) {
      abort.abort();
      socket.vanish();
    }
    this.promised.clear();
  }

  private hear({ kind, a, flags }: EngineEvent): void {
    if (kind === EVENT_ACCEPT) return this.accept();
    if (kind !== EVENT_SYN) return;
    this.withdraw(a);
    if ((flags & STREAM_GONE) === 0) void this.ask(a);
  }

  /** The guest has given up, or the number is another connection's now. */
  private withdraw(stream: number): void {
    this.asking.get(stream)?.abort();
    this.asking.delete(stream);
    const promised = this.promised.get(stream);
    this.promised.delete(stream);
    if (promised) drop(promised);
  }

  private async ask(stream: number): Promise<void> {
    const { call } = this.core.engine;
    const { local } = this.core.engine.stream(stream);
    if (local.address >>> 24 !== LOOPBACK) return call.tcpDecide(stream, DECIDE_RESET, 0);
    const asking = new AbortController();
    this.asking.set(stream, asking);
    const answer = await this.reach(local, asking.signal);
    if (this.asking.get(stream) !== asking || this.core.isClosed) {
      if (!(answer instanceof Error)) drop(answer);
      return;
    }
    this.asking.delete(stream);
    this.core.enter();
    if (answer instanceof Error) {
      const isRefused = answer instanceof LabError && answer.code === "REFUSED";
      return call.tcpDecide(stream, isRefused ? DECIDE_RESET : DECIDE_UNREACHABLE, UNREACHABLE_HOST);
    }
    this.promised.set(stream, answer);
    call.tcpDecide(stream, DECIDE_ACCEPT, 0);
  }

  private async reach({ address, port }: Endpoint, signal: AbortSignal): Promise<OutsideStream | Error> {
    try {
      const answer = await this.outside.connect({ address: formatIp(address), port }, { signal });
      if (isStream(answer)) return answer;
      return new LabError("CONNECT", `${this.name}: outside.connect gave ${say(answer)}; it takes { readable, writable }`);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  private accept(): void {
    const { call } = this.core.engine;
    for (let stream = call.tcpAccept(this.state.listener); stream !== 0; stream = call.tcpAccept(this.state.listener)) {
      const there = this.promised.get(stream);
      this.promised.delete(stream);
      const state: StreamState = { stream, allowHalfOpen: true, read: 0, written: 0, shut: false, deaf: false };
      this.state.streams.push(state);
      const socket = new TcpSocket(this.core, state, this, "somebody");
      const abort = new AbortController();
      this.relays.set(socket, { state, abort });
      if (there) relay(socket, there, abort.signal);
      else socket.abort();
    }
  }
}

/** Carries both directions; where one fails, both do. */
function relay(inside: TcpSocket, outside: OutsideStream, signal: AbortSignal): void {
  const failed = (): void => inside.abort();
  inside.readable.pipeTo(outside.writable, { signal }).catch(failed);
  outside.readable.pipeTo(inside.writable as WritableStream<Uint8Array>, { signal }).catch(failed);
}

function isStream(answer: Partial<OutsideStream> | null | undefined): boolean {
  return typeof answer?.readable?.pipeTo === "function" && typeof answer.writable?.getWriter === "function";
}

/** Nobody wants it any more. */
function drop({ readable, writable }: OutsideStream): void {
  readable.cancel().catch(() => {});
  writable.abort().catch(() => {});
}
