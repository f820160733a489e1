import { Core } from "./core";
import { Engine } from "./engine";
import type { MemoryPages } from "./engine";
import { LabError } from "./errors";
import { hash } from "./seed";
import type { LabState } from "./state";

/**
 * A lab at one instant: plain values and byte arrays, fit for `structuredClone` and for IndexedDB.
 *
 * Promises and external guests do not travel.
 */
export interface Snapshot {
  version: 1;
  memory: MemoryPages;
  state: LabState;
}

/** The engine's own module or bytes, where the built-in one is not wanted. */
export type EngineSource = WebAssembly.Module | BufferSource;

export function takeSnapshot(core: Core): Snapshot {
  core.enter();
  core.save();
  return { version: 1, memory: core.engine.save(), state: structuredClone(core.state) };
}

/**
 * An engine with the memory of a snapshot.
 *
 * @throws LabError SNAPSHOT
 */
export async function restore(snapshot: Snapshot, source?: EngineSource): Promise<Core> {
  if (snapshot?.version !== 1)
    throw new LabError("SNAPSHOT", `snapshot of version ${snapshot?.version}; this package reads version 1`);
  const state = structuredClone(snapshot.state);
  const engine = await Engine.create(source, state.capacities, hash(state.seed));
  engine.load(snapshot.memory);
  return new Core(engine, state);
}

/** Gives every station of a fork dice of its own: ports, identifiers and waiting times differ from now on. */
export function reseed(core: Core): void {
  const { call } = core.engine;
  const { hosts, routers, lans } = core.state;
  const vms = hosts.flatMap((host) => host.vms);
  for (const { node, name } of [...hosts, ...vms, ...routers])
    if (node !== 0) call.nodeReseed(node, ...core.seedOf(name));
  for (const { stations } of [...lans, ...hosts.flatMap((host) => host.networks), ...vms.flatMap((vm) => vm.networks)])
    for (const { node, leg } of stations) call.nodeReseed(node, ...core.seedOf(leg.name));
}
