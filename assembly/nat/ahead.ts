import { CAPACITY_CONNECTIONS, IS_FRAGMENT } from "../abi";
import { Frame } from "../frames";
import { pool } from "../memory";
import { bucketOf, nextMatch } from "../table/hash";
import { Ipv4, PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";
import { connectionAt } from "./connections";
import { CONNECTION_IN, CONNECTION_OUT, idAt, keyHash, kindAt } from "./keys";
import { mappingAt } from "./mapping";

/**
 * Looking ahead. Where the tables are larger than the core's cache a translation waits for memory three times, one after the other:
 * for the index, the connection, the mapping. Done for a burst step by step, the waits of all its packets overlap. These are loads
 * and nothing else: what is found is looked up again when its packet's turn comes, and may have changed by then.
 */

/** Fewer connections than this are in the cache anyway. */
const FEW: u32 = 4096;

export function isAheadWorthwhile(): bool {
  return pool(CAPACITY_CONNECTIONS).live > FEW;
}

/** What the connection of a packet from inside would be found under; 0: not looked for. The packet is sound, by the parser. */
export function aheadInside(nat: u32, f: Frame): u64 {
  if (!isOrdinary(f)) return 0;
  const ip = Ipv4.at(f.data + f.l3);
  return keyHash(CONNECTION_IN, nat, f.protocol, ip.src, f.srcPort, ip.dst, f.dstPort);
}

/** The same for a packet that came for an outside node. */
export function aheadOutside(node: u32, f: Frame): u64 {
  if (!isOrdinary(f)) return 0;
  const ip = Ipv4.at(f.data + f.l3);
  return keyHash(CONNECTION_OUT, node, f.protocol, ip.dst, f.dstPort, ip.src, f.srcPort);
}

function isOrdinary(f: Frame): bool {
  return (f.flags & IS_FRAGMENT) == 0 && (f.protocol == PROTOCOL_UDP || f.protocol == PROTOCOL_TCP);
}

/**
 * Loads ahead for `count` packets.
 *
 * @param hashes  u64[count]: what their connections would be found under, 0 where there is nothing to look for; overwritten
 * @returns       the sum of what was loaded
 */
export function lookAhead(hashes: usize, count: u32): u64 {
  const end = hashes + (<usize>count << 3);
  let sum: u64 = 0;
  for (let p = hashes; p < end; p += 8) sum += load<u64>(bucketOf(load<u64>(p)));
  for (let p = hashes; p < end; p += 8) {
    const id = candidate(load<u64>(p));
    store<u64>(p, id);
    sum += connectionAt(id).deadline;
  }
  for (let p = hashes; p < end; p += 8) sum += mappingAt(connectionAt(load<u32>(p)).mapping).deadline;
  return sum;
}

/** The connection that may be under `hash`; 0, whose record is nobody's: none. */
function candidate(hash: u64): u32 {
  const at = hash == 0 ? <usize>0 : nextMatch(hash, 0);
  if (at == 0 || (kindAt(at) != CONNECTION_IN && kindAt(at) != CONNECTION_OUT)) return 0;
  return idAt(at);
}
