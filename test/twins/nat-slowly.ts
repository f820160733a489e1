/**
 * NAT's twin: slow, plain, written from RFC 4787 (UDP), RFC 5382 (TCP) and RFC 5508 (ICMP). It is the specification.
 *
 * Addresses are texts; a port is a UDP or TCP port or an ICMP identifier; times are milliseconds.
 */
export type Protocol = "udp" | "tcp" | "icmp";
export type Filtering = "endpoint-independent" | "address-dependent" | "address-and-port-dependent";

export interface Endpoint {
  ip: string;
  port: number;
}

/** What of a packet the NAT looks at. */
export interface Flow {
  protocol: Protocol;
  src: Endpoint;
  dst: Endpoint;
  /** Of TCP; "" for the others. */
  flags: string;
}

export interface Forward {
  protocol: Protocol;
  hostPort: number;
  guest: Endpoint;
}

export interface Settings {
  filtering: Filtering;
  /** Address under which the inside is seen by `destination`. */
  outside(destination: string): string;
  forwards: Forward[];
  /** Ports that the host's own sockets have. */
  own: { protocol: Protocol; port: number }[];
}

interface Mapping {
  protocol: Protocol;
  inside: Endpoint;
  outside: Endpoint;
}

interface Connection {
  mapping: Mapping;
  remote: Endpoint;
  deadline: number;
  /** What of TCP's opening and closing was seen, and from where. */
  seen: Set<"syn out" | "syn in" | "fin out" | "fin in" | "rst" | "opened">;
}

/** RFC 4787 REQ-5, RFC 5508 REQ-2, RFC 5382 REQ-5. */
const UDP = 300_000;
const ICMP = 60_000;
const TCP_ESTABLISHED = 7_440_000;
const TCP_TRANSITORY = 240_000;

export class NatSlowly {
  private connections: Connection[] = [];

  constructor(private readonly settings: Settings) {}

  /** The live mappings, oldest first. */
  mappings(now: number): Mapping[] {
    this.connections = this.connections.filter(({ deadline }) => now < deadline);
    return [...new Set(this.connections.map(({ mapping }) => mapping))];
  }

  /**
   * A packet from inside; the source it leaves with, null when it is not translated.
   *
   * @param chosen  the port that the NAT chose, where it may choose; undefined: the packet did not come out
   * @throws Error the choice was against the rules
   */
  outward(flow: Flow, now: number, chosen: () => number | undefined): Endpoint | null {
    const outsideIp = this.settings.outside(flow.dst.ip);
    const candidates = this.mappings(now).filter(
      ({ protocol, inside, outside }) => protocol === flow.protocol && same(inside, flow.src) && outside.ip === outsideIp);
    const connection = this.connections.find(
      ({ mapping, remote }) => candidates.includes(mapping) && same(remote, remoteOf(flow.protocol, flow.dst)));
    if (connection !== undefined) {
      this.use(connection, flow.flags, "out", now);
      return connection.mapping.outside;
    }
    if (!opens(flow)) return null;

    const mapping = this.mappingFor(flow, outsideIp, candidates, now, chosen());
    this.open(mapping, flow.dst, flow.flags, "out", now);
    return mapping.outside;
  }

  /** A packet from outside; the inside endpoint it is for, null when it is nobody's. */
  inward(flow: Flow, now: number): Endpoint | null {
    const mappings = this.mappings(now).filter(({ protocol, outside }) => protocol === flow.protocol && same(outside, flow.dst));
    const connection = this.connections.find(
      ({ mapping, remote }) => mappings.includes(mapping) && same(remote, remoteOf(flow.protocol, flow.src)));
    if (connection !== undefined) {
      this.use(connection, flow.flags, "in", now);
      return connection.mapping.inside;
    }
    if (!opens(flow)) return null;

    const mapping = mappings.find((each) => this.accepts(each, flow.src)) ?? this.forwarded(flow, mappings);
    if (mapping === undefined) return null;
    this.open(mapping, flow.src, flow.flags, "in", now);
    return mapping.inside;
  }

  /** Whether somebody inside or a forward has this outside endpoint, so that the host itself is not asked. */
  hasOutside(flow: Flow, now: number): boolean {
    return this.mappings(now).some(({ protocol, outside }) => protocol === flow.protocol && same(outside, flow.dst));
  }

  /** RFC 5508 REQ-4: the inside endpoint that an error from outside is about; it keeps nothing alive (REQ-6). */
  insideOf(protocol: Protocol, outside: Endpoint, now: number): Endpoint | null {
    return this.mappings(now).find((each) => each.protocol === protocol && same(each.outside, outside))?.inside ?? null;
  }

  /** RFC 5508 REQ-5: how the inside endpoint that sends an error was seen by `remote`. */
  outsideOf(protocol: Protocol, inside: Endpoint, remote: Endpoint, now: number): Endpoint | null {
    const mappings = this.mappings(now).filter((each) => each.protocol === protocol && same(each.inside, inside));
    const connection = this.connections.find(
      (each) => mappings.includes(each.mapping) && same(each.remote, remoteOf(protocol, remote)));
    return connection?.mapping.outside ?? null;
  }

  /** RFC 4787 REQ-1: the mapping of its source, whatever the destination; else a new one. */
  private mappingFor(flow: Flow, outsideIp: string, candidates: Mapping[], now: number, chosen: number | undefined): Mapping {
    const text = `${flow.protocol} ${flow.src.ip}:${flow.src.port}`;
    if (candidates.length > 0) {
      const reused = candidates.find(({ outside }) => outside.port === chosen);
      if (reused === undefined) throw new Error(`${text} left from port ${chosen}; it has ${candidates[0]!.outside.port} already`);
      return reused;
    }
    const { protocol, src } = flow;
    const mapping = { protocol, inside: src, outside: { ip: outsideIp, port: chosen ?? -1 } };
    // A guest's forwarded endpoint may go by the name it is known by.
    if (this.settings.forwards.some((each) => each.protocol === protocol && same(each.guest, src) && each.hostPort === chosen))
      return mapping;

    // Port 0 is no port (RFC 768: "no reply"): who sends from it has no class, only a parity.
    const isNone = src.port === 0 && protocol !== "icmp";
    const taken = (port: number): boolean => this.isTaken(protocol, { ip: outsideIp, port }, now) || (port === 0 && isNone);
    if (chosen === undefined) throw new Error(`${text} did not come out`);
    if (!taken(src.port) && chosen !== src.port) throw new Error(`${text} left from port ${chosen}, its own is free`);
    if (taken(chosen)) throw new Error(`${text} left from port ${chosen}, which is somebody else's`);
    if (protocol === "icmp") return mapping;
    // RFC 4787 REQ-4 and REQ-3a.
    if (chosen % 2 !== src.port % 2) throw new Error(`${text} left from port ${chosen}, of the other parity`);
    if (!isNone && chosen < 1024 !== src.port < 1024) throw new Error(`${text} left from port ${chosen}: one of them is privileged`);
    return mapping;
  }

  /** RFC 5382 REQ-7, RFC 4787 REQ-3: a port is one inside endpoint's. */
  private isTaken(protocol: Protocol, outside: Endpoint, now: number): boolean {
    return this.mappings(now).some((each) => each.protocol === protocol && same(each.outside, outside))
      || this.settings.forwards.some((each) => each.protocol === protocol && each.hostPort === outside.port)
      || this.settings.own.some((each) => each.protocol === protocol && each.port === outside.port);
  }

  /** RFC 4787 REQ-8: who may send to a mapping is who was sent to. */
  private accepts(mapping: Mapping, from: Endpoint): boolean {
    const { filtering } = this.settings;
    if (filtering === "endpoint-independent") return true;
    return this.connections.some((each) => each.mapping === mapping && each.remote.ip === from.ip
      && (filtering === "address-dependent" || same(each.remote, remoteOf(mapping.protocol, from))));
  }

  /** A forward is open to all; its mapping is one like others. */
  private forwarded({ protocol, dst }: Flow, mappings: Mapping[]): Mapping | undefined {
    const forward = this.settings.forwards.find((each) => each.protocol === protocol && each.hostPort === dst.port);
    if (forward === undefined) return undefined;
    return mappings.find(({ inside }) => same(inside, forward.guest)) ?? { protocol, inside: forward.guest, outside: dst };
  }

  private open(mapping: Mapping, remote: Endpoint, flags: string, way: "in" | "out", now: number): void {
    const connection = { mapping, remote: remoteOf(mapping.protocol, remote), deadline: 0, seen: new Set([]) };
    this.connections.push(connection);
    this.use(connection, flags, way, now);
  }

  private use(connection: Connection, flags: string, way: "in" | "out", now: number): void {
    const { seen } = connection;
    for (const flag of ["syn", "fin"] as const) if (flags.includes(flag)) seen.add(`${flag} ${way}`);
    if (flags.includes("rst")) seen.add("rst");
    if (seen.has("syn out") && seen.has("syn in") && !flags.includes("syn")) seen.add("opened");
    connection.deadline = now + this.idleTime(connection);
  }

  /** RFC 5382 §5: established from the end of the handshake to both FINs, or a reset. */
  private idleTime({ mapping, seen }: Connection): number {
    if (mapping.protocol === "udp") return UDP;
    if (mapping.protocol === "icmp") return ICMP;
    const isClosing = seen.has("rst") || (seen.has("fin out") && seen.has("fin in"));
    return seen.has("opened") && !isClosing ? TCP_ESTABLISHED : TCP_TRANSITORY;
  }
}

/** Whether a packet may begin something: a TCP segment only with SYN alone (RFC 5382 §4). */
function opens({ protocol, flags }: Flow): boolean { return protocol !== "tcp" || flags === "syn"; }

/** An ICMP query has one identifier, not two ports: the remote end is an address. */
function remoteOf(protocol: Protocol, { ip, port }: Endpoint): Endpoint { return { ip, port: protocol === "icmp" ? 0 : port }; }

function same(a: Endpoint, b: Endpoint): boolean { return a.ip === b.ip && a.port === b.port; }
