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
  /**
   * `delivered`: it left the lab for the external guest behind that port. `depends`: only external guests could have answered ARP for
   * the next hop, and what they know is not in the lab.
   */
  outcome: "delivered" | "consumed" | "dropped" | "depends";
  /** Why it was dropped. */
  reason?: ReasonName;
  /** What it depends on: the ports of the guests that were asked. Who of them has `address` gets the frame; if nobody, it is dropped. */
  on?: string[];
  address?: string;
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

  const ends = endsOf(steps);
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

/** The ends of the frame's own copies. A copy for which guests were asked in vain ends otherwise if one of them answers in truth. */
function endsOf(steps: ExplainStep[]): ExplainEnd[] {
  const ends: ExplainEnd[] = [];
  const asked = new Map<string, Set<string>>();
  let address = "";
  for (const step of steps) {
    const { at } = step;
    if (step.consequence) {
      if (step.step === "delivered" && step.asks !== undefined) asked.set(step.asks, (asked.get(step.asks) ?? new Set()).add(at));
      continue;
    }
    if (step.step === "gave up") address = step.address;
    if (step.step === "delivered" || step.step === "consumed") ends.push({ at, outcome: step.step });
    if (step.step !== "dropped") continue;
    const guests = step.reason === "NEIGHBOR_FAILED" ? asked.get(address) : undefined;
    ends.push(guests ? { at, outcome: "depends", on: [...guests], address } : { at, outcome: "dropped", reason: step.reason });
  }
  return ends;
}

/** Equal ends together; those that got somewhere first. */
function textOf(ends: ExplainEnd[]): string {
  const groups = new Map<string, ExplainEnd[]>();
  for (const end of ends) {
    const key = [end.outcome, end.reason, end.address, end.on].join();
    groups.set(key, [...(groups.get(key) ?? []), end]);
  }
  const isLost = (group: ExplainEnd[]): number => Number(group[0]!.outcome === "dropped");
  const sorted = [...groups.values()].sort((a, b) => isLost(a) - isLost(b));
  return sorted.map((group) => {
    const { outcome, reason, on, address } = group[0]!;
    const places = listed(group.map(({ at }) => at));
    if (on) return dependsText(on, address!, places);
    const where = `${outcome} at ${places}`;
    return reason === undefined ? where : `${where}: ${reason}, ${meaning(reason)}`;
  }).join("; ");
}

function dependsText(on: string[], address: string, places: string): string {
  const guests = on.length === 1 ? "the guest" : "the guests";
  const failed = "NEIGHBOR_FAILED" satisfies ReasonName;
  return `depends on ${guests} behind ${listed(on)}: who answers ARP for ${address} gets the frame; ` +
    `if nobody does, it is dropped at ${places}: ${failed}, ${meaning(failed)}`;
}

function listed(names: string[]): string {
  const shown = names.length > LISTED ? [...names.slice(0, LISTED), `${names.length - LISTED} more`] : names;
  return shown.length === 1 ? shown[0]! : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

function waitingText(steps: ExplainStep[], start: string): string {
  const last = steps.filter((step) => !step.consequence).at(-1);
  return `still under way after ${LIMIT} ms, last seen at ${last?.at ?? start}`;
}
