import {
  CAPACITY_STREAMS,
  EVENT_SYN,
  STREAM_CLOSED,
  STREAM_ERROR_NONE,
  STREAM_FIN_WAIT_2,
  STREAM_GONE,
  STREAM_TIME_WAIT,
} from "../../abi";
import { emitEvent, makeVisible } from "../../frames";
import { unuse } from "../../ip/ports";
import { now, pool } from "../../memory";
import { leaveListener } from "./backlog";
import { strikeOff } from "./lookup";
import { tell } from "./news";
import { forgetRanges } from "./ranges";
import { discard } from "./receive-buffer";
import { MS } from "./rtt";
import { empty } from "./send-buffer";
import { feedStarved, leaveStarved } from "./starved";
import { IS_ANY, IS_OWNED, IS_RELEASED, Stream, streamAt } from "./stream";
import { keepUp, stopTimers } from "./timers";

/**
 * How a stream ends. TIME-WAIT keeps its endpoints so that what is still on the way cannot be taken for a new connection's. Those that
 * nobody holds are in a queue (record 0 of the pool holds its ends), and the oldest gives way when there is no stream left. One that
 * TypeScript holds would keep its record, so that ending it early wins nothing.
 */

/** A stream nobody uses, all zero but for its number; 0: all are in use. */
export function newStream(): u32 {
  let id = pool(CAPACITY_STREAMS).take();
  if (id == 0) {
    const oldest = streamAt(0).first;
    if (oldest == 0) return 0;
    finish(streamAt(oldest), STREAM_ERROR_NONE);
    id = pool(CAPACITY_STREAMS).take();
  }
  if (id != 0) streamAt(id).id = id;
  return id;
}

/** Both sides have said all. The port may be used again at once; the pair of endpoints may not. */
export function enterTimeWait(s: Stream): void {
  stopTimers(s);
  leaveStarved(s);
  s.state = STREAM_TIME_WAIT;
  empty(s);
  forgetRanges(s);
  giveUpPort(s);
  if (!s.has(IS_OWNED)) joinTimeWait(s);
  restartTimeWait(s);
  tell(s, STREAM_GONE);
}

export function restartTimeWait(s: Stream): void {
  keepUp(s, now() + <u64>s.timeWait * MS);
}

/** FIN-WAIT-2 of a stream nobody reads any more lasts a minute: its other side may never end, and has all that was written. */
const FIN_WAIT: u64 = 60_000_000_000;

export function limitFinWait(s: Stream): void {
  if (s.state == STREAM_FIN_WAIT_2 && s.has(IS_RELEASED)) keepUp(s, now() + FIN_WAIT);
}

/** The connection is over. What was received stays to be read, unless nobody is there to read it. */
export function finish(s: Stream, error: u32): void {
  const wasWaiting = s.state == STREAM_TIME_WAIT;
  if (wasWaiting) leaveTimeWait(s);
  stopTimers(s);
  leaveStarved(s);
  strikeOff(s);
  giveUpPort(s);
  empty(s);
  forgetRanges(s);
  if (s.listener != 0 && streamAt(s.listener).has(IS_ANY)) tellWithdrawn(s);
  leaveListener(s);
  s.state = STREAM_CLOSED;
  if (!wasWaiting) {
    s.error = error;
    tell(s, STREAM_GONE);
  }
  if (!s.has(IS_OWNED)) free(s);
  feedStarved();
}

/** Who decides on held SYNs need not go on with this one: it has ended before anybody accepted it. */
function tellWithdrawn(s: Stream): void {
  const e = emitEvent(EVENT_SYN, s.listener);
  e.a = s.id;
  e.flags = STREAM_GONE;
  makeVisible();
}

/** Gives the record back; there is no such stream any more. */
function free(s: Stream): void {
  discard(s);
  pool(CAPACITY_STREAMS).give(s.id);
}

/** TypeScript has let go of a stream that is over. */
export function bury(s: Stream): void {
  free(s);
  feedStarved();
}

function giveUpPort(s: Stream): void {
  if (s.bound != 0) unuse(s.bound);
  s.bound = 0;
}

/** Nobody holds this stream in TIME-WAIT (any more). */
export function joinTimeWait(s: Stream): void {
  const queue = streamAt(0);
  s.next = 0;
  s.prev = queue.last;
  if (queue.last == 0) queue.first = s.id;
  else streamAt(queue.last).next = s.id;
  queue.last = s.id;
}

/** Nothing happens when it is not in the queue. */
function leaveTimeWait(s: Stream): void {
  const queue = streamAt(0);
  if (s.prev == 0 && queue.first != s.id) return;
  if (s.prev == 0) queue.first = s.next;
  else streamAt(s.prev).next = s.next;
  if (s.next == 0) queue.last = s.prev;
  else streamAt(s.next).prev = s.prev;
}
