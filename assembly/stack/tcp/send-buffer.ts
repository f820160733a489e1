import { STREAM_ESTABLISHED } from "../../abi";
import { chunkAt, giveChunk, giveChunks, seek, takeChunk, writersReserve } from "./chunks";
import { isBefore } from "./sequence";
import { Stream } from "./stream";

/**
 * What the user wrote and the other side has not acknowledged: sndUna … sndEnd. It is the retransmission queue too; no frame
 * is kept.
 */

/** Bytes written and not acknowledged. */
export function buffered(s: Stream): u32 {
  const first = s.state < STREAM_ESTABLISHED ? s.iss + 1 : s.sndUna;
  // (An acknowledged FIN stands after sndEnd.)
  return isBefore(first, s.sndEnd) ? s.sndEnd - first : 0;
}

/** Takes up to `length` bytes from `from`; returns how many there was room for. */
export function write(s: Stream, from: usize, length: u32): u32 {
  const waiting = buffered(s);
  let left = waiting >= s.sndLimit ? 0 : min<u32>(length, s.sndLimit - waiting);
  let taken: u32 = 0;
  while (left != 0) {
    if (s.sndTail == 0 || chunkAt(s.sndTail).end == s.sndEnd) {
      const id = takeChunk(s.sndEnd, writersReserve());
      if (id == 0) break;
      if (s.sndTail == 0) s.sndHead = id;
      else chunkAt(s.sndTail).next = id;
      s.sndTail = id;
    }
    const tail = chunkAt(s.sndTail);
    const part = min<u32>(left, tail.end - s.sndEnd);
    memory.copy(tail.at(s.sndEnd), from + taken, part);
    s.sndEnd += part;
    taken += part;
    left -= part;
  }
  return taken;
}

/** Copies the bytes from `seq` on, which have to be there. */
export function copyOut(s: Stream, seq: u32, to: usize, length: u32): void {
  const from = s.sndCursor != 0 && !isBefore(seq, chunkAt(s.sndCursor).seq) ? s.sndCursor : s.sndHead;
  let id = seek(from, seq);
  let left = length;
  while (left != 0) {
    s.sndCursor = id;
    const c = chunkAt(id);
    const part = min<u32>(left, c.end - seq);
    memory.copy(to, c.at(seq), part);
    to += part;
    seq += part;
    left -= part;
    id = c.next;
  }
}

/** Gives back what was acknowledged. */
export function trim(s: Stream): void {
  if (!isBefore(s.sndUna, s.sndEnd)) return empty(s);
  while (!isBefore(s.sndUna, chunkAt(s.sndHead).end)) {
    if (s.sndCursor == s.sndHead) s.sndCursor = 0;
    s.sndHead = giveChunk(s.sndHead);
  }
}

export function empty(s: Stream): void {
  giveChunks(s.sndHead);
  s.sndHead = 0;
  s.sndTail = 0;
  s.sndCursor = 0;
}
