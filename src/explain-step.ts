import {
  TOWARDS_SWITCH, TRACE_ARP, TRACE_CONSUMED, TRACE_DELIVERED, TRACE_DEVICE, TRACE_DROPPED, TRACE_FLOOD, TRACE_FORWARD,
  TRACE_GAVE_UP, TRACE_LEARN, TRACE_LOCAL, TRACE_LOOKUP, TRACE_NAT_IN, TRACE_NAT_LOOKUP, TRACE_NAT_NONE, TRACE_NAT_OUT, TRACE_NEIGHBOR, TRACE_OUT, TRACE_QUEUE,
  TRACE_ROUTE, TRACE_SWITCH, TRACE_WAIT, TRACE_WIRE, WIRE_WAS_CORRUPTED, WIRE_WAS_DUPLICATED, WIRE_WAS_LATE,
} from "../assembly/abi";
import { formatIp, formatMac } from "./address";
import type { EngineEvent } from "./engine";
import type { Names } from "./names";
import { explain as meaning, reasonName } from "./reasons";
import type { ReasonName } from "./reasons";

/** A packet as a step saw it. Endpoints are `"10.0.2.4:5000"`; where there are no ports, addresses alone. */
export interface ExplainedPacket {
  source: string;
  destination: string;
  /** `"UDP"`, `"TCP"`, `"ICMP"`; others by number: `"protocol 47"`. */
  protocol: string;
  /** Identifier of an ICMP echo; undefined for everything else. */
  identifier?: number;
  ttl: number;
}

/** What happened, by kind of step, for programs. Ports, networks and machines are named as users name them. */
export type StepDetails =
  /** At the switch end of a wire. */
  | { step: "switch"; network: string }
  | { step: "learn"; mac: string; port: string }
  /** `port` null: not known. */
  | { step: "lookup"; mac: string; port: string | null }
  | { step: "flood"; except: string }
  /** Out of a port of the switch; at the device end of its wire. */
  | { step: "out" | "device" }
  /** Waits at the near end of a wire, behind `ahead` others; `group`: for its bandwidth group. */
  | { step: "queue"; towards: "switch" | "device"; ahead: number; group: boolean }
  /** On a wire that does more than delay, for `takes` ms. */
  | { step: "wire"; towards: "switch" | "device"; takes: number; corrupted: boolean; duplicated: boolean; late: boolean }
  | { step: "arp"; message: "request" | "reply" | "other"; sender: string; target: string; isForMe: boolean }
  /** For the machine itself; to be carried on by it; looked up in the translations of its NATs. */
  | { step: "local" | "forward" | "translation lookup"; packet: ExplainedPacket }
  | { step: "translate out" | "translate in"; before: ExplainedPacket; after: ExplainedPacket }
  | { step: "no translation" }
  /** `by` null: no route. */
  | { step: "route"; destination: string; by: string | null; nextHop: string }
  | { step: "neighbor"; address: string; mac: string }
  /** Waits for the MAC of `address`; waits no longer. */
  | { step: "wait" | "gave up"; address: string }
  | { step: "consumed" }
  /** `asks`: whose MAC an ARP request wants to know; the guest may be the one. */
  | { step: "delivered"; asks?: string }
  | { step: "dropped"; reason: ReasonName };

/** What kind of step it was. */
export type StepName = StepDetails["step"];

/** One step of a walk. */
export type ExplainStep = StepDetails & {
  /** ms of the lab's clock. */
  time: number;
  /** Where: the name of a port, network, machine or NAT. */
  at: string;
  /** What happened there, for people. */
  text: string;
  /** It happened to a frame made because of this one (an ARP request, an answer, an ICMP error), not to the frame itself. */
  consequence: boolean;
};

type Told = StepDetails & { at: string; text: string };

/**
 * Puts the engine's events about a probe into words.
 *
 * An end does not say where it is: it is where the step before it was. The probe and what is made because of it take turns, so
 * each has a step before of its own.
 */
export class Teller {
  private readonly before: { own: Told | null; consequence: Told | null } = { own: null, consequence: null };
  private walk: "own" | "consequence" = "own";

  /** @param start  name of the port that sends the probe */
  constructor(private readonly names: Names, private readonly start: string) {}

  step(event: EngineEvent): ExplainStep {
    const consequence = event.flags >>> 16 !== 1;
    this.walk = consequence ? "consequence" : "own";
    const told = this.tell(event);
    this.before[this.walk] = told;
    return { ...told, time: Number(event.time) / 1e6, consequence };
  }

  /** An end that the engine has not told: the frame did not even get in. */
  refused(reason: ReasonName, time: number): ExplainStep {
    return { step: "dropped", reason, at: this.start, text: meaning(reason), time, consequence: false };
  }

  private get last(): Told | null { return this.before[this.walk]; }

  private get place(): string { return (this.last ?? this.before.own)?.at ?? this.start; }

  private tell(e: EngineEvent): Told {
    const { names } = this;
    switch (e.flags & 0xffff) {
      case TRACE_SWITCH: {
        const network = names.network(e.a);
        return { step: "switch", at: names.port(e.id), network, text: `comes to the switch of ${network}` };
      }
      case TRACE_LEARN: {
        const [mac, port] = [formatMac(e.a, e.b), names.port(e.c)];
        return { step: "learn", at: names.network(e.id), mac, port, text: `remembers that ${mac} is behind ${port}` };
      }
      case TRACE_LOOKUP: {
        const [mac, port] = [formatMac(e.a, e.b), e.c === 0 ? null : names.port(e.c)];
        const text = port === null ? `does not know where ${mac} is` : `knows that ${mac} is behind ${port}`;
        return { step: "lookup", at: names.network(e.id), mac, port, text };
      }
      case TRACE_FLOOD: {
        const except = names.port(e.a);
        return { step: "flood", at: names.network(e.id), except, text: `goes out of every port but ${except}` };
      }
      case TRACE_OUT:
        return { step: "out", at: names.port(e.id), text: "leaves the switch here" };
      case TRACE_DEVICE:
        return { step: "device", at: names.port(e.id), text: "reaches the card" };
      case TRACE_QUEUE:
        return this.tellQueue(e);
      case TRACE_WIRE:
        return this.tellWire(e);
      case TRACE_DELIVERED:
        return { step: "delivered", at: names.port(e.id), text: "is handed to the external guest", ...(e.a === 1 && { asks: ip(e.b) }) };
      case TRACE_CONSUMED:
        return { step: "consumed", at: this.place, text: this.isIdle() ? "is of no use here, and that is all" : "has arrived" };
      case TRACE_DROPPED: {
        const reason = reasonName(e.a);
        return { step: "dropped", at: this.place, reason, text: meaning(reason) };
      }
      default:
        return this.tellPacket(e);
    }
  }

  private tellPacket(e: EngineEvent): Told {
    const { names } = this;
    switch (e.flags & 0xffff) {
      case TRACE_ARP:
        return this.tellArp(e);
      case TRACE_LOCAL: {
        const packet = packetOf(e);
        return { step: "local", at: names.node(e.id), packet, text: `is for ${names.node(e.id)} itself: ${packetText(packet)}` };
      }
      case TRACE_FORWARD: {
        const packet = packetOf(e);
        return { step: "forward", at: names.node(e.id), packet, text: `is to be carried on: ${packetText(packet)}, TTL ${packet.ttl}` };
      }
      case TRACE_NAT_LOOKUP: {
        const packet = packetOf(e);
        return { step: "translation lookup", at: names.node(e.id), packet, text: `looks for the translation of ${packetText(packet)}` };
      }
      case TRACE_NAT_OUT:
        return this.tellTranslation("translate out", e);
      case TRACE_NAT_IN:
        return this.tellTranslation("translate in", e);
      case TRACE_NAT_NONE:
        return { step: "no translation", at: names.node(e.id), text: "no connection, mapping or forward of a NAT: it is the machine's own" };
      case TRACE_ROUTE:
        return this.tellRoute(e);
      default:
        return this.tellNeighbor(e);
    }
  }

  private tellQueue({ id, a, b, c }: EngineEvent): Told {
    const [group, behind] = [c === 1, b === 0 ? "" : `, behind ${b} other${b === 1 ? "" : "s"}`];
    const text = `waits for ${group ? "its bandwidth group" : "the wire"}${behind}`;
    return { step: "queue", at: this.names.port(id), towards: wayOf(a), ahead: b, group, text };
  }

  private tellWire({ id, a, b, c, d }: EngineEvent): Told {
    const takes = ((c >>> 0) * 2 ** 32 + (d >>> 0)) / 1e6;
    const [corrupted, duplicated, late] = [WIRE_WAS_CORRUPTED, WIRE_WAS_DUPLICATED, WIRE_WAS_LATE].map((was) => (b & was) !== 0);
    const also = [corrupted && "with one bit flipped", duplicated && "twice", late && "late"].filter(Boolean).join(", ");
    return {
      step: "wire", at: this.names.port(id), towards: wayOf(a), takes, corrupted: corrupted!, duplicated: duplicated!, late: late!,
      text: `is sent, and on the wire for ${takes} ms${also && `, ${also}`}`,
    };
  }

  private tellArp({ id, a, b, c, d }: EngineEvent): Told {
    const [sender, target, isForMe] = [ip(b), ip(c), d === 1];
    const message = a === 1 ? "request" : a === 2 ? "reply" : "other";
    const what = sender === target ? `${sender} announces itself`
      : message === "request" ? `${sender} asks who has ${target}`
      : message === "reply" ? `${sender} tells ${target} its MAC`
      : `an ARP message of kind ${a} from ${sender}`;
    const text = isForMe ? what : `${what}, which is somebody else's business`;
    return { step: "arp", at: this.names.interface(id), message, sender, target, isForMe, text };
  }

  private tellTranslation(step: "translate out" | "translate in", e: EngineEvent): Told {
    const after = packetOf(e);
    const before = this.last?.step === "translation lookup" ? this.last.packet : after;
    const text = `${packetText(before)} becomes ${packetText(after)}`;
    return { step, at: this.names.nat(e.id), before, after, text };
  }

  private tellRoute({ id, a, b, c }: EngineEvent): Told {
    const destination = ip(a);
    const at = this.names.node(id);
    if (b === 0 || c === 0)
      return { step: "route", at, destination, by: null, nextHop: ip(c), text: `has no route to ${destination}` };
    const by = this.names.interface(b);
    const way = a === c ? "which is on that network" : `next hop ${ip(c)}`;
    return { step: "route", at, destination, by, nextHop: ip(c), text: `sends to ${destination} by ${by}, ${way}` };
  }

  private tellNeighbor(e: EngineEvent): Told {
    const at = this.names.interface(e.id);
    const address = ip(e.c);
    switch (e.flags & 0xffff) {
      case TRACE_NEIGHBOR: {
        const mac = formatMac(e.a, e.b);
        return { step: "neighbor", at, address, mac, text: `knows that ${address} has the MAC ${mac}` };
      }
      case TRACE_WAIT:
        return { step: "wait", at, address, text: `waits while ARP asks who has ${address}` };
      case TRACE_GAVE_UP:
        return { step: "gave up", at, address, text: `waits no longer for the MAC of ${address}` };
    }
    throw new Error(`the engine told a step of unknown kind ${e.flags & 0xffff}`);
  }

  /** Whether the step before was an ARP message that means nothing here. */
  private isIdle(): boolean { return this.last?.step === "arp" && !this.last.isForMe; }
}

const PROTOCOLS: Record<number, string> = { 1: "ICMP", 6: "TCP", 17: "UDP" };

function wayOf(way: number): "switch" | "device" { return way === TOWARDS_SWITCH ? "switch" : "device"; }

function ip(address: number): string { return formatIp(address >>> 0); }

/** The packet of a step about one: a, b, c and d as abi.ts has them. */
function packetOf({ a, b, c, d }: EngineEvent): ExplainedPacket {
  const number = c & 0xff;
  const [from, to] = [d >>> 16, d & 0xffff];
  const hasPorts = (number === 6 || number === 17) && d !== 0;
  return {
    source: hasPorts ? `${ip(a)}:${from}` : ip(a),
    destination: hasPorts ? `${ip(b)}:${to}` : ip(b),
    protocol: PROTOCOLS[number] ?? `protocol ${number}`,
    ...(number === 1 && from !== 0 && { identifier: from }),
    ttl: c >>> 8,
  };
}

function packetText({ source, destination, protocol, identifier }: ExplainedPacket): string {
  return `${source} → ${destination} (${protocol}${identifier === undefined ? "" : ` ${identifier}`})`;
}
