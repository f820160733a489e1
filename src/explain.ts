import { NO_FRAME, RUN_IDLE, RUN_LIMIT } from "../assembly/abi";
import type { Core } from "./core";
import type { EngineSource } from "./engine";
import { Teller } from "./explain-step";
import type { ExplainStep } from "./explain-step";
import { namesOf } from "./names";
import { explain as meaning } from "./reasons";
import type { ReasonName } from "./reasons";
import { restore, takeSnapshot } from "./snapshot";

export type { ExplainedPacket, ExplainStep, StepDetails, StepName } from "./explain-step";

/** Where one copy of the frame ended. */
export interface ExplainEnd {
  /** The name of a port, network or machine. */
  at: string;
  /** `delivered`: it left the lab for the external guest behind that port. */
  outcome: "delivered" | "consumed" | "dropped";
  reason?: ReasonName;
}

/** What becomes of a frame, and why. */
export interface Explanation {
  /** In the order they happen. */
  steps: ExplainStep[];
  /** One per copy of the frame itself; empty when it is still under way after five seconds. */
  ends: ExplainEnd[];
  /** The ends in one sentence. */
  text: string;
}

/** How long a probe is followed, ms: three ARP requests and some. */
const LIMIT = 5000;
/** Frames and timers before it is looked whether the probe is still there: the lab may be busy with others. */
const BUDGET = 1000;
/** Names that a sentence lists before it counts the rest. */
const LISTED = 4;

/**
 * Sends a frame into a copy of the lab, as if the device at `port` had sent it, and tells every step.
 *
 * The copy is thrown away: the lab itself does not change by it in any way, not even its random numbers.
 *
 * @param frame  whole Ethernet frame without FCS; any length and bytes
 * @param wrap   makes the copy's objects, so that its services answer
 */
export async function explainFrame(
  core: Core, port: number, frame: Uint8Array, wrap: (copy: Core) => unknown, source?: EngineSource,
): Promise<Explanation> {
  const probe = frame.slice(); // the caller may go on with its bytes while the copy is made
  const snapshot = takeSnapshot(core);
  snapshot.state.clock = "virtual";
  const copy = await restore(snapshot, source);
  wrap(copy);
  const names = namesOf(snapshot.state);
  const teller = new Teller(names, names.port(port));
  const steps: ExplainStep[] = [];
  copy.ontrace = (event) => steps.push(teller.step(event));
  const refused = copy.engine.drops()[NO_FRAME]!;
  copy.probe(port, probe);
  // Without a buffer there is no frame whose walk could be told.
  if (copy.engine.drops()[NO_FRAME]! > refused) steps.push(teller.refused("NO_FRAME", copy.engine.now / 1e6));
  follow(copy);
  copy.close();

  const ends = steps.filter((step) => !step.consequence).flatMap(endOf);
  return { steps, ends, text: ends.length === 0 ? waitingText(steps, names.port(port)) : textOf(ends) };
}

/** Runs the copy until nothing that has to do with the probe is under way. Its own services answer as ever. */
function follow(core: Core): void {
  const { call } = core.engine;
  const limit = core.engine.now + LIMIT * 1e6;
  for (;;) {
    const why = call.run(limit, BUDGET, 0);
    const { any } = core.drain();
    if ((why === RUN_IDLE && !any) || why === RUN_LIMIT || call.isProbing() === 0) return;
  }
}

function endOf(step: ExplainStep): ExplainEnd[] {
  const { at } = step;
  if (step.step === "dropped") return [{ at, outcome: "dropped", reason: step.reason }];
  return step.step === "delivered" || step.step === "consumed" ? [{ at, outcome: step.step }] : [];
}

/** Equal ends together; those that got somewhere first. */
function textOf(ends: ExplainEnd[]): string {
  const groups = new Map<string, ExplainEnd[]>();
  for (const end of ends) {
    const key = `${end.outcome} ${end.reason ?? ""}`;
    groups.set(key, [...(groups.get(key) ?? []), end]);
  }
  const isLost = (group: ExplainEnd[]): number => Number(group[0]!.outcome === "dropped");
  const sorted = [...groups.values()].sort((a, b) => isLost(a) - isLost(b));
  return sorted.map((group) => {
    const { outcome, reason } = group[0]!;
    const where = `${outcome} at ${listed(group.map(({ at }) => at))}`;
    return reason === undefined ? where : `${where}: ${reason}, ${meaning(reason)}`;
  }).join("; ");
}

function listed(names: string[]): string {
  const shown = names.length > LISTED ? [...names.slice(0, LISTED), `${names.length - LISTED} more`] : names;
  return shown.length === 1 ? shown[0]! : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

function waitingText(steps: ExplainStep[], start: string): string {
  const last = steps.filter((step) => !step.consequence).at(-1);
  return `still under way after ${LIMIT} ms, last seen at ${last?.at ?? start}`;
}
