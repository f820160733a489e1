import type { Staged } from "../traffic";
import { ALIGN } from "../traffic";

/** Longest copy, bytes, that a loop of eight bytes a turn does faster than a call. */
const LOOP = 384;

/**
 * Copies a frame within `staged`, from slot to slot. Eight bytes a turn: V8 makes no BigInt of one that is stored at once, and
 * four bytes a turn took two to three times as long.
 *
 * @param from    word offset of the slot
 * @param to      word offset of the slot
 * @param length  of the frame
 */
export function copyFrame({ longs, words, stride }: Staged, from: number, to: number, length: number): void {
  const bytes = length + ALIGN;
  const a = from >> 1;
  const b = to >> 1;
  if (stride === 64) {
    longs[b] = longs[a]!;
    longs[b + 1] = longs[a + 1]!;
    longs[b + 2] = longs[a + 2]!;
    longs[b + 3] = longs[a + 3]!;
    longs[b + 4] = longs[a + 4]!;
    longs[b + 5] = longs[a + 5]!;
    longs[b + 6] = longs[a + 6]!;
    longs[b + 7] = longs[a + 7]!;
    return;
  }
  if (bytes > LOOP) return void words.copyWithin(to, from, from + ((bytes + 3) >> 2));
  for (let i = 0; i << 3 < bytes; i++) longs[b + i] = longs[a + i]!;
}
