import * as abi from "../assembly/abi";
import { LabError } from "./errors";
import { checkOptions } from "./options";
import type { OptionNames } from "./options";

/** How much of everything a lab has room for. What is never used costs address space, not memory. */
export interface Capacity {
  /** Machines, gateways and DHCP servers; the number of networks, ports and table entries follows. Default 16384. */
  stations?: number;
  /** Frame buffers of 2 KiB. Default: two for each station. */
  frames?: number;
  /** Frames on wires at one time. Default: four for each station. */
  flights?: number;
  /** NAT connections of all NATs together. Default 65536. */
  connections?: number;
  /** Port-forward rules. Default 4096. */
  forwards?: number;
  /** Open UDP sockets. Default: as many as stations. */
  sockets?: number;
  /** TCP: ends of connections, and listeners. Default: as many as stations. */
  streams?: number;
  /** TCP: buffers of 2 KiB for what is not acknowledged or not read yet; an idle connection has none. Default: as many as streams, 4096 at least. */
  chunks?: number;
  /** Places in the ring of events, a power of two from 1024. Default 8192. */
  events?: number;
}

const OPTIONS: OptionNames<Capacity> = {
  stations: true, frames: true, flights: true, connections: true, forwards: true, sockets: true, streams: true,
  chunks: true, events: true,
};
const MOST = 1 << 22;

/**
 * u32 per CAPACITY_….
 *
 * @throws LabError CAPACITY, OPTION
 */
export function capacities(given: Capacity = {}): number[] {
  checkOptions(given, OPTIONS, "createLab: capacity");
  const { stations = 16_384, connections = 65_536, forwards = 4096, events = 8192 } = given;
  const { streams = stations, chunks = Math.max(4096, given.streams ?? stations) } = given;
  const { sockets = stations, frames = Math.max(1024, 2 * stations), flights = Math.max(4096, 4 * stations) } = given;
  const named = { stations, frames, flights, connections, forwards, sockets, streams, chunks, events };
  for (const [name, value] of Object.entries(named)) check(name, value, name === "events" ? 1024 : 16);
  if (events !== powerOfTwo(events))
    throw new LabError("CAPACITY", `capacity.events ${events}; it takes a power of two, such as ${powerOfTwo(events)}`);

  const counts: number[] = [];
  counts[abi.CAPACITY_FRAMES] = frames;
  counts[abi.CAPACITY_FLIGHTS] = flights;
  counts[abi.CAPACITY_NETWORKS] = Math.min(stations, 65_535);
  counts[abi.CAPACITY_PORTS] = 4 * stations;
  counts[abi.CAPACITY_NODES] = stations;
  counts[abi.CAPACITY_INTERFACES] = 2 * stations;
  counts[abi.CAPACITY_ROUTES] = 2 * stations;
  counts[abi.CAPACITY_NEIGHBORS] = powerOfTwo(8 * stations);
  counts[abi.CAPACITY_SOCKETS] = sockets;
  counts[abi.CAPACITY_FDB] = powerOfTwo(4 * stations);
  counts[abi.CAPACITY_NATS] = Math.ceil(stations / 4);
  counts[abi.CAPACITY_MAPPINGS] = connections;
  counts[abi.CAPACITY_CONNECTIONS] = connections;
  counts[abi.CAPACITY_FORWARDS] = forwards;
  counts[abi.CAPACITY_EVENTS] = events;
  counts[abi.CAPACITY_STREAMS] = streams;
  counts[abi.CAPACITY_CHUNKS] = chunks;
  return counts;
}

function check(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least && value <= MOST) return;
  throw new LabError("CAPACITY", `capacity.${name} ${value}; it takes a whole number, ${least} to ${MOST}`);
}

function powerOfTwo(least: number): number { return 2 ** Math.ceil(Math.log2(least)); }
