import { HAS_TIMESTAMPS, IS_MADE_SMALL, IS_OUTAGE, MAY_FRAGMENT, Stream, isOpen, streamAt } from "./stream";
import { CAPACITY_STREAMS, STREAM_ESTABLISHED, STREAM_LISTEN } from "../../abi";
import { interfaceAt } from "../../ip/node";
import { interfaceOf, wayTo } from "../../ip/way";
import { now, pool } from "../../memory";
import { IPV4 } from "../../wire/ipv4";
import { TCP, TIMESTAMPS } from "../../wire/tcp";

/**
 * The largest packet the path takes (RFC 1191), learned from ICMP, and from silence where ICMP does not come through
 * (RFC 4821's concern, in its simplest form: a segment that stays unanswered three times is made small).
 */
const MTU_ETHERNET: u32 = 1500;
/** Nothing smaller is believed (RFC 1191 §3 allows 68; a forged 68 would make a connection crawl). */
const MTU_LEAST: u32 = 576;
/** RFC 1191 §6.3: a larger one is tried again after ten minutes. */
const RAISE_AFTER: u64 = 600_000_000_000;
/** RFC 791 §3.2: what every wire takes; a segment has some payload even here. */
const MTU_LEGAL: u32 = 68;
/** RFC 9293 §3.7.1: of a SYN without an MSS option. */
export const MSS_DEFAULT: u32 = 536;
/** A smaller MSS is taken for this one: a header per byte is an attack. */
const MSS_LEAST: u32 = 64;

function interfaceMtu(s: Stream): u32 {
  const id = interfaceOf(wayTo(s.node, s.remote));
  return id == 0 ? MTU_ETHERNET : max<u32>(MTU_LEGAL, min<u32>(MTU_ETHERNET, interfaceAt(id).mtu));
}

/** MSS option of our SYN: from the MTU, whatever options segments will have (RFC 6691). */
export function mssToOffer(s: Stream): u32 {
  return interfaceMtu(s) - IPV4 - TCP;
}

/** Works out how much payload a full segment has. */
export function settleMss(s: Stream): void {
  const mtu = s.pathMtu != 0 ? min<u32>(s.pathMtu, interfaceMtu(s)) : interfaceMtu(s);
  const whole = min<u32>(max<u32>(s.peerMss, MSS_LEAST), mtu - IPV4 - TCP);
  s.mss = whole - (s.has(HAS_TIMESTAMPS) ? TIMESTAMPS : 0);
}

/** Whether full segments take more than every path does. */
function isLarge(s: Stream): bool {
  return s.mss + (s.has(HAS_TIMESTAMPS) ? TIMESTAMPS : 0) > MSS_DEFAULT;
}

/** Believes in a path MTU for ten minutes; false when it is nothing new. Larger ones come with time only (RFC 8201 §4). */
export function lowerPathMtu(s: Stream, mtu: u32): bool {
  if (s.pathMtu != 0 && mtu > s.pathMtu) return false;
  const before = s.mss;
  if (mtu < MTU_LEAST) s.set(MAY_FRAGMENT);
  s.pathMtu = max<u32>(mtu, MTU_LEAST);
  s.mtuUntil = now() + RAISE_AFTER;
  settleMss(s);
  return s.mss < before;
}

/** An interface of `node` takes packets of another size from now on: full segments of its streams follow. */
export function resettleMss(node: u32): void {
  for (let id: u32 = 1; id <= pool(CAPACITY_STREAMS).high; id++) {
    const s = streamAt(id);
    if (s.node != node || s.state == STREAM_LISTEN || !isOpen(s)) continue;
    settleMss(s);
    keepWindowWhole(s);
  }
}

/** Tries the interface's MTU again when the ten minutes are over; but not on somebody who does not answer. */
export function mayRaisePathMtu(s: Stream): void {
  if (s.pathMtu != 0 && s.timeouts == 0 && now() >= s.mtuUntil) raisePathMtu(s);
}

function raisePathMtu(s: Stream): void {
  s.pathMtu = 0;
  s.clear(MAY_FRAGMENT);
  settleMss(s);
  keepWindowWhole(s);
}

/** The congestion window is never less than a segment (RFC 5681 §3.1): with less, nothing would be sent until the persist timer asks. */
function keepWindowWhole(s: Stream): void {
  if (s.state >= STREAM_ESTABLISHED) s.cwnd = max<u32>(s.cwnd, s.mss);
}

/**
 * Nobody says why large segments get lost: perhaps they are too large (RFC 2923 §2.1, RFC 4821). When a small one gets lost next, it was
 * an outage more likely, and they are large again as soon as somebody answers.
 */
export function suspectSize(s: Stream): void {
  if (s.has(IS_MADE_SMALL)) s.set(IS_OUTAGE);
  if (s.has(MAY_FRAGMENT) || !isLarge(s)) return;
  lowerPathMtu(s, MTU_LEAST);
  s.set(IS_MADE_SMALL);
}

/** Somebody answers. */
export function endSuspicion(s: Stream): void {
  if (s.has(IS_OUTAGE)) raisePathMtu(s);
  s.clear(IS_MADE_SMALL | IS_OUTAGE);
}

/** RFC 1191 §7.1: what to try when a router does not say what it takes. */
export function plateauBelow(size: u32): u32 {
  if (size > 1492) return 1492;
  if (size > 1006) return 1006;
  return MTU_LEAST;
}
