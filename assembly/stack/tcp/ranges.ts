import { CHUNK_SIZE, chunkAt, giveChunk, readersReserve, takeChunk } from "./chunks";
import { isBefore, earlierOf, laterOf } from "./sequence";
import { Stream } from "./stream";

/**
 * Ranges of sequence numbers, left up to but without right, that do not touch each other.
 *
 * A stream that has any keeps two lists in one chunk: what came out of order (the latest first: the order in which SACK tells
 * it, RFC 2018 §4), and what the other side says it has (in order, RFC 6675's scoreboard). At most 126 each; a range that
 * finds no place is forgotten, which is always allowed.
 */
@unmanaged
export class Range {
  left: u32;
  right: u32;
}
if (offsetof<Range>() != 8) ERROR("Range must be 8 bytes");

@unmanaged
export class Ranges {
  count: u32;
  private spare: u32;

  at(i: u32): Range {
    return changetype<Range>(changetype<usize>(this) + offsetof<Ranges>() + <usize>i * offsetof<Range>());
  }

  removeAt(i: u32): void {
    this.count--;
    memory.copy(
      changetype<usize>(this.at(i)), changetype<usize>(this.at(i + 1)), <usize>(this.count - i) * offsetof<Range>());
  }

  insertAt(i: u32, left: u32, right: u32): void {
    memory.copy(
      changetype<usize>(this.at(i + 1)), changetype<usize>(this.at(i)), <usize>(this.count - i) * offsetof<Range>());
    this.count++;
    const r = this.at(i);
    r.left = left;
    r.right = right;
  }
}
/** Most ranges in a list. */
const MOST: u32 = 126;
const FIRST: usize = 8;
const SECOND: usize = FIRST + offsetof<Ranges>() + MOST * offsetof<Range>();
if (SECOND + offsetof<Ranges>() + MOST * offsetof<Range>() > CHUNK_SIZE) ERROR("two lists fit in one chunk");

/** What came out of order. There must be a chunk (`s.ranges`). */
export function arrived(s: Stream): Ranges {
  return changetype<Ranges>(changetype<usize>(chunkAt(s.ranges)) + FIRST);
}

/** What the other side says it has. There must be a chunk (`s.ranges`). */
export function sacked(s: Stream): Ranges {
  return changetype<Ranges>(changetype<usize>(chunkAt(s.ranges)) + SECOND);
}

export function arrivedCount(s: Stream): u32 {
  return s.ranges == 0 ? 0 : arrived(s).count;
}

export function sackedCount(s: Stream): u32 {
  return s.ranges == 0 ? 0 : sacked(s).count;
}

/** Sees to it that there are lists; false when there is no chunk for them. */
export function haveRanges(s: Stream): bool {
  if (s.ranges != 0) return true;
  s.ranges = takeChunk(0, readersReserve());
  if (s.ranges == 0) return false;
  arrived(s).count = 0;
  sacked(s).count = 0;
  return true;
}

/** Gives the chunk back when both lists are empty. */
export function tidyRanges(s: Stream): void {
  if (s.ranges == 0 || arrived(s).count != 0 || sacked(s).count != 0) return;
  forgetRanges(s);
}

export function forgetRanges(s: Stream): void {
  if (s.ranges != 0) giveChunk(s.ranges);
  s.ranges = 0;
}

/** Notes what came out of order, joined to what it touches, as the latest. False when the list is full. */
export function addArrived(s: Stream, left: u32, right: u32): bool {
  const list = arrived(s);
  let i: u32 = 0;
  while (i < list.count) {
    const r = list.at(i);
    if (isBefore(right, r.left) || isBefore(r.right, left)) {
      i++;
      continue;
    }
    left = earlierOf(left, r.left);
    right = laterOf(right, r.right);
    list.removeAt(i);
  }
  if (list.count == MOST) return false;
  list.insertAt(0, left, right);
  return true;
}

/** Whether this could be noted: there is a place in the list, or it touches what is there. */
export function hasPlaceFor(s: Stream, left: u32, right: u32): bool {
  const list = arrived(s);
  if (list.count < MOST) return true;
  for (let i: u32 = 0; i < list.count; i++) {
    if (!isBefore(right, list.at(i).left) && !isBefore(list.at(i).right, left)) return true;
  }
  return false;
}

/** Whether all of this has come already. */
export function hasArrived(s: Stream, left: u32, right: u32): bool {
  const list = arrived(s);
  for (let i: u32 = 0; i < list.count; i++) {
    if (!isBefore(left, list.at(i).left) && !isBefore(list.at(i).right, right)) return true;
  }
  return false;
}

/** What came out of order and now follows `next` without a gap: the end of it; `next` when there is nothing. */
export function takeArrived(s: Stream, next: u32): u32 {
  const list = arrived(s);
  let i: u32 = 0;
  while (i < list.count) {
    const r = list.at(i);
    if (isBefore(next, r.left)) {
      i++;
      continue;
    }
    next = laterOf(next, r.right);
    list.removeAt(i);
    i = 0;
  }
  return next;
}

/** Notes what the other side has; returns how many bytes of it are news. */
export function addSacked(s: Stream, left: u32, right: u32): u32 {
  const list = sacked(s);
  let i: u32 = 0;
  while (i < list.count && isBefore(list.at(i).right, left)) i++;
  let before: u32 = 0;
  while (i < list.count && !isBefore(right, list.at(i).left)) {
    const r = list.at(i);
    left = earlierOf(left, r.left);
    right = laterOf(right, r.right);
    before += r.right - r.left;
    list.removeAt(i);
  }
  if (list.count == MOST) list.count--; // the highest is forgotten: it will be told again, or sent again
  if (i > list.count) return 0;
  list.insertAt(i, left, right);
  return right - left - before;
}

/** Forgets what is acknowledged for good. */
export function trimSacked(s: Stream): void {
  const list = sacked(s);
  while (list.count != 0 && !isBefore(s.sndUna, list.at(0).right)) list.removeAt(0);
  if (list.count != 0 && isBefore(list.at(0).left, s.sndUna)) list.at(0).left = s.sndUna;
  tidyRanges(s);
}
