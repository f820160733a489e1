import { parseArgs } from "node:util";
import type { CapturedPacket } from "../capture-reader";
import { frameLayers, frameText } from "./frame-text";
import { openCapture } from "./input";
import type { Output } from "./output";
import { Progress } from "./progress";
import { clockText, exactSeconds } from "./time";
import { parseLimit, UsageError } from "./usage";

/** `fivewire inspect FILE`: one line per frame, or its layers as a line of JSON. Returns the exit code. */
export async function inspect(args: string[], out: Output): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: "boolean" }, limit: { type: "string" } },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError("inspect takes one FILE");
  const limit = parseLimit(values.limit);

  const input = await openCapture(file);
  const { capture } = input;
  const progress = new Progress(input);
  let first: bigint | null = null;
  try {
    for await (const packet of capture) {
      if (packet.index >= limit) break;
      first ??= packet.time;
      await out.line(values.json ? jsonLine(packet) : textLine(packet, first));
      progress.at(packet.index + 1);
    }
  } finally {
    progress.end();
  }
  await out.flush();
  const cut = capture.summary.truncated;
  if (cut) process.stderr.write(`fivewire: ${file} ends inside the record at byte ${cut.offset}: ${cut.found} of ${cut.expected} bytes\n`);
  return 0;
}

function jsonLine(packet: CapturedPacket): string {
  const { index, time, frame, originalLength, interface: { linkType } } = packet;
  return JSON.stringify({
    index: index + 1, time: exactSeconds(time), length: frame.length, originalLength, linkType, ...frameLayers(packet),
  });
}

function textLine(packet: CapturedPacket, first: bigint): string {
  return `${String(packet.index + 1).padStart(6)}  ${clockText(packet.time - first)}  ${frameText(packet)}`;
}
