/** Sequence numbers count modulo 2^32: what is before what is only said of numbers less than 2^31 apart (RFC 9293 §3.4). */
export function isBefore(a: u32, b: u32): bool {
  return <i32>(a - b) < 0;
}

export function laterOf(a: u32, b: u32): u32 {
  return isBefore(a, b) ? b : a;
}

export function earlierOf(a: u32, b: u32): u32 {
  return isBefore(a, b) ? a : b;
}
