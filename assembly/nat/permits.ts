import { indexBuckets, indexEnd, keyedHash } from "../table/hash";
import { mapped } from "./address";
import { mappingAt } from "./mapping";

/**
 * Permits: which remote addresses a mapping's inside has sent to (address-dependent filtering, RFC 4787 §5, REQ-8), and until when.
 *
 *   Permit[2 x the index's buckets], 16 bytes each, behind the index; open addressing, at most 8 probes.
 *   A permit that is over is a miss, and its slot is reused.
 *   When all 8 are taken the one that ends first gives way: other ports of that address are then filtered.
 *
 * `until` is brought up to date when a connection changes its place in a queue (connections.ts), not by every packet. What
 * it misses in between is read from the one connection that holds the permit; others that share it tell it of every packet.
 */
@unmanaged
export class Permit {
  /** Keyed hash of mapping and address, upper 40 bits · id of the connection that holds it, 24 bits. 0 means never used. */
  private keyAndHolder: u64;
  /** ns */
  until: u64;

  get holder(): u32 {
    return (<u32>this.keyAndHolder) & HOLDER;
  }
  set holder(id: u32) {
    this.keyAndHolder = (this.keyAndHolder & ~(<u64>HOLDER)) | id;
  }
  is(key: u64): bool {
    return (this.keyAndHolder ^ key) <= HOLDER;
  }
  begin(key: u64): void {
    this.keyAndHolder = key;
    this.until = 0;
  }
}
/** Ids of connections (commands/layout.ts has the most there can be). */
const HOLDER: u32 = 0xffffff;
const PERMIT: u32 = 16;
const PROBES: u32 = 8;
/** No kind of key (keys.ts) has it. */
const TAG: u32 = 0x10000;
if (offsetof<Permit>() != PERMIT) ERROR("Permit must be 16 bytes");

/** Bytes of all permits. */
export function permitsSize(): usize {
  return <usize>indexBuckets() * 2 * PERMIT;
}

/** `hash` of a permit, whose lower bits say where it lies and whose upper bits are its key. */
function permitAt(hash: u64, step: u32): Permit {
  const place = (<u32>hash + step) & (indexBuckets() * 2 - 1);
  return changetype<Permit>(indexEnd() + <usize>place * PERMIT);
}

function hashOf(mapping: u32, remote: u32): u64 {
  return keyedHash(TAG, ((<u64>mappingAt(mapping).serial) << 32) | mapping, mapped(remote));
}

function keyOf(hash: u64): u64 {
  return (hash & ~(<u64>HOLDER)) | (1 << 63);
}

/** The permit of `remote` to send to the mapping, over or not; 0: none. */
export function findPermit(mapping: u32, remote: u32): usize {
  const hash = hashOf(mapping, remote);
  for (let step: u32 = 0; step < PROBES; step++) {
    const p = permitAt(hash, step);
    if (p.is(keyOf(hash))) return changetype<usize>(p);
  }
  return 0;
}

/** The same, or a new one that nobody holds. */
export function makePermit(mapping: u32, remote: u32): Permit {
  const hash = hashOf(mapping, remote);
  const key = keyOf(hash);
  let place = permitAt(hash, 0);
  for (let step: u32 = 0; step < PROBES; step++) {
    const p = permitAt(hash, step);
    if (p.is(key)) return p;
    if (p.until < place.until) place = p;
  }
  place.begin(key);
  return place;
}
