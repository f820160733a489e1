/** What one client is told: options and lease times, from the whole network, from its groups and from its own entry. */

import { LabError } from "../errors";
import { encodeOption } from "./dhcp-option";
import type { DhcpOptionValue } from "./dhcp-option";

/** Settings that may be given for the network, for a group and for one MAC; the narrower one wins. */
export interface DhcpScopeConfig {
  /** By code. */
  options?: Record<number, DhcpOptionValue>;
  /** Codes sent although the client did not ask. */
  forced?: readonly number[];
  /** Codes never sent; beats `forced`. */
  suppressed?: readonly number[];
  leaseTime?: DhcpLeaseTime;
}

/**
 * Milliseconds, whole seconds, at least 1 s. A client that asks for a time gets it within `min` and `max`, others
 * get `default`. What is missing is derived: default 10 min within the others, max at least 12 h, min at most 5 min.
 */
export interface DhcpLeaseTime {
  min?: number;
  default?: number;
  max?: number;
}

/** Clients that some `include` fits (all when there is none) and no `exclude` does. */
export interface DhcpGroup extends DhcpScopeConfig {
  include?: readonly DhcpMatch[];
  exclude?: readonly DhcpMatch[];
}

/**
 * Patterns with `*` (any run) and `?` (any one); all that are given must fit.
 *
 * @example { mac: "08:00:27:*" }, { vendor: "PXEClient:*" }, { user: "iPXE" }
 */
export interface DhcpMatch {
  mac?: string;
  /** Option 60. */
  vendor?: string;
  /** Option 77. */
  user?: string;
}

/** Lease times with nothing missing, ms. */
export type LeaseTimes = Required<DhcpLeaseTime>;

/** A scope as the server uses it. */
export interface DhcpScope {
  /** Encoded values by code. */
  options: Map<number, Uint8Array>;
  forced: ReadonlySet<number>;
  suppressed: ReadonlySet<number>;
  leaseTime: LeaseTimes;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** 2^32-2 s; one more means forever in option 51. */
const LONGEST = 0xfffffffe * 1000;

/**
 * Lease times with the missing ones derived as VirtualBox does; min and max given the wrong way round are swapped.
 *
 * @throws LabError DHCP_CONFIG
 */
export function leaseTimes(given: DhcpLeaseTime = {}): LeaseTimes {
  for (const [name, time] of Object.entries(given)) {
    if (time === undefined || (Number.isInteger(time / 1000) && time >= 1000 && time <= LONGEST)) continue;
    throw new LabError(
      "DHCP_CONFIG",
      `dhcp leaseTime.${name} = ${time} ms: takes whole seconds, 1000 to ${LONGEST}. Was it given in seconds?`,
    );
  }
  const swapped = given.min !== undefined && given.max !== undefined && given.min > given.max;
  const least = swapped ? given.max : given.min;
  const most = swapped ? given.min : given.max;

  const usual = given.default ?? clamp(10 * MINUTE, least ?? 0, most ?? LONGEST);
  const max = most ?? Math.max(12 * HOUR, usual, least ?? 0);
  const min = least ?? Math.min(5 * MINUTE, usual, max);
  return { min, default: clamp(usual, min, max), max };
}

/** The lease given, ms, to a client that asks for `seconds` (undefined: it leaves the choice to us). */
export function leaseFor(times: LeaseTimes, seconds: number | undefined): number {
  return seconds === undefined ? times.default : clamp(seconds * 1000, times.min, times.max);
}

/**
 * `wide` with `narrow` laid over it.
 *
 * @throws LabError DHCP_CONFIG
 */
export function narrowed(wide: DhcpScope, narrow: DhcpScopeConfig): DhcpScope {
  const options = new Map(wide.options);
  for (const [code, value] of Object.entries(narrow.options ?? {}))
    if (value !== undefined) options.set(Number(code), encodeOption(Number(code), value));
  return {
    options,
    forced: new Set([...wide.forced, ...(narrow.forced ?? [])]),
    suppressed: new Set([...wide.suppressed, ...(narrow.suppressed ?? [])]),
    leaseTime: narrow.leaseTime ? leaseTimes(narrow.leaseTime) : wide.leaseTime,
  };
}

/** What a group looks at. Absent classes are empty, and only `*` fits them. */
export interface DhcpTraits {
  mac: string;
  vendor: string;
  user: string;
}

export function belongs(group: DhcpGroup, traits: DhcpTraits): boolean {
  if (group.exclude?.some((match) => fits(match, traits))) return false;
  return group.include?.some((match) => fits(match, traits)) ?? true;
}

function fits(match: DhcpMatch, traits: DhcpTraits): boolean {
  return (
    (match.mac === undefined || like(match.mac.toLowerCase(), traits.mac)) &&
    (match.vendor === undefined || like(match.vendor, traits.vendor)) &&
    (match.user === undefined || like(match.user, traits.user))
  );
}

/** Whether `text` has the form of `pattern`; remembers only the last star, so the work is bounded by the product. */
function like(pattern: string, text: string): boolean {
  let p = 0;
  let star = -1;
  let resume = 0;
  for (let t = 0; t < text.length;) {
    if (pattern[p] === "*") {
      star = p++;
      resume = t;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
