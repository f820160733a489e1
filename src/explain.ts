import {
  RUN_IDLE, RUN_LIMIT, TRACE_ARP, TRACE_CONSUMED, TRACE_DELIVERED, TRACE_DEVICE, TRACE_DROPPED, TRACE_FLOOD, TRACE_FORWARD,
  TRACE_LEARN, TRACE_LOCAL, TRACE_LOOKUP, TRACE_NAT_IN, TRACE_NAT_NONE, TRACE_NAT_OUT, TRACE_NEIGHBOR, TRACE_OUT, TRACE_ROUTE,
  TRACE_SWITCH, TRACE_WAIT,
} from "../assembly/abi";
import { formatIp, formatMac } from "./address";
import type { Core } from "./core";
import type { EngineEvent } from "./engine";
import { endpointText, namesOf } from "./names";
import type { Names } from "./names";
import { explain as meaning, reasonName } from "./reasons";
import type { ReasonName } from "./reasons";
import { restore, takeSnapshot } from "./snapshot";
import type { EngineSource } from "./engine";

/** What kind of step it was. */
export type StepName =
  | "switch" | "lookup" | "learn" | "flood" | "out" | "device" | "arp" | "local" | "forward" | "route" | "translate out"
  | "translate in" | "no translation" | "neighbor" | "wait" | "consumed" | "delivered" | "dropped";

/** One step of a walk. */
export interface ExplainStep {
  /** ms of the lab's clock. */
  time: number;
  step: StepName;
  /** Where: the name of a port, network, machine or NAT. */
  at: string;
  /** What happened there, for people. */
  text: string;
  /** It happened to a frame made because of this one (an ARP request, an answer, an ICMP error), not to the frame itself. */
  consequence: boolean;
  /** Why, when it was dropped. */
  reason?: ReasonName;
}

/** Where one copy of the frame ended. */
export interface ExplainEnd {
  at: string;
  outcome: "delivered" | "consumed" | "dropped";
  reason?: ReasonName;
}

/** What becomes of a frame, and why. */
export interface Explanation {
  steps: ExplainStep[];
  /** One per copy of the frame itself; empty when it is still waiting for something after `limit`. */
  ends: ExplainEnd[];
  /** The ends in one sentence. */
  text: string;
}

/** How long a probe is followed, ms: three ARP requests and some. */
const LIMIT = 5000;
const BUDGET = 20_000;

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
  const snapshot = takeSnapshot(core);
  snapshot.state.clock = "virtual";
  const probe = await restore(snapshot, source);
  wrap(probe);
  const names = namesOf(snapshot.state);
  const steps: ExplainStep[] = [];
  const place = { name: names.port(port) };
  probe.ontrace = (event) => steps.push(stepOf(event, names, place));
  probe.probe(port, frame);
  follow(probe);
  probe.close();

  const ends = steps.filter((step) => !step.consequence).flatMap(endOf);
  return { steps, ends, text: textOf(ends, steps) };
}

/** Runs the copy until nothing is under way. Its own services answer as ever. */
function follow(core: Core): void {
  const limit = core.engine.now + LIMIT * 1e6;
  for (;;) {
    const why = core.engine.call.run(limit, BUDGET, 0);
    const { any } = core.drain();
    if ((why === RUN_IDLE && !any) || why === RUN_LIMIT) return;
  }
}

/** `place` remembers where the walk is: an end happens where the last step did. */
function stepOf(event: EngineEvent, names: Names, place: { name: string }): ExplainStep {
  const base = { time: Number(event.time) / 1e6, consequence: event.flags >>> 16 !== 1 };
  const { step, at, text } = describe(event, names, place.name);
  place.name = at;
  const reason = (event.flags & 0xffff) === TRACE_DROPPED ? { reason: reasonName(event.a) } : {};
  return { ...base, step, at, text, ...reason };
}

function describe(e: EngineEvent, names: Names, last: string): { step: StepName; at: string; text: string } {
  const ip = (address: number): string => formatIp(address >>> 0);
  const flow = (ports: number, protocol: number): string =>
    `${endpointText(e.a, ports >>> 16, protocol)} → ${endpointText(e.b, ports & 0xffff, protocol)}`;
  switch (e.flags & 0xffff) {
    case TRACE_SWITCH:
      return { step: "switch", at: names.port(e.id), text: `arrives at the switch of ${names.network(e.a)}` };
    case TRACE_LEARN:
      return { step: "learn", at: names.network(e.id), text: `${formatMac(e.a, e.b)} is behind ${names.port(e.c)}` };
    case TRACE_LOOKUP:
      return {
        step: "lookup", at: names.network(e.id),
        text: `${formatMac(e.a, e.b)} is ${e.c === 0 ? "not known" : `behind ${names.port(e.c)}`}`,
      };
    case TRACE_FLOOD:
      return { step: "flood", at: names.network(e.id), text: `to every port but ${names.port(e.a)}` };
    case TRACE_OUT:
      return { step: "out", at: names.port(e.id), text: "leaves the switch" };
    case TRACE_DEVICE:
      return { step: "device", at: names.port(e.id), text: "arrives at the device" };
    case TRACE_ARP:
      return {
        step: "arp", at: names.interface(e.id),
        text: `${ip(e.b)} ${e.a === 1 ? `asks who has ${ip(e.c)}` : `tells ${ip(e.c)} its MAC`}${e.d === 1 ? "" : ", somebody else's business"}`,
      };
    case TRACE_LOCAL:
      return { step: "local", at: names.node(e.id), text: `for ${names.node(e.id)} itself: ${flow(e.d, e.c)}` };
    case TRACE_FORWARD:
      return { step: "forward", at: names.node(e.id), text: `to be carried on: ${ip(e.a)} → ${ip(e.b)}, TTL ${e.d}` };
    case TRACE_ROUTE:
      return {
        step: "route", at: names.node(e.id),
        text: e.c === 0 ? `no way to ${ip(e.a)}` : `${ip(e.a)} by ${names.interface(e.b)}, next hop ${ip(e.c)}`,
      };
    case TRACE_NAT_OUT:
      return { step: "translate out", at: names.nat(e.id), text: `is now ${flow(e.c, e.d)}` };
    case TRACE_NAT_IN:
      return { step: "translate in", at: names.nat(e.id), text: `is now ${flow(e.c, e.d)}` };
    case TRACE_NAT_NONE:
      return { step: "no translation", at: names.node(e.id), text: "no NAT's connection, mapping or forward" };
    case TRACE_NEIGHBOR:
      return { step: "neighbor", at: names.interface(e.id), text: `${ip(e.c)} is at ${formatMac(e.a, e.b)}` };
    case TRACE_WAIT:
      return { step: "wait", at: names.interface(e.id), text: `waits until somebody says where ${ip(e.c)} is` };
    case TRACE_DELIVERED:
      return { step: "delivered", at: names.port(e.id), text: "handed to the external guest" };
    case TRACE_CONSUMED:
      return { step: "consumed", at: last, text: "it has arrived" };
    default:
      return { step: "dropped", at: last, text: meaning(reasonName(e.a)) };
  }
}

function endOf(step: ExplainStep): ExplainEnd[] {
  if (step.step !== "delivered" && step.step !== "consumed" && step.step !== "dropped") return [];
  const { at, step: outcome, reason } = step;
  return [reason === undefined ? { at, outcome } : { at, outcome, reason }];
}

function textOf(ends: ExplainEnd[], steps: ExplainStep[]): string {
  if (ends.length === 0) return `still waiting at ${steps.at(-1)?.at ?? "its port"} after ${LIMIT} ms`;
  return ends.map(({ at, outcome, reason }) =>
    reason === undefined ? `${outcome} at ${at}` : `dropped at ${at}: ${reason} (${meaning(reason)})`).join("; ");
}
