import { LabError } from "../errors";

/** Bytes of a frame's length before the frame, big-endian. */
export const LENGTH_BYTES = 4;

/** The longest frame the lab takes, in bytes. */
export const MAX_FRAME = 65535;

/**
 * Finds the frames in a byte stream: length (4 bytes, big-endian), frame, length, frame …
 *
 * QEMU writes this on a stream socket. A stream cuts where it likes, so a chunk holds any part of any number of frames,
 * down to one byte of a length. Every byte is copied once; no more than one unfinished frame is kept.
 */
export class FrameReader {
  #length = 0;
  #lengthBytes = 0;
  #frame: Uint8Array | null = null;
  #filled = 0;
  readonly #onframe: (frame: Uint8Array) => void;

  /** @param onframe  gets each frame, 1 to 65535 bytes, as an array of its own */
  constructor(onframe: (frame: Uint8Array) => void) {
    this.#onframe = onframe;
  }

  /**
   * Reads the next chunk of the stream.
   *
   * @returns  an error with code `FRAMING` when a length is 0 or above 65535: the place of the next length is then unknown,
   *           so the stream cannot be read any further. Frames before it were delivered
   */
  push(chunk: Uint8Array): LabError | null {
    let at = 0;
    while (at < chunk.length) {
      if (!this.#frame) {
        this.#length = this.#length * 256 + chunk[at++];
        if (++this.#lengthBytes < LENGTH_BYTES) continue;
        if (this.#length === 0 || this.#length > MAX_FRAME) return badLength(this.#length);
        this.#frame = new Uint8Array(this.#length);
      }
      at += this.#fill(this.#frame, chunk, at);
    }
    return null;
  }

  /** Moves what `chunk` has of the frame from `at` on; returns the number of bytes. Delivers the frame when it is whole. */
  #fill(frame: Uint8Array, chunk: Uint8Array, at: number): number {
    const count = Math.min(frame.length - this.#filled, chunk.length - at);
    frame.set(chunk.subarray(at, at + count), this.#filled);
    this.#filled += count;
    if (this.#filled < frame.length) return count;

    // Ready for the next frame before this one is delivered, whatever its receiver does.
    this.#length = this.#lengthBytes = this.#filled = 0;
    this.#frame = null;
    this.#onframe(frame);
    return count;
  }
}

/** The frame with its length before it, in a buffer of its own. `frame` has 1 to 65535 bytes. */
export function withLength(frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES + frame.length);
  new DataView(bytes.buffer).setUint32(0, frame.length);
  bytes.set(frame, LENGTH_BYTES);
  return bytes;
}

function badLength(length: number): LabError {
  return new LabError("FRAMING",
    `a frame's length on the stream reads ${length}; it is 1 to ${MAX_FRAME}. ` +
    `Is the other side QEMU's -netdev stream (or socket), which sends a 4-byte big-endian length before each frame?`);
}
