import { LabError } from "./errors";

const NOTHING = new Uint8Array(0);

/**
 * A window over bytes that arrive in pieces: `fill` until what you need is there, look at it, `skip` it.
 *
 *   file    0 ......... offset ================ offset + buffered .......... end
 *                       ^ looked at through `view` and `copy`, position 0 here
 *
 * Memory is bounded by the largest `fill` asked for plus the largest piece that came: what was skipped is forgotten.
 */
export class ByteSource {
  private readonly pieces: AsyncIterator<Uint8Array> | undefined;
  private bytes: Uint8Array = NOTHING;
  private window: DataView = new DataView(NOTHING.buffer);
  private start = 0;
  private end = 0;
  private skipped = 0;

  constructor(source: Uint8Array | AsyncIterable<Uint8Array>) {
    if (source instanceof Uint8Array) {
      this.hold(source, 0, source.length);
      return;
    }
    this.pieces = source[Symbol.asyncIterator]();
  }

  /** Where position 0 is in the file. */
  get offset(): number {
    return this.skipped;
  }

  /** Bytes that can be looked at now. */
  get buffered(): number {
    return this.end - this.start;
  }

  /**
   * Waits until `count` bytes are buffered; false when the source ends before. Call it only when `buffered` is less:
   * an await costs more than a packet's parsing.
   */
  async fill(count: number): Promise<boolean> {
    while (this.buffered < count) {
      const next = await this.pieces?.next();
      if (!next || next.done) return false;
      this.append(next.value);
    }
    return true;
  }

  u8(at: number): number {
    return this.window.getUint8(this.start + at);
  }
  u16(at: number, little: boolean): number {
    return this.window.getUint16(this.start + at, little);
  }
  u32(at: number, little: boolean): number {
    return this.window.getUint32(this.start + at, little);
  }
  u64(at: number, little: boolean): bigint {
    return this.window.getBigUint64(this.start + at, little);
  }
  i64(at: number, little: boolean): bigint {
    return this.window.getBigInt64(this.start + at, little);
  }

  /** A copy of `length` buffered bytes. */
  copy(at: number, length: number): Uint8Array {
    return this.bytes.slice(this.start + at, this.start + at + length);
  }

  skip(count: number): void {
    this.start += count;
    this.skipped += count;
  }

  /** Tells the source that no more is wanted, so that a file behind it is closed. */
  async close(): Promise<void> {
    await this.pieces?.return?.();
  }

  private append(piece: unknown): void {
    if (!(piece instanceof Uint8Array))
      throw new LabError(
        "CAPTURE_SOURCE",
        `capture: the source gave a ${typeof piece} after ${this.offset + this.buffered} bytes; it takes pieces of ` +
          "type Uint8Array. Was an encoding set on the stream?",
      );

    if (this.end + piece.length > this.bytes.length) this.makeRoom(piece.length);
    this.bytes.set(piece, this.end);
    this.end += piece.length;
  }

  /** Moves what is buffered to the front; to a larger array when that leaves too little room. */
  private makeRoom(more: number): void {
    const kept = this.buffered;
    // Only half full afterwards at most, so that moving stays cheap however small the pieces are.
    if (2 * (kept + more) <= this.bytes.length) {
      this.bytes.copyWithin(0, this.start, this.end);
      this.start = 0;
      this.end = kept;
      return;
    }
    const larger = new Uint8Array(2 * (kept + more));
    larger.set(this.bytes.subarray(this.start, this.end));
    this.hold(larger, 0, kept);
  }

  private hold(bytes: Uint8Array, start: number, end: number): void {
    // A plain view even of a Buffer, whose slice() would share memory instead of copying it.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.window = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.start = start;
    this.end = end;
  }
}
