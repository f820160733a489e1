/**
 * NAT's twin: slow, plain, written from RFC 4787 (UDP), RFC 5382 (TCP) and RFC 5508 (ICMP). It is the specification.
 *
 * Addresses are texts; a port is a UDP or TCP port or an ICMP identifier; times are whole nanoseconds.
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
  /** Address under which the inside is seen. */
  outside: string;
  forwards: Forward[];
  /** Connections there is room for. */
  room: number;
  /** Ports that the host's own sockets have. */
  own: { protocol: Protocol; port: number }[];
}

interface Mapping {
  protocol: Protocol;
  inside: Endpoint;
  outside: Endpoint;
  /** Addresses that the inside has sent to, and until when each may send from any port. */
  sentTo: Map<string, number>;
  /** Connections it has had. */
  opened: number;
}

interface Connection {
  mapping: Mapping;
  remote: Endpoint;
  deadline: number;
  /** It came from outside by a mapping that others keep open, and nobody inside has answered. */
  isUnanswered: boolean;
  /** What of TCP's opening and closing was seen, and which way: `"syn out"`, `"ack in"`; `"rst"` while a reset was the last. */
  seen: Set<string>;
}

/** RFC 4787 REQ-5, RFC 5508 REQ-2, RFC 5382 REQ-5. */
const SECOND = 1e9;
const UDP = 300 * SECOND;
const ICMP = 60 * SECOND;
const TCP_ESTABLISHED = 7440 * SECOND;
const TCP_TRANSITORY = 240 * SECOND;

export class NatSlowly {
  private connections: Connection[] = [];
  /**
   * A connection was closed before its time, and its mapping has had others. How much longer that mapping lasts than its
   * connections is left to the NAT: the RFCs' times are floors (RFC 4787 REQ-5, RFC 5382 REQ-5).
   */
  isVague = false;

  constructor(private readonly settings: Settings) {}

  /** The live mappings, oldest first. */
  mappings(now: number): Mapping[] {
    this.connections = this.connections.filter(({ deadline }) => now < deadline);
    return [...new Set(this.connections.map(({ mapping }) => mapping))];
  }

  /** When something will end that nobody uses. */
  deadlines(now: number): number[] {
    return this.connections.flatMap(({ deadline, mapping: { sentTo } }) => [deadline, ...sentTo.values()]).filter((each) => each > now);
  }

  /**
   * A packet from inside; the source it leaves with, null when it is not translated.
   *
   * @param chosen  the port that the NAT chose, where it may choose; undefined: the packet did not come out
   * @throws Error the choice was against the rules
   */
  outward(flow: Flow, now: number, chosen: () => number | undefined): Endpoint | null {
    const candidates = this.mappings(now).filter(({ protocol, inside }) => protocol === flow.protocol && same(inside, flow.src));
    const connection = this.connections.find(
      ({ mapping, remote }) => candidates.includes(mapping) && same(remote, remoteOf(flow.protocol, flow.dst)));
    if (connection !== undefined) {
      this.use(connection, flow.flags, "out", now);
      return connection.mapping.outside;
    }
    if (!opens(flow) || this.isFull()) return null;

    const mapping = this.mappingFor(flow, candidates, now, chosen());
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
    if (!opens(flow) || this.isFull()) return null;

    const mapping = this.forwarded(flow, mappings) ?? mappings.find((each) => this.accepts(each, flow.src, now));
    if (mapping === undefined || this.isTalking(mapping, flow.src)) return null;
    this.open(mapping, flow.src, flow.flags, "in", now);
    return mapping.inside;
  }

  /**
   * RFC 5508 REQ-4: the inside endpoint that an error from outside is about; it keeps nothing alive (REQ-6).
   *
   * @returns `isCertain` false: its connection has ended, another keeps the mapping. REQ-4 lets such an error in; a NAT that
   *          is stricter than that does no harm
   */
  insideOf(protocol: Protocol, outside: Endpoint, remote: Endpoint, now: number): { inside: Endpoint; isCertain: boolean } | null {
    const mapping = this.mappings(now).find((each) => each.protocol === protocol && same(each.outside, outside));
    if (mapping === undefined) return null;
    const far = remoteOf(protocol, remote);
    return { inside: mapping.inside, isCertain: this.connections.some((each) => each.mapping === mapping && same(each.remote, far)) };
  }

  /** RFC 5508 REQ-5: how the inside endpoint that sends an error was seen by `remote`. */
  outsideOf(protocol: Protocol, inside: Endpoint, remote: Endpoint, now: number): Endpoint | null {
    const mappings = this.mappings(now).filter((each) => each.protocol === protocol && same(each.inside, inside));
    const connection = this.connections.find(
      (each) => mappings.includes(each.mapping) && same(each.remote, remoteOf(protocol, remote)));
    return connection?.mapping.outside ?? null;
  }

  /** What is over has been taken out by whoever asked for the mappings. */
  private isFull(): boolean { return this.connections.length >= this.settings.room; }

  /** RFC 4787 REQ-1: the mapping of its source, whatever the destination; else a new one. */
  private mappingFor(flow: Flow, candidates: Mapping[], now: number, chosen: number | undefined): Mapping {
    const text = `${flow.protocol} ${flow.src.ip}:${flow.src.port}`;
    const reused = candidates.find(({ outside }) => outside.port === chosen);
    if (reused !== undefined) return reused;
    // What a forward let in is answered through it; what its guest begins by itself may leave under a name of its own.
    const [other] = candidates.filter(({ outside }) => !this.isForwards(flow.protocol, outside.port));
    if (other !== undefined) throw new Error(`${text} left from port ${chosen}; it has ${other.outside.port} already`);
    const { protocol, src } = flow;
    const mapping = { protocol, inside: src, outside: { ip: this.settings.outside, port: chosen ?? -1 }, sentTo: new Map(), opened: 0 };
    // A guest's forwarded endpoint may go by the name it is known by.
    if (this.settings.forwards.some((each) => each.protocol === protocol && same(each.guest, src) && each.hostPort === chosen))
      return mapping;

    // Port 0 is no port (RFC 768: "no reply"): who sends from it has no class, only a parity.
    const isNone = src.port === 0 && protocol !== "icmp";
    const taken = (port: number): boolean => this.isTaken(protocol, port, now) || (port === 0 && isNone);
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
  private isTaken(protocol: Protocol, port: number, now: number): boolean {
    return this.mappings(now).some((each) => each.protocol === protocol && each.outside.port === port)
      || this.isForwards(protocol, port)
      || this.settings.own.some((each) => each.protocol === protocol && each.port === port);
  }

  /** Whether the two talk already by another outside port: the inside could not tell one conversation from the other. */
  private isTalking({ protocol, inside }: Mapping, remote: Endpoint): boolean {
    return this.connections.some((each) => each.mapping.protocol === protocol && same(each.mapping.inside, inside)
      && same(each.remote, remoteOf(protocol, remote)));
  }

  private isForwards(protocol: Protocol, port: number): boolean {
    return this.settings.forwards.some((each) => each.protocol === protocol && each.hostPort === port);
  }

  /**
   * RFC 4787 §5, REQ-8: who may send to a mapping is who was sent to from inside; with ports, whoever was has a connection.
   *
   * The RFC sets no time. It is that of the conversation, and closing a conversation does not take it back.
   */
  private accepts({ sentTo }: Mapping, from: Endpoint, now: number): boolean {
    const { filtering } = this.settings;
    if (filtering === "address-dependent") return now < (sentTo.get(from.ip) ?? 0);
    return filtering === "endpoint-independent";
  }

  /** A forward is open to all; its mapping is one like others. */
  private forwarded({ protocol, dst }: Flow, mappings: Mapping[]): Mapping | undefined {
    const forward = this.settings.forwards.find((each) => each.protocol === protocol && each.hostPort === dst.port);
    if (forward === undefined) return undefined;
    return mappings.find(({ inside }) => same(inside, forward.guest)) ?? { protocol, inside: forward.guest, outside: dst, sentTo: new Map(), opened: 0 };
  }

  private open(mapping: Mapping, remote: Endpoint, flags: string, way: "in" | "out", now: number): void {
    const isUnanswered = way === "in" && !this.isForwards(mapping.protocol, mapping.outside.port);
    const keptUntil = Math.max(...this.connections.map((each) => (each.mapping === mapping ? each.deadline : 0)));
    const connection =
      { mapping, remote: remoteOf(mapping.protocol, remote), deadline: keptUntil, isUnanswered, seen: new Set<string>() };
    this.connections.push(connection);
    mapping.opened++;
    this.use(connection, flags, way, now);
  }

  /** RFC 4787 REQ-6: a stranger's packets do not keep a mapping open; an answer does. */
  private use(connection: Connection, flags: string, way: "in" | "out", now: number): void {
    const { seen, deadline: before } = connection;
    const isNew = seen.size === 0;
    if (flags === "syn" && isClosing(connection)) seen.clear();
    // RFC 6146 §3.5.2.2: the reset was not believed, the two go on as if it had not been.
    seen.delete("rst");
    // What a reset acknowledges opens nothing.
    const told = flags.includes("rst") ? ["rst"] : flags.split(" ").map((flag) => `${flag} ${way}`);
    for (const each of told) seen.add(each);

    if (way === "out") connection.isUnanswered = false;
    const idle = now + idleTime(connection);
    connection.deadline = connection.isUnanswered ? Math.min(connection.deadline, idle) : idle;
    const { mapping: { sentTo, opened }, remote } = connection;
    if (connection.mapping.protocol === "tcp" && !isNew && idle < before && opened > 1) this.isVague = true;
    if (!connection.isUnanswered) sentTo.set(remote.ip, Math.max(idle, sentTo.get(remote.ip) ?? 0));
  }
}

function idleTime(connection: Connection): number {
  const { protocol } = connection.mapping;
  if (protocol === "udp") return UDP;
  if (protocol === "icmp") return ICMP;
  return isOpen(connection) && !isClosing(connection) ? TCP_ESTABLISHED : TCP_TRANSITORY;
}

/**
 * RFC 5382 §5: both have sent SYN and both have acknowledged, whoever began. Of a connection that is opened anew all four are
 * seen again.
 */
function isOpen({ seen }: Connection): boolean {
  return ["syn out", "syn in", "ack out", "ack in"].every((each) => seen.has(each));
}

/** From both FINs on until the same ends open anew, or from a reset on until somebody goes on all the same. */
function isClosing({ seen }: Connection): boolean { return seen.has("rst") || (seen.has("fin out") && seen.has("fin in")); }

/** Whether a packet may begin something: a TCP segment only with SYN alone (RFC 5382 §4). */
function opens({ protocol, flags }: Flow): boolean { return protocol !== "tcp" || flags === "syn"; }

/** An ICMP query has one identifier, not two ports: the remote end is an address. */
function remoteOf(protocol: Protocol, { ip, port }: Endpoint): Endpoint { return { ip, port: protocol === "icmp" ? 0 : port }; }

function same(a: Endpoint, b: Endpoint): boolean { return a.ip === b.ip && a.port === b.port; }
