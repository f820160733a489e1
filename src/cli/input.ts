import { open } from "node:fs/promises";
import { readCapture } from "../capture-reader";
import type { Capture } from "../capture-reader";

/**
 * Opens a capture file as a stream; `-` is standard input.
 *
 * @throws what the file system says, at once
 */
export async function openCapture(file: string): Promise<Capture> {
  if (file === "-") return readCapture(process.stdin);
  const handle = await open(file);
  return readCapture(handle.createReadStream({ highWaterMark: 1 << 18 }));
}
