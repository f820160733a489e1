import { Stream, streamAt } from "./stream";
import { IS_READY } from "./stream";

/** The streams that wait for their listener: those whose handshake is under way, and those that can be accepted. */

/** Puts a stream at the end of its listener's queue. */
export function joinListener(s: Stream, l: Stream): void {
  s.listener = l.id;
  s.prev = l.last;
  s.next = 0;
  if (l.last == 0) l.first = s.id;
  else streamAt(l.last).next = s.id;
  l.last = s.id;
  l.waiting++;
}

/** Takes a stream out of the queue; nothing happens when it is in none. */
export function leaveListener(s: Stream): void {
  if (s.listener == 0) return;
  const l = streamAt(s.listener);
  if (s.prev == 0) l.first = s.next;
  else streamAt(s.prev).next = s.next;
  if (s.next == 0) l.last = s.prev;
  else streamAt(s.next).prev = s.prev;
  l.waiting--;
  s.listener = 0;
  s.next = 0;
  s.prev = 0;
}

/** The first of a listener's streams that is established; 0: none. (At most `backlog` are looked at.) */
export function firstReady(l: Stream): u32 {
  for (let id = l.first; id != 0; id = streamAt(id).next) {
    if (streamAt(id).has(IS_READY)) return id;
  }
  return 0;
}
