import { IS_FRAGMENT } from "../abi";
import { Packet } from "../packet/packet";
import { fold, sumOf } from "../wire/checksum";
import { SUM_BAD, SUM_FRAGMENT, SUM_GOOD, SUM_ROUTE } from "./layers";

/** Stands for the partial sum of addresses that cannot be told. */
export const ADDRESSES_UNKNOWN: u64 = u64.MAX_VALUE;

/** SUM_… of the checksum over `length` bytes at `at` and a pseudo-header. A fragment's cannot be told, nor one on an unknown route. */
export function sumState(at: usize, length: u32, p: Packet, pseudo: u64): u32 {
  if (p.flags & IS_FRAGMENT) return SUM_FRAGMENT;
  if (pseudo == ADDRESSES_UNKNOWN) return SUM_ROUTE;
  return fold(pseudo + sumOf(at, length)) == 0xffff ? SUM_GOOD : SUM_BAD;
}

/** Partial sum of the pseudo-header, of either family (RFC 768, RFC 8200 §8.1). `addresses` is that of both ends. */
export function pseudoSum(addresses: u64, protocol: u32, length: u32): u64 {
  if (addresses == ADDRESSES_UNKNOWN) return addresses;
  return addresses + <u64>bswap<u16>(<u16>protocol) + <u64>bswap<u16>(<u16>length);
}
