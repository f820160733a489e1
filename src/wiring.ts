import { CLASS_SERVICE, CLASS_WIRE, NAT_QUIET, NODE_FORWARDS, ROLE_TRUNK } from "../assembly/abi";
import { formatIp, formatSubnet, lastOf, parseIp, parseNetwork } from "./address";
import type { Subnet } from "./address";
import type { Core } from "./core";
import { DhcpService } from "./dhcp-service";
import { DnsService } from "./dns-service";
import { LabError } from "./errors";
import { rulesOf } from "./forward";
import { Leg } from "./leg";
import { MODES } from "./modes";
import type { ModeDhcp, ModeName, ModeStation } from "./modes";
import { Nat, NAT_OPTIONS } from "./nat";
import type { NatOptions } from "./nat";
import { createNetwork, Network } from "./network";
import { checkBoolean, checkOptions } from "./options";
import type { OptionNames } from "./options";
import { DhcpServer } from "./services/dhcp";
import type { DhcpConfig } from "./services/dhcp";
import type { NetworkState, StationState, SwitchKind } from "./state";
import { labDelay } from "./wire";
import { checkWire } from "./wire-options";
import type { WireOptions } from "./wire-options";

/** DHCP settings; what is left out is the mode's. */
export type DhcpOptions = Partial<DhcpConfig>;

/** What may be asked of a network. Which of it makes sense depends on the mode: an internal network has no NAT. */
export interface NetworkOptions extends NatOptions {
  /** Its subnet, `"10.0.2.0/24"`. */
  network?: string;
  /** `virtualbox`: a static switch that neither learns nor floods unknown stations. Default: `learning`. */
  switch?: SwitchKind;
  /** `false`: no DHCP server; settings: other than the mode's. */
  dhcp?: boolean | DhcpOptions;
  /** Whether the guest reaches the host's 127.0.0.1 by the alias address (nat; always so on a natNetwork). */
  localhostReachable?: boolean;
  /** What wires plugged in here are like, its own gateway's and DHCP server's among them; default: the lab's. */
  wire?: WireOptions;
}

/** The settings of `DhcpServer`, which checks their values itself. */
export const DHCP_OPTIONS: OptionNames<DhcpOptions> = {
  serverAddress: true, prefix: true, pool: true, router: true, dns: true, domain: true, fixed: true, hostNames: true,
  clients: true, groups: true, nextServer: true, bootFile: true, style: true, profile: true, offerTime: true,
  quarantine: true, capacity: true, options: true, forced: true, suppressed: true, leaseTime: true,
};
const NETWORK_OPTIONS: OptionNames<NetworkOptions> = {
  ...NAT_OPTIONS, network: true, switch: true, dhcp: true, localhostReachable: true, wire: true,
};

/**
 * Refuses options of a network that there are not. Their values are checked when it is made.
 *
 * @throws LabError OPTION
 */
export function checkNetworkOptions(options: NetworkOptions, thing: string): void {
  checkOptions(options, NETWORK_OPTIONS, thing);
  const { dhcp, strict, localhostReachable, wire } = options;
  if (wire !== undefined) checkWire(wire, thing);
  if (dhcp !== undefined && typeof dhcp !== "boolean") checkOptions(dhcp, DHCP_OPTIONS, `${thing}: dhcp`);
  if (strict !== undefined) checkBoolean(strict, `${thing}: strict`);
  if (localhostReachable !== undefined) checkBoolean(localhostReachable, `${thing}: localhostReachable`);
}

/** What a mode needs to know to be wired. */
export interface Plan {
  mode: ModeName;
  /** Its name for users, and the one that is unique in the lab. */
  name: string;
  label: string;
  /** Slot of the adapter, or how many such networks the host has: moves the subnet. */
  count: number;
  /** Node whose addresses a NAT uses outside. */
  hostNode: number;
  options: NetworkOptions;
}

/** A DHCP server with all its settings, and the subnet they are about. */
interface PlannedDhcp {
  config: DhcpConfig;
  subnet: Subnet;
}

const LOOPBACK = "127.0.0.1";

/**
 * Makes the network of a mode, as its row in MODES says.
 *
 * @param records  where its record is kept
 * @throws LabError ADDRESS, OPTION, DHCP_CONFIG, FORWARD, FORWARD_TAKEN, PORT_IN_USE (strict), FULL
 */
export function wire(core: Core, plan: Plan, records: NetworkState[]): Network {
  const { options, label } = plan;
  const mode = MODES[plan.mode];
  const given = planSubnet(plan);
  if (given) checkSize(plan, given);
  const dhcp = planDhcp(plan, given);
  const subnet = dhcp ? dhcp.subnet : given;

  const wires = structuredClone(options.wire ?? {});
  const state = createNetwork(core, plan.mode, plan.name, subnet && formatSubnet(subnet), options.switch, wires);
  state.options = describeOptions(options);
  records.push(state);
  let network: Network | undefined;
  try {
    if (mode.gateway && subnet) addGateway(core, state, plan, subnet);
    if (subnet) for (const station of mode.stations) addStation(core, state, label, station, subnet, 0);
    if (subnet && mode.dns !== null) addDns(core, state, label, subnet.address + mode.dns);
    if (dhcp) addDhcp(core, state, plan, dhcp);
    network = new Network(core, state, records);
    network.attachStations();
    for (const rule of rulesOf(options.forward)) network.forward(rule, { strict: options.strict ?? false });
    return network;
  } catch (error) {
    (network ?? new Network(core, state, records)).remove(); // what has been made so far is a network too
    throw error;
  }
}

/**
 * Makes the bridge of a host: a network of its own, with an uplink to the LAN.
 *
 * @param uplinkWire  where the uplink differs from what the LAN says
 */
export function wireBridge(
  core: Core, label: string, lan: Network, kind: SwitchKind | undefined, uplinkWire: WireOptions, records: NetworkState[],
): Network {
  const state = createNetwork(core, "bridged", `bridge-${lan.name}`, lan.subnet && formatSubnet(lan.subnet), kind);
  const { call } = core.engine;
  const ns = labDelay(core);
  const near = call.portAdd(ROLE_TRUNK, CLASS_WIRE, ns);
  const far = call.portAdd(ROLE_TRUNK, CLASS_WIRE, ns);
  if (near < 0 || far < 0) {
    if (near > 0) call.portRemove(near);
    call.networkRemove(state.network);
    core.check(Math.min(near, far), "port");
  }
  call.portAttach(near, state.network);
  call.portAttach(far, lan.network);
  call.portJoin(near, far);
  state.lan = lan.id;
  state.uplink = [{ port: near, name: `${label}/uplink` }, { port: far, name: label }];
  records.push(state);
  const bridge = new Network(core, state, records);
  try {
    bridge.uplinkWire = uplinkWire;
    return bridge;
  } catch (error) {
    bridge.remove();
    throw error;
  }
}

/** The options as text: the same text, the same network. */
export function describeOptions(options: NetworkOptions): string {
  return JSON.stringify(Object.entries(options).filter(([, value]) => value !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function addGateway(core: Core, state: NetworkState, plan: Plan, subnet: Subnet): void {
  const { mode, label, hostNode, options } = plan;
  const { gateway, alias } = MODES[mode];
  const station = addStation(core, state, label, gateway!, subnet, NODE_FORWARDS);
  state.gateway = formatIp(subnet.address + gateway!.offset);
  state.nat = Nat.create(core, label, station.node, hostNode, 0, options);

  const { call } = core.engine;
  // In NAT mode a guest that has said nothing yet is taken to be where the first lease would put it.
  const { dhcp, shared } = MODES[mode];
  if (!shared && dhcp) call.natGuest(state.nat.nat, subnet.address + dhcp.first);
  const reachable = alias!.always || options.localhostReachable === true;
  if (reachable) call.natAlias(state.nat.nat, subnet.address + alias!.offset, parseIp(LOOPBACK, label));
  else call.natSet(state.nat.nat, NAT_QUIET, 1);
}

/** On the station that has the address. */
function addDns(core: Core, state: NetworkState, label: string, address: number): void {
  const { node, leg } = state.stations.find(({ leg }) => leg.address?.startsWith(`${formatIp(address)}/`))!;
  state.dns = DnsService.create(core, label, node, leg.interface, address, state.id);
  state.dnsServer = state.dns.address;
}

function addDhcp(core: Core, state: NetworkState, { mode, label }: Plan, { config, subnet }: PlannedDhcp): void {
  const shared = state.stations.find(({ leg }) => leg.address?.startsWith(`${config.serverAddress}/`));
  const offset = parseIp(String(config.serverAddress), label) - subnet.address;
  const mac = MODES[mode].dhcp?.mac ?? core.makeMac("08:00:27", `${label}/dhcp`);
  const server = shared ?? addStation(core, state, label, { name: "dhcp", offset, mac }, subnet, 0);
  state.dhcp = DhcpService.create(core, label, server.node, server.leg.interface, config);
}

function addStation(
  core: Core, state: NetworkState, label: string, { name, offset, mac }: ModeStation, subnet: Subnet, flags: number,
): StationState {
  const { call } = core.enter();
  const full = `${label}/${name}`;
  const node = core.check(call.nodeAdd(flags, ...core.seedOf(full)), "machine");
  const address = formatSubnet({ address: subnet.address + offset, prefix: subnet.prefix });
  try {
    const station = { name, node, leg: Leg.create(core, node, { name: full, owner: CLASS_SERVICE, mac, address }) };
    state.stations.push(station);
    return station;
  } catch (error) {
    call.nodeRemove(node);
    throw error;
  }
}

function planSubnet({ mode, label, count, options }: Plan): Subnet | null {
  if (options.network !== undefined) return parseNetwork(options.network, `${label}: network`);
  const { subnet, counts } = MODES[mode];
  if (subnet === null) return null;
  const base = parseNetwork(subnet, label);
  if (counts === null) return base;
  if (((base.address >>> 8) & 255) + count > 255)
    throw new LabError("OPTION", `${label}: number ${count} of its kind has no default subnet left; give { network }`);
  return { address: base.address + count * 256, prefix: base.prefix };
}

/** Where a network is too small for what the mode puts on it. */
function checkSize({ mode, label }: Plan, subnet: Subnet): void {
  const { gateway, alias, stations, dhcp } = MODES[mode];
  const most = Math.max(0, gateway?.offset ?? 0, alias?.offset ?? 0, dhcp?.offset ?? 0, ...stations.map((s) => s.offset));
  // VirtualBox's NAT counts its guests from .15 and wants 5 bits for hosts.
  const least = mode === "nat" ? 30 : most;
  if (subnet.address + least < lastOf(subnet)) return;
  throw new LabError("OPTION",
    `${label}: network ${formatSubnet(subnet)} is too small; a ${mode} network needs at least ${least + 2} addresses`);
}

/** Whether there is a DHCP server, and all its settings. */
function planDhcp({ mode, label, options }: Plan, own: Subnet | null): PlannedDhcp | null {
  const row = MODES[mode].dhcp;
  const given = options.dhcp ?? row !== null;
  if (given === false) return null;
  if (given === true && !row)
    throw new LabError("OPTION",
      `${label}: dhcp true; a network of kind ${mode} has no addresses of its own: ` +
      '{ dhcp: { serverAddress: "10.9.0.1", prefix: 24, pool: { from: "10.9.0.100", to: "10.9.0.199" } } }');

  const settings = given === true ? {} : given;
  const subnet = own ?? settingsSubnet(settings, label);
  const config = { ...(row && defaults(row, subnet)), prefix: subnet.prefix, ...settings } as DhcpConfig;
  new DhcpServer(config); // a wrong setting is an error before there is a network
  return { config, subnet };
}

/** Of a network that has a subnet only because of its DHCP server. */
function settingsSubnet({ serverAddress, prefix }: DhcpOptions, label: string): Subnet {
  if (serverAddress === undefined)
    throw new LabError("OPTION", `${label}: dhcp without serverAddress, which this kind of network has no default for`);
  const address = typeof serverAddress === "string" ? parseIp(serverAddress, `${label}: dhcp.serverAddress`) : serverAddress;
  const length = prefix ?? 24;
  return { address: (address & (length === 0 ? 0 : ~0 << (32 - length))) >>> 0, prefix: length };
}

function defaults(row: ModeDhcp, subnet: Subnet): DhcpOptions {
  const at = (offset: number): string => formatIp(subnet.address + offset);
  return {
    style: row.style,
    serverAddress: at(row.offset),
    ...(row.style === "server" && {
      pool: { from: at(row.first), to: formatIp(lastOf(subnet) - row.beforeLast) },
    }),
    ...(row.router !== 0 && { router: at(row.router) }),
    ...(row.dns !== 0 && { dns: at(row.dns) }),
  };
}
