/**
 * IPv4 addresses in 16-byte fields, IPv4-mapped: ::ffff:a.b.c.d (RFC 4291 §2.5.5.2).
 *
 * A field is two u64 as they lie in memory, in network order; the upper one is zero for IPv4. Addresses outside records are
 * numbers in host order.
 */

/** Bytes 8…15 of the field that holds `ip`. */
export function mapped(ip: u32): u64 {
  return ((<u64>bswap<u32>(ip)) << 32) | 0xffff0000;
}

/** The address in a field whose bytes 8…15 are `low`. */
export function ipv4Of(low: u64): u32 {
  return bswap<u32>(<u32>(low >> 32));
}
