import * as abi from "../assembly/abi";
import { digestOf, same } from "./digest";
import { TcpLab } from "./tcp-lab";
import type { Way } from "./tcp-lab";

/** Payload of a full segment with timestamps at an MTU of 1500, bytes. */
export const SEGMENT = 1448;
/** Segments of one pass. */
export const SEGMENTS = 5792;
/** Bytes of one pass: 8.4 MB. */
export const PASS = SEGMENT * SEGMENTS;
/** Most bytes written or read in one call: the engine's staging area. */
const PIECE = 65_536;

/** One established connection, client to server. */
export class Transfer {
  /** Bytes that came out, of all passes. */
  received = 0;
  private readonly lab: TcpLab;
  private readonly from: number;
  private to = 0;
  private isWritable = true;
  private isReadable = false;
  private readonly heard = {
    accepted: (stream: number): void => { this.to = stream; },
    stream: (stream: number, flags: number): void => {
      if (stream === this.from && flags & abi.STREAM_WRITABLE) this.isWritable = true;
      if (stream === this.to && flags & abi.STREAM_READABLE) this.isReadable = true;
    },
  };

  /** @param without  WITHOUT_WHOLE: each segment in a frame of its own */
  constructor(module: WebAssembly.Module, way: Way, without = 0) {
    this.lab = new TcpLab(module, way, { chunks: 4096 });
    this.from = this.lab.connect(without);
    this.lab.quiet(this.heard);
    if (this.to === 0) throw new Error("the connection was not accepted");
  }

  /** Sends a pass and reads it: whatever lies in the staging area. */
  run(): void { this.pass(() => {}, () => {}); }

  /** The same with bytes of our own; @throws unless they come out as they went in, and nothing was sent twice. */
  verify(data: Uint8Array, digest: bigint): void {
    const { lab } = this;
    const out = new Uint8Array(data.length);
    this.pass(
      (at, length) => lab.bytes.set(data.subarray(at, at + length), lab.staging),
      (at, length) => out.set(lab.bytes.subarray(lab.staging, lab.staging + length), at),
    );
    same("received, digest", digest, digestBytes(out));
    same("segments sent again", 0, lab.field(this.from, abi.STREAM_RETRANSMITS));
    same("payload of a segment", SEGMENT, lab.field(this.from, abi.STREAM_MSS));
  }

  private pass(fill: (at: number, length: number) => void, empty: (at: number, length: number) => void): void {
    const { lab, from, to } = this;
    const { x } = lab;
    let received = 0;
    for (let sent = 0; received < PASS; ) {
      while (this.isWritable && sent < PASS) {
        const length = Math.min(PIECE, PASS - sent);
        fill(sent, length);
        const taken = x.tcpWrite(from, length);
        sent += taken;
        this.isWritable = taken === length;
      }
      const before = received;
      const why = lab.step(Infinity, this.heard);
      if (this.isReadable) {
        this.isReadable = false;
        for (let length = x.tcpRead(to, PIECE); length > 0; length = x.tcpRead(to, PIECE)) {
          empty(received, length);
          received += length;
        }
      }
      if (why === abi.RUN_IDLE && received === before && !this.isWritable) throw new Error(`stuck after ${received} bytes`);
    }
    this.received += received;
  }
}

/** A pass of bytes that nobody would guess (xorshift), the same in every run. */
export function payload(): Uint8Array {
  const words = new Uint32Array(PASS / 4);
  let x = 0x9e3779b9;
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
  return new Uint8Array(words.buffer);
}

export function digestBytes(bytes: Uint8Array): bigint {
  return digestOf(new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length);
}
