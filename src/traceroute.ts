import { EVENT_ICMP_ERROR } from "../assembly/abi";
import { formatIp, parseIp } from "./address";
import { checkDuration } from "./clock";
import type { Pending } from "./clock";
import type { Core } from "./core";
import type { EngineEvent } from "./engine";
import { checkThere, Errand } from "./errand";
import { LabError } from "./errors";
import type { LabErrorCode } from "./errors";
import { checkOptions, say } from "./options";
import type { OptionNames } from "./options";
import { failure, sendError } from "./ping";
import type { MachineState } from "./state";

export interface TracerouteOptions {
  /** What is sent: datagrams to ports where nobody listens (default), or echo requests. */
  protocol?: "udp" | "icmp";
  /** The last time to live that is tried, 1…255; default 30. */
  maxHops?: number;
  /** How long to wait for each answer, ms; default 1000. */
  timeout?: number;
  /** How often a hop that does not answer is asked, 1…10; default 2. */
  tries?: number;
  /** UDP port of the first datagram, the next has the next one; default 33434. */
  port?: number;
}

/** One router on the way, or its end. */
export interface Hop {
  /** Time to live it was found with: 1 for the first. */
  ttl: number;
  /** Who answered; null: nobody did. */
  address: string | null;
  /** Round trip, ms; null: nobody answered. */
  rtt: number | null;
  /** Why the way ends here although this is not the target; null: it goes on, or this is the target. */
  error: LabErrorCode | null;
}

export interface Trace {
  /** The address that was looked for. */
  target: string;
  reached: boolean;
  hops: Hop[];
}

const OPTIONS: OptionNames<TracerouteOptions> = { protocol: true, maxHops: true, timeout: true, tries: true, port: true };

/** Bytes of data in a probe: text that says what it is to who finds it in a capture. */
const DATA = new TextEncoder().encode("fivewire traceroute");
const ICMP_UNREACHABLE = 3;
const ICMP_TIME_EXCEEDED = 11;
const PORT_UNREACHABLE = 3;

/** What came back for one probe, not always the last one sent. */
interface Answer {
  probe: Probe;
  from: number;
  /** ns */
  time: number;
  reached: boolean;
  error: LabErrorCode | null;
}

interface Probe {
  run: Run;
  ttl: number;
  /** ns */
  sent: number;
}

/** One trace: what it waits for, and its probes by UDP port or sequence number. */
interface Run {
  destination: number;
  answer: Pending<Answer | null>;
  ttl: number;
  probes: Map<number, Probe>;
}

/** @throws LabError OPTION */
function checked(options: TracerouteOptions, name: string): Required<TracerouteOptions> {
  checkOptions(options, OPTIONS, `${name}: traceroute`);
  const { protocol = "udp", maxHops = 30, timeout = 1000, tries = 2, port = 33434 } = options;
  if (protocol !== "udp" && protocol !== "icmp")
    throw new LabError("OPTION", `${name}: traceroute with protocol ${say(protocol)}; it takes "udp" or "icmp"`);
  checkDuration(timeout, `${name}: traceroute timeout`);
  const whole = (what: string, value: number, most: number): void => {
    if (Number.isInteger(value) && value >= 1 && value <= most) return;
    throw new LabError("OPTION", `${name}: traceroute with ${what} ${say(value)}; it takes a whole number, 1 to ${most}`);
  };
  whole("maxHops", maxHops, 255);
  whole("tries", tries, 10);
  whole("port", port, 65535 - maxHops * tries);
  return { protocol, maxHops, timeout, tries, port };
}

/** Nothing was sent yet. */
const NOTHING: Pending<Answer | null> = { promise: Promise.resolve(null), resolve() {}, reject() {} };

/** Finds out who is on the way: probes with a growing time to live, and who says that it ran out (RFC 1812 §5.3.1). */
export class Tracer {
  /** Echo requests of traces under way, by sequence number. */
  private readonly echoes = new Map<number, Probe>();

  constructor(
    private readonly core: Core, private readonly state: MachineState, private readonly errands: Map<number, Errand>,
  ) {}

  /** @throws LabError OPTION, NO_ROUTE, NO_ADDRESS, FULL, UNREACHABLE (nobody answers ARP for the first hop), REMOVED, CLOSED */
  async trace(target: string, given: TracerouteOptions = {}): Promise<Trace> {
    const { name } = this.state;
    const { protocol, maxHops, timeout, tries, port } = checked(given, name);
    let next = port;
    const destination = parseIp(target, `${name}: traceroute`);
    const socket = protocol === "udp" ? new Errand(this.core, this.state, this.errands) : null;
    const run: Run = { destination, answer: NOTHING, ttl: 0, probes: new Map() };
    if (socket) this.listen(socket, run);
    const hops: Hop[] = [];
    try {
      for (run.ttl = 1; run.ttl <= maxHops; run.ttl++) {
        let answer: Answer | null = null;
        for (let again = 0; again < tries && !answer; again++)
          answer = socket ? await this.datagram(socket, run, next++, timeout) : await this.echo(run, timeout);
        const ttl = answer?.probe.ttl ?? run.ttl;
        const error = answer?.error ?? null;
        hops.length = ttl - 1; // the answer that ends the way may be about an earlier hop, which had seemed to be silent
        hops.push({ ttl, address: answer && formatIp(answer.from), rtt: answer && (answer.time - answer.probe.sent) / 1e6, error });
        if (answer?.reached || error) return { target, reached: error === null, hops };
      }
      return { target, reached: false, hops };
    } finally {
      socket?.close();
      if (!socket) for (const sequence of run.probes.keys()) this.echoes.delete(sequence);
    }
  }

  /** An echo reply to one of its requests; false: it is none of them. */
  reply({ a, b, c, time }: EngineEvent): boolean {
    const probe = b === this.state.echo ? this.echoes.get(c) : undefined;
    probe?.run.answer.resolve({ probe, from: a, time: Number(time), reached: true, error: null });
    return probe !== undefined;
  }

  /** An ICMP error about one of its echo requests, or word that one found no way; false: it is about none of them. */
  failed(event: EngineEvent): boolean {
    if (event.e >>> 16 !== this.state.echo) return false;
    const probe = this.echoes.get(event.e & 0xffff) ?? this.unsent(event);
    if (!probe) return false;
    this.heard(event, probe);
    return true;
  }

  /** An earlier request waited in vain for the first hop's MAC: so will this one. */
  private unsent(event: EngineEvent): Probe | undefined {
    if (!this.isUnsent(event)) return undefined;
    const about = (event.kind === EVENT_ICMP_ERROR ? event.d : event.a) >>> 0;
    return [...this.echoes.values()].find(({ run }) => run.destination >>> 0 === about);
  }

  /** Whether the machine itself says that it cannot send: a host with NATs tells itself by ICMP. */
  private isUnsent({ kind, a }: EngineEvent): boolean {
    const { engine } = this.core;
    return kind !== EVENT_ICMP_ERROR
      || this.state.legs.some((leg) => leg.interface !== 0 && engine.interface(leg.interface).address === a >>> 0);
  }

  private listen(socket: Errand, run: Run): void {
    // Of an ICMP error the port says which probe it is about; where one found no way, the next will find none.
    socket.onfailure = (event) => {
      const probe = run.probes.get(event.e & 0xffff);
      if (probe) this.heard(event, probe);
    };
    // Somebody listens there after all.
    socket.onanswer = ({ a, b, time }) => {
      const probe = run.probes.get(b);
      if (probe) run.answer.resolve({ probe, from: a, time: Number(time), reached: true, error: null });
    };
  }

  private datagram(socket: Errand, run: Run, port: number, timeout: number): Promise<Answer | null> {
    return this.send(run, timeout, (probe) => {
      run.probes.set(port, probe);
      socket.send(DATA, run.destination, port, run.ttl);
    });
  }

  private async echo(run: Run, timeout: number): Promise<Answer | null> {
    const engine = this.core.enter();
    const { call } = engine;
    checkThere(this.state);
    this.state.echo ||= this.core.check(call.echoOpen(this.state.node), "ICMP identifier");
    const sequence = (this.state.sequence = (this.state.sequence + 1) & 0xffff);
    return this.send(run, timeout, (probe) => {
      run.probes.set(sequence, probe);
      this.echoes.set(sequence, probe);
      engine.stage(DATA);
      const result = call.echoSend(this.state.node, run.destination, this.state.echo, sequence, DATA.length, run.ttl);
      if (result < 0) throw sendError(this.core, result, this.state.name, formatIp(run.destination));
    });
  }

  private async send(run: Run, timeout: number, send: (probe: Probe) => void): Promise<Answer | null> {
    const { now } = this.core.enter();
    const answer = run.answer = this.core.clock.operation<Answer | null>();
    const timer = this.core.clock.after(timeout, () => answer.resolve(null));
    try {
      send({ run, ttl: run.ttl, sent: now });
    } catch (error) {
      answer.reject(error);
    }
    try {
      return await answer.promise;
    } finally {
      timer.cancelled = true;
    }
  }

  private heard(event: EngineEvent, probe: Probe): void {
    const { answer, destination, ttl } = probe.run;
    const about = (event.kind === EVENT_ICMP_ERROR ? event.d : event.a) >>> 0;
    if (about !== destination >>> 0) return; // somebody else's packet, whatever its ports
    const [type, code] = [event.b >>> 8, event.b & 255];
    const from = event.a >>> 0;
    const said = { probe, from, time: Number(event.time), reached: false, error: null };
    const arrived = type === ICMP_UNREACHABLE && code === PORT_UNREACHABLE && from === about;
    if (arrived) return answer.resolve({ ...said, reached: true });
    if (this.isUnsent(event)) return answer.reject(failure(event, this.state.name, formatIp(destination)));
    if (type !== ICMP_TIME_EXCEEDED) return answer.resolve({ ...said, error: "UNREACHABLE" });
    if (probe.ttl === ttl) answer.resolve(said); // of an earlier hop it is too late
  }
}
