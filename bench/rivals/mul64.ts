/** The two halves of the last product. */
export let high = 0;
export let low = 0;

/**
 * The engine's `mix` (assembly/packet/packet.ts) in halves of 32 bits: ((a * K1) ^ (a * K1 >> 32) ^ b) * K2 modulo 2^64,
 * which JavaScript's numbers cannot hold. (BigInt took twice the time, products of 2^53 in doubles half as much again.)
 */
export function mix(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  let top = highOfFirst(aHigh, aLow);
  const bottom = Math.imul(aLow, 0x7f4a7c15) ^ top ^ bLow;
  top ^= bHigh;
  high = (upper(bottom, 0x27d4, 0xeb4f) + Math.imul(top, 0x27d4eb4f) + Math.imul(bottom, 0xc2b2ae3d)) | 0;
  low = Math.imul(bottom, 0x27d4eb4f);
}

/** The high half of (aHigh:aLow) * K1 modulo 2^64; the low one is `Math.imul(aLow, 0x7f4a7c15)`. */
export function highOfFirst(aHigh: number, aLow: number): number {
  return (upper(aLow, 0x7f4a, 0x7c15) + Math.imul(aHigh, 0x7f4a7c15) + Math.imul(aLow, 0x9e3779b9)) | 0;
}

/** Upper 32 bits of the product of `a` and factorHigh << 16 | factorLow, unsigned, of four products of 16 bits. */
function upper(a: number, factorHigh: number, factorLow: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const cross = Math.imul(aLow, factorHigh);
  const other = Math.imul(aHigh, factorLow);
  const middle = (Math.imul(aLow, factorLow) >>> 16) + (cross & 0xffff) + (other & 0xffff);
  return Math.imul(aHigh, factorHigh) + (cross >>> 16) + (other >>> 16) + (middle >>> 16);
}
