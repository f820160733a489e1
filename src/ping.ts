import { E_NO_ADDRESS, E_NO_ROUTE, EVENT_ICMP_ERROR, NEIGHBOR_FAILED, NO_ROUTE } from "../assembly/abi";
import { formatIp, parseIp } from "./address";
import { checkDuration } from "./clock";
import type { Pending, Timer } from "./clock";
import type { Core } from "./core";
import type { EngineEvent } from "./engine";
import { LabError } from "./errors";
import { checkOptions, say } from "./options";
import type { OptionNames } from "./options";
import { explain, reasonName } from "./reasons";
import type { MachineState } from "./state";

export interface PingOptions {
  /** How long to wait for the answer, ms; default 1000. */
  timeout?: number;
  /** Bytes of data, 0…1472; default 56. */
  size?: number;
  /** Time to live of the request, 1…255; default 64. */
  ttl?: number;
}

export const PING_OPTIONS: OptionNames<PingOptions> = { timeout: true, size: true, ttl: true };

/** An answer to an echo request. */
export interface PingReply {
  /** Who answered. */
  from: string;
  /** Round trip, ms. */
  rtt: number;
  /** Time to live the answer arrived with: 64 minus the routers on the way back. */
  ttl: number;
  sequence: number;
}

/** Several pings in a row. */
export interface SeriesOptions extends PingOptions {
  /** Default 4. */
  count?: number;
  /** From one to the next, ms; default 1000. */
  interval?: number;
}

export interface PingReport {
  sent: number;
  received: number;
  /** One per request, in order: an answer, or what went wrong. */
  results: (PingReply | LabError)[];
}

interface Waiting {
  answer: Pending<PingReply>;
  timer: Timer;
  target: string;
  /** IPv4 */
  destination: number;
  /** ns */
  sent: number;
}

/** The longest datagram that fits a frame with its IPv4 and UDP (or ICMP) headers: 1500 - 20 - 8. */
export const LONGEST = 1472;

/** @throws LabError OPTION */
export function checkPing(options: PingOptions, name: string): Required<PingOptions> {
  checkOptions(options, PING_OPTIONS, `${name}: ping`);
  const { timeout = 1000, size = 56, ttl = 64 } = options;
  if (!Number.isInteger(size) || size < 0 || size > LONGEST)
    throw new LabError("OPTION", `${name}: ping of ${size} bytes; it takes 0 to ${LONGEST}`);
  if (!Number.isInteger(ttl) || ttl < 1 || ttl > 255)
    throw new LabError("OPTION", `${name}: ping with ttl ${ttl}; it takes 1 to 255`);
  checkDuration(timeout, `${name}: ping timeout`);
  return { timeout, size, ttl };
}

/** Sends one machine's echo requests and knows which answer is whose. */
export class Pinger {
  private readonly waiting = new Map<number, Waiting>();

  constructor(private readonly core: Core, private readonly state: MachineState) {}

  /** @throws LabError OPTION, NO_ROUTE, NO_ADDRESS; the promise rejects with TIMEOUT, UNREACHABLE, TTL_EXPIRED … */
  ping(target: string, options: PingOptions = {}): Promise<PingReply> {
    const { name, node } = this.state;
    const destination = parseIp(target, `${name}: ping`);
    const { timeout, size, ttl } = checkPing(options, name);
    const engine = this.core.enter();
    this.state.echo ||= this.core.check(engine.call.echoOpen(node), "ICMP identifier");
    const sequence = (this.state.sequence = (this.state.sequence + 1) & 0xffff);
    engine.stage(Uint8Array.from({ length: size }, (_, i) => i & 255));
    const result = engine.call.echoSend(node, destination, this.state.echo, sequence, size, ttl);
    if (result < 0) throw sendError(this.core, result, name, target);

    const answer = this.core.clock.operation<PingReply>();
    const timer = this.core.clock.after(timeout, () => this.end(sequence)?.answer.reject(new LabError("TIMEOUT",
      `${name}: no answer from ${target} within ${timeout} ms; lab.stats().drops or a capture tells what became of it`)));
    this.waiting.set(sequence, { answer, timer, target, destination: destination >>> 0, sent: engine.now });
    return answer.promise;
  }

  /**
   * Sends several, whatever becomes of each.
   *
   * @throws LabError OPTION, CLOSED
   */
  async series(given: SeriesOptions, ping: (options: PingOptions) => Promise<PingReply>): Promise<PingReport> {
    const { name } = this.state;
    checkOptions(given, { ...PING_OPTIONS, count: true, interval: true }, `${name}: pings`);
    const { count = 4, interval = 1000, ...options } = given;
    if (!Number.isInteger(count) || count < 0)
      throw new LabError("OPTION", `${name}: pings: count ${say(count)}; it takes a whole number, 0 and up`);
    checkDuration(interval, `${name}: pings: interval`);
    checkPing(options, name);
    const results: Promise<PingReply | LabError>[] = [];
    for (let i = 0; i < count; i++) {
      if (i > 0) await this.core.clock.sleep(interval);
      const result = ping(options).catch((error: unknown) => {
        if (error instanceof LabError && error.code !== "CLOSED") return error;
        throw error;
      });
      result.catch(() => {}); // it is told at the end, or by the sleep that the same close ended
      results.push(result);
    }
    const done = await Promise.all(results);
    return { sent: done.length, received: done.filter((each) => !(each instanceof LabError)).length, results: done };
  }

  reply({ a, b, c, flags, time }: EngineEvent): void {
    if (b !== this.state.echo) return;
    const waiting = this.end(c);
    waiting?.answer.resolve({ from: formatIp(a), rtt: (Number(time) - waiting.sent) / 1e6, ttl: flags, sequence: c });
  }

  /** An ICMP error about a request, or word that it found no way out. */
  failed(event: EngineEvent): void {
    if (event.e >>> 16 !== this.state.echo) return;
    // What is said about another destination is not about this request, whatever its numbers.
    const about = (event.kind === EVENT_ICMP_ERROR ? event.d : event.a) >>> 0;
    if (this.waiting.get(event.e & 0xffff)?.destination !== about) return;
    const waiting = this.end(event.e & 0xffff);
    waiting?.answer.reject(failure(event, this.state.name, waiting.target));
  }

  private end(sequence: number): Waiting | undefined {
    const waiting = this.waiting.get(sequence);
    if (!waiting) return undefined;
    waiting.timer.cancelled = true;
    this.waiting.delete(sequence);
    return waiting;
  }
}

/** What a negative result of sending means. */
export function sendError(core: Core, result: number, name: string, target: string): LabError {
  if (result === E_NO_ROUTE)
    return new LabError("NO_ROUTE", `${name}: no route to ${target}; it has no default gateway, or the address cannot be sent to`);
  if (result === E_NO_ADDRESS)
    return new LabError("NO_ADDRESS", `${name}: the interface towards ${target} has no address (yet); await lab.ready()`);
  try {
    core.check(result, "packet in flight");
  } catch (error) {
    return error as LabError;
  }
  return new LabError("FULL",
    `${name}: no frame buffer is free to send to ${target}; createLab({ capacity: { frames } }) makes more`);
}

/** EVENT_ICMP_ERROR or EVENT_UNSENT as an error for the sender. */
export function failure({ kind, a, b }: EngineEvent, name: string, target: string): LabError {
  if (kind === EVENT_ICMP_ERROR) return icmpError(b >>> 8, b & 255, formatIp(a), name, target);
  const why = explain(reasonName(b));
  if (b === NEIGHBOR_FAILED)
    return new LabError("UNREACHABLE", `${name}: ${target} is unreachable: nobody on the network answers ARP for the next hop`);
  return new LabError(b === NO_ROUTE ? "NO_ROUTE" : "UNREACHABLE", `${name}: the packet to ${target} was not sent: ${why}`);
}

/** Destination unreachable, by code (RFC 792, RFC 1812 §5.2.7.1). */
const UNREACHABLE: Record<number, string> = {
  0: "network unreachable",
  1: "host unreachable",
  2: "protocol unreachable",
  3: "port unreachable",
  4: "the packet is too big and may not be fragmented",
  6: "destination network unknown",
  7: "destination host unknown",
  9: "communication with the network is prohibited",
  10: "communication with the host is prohibited",
  13: "communication is prohibited by a filter",
};

function icmpError(type: number, code: number, from: string, name: string, target: string): LabError {
  if (type === 11) return new LabError("TTL_EXPIRED", `${name}: the time to live of a packet to ${target} ran out at ${from}`);
  if (type !== 3) return new LabError("UNREACHABLE", `${name}: ${from} says ICMP type ${type} code ${code} about ${target}`);
  const words = UNREACHABLE[code] ?? `unreachable, code ${code}`;
  return new LabError(code === 3 ? "REFUSED" : code === 4 ? "TOO_BIG" : "UNREACHABLE", `${name}: ${target}: ${words}, says ${from}`);
}
