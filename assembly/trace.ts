import { EVENT_TRACE } from "./abi";
import { emitEvent, eventsFree, frameAt } from "./frames";
import { control } from "./memory";
import { Ipv4 } from "./wire/ipv4";

/**
 * Why a frame went where it went: a probe is a frame with a mark, and every step of its walk, and of the frames made because of
 * it, is told to TypeScript. Without a mark a step costs one comparison.
 *
 * A step that many ports take part in could fill the event ring: what no longer fits is not told.
 *
 * @param frame  whose walk it is: not always the one that is being handled, which may have set another free, or made one
 * @param step   TRACE_…
 * @param where  what the step happened at: a port, an interface, a node, by the step's own meaning (abi.ts)
 */
export function trace(frame: u32, step: u32, where: u32, a: u32, b: u32, c: u32, d: u32): void {
  if (control().mark != 0) tell(frame, step, where, a, b, c, d);
}

/** The same where no walk need be under way yet: at the near end of a wire. */
export function tell(frame: u32, step: u32, where: u32, a: u32, b: u32, c: u32, d: u32): void {
  const mark = frameAt(frame).mark;
  if (mark == 0 || eventsFree() < TRACE_RESERVE) return;
  const e = emitEvent(EVENT_TRACE, where);
  e.flags = step | (mark << 16);
  e.a = a;
  e.b = b;
  e.c = c;
  e.d = d;
}
/** Places in the ring that are left to events which must not be lost. */
const TRACE_RESERVE: u32 = 16;

/** The same for a step about a MAC and a port, or an address. */
// @ts-ignore: decorator
@inline
export function traceMac(frame: u32, step: u32, where: u32, mac: u64, c: u32): void {
  trace(frame, step, where, <u32>(mac >> 32), <u32>mac, c, 0);
}

/** The same for a step about a packet, sound by the parser, as it is now: endpoints, protocol and TTL. */
export function tracePacket(frame: u32, step: u32, where: u32): void {
  if (control().mark == 0) return;
  const f = frameAt(frame);
  const ip = Ipv4.at(f.data + f.l3);
  trace(frame, step, where, ip.src, ip.dst, <u32>f.protocol | (<u32>ip.ttl << 8), (<u32>f.srcPort << 16) | <u32>f.dstPort);
}
