import { ABI_VERSION } from "../assembly/abi";
import { Core } from "./core";
import { Engine } from "./engine";
import type { EngineSource, MemoryPages } from "./engine";
import { LabError } from "./errors";
import type { LabState } from "./state";
import { seedWire } from "./wire";

/**
 * A lab at one instant: plain values and byte arrays, fit for `structuredClone` and for IndexedDB.
 *
 * Promises and external guests do not travel.
 */
export interface Snapshot {
  version: 1;
  /** ABI_VERSION of the engine whose memory it is. */
  engine: number;
  memory: MemoryPages;
  state: LabState;
}

export function takeSnapshot(core: Core): Snapshot {
  core.enter();
  core.save();
  return { version: 1, engine: ABI_VERSION, memory: core.engine.save(), state: structuredClone(core.state) };
}

/**
 * An engine with the memory of a snapshot.
 *
 * @throws LabError SNAPSHOT
 */
export async function restore(snapshot: Snapshot, source?: EngineSource): Promise<Core> {
  if (snapshot?.version !== 1 || snapshot.engine !== ABI_VERSION)
    throw new LabError("SNAPSHOT",
      `snapshot of version ${snapshot?.version}, engine ${snapshot?.engine}; this package reads version 1, engine ` +
      `${ABI_VERSION}. Was it taken with another release?`);
  const state = structuredClone(snapshot.state);
  return new Core(await Engine.load(source, state.capacities, snapshot.memory), state);
}

/** Gives every station and every wire of a fork dice of its own: ports, identifiers, waiting times and losses differ from now on. */
export function reseed(core: Core): void {
  const { call } = core.engine;
  const { hosts, routers, lans } = core.state;
  const vms = hosts.flatMap((host) => host.vms);
  for (const { node, name } of [...hosts, ...vms, ...routers])
    if (node !== 0) call.nodeReseed(node, ...core.seedOf(name));
  const networks = [...lans, ...hosts.flatMap((host) => host.networks), ...vms.flatMap((vm) => vm.networks)];
  for (const { stations, uplink } of networks) {
    for (const { node, leg } of stations) {
      call.nodeReseed(node, ...core.seedOf(leg.name));
      seedWire(core, leg);
    }
    for (const each of uplink) seedWire(core, each);
  }
  for (const { legs } of [...hosts, ...vms, ...routers]) for (const leg of legs) seedWire(core, leg);
  for (const { trunk, name } of lans) if (trunk !== 0) seedWire(core, { port: trunk, name: `${name}/trunk` });
}
