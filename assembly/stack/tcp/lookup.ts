import { indexAdd, indexRemove, keyedHash, nextMatch, valueAt } from "../../table/hash";
import { PROTOCOL_TCP } from "../../wire/ipv4";
import { Stream, streamAt } from "./stream";

/**
 * Streams by node and both endpoints, in the lab's one index (table/hash.ts). Entry: stream << 3 | KIND, as the NATs' entries
 * (nat/keys.ts), whose kinds are 1 to 6. This file alone compares a stream's addresses.
 */
const KIND: u32 = 7;
const KIND_BITS: u32 = 3;
const KIND_MASK: u32 = 7;

function hashOf(node: u32, local: u32, localPort: u32, remote: u32, remotePort: u32): u64 {
  return keyedHash(
    (PROTOCOL_TCP << KIND_BITS) | KIND,
    (<u64>remote << 32) | local,
    (<u64>node << 32) | (remotePort << 16) | localPort,
  );
}

/** The stream of these two endpoints; 0: there is none. */
export function findStream(node: u32, local: u32, localPort: u32, remote: u32, remotePort: u32): u32 {
  const hash = hashOf(node, local, localPort, remote, remotePort);
  for (let at = nextMatch(hash, 0); at != 0; at = nextMatch(hash, at)) {
    const value = valueAt(at);
    if ((value & KIND_MASK) != KIND) continue;
    const s = streamAt(value >> KIND_BITS);
    if (s.local != local || s.remote != remote || s.node != node) continue;
    if (s.localPort == localPort && s.remotePort == remotePort) return value >> KIND_BITS;
  }
  return 0;
}

/** Makes a stream known under its endpoints; false when the index is full. */
export function enlist(s: Stream): bool {
  return indexAdd(hashOf(s.node, s.local, s.localPort, s.remote, s.remotePort), (s.id << KIND_BITS) | KIND);
}

/** Makes it unknown again; nothing happens when it is not known. */
export function strikeOff(s: Stream): void {
  indexRemove(hashOf(s.node, s.local, s.localPort, s.remote, s.remotePort), (s.id << KIND_BITS) | KIND);
}
