import { EVENT_ICMP_ERROR } from "../assembly/abi";
import { checkPort, contains, formatIp, formatSubnet, isIp, lastOf, overlap, parseIp, parseNetwork } from "./address";
import type { Subnet } from "./address";
import type { Core, NodeListener } from "./core";
import type { EngineEvent } from "./engine";
import { closeErrands } from "./errand";
import type { Errand } from "./errand";
import { LabError } from "./errors";
import type { Leg } from "./leg";
import { checkOptions, say } from "./options";
import { Pinger } from "./ping";
import type { PingOptions, PingReply, PingReport, SeriesOptions } from "./ping";
import { Printed } from "./printed";
import { isName, Resolver } from "./resolver";
import type { ResolveOptions } from "./resolver";
import type { LegState, MachineState, SocketState } from "./state";
import type { ConnectOptions, ListenOptions, Remote } from "./tcp-options";
import type { TcpServer } from "./tcp-server";
import type { TcpSocket } from "./tcp-socket";
import { TcpStation } from "./tcp-station";
import { Tracer } from "./traceroute";
import type { Trace, TracerouteOptions } from "./traceroute";
import { UdpSocket } from "./udp-socket";
import type { SocketOwner } from "./udp-socket";

/** Names that mean the machine itself, whatever a server says (RFC 6761 §6.3). */
const LOCALHOST = /^([^.]+\.)*localhost\.?$/i;

/** IP protocol numbers. */
const ICMP = 1;
const UDP = 17;

/**
 * Where packets are to go: an address, a machine, which means the address of it that can be reached from here, or (where there is
 * time to ask) a name that the machine's DNS server knows.
 */
export type Target = Machine | string;

/** Something with a TCP/IP stack of its own: a host, a VM, a router. */
export abstract class Machine extends Printed implements NodeListener, SocketOwner<Machine> {
  private readonly pinger: Pinger;
  private readonly tracer: Tracer;
  private readonly resolver: Resolver;
  private readonly tcp: TcpStation<Machine>;
  private readonly errands = new Map<number, Errand>();
  private readonly openSockets = new Map<number, UdpSocket<Machine>>();
  private removed = false;

  /** The machine of a record, new or from a snapshot. */
  constructor(protected readonly core: Core, protected readonly state: MachineState<LegState>) {
    super();
    this.pinger = new Pinger(core, state);
    this.tracer = new Tracer(core, state, this.errands);
    this.resolver = new Resolver(core, state, this.errands);
    closeErrands(core, state);
    this.tcp = new TcpStation(core, state, (target, act) => this.withAddress("connect", target, async (address) => act(this.checkOne("connect", address))));
    core.machines.set(state.name, this);
    if (state.node !== 0) core.nodes.set(state.node, this);
    for (const each of state.sockets) this.openSockets.set(each.socket, new UdpSocket(core, each, this));
  }

  /** Its places on networks, in the order they were made. */
  abstract readonly legs: readonly Leg[];

  /** Unique in the lab. */
  get name(): string { return this.state.name; }

  /**
   * The first of its addresses.
   *
   * @throws LabError NO_ADDRESS (wait for `lab.ready()`), EXTERNAL_GUEST
   */
  get address(): string {
    const [address] = this.addresses;
    if (address !== undefined) return address;
    this.checkStation("address");
    throw new LabError("NO_ADDRESS", `${this.name} has no address: ${whyNone(this.legs)}`);
  }

  /** All its addresses; none while it waits for a lease. */
  get addresses(): string[] { return this.legs.flatMap((leg) => leg.addresses); }

  /** MAC of its first card; undefined for an external guest that was not heard yet, and without a card. */
  get mac(): string | undefined { return this.legs[0]?.mac; }

  /** Its open UDP sockets. */
  get sockets(): readonly UdpSocket<Machine>[] { return [...this.openSockets.values()]; }

  /**
   * Sends one ICMP echo request and waits for the answer.
   *
   * @throws LabError NO_ROUTE, NO_ADDRESS, ADDRESS, OPTION, EXTERNAL_GUEST; by the network: TIMEOUT, UNREACHABLE,
   *   TTL_EXPIRED
   */
  async ping(target: Target, options?: PingOptions): Promise<PingReply> {
    this.checkStation("ping");
    return this.withAddress("ping", target, (address) => this.pinger.ping(address, options));
  }

  /**
   * Finds out which routers are on the way to `target`, nearest first. A hop that does not answer has address null.
   *
   * @throws LabError OPTION, NO_ROUTE, NO_ADDRESS, ADDRESS, EXTERNAL_GUEST, FULL; by the network: UNREACHABLE (nobody answers ARP)
   *
   * @example
   * const { reached, hops } = await alice.traceroute("203.0.113.5");
   * for (const { ttl, address, rtt } of hops) console.log(ttl, address ?? "*", rtt);
   */
  async traceroute(target: Target, options?: TracerouteOptions): Promise<Trace> {
    this.checkStation("traceroute");
    return this.withAddress("traceroute", target, (address) => this.tracer.trace(this.checkOne("traceroute", address), options));
  }

  /**
   * The addresses that a name has for this machine, the nearest first, as its DNS server tells them: that of its lease, or of the
   * network it has a static address on. The lab's own servers know hosts, VMs and routers by their names.
   *
   * @throws LabError NAME, OPTION, NO_DNS, EXTERNAL_GUEST; by the server: NOT_FOUND, DNS; by the network: TIMEOUT, REFUSED, UNREACHABLE
   */
  async resolve(name: string, options?: ResolveOptions): Promise<string[]> {
    this.checkStation("resolve");
    if (typeof name === "string" && LOCALHOST.test(name)) return ["127.0.0.1"];
    return this.resolver.addresses(name, this.dnsServers, options);
  }

  /**
   * The names of an address, as its DNS server tells them.
   *
   * @throws LabError as `resolve`, and ADDRESS
   */
  async reverse(address: string, options?: ResolveOptions): Promise<string[]> {
    this.checkStation("reverse");
    return this.resolver.names(address, this.dnsServers, options);
  }

  /** The DNS servers it asks, in this order. */
  get dnsServers(): string[] { return [...new Set(this.legs.flatMap((leg) => leg.dnsServers))]; }

  /**
   * Sends `count` echo requests, one every `interval` ms. What goes wrong on the way is in the report, not thrown.
   *
   * @throws LabError OPTION, CLOSED
   */
  async pings(target: Target, given: SeriesOptions = {}): Promise<PingReport> {
    return this.pinger.series(given, (options) => this.ping(target, options));
  }

  /**
   * Opens a UDP socket.
   *
   * @param port  0 or left out: a free one, 49152 to 65535
   * @param options.address  one of the machine's addresses; left out: all
   * @throws LabError PORT_IN_USE, PORT, ADDRESS, OPTION, FULL, EXTERNAL_GUEST
   */
  udp(port = 0, options: { address?: string } = {}): UdpSocket<Machine> {
    this.checkStation("udp");
    checkOptions(options, { address: true }, `${this.name}: udp`);
    const { address } = options;
    const { call } = this.core.enter();
    const local = address === undefined ? 0 : parseIp(address, `${this.name}: udp`);
    const thing = `${this.name}: UDP port ${checkPort(port, `${this.name}: udp`, 0)}`;
    const socket = this.core.check(call.udpOpen(this.state.node, local, port), thing);
    const state = { socket, port: call.udpPort(socket), unread: [] };
    this.state.sockets.push(state);
    const made = new UdpSocket<Machine>(this.core, state, this);
    this.openSockets.set(socket, made);
    return made;
  }

  /**
   * Opens a TCP connection. What keeps it from opening is told by `opened`, not thrown.
   *
   * @param remote  `"printer:80"`, `{ address, port }` (an address, a name or a machine) or `{ machine, port }`
   * @throws LabError OPTION, PORT, EXTERNAL_GUEST
   *
   * @example
   * const socket = printer.connect({ machine: laptop, port: 8080 });
   * await socket.opened;
   */
  connect(remote: Remote<Machine>, options?: ConnectOptions): TcpSocket {
    this.checkStation("connect");
    return this.tcp.connect(remote, options);
  }

  /**
   * Listens on a TCP port.
   *
   * @param options  the port, 0 for a free one; or options
   * @throws LabError PORT_IN_USE, PORT, ADDRESS, NO_ADDRESS, OPTION, FULL, EXTERNAL_GUEST
   *
   * @example
   * const server = web.listen(80);
   * for await (const socket of server) socket.readable.pipeTo(socket.writable).catch(() => {});
   */
  listen(options: number | ListenOptions): TcpServer {
    this.checkStation("listen");
    return this.tcp.listen(options);
  }

  /** Its TCP connections that are not over; in a fork those that were open. */
  get streams(): readonly TcpSocket[] { return this.tcp.sockets; }

  /** The TCP ports it listens on. */
  get servers(): readonly TcpServer[] { return this.tcp.servers; }

  /** All its sockets end because the lab does. */
  endSockets(): void {
    for (const socket of this.sockets) socket.end();
    this.tcp.vanish();
  }

  /**
   * Adds a static route; `"0.0.0.0/0"` is the default one.
   *
   * @throws LabError ADDRESS, FULL, EXTERNAL_GUEST
   */
  route(network: string, via: string): void {
    this.checkStation("route");
    const { address, prefix } = parseNetwork(network, `${this.name}: route`);
    const hop = parseIp(via, `${this.name}: route to ${network}`);
    this.core.check(this.core.enter().call.routeAdd(this.state.node, address, prefix, hop), "route");
    this.state.routes.push(network);
  }

  /**
   * Adds a static neighbour: on the network that `ip` is in, it is at `mac`.
   *
   * @throws LabError NO_ROUTE when `ip` is in none of its networks
   */
  neighbor(ip: string, mac: string): void {
    this.checkStation("neighbor");
    const address = parseIp(ip, `${this.name}: neighbour`);
    const leg = this.legs.find(({ subnet }) => subnet && contains(subnet, address));
    if (!leg)
      throw new LabError("NO_ROUTE", `${this.name}: neighbour ${ip} is in none of its networks (${this.networksText()})`);
    leg.neighbor(ip, mac);
  }

  /**
   * The address that `target` has for this machine: one on a shared network first, else one on a physical LAN, else any
   * other. An address that is in a network of ours, but not on it, is somebody else's with the same number.
   *
   * @throws LabError NO_ROUTE, NO_ADDRESS
   */
  addressOf(target: Target): string {
    if (!(target instanceof Machine)) {
      if (typeof target === "string" && isIp(target)) return target;
      throw new LabError("ADDRESS",
        `${this.name}: ${say(target)}; it takes an IPv4 address or a machine. Of a name, ask for the address first: await ${this.name}.resolve(name)`);
    }
    const own = this.legs.filter(({ segment }) => segment !== null);
    const theirs = target.legs.filter(({ subnet }) => subnet !== null);
    const domains = new Set(own.map(({ segment }) => segment!.domain));
    const shared = theirs.find(({ segment }) => segment && domains.has(segment.domain));
    if (shared) return shared.address;

    const routed = theirs.find(({ subnet }) =>
      !own.some((leg) => leg.subnet && contains(leg.subnet, subnet!.address)) && this.hasRoute(subnet!.address));
    if (routed) return routed.address;
    throw noWay(this.name, target.name, theirs.length, target.legs);
  }

  echo(event: EngineEvent): void {
    if (!this.tracer.reply(event)) this.pinger.reply(event);
  }

  failed(event: EngineEvent): void {
    if (event.c === ICMP && !this.tracer.failed(event)) this.pinger.failed(event);
    if (event.c !== UDP) return;
    this.errands.get(event.e >>> 16)?.onfailure(event);
    const target = `${formatIp(event.kind === EVENT_ICMP_ERROR ? event.d : event.a)}:${event.e & 0xffff}`;
    this.openSockets.get(event.f)?.failed(event, target);
  }

  forget({ socket }: SocketState): void {
    this.openSockets.delete(socket);
    const place = this.state.sockets.findIndex((each) => each.socket === socket);
    if (place >= 0) this.state.sockets.splice(place, 1);
  }

  override toJSON(): object {
    const { name, addresses } = this;
    return { name, addresses, legs: this.legs.map((leg) => leg.toJSON()) };
  }

  override toString(): string { return `${this.name} (${this.networksText()})`; }

  /** Refuses a leg whose network overlaps that of another leg. */
  protected checkOverlap(planned: Subnet | null, name: string, except?: Leg): void {
    for (const leg of this.legs) {
      const other = leg === except ? null : leg.plannedSubnet;
      if (!planned || !other || !overlap(planned, other)) continue;
      throw new LabError("OVERLAP",
        `${name}: network ${formatSubnet(planned)} overlaps ${formatSubnet(other)} of ${leg.name}; one machine cannot tell ` +
        "them apart. Give one of them another network");
    }
  }

  /** Takes the machine's station out of the lab, once its legs are gone. */
  protected disposeStation(): void {
    if (this.removed) return;
    this.removed = true;
    for (const socket of this.sockets) socket.close();
    this.tcp.vanish();
    for (const errand of [...this.errands.values()]) errand.close();
    this.core.machines.delete(this.name);
    if (this.state.node === 0) return;
    this.core.enter().call.nodeRemove(this.state.node);
    this.core.nodes.delete(this.state.node);
    this.state.node = 0; // it may soon be somebody else's: what still waits must not speak for them
  }

  protected checkStation(verb: string): void {
    if (this.removed) throw new LabError("REMOVED", `${this.name} was removed; make another machine of that name`);
    if (this.state.node !== 0) return;
    if (this.legs.length === 0)
      throw new LabError("NO_ADDRESS", `${verb} on ${this.name}, which has no card; make it with one: host.vm(name, host.nat())`);
    throw new LabError("EXTERNAL_GUEST",
      `${verb} on ${this.name}, whose cards all belong to an external guest; only the guest itself can do that`);
  }

  /** Acts on the address of a target: at once, but for a name, which is asked for first. */
  private async withAddress<T>(verb: string, target: Target, act: (address: string) => Promise<T>): Promise<T> {
    if (typeof target !== "string" || isIp(target) || !isName(target)) return act(this.addressOf(target));
    const [address] = await this.resolve(target);
    this.checkStation(verb);
    return act(address!);
  }

  /**
   * An address that belongs to one station: nobody and everybody have no connection (RFC 9293 §3.9.2.3, RFC 1122 §3.2.1.3).
   *
   * @throws LabError ADDRESS
   */
  private checkOne(verb: string, address: string): string {
    const number = parseIp(address, `${this.name}: ${verb}`);
    const first = number >>> 24;
    const isOne = first !== 0 && first < 224
      && !this.legs.some(({ subnet }) => subnet && subnet.prefix < 31 && contains(subnet, number) && lastOf(subnet) === number);
    if (isOne) return address;
    throw new LabError("ADDRESS",
      `${this.name}: ${verb} to ${address}, which is nobody's, or a group's or a whole network's; it takes the address of one station`);
  }

  private hasRoute(address: number): boolean {
    return this.legs.some(({ gateway }) => gateway !== null)
      || this.state.routes.some((network) => contains(parseNetwork(network, this.name), address));
  }

  private networksText(): string { return this.legs.map(String).join(", ") || "no card"; }
}

/** Why none of several cards has an address. */
function whyNone(legs: readonly Leg[]): string {
  const leg = legs.find((each) => each.isWaiting) ?? legs.find((each) => each.interface !== 0);
  if (leg) return leg.whyNoAddress;
  return legs.length === 0 ? "it has no card" : "it is an external guest, which looks after itself; name the address it has";
}

function noWay(from: string, to: string, addresses: number, legs: readonly Leg[]): LabError {
  if (legs.length > 0 && addresses === 0) return new LabError("NO_ADDRESS", `${from}: ${to} has no address: ${whyNone(legs)}`);
  return new LabError("NO_ROUTE", `${from}: no address of ${to} can be reached: they share no network, and no route leads there`);
}
