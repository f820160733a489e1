import type { ReasonName } from "../reasons";

/** Causes that a capture brings along, by the reason its frames are dropped for; and what is said of them. */
const CAUSES: Partial<Record<ReasonName, string>> = {
  HAIRPIN: "both sides of the captured conversation come from one card, the guest's",
  NOT_MINE: "they are addressed to MACs of the captured network, such as its gateway's, that nobody in this lab has",
};

/** One line that says why most of `frames` were dropped, when that is the capture's doing; else null. */
export function hintFor(reasons: Partial<Record<ReasonName, number>>, frames: number): string | null {
  const causes = (Object.keys(CAUSES) as ReasonName[]).filter((reason) => reasons[reason] !== undefined);
  const dropped = causes.reduce((sum, reason) => sum + reasons[reason]!, 0);
  if (dropped * 2 <= frames) return null;
  causes.sort((a, b) => reasons[b]! - reasons[a]!);
  return `hint: most frames were dropped since ${causes.map((reason) => `${CAUSES[reason]} (${reason})`).join(", and ")}`;
}
