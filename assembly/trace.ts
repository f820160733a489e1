import { EVENT_TRACE } from "./abi";
import { emitEvent } from "./frames";
import { control } from "./memory";

/**
 * Why a frame went where it went: a probe is a frame with a mark, and every step of its walk, and of the frames made because of
 * it, is told to TypeScript. Without a mark a step costs one comparison.
 *
 * @param step   TRACE_…
 * @param where  what the step happened at: a port, an interface, a node, by the step's own meaning (abi.ts)
 */
export function trace(step: u32, where: u32, a: u32, b: u32, c: u32, d: u32): void {
  const mark = control().mark;
  if (mark == 0) return;
  const e = emitEvent(EVENT_TRACE, where);
  e.flags = step | (mark << 16);
  e.a = a;
  e.b = b;
  e.c = c;
  e.d = d;
}

/** The same for a step about a MAC and a port. */
export function traceMac(step: u32, where: u32, mac: u64, port: u32, b: u32): void {
  trace(step, where, <u32>(mac >> 32), <u32>mac, port, b);
}
