import * as abi from "../assembly/abi";
import { EVENTS } from "./lab";
import type { Capacities } from "./lab";
import { BenchLab } from "./lab";

/** How two stations that talk TCP are joined. */
export type Way = "switch" | "nat";

const CLIENT = 0x0a00020f;
const GATEWAY = 0x0a000201;
const HOST = 0xc0000207;
/** Where the server is: beside the client, or outside. */
const SERVER = { switch: 0x0a000210, nat: 0xc0000202 };
const PORT = 80;

/** What happened to a stream, as the engine's events tell it. */
export interface Heard {
  accepted?(stream: number): void;
  stream?(stream: number, flags: number, error: number): void;
}

/** A client and a server, across a switch or through a NAT, driven by the engine's exports: no TypeScript sockets. */
export class TcpLab extends BenchLab {
  readonly staging: number;
  private readonly client: number;
  private readonly listener: number;
  private readonly ring: number;

  constructor(module: WebAssembly.Module, private readonly way: Way, more: Capacities) {
    super(module, more);
    const { x } = this;
    const inside = this.network();
    this.client = this.station(inside, 1, CLIENT, way === "nat" ? GATEWAY : 0);
    const server = this.station(way === "nat" ? this.border(inside) : inside, 2, SERVER[way], 0);
    this.listener = x.tcpListen(server, 0, PORT, 0x7fffffff);
    if (this.listener < 0) throw new Error(`tcpListen: ${this.listener}`);
    this.staging = x.staging();
    this.ring = x.eventsOffset() >> 2;
  }

  /** Sends a SYN; the client's stream. `without`: WITHOUT_… */
  connect(without = 0): number {
    const stream = this.x.tcpConnect(this.client, 0, 0, SERVER[this.way], PORT, without);
    if (stream < 0) throw new Error(`tcpConnect: ${stream}`);
    return stream;
  }

  /** Lets time pass to `limit`, or until nothing is under way, or until the engine has something to say. */
  step(limit: number, heard: Heard): number {
    const why = this.x.run(limit, 4096, 0);
    this.hear(heard);
    return why;
  }

  /** Lets time pass until nothing is under way. */
  quiet(heard: Heard = {}): void { while (this.step(Infinity, heard) !== abi.RUN_IDLE); }

  /** The engine's clock, ns. */
  get now(): number { return Number(this.view.getBigUint64(this.control + abi.CONTROL_NOW, true)); }

  /** A u32 of a stream's record (STREAM_…). */
  field(stream: number, offset: number): number { return this.words[(this.x.tcpOffset(stream) + offset) >> 2]!; }

  private hear(heard: Heard): void {
    const { words, control, ring, x } = this;
    const written = words[(control + abi.CONTROL_EVENTS_WRITTEN) >> 2]!;
    const begin = words[(control + abi.CONTROL_EVENTS_READ) >> 2]!;
    for (let n = begin; n !== written; n = (n + 1) >>> 0) {
      const event = ring + ((n & (EVENTS - 1)) * abi.EVENT >> 2);
      const kind = words[event]!;
      if (kind === abi.EVENT_ACCEPT) heard.accepted?.(x.tcpAccept(this.listener));
      if (kind === abi.EVENT_STREAM) heard.stream?.(words[event + 1]!, words[event + abi.EVENT_FLAGS / 4]!, words[event + abi.EVENT_A / 4]!);
    }
    x.eventsRead((written - begin) >>> 0);
  }

  private station(network: number, number: number, ip: number, gateway: number): number {
    const node = this.x.nodeAdd(0, 0, number);
    this.attach(node, network, number, ip, gateway);
    return node;
  }

  private attach(node: number, network: number, number: number, ip: number, gateway: number): void {
    const id = this.x.interfaceAdd(node, this.port(network, abi.ROLE_INTERFACE), 0x0200, number);
    this.x.interfaceSetAddress(id, ip, 24, gateway);
  }

  /** A NAT gateway and the host it runs on; the network outside. */
  private border(inside: number): number {
    const outside = this.network();
    const gateway = this.x.nodeAdd(abi.NODE_FORWARDS, 0, 3);
    this.attach(gateway, inside, 3, GATEWAY, 0);
    const host = this.station(outside, 4, HOST, 0);
    this.x.natAdd(gateway, host, 0);
    return outside;
  }
}
