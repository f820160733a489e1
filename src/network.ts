import { SWITCH_LEARNING, SWITCH_STATIC } from "../assembly/abi";
import { formatMac, parseNetwork } from "./address";
import type { Subnet } from "./address";
import { Capture, checkThere } from "./capture";
import type { Core, Segment, SegmentLeg } from "./core";
import { DhcpService } from "./dhcp-service";
import { DnsService } from "./dns-service";
import { LabError } from "./errors";
import type { ForwardRule } from "./forward";
import { Leg } from "./leg";
import type { ModeName } from "./modes";
import { Nat, strictOf } from "./nat";
import type { Connection, Forward, Mapping } from "./nat";
import { Printed } from "./printed";
import type { NetworkState, SwitchKind } from "./state";
import { applyUplink } from "./wire";
import { checkWire } from "./wire-options";
import type { WireOptions } from "./wire-options";

/** Ageing time of what a learning switch learns, ms (IEEE 802.1D's default). */
const AGEING = 300_000;

/** A station as the switch knows it. */
export interface KnownStation {
  mac: string;
  /** Name of the port it was heard on last. */
  port: string;
  /** ms since then. */
  age: number;
}

/** Makes an empty network in the engine. */
export function createNetwork(
  core: Core, kind: ModeName | "lan", name: string, subnet: string | null, switchKind: SwitchKind = "learning",
  wire: WireOptions = {},
): NetworkState {
  if (switchKind !== "learning" && switchKind !== "virtualbox")
    throw new LabError("OPTION", `network ${name}: switch "${switchKind}"; it takes "learning" or "virtualbox"`);
  const rule = switchKind === "learning" ? SWITCH_LEARNING : SWITCH_STATIC;
  const network = core.check(core.enter().call.networkAdd(rule, AGEING), "network");
  return {
    id: core.nextId(), name, kind, network, subnet, switch: switchKind, options: "", lan: 0, uplink: [], gateway: null,
    served: false, stations: [], dhcp: null, dns: null, dnsServer: null, nat: null, wire, uplinkWire: {},
  };
}

/** One broadcast domain: a switch, and what the mode puts on it (gateway, DHCP server, uplink). */
export class Network extends Printed implements Segment {
  readonly legs = new Set<SegmentLeg>();
  readonly subnet: Subnet | null;
  readonly nat: Nat | null;
  private readonly dhcp: DhcpService | null;
  private readonly dns: DnsService | null;
  /** The legs of its own stations. */
  private readonly fixtures: Leg[];
  private removed = false;

  /**
   * The network of a record, new or from a snapshot.
   *
   * @param records  where the record is kept
   */
  constructor(
    protected readonly core: Core, protected readonly state: NetworkState, private readonly records: NetworkState[],
  ) {
    super();
    core.segments.set(state.id, this);
    this.subnet = state.subnet === null ? null : parseNetwork(state.subnet, state.name);
    this.nat = state.nat && new Nat(core, state.nat, state.name);
    this.dhcp = state.dhcp && new DhcpService(core, state.dhcp, this.nat);
    this.dns = state.dns && new DnsService(core, state.dns);
    this.fixtures = state.stations.map(({ leg }) => new Leg(core, leg));
    for (const { port, name } of state.uplink) core.portNames.set(port, name);
  }

  get kind(): ModeName | "lan" { return this.state.kind; }
  get name(): string { return this.state.name; }
  get id(): number { return this.state.id; }
  get network(): number { return this.state.network; }
  get gateway(): string | null { return this.lan ? this.lan.gateway : this.state.gateway; }
  get dnsServer(): string | null { return this.lan ? this.lan.dnsServer : this.state.dnsServer; }
  get domain(): number { return this.state.lan || this.state.id; }
  get outsideNode(): number { return this.nat?.outsideNode ?? 0; }

  get serves(): boolean { return this.lan ? this.lan.serves : this.state.served || this.state.dhcp !== null; }

  /** The next of the static addresses that are given out in order, with its prefix length; null: none are. */
  nextAddress(): string | null { return null; }

  /** A router's word: there is a gateway, and perhaps a DHCP server. */
  served(gateway: string, serves: boolean): void {
    this.state.gateway = gateway;
    if (serves) this.state.served = true;
  }

  /** A router's word: it answers questions for names. */
  named(dnsServer: string): void { this.state.dnsServer = dnsServer; }

  /** Plugs in its own stations; once, when it is new. */
  attachStations(): void {
    for (const leg of this.fixtures) leg.join(this);
  }

  /** Its port forwards. */
  get forwards(): readonly Forward[] { return this.translation("forwards").forwards; }

  /**
   * Adds a port forward; it works at once.
   *
   * @throws LabError NO_NAT, FORWARD, ADDRESS, PORT, FORWARD_TAKEN, PORT_IN_USE (strict), REMOVED
   */
  forward(rule: string | ForwardRule, options: { strict?: boolean } = {}): Forward {
    this.checkThere();
    return this.translation("forward").forward(rule, strictOf(options, this.name));
  }

  /** The flows its NAT is translating. */
  connections(): Connection[] { return this.translation("connections").connections(); }

  mappings(): Mapping[] { return this.translation("mappings").mappings(); }

  /** Who has which address of its DHCP server; none without one. */
  leases(): ReturnType<DhcpService["leases"]> { return this.dhcp?.leases() ?? []; }

  /**
   * What wires plugged in here are like, where a card does not say otherwise; of a LAN also the cables of hosts and its trunk. Setting
   * it replaces all of it at once, as `adapter.wire` does.
   *
   * @throws LabError OPTION, FULL, REMOVED
   */
  get wire(): WireOptions { return structuredClone(this.state.wire); }

  set wire(options: WireOptions) {
    this.checkThere();
    const before = this.state.wire;
    this.state.wire = checkWire(options, `network ${this.name}`);
    try {
      this.rewire();
    } catch (error) {
      this.state.wire = before;
      this.rewire();
      throw error;
    }
  }

  rewireUplink(): void {
    if (!this.lan) return;
    this.core.enter();
    applyUplink(this.core, this.state.uplink, [this.core.state.wire, this.lan.wire, this.state.uplinkWire]);
  }

  /** Of a bridge: what its uplink is like, where that differs from what the LAN says; checked. */
  set uplinkWire(wire: WireOptions) {
    this.state.uplinkWire = wire;
    this.rewireUplink();
  }

  /** Gives every wire plugged in here the character that it should have by now. */
  protected rewire(): void {
    for (const leg of this.legs) leg.rewire();
    for (const bridge of this.core.segments.values()) if (bridge.domain === this.id) bridge.rewireUplink();
  }

  /** Captures every frame on every port of its switch. */
  capture(): Capture {
    checkThere(!this.removed, `network ${this.name}`);
    return Capture.start(this.core, { name: this.name, network: this.state.network });
  }

  /** The forwarding database: which station was heard on which port. VirtualBox's switch keeps none. */
  stations(): KnownStation[] {
    const { engine, portNames } = this.core;
    const now = Math.floor(engine.now / 1e6);
    return Array.from(engine.stations(this.state.network), ({ mac, port, heard }) => ({
      mac: formatMac(...mac),
      port: portNames.get(port) ?? `port ${port}`,
      age: now - heard,
    }));
  }

  /** Takes it away; cards on it are then attached to nothing. */
  remove(): void {
    if (this.removed) return;
    this.removed = true;
    const { call } = this.core.enter();
    for (const leg of [...this.legs]) leg.leave();
    this.dhcp?.dispose();
    this.dns?.dispose();
    this.nat?.dispose();
    for (const station of this.fixtures) station.dispose();
    for (const { node } of this.state.stations) call.nodeRemove(node);
    for (const { port } of this.state.uplink) {
      call.portRemove(port);
      this.core.portNames.delete(port);
    }
    call.networkRemove(this.state.network);
    this.records.splice(this.records.indexOf(this.state), 1);
    this.core.segments.delete(this.state.id);
  }

  get isRemoved(): boolean { return this.removed; }

  /** Whether it was made with these options, as `describeOptions` writes them. */
  hasOptions(described: string): boolean { return this.state.options === described; }

  override toString(): string { return `${this.kind} ${this.name}${this.state.subnet ? ` (${this.state.subnet})` : ""}`; }

  override toJSON(): object {
    const { kind, name } = this;
    return { kind, name, subnet: this.state.subnet, gateway: this.gateway, cards: [...this.legs].map(({ name }) => name) };
  }

  protected checkThere(): void {
    if (this.removed) throw new LabError("REMOVED", `network ${this.name} was removed; make another of that name`);
  }

  /** The LAN that a bridge is part of. */
  private get lan(): Segment | undefined { return this.state.lan === 0 ? undefined : this.core.segments.get(this.state.lan); }

  private translation(verb: string): Nat {
    if (this.nat) return this.nat;
    throw new LabError("NO_NAT", `${verb} on network ${this.name} of kind ${this.kind}; only nat and natNetwork have a NAT`);
  }
}
