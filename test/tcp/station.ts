/** A built-in station alone on a network with a peer whose every segment the test writes itself. No wire takes any time. */
import * as abi from "../../assembly/abi";
import { capacities } from "../../src/capacity";
import { Engine } from "../../src/engine";
import type { EngineEvent } from "../../src/engine";
import { REASONS } from "../../src/reasons";
import { frame } from "../guest";
import { be16, be32, icmp, ipv4 } from "../packets";
import type { Bytes } from "../packets";
import { decodeSegment, encodeSegment } from "./segment";
import type { TcpSegment } from "./segment";

export const STATION_IP = 0xc0000201;
export const PEER_IP = 0xc0000202;
export const STATION_PORT = 80;
export const PEER_PORT = 5000;
const STATION: Bytes = [192, 0, 2, 1];
const PEER: Bytes = [192, 0, 2, 2];
const STATION_MAC = "02:00:00:00:00:01";
const PEER_MAC = "02:00:00:00:00:02";

/** Byte `seq` of either side's stream: a pattern that a shift by any amount up to 64 KiB would show. */
export const patternAt = (seq: number): number => (seq ^ (seq >>> 8)) & 255;

export interface Sent { at: number; segment: TcpSegment }
export interface Told { at: number; text: string }
/** One of several connections; the numbers of its segments count from `isn`. */
export interface Connection { stream: number; peerPort: number; isn: number | null }

const NEWS = ["OPENED", "READABLE", "WRITABLE", "ENDED", "GONE"];
const ERRORS = ["", "REFUSED", "RESET", "TIMED_OUT", "UNREACHABLE", "ABORTED"];
export const STATES = [
  "FREE", "LISTEN", "HELD", "SYN_SENT", "SYN_RECEIVED", "ESTABLISHED", "CLOSE_WAIT", "FIN_WAIT_1", "FIN_WAIT_2", "CLOSING",
  "LAST_ACK", "TIME_WAIT", "CLOSED",
];

export class Station {
  static async create(): Promise<Station> {
    const capacity = { stations: 16, frames: 2048, flights: 4096, connections: 16, forwards: 16, events: 4096, streams: 32, chunks: 1024 };
    return new Station(await Engine.create(undefined, capacities(capacity), [3, 4]));
  }

  /** What the station has sent and the test has not looked at, oldest first. */
  readonly sent: Sent[] = [];
  readonly told: Told[] = [];
  readonly node: number;
  listener = 0;
  stream = 0;
  /** First sequence numbers; the station's is learned from its first segment. */
  peerIsn = 1_000_000;
  isn: number | null = null;
  peerPort = PEER_PORT;
  private readonly port: number;
  private readonly card: number;
  private start = 0;
  private written = 1;
  private read = 1;

  private constructor(readonly engine: Engine) {
    const { call } = engine;
    const network = call.networkAdd(abi.SWITCH_LEARNING, 300_000);
    this.node = call.nodeAdd(0, 5, 6);
    const port = call.portAdd(abi.ROLE_INTERFACE, abi.CLASS_VM, 0);
    const id = call.interfaceAdd(this.node, port, 0x0200, 1);
    call.interfaceSetAddress(id, STATION_IP | 0, 24, 0);
    call.neighborSet(id, PEER_IP | 0, 0x0200, 2);
    call.portAttach(port, network);
    this.card = port;
    this.port = call.portAdd(abi.ROLE_EXTERNAL, abi.CLASS_VM, 0);
    call.portAttach(this.port, network);
  }

  get now(): number { return (this.engine.now - this.start) / 1e6; }

  /** Lets the clock reach the moment at which the next connection of these endpoints begins with sequence number `isn`. */
  async waitForIsn(isn: number): Promise<void> {
    const trial = await Station.create();
    trial.connect();
    trial.run(trial.now);
    const first = trial.isn!;
    this.engine.call.run(4000 * ((isn - first) >>> 0), 1e9, 1);
    this.start = this.engine.now;
  }

  /** The station's wire takes packets of up to this many bytes from now on. */
  setMtu(bytes: number): void {
    const { call } = this.engine;
    call.wireAdd(this.card);
    for (const way of [abi.TOWARDS_SWITCH, abi.TOWARDS_DEVICE]) {
      const view = new DataView(call.memory.buffer, call.wireOffset(this.card, way));
      view.setFloat64(abi.WIRE_MOST, way === abi.TOWARDS_SWITCH ? bytes : 0, true);
      view.setFloat64(abi.WIRE_QUEUE_FRAMES, 1000, true);
      view.setFloat64(abi.WIRE_QUEUE_BYTES, 1e6, true);
      view.setFloat64(abi.WIRE_IN_ORDER, 1, true);
      call.wireSet(this.card, way, 0);
    }
  }

  /** The connection that the table is about now; `resume` comes back to it, as long as nothing was written or read on it. */
  get connection(): Connection { return { stream: this.stream, peerPort: this.peerPort, isn: this.isn }; }
  resume(connection: Connection): this {
    Object.assign(this, connection);
    this.written = 1;
    this.read = 1;
    return this;
  }

  // ── the user ──

  listen(backlog = 8): void { this.listener = this.engine.call.tcpListen(this.node, 0, STATION_PORT, backlog); }
  listenAny(): void { this.listener = this.engine.call.tcpListenAny(this.node); }
  connect(without = 0): void {
    this.stream = this.engine.call.tcpConnect(this.node, 0, STATION_PORT, PEER_IP | 0, this.peerPort, without);
    if (this.stream < 0) throw new Error(`connect: ${this.stream}`);
  }

  accept(): number { return (this.stream = this.engine.call.tcpAccept(this.listener)); }

  write(count: number): number {
    for (let done = 0; done < count;) {
      const part = Math.min(65536, count - done);
      this.engine.stage(Uint8Array.from({ length: part }, (_, i) => patternAt(this.written + done + i)));
      const taken = this.engine.call.tcpWrite(this.stream, part);
      if (taken < 0) return taken;
      done += taken;
      if (taken < part || done === count) {
        this.written += done;
        return done;
      }
    }
    return 0;
  }

  /** Reads up to `most` bytes; throws when one is not what the peer sent. */
  take(most: number): number {
    let done = 0;
    for (let taken = -1; taken !== 0 && done < most; done += taken) {
      taken = this.engine.call.tcpRead(this.stream, Math.min(65536, most - done));
      const bytes = new Uint8Array(this.engine.call.memory.buffer, this.engine.call.staging(), taken);
      bytes.forEach((byte, i) => {
        if (byte !== patternAt(this.read + done + i)) throw new Error(`byte ${this.read + done + i} is ${byte}`);
      });
    }
    this.read += done;
    return done;
  }

  // ── the peer ──

  send(segment: TcpSegment): void {
    const bytes = encodeSegment(segment, [this.peerPort, STATION_PORT], [this.peerIsn, this.isn ?? 0], [PEER, STATION], patternAt);
    this.inject(ipv4({ protocol: 6, bytes, checksumAt: -1 }, { src: PEER, dst: STATION }));
  }

  /** An ICMP error about a segment of the station's with this sequence number. */
  complain(type: number, code: number, rest: number, seq: number): void {
    const quote = ipv4(
      { protocol: 6, bytes: [...be16(STATION_PORT), ...be16(this.peerPort), ...be32((this.isn! + seq) >>> 0)], checksumAt: -1 },
      { src: STATION, dst: PEER, fragment: 0x4000, totalLength: 1500 });
    this.inject(ipv4(icmp(type, code, [...be32(rest), ...quote]), { src: PEER, dst: STATION }));
  }

  inject(packet: Bytes): void {
    this.engine.offer(this.port, frame(STATION_MAC, PEER_MAC, 0x0800, packet));
    this.engine.flush();
  }

  // ── time ──

  /** Lets everything happen that is due until `ms`, upkeep too. */
  run(ms: number): void {
    const limit = this.start + Math.round(ms * 1e6);
    for (let why = -1; why !== abi.RUN_LIMIT && why !== abi.RUN_IDLE;) {
      why = this.engine.call.run(limit, 1000, 1);
      for (let event = this.engine.nextEvent(); event; event = this.engine.nextEvent()) this.hear(event);
    }
  }

  private hear(event: EngineEvent): void {
    const at = (Number(event.time) - this.start) / 1e6;
    if (event.kind === abi.EVENT_DELIVER) return this.hearFrame(at, event.payload);
    if (event.kind === abi.EVENT_STREAM)
      this.told.push({ at, text: [...NEWS.filter((_, i) => event.flags & (1 << i)), ERRORS[event.a]].filter(Boolean).join(" ") });
    if (event.kind === abi.EVENT_ACCEPT) this.told.push({ at, text: "ACCEPT" });
    if (event.kind === abi.EVENT_SYN && event.flags !== 0) this.told.push({ at, text: "SYN GONE" });
    else if (event.kind === abi.EVENT_SYN) {
      this.told.push({ at, text: "SYN" });
      this.stream = event.a;
    }
  }

  private hearFrame(at: number, bytes: Uint8Array): void {
    if (bytes[12] !== 8 || bytes[13] !== 0) return;
    const end = 14 + ((bytes[16]! << 8) | bytes[17]!);
    const l4 = bytes.subarray(34, end);
    if (bytes[23] === 1) {
      this.sent.push({ at, segment: { flags: `icmp ${l4[0]}/${l4[1]}`, seq: 0, length: 0, ack: null, win: 0, options: [] } });
      return;
    }
    const { data, isn, ...segment } = decodeSegment(l4, [this.isn, this.peerIsn]);
    if (segment.flags.includes("S")) this.isn = isn;
    data.forEach((byte, i) => {
      if (byte !== patternAt((segment.seq + i) >>> 0)) throw new Error(`byte ${segment.seq + i} of the station's is ${byte}`);
    });
    this.sent.push({ at, segment });
  }

  // ── what can be looked at ──

  private view(): DataView { return new DataView(this.engine.call.memory.buffer, this.engine.call.tcpOffset(this.stream)); }
  get state(): string { return STATES[this.view().getUint32(abi.STREAM_STATE, true)]!; }
  u32(offset: number): number { return this.view().getUint32(offset, true); }
  /** A time, ms. */
  ms(offset: number): number { return Number(this.view().getBigUint64(offset, true)) / 1e6; }
  drops(reason: string): number { return this.engine.drops()[REASONS.findIndex(([name]) => name === reason)]!; }

  /** 0, when every frame is accounted for. */
  get imbalance(): number {
    const [ingress, originated, copies, delivered, consumed, dropped] = this.engine.books();
    return ingress! + originated! + copies! - delivered! - consumed! - dropped! - this.engine.call.liveFrames();
  }
}
