import {
  CAPACITY_NETWORKS,
  CAPACITY_PORTS,
  CLASS_WIRE,
  PORT_DIGEST,
  PORT_DROPS,
  PORT_MAC,
  PORT_RX_BYTES,
  PORT_RX_FRAMES,
  PORT_TX_BYTES,
  PORT_TX_FRAMES,
  ROLE_TRUNK,
  SWITCH_STATIC,
} from "./abi";
import { pool } from "./memory";

/** Lanes of time/wires.ts: how many different constant delays have a queue of their own. */
export const LANES: u32 = 32;
/** Lane of a port whose delay has no queue of its own. */
export const NO_LANE: u32 = 255;

/** One broadcast domain: a switch and the ports on it, in the order they were attached. */
@unmanaged
export class Network {
  /** In use (first word: the free list runs through it while free). */
  live: u32;
  /** SWITCH_LEARNING or SWITCH_STATIC. */
  kind: u32;
  firstPort: u32;
  lastPort: u32;
  ports: u32;
  /** Ports that hear more than a switch would tell them: a promiscuous policy, or (static switch) no known MAC. */
  curious: u32;
  /** Captured: every frame on every port. */
  capture: u32;
  /** Ageing time of what was learned, ms (802.1D: 10 s … 1,000,000 s, default 300 s). */
  ageing: u32;
  // u32[LANES] follows: attached ports by lane, so that a flood is one flight per lane that has any.

  lanePorts(lane: u32): u32 {
    return load<u32>(changetype<usize>(this) + offsetof<Network>() + (<usize>lane << 2));
  }
  countLane(lane: u32, change: i32): void {
    const at = changetype<usize>(this) + offsetof<Network>() + (<usize>lane << 2);
    store<u32>(at, load<u32>(at) + change);
  }
}
export const NETWORK_SIZE: u32 = 160;
if (offsetof<Network>() + LANES * 4 != NETWORK_SIZE) ERROR("Network moved");

/** A place on a switch, and the wire to the device plugged in there. */
@unmanaged
export class Port {
  /** ROLE_…, 0 when free (first word: the free list runs through it while free). */
  role: u32;
  /** The device: an interface (ROLE_INTERFACE) or the port at the trunk's other end (ROLE_TRUNK). */
  device: u32;
  /** The network it is attached to; 0: none. */
  network: u32;
  next: u32;
  prev: u32;
  /** CLASS_…, PROMISCUOUS_… */
  owner: u8;
  policy: u8;
  /** 1: plugged in. */
  cable: u8;
  /** 1: captured. */
  capture: u8;
  lane: u32;
  /** Frames on the wire towards the device that were sent to this port alone, and how many there may be. */
  queued: u32;
  /** The card's MAC; 0 while unknown. */
  mac: u64;
  /** Constant delay of the wire, ns, each way. */
  delay: u64;
  queueLimit: u32;
  /** What the wire does to frames other than delay them (time/shaper.ts); 0: nothing. Such a port is in no lane. */
  shaper: u32;
  /** Towards the network (rx: the switch receives) and towards the device (tx). Counted at the switch. */
  rxFrames: u64;
  rxBytes: u64;
  txFrames: u64;
  txBytes: u64;
  /** Frames dropped while this port was handling them, in either direction. */
  drops: u64;
  /** What a sink has swallowed, folded. */
  digest: u64;
}
if (offsetof<Port>("mac") != PORT_MAC) ERROR("abi: PORT_MAC");
if (offsetof<Port>("rxFrames") != PORT_RX_FRAMES) ERROR("abi: PORT_RX_FRAMES");
if (offsetof<Port>("rxBytes") != PORT_RX_BYTES) ERROR("abi: PORT_RX_BYTES");
if (offsetof<Port>("txFrames") != PORT_TX_FRAMES) ERROR("abi: PORT_TX_FRAMES");
if (offsetof<Port>("txBytes") != PORT_TX_BYTES) ERROR("abi: PORT_TX_BYTES");
if (offsetof<Port>("drops") != PORT_DROPS) ERROR("abi: PORT_DROPS");
if (offsetof<Port>("digest") != PORT_DIGEST) ERROR("abi: PORT_DIGEST");
export const PORT_SIZE: u32 = 104;
if (offsetof<Port>() != PORT_SIZE) ERROR("Port moved");

export function networkAt(id: u32): Network {
  return changetype<Network>(pool(CAPACITY_NETWORKS).base + <usize>id * NETWORK_SIZE);
}

export function portAt(id: u32): Port {
  return changetype<Port>(pool(CAPACITY_PORTS).base + <usize>id * PORT_SIZE);
}

/** On a static switch: a card whose MAC nobody knows yet hears everything. A wire to other machines has no MAC of its own. */
export function lacksMac(p: Port, n: Network): bool {
  return n.kind == SWITCH_STATIC && p.mac == 0 && p.role != ROLE_TRUNK && p.owner != CLASS_WIRE;
}

/** Whether a port adds to its network's `curious` count. */
function isCurious(p: Port, n: Network): bool {
  return p.policy != 0 || lacksMac(p, n);
}

/** Plugs a port into a network, at the end of its list. */
export function attach(id: u32, network: u32): void {
  const p = portAt(id);
  const n = networkAt(network);
  p.network = network;
  p.next = 0;
  p.prev = n.lastPort;
  if (n.lastPort != 0) portAt(n.lastPort).next = id;
  else n.firstPort = id;
  n.lastPort = id;
  n.ports++;
  if (p.lane != NO_LANE) n.countLane(p.lane, 1);
  if (isCurious(p, n)) n.curious++;
}

/** Takes a port off its network. What floods its way along the list must have been moved on before (time/wires.ts). */
export function detach(id: u32): void {
  const p = portAt(id);
  if (p.network == 0) return;
  const n = networkAt(p.network);
  if (p.prev != 0) portAt(p.prev).next = p.next;
  else n.firstPort = p.next;
  if (p.next != 0) portAt(p.next).prev = p.prev;
  else n.lastPort = p.prev;
  n.ports--;
  if (p.lane != NO_LANE) n.countLane(p.lane, -1);
  if (isCurious(p, n)) n.curious--;
  p.network = 0;
  p.next = 0;
  p.prev = 0;
}

/** Changes policy or MAC of a port and keeps its network's count of curious ports right. */
export function setPolicy(id: u32, policy: u32): void {
  const p = portAt(id);
  const n = networkAt(p.network);
  if (p.network != 0 && isCurious(p, n)) n.curious--;
  p.policy = <u8>policy;
  if (p.network != 0 && isCurious(p, n)) n.curious++;
}

export function setMac(id: u32, mac: u64): void {
  const p = portAt(id);
  const n = networkAt(p.network);
  if (p.network != 0 && isCurious(p, n)) n.curious--;
  p.mac = mac;
  if (p.network != 0 && isCurious(p, n)) n.curious++;
}
