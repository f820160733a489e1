import { TOWARDS_DEVICE, TOWARDS_SWITCH } from "../assembly/abi";
import type { Core } from "./core";
import { characterOf, isPlain } from "./wire-options";
import type { Character, WireOptions } from "./wire-options";

/** What has become of frames in one direction of a wire since it was given character, and what waits there now. */
export interface WireStats {
  /** Sent on their way; twins count. */
  passed: number;
  lost: number;
  corrupted: number;
  duplicated: number;
  /** Late by the chance of `reorder`. */
  late: number;
  /** Too large, or no place in the queue. */
  refused: number;
  queue: { frames: number; bytes: number };
}

/** A port of the engine, and the name that its dice are thrown by. */
interface NamedPort {
  port: number;
  name: string;
}

/**
 * Gives a card's port the character that is left of `layers`, the lab's first.
 *
 * @param buckets  of its bandwidth group, by direction; 0: none
 * @throws LabError FULL
 */
export function applyWire(
  core: Core, port: NamedPort, layers: readonly WireOptions[], buckets: readonly [number, number] = [0, 0],
): void {
  apply(core, port, [characterOf(layers, "send"), characterOf(layers, "receive")], buckets);
}

/** The same for the two ends of an uplink: each sends by the direction towards what the engine calls its device. */
export function applyUplink(core: Core, [near, far]: readonly NamedPort[], layers: readonly WireOptions[]): void {
  const [send, receive] = [characterOf(layers, "send"), characterOf(layers, "receive")];
  apply(core, near!, [send, send], [0, 0]);
  apply(core, far!, [receive, receive], [0, 0]);
}

function apply(core: Core, { port, name }: NamedPort, ways: [Character, Character], buckets: readonly [number, number]): void {
  const { call } = core.engine;
  if (buckets.every((bucket) => bucket === 0) && isPlain(...ways) && call.wirePlain(port, ways[0].delay) !== 0) return;
  core.check(call.wireAdd(port), `wire that does more than delay (${name})`);
  for (const way of [TOWARDS_SWITCH, TOWARDS_DEVICE]) core.engine.fillWire(port, way, ways[way]!);
  seedWire(core, { port, name });
  for (const way of [TOWARDS_SWITCH, TOWARDS_DEVICE]) call.wireSet(port, way, buckets[way]!);
}

/** Throws the dice of a port's wire anew, by the lab's seed and the port's own name: another wire changes nothing here. */
export function seedWire(core: Core, { port, name }: NamedPort): void {
  for (const way of [TOWARDS_SWITCH, TOWARDS_DEVICE]) core.engine.call.wireSeed(port, way, ...core.seedOf(`wire/${name}/${way}`));
}

/** Delay of a wire that is not told otherwise, ns. */
export function labDelay(core: Core): number { return characterOf([core.state.wire], "send").delay; }

/** Both directions of a port's wire; null: it only delays. */
export function wireStats(core: Core, port: number): { send: WireStats; receive: WireStats } | null {
  const [send, receive] = [core.engine.wire(port, TOWARDS_SWITCH), core.engine.wire(port, TOWARDS_DEVICE)];
  return send && receive && { send, receive };
}
