import type { Script } from "../story";
import { addressStories } from "./address";
import { arpStories } from "./arp";
import { forwardStories } from "./forward";
import { gatewayStories } from "./gateway";
import { lifeStories } from "./life";
import { natStories } from "./nat";
import { natTimeStories } from "./nat-time";
import { switchStories } from "./switch";

/** All stories, by what they are about. */
export const STORIES: Record<string, Script[]> = {
  switch: switchStories,
  arp: arpStories,
  gateway: gatewayStories,
  nat: natStories,
  "nat in time": natTimeStories,
  forwards: forwardStories,
  addresses: addressStories,
  "plugging and unplugging": lifeStories,
};
