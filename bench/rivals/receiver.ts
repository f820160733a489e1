import { digestOf } from "../digest";
import { ALIGN } from "../traffic";
import type { Staged } from "../traffic";
import type { Sink } from "./path";

/** Longest frame, bytes, that a loop of eight bytes a turn copies faster than a view made for it. */
const LOOP = 384;

/** Who receives: the next frame overwrites the last, as in an emulator's buffer. */
export class Receiver implements Sink {
  /** Frames since the beginning. */
  out = 0;
  /** Whether a digest is taken. */
  checks = false;
  private length = 0;
  private sum = 0n;
  private readonly view = new DataView(new ArrayBuffer(2048));
  private readonly bytes = new Uint8Array(this.view.buffer);
  private readonly longs = new BigInt64Array(this.view.buffer);

  /** From a slot: with the two bytes before the frame, so that both ends are aligned. */
  take(staged: Staged, at: number, length: number, port: number): void {
    this.copy(staged.bytes, staged.longs, at << 2, length + ALIGN);
    if (this.checks) this.check(ALIGN, port);
  }

  /** @param at  where the frame begins in both views; a multiple of 8 */
  copy(bytes: Uint8Array, longs: BigInt64Array, at: number, length: number): void {
    this.length = length;
    this.out++;
    // A view is an allocation per frame; for long ones it is still the faster way.
    if (length > LOOP || at % 8 !== 0) return void this.bytes.set(bytes.subarray(at, at + length));
    const { longs: to } = this;
    for (let i = 0, from = at >> 3; i << 3 < length; i++) to[i] = longs[from + i]!;
  }

  /** Adds what lies in the buffer, behind `skip` bytes, to the digest. */
  check(skip: number, port: number): void { this.sum += digestOf(this.view, skip, this.length - skip, port); }

  /** What one run leaves here. */
  digestOf(run: () => void): bigint {
    this.sum = 0n;
    this.checks = true;
    run();
    this.checks = false;
    return BigInt.asUintN(64, this.sum);
  }
}
