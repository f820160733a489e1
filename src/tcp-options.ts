import {
  CONGESTION_CUBIC, CONGESTION_RENO, TCP_CONGESTION, TCP_DELAYED_ACK, TCP_GIVE_UP, TCP_KEEPALIVE, TCP_NODELAY, TCP_RECEIVE_BUFFER,
  TCP_SEND_BUFFER,
} from "../assembly/abi";
import { checkPort } from "./address";
import type { Core } from "./core";
import { LabError } from "./errors";
import { checkBoolean, checkOptions, say } from "./options";
import type { OptionNames } from "./options";

/** How one end of a TCP connection behaves. */
export interface TcpOptions {
  /** Whether writing may go on when the other side has ended: `false` (default) ends it soon after the last byte was read. */
  allowHalfOpen?: boolean;
  /** Whether small segments are sent at once (RFC 9293 §3.7.4, Nagle's algorithm off). Default false. */
  noDelay?: boolean;
  /** How long the other side may be silent before it is asked whether it is there, ms; 0 (default): never (RFC 9293 §3.8.4). */
  keepAlive?: number;
  /** What the sending rate follows: RFC 9438 (default) or RFC 5681. */
  congestion?: "cubic" | "reno";
  /** Bytes that are kept for the other side, and for the reader: 2048 to 8388480; default 262144. */
  sendBuffer?: number;
  receiveBuffer?: number;
  /** How long the other side may not acknowledge anything before the connection is given up, ms; default 100000. */
  giveUp?: number;
  /** How long an acknowledgement may wait for company, ms, 0 to 500; default 40. */
  delayedAck?: number;
}

export interface ConnectOptions extends TcpOptions {
  /** One of the machine's addresses, and a port of its own; left out: as the route wants, and a free one. */
  localAddress?: string;
  localPort?: number;
  /** How long opening may take, ms; left out: until it is given up. */
  timeout?: number;
  /** Aborts the connection, whether it is open yet or not. */
  signal?: AbortSignal;
}

export interface ListenOptions extends TcpOptions {
  /** 0 or left out: a free one, 49152 to 65535. */
  port?: number;
  /** One of the machine's addresses; left out: all. */
  address?: string;
  /** How many connections may wait to be accepted, 1 to 65535; default 128. */
  backlog?: number;
}

/** Where to connect to. `T` is what may stand for an address. */
export type Remote<T> = string | { address: T | string; port: number } | { machine: T; port: number } | { hostname: string; port: number };

const TCP: OptionNames<TcpOptions> = {
  allowHalfOpen: true, noDelay: true, keepAlive: true, congestion: true, sendBuffer: true, receiveBuffer: true, giveUp: true,
  delayedAck: true,
};
const CONNECT: OptionNames<ConnectOptions> = { ...TCP, localAddress: true, localPort: true, timeout: true, signal: true };
const LISTEN: OptionNames<ListenOptions> = { ...TCP, port: true, address: true, backlog: true };

const CONGESTION = { cubic: CONGESTION_CUBIC, reno: CONGESTION_RENO };

/** What the numbers are called in the engine, and what they may be. */
const NUMBERS: { name: "keepAlive" | "sendBuffer" | "receiveBuffer" | "giveUp" | "delayedAck"; code: number; least: number; most: number }[] = [
  { name: "keepAlive", code: TCP_KEEPALIVE, least: 0, most: 2 ** 31 },
  { name: "sendBuffer", code: TCP_SEND_BUFFER, least: 2048, most: 8_388_480 },
  { name: "receiveBuffer", code: TCP_RECEIVE_BUFFER, least: 2048, most: 8_388_480 },
  { name: "giveUp", code: TCP_GIVE_UP, least: 1, most: 2 ** 31 },
  { name: "delayedAck", code: TCP_DELAYED_ACK, least: 0, most: 500 },
];

/** @throws LabError OPTION, PORT */
export function checkConnect(options: ConnectOptions, thing: string): void {
  checkOptions(options, CONNECT, thing);
  checkTcp(options, thing);
  const { localPort = 0, timeout, signal } = options;
  checkPort(localPort, `${thing}: localPort`, 0);
  if (timeout !== undefined && !(Number.isFinite(timeout) && timeout >= 0))
    throw new LabError("OPTION", `${thing}: timeout ${say(timeout)}; it takes milliseconds, 0 and up`);
  if (signal !== undefined && typeof signal?.addEventListener !== "function")
    throw new LabError("OPTION", `${thing}: signal ${say(signal)}; it takes an AbortSignal: new AbortController().signal`);
}

/**
 * Options from a port alone, or options.
 *
 * @throws LabError OPTION, PORT
 */
export function checkListen(given: number | ListenOptions, thing: string): ListenOptions {
  const options = typeof given === "number" ? { port: given } : given;
  checkOptions(options, LISTEN, thing);
  checkTcp(options, thing);
  const { port = 0, backlog = 1 } = options;
  checkPort(port, thing, 0);
  if (!Number.isInteger(backlog) || backlog < 1 || backlog > 65535)
    throw new LabError("OPTION", `${thing}: backlog ${say(backlog)}; it takes a whole number, 1 to 65535`);
  return options;
}

/** Tells the engine what was asked for; what was not stays at the engine's default. */
export function applyTcp({ engine }: Core, stream: number, options: TcpOptions): void {
  const { noDelay, congestion } = options;
  if (noDelay !== undefined) engine.call.tcpSet(stream, TCP_NODELAY, noDelay ? 1 : 0);
  if (congestion !== undefined) engine.call.tcpSet(stream, TCP_CONGESTION, CONGESTION[congestion]);
  for (const { name, code } of NUMBERS) if (options[name] !== undefined) engine.call.tcpSet(stream, code, options[name]);
}

/**
 * The two parts of where to connect to.
 *
 * @throws LabError OPTION, PORT
 */
export function remoteOf<T>(remote: Remote<T>, thing: string): { host: T | string; port: number } {
  if (typeof remote === "string") {
    const [, host, port] = /^([^:/[\]]+):(\d{1,5})$/.exec(remote) ?? [];
    if (host === undefined)
      throw new LabError("OPTION", `${thing}: ${say(remote)}; it takes an address or a name with a port, such as "printer:80"`);
    return { host, port: checkPort(Number(port), thing) };
  }
  if (typeof remote !== "object" || remote === null)
    throw new LabError("OPTION", `${thing}: ${say(remote)}; it takes "printer:80", { address, port } or { machine, port }`);
  const host = "machine" in remote ? remote.machine : "hostname" in remote ? remote.hostname : remote.address;
  if (host === undefined || host === null)
    throw new LabError("OPTION", `${thing}: ${say(remote)}; it takes "printer:80", { address, port } or { machine, port }`);
  return { host, port: checkPort(remote.port, thing) };
}

function checkTcp(options: TcpOptions, thing: string): void {
  const { allowHalfOpen, noDelay, congestion } = options;
  if (allowHalfOpen !== undefined) checkBoolean(allowHalfOpen, `${thing}: allowHalfOpen`);
  if (noDelay !== undefined) checkBoolean(noDelay, `${thing}: noDelay`);
  if (congestion !== undefined && !Object.hasOwn(CONGESTION, congestion))
    throw new LabError("OPTION", `${thing}: congestion ${say(congestion)}; it takes ${Object.keys(CONGESTION).join(", ")}`);
  for (const { name, least, most } of NUMBERS) {
    const value = options[name];
    if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) continue;
    throw new LabError("OPTION", `${thing}: ${name} ${say(value)}; it takes a whole number, ${least} to ${most}`);
  }
}
