import { CAPACITY_FDB } from "../abi";
import { nowMs, pool, seed } from "../memory";

/**
 * Forwarding database: which port was a station last heard on (IEEE 802.1Q-2018 §8.8).
 *
 *   Station[capacity], 16 bytes each, open addressing, at most 8 probes from a home slot.
 *   The caller says how old an entry may be; an older one is a miss, and its slot is reused.
 *   When all 8 are taken the one heard longest ago gives way.
 *   `heard` is 40 bits of milliseconds: it wraps after 34 years.
 */
@unmanaged
export class Station {
  /** network << 48 | MAC; 0 means never used. */
  key: u64;
  /** port << 40 | heard. */
  private portAndHeard: u64;

  get port(): u32 {
    return <u32>(this.portAndHeard >> 40);
  }
  get heard(): u64 {
    return this.portAndHeard & 0xffffffffff;
  }
  hear(port: u32, ms: u64): void {
    const value = (<u64>port << 40) | ms;
    if (this.portAndHeard != value) this.portAndHeard = value;
  }
}
if (offsetof<Station>() != 16) ERROR("Station must be 16 bytes");
export const STATION_SIZE: u32 = 16;

const PROBES: u32 = 8;

/** No port is known. */
export const NO_PORT: u32 = 0;

export function stationKey(network: u32, mac: u64): u64 {
  return (<u64>network << 48) | mac;
}

function home(key: u64): u32 {
  const h = (key ^ seed()) * 0x9e3779b97f4a7c15;
  return <u32>((h ^ (h >> 29)) >> 24) & (pool(CAPACITY_FDB).capacity - 1);
}

export function stationAt(slot: u32): Station {
  return changetype<Station>(pool(CAPACITY_FDB).base + (<usize>(slot & (pool(CAPACITY_FDB).capacity - 1)) << 4));
}

/** Where a key's search begins: loaded ahead of time, a burst at once. */
export function stationHome(key: u64): usize {
  return changetype<usize>(stationAt(home(key)));
}

/** Port that `key` was last heard on, or NO_PORT when unknown or older than `ageing` ms at time `ms`. */
// @ts-ignore: decorator
@inline
export function lookup(key: u64, ageing: u64, ms: u64): u32 {
  const first = home(key);
  const s = stationAt(first);
  // Nearly always the first place; the rest of the search is kept out of the walk's way.
  if (s.key == key) return ms - s.heard < ageing ? s.port : NO_PORT;
  return lookupFrom(first, key, ageing, ms);
}

function lookupFrom(first: u32, key: u64, ageing: u64, ms: u64): u32 {
  for (let i: u32 = 0; i < PROBES; i++) {
    const s = stationAt(first + i);
    if (s.key == key) return ms - s.heard < ageing ? s.port : NO_PORT;
    if (s.key == 0) return NO_PORT;
  }
  return NO_PORT;
}

/** `key` was heard on `port`. */
// @ts-ignore: decorator
@inline
export function learn(key: u64, port: u32, ms: u64): void {
  const first = home(key);
  const s = stationAt(first);
  if (s.key == key) s.hear(port, ms);
  else learnFrom(first, key, port, ms);
}

function learnFrom(first: u32, key: u64, port: u32, ms: u64): void {
  let oldest = stationAt(first);
  for (let i: u32 = 0; i < PROBES; i++) {
    const s = stationAt(first + i);
    if (s.key == key) return s.hear(port, ms);
    if (s.key == 0) {
      s.key = key;
      return s.hear(port, ms);
    }
    if (s.heard < oldest.heard) oldest = s;
  }
  oldest.key = key;
  oldest.hear(port, ms);
}

/** Forgets every station that was heard on `port`: it leaves its network. The slots stay, as old as can be. */
export function forgetPort(port: u32): void {
  for (let slot: u32 = 0; slot < pool(CAPACITY_FDB).capacity; slot++) {
    const s = stationAt(slot);
    if (s.key != 0 && s.port == port) s.hear(NO_PORT, 0);
  }
}

/** The first slot at or after `slot` that holds a station of `network` heard within `ageing` ms, or the capacity. */
export function nextStation(network: u32, slot: u32, ageing: u64): u32 {
  const end = pool(CAPACITY_FDB).capacity;
  const ms = nowMs();
  while (slot < end) {
    const s = stationAt(slot);
    if (s.port != NO_PORT && <u32>(s.key >> 48) == network && ms - s.heard < ageing) return slot;
    slot++;
  }
  return end;
}
