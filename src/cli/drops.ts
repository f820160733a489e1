import type { LabStats } from "../lab";
import { explain } from "../reasons";
import type { ReasonName } from "../reasons";
import { grouped } from "./output";

/** Frames by the reason they were dropped for, most frequent first. */
export function dropLines(drops: LabStats["drops"]): string[] {
  const entries = (Object.entries(drops) as [ReasonName, number][]).sort(([, a], [, b]) => b - a);
  return entries.map(([reason, count]) => `${grouped(count).padStart(9)}  ${reason.padEnd(18)} ${explain(reason)}`);
}
