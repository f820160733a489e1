import {
  FILTER_ADDRESS, FILTER_ADDRESS_PORT, FILTER_ENDPOINT, NAT_FILTERING, NAT_ICMP_TIMEOUT, NAT_LIMIT, NAT_TCP_ESTABLISHED,
  NAT_TCP_TRANSITORY, NAT_UDP_TIMEOUT, E_IN_USE, STATE_ICMP, STATE_TCP_CLOSING, STATE_TCP_ESTABLISHED, STATE_TCP_OPENING,
  STATE_UDP,
} from "../assembly/abi";
import { formatIp, parseIp } from "./address";
import type { Core } from "./core";
import type { Endpoint } from "./engine";
import { LabError } from "./errors";
import { parseForward } from "./forward";
import type { ForwardRule } from "./forward";
import { checkBoolean, checkOptions } from "./options";
import type { OptionNames } from "./options";
import type { ForwardState, NatState } from "./state";

/** Who may answer through a mapping (RFC 4787 §5). */
export type Filtering = "endpoint-independent" | "address-dependent" | "address-and-port-dependent";

export interface NatOptions {
  /** Port forwards, in VBoxManage's syntax or as objects. */
  forward?: string | ForwardRule | (string | ForwardRule)[];
  /** Makes a forward that clashes an error instead of a rule in state `failed`. */
  strict?: boolean;
  filtering?: Filtering;
  /** How long something may be idle, ms. */
  timeouts?: { udp?: number; icmp?: number; tcpEstablished?: number; tcpTransitory?: number };
  /** Most connections this NAT may have; left out: as many as the lab has room for. */
  limit?: number;
}

export const NAT_OPTIONS: OptionNames<NatOptions> = {
  forward: true, strict: true, filtering: true, timeouts: true, limit: true,
};
const TIMEOUTS: OptionNames<NonNullable<NatOptions["timeouts"]>> = {
  udp: true, icmp: true, tcpEstablished: true, tcpTransitory: true,
};

/**
 * The options of `forward()`.
 *
 * @throws LabError OPTION
 */
export function strictOf(options: { strict?: boolean }, thing: string): boolean {
  checkOptions(options, { strict: true }, `${thing}: forward`);
  const { strict = false } = options;
  checkBoolean(strict, `${thing}: strict`);
  return strict;
}

/** A tracked flow. `outside` is how the inside endpoint appears to `remote`. For ICMP the ports are identifiers. */
export interface Connection {
  protocol: "udp" | "tcp" | "icmp";
  inside: string;
  outside: string;
  remote: string;
  state: "udp" | "icmp" | "opening" | "established" | "closing";
  /** ms of the lab's clock: when it goes unless it is used. */
  expires: number;
}

/** The tie between an inside and an outside endpoint that connections share (RFC 4787 §4). */
export interface Mapping {
  protocol: "udp" | "tcp" | "icmp";
  inside: string;
  outside: string;
}

const PROTOCOLS: Record<number, Mapping["protocol"]> = { 1: "icmp", 6: "tcp", 17: "udp" };
const NUMBERS = { tcp: 6, udp: 17 };
const STATES: Record<number, Connection["state"]> = {
  [STATE_UDP]: "udp",
  [STATE_ICMP]: "icmp",
  [STATE_TCP_OPENING]: "opening",
  [STATE_TCP_ESTABLISHED]: "established",
  [STATE_TCP_CLOSING]: "closing",
};
const FILTERS: Record<Filtering, number> = {
  "endpoint-independent": FILTER_ENDPOINT,
  "address-dependent": FILTER_ADDRESS,
  "address-and-port-dependent": FILTER_ADDRESS_PORT,
};

/** A network address translation: its forwards and what it is translating now. */
export class Nat {
  private readonly rules: Forward[];

  /**
   * Makes one. Its forwards are added by `addAll`, once its addresses are there.
   *
   * @param inside   node that forwards for the inside
   * @param outside  node whose addresses are used; the same for a router
   * @param leg      the outside interface; 0: the route decides
   */
  static create(core: Core, name: string, inside: number, outside: number, leg: number, options: NatOptions): NatState {
    const { filtering, timeouts = {}, limit } = options;
    checkOptions(timeouts, TIMEOUTS, `${name}: timeouts`);
    const { call } = core.enter();
    const nat = core.check(call.natAdd(inside, outside, leg), "NAT");
    if (filtering !== undefined) {
      if (!(filtering in FILTERS))
        throw new LabError("OPTION", `${name}: filtering "${filtering}"; it takes ${Object.keys(FILTERS).join(", ")}`);
      call.natSet(nat, NAT_FILTERING, FILTERS[filtering]);
    }
    const set = (option: number, value: number | undefined): void => {
      if (value === undefined) return;
      if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
        throw new LabError("OPTION", `${name}: timeout or limit ${value}; it takes a whole number, 0 to 4294967295 (ms)`);
      call.natSet(nat, option, value);
    };
    set(NAT_UDP_TIMEOUT, timeouts.udp);
    set(NAT_ICMP_TIMEOUT, timeouts.icmp);
    set(NAT_TCP_ESTABLISHED, timeouts.tcpEstablished);
    set(NAT_TCP_TRANSITORY, timeouts.tcpTransitory);
    set(NAT_LIMIT, limit);
    return { nat, outside: { node: outside, interface: leg }, forwards: [] };
  }

  /** The NAT of a record, new or from a snapshot. */
  constructor(private readonly core: Core, private readonly state: NatState, private readonly name: string) {
    this.rules = state.forwards.map((each) => new Forward(this, each));
  }

  /** Engine's id. */
  get id(): number { return this.state.nat; }

  /** Engine's id of the node whose addresses are used outside. */
  get outsideNode(): number { return this.state.outside.node; }

  get forwards(): readonly Forward[] { return this.rules; }

  /**
   * Adds a rule; it works at once. One whose host port is taken by somebody else is kept in state `failed`.
   *
   * @param strict  true: throw instead
   * @throws LabError FORWARD, ADDRESS, PORT (form), FORWARD_TAKEN (this NAT has such a rule), PORT_IN_USE (strict), FULL
   */
  forward(rule: string | ForwardRule, strict = false): Forward {
    const parsed = parseForward(rule, this.name);
    this.checkFree(parsed);
    const address = (text: string | undefined): number => (text ? parseIp(text, this.name) : 0);
    const engine = this.core.enter();
    const added = engine.call.forwardAdd(this.state.nat, NUMBERS[parsed.protocol],
      address(parsed.hostIp), parsed.hostPort, address(parsed.guestIp), parsed.guestPort);
    const taken = `${parsed.protocol} port ${parsed.hostPort} of the host is already in use`;
    if (added === E_IN_USE && strict) throw new LabError("PORT_IN_USE", `${this.name}: forward ${parsed.name}: ${taken}`);
    if (added < 0 && added !== E_IN_USE) this.core.check(added, "forward");

    const state = { rule: parsed, forward: Math.max(0, added), reason: added === E_IN_USE ? taken : null };
    this.state.forwards.push(state);
    const forward = new Forward(this, state);
    this.rules.push(forward);
    return forward;
  }

  /** The flows being translated now. */
  connections(): Connection[] {
    const { engine } = this.core;
    return Array.from(engine.connections(this.state.nat), ({ mapping, remote, state, deadline }) => ({
      ...readable(engine.mapping(mapping)),
      remote: endpoint(remote),
      state: STATES[state] ?? "udp",
      expires: deadline / 1e6,
    }));
  }

  mappings(): Mapping[] { return Array.from(this.core.engine.mappings(this.state.nat), readable); }

  /** Forgets all connections and mappings; forwards stay. */
  flush(): void { this.core.enter().call.natFlush(this.state.nat); }

  /** Tells it whom forwards without a guest address are for. */
  guest(address: string): void { this.core.engine.call.natGuest(this.state.nat, parseIp(address, this.name)); }

  dispose(): void { this.core.enter().call.natRemove(this.state.nat); }

  /** Takes a rule away; flows that came through it go on until they are idle. */
  drop(forward: Forward, state: ForwardState): void {
    const place = this.rules.indexOf(forward);
    if (place < 0) return;
    if (state.forward !== 0) this.core.enter().call.forwardRemove(state.forward);
    this.rules.splice(place, 1);
    this.state.forwards.splice(this.state.forwards.indexOf(state), 1);
  }

  private checkFree({ name, protocol, hostIp = "", hostPort }: ForwardRule & { name: string }): void {
    const other = this.state.forwards.find(({ rule }) => rule.name === name
      || (rule.protocol === protocol && rule.hostPort === hostPort && (rule.hostIp ?? "") === hostIp));
    if (!other) return;
    const { rule } = other;
    throw new LabError("FORWARD_TAKEN",
      `${this.name}: forward ${name} (${protocol} ${hostIp || "any"}:${hostPort}); there is a rule ${rule.name} ` +
      `(${rule.protocol} ${rule.hostIp || "any"}:${rule.hostPort}) already. Names and host ports are unique`);
  }
}

/** A port-forward rule in place. */
export class Forward {
  constructor(private readonly nat: Nat, private readonly record: ForwardState) {}

  get name(): string { return this.record.rule.name; }
  get rule(): Readonly<ForwardRule> { return this.record.rule; }
  get state(): "active" | "failed" { return this.record.reason === null ? "active" : "failed"; }
  /** Why it failed, one sentence; undefined while it works. */
  get reason(): string | undefined { return this.record.reason ?? undefined; }

  remove(): void { this.nat.drop(this, this.record); }
}

function readable({ protocol, inside, outside }: { protocol: number; inside: Endpoint; outside: Endpoint }): Mapping {
  return { protocol: PROTOCOLS[protocol] ?? "udp", inside: endpoint(inside), outside: endpoint(outside) };
}

function endpoint({ address, port }: Endpoint): string { return `${formatIp(address)}:${port}`; }
