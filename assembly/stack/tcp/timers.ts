import { nextSeq } from "../../memory";
import { streamTimers, streamUpkeepTimers } from "../../time/heap";
import { IS_PATIENT, Stream } from "./stream";

/**
 * A stream has one place in the heap for its work (retransmission, persist, delayed ACK) and one for its upkeep (TIME-WAIT,
 * keepalive). A deadline that moves later leaves its place in the heap alone: when it is called too early it asks again. A
 * deadline that goes is taken off, or an idle lab would wait for nothing.
 *
 * Probes of a window that stays shut become upkeep after a while: a reader that has stopped must not turn the clock for ever.
 */
export function arm(s: Stream): void {
  if (s.has(IS_PATIENT) != isPatient(s)) {
    s.flags ^= IS_PATIENT;
    armUpkeep(s);
  }
  const due = s.has(IS_PATIENT) ? s.ackAt : earliest(s.retransmitAt, s.ackAt);
  if (due == 0) return disarm(s);
  if (s.armedAt != 0 && s.armedAt <= due) return;
  s.armedAt = due;
  streamTimers().set(s.id, due, nextSeq());
}

/** Probes that drive time: 1, 2, 4 … s after one another. */
const IMPATIENT: u32 = 6;

function isPatient(s: Stream): bool {
  return s.timeouts >= IMPATIENT && s.retransmitAt != 0 && (s.sndWnd == 0 || !s.isInFlight) && s.isSynchronized;
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
  armUpkeep(s);
}

export function armUpkeep(s: Stream): void {
  const due = s.has(IS_PATIENT) ? earliest(s.retransmitAt, s.upkeepAt) : s.upkeepAt;
  if (due == 0) streamUpkeepTimers().cancel(s.id);
  else streamUpkeepTimers().set(s.id, due, nextSeq());
}

export function stopTimers(s: Stream): void {
  s.retransmitAt = 0;
  s.ackAt = 0;
  s.reminders = 0;
  s.clear(IS_PATIENT);
  disarm(s);
  keepUp(s, 0);
}
