import { CLASS_HOST } from "../assembly/abi";
import { formatSubnet, parseIp, parseMac, parseStation } from "./address";
import { NatAttachment, NotAttached } from "./attachment";
import { BandwidthGroup } from "./bandwidth-group";
import type { BandwidthGroupOptions, BandwidthGroupOwner } from "./bandwidth-group";
import { checkForm } from "./core";
import type { Core } from "./core";
import { LabError } from "./errors";
import { Lan } from "./lan";
import { Leg } from "./leg";
import { Machine } from "./machine";
import { MODES } from "./modes";
import type { ModeName } from "./modes";
import { Network } from "./network";
import { checkOptions, say } from "./options";
import type { OptionNames } from "./options";
import type { Outside } from "./outside";
import { OutsideGate } from "./outside-gate";
import type { HostState, LegState, SwitchKind } from "./state";
import { Vm } from "./vm";
import type { AdapterSpec, VmOwner } from "./vm";
import { checkWire } from "./wire-options";
import type { WireOptions } from "./wire-options";
import { checkNetworkOptions, describeOptions, wire, wireBridge } from "./wiring";
import type { NetworkOptions } from "./wiring";

export interface HostOptions {
  /** Static address on its first LAN, `"192.168.1.5/24"`. Left out: by DHCP, or the next one of the internet. */
  address?: string;
  gateway?: string;
  /** MAC of its first card; left out: 02:00:01 and three bytes that depend on seed and name. */
  mac?: string;
  /** The switch of its bridges. Default: learning. */
  switch?: SwitchKind;
  /** What its cables to LANs are like, where that differs from what the LAN says; `send` is from the host to the LAN. */
  wire?: WireOptions;
  /** The real machine it stands for: `hostSockets()` of `fivewire/node`. Needs the real clock. */
  outside?: Outside;
}

const OPTIONS: OptionNames<HostOptions> = { address: true, gateway: true, mac: true, switch: true, wire: true, outside: true };

/**
 * A physical machine: on LANs with a station of its own, and below it the virtual networks of its VMs. It never forwards.
 *
 * On each LAN the host and its bridged VMs share a bridge with an uplink to the LAN.
 */
export class Host extends Machine implements VmOwner, BandwidthGroupOwner {
  declare protected readonly state: HostState;
  private readonly places: Leg[];
  private readonly owned = new Map<string, Network>();
  private readonly machines = new Set<Vm>();
  private readonly groups = new Map<string, BandwidthGroup>();
  private gate: OutsideGate | null = null;

  /** Makes a host and puts it on its LANs; on an error nothing of it stays. */
  static create(core: Core, name: string, lans: Lan[], options: HostOptions): Host {
    const stray = lans.find((lan) => !(lan instanceof Lan));
    if (lans.some((lan) => lan === stray))
      throw new LabError("OPTION",
        `host ${name}: LAN ${say(stray)}; it takes LANs, and options after them: lab.host("${name}", lab.lan(), { address })`);
    checkOptions(options, OPTIONS, `host ${name}`);
    if (options.address !== undefined) parseStation(options.address, `host ${name}: address`);
    if (options.gateway !== undefined) parseIp(options.gateway, `host ${name}: gateway`);
    const wire = checkWire(options.wire ?? {}, `host ${name}`);
    const node = core.check(core.enter().call.nodeAdd(0, ...core.seedOf(name)), "machine");
    const state: HostState = {
      name, node, legs: [], sockets: [], streams: [], servers: [], errands: [], routes: [], echo: 0, sequence: 0, outside: null, networks: [],
      vms: [], wire, bandwidthGroups: [],
    };
    core.state.hosts.push(state);
    const host = new Host(core, state);
    try {
      if (options.outside) host.open(options.outside);
      for (const [i, lan] of lans.entries()) host.joinLan(lan, i === 0 ? options : { switch: options.switch });
    } catch (error) {
      void host.remove();
      throw error;
    }
    return host;
  }

  /** The host of a record, new or from a snapshot. */
  constructor(core: Core, state: HostState) {
    super(core, state);
    if (state.outside) OutsideGate.forget(core, state.outside);
    state.outside = null;
    for (const each of state.networks) this.owned.set(each.name, new Network(core, each, state.networks));
    this.places = state.legs.map((leg) => new Leg(core, leg));
    for (const each of state.bandwidthGroups) this.groups.set(each.name, new BandwidthGroup(core, each, this));
    for (const each of state.vms) this.machines.add(new Vm(core, each, this));
  }

  /** Its cards: on LANs and on host-only networks. */
  override get legs(): readonly Leg[] { return this.places; }

  get vms(): readonly Vm[] { return [...this.machines]; }

  /** Its networks: bridges, NAT networks, internal and host-only ones. An adapter's own NAT is at the adapter. */
  get networks(): readonly Network[] { return [...this.owned.values()].filter((network) => !network.isRemoved); }

  /** Engine's id of its station. */
  get node(): number { return this.state.node; }

  /** The network of that name; undefined: there is none. */
  network(name: string): Network | undefined {
    const found = this.owned.get(name);
    return found?.isRemoved ? undefined : found;
  }

  /**
   * Makes a VM. An adapter is an attachment, or `{ attach, … }` with more to say about the card; `[]` is a VM without one.
   *
   * @throws LabError OPTION, OTHER_HOST, NAME, NAME_TAKEN, ADDRESS, MAC, MAC_TAKEN, OVERLAP, NAT_IN_USE, FULL
   */
  vm(name: string, adapters: AdapterSpec | AdapterSpec[]): Vm {
    this.checkStation("vm");
    this.core.checkName(name, "VM");
    const vm = Vm.create(this.core, name, adapters, this, this.state.vms);
    this.machines.add(vm);
    return vm;
  }

  /** NAT mode, for one adapter: 10.0.2.0/24 behind the host's addresses. */
  nat(options: NetworkOptions = {}): NatAttachment {
    checkNetworkOptions(options, `${this.name}: nat`);
    return new NatAttachment(this.core, this.state.node, options);
  }

  /** A NAT that VMs share: 10.0.2.0/24 unless told otherwise. The same name is the same network. */
  natNetwork(name = "NatNetwork", options?: NetworkOptions): Network { return this.shared("natNetwork", name, options); }

  /** An isolated network of VMs. The same name is the same network. */
  internal(name = "intnet", options?: NetworkOptions): Network { return this.shared("internal", name, options); }

  /** VMs and the host alone: 192.168.56.0/24, the host is .1. The same name is the same network. */
  hostOnly(name = "vboxnet0", options?: NetworkOptions): Network {
    const known = this.network(name);
    const network = this.shared("hostOnly", name, options);
    if (network === known) return network;
    try {
      this.addHostOnlyLeg(network);
    } catch (error) {
      network.remove();
      throw error;
    }
    return network;
  }

  /** The bridge of the host on a LAN it is on; left out: on its first. */
  bridged(lan?: Lan): Network {
    if (lan !== undefined && !(lan instanceof Lan))
      throw new LabError("OPTION", `${this.name}: bridged(${say(lan)}); it takes a LAN: ${this.name}.bridged(lab.lan("home"))`);
    const bridges = this.networks.filter(({ kind }) => kind === "bridged");
    const bridge = lan ? bridges.find(({ domain }) => domain === lan.id) : bridges[0];
    if (bridge) return bridge;
    throw new LabError("OTHER_HOST",
      `${this.name}: bridged(${lan?.name ?? ""}); the host is ${lan ? "not on that LAN" : "on no LAN"}: lab.host("${this.name}", lan)`);
  }

  /** A card with no network: no carrier. */
  notAttached(): NotAttached { return new NotAttached(); }

  /**
   * A limit that cards of its VMs share: `{ attach, bandwidthGroup: group }`, or `adapter.bandwidthGroup = group`. The same name is
   * the same group.
   *
   * @throws LabError NAME, OPTION, OPTIONS_DIFFER, FULL
   *
   * @example laptop.bandwidthGroup("slow", { limit: "20m" })
   */
  bandwidthGroup(name: string, options?: BandwidthGroupOptions): BandwidthGroup {
    this.checkStation("bandwidthGroup");
    checkForm(name, `${this.name}: bandwidth group`);
    const known = this.groups.get(name);
    if (known && options === undefined) return known;
    if (known)
      throw new LabError("OPTIONS_DIFFER",
        `${this.name}: bandwidth group ${name} exists; leave the options out to get it, and set its limit to change it`);
    const state = BandwidthGroup.create(this.core, name, options ?? {}, `${this.name}: bandwidth group ${name}`);
    this.state.bandwidthGroups.push(state);
    const made = new BandwidthGroup(this.core, state, this);
    this.groups.set(name, made);
    return made;
  }

  get bandwidthGroups(): readonly BandwidthGroup[] { return [...this.groups.values()]; }

  forgetGroup(group: BandwidthGroup): void {
    const adapters = this.vms.flatMap((vm) => vm.adapters);
    for (const adapter of adapters) if (adapter.bandwidthGroup === group) adapter.bandwidthGroup = null;
    this.groups.delete(group.name);
    const { bandwidthGroups } = this.state;
    bandwidthGroups.splice(bandwidthGroups.findIndex(({ name }) => name === group.name), 1);
  }

  /**
   * What its cables to LANs are like, where that differs from what the LAN says. Setting it replaces all of it at once.
   *
   * @throws LabError OPTION, FULL
   */
  get wire(): WireOptions { return structuredClone(this.state.wire); }

  set wire(options: WireOptions) {
    const wire = checkWire(options, this.name);
    const before = this.state.wire;
    const bridges = this.networks.filter(({ kind }) => kind === "bridged");
    try {
      for (const bridge of bridges) bridge.uplinkWire = wire;
      this.state.wire = wire;
    } catch (error) {
      for (const bridge of bridges) bridge.uplinkWire = before;
      throw error;
    }
  }

  /** Removes it with its VMs and networks; resolves when all external guests have closed. */
  async remove(): Promise<void> {
    this.gate?.close();
    const closing = this.vms.map((vm) => vm.remove());
    for (const leg of this.places) leg.dispose();
    for (const network of this.networks) network.remove();
    for (const group of this.bandwidthGroups) group.remove();
    this.disposeStation();
    const { hosts } = this.core.state;
    hosts.splice(hosts.indexOf(this.state), 1);
    await Promise.all(closing);
  }

  override endSockets(): void {
    this.gate?.close();
    super.endSockets();
  }

  owns(network: Network): boolean { return this.owned.get(network.name) === network; }

  forgetVm(vm: Vm): void {
    this.machines.delete(vm);
    const place = this.state.vms.findIndex((state) => vm.isOf(state));
    if (place >= 0) this.state.vms.splice(place, 1);
  }

  private open(outside: Outside): void {
    if (typeof outside?.connect !== "function")
      throw new LabError("OPTION", `host ${this.name}: outside ${say(outside)}; it takes hostSockets() of fivewire/node`);
    this.state.outside = OutsideGate.create(this.core, this.name, this.state.node);
    this.gate = new OutsideGate(this.core, this.state.outside, outside, this.name);
  }

  /** Puts the host on a LAN, with a bridge of its own there. */
  private joinLan(lan: Lan, { address, gateway, mac, switch: kind }: HostOptions): void {
    const label = `${this.name}/${this.places.length + 1}`;
    const fixed = address ?? lan.nextAddress() ?? undefined;
    this.checkOverlap(lan.subnet, label);
    const bridge = wireBridge(this.core, `${this.name}/bridge-${lan.name}`, lan, kind, this.state.wire, this.state.networks);
    this.owned.set(bridge.name, bridge);
    this.addLeg(bridge, mac === undefined ? undefined : parseMac(mac, label), fixed, gateway);
  }

  private addHostOnlyLeg(network: Network): void {
    const { address, prefix } = network.subnet!;
    this.checkOverlap(network.subnet, `${this.name}: host-only network ${network.name}`);
    this.addLeg(network, undefined, formatSubnet({ address: address + (MODES.hostOnly.host as number), prefix }));
  }

  private addLeg(network: Network, given: string | undefined, address?: string, gateway?: string): void {
    const name = `${this.name}/${this.places.length + 1}`;
    const mac = given === undefined ? this.core.makeMac("02:00:01", name) : this.core.claimMac(given, name);
    const state: LegState = Leg.create(this.core, this.state.node, { name, owner: CLASS_HOST, mac, address, gateway });
    const leg = new Leg(this.core, state);
    try {
      leg.checkAddress(network);
    } catch (error) {
      leg.dispose();
      throw error;
    }
    this.state.legs.push(state);
    this.places.push(leg);
    leg.join(network);
  }

  /** The network of that name, made if there is none yet. */
  private shared(mode: ModeName, name: string, options: NetworkOptions | undefined): Network {
    this.checkStation(mode);
    checkForm(name, `${this.name}: ${mode}`);
    if (options !== undefined) checkNetworkOptions(options, `${this.name}: ${mode} ${name}`);
    const known = this.network(name);
    if (!known) {
      const count = this.networks.filter(({ kind }) => kind === mode).length;
      const plan = { mode, name, label: `${this.name}/${name}`, count, hostNode: this.state.node, options: options ?? {} };
      const made = wire(this.core, plan, this.state.networks);
      this.owned.set(name, made);
      return made;
    }
    if (known.kind !== mode)
      throw new LabError("NAME_TAKEN", `${this.name}: ${mode} network ${name}; there is a network of that name, of kind ${known.kind}`);
    if (options && !known.hasOptions(describeOptions(options)))
      throw new LabError("OPTIONS_DIFFER",
        `${this.name}: ${mode} network ${name} exists with other options; leave them out to get it, or take another name`);
    return known;
  }
}
