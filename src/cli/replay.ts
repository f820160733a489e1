import { parseArgs } from "node:util";
import type { CaptureSummary } from "../capture-reader";
import type { LabStats } from "../lab";
import { MODES } from "../modes";
import type { ModeName } from "../modes";
import type { ReasonName } from "../reasons";
import { Replay } from "../replay";
import type { Fate, Loss } from "../replay";
import { dropLines } from "./drops";
import { frameText } from "./frame-text";
import { hintFor } from "./hint";
import { openCapture } from "./input";
import { linkTypeName } from "./link-types";
import { grouped } from "./output";
import type { Output } from "./output";
import { Progress } from "./progress";
import { SightingsFile } from "./sightings-file";
import { clockText, exactSeconds } from "./time";
import { parseLimit, UsageError } from "./usage";

/** The last line that `--json` prints. */
export interface ReplayTotals {
  frames: number;
  delivered: number;
  dropped: number;
  /** Frames that are no Ethernet, by link type. */
  skipped: Record<string, number>;
  /** Frames of which the capture has only the beginning. */
  cut: number;
  /** Frames nobody took, by the first reason. */
  reasons: Partial<Record<ReasonName, number>>;
  /** Frames that the guest received. */
  answers: number;
  /** The lab's own books; `balance` 0: no frame went missing. */
  books: LabStats;
  /** Where the file ends inside a record. */
  truncated: CaptureSummary["truncated"] | null;
  /** Time it took, ms. */
  wall: number;
  framesPerSecond: number;
}

/** `fivewire replay FILE`: returns the exit code, 1 when a frame went missing. */
export async function replayFile(args: string[], out: Output): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      "mode": { type: "string", default: "natNetwork" },
      "out": { type: "string" },
      "json": { type: "boolean" },
      "limit": { type: "string" },
      "real-gaps": { type: "boolean" },
    },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError("replay takes one FILE");
  const limit = parseLimit(values.limit);
  const mode = parseMode(values.mode);

  const input = await openCapture(file);
  const { capture } = input;
  const sightings = values.out === undefined ? null : await SightingsFile.create(values.out, file);
  const began = performance.now();
  const replay = await Replay.open({
    mode,
    ...(values["real-gaps"] && { longestGap: Infinity }),
    ...(sightings && { onsighting: (sighting) => sightings.add(sighting) }),
  });
  const tally = new Tally();
  const progress = new Progress(input);
  try {
    let first: bigint | null = null;
    for await (const packet of capture) {
      if (packet.index >= limit) break;
      first ??= packet.time;
      const fate = replay.send(packet);
      tally.add(fate);
      await out.line(values.json ? jsonLine(fate) : textLine(fate, first));
      progress.at(packet.index + 1);
    }
  } finally {
    progress.end();
    tally.books = await replay.close();
    sightings?.close();
  }
  const totals = tally.totals(performance.now() - began, capture.summary.truncated ?? null);
  if (values.json) await out.line(JSON.stringify({ totals }));
  else for (const line of totalLines(totals, mode)) await out.line(line);
  await out.flush();
  return tally.lost === 0 && totals.books.balance === 0 ? 0 : 1;
}

function parseMode(text: string): ModeName {
  if (Object.hasOwn(MODES, text)) return text as ModeName;
  throw new UsageError(`--mode ${text}; it takes ${Object.keys(MODES).join(", ")}`);
}

/** Counts what became of the frames. */
class Tally {
  books: LabStats | null = null;
  lost = 0;
  private readonly counts = { frames: 0, delivered: 0, dropped: 0, cut: 0, answers: 0 };
  private readonly skipped: Record<string, number> = {};
  private readonly reasons: Partial<Record<ReasonName, number>> = {};

  add({ packet, verdict, losses, answers }: Fate): void {
    this.counts.frames++;
    this.counts.answers += answers;
    if (packet.originalLength > packet.frame.length) this.counts.cut++;
    if (verdict === "delivered") this.counts.delivered++;
    if (verdict === "lost") this.lost++;
    if (verdict === "skipped") count(this.skipped, linkTypeName(packet.interface.linkType));
    if (verdict !== "dropped") return;
    this.counts.dropped++;
    count(this.reasons, losses[0]!.reason);
  }

  totals(wall: number, truncated: ReplayTotals["truncated"]): ReplayTotals {
    const { counts, skipped, reasons } = this;
    const framesPerSecond = Math.round(counts.frames / (wall / 1000));
    return { ...counts, skipped, reasons, books: this.books!, truncated, wall, framesPerSecond };
  }
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

function jsonLine({ packet, at, verdict, to, losses, further, answers }: Fate): string {
  const { index, time, frame, originalLength } = packet;
  return JSON.stringify({
    index: index + 1, time: exactSeconds(time), at, length: frame.length, originalLength, text: frameText(packet),
    verdict, to, losses, further, answers,
  });
}

function textLine(fate: Fate, first: bigint): string {
  const { packet } = fate;
  return `${String(packet.index + 1).padStart(6)}  ${clockText(packet.time - first)}  ${frameText(packet)}  →  ${verdictText(fate)}`;
}

function verdictText({ verdict, to, losses, further, answers }: Fate): string {
  if (verdict === "skipped") return "skipped: no Ethernet";
  if (verdict === "lost") return "LOST: nobody knows";
  const parts = [verdict === "delivered" ? `delivered to ${to.join(", ")}` : `dropped ${lossText(losses)}`];
  if (verdict === "delivered" && losses.length > 0) parts.push(`not wanted elsewhere: ${lossText(losses)}`);
  if (further.length > 0) parts.push(`further on: ${lossText(further)}`);
  if (answers > 0) parts.push(`${answers} ${answers === 1 ? "frame" : "frames"} back`);
  return parts.join("; ");
}

/** `"NOT_MINE at printer/1, office/gateway"` */
function lossText(losses: Loss[]): string {
  const reasons = [...new Set(losses.map(({ reason }) => reason))];
  return reasons
    .map((reason) => `${reason} at ${losses.filter((loss) => loss.reason === reason).map(({ port }) => port).join(", ")}`)
    .join("; ");
}

/** Shorter runs, ms, say nothing about speed. */
const MEASURABLE = 1000;

function totalLines({ books, skipped, reasons, truncated, ...counts }: ReplayTotals, mode: ModeName): string[] {
  const others = Object.entries(skipped).map(([name, frames]) => `${grouped(frames)} skipped (${name})`);
  const { frames } = books;
  const hint = hintFor(reasons, counts.delivered + counts.dropped);
  return [
    "",
    [`${grouped(counts.frames)} frames replayed in mode ${mode}: ${grouped(counts.delivered)} delivered`,
      `${grouped(counts.dropped)} dropped`, ...others].join(", "),
    ...dropLines(reasons),
    ...(counts.cut > 0 ? [`${grouped(counts.cut)} of them were cut by whoever captured them`] : []),
    ...(truncated ? [`the file ends inside the record at byte ${truncated.offset}: ${truncated.found} of ${truncated.expected} bytes`] : []),
    `${grouped(counts.answers)} frames came back to the guest`,
    `the lab's books: ${grouped(frames.ingress)} in, ${grouped(frames.originated)} originated, ${grouped(frames.copies)} copies = ` +
      `${grouped(frames.delivered)} delivered, ${grouped(frames.consumed)} consumed, ${grouped(frames.dropped)} dropped, ` +
      `${grouped(frames.live)} under way; ${books.balance === 0 ? "they balance" : `OUT OF BALANCE by ${books.balance}`}`,
    ...(counts.wall < MEASURABLE ? [] : [`${grouped(counts.framesPerSecond)} frames/s`]),
    ...(hint === null ? [] : [hint]),
  ];
}
