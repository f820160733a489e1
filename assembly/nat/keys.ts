import { indexAdd, indexRemove, keyedHash, nextMatch, valueAt } from "../table/hash";

/**
 * What the NATs' records are found by. All are in the one index (table/hash), each under a kind:
 *
 *   kind             scope          local                 remote
 *   MAPPING_IN       NAT            inside endpoint       outside address, 0
 *   MAPPING_OUT      outside node   0, outside port       0, 0
 *   MAPPING_FORWARD  NAT            inside endpoint       outside endpoint
 *   CONNECTION_IN    NAT            inside endpoint       remote endpoint as the inside sees it
 *   CONNECTION_OUT   outside node   outside endpoint      remote endpoint as the outside sees it
 *   FORWARD          outside node   0, host port          0, 0
 *
 * The scope of outside keys is the node, not the NAT: all NATs of one outside node share its ports, and ICMP identifiers.
 * Who owns a port is kept without the address, so that "on any address" can be asked: as many entries are equal as the node
 * has addresses in use on that port, and beyond 56 there is no room. Entry: record id << 3 | kind.
 */
export const MAPPING_IN: u32 = 1;
export const MAPPING_OUT: u32 = 2;
export const MAPPING_FORWARD: u32 = 3;
export const CONNECTION_IN: u32 = 4;
export const CONNECTION_OUT: u32 = 5;
export const FORWARD: u32 = 6;
const KIND_BITS: u32 = 3;
const KIND_MASK: u32 = 7;

export function keyHash(
  kind: u32,
  scope: u32,
  protocol: u32,
  local: u32,
  localPort: u32,
  remote: u32,
  remotePort: u32,
): u64 {
  return keyedHash(
    (protocol << KIND_BITS) | kind,
    ((<u64>remote) << 32) | local,
    ((<u64>scope) << 32) | (remotePort << 16) | localPort,
  );
}

/** False when the index is full. */
export function addKey(hash: u64, kind: u32, id: u32): bool {
  return indexAdd(hash, (id << KIND_BITS) | kind);
}

export function removeKey(hash: u64, kind: u32, id: u32): void {
  indexRemove(hash, (id << KIND_BITS) | kind);
}

/** The next entry under `hash` of this `kind` after the entry `after` (0: the first); 0 when there is none. */
export function nextKey(hash: u64, kind: u32, after: usize): usize {
  let at = nextMatch(hash, after);
  while (at != 0 && kindAt(at) != kind) at = nextMatch(hash, at);
  return at;
}

/** The kind of an entry. */
export function kindAt(entry: usize): u32 {
  return valueAt(entry) & KIND_MASK;
}

/** The record an entry is about. */
export function idAt(entry: usize): u32 {
  return valueAt(entry) >> KIND_BITS;
}
