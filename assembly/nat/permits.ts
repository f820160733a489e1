import { now } from "../memory";
import { indexBuckets, indexEnd, keyedHash } from "../table/hash";
import { mapped } from "./address";
import { mappingAt } from "./mapping";

/**
 * Permits: which remote addresses a mapping's inside has sent to of late (address-dependent filtering, RFC 4787 REQ-8).
 *
 *   Permit[2 x the index's buckets], 16 bytes each, behind the index; open addressing, at most 8 probes.
 *   A permit that is over is a miss, and its slot is reused.
 *   When all 8 are taken the one that ends first gives way: other ports of that address are then filtered.
 */
@unmanaged
class Permit {
  /** Keyed hash of mapping and address; 0 means never used. */
  key: u64;
  /** ns */
  until: u64;
}
const PERMIT: u32 = 16;
const PROBES: u32 = 8;
/** No kind of key (keys.ts) has it. */
const TAG: u32 = 0x10000;
if (offsetof<Permit>() != PERMIT) ERROR("Permit must be 16 bytes");

/** Bytes of all permits. */
export function permitsSize(): usize {
  return <usize>indexBuckets() * 2 * PERMIT;
}

function permitAt(key: u64, step: u32): Permit {
  const place = (<u32>(key >> 32) + step) & (indexBuckets() * 2 - 1);
  return changetype<Permit>(indexEnd() + <usize>place * PERMIT);
}

function keyOf(mapping: u32, remote: u32): u64 {
  return keyedHash(TAG, ((<u64>mappingAt(mapping).serial) << 32) | mapping, mapped(remote)) | 1;
}

/** Lets `remote` send to the mapping until `until` (ns), or as long as it already may. */
export function permit(mapping: u32, remote: u32, until: u64): void {
  const key = keyOf(mapping, remote);
  let place = permitAt(key, 0);
  for (let step: u32 = 0; step < PROBES; step++) {
    const p = permitAt(key, step);
    if (p.key == key) {
      if (p.until < until) p.until = until;
      return;
    }
    if (p.until < place.until) place = p;
  }
  place.key = key;
  place.until = until;
}

/** Whether the mapping's inside has sent to `remote`, on any port, by a connection whose time is not over (or was cut short). */
export function isPermitted(mapping: u32, remote: u32): bool {
  const key = keyOf(mapping, remote);
  for (let step: u32 = 0; step < PROBES; step++) {
    const p = permitAt(key, step);
    if (p.key == key) return p.until > now();
  }
  return false;
}
