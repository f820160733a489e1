import { firstConfigured, gatewayFor, interfaceAt, isOwn, onLinkWith } from "./node";

/**
 * How a node reaches an address: interface << 32 | next hop. It is looked up once per packet and handed on, since what is checked
 * before a packet leaves (is there a way, how wide is it, whose address is shown) is about the way it will take.
 */
export const NO_WAY: u64 = 0;
/** The address is the node's own. */
export const OWN: u64 = 0xffffffff00000000;

/** On link by the longest prefix; a group by the first interface that has an address; else the gateway of the longest route. */
export function wayTo(node: u32, dst: u32): u64 {
  if (isOwn(node, dst)) return OWN;
  if (dst == 0xffffffff || dst >>> 28 == 14) return wayBy(firstConfigured(node), dst);
  const id = onLinkWith(node, dst);
  if (id != 0) return wayBy(id, dst);
  const via = gatewayFor(node, dst);
  return via == 0 ? NO_WAY : wayBy(onLinkWith(node, via), via);
}

function wayBy(id: u32, hop: u32): u64 {
  return id == 0 ? NO_WAY : (<u64>id << 32) | hop;
}

/** The interface of a way that leaves the node; 0: it does not. */
export function interfaceOf(way: u64): u32 {
  return way == OWN ? 0 : <u32>(way >> 32);
}

export function hopOf(way: u64): u32 {
  return <u32>way;
}

/** The address a node shows when it sends to `dst` by `way`: the destination's own if that is local, else its interface's. 0: none. */
export function sourceBy(way: u64, dst: u32): u32 {
  if (way == OWN) return dst;
  return way == NO_WAY ? 0 : interfaceAt(interfaceOf(way)).address;
}

/** The same when nothing else is asked about the way. */
export function sourceFor(node: u32, dst: u32): u32 {
  return sourceBy(wayTo(node, dst), dst);
}
