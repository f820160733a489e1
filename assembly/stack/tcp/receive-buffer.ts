import { Chunk, chunkAt, giveChunk, giveChunks, readersReserve, seek, takeChunk } from "./chunks";
import { arrivedCount } from "./ranges";
import { isBefore } from "./sequence";
import { HAS_ENDED, Stream } from "./stream";

/** What came and was not read, rcvRead … rcvNxt, and behind it what came out of order, each byte at its place. */

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
  const reserve = seq == s.rcvNxt ? 0 : readersReserve();
  if (s.rcvHead == 0) {
    s.rcvHead = takeChunk(s.rcvRead, reserve);
    if (s.rcvHead == 0) return 0;
  }
  let id = s.rcvCursor != 0 && !isBefore(seq, chunkAt(s.rcvCursor).seq) ? s.rcvCursor : s.rcvHead;
  let done: u32 = 0;
  while (done != length) {
    const at = seq + done;
    let c = chunkAt(id);
    while (at - c.seq >= <u32>(c.end - c.seq)) {
      id = following(c, reserve);
      if (id == 0) return done;
      c = chunkAt(id);
    }
    s.rcvCursor = id;
    const part = min<u32>(length - done, c.end - at);
    memory.copy(c.at(at), from + done, part);
    done += part;
  }
  return done;
}

/** The chunk after `c`, made if need be; 0: there is none left. */
function following(c: Chunk, reserve: u32): u32 {
  if (c.next == 0) c.next = takeChunk(c.end, reserve);
  return c.next;
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
  if (readable(s) == 0 && arrivedCount(s) == 0) discard(s);
  return length;
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
