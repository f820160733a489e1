import { CAPACITY_CHUNKS } from "../../abi";
import { pool } from "../../memory";

/**
 * Chunks: the memory of all send and receive queues.
 *
 *   0 ┬ next chunk of the queue (of the free list) · sequence number of the first byte
 *   8 └ 2040 bytes
 *
 * A queue is a chain of chunks in order; those of a send queue follow each other without a gap. An idle stream holds none. A full
 * pool must not lock the lab up: the last quarter is not for writers, and the last three eighths not for data out of order. So
 * strangers who leave gaps keep nobody from writing, and writers keep nobody from hearing what can be read at once.
 */
@unmanaged
export class Chunk {
  next: u32;
  seq: u32;

  /** Address of the byte with sequence number `seq`, which has to be in this chunk. */
  at(seq: u32): usize {
    return changetype<usize>(this) + CHUNK_HEAD + <usize>(seq - this.seq);
  }
  /** The sequence number after its last byte. */
  get end(): u32 {
    return this.seq + CHUNK_ROOM;
  }
}
if (offsetof<Chunk>() != 8) ERROR("Chunk must be 8 bytes");

export const CHUNK_SIZE: u32 = 2048;
export const CHUNK_HEAD: u32 = 8;
/** Bytes of data in one chunk. */
export const CHUNK_ROOM: u32 = CHUNK_SIZE - CHUNK_HEAD;

export function chunkAt(id: u32): Chunk {
  return changetype<Chunk>(pool(CAPACITY_CHUNKS).base + <usize>id * CHUNK_SIZE);
}

/** A chunk for bytes from `seq` on; 0 when no more than `reserve` are left. Its bytes are what they were before. */
export function takeChunk(seq: u32, reserve: u32): u32 {
  const p = pool(CAPACITY_CHUNKS);
  if (p.capacity - p.live <= reserve) return 0;
  let id = p.free;
  if (id != 0) p.free = chunkAt(id).next;
  else id = ++p.high;
  p.live++;
  const c = chunkAt(id);
  c.next = 0;
  c.seq = seq;
  return id;
}

/** Gives one chunk back and returns the next of its queue. */
export function giveChunk(id: u32): u32 {
  const p = pool(CAPACITY_CHUNKS);
  const c = chunkAt(id);
  const next = c.next;
  c.next = p.free;
  p.free = id;
  p.live--;
  return next;
}

/** Gives a whole queue back. */
export function giveChunks(first: u32): void {
  while (first != 0) first = giveChunk(first);
}

/** Chunks that writers leave to readers. */
export function writersReserve(): u32 {
  return pool(CAPACITY_CHUNKS).capacity >> 2;
}

/** Chunks that lists of ranges leave to data that can be read at once. */
export function readersReserve(): u32 {
  return pool(CAPACITY_CHUNKS).capacity >> 3;
}

/** Chunks that data out of order leaves to readers and writers. */
export function orderReserve(): u32 {
  return (pool(CAPACITY_CHUNKS).capacity * 3) >> 3;
}

/** The chunk of a queue that holds `seq`, from `from` on; 0 when the queue ends before it. */
export function seek(from: u32, seq: u32): u32 {
  let id = from;
  while (id != 0 && seq - chunkAt(id).seq >= CHUNK_ROOM) id = chunkAt(id).next;
  return id;
}
