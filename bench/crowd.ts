import * as abi from "../assembly/abi";
import { same } from "./digest";
import { TcpLab } from "./tcp-lab";
import { PASS, SEGMENT, payload } from "./transfer";

/** Segments that each connection sends in a pass. */
export const EACH = 4;
const BYTES = EACH * SEGMENT;
/** Connections that begin to send at one instant, and the time to the next instant, ns: what is in flight stays below the frame buffers. */
const AT_ONCE = 64;
const TICK = 10_000;

/** Many connections between two stations, all established, all of which send. */
export class Crowd {
  /** Segments of payload that came out, of all passes. */
  received = 0;
  private readonly lab: TcpLab;
  private readonly from: Int32Array;
  private readonly to: Int32Array;
  /** By the number of the server's stream: which connection it is. */
  private readonly connections: Int32Array;
  private readonly got: Int32Array;

  constructor(module: WebAssembly.Module, private readonly many: number) {
    this.lab = new TcpLab(module, "switch", { frames: 8192, streams: 2 * many + 16, chunks: 16_384 });
    this.from = new Int32Array(many);
    this.to = new Int32Array(many);
    this.got = new Int32Array(many);
    this.connections = new Int32Array(2 * many + 17).fill(-1);
    this.open();
  }

  /** Bytes of memory the engine was laid out with, and of those the pages that were ever written to. */
  memory(): { laidOut: number; touched: number } {
    const { words } = this.lab;
    let touched = 0;
    for (let page = 0; page < words.length; page += 1024) if (words.subarray(page, page + 1024).some((word) => word !== 0)) touched += 4096;
    return { laidOut: words.byteLength, touched };
  }

  /** Every connection sends its segments. */
  run(): void { this.pass(() => {}, () => {}); }

  /** The same with bytes of its own for each. @throws unless all came out as they went in */
  verify(): void {
    const { bytes, staging } = this.lab;
    const data = payload();
    const out = new Uint8Array(this.many * BYTES);
    const of = (i: number): Uint8Array => data.subarray((i * 8) % (PASS - BYTES), ((i * 8) % (PASS - BYTES)) + BYTES);
    this.pass(
      (i) => bytes.set(of(i), staging),
      (i, at, length) => out.set(bytes.subarray(staging, staging + length), i * BYTES + at),
    );
    for (let i = 0; i < this.many; i++)
      same(`connection ${i}, bytes`, 0, Buffer.compare(of(i), out.subarray(i * BYTES, (i + 1) * BYTES)));
  }

  private open(): void {
    const { lab } = this;
    // A connection is known at both ends by the client's port.
    const byPort = new Map<number, number>();
    const accepted = (stream: number): void => {
      const i = byPort.get(lab.field(stream, abi.STREAM_LOCAL_PORT) >>> 16)!;
      this.to[i] = stream;
      this.connections[stream] = i;
    };
    for (let i = 0; i < this.many; i++) {
      this.from[i] = lab.connect();
      byPort.set(lab.field(this.from[i]!, abi.STREAM_LOCAL_PORT) & 0xffff, i);
      if (i % 500 === 499) lab.quiet({ accepted });
    }
    lab.quiet({ accepted });
    if (this.to.includes(0)) throw new Error("not every connection was accepted");
  }

  private pass(fill: (i: number) => void, empty: (i: number, at: number, length: number) => void): void {
    const { lab, from, to, got, connections } = this;
    const { x } = lab;
    got.fill(0);
    let received = 0;
    const stream = (id: number, flags: number): void => {
      const i = connections[id]!;
      if (i < 0 || !(flags & abi.STREAM_READABLE)) return;
      for (let length = x.tcpRead(to[i]!, BYTES); length > 0; length = x.tcpRead(to[i]!, BYTES)) {
        empty(i, got[i]!, length);
        got[i]! += length;
        received += length;
      }
    };
    const start = lab.now;
    for (let i = 0; i < this.many; i++) {
      fill(i);
      same("bytes taken", BYTES, x.tcpWrite(from[i]!, BYTES));
      if (i % AT_ONCE !== AT_ONCE - 1) continue;
      const until = start + (i + 1) / AT_ONCE * TICK;
      while (lab.now < until && lab.step(until, { stream }) !== abi.RUN_IDLE);
    }
    lab.quiet({ stream });
    same("bytes received", this.many * BYTES, received);
    this.received += received / SEGMENT;
  }
}
