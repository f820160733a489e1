/**
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624).
 *
 * Sums are kept in the byte order of the memory: one's-complement addition does not care (RFC 1071 §2 (B)), so no word is
 * swapped on the way. A `sum` is a partial sum of 16-bit words in a u64, not yet folded; a `checksumBE` is what stands
 * in a header.
 */

/** Partial sum of `length` bytes at `address`, 0…65535; an odd last byte is padded with zero on the right. */
export function sumOf(address: usize, length: u32): u64 {
  let p = address;
  let sum: u64 = 0;
  // The inspect module is built without SIMD.
  if (ASC_FEATURE_SIMD) {
    const blocks = length & ~63;
    if (blocks != 0) sum = sumOfBlocks(p, blocks);
    p += blocks;
  }
  const words = address + <usize>(length & ~3);
  while (p < words) {
    sum += load<u32>(p);
    p += 4;
  }
  if (length & 2) {
    sum += load<u16>(p);
    p += 2;
  }
  if (length & 1) sum += load<u8>(p);
  return sum;
}

/** 64 bytes at a time in four registers of four u32 lanes; a lane is good for 32,768 additions. */
function sumOfBlocks(address: usize, length: u32): u64 {
  let a = i32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  const end = address + length;
  for (let p = address; p < end; p += 64) {
    a = i32x4.add(a, i32x4.extadd_pairwise_i16x8_u(v128.load(p)));
    b = i32x4.add(b, i32x4.extadd_pairwise_i16x8_u(v128.load(p, 16)));
    c = i32x4.add(c, i32x4.extadd_pairwise_i16x8_u(v128.load(p, 32)));
    d = i32x4.add(d, i32x4.extadd_pairwise_i16x8_u(v128.load(p, 48)));
  }
  const lanes = i32x4.add(i32x4.add(a, b), i32x4.add(c, d));
  const pairs = i64x2.add(i64x2.extend_low_i32x4_u(lanes), i64x2.extend_high_i32x4_u(lanes));
  return i64x2.extract_lane(pairs, 0) + i64x2.extract_lane(pairs, 1);
}

/** Partial sum of an IPv4 header: `length` is a multiple of 4, 20…60. */
export function sumOfHeader(address: usize, length: u32): u64 {
  let sum = <u64>load<u32>(address) + <u64>load<u32>(address, 4) + <u64>load<u32>(address, 8);
  sum += <u64>load<u32>(address, 12) + <u64>load<u32>(address, 16);
  for (let at: u32 = 20; at < length; at += 4) sum += load<u32>(address + at);
  return sum;
}

/** Folds a partial sum to 16 bits, not complemented. */
export function fold(sum: u64): u32 {
  sum = (sum >> 32) + (sum & 0xffffffff);
  sum = (sum >> 32) + (sum & 0xffffffff);
  let s = <u32>sum;
  s = (s >>> 16) + (s & 0xffff);
  return (s >>> 16) + (s & 0xffff);
}

/** The checksum to store in a header that was summed with its checksum field zero. */
export function checksumOf(sum: u64): u16 {
  return <u16>~fold(sum);
}

/** Partial sum of the IPv4 pseudo-header (RFC 768, RFC 9293 §3.1). Addresses and `length` are in host order. */
export function pseudoHeader(src: u32, dst: u32, protocol: u32, length: u32): u64 {
  return <u64>bswap<u32>(src) + <u64>bswap<u32>(dst) + <u64>bswap<u16>(<u16>protocol) + <u64>bswap<u16>(<u16>length);
}

/**
 * What a change of 32 bits adds to a sum: ~m + m' (RFC 1624 §3, eqn. 3). `before` and `after` are in network order, as
 * loaded from the header. Differences of several fields are added; the result is folded.
 */
export function difference(before: u32, after: u32): u32 {
  return fold(<u64>(before ^ 0xffffffff) + <u64>after);
}

/** The header's checksum after a change: HC' = ~(~HC + difference) (RFC 1624 §3). A wrong checksum stays wrong. */
export function patch(checksumBE: u16, delta: u32): u16 {
  return <u16>~fold(<u64>((<u32>~checksumBE) & 0xffff) + <u64>delta);
}
