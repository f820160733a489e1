import { WITHOUT_WHOLE } from "../../abi";
import { isWholeFree } from "../../frames";
import { settledMac } from "../../ip/neighbor";
import { interfaceAt, nodeAt } from "../../ip/node";
import { hopOf, interfaceOf, wayTo } from "../../ip/way";
import { control } from "../../memory";
import { WHOLE_MOST, passesWhole } from "../../whole";
import { HAS_WHOLE, MAY_FRAGMENT, Stream } from "./stream";

/**
 * How much of `length` bytes of new data, two segments of `full` bytes or more, leaves in one frame: as many full segments as there
 * are, if nothing on the way has to see them one by one; else one.
 */
export function wholeSegments(s: Stream, full: u32, length: u32): u32 {
  if (full != s.mss || (s.without & WITHOUT_WHOLE) != 0 || !isWholeFree() || !travelsWhole(s)) return full;
  s.set(HAS_WHOLE);
  const segments = min<u32>(length, WHOLE_MOST) / full;
  nodeAt(s.node).ipId += segments - 1;
  return segments * full;
}

/** Across one switch, from interface to interface, with nobody who looks or alters. */
function travelsWhole(s: Stream): bool {
  const way = wayTo(s.node, s.remote);
  const id = interfaceOf(way);
  if (id == 0 || hopOf(way) != s.remote || s.has(MAY_FRAGMENT) || control().mark != 0) return false;
  const mac = settledMac(id, s.remote);
  return mac != 0 && passesWhole(interfaceAt(id).port, mac, s.remote);
}
