import { median } from "../../bench/median";
import type { Start, Starts } from "./start";

/** How long the starts took, ms: the median of each step, the fastest and the slowest. */
export function startLine({ where, starts, missing }: Starts): string {
  if (missing !== undefined) return `${where.padEnd(26)}not measured: ${missing}`;
  const times = (step: keyof Start): number[] => starts.map((one) => one[step]);
  const middle = (step: keyof Start): string => median(times(step)).toFixed(1);
  const total = times("total").sort((a, b) => a - b);
  const steps = (["import", "createLab", "ready", "ping"] as const).map((step) => `${step} ${middle(step)}`);
  const spread = `[${total[0]!.toFixed(1)}…${total.at(-1)!.toFixed(1)}]`;
  return `${where.padEnd(26)}${middle("total").padStart(6)} ${spread.padEnd(16)} ${steps.join(", ")}`;
}
