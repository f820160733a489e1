import { CAPACITY_CHUNKS, CAPACITY_EVENTS, STREAM_WRITABLE } from "../../abi";
import { eventsFree } from "../../frames";
import { pool } from "../../memory";
import { writersReserve } from "./chunks";
import { tell, tellNews } from "./news";
import { IS_STARVED, IS_WRITE_WANTED, Stream, streamAt } from "./stream";

/**
 * Streams that found no chunk for the first byte of what they wanted to write. Nothing of theirs is under way that could wake them,
 * so they queue (record 0 of the pool holds the ends), and are told in turn whenever somebody may have given chunks back.
 */
export function starve(s: Stream): void {
  if (s.has(IS_STARVED)) return;
  s.set(IS_STARVED);
  const queue = streamAt(0);
  s.next = 0;
  s.prev = queue.sndTail;
  if (queue.sndTail == 0) queue.sndHead = s.id;
  else streamAt(queue.sndTail).next = s.id;
  queue.sndTail = s.id;
}

export function leaveStarved(s: Stream): void {
  if (!s.has(IS_STARVED)) return;
  s.clear(IS_STARVED);
  const queue = streamAt(0);
  if (s.prev == 0) queue.sndHead = s.next;
  else streamAt(s.prev).next = s.next;
  if (s.next == 0) queue.sndTail = s.prev;
  else streamAt(s.next).prev = s.prev;
  s.next = 0;
  s.prev = 0;
}

/**
 * Tells the first in the queue, one for each chunk there is: who is told may have nothing to write any more. The ring of events keeps
 * half of its room for what else happens in this step.
 */
export function feedStarved(): void {
  const queue = streamAt(0);
  if (queue.sndHead == 0) return;
  const p = pool(CAPACITY_CHUNKS);
  const used = p.live + writersReserve();
  for (let room = used; room < p.capacity && queue.sndHead != 0; room++) {
    const s = streamAt(queue.sndHead);
    leaveStarved(s);
    s.clear(IS_WRITE_WANTED);
    tell(s, STREAM_WRITABLE);
    tellNews(s);
    if (eventsFree() < pool(CAPACITY_EVENTS).capacity >> 1) return;
  }
}
