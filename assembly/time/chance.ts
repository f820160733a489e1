/**
 * Chance on a wire. Every frame of every direction has dice of its own, one for each question, so that neither another wire nor
 * another setting of this one changes how a die falls.
 *
 * SplitMix64 (Steele, Lea, Flood 2014) with the frame's number and the question as its counter: 53 bits, 0 ≤ n < 1.
 *
 * @param frame  how many frames this direction has sent before
 * @param die    DIE_…
 */
export function chance(seed: u64, frame: u64, die: u32): f64 {
  let z = seed + ((frame << 3) + die + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return <f64>((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

export const DIE_LOSS: u32 = 0;
export const DIE_STATE: u32 = 1;
export const DIE_CORRUPT: u32 = 2;
export const DIE_BIT: u32 = 3;
export const DIE_DUPLICATE: u32 = 4;
export const DIE_JITTER: u32 = 5;
export const DIE_REORDER: u32 = 6;
