import { now } from "../../memory";
import { RTO_MOST } from "./rtt";
import { REMINDER, REMINDERS, Stream } from "./stream";
import { arm } from "./timers";

/**
 * The word that a shut window is open again is an acknowledgement, and nobody acknowledges those. When it is lost, the other side's
 * probe finds out (RFC 9293 §3.8.6.1). But probes of a window that was shut for long are upkeep (timers.ts): a reader that is back and
 * waits would wait for ever where nothing else moves time. So the word is repeated, as work, after 1, 2, 4 … timeouts, until
 * something comes.
 */
const MOST: u32 = 6;

/** The word was given. */
export function remind(s: Stream): void {
  s.flags = (s.flags & ~REMINDERS) | (MOST * REMINDER);
  schedule(s);
}

/** It was repeated. */
export function remindAgain(s: Stream): void {
  s.flags -= REMINDER;
  if (s.has(REMINDERS)) schedule(s);
}

/** Something came. */
export function forgetReminders(s: Stream): void {
  s.clear(REMINDERS);
  s.ackAt = 0;
}

function schedule(s: Stream): void {
  s.ackAt = now() + min<u64>(RTO_MOST, s.rto << <u64>(MOST - (s.flags & REMINDERS) / REMINDER));
  arm(s);
}
