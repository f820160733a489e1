import { contains, formatIp, lastOf, parseIp } from "../address";
import type { Host } from "../host";
import type { Machine } from "../machine";
import { MODES } from "../modes";
import type { ModeName } from "../modes";

/** A way to send something although nobody said that it leads there: the next hop's MAC is simply written down. */
export interface Way {
  /** `"by way of laptop"` */
  name: string;
  mac: string;
}

/**
 * The ways a frame would take from `from` to `to` if only the mode let it: through whoever stands between the two networks,
 * then straight to the card, as if both were on one network.
 */
export function waysBetween(mode: ModeName, from: Machine, to: Machine, laptop: Host): Way[] {
  const straight = { name: "straight to its MAC", mac: to.mac! };
  const between = middleman(mode, from, to, laptop);
  return between ? [between, straight] : [straight];
}

/** The host, where it has a card on the sender's network; else the network's gateway, if it has one. */
function middleman(mode: ModeName, from: Machine, to: Machine, laptop: Host): Way | null {
  if (from === laptop || to === laptop) return null;
  const here = from.legs[0]!.segment;
  const near = laptop.legs.find(({ segment }) => segment && here && segment.domain === here.domain);
  if (near) return { name: `by way of ${laptop.name}`, mac: near.mac! };
  const { gateway } = MODES[mode];
  return gateway && { name: "by way of its gateway", mac: gateway.mac };
}

/** Makes `from` send what is for `address` to `mac`: a static neighbour, and a route to it where the address is not on link. */
export function aim(from: Machine, address: string, mac: string): void {
  const ip = parseIp(address, from.name);
  if (from.legs.some(({ subnet }) => subnet && contains(subnet, ip))) return from.neighbor(address, mac);
  const hop = formatIp(lastOf(from.legs[0]!.subnet!) - 4);
  from.neighbor(hop, mac);
  from.route(`${address}/32`, hop);
}
