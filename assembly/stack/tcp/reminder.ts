import { now } from "../../memory";
import { HAS_RUN_INTO_WINDOW, Stream } from "./stream";

/**
 * A window that opens is told by an acknowledgement, which nobody answers and nobody sends again. When it gets lost, the other side's
 * probes find out (RFC 9293 §3.8.6.1); but probes of a window that has been shut for long are upkeep here (timers.ts), so in a lab
 * that has nothing else to do both sides would wait for ever. So we say it again, a few times, as work, until something comes: but
 * only to a side that has run into the window, and has more.
 */
const REMINDERS: u32 = 6;

/** The window has opened, and is about to be told. */
export function beginReminders(s: Stream): void {
  if (!s.has(HAS_RUN_INTO_WINDOW)) return;
  s.clear(HAS_RUN_INTO_WINDOW);
  s.reminders = REMINDERS;
}

/** When to acknowledge again what is acknowledged now: 1, 2, 4 … timeouts apart; 0: not at all. */
export function nextReminder(s: Stream): u64 {
  if (s.reminders == 0) return 0;
  s.reminders--;
  return now() + (s.rto << <u64>(REMINDERS - 1 - s.reminders));
}

/** Something came: the other side knows. */
export function endReminders(s: Stream): void {
  if (s.reminders == 0) return;
  s.reminders = 0;
  s.ackAt = 0;
}
