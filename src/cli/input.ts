import { open } from "node:fs/promises";
import { readCapture } from "../capture-reader";
import type { Capture } from "../capture-reader";

/** A capture, and how far it has been read. */
export interface CaptureInput {
  capture: Capture;
  /** Bytes; null when nobody knows, as of standard input. */
  size: number | null;
  /** Bytes read so far. */
  position(): number;
}

/**
 * Opens a capture file as a stream; `-` is standard input.
 *
 * @throws what the file system says, at once
 */
export async function openCapture(file: string): Promise<CaptureInput> {
  if (file === "-") return { capture: readCapture(process.stdin), size: null, position: () => 0 };
  const handle = await open(file);
  const { size } = await handle.stat();
  const stream = handle.createReadStream({ highWaterMark: 1 << 18 });
  return { capture: readCapture(stream), size, position: () => stream.bytesRead };
}
