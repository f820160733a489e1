import {
  CAPACITIES,
  CAPACITY_CHUNKS,
  CAPACITY_CONNECTIONS,
  CAPACITY_EVENTS,
  CAPACITY_FDB,
  CAPACITY_FLIGHTS,
  CAPACITY_FRAMES,
  CAPACITY_INTERFACES,
  CAPACITY_MAPPINGS,
  CAPACITY_NEIGHBORS,
  CAPACITY_NETWORKS,
  CAPACITY_NODES,
  CAPACITY_PORTS,
  CAPACITY_ROUTES,
  CAPACITY_SHAPERS,
  CAPACITY_SOCKETS,
  CAPACITY_STREAMS,
  EVENT,
  FRAME_SLOT,
  STREAM_SIZE,
  WHOLE_SLOTS,
} from "../abi";
import { EVENTS_PER_STEP, layWhole, wholeCapacity } from "../frames";
import { GENERATORS } from "../generator";
import { NEIGHBOR_SIZE } from "../ip/neighbor";
import { INTERFACE_SIZE, NODE_SIZE, ROUTE_SIZE } from "../ip/node";
import { BOUND_SIZE, layPorts } from "../ip/ports";
import { capacity, control, layRegion } from "../memory";
import { layNat } from "../nat/nat";
import { NETWORK_SIZE, PORT_SIZE } from "../port";
import { CHUNK_SIZE } from "../stack/tcp/chunks";
import { STATION_SIZE } from "../table/fdb";
import { SHAPER_SIZE } from "../time/direction";
import {
  flightTimers,
  generatorTimers,
  leaseTimers,
  neighborTimers,
  streamTimers,
  streamUpkeepTimers,
  wireTimers,
} from "../time/heap";
import { FLIGHT_SIZE } from "../time/wires";

/** Room for one number per thing in a flight, a port, an fdb entry; and a sane end to what one lab may ask for. */
const MOST: u32 = 1 << 24;
/** Network numbers have 16 bits in the fdb's keys. */
const MOST_NETWORKS: u32 = 65535;

/**
 * Lays out the memory from the capacities that TypeScript wrote, and grows it once. Returns the bytes in use, or 0 when a
 * capacity is impossible or the memory cannot be had.
 */
export function init(): u32 {
  if (!areCapacitiesPossible()) return 0;
  let end: usize = __heap_base;
  end = layRegion(CAPACITY_PORTS, end, PORT_SIZE);
  end = layRegion(CAPACITY_NETWORKS, end, NETWORK_SIZE);
  end = layRegion(CAPACITY_NODES, end, NODE_SIZE);
  end = layRegion(CAPACITY_INTERFACES, end, INTERFACE_SIZE);
  end = layRegion(CAPACITY_ROUTES, end, ROUTE_SIZE);
  end = layRegion(CAPACITY_FLIGHTS, end, FLIGHT_SIZE);
  end = layRegion(CAPACITY_NEIGHBORS, end, NEIGHBOR_SIZE);
  end = layRegion(CAPACITY_SOCKETS, end, BOUND_SIZE);
  end = layRegion(CAPACITY_SHAPERS, end, SHAPER_SIZE);
  end = layRegion(CAPACITY_FDB, end, STATION_SIZE);
  end = layRegion(CAPACITY_EVENTS, end, EVENT);
  end = layPorts(end);
  end = flightTimers().lay(end, capacity(CAPACITY_FLIGHTS));
  end = neighborTimers().lay(end, capacity(CAPACITY_NEIGHBORS));
  end = generatorTimers().lay(end, GENERATORS);
  end = wireTimers().lay(end, 2 * capacity(CAPACITY_SHAPERS) + 1);
  end = leaseTimers().lay(end, capacity(CAPACITY_INTERFACES));
  end = streamTimers().lay(end, capacity(CAPACITY_STREAMS));
  end = streamUpkeepTimers().lay(end, capacity(CAPACITY_STREAMS));
  end = layNat(end, capacity(CAPACITY_STREAMS));
  end = layRegion(CAPACITY_STREAMS, end, STREAM_SIZE);
  end = layRegion(CAPACITY_CHUNKS, end, CHUNK_SIZE);
  // Whole buffers begin on whole pages.
  end = layRegion(CAPACITY_FRAMES, (end + 4095) & ~4095, FRAME_SLOT);
  end = layWhole(end);
  if (!growTo(end)) return 0;
  control().end = <u32>end;
  return <u32>end;
}

function areCapacitiesPossible(): bool {
  for (let which: u32 = 0; which < CAPACITIES; which++) {
    if (capacity(which) == 0 || capacity(which) > MOST) return false;
  }
  if (capacity(CAPACITY_NETWORKS) > MOST_NETWORKS) return false;
  if (capacity(CAPACITY_EVENTS) < 2 * EVENTS_PER_STEP) return false;
  if (!isPowerOfTwo(capacity(CAPACITY_NEIGHBORS)) || !isPowerOfTwo(capacity(CAPACITY_FDB))) return false;
  if (!isPowerOfTwo(capacity(CAPACITY_EVENTS))) return false;
  // 4 GiB is the end of the address space; sums are taken in u64 because the addresses would wrap.
  const bytes =
    <u64>(capacity(CAPACITY_FRAMES) + wholeCapacity() * WHOLE_SLOTS) * FRAME_SLOT +
    <u64>capacity(CAPACITY_PORTS) * PORT_SIZE +
    <u64>capacity(CAPACITY_NETWORKS) * NETWORK_SIZE +
    <u64>capacity(CAPACITY_NODES) * NODE_SIZE +
    <u64>capacity(CAPACITY_INTERFACES) * (INTERFACE_SIZE + 32) +
    <u64>capacity(CAPACITY_FLIGHTS) * (FLIGHT_SIZE + 32) +
    <u64>capacity(CAPACITY_NEIGHBORS) * (NEIGHBOR_SIZE + 32) +
    <u64>capacity(CAPACITY_SOCKETS) * (BOUND_SIZE + 8) +
    <u64>capacity(CAPACITY_FDB) * STATION_SIZE +
    <u64>capacity(CAPACITY_SHAPERS) * (SHAPER_SIZE + 64) +
    <u64>capacity(CAPACITY_EVENTS) * EVENT +
    <u64>capacity(CAPACITY_MAPPINGS) * 192 +
    <u64>capacity(CAPACITY_CONNECTIONS) * 192 +
    <u64>capacity(CAPACITY_STREAMS) * (STREAM_SIZE + 96) +
    <u64>capacity(CAPACITY_CHUNKS) * CHUNK_SIZE;
  return bytes < 0xf0000000;
}

function isPowerOfTwo(n: u32): bool {
  return (n & (n - 1)) == 0;
}

function growTo(end: usize): bool {
  const pages = <i32>((end + 0xffff) >>> 16);
  const missing = pages - memory.size();
  return missing <= 0 || memory.grow(missing) >= 0;
}
