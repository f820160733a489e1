import { nextSeq } from "../../memory";
import { streamTimers, streamUpkeepTimers } from "../../time/heap";
import { Stream } from "./stream";

/**
 * A stream has one place in the heap for its work (retransmission, persist, delayed ACK) and one for its upkeep (TIME-WAIT,
 * keepalive). A deadline that moves later leaves its place in the heap alone: when it is called too early it asks again. A
 * deadline that goes is taken off, or an idle lab would wait for nothing.
 */
export function arm(s: Stream): void {
  const due = earliest(s.retransmitAt, s.ackAt);
  if (due == 0) return disarm(s);
  if (s.armedAt != 0 && s.armedAt <= due) return;
  s.armedAt = due;
  streamTimers().set(s.id, due, nextSeq());
}

function disarm(s: Stream): void {
  if (s.armedAt == 0) return;
  s.armedAt = 0;
  streamTimers().cancel(s.id);
}

function earliest(a: u64, b: u64): u64 {
  if (a == 0) return b;
  return b == 0 || a < b ? a : b;
}

/** Calls for upkeep at `at`, ns; 0: not any more. */
export function keepUp(s: Stream, at: u64): void {
  s.upkeepAt = at;
  if (at == 0) streamUpkeepTimers().cancel(s.id);
  else streamUpkeepTimers().set(s.id, at, nextSeq());
}

export function stopTimers(s: Stream): void {
  s.retransmitAt = 0;
  s.ackAt = 0;
  disarm(s);
  keepUp(s, 0);
}
