import { CAPACITY_CONNECTIONS, CAPACITY_FORWARDS, CAPACITY_MAPPINGS, CAPACITY_NATS } from "../abi";
import { capacity, layRegion, pool } from "../memory";
import { indexEnd, layIndex } from "../table/hash";
import { CONNECTION_SIZE, endConnection } from "./connections";
import { FORWARD_SIZE, forwardRemove } from "./forward";
import { MAPPING_SIZE } from "./mapping";
import { CLASSES, NAT_SIZE, natAt } from "./record";
import { permitsSize } from "./permits";

/** The door of nat/: what the walk and the commands use. */
export {
  aliasOf,
  insideNodeOf,
  isAlias,
  isQuiet,
  natAdd,
  natAlias,
  natGuest,
  natSet,
  outsideInterfaceOf,
  outsideNodeOf,
} from "./record";
export { connectionNext, connectionOffset } from "./connections";
export { mappingNext, mappingOffset } from "./mapping";
export { forwardAdd, forwardRemove } from "./forward";
export { isOutsideTaken } from "./ports";
export { answeredLoopback, isLentOut, natInbound } from "./inbound";
export { natOutbound } from "./outbound";
export { aheadInside, aheadOutside, isAheadWorthwhile, lookAhead } from "./ahead";

/**
 * Lays out everything the NATs need from `base` on. Returns the address after it.
 *
 * @param others  entries in the index (table/hash.ts) that are not a NAT's
 */
export function layNat(base: usize, others: u32): usize {
  let end = layRegion(CAPACITY_NATS, base, NAT_SIZE);
  end = layRegion(CAPACITY_MAPPINGS, end, MAPPING_SIZE);
  end = layRegion(CAPACITY_CONNECTIONS, end, CONNECTION_SIZE);
  end = layRegion(CAPACITY_FORWARDS, end, FORWARD_SIZE);
  // Mappings and connections are found from both sides.
  layIndex(end, 2 * (capacity(CAPACITY_CONNECTIONS) + capacity(CAPACITY_MAPPINGS)) + capacity(CAPACITY_FORWARDS) + others);
  return indexEnd() + permitsSize();
}

/** Ends all connections and mappings of a NAT; its forwards stay. */
export function natFlush(nat: u32): void {
  const n = natAt(nat);
  for (let which: u32 = 0; which < CLASSES; which++) {
    while (n.queue(which).first != 0) endConnection(n.queue(which).first);
  }
}

/** Ends a NAT with its connections and forwards; an id that is no NAT's is let be. */
export function natRemove(nat: u32): void {
  const n = natAt(nat);
  if (n.live == 0) return;
  natFlush(nat);
  while (n.firstForward != 0) forwardRemove(n.firstForward);
  pool(CAPACITY_NATS).give(nat);
}
