import { LabError } from "../errors";
import type { Machine } from "../machine";
import type { ReasonName } from "../reasons";
import type { Attempt } from "./prober";
import type { Finding } from "./table";

/** Reasons that only say that the sender knew no way: no proof that the network stopped anything. */
const CLUELESS = new Set<string>(["NO_ROUTE", "NO_ADDRESS", "NEIGHBOR_FAILED"]);

/** A try that failed, and how it was made. */
export interface Failure {
  way: string;
  drops: Attempt["drops"];
}

/** What arrived, and where. */
export function success(seen: "yes" | "forward", { answered, mark }: Attempt, from: Machine, to: Machine, how = ""): Finding {
  const way = `${mark} from ${from.name} reached ${to.name}${how}`;
  if (answered) return { seen, reason: null, evidence: `${way}, and its answer came back` };
  return { seen: "one-way", reason: null, evidence: `${way}, but no answer came back` };
}

/** Nothing arrived, whichever way it was sent. */
export function nothing(failures: Failure[]): Finding {
  const evidence = failures.map(({ way, drops }) => `${way}: ${listed(drops) || "vanished"}`).join("; ");
  return { seen: "no", reason: mainReason(failures), evidence };
}

/** The sender could not even send: a `no` that proves nothing. */
export function unsent(error: unknown): Finding {
  if (error instanceof LabError) return { seen: "no", reason: null, evidence: `could not be sent: ${error.message}` };
  throw error;
}

/** The reason that stopped the first way. A flood's bystanders (NOT_MINE) are looked at last. */
function mainReason(failures: Failure[]): ReasonName | null {
  for (const { drops } of failures) {
    const reasons = (Object.keys(drops) as ReasonName[]).filter((reason) => !CLUELESS.has(reason));
    const reason = reasons.find((each) => each !== "NOT_MINE") ?? reasons[0];
    if (reason) return reason;
  }
  return null;
}

function listed(drops: Attempt["drops"]): string {
  return Object.entries(drops).map(([reason, count]) => (count === 1 ? reason : `${reason} ×${count}`)).join(", ");
}
