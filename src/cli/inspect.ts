import { parseArgs } from "node:util";
import { describe } from "../inspect";
import { ETHERNET } from "../pcapng";
import { openCapture } from "./input";
import { linkTypeName } from "./link-types";
import type { Output } from "./output";
import { clockText, exactSeconds } from "./time";
import { parseLimit, UsageError } from "./usage";

/** `fivewire inspect FILE`: one line per frame. Returns the exit code. */
export async function inspect(args: string[], out: Output): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: "boolean" }, limit: { type: "string" } },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError("inspect takes one FILE");
  const limit = parseLimit(values.limit);

  const capture = await openCapture(file);
  let first: bigint | null = null;
  for await (const { index, time, frame, interface: port } of capture) {
    if (index >= limit) break;
    first ??= time;
    const text = port.linkType === ETHERNET ? describe(frame) : `${linkTypeName(port.linkType)}, ${frame.length} bytes`;
    if (values.json) await out.line(JSON.stringify({ index: index + 1, time: exactSeconds(time), length: frame.length, text }));
    else await out.line(`${String(index + 1).padStart(6)}  ${clockText(time - first)}  ${text}`);
  }
  await out.flush();
  const cut = capture.summary.truncated;
  if (cut) process.stderr.write(`fivewire: ${file} ends inside the record at byte ${cut.offset}: ${cut.found} of ${cut.expected} bytes\n`);
  return 0;
}
