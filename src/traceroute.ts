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

/** What came back for one probe. */
interface Answer {
  from: number;
  /** ns */
  time: number;
  reached: boolean;
  error: LabErrorCode | null;
}

interface Probe {
  answer: Pending<Answer | null>;
  destination: number;
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

/** Finds out who is on the way: probes with a growing time to live, and who says that it ran out (RFC 1812 §5.3.1). */
export class Tracer {
  /** Echo requests under way, by sequence number. */
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
    const hops: Hop[] = [];
    try {
      for (let ttl = 1; ttl <= maxHops; ttl++) {
        let answer: Answer | null = null;
        let sent = 0;
        for (let again = 0; again < tries && !answer; again++) {
          sent = this.core.enter().now;
          answer = socket ? await this.datagram(socket, destination, next++, ttl, timeout) : await this.echo(destination, ttl, timeout);
        }
        const error = answer?.error ?? null;
        hops.push({ ttl, address: answer && formatIp(answer.from), rtt: answer && (answer.time - sent) / 1e6, error });
        if (answer?.reached || error) return { target, reached: error === null, hops };
      }
      return { target, reached: false, hops };
    } finally {
      socket?.close();
    }
  }

  /** An echo reply to one of its requests; false: it is none of them. */
  reply({ a, b, c, time }: EngineEvent): boolean {
    const probe = b === this.state.echo ? this.echoes.get(c) : undefined;
    probe?.answer.resolve({ from: a, time: Number(time), reached: true, error: null });
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
    return [...this.echoes.values()].find(({ destination }) => destination >>> 0 === about);
  }

  /** Whether the machine itself says that it cannot send: a host with NATs tells itself by ICMP. */
  private isUnsent({ kind, a }: EngineEvent): boolean {
    const { engine } = this.core;
    return kind !== EVENT_ICMP_ERROR
      || this.state.legs.some((leg) => leg.interface !== 0 && engine.interface(leg.interface).address === a >>> 0);
  }

  private async datagram(socket: Errand, destination: number, port: number, ttl: number, timeout: number): Promise<Answer | null> {
    const probe = { answer: this.core.clock.operation<Answer | null>(), destination };
    // Of an ICMP error the port says which probe it is about; where one found no way, the next will find none.
    socket.onfailure = (event) => {
      if ((event.e & 0xffff) === port || this.isUnsent(event)) this.heard(event, probe);
    };
    // Somebody listens there after all.
    socket.onanswer = ({ a, time }) => probe.answer.resolve({ from: a, time: Number(time), reached: true, error: null });
    return this.send(probe, timeout, () => socket.send(DATA, destination, port, ttl));
  }

  private async echo(destination: number, ttl: number, timeout: number): Promise<Answer | null> {
    const engine = this.core.enter();
    const { call } = engine;
    checkThere(this.state);
    this.state.echo ||= this.core.check(call.echoOpen(this.state.node), "ICMP identifier");
    const sequence = (this.state.sequence = (this.state.sequence + 1) & 0xffff);
    const probe = { answer: this.core.clock.operation<Answer | null>(), destination };
    this.echoes.set(sequence, probe);
    try {
      return await this.send(probe, timeout, () => {
        engine.stage(DATA);
        const result = call.echoSend(this.state.node, destination, this.state.echo, sequence, DATA.length, ttl);
        if (result < 0) throw sendError(this.core, result, this.state.name, formatIp(destination));
      });
    } finally {
      this.echoes.delete(sequence);
    }
  }

  private async send({ answer }: Probe, timeout: number, send: () => void): Promise<Answer | null> {
    const timer = this.core.clock.after(timeout, () => answer.resolve(null));
    try {
      send();
    } catch (error) {
      answer.reject(error);
    }
    try {
      return await answer.promise;
    } finally {
      timer.cancelled = true;
    }
  }

  private heard(event: EngineEvent, { answer, destination }: Probe): void {
    const about = (event.kind === EVENT_ICMP_ERROR ? event.d : event.a) >>> 0;
    if (about !== destination >>> 0) return; // somebody else's packet, whatever its ports
    const [type, code] = [event.b >>> 8, event.b & 255];
    const from = event.a >>> 0;
    const said = { from, time: Number(event.time), reached: false, error: null };
    const arrived = type === ICMP_UNREACHABLE && code === PORT_UNREACHABLE && from === about;
    if (arrived) return answer.resolve({ ...said, reached: true });
    if (this.isUnsent(event)) return answer.reject(failure(event, this.state.name, formatIp(destination)));
    answer.resolve(type === ICMP_TIME_EXCEEDED ? said : { ...said, error: "UNREACHABLE" });
  }
}
