/**
 * 64 bits that depend on every character of `text`, as two u32: what the lab makes seeds and MACs from.
 *
 * Two multiply-and-xor accumulators over UTF-16 units, finished by MurmurHash3's mixer. Not for secrets: it has to be the
 * same everywhere and to spread similar names ("vm1", "vm2") far apart.
 */
export function hash(text: string): [high: number, low: number] {
  let high = 0x9e3779b9;
  let low = 0x85ebca6b;
  for (let i = 0; i < text.length; i++) {
    high = Math.imul(high ^ text.charCodeAt(i), 0x9e3779b1);
    low = Math.imul(low ^ text.charCodeAt(i), 0x5f356495);
    high = (high << 13) | (high >>> 19);
  }
  return [mix(high ^ (low >>> 7)), mix(low ^ (high >>> 11))];
}

function mix(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
