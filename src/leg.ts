import { DHCP_OFF, ROLE_EXTERNAL, ROLE_INTERFACE } from "../assembly/abi";
import { contains, formatIp, formatSubnet, macHalves, parseCidr, parseIp } from "./address";
import type { Subnet } from "./address";
import { Capture, checkThere } from "./capture";
import type { Core, Segment } from "./core";
import { LabError } from "./errors";
import { Printed } from "./printed";
import type { LegState } from "./state";
import { applyWire, labDelay, wireStats } from "./wire";
import type { WireStats } from "./wire";
import { checkWire } from "./wire-options";
import type { WireOptions } from "./wire-options";

/** How to make a leg. */
export interface LegPlan {
  name: string;
  /** CLASS_…: who owns it. */
  owner: number;
  mac: string | null;
  address?: string | undefined;
  gateway?: string | undefined;
  /** Where its wire differs from the network's; checked. */
  wire?: WireOptions | undefined;
}

/** Longest random wait before a DHCP client's first message, ms: so that ten thousand do not speak in one instant. */
const START_DELAY = { virtual: 1000, real: 100 };

/** Counters of one card, seen from its owner: `sent` went into the network, `received` came out of it. */
export interface LegStats {
  sent: { frames: number; bytes: number };
  received: { frames: number; bytes: number };
  /** Frames dropped at this port, in either direction. */
  dropped: number;
  /** Where its wire does more than delay. */
  wire?: { send: WireStats; receive: WireStats };
}

/** What a DHCP server gave. */
export interface Lease {
  server: string;
  dns: string[];
  /** When it ends, ms of the lab's clock. */
  until: number;
}

/**
 * A machine's place on a network: a port of the switch, the wire to it and, unless an external guest is behind it, the
 * interface of a built-in station.
 */
export class Leg extends Printed {
  /** @param node  0: an external guest will be behind the port */
  static create(core: Core, node: number, plan: LegPlan): LegState {
    const engine = core.enter();
    const port = core.check(engine.call.portAdd(node ? ROLE_INTERFACE : ROLE_EXTERNAL, plan.owner, labDelay(core)), "port");
    const [high, low] = plan.mac === null ? [0, 0] : macHalves(plan.mac);
    const id = node && engine.call.interfaceAdd(node, port, high, low);
    if (id < 0) engine.call.portRemove(port);
    core.check(id, "interface");
    if (!node && plan.mac !== null) engine.call.portSetMac(port, high, low);
    return {
      name: plan.name,
      port,
      interface: id,
      mac: plan.mac,
      network: 0,
      address: plan.address ?? null,
      gateway: plan.gateway ?? null,
      cable: true,
      wire: plan.wire ?? {},
    };
  }

  /** The network it is on; null: none. */
  segment: Segment | null = null;

  /** The leg of a record, new or from a snapshot. */
  constructor(protected readonly core: Core, protected readonly state: LegState) {
    super();
    core.portNames.set(state.port, state.name);
    if (state.mac !== null && !core.macs.has(state.mac)) core.macs.set(state.mac, state.name);
    this.segment = core.segments.get(state.network) ?? null;
    if (!this.segment) return;
    this.segment.legs.add(this);
    this.noteAddress(this.segment);
  }

  /** `"alice/1"`: the machine and the number of the card. */
  get name(): string { return this.state.name; }

  /** Address of the card; undefined for an external guest that was not heard yet. */
  get mac(): string | undefined { return this.state.mac ?? undefined; }

  /**
   * The IPv4 address it has now.
   *
   * @throws LabError NO_ADDRESS (wait for `lab.ready()`), EXTERNAL_GUEST (only the guest knows)
   */
  get address(): string {
    const [address] = this.addresses;
    if (address !== undefined) return address;
    this.checkBuiltIn("address");
    throw new LabError("NO_ADDRESS", `${this.name} has no address: ${this.whyNoAddress}`);
  }

  /** Why it has no address, and what helps. */
  get whyNoAddress(): string {
    const { segment } = this;
    if (!segment) return "it is not attached to a network; attach() it to one";
    if (!this.state.cable) return "its cable is unplugged; set cable = true";
    if (segment.serves) return "no lease has arrived yet; await lab.ready()";
    return `no DHCP server on network ${segment.name}: give it { address: "10.9.0.2/24" }`;
  }

  /** Its addresses, none while it waits for a lease. */
  get addresses(): string[] {
    const subnet = this.subnet;
    return subnet ? [formatIp(subnet.address)] : [];
  }

  /** Address and prefix length; null: none. */
  get subnet(): Subnet | null {
    if (this.state.interface === 0) return null;
    const { address, prefix } = this.core.engine.interface(this.state.interface);
    return address === 0 ? null : { address, prefix };
  }

  /** Its default gateway; null: none. */
  get gateway(): string | null {
    if (this.state.interface === 0) return null;
    const { gateway } = this.core.engine.interface(this.state.interface);
    return gateway === 0 ? null : formatIp(gateway);
  }

  /** What the DHCP server said; null with a static address, or while there is no lease. */
  get lease(): Lease | null {
    if (this.state.interface === 0) return null;
    const { address, dhcp, server, dns, leaseUntil } = this.core.engine.interface(this.state.interface);
    if (dhcp === DHCP_OFF || address === 0) return null;
    return { server: formatIp(server), dns: dns.map(formatIp), until: leaseUntil / 1e6 };
  }

  /** Whom to ask for names: who the lease says; with a static address, the network's server where it has one. */
  get dnsServers(): string[] {
    if (this.state.interface === 0) return [];
    if (this.state.address === null) return this.lease?.dns ?? [];
    const server = this.segment?.dnsServer ?? null;
    return server === null ? [] : [server];
  }

  /** Engine's id of its port. */
  get port(): number { return this.state.port; }

  /** Whether it belongs to the lab of `core`. */
  isIn(core: Core): boolean { return this.core === core && core.portNames.has(this.state.port); }

  /** Engine's id of its interface; 0: an external guest is behind it. */
  get interface(): number { return this.state.interface; }

  /** Whether it should get an address by itself and has none. */
  get isWaiting(): boolean {
    return this.state.interface !== 0 && this.state.address === null && this.state.cable
      && this.segment !== null && this.segment.serves && this.subnet === null;
  }

  /** The network it will be in: by its static address, else by that of the segment. */
  get plannedSubnet(): Subnet | null {
    if (this.state.address !== null) return parseCidr(this.state.address, this.name);
    return this.subnet ?? this.segment?.subnet ?? null;
  }

  /** Plugs it into a network and sees to its address. */
  join(segment: Segment): void {
    const engine = this.core.enter();
    this.applyWire(segment);
    engine.call.portAttach(this.state.port, segment.network);
    this.state.network = segment.id;
    this.segment = segment;
    segment.legs.add(this);
    this.noteAddress(segment);
    this.configure(segment);
  }

  /** Takes it off its network; a leased address is lost, a static one stays for the next network. */
  leave(): void {
    if (!this.segment) return;
    const engine = this.core.enter();
    if (this.state.interface !== 0) {
      engine.call.interfaceDhcp(this.state.interface, 0, 0);
      engine.call.interfaceSetAddress(this.state.interface, 0, 0, 0);
    }
    engine.call.portDetach(this.state.port);
    this.segment.legs.delete(this);
    const place = this.placeOn(this.segment);
    if (place !== null && this.core.addresses.get(place) === this.name) this.core.addresses.delete(place);
    this.segment = null;
    this.state.network = 0;
  }

  /** A static neighbour entry: `ip` is at `mac`, whoever says what. */
  neighbor(ip: string, mac: string): void {
    this.checkBuiltIn("neighbor");
    const engine = this.core.enter();
    const thing = `${this.name}: neighbour`;
    this.core.check(engine.call.neighborSet(this.state.interface, parseIp(ip, thing), ...macHalves(mac)), "neighbour entry");
  }

  /** Captures what is sent and received here. */
  capture(): Capture {
    checkThere(this.core.portNames.has(this.state.port), this.name);
    return Capture.start(this.core, { name: this.name, port: this.state.port });
  }

  /**
   * What its own wire is like, where that differs from what the network says. Setting it replaces all of it at once: frames on the
   * wire keep their time and are not overtaken, those that wait go on under the new rules.
   *
   * @throws LabError OPTION, FULL
   *
   * @example adapter.wire = { delay: 20, jitter: 5, rate: "10m", loss: 0.01, send: { rate: "1m" } };
   */
  get wire(): WireOptions { return structuredClone(this.state.wire); }

  set wire(options: WireOptions) {
    const before = this.state.wire;
    this.state.wire = checkWire(options, this.name);
    try {
      this.rewire();
    } catch (error) {
      this.state.wire = before;
      throw error;
    }
  }

  rewire(): void {
    this.core.enter();
    this.applyWire(this.segment);
  }

  stats(): LegStats {
    const wire = wireStats(this.core, this.state.port);
    const port = this.core.engine.port(this.state.port);
    return {
      sent: { frames: port.rxFrames, bytes: port.rxBytes },
      received: { frames: port.txFrames, bytes: port.txBytes },
      dropped: port.drops,
      ...(wire && { wire }),
    };
  }

  /** Removes it from the lab. */
  dispose(): void {
    const engine = this.core.enter();
    this.leave();
    if (this.state.interface !== 0) engine.call.interfaceRemove(this.state.interface);
    this.core.onportend?.(this.state.port);
    engine.call.portRemove(this.state.port);
    this.core.portNames.delete(this.state.port);
    if (this.state.mac !== null) this.core.macs.delete(this.state.mac);
  }

  override toJSON(): object {
    const { name, mac = null, addresses, gateway } = this;
    return { name, network: this.segment?.name ?? null, mac, addresses, gateway };
  }

  override toString(): string {
    const subnet = this.subnet;
    return `${this.name} (${this.mac ?? "no MAC yet"}${subnet ? `, ${formatSubnet(subnet)}` : ""})`;
  }

  /**
   * Refuses a static address that another card has on that network.
   *
   * @throws LabError ADDRESS
   */
  checkAddress(segment: Segment): void {
    const place = this.placeOn(segment);
    const other = place === null ? undefined : this.core.addresses.get(place);
    if (other === undefined || other === this.name) return;
    throw new LabError("ADDRESS",
      `${this.name}: address ${this.state.address!} on network ${segment.name}; ${this.state.address!.split("/")[0]} is ${other}'s. ` +
      "Give one of them another");
  }

  /** The engine's buckets of its bandwidth group, by direction; 0: none. */
  protected get buckets(): [number, number] { return [0, 0]; }

  private applyWire(segment: Segment | null): void {
    applyWire(this.core, this.state, [this.core.state.wire, segment?.wire ?? {}, this.state.wire], this.buckets);
  }

  private noteAddress(segment: Segment): void {
    const place = this.placeOn(segment);
    if (place !== null && !this.core.addresses.has(place)) this.core.addresses.set(place, this.name);
  }

  /** Its key among the static addresses; null: it has none. */
  private placeOn({ domain }: Segment): string | null {
    const { address } = this.state;
    return address === null || this.state.interface === 0 ? null : `${domain}/${address.split("/")[0]}`;
  }

  protected checkBuiltIn(verb: string): void {
    if (this.state.interface !== 0) return;
    throw new LabError("EXTERNAL_GUEST",
      `${this.name}: ${verb} of a card with an external guest behind it; only the guest itself knows or does that`);
  }

  private configure(segment: Segment): void {
    const id = this.state.interface;
    if (id === 0) return;
    const { call } = this.core.engine;
    if (this.state.address !== null) {
      const { address, prefix } = parseCidr(this.state.address, this.name);
      const given = this.state.gateway ?? segment.gateway;
      const gateway = given === null ? 0 : parseIp(given, `${this.name}: gateway`);
      const usable = this.state.gateway !== null || contains({ address, prefix }, gateway);
      call.interfaceSetAddress(id, address, prefix, usable ? gateway : 0);
      return;
    }
    if (segment.serves) call.interfaceDhcp(id, 1, START_DELAY[this.core.state.clock]);
  }
}
