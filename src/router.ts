import { CLASS_WIRE, NODE_FORWARDS } from "../assembly/abi";
import { formatIp, formatSubnet, lastOf, parseCidr, parseMac, parseStation } from "./address";
import type { Subnet } from "./address";
import { DhcpService } from "./dhcp-service";
import { DnsService } from "./dns-service";
import type { Core } from "./core";
import { LabError } from "./errors";
import { rulesOf } from "./forward";
import type { ForwardRule } from "./forward";
import { Leg } from "./leg";
import { Machine } from "./machine";
import { Nat, NAT_OPTIONS, strictOf } from "./nat";
import type { Connection, Forward, Mapping, NatOptions } from "./nat";
import { Network } from "./network";
import { checkOptions, say } from "./options";
import type { OptionNames } from "./options";
import type { DhcpConfig } from "./services/dhcp";
import type { RouterState } from "./state";
import { checkWire } from "./wire-options";
import type { WireOptions } from "./wire-options";
import { DHCP_OPTIONS } from "./wiring";
import type { DhcpOptions } from "./wiring";

/** A router's place on a network. */
export interface RouterLeg {
  /** A LAN, or a network of a host. */
  network: Network;
  /** `"10.0.0.1/24"`; may be left out on the internet, which gives the next one. */
  address?: string;
  mac?: string;
  /** What its wire is like, where that differs from what the network says. */
  wire?: WireOptions;
}

export interface RouterOptions {
  legs: RouterLeg[];
  /** The outside leg of its NAT, as number in `legs` or as the network; with settings, or alone. Left out: no NAT. */
  nat?: number | Network | ({ outside: number | Network } & NatOptions);
  /** A DHCP server on one leg: number in `legs`, and settings. */
  dhcp?: { leg: number } & DhcpOptions;
  /** Next hop by network; `"0.0.0.0/0"` is the default route. */
  routes?: Record<string, string>;
}

const OPTIONS: OptionNames<RouterOptions> = { legs: true, nat: true, dhcp: true, routes: true };
const LEG: OptionNames<RouterLeg> = { network: true, address: true, mac: true, wire: true };

/** A machine that forwards between networks, with or without NAT. */
export class Router extends Machine {
  declare protected readonly state: RouterState;
  override readonly legs: readonly Leg[];
  private readonly nat: Nat | null;
  private readonly dhcp: DhcpService | null;
  private dns: DnsService | null;

  /** Makes a router and plugs it in; on an error nothing of it stays. */
  static create(core: Core, name: string, options: RouterOptions): Router {
    check(name, options);
    const node = core.check(core.enter().call.nodeAdd(NODE_FORWARDS, ...core.seedOf(name)), "machine");
    const state: RouterState = {
      name, node, legs: [], sockets: [], streams: [], servers: [], errands: [], routes: [], echo: 0, sequence: 0, nat: null, dhcp: null, dns: null,
    };
    core.state.routers.push(state);
    let router: Router | undefined;
    try {
      plan(core, state, options);
      router = new Router(core, state);
      router.plugIn(options);
      return router;
    } catch (error) {
      (router ?? new Router(core, state)).remove(); // what has been made so far is a router too
      throw error;
    }
  }

  /** The router of a record, new or from a snapshot. */
  constructor(core: Core, state: RouterState) {
    super(core, state);
    this.nat = state.nat && new Nat(core, state.nat, state.name);
    this.dhcp = state.dhcp && new DhcpService(core, state.dhcp, this.nat);
    this.dns = state.dns && new DnsService(core, state.dns);
    this.legs = state.legs.map((leg) => new Leg(core, leg));
  }

  get forwards(): readonly Forward[] { return this.translation("forwards").forwards; }

  /** Adds a port forward from its outside address to the inside; see `Network.forward`. */
  forward(rule: string | ForwardRule, options: { strict?: boolean } = {}): Forward {
    return this.translation("forward").forward(rule, strictOf(options, this.name));
  }

  connections(): Connection[] { return this.translation("connections").connections(); }

  mappings(): Mapping[] { return this.translation("mappings").mappings(); }

  /** Leases of its DHCP server; none without one. */
  leases(): ReturnType<DhcpService["leases"]> { return this.dhcp?.leases() ?? []; }

  /** Removes it; its networks stay. */
  remove(): void {
    this.dhcp?.dispose();
    this.dns?.dispose();
    this.nat?.dispose();
    for (const leg of this.legs) leg.dispose();
    this.disposeStation();
    const { routers } = this.core.state;
    routers.splice(routers.indexOf(this.state), 1);
  }

  /** Answers questions for names on its network `network`, to which it tells so. */
  serveNames(network: Network): void {
    const leg = this.legs.find(({ segment }) => segment === network)!;
    const { address } = leg.subnet!;
    this.state.dns = DnsService.create(this.core, this.name, this.state.node, leg.interface, address, network.id);
    this.dns = new DnsService(this.core, this.state.dns);
    network.named(this.state.dns.address);
  }

  private plugIn({ legs, dhcp, routes = {}, nat }: RouterOptions): void {
    for (const [i, leg] of this.legs.entries()) {
      const { network } = legs[i]!;
      this.checkOverlap(leg.plannedSubnet, leg.name, leg);
      leg.checkAddress(network);
      leg.join(network);
      if (dhcp?.leg === i) network.served(leg.address, true);
    }
    if (dhcp) this.serveNames(legs[dhcp.leg]!.network); // its leases say that it does
    for (const [network, via] of Object.entries(routes)) this.route(network, via);
    const { forward, strict = false } = natOf(nat);
    for (const rule of rulesOf(forward)) this.forward(rule, { strict });
  }

  private translation(verb: string): Nat {
    if (this.nat) return this.nat;
    throw new LabError("NO_NAT", `${verb} on router ${this.name}, which has no NAT; make it with { nat: <outside leg> }`);
  }
}

/** @throws LabError OPTION */
function check(name: string, options: RouterOptions): void {
  const thing = `router ${name}`;
  checkOptions(options, OPTIONS, thing);
  const { legs, nat, dhcp } = options;
  if (!Array.isArray(legs))
    throw new LabError("OPTION", `${thing}: legs ${say(legs)}; it takes a list: [{ network: lan, address: "10.0.0.1/24" }, …]`);
  for (const [i, leg] of legs.entries()) {
    checkOptions(leg, LEG, `${thing}: leg ${i}`);
    if (leg.wire !== undefined) checkWire(leg.wire, `${thing}: leg ${i}`);
    if (!(leg.network instanceof Network))
      throw new LabError("OPTION", `${thing}: leg ${i}: network ${say(leg.network)}; it takes a LAN or a host's network, as lab.lan("home")`);
  }
  if (dhcp !== undefined) checkOptions(dhcp, { ...DHCP_OPTIONS, leg: true }, `${thing}: dhcp`);
  if (nat === undefined || typeof nat === "number" || nat instanceof Network) return;
  checkOptions(nat, { ...NAT_OPTIONS, outside: true }, `${thing}: nat`);
}

/** Makes what a router is made of, and notes it in its record. */
function plan(core: Core, state: RouterState, { legs, nat, dhcp }: RouterOptions): void {
  const { name, node } = state;
  for (const [i, { network, address, mac, wire: given }] of legs.entries()) {
    const label = `${name}/${i + 1}`;
    const own = addressOf(label, network, address);
    const card = mac === undefined ? core.makeMac("02:00:02", label) : core.claimMac(parseMac(mac, label), label);
    const wire = given && structuredClone(given);
    state.legs.push(Leg.create(core, node, { name: label, owner: CLASS_WIRE, mac: card, address: own, wire }));
  }
  const { outside, ...options } = natOf(nat);
  if (outside !== undefined) {
    const place = typeof outside === "number" ? outside : legs.findIndex(({ network }) => network === outside);
    const leg = state.legs[place];
    if (!leg) throw new LabError("OPTION", `${name}: nat on leg ${place}; it has legs 0 to ${legs.length - 1}`);
    state.nat = Nat.create(core, name, node, node, leg.interface, options);
  }
  if (!dhcp) return;
  const config = dhcpConfig(dhcp, state.legs[dhcp.leg]?.address, name);
  state.dhcp = DhcpService.create(core, name, node, state.legs[dhcp.leg]!.interface, config);
}

function addressOf(leg: string, network: Network, address: string | undefined): string {
  if (address !== undefined) return formatSubnet(parseStation(address, `${leg}: address`));
  const next = network.nextAddress();
  if (next !== null) return next;
  throw new LabError("ADDRESS", `${leg}: no address on ${network.name}; a router's are static: { network, address: "10.0.0.1/24" }`);
}

function natOf(nat: RouterOptions["nat"]): { outside?: number | Network } & NatOptions {
  if (nat === undefined) return {};
  return typeof nat === "object" && "outside" in nat ? nat : { outside: nat };
}

/** A home router's DHCP settings: a hundred addresses of a /24; in larger networks all above the first 256. */
function dhcpConfig(
  { leg: _, ...given }: DhcpOptions & { leg: number }, address: string | null | undefined, name: string,
): DhcpConfig {
  if (!address) throw new LabError("OPTION", `${name}: dhcp on a leg that it does not have`);
  const own = parseCidr(address, name);
  const server = formatIp(own.address);
  const [from, to] = poolOf(own);
  return {
    serverAddress: server, prefix: own.prefix, pool: { from: formatIp(from), to: formatIp(to) }, router: server, dns: server,
    ...given,
  };
}

function poolOf(own: Subnet): [number, number] {
  const last = lastOf(own);
  const size = 2 ** (32 - own.prefix);
  const first = last - size + 1;
  if (size > 256) return [first + 256, last - 1];
  if (size === 256) return [first + 100, first + 199];
  return [first + size / 2, last - 1];
}
