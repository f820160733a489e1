/** Whether an option whose kind prescribes a length has it; of a kind that is not known, any length is sound. */
export function isSizeSound(isTcp: bool, kind: u32, size: u32): bool {
  return isTcp ? isTcpSound(kind, size) : isIpv4Sound(kind, size);
}

/** RFC 9293 §3.2 (2), RFC 7323 §2.2 and §3.2 (3, 8), RFC 2018 §2 and §3 (4, 5), RFC 5482 §2 (28), RFC 7413 §4.1.1 (34). */
function isTcpSound(kind: u32, size: u32): bool {
  if (kind == 2 || kind == 28) return size == 4;
  if (kind == 3) return size == 3;
  if (kind == 4) return size == 2;
  if (kind == 5) return size >= 10 && (size - 2) % 8 == 0;
  if (kind == 8) return size == 10;
  if (kind == 19) return size == 18; // RFC 2385 §3
  return kind != 34 || size == 2 || (size >= 6 && size <= 18 && (size & 1) == 0);
}

/** RFC 791 §3.1 (7, 68, 131, 136, 137), RFC 2113 §2.1 (148). */
function isIpv4Sound(kind: u32, size: u32): bool {
  if (kind == 7 || kind == 131 || kind == 137) return size >= 7 && (size - 3) % 4 == 0;
  if (kind == 68) return size >= 4;
  if (kind == 136 || kind == 148) return size == 4;
  return true;
}
