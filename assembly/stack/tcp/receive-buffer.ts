import { CHUNK_ROOM, chunkAt, giveChunk, giveChunks, orderReserve, seek, takeChunk } from "./chunks";
import { arrivedCount } from "./ranges";
import { isBefore } from "./sequence";
import { HAS_ENDED, Stream } from "./stream";

/** What came and was not read, rcvRead … rcvNxt, and behind it what came out of order, each byte at its place. Chunks may leave gaps. */

/** The sequence number after the last byte that can be read. */
function readEnd(s: Stream): u32 {
  return s.rcvNxt - u32(s.has(HAS_ENDED));
}

/** Bytes that can be read. */
export function readable(s: Stream): u32 {
  return readEnd(s) - s.rcvRead;
}

/** Puts `length` bytes where `seq` belongs, not before rcvRead; returns how many found room, from the first on. */
export function put(s: Stream, seq: u32, from: usize, length: u32): u32 {
  const reserve = seq == s.rcvNxt ? 0 : orderReserve();
  let done: u32 = 0;
  while (done != length) {
    const at = seq + done;
    const id = chunkFor(s, at, reserve);
    if (id == 0) return done;
    s.rcvCursor = id;
    const c = chunkAt(id);
    const part = min<u32>(length - done, c.end - at);
    memory.copy(c.at(at), from + done, part);
    done += part;
  }
  return done;
}

/**
 * The chunk for `seq`, made at its place if need be; 0: there is none left. A gap costs nothing: chunks are made where bytes came, on
 * a grid, so that what fills the gap later meets their edges.
 */
function chunkFor(s: Stream, seq: u32, reserve: u32): u32 {
  let before = s.rcvCursor != 0 && !isBefore(seq, chunkAt(s.rcvCursor).seq) ? s.rcvCursor : 0;
  let id = before == 0 ? s.rcvHead : before;
  while (id != 0 && !isBefore(seq, chunkAt(id).end)) {
    before = id;
    id = chunkAt(id).next;
  }
  if (id != 0 && !isBefore(seq, chunkAt(id).seq)) return id;
  const made = takeChunk(gridBefore(before, id, seq), reserve);
  if (made == 0) return 0;
  chunkAt(made).next = id;
  if (before == 0) s.rcvHead = made;
  else chunkAt(before).next = made;
  return made;
}

/** Where the chunk for `seq` begins, between two that are there (0: none). */
function gridBefore(before: u32, after: u32, seq: u32): u32 {
  if (before != 0) return seq - (seq - chunkAt(before).seq) % CHUNK_ROOM;
  if (after == 0) return seq;
  const whole = (chunkAt(after).seq - seq + CHUNK_ROOM - 1) / CHUNK_ROOM;
  return chunkAt(after).seq - whole * CHUNK_ROOM;
}

/** Reads up to `most` bytes; returns how many there were. */
export function take(s: Stream, to: usize, most: u32): u32 {
  const length = min<u32>(most, readable(s));
  let left = length;
  while (left != 0) {
    const id = seek(s.rcvHead, s.rcvRead);
    const c = chunkAt(id);
    const part = min<u32>(left, c.end - s.rcvRead);
    memory.copy(to, c.at(s.rcvRead), part);
    to += part;
    s.rcvRead += part;
    left -= part;
    if (s.rcvRead == c.end) dropHead(s);
  }
  discardEmpty(s);
  return length;
}

/** Gives back what holds nothing any more, or what nothing came to lie in. */
export function discardEmpty(s: Stream): void {
  if (readable(s) == 0 && arrivedCount(s) == 0) discard(s);
}

function dropHead(s: Stream): void {
  if (s.rcvCursor == s.rcvHead) s.rcvCursor = 0;
  s.rcvHead = giveChunk(s.rcvHead);
}

export function discard(s: Stream): void {
  giveChunks(s.rcvHead);
  s.rcvHead = 0;
  s.rcvCursor = 0;
}
