import {
  CAPACITY_NETWORKS,
  CAPACITY_PORTS,
  E_FULL,
  NOT_ATTACHED,
  ROLE_EXTERNAL,
  ROLE_INTERFACE,
  ROLE_SINK,
  ROLE_TRUNK,
} from "../abi";
import { stopGenerators } from "../generator";
import { forgetNeighbors } from "../ip/neighbor";
import { pool } from "../memory";
import { attach, detach, networkAt, portAt, setMac, setPolicy } from "../port";
import { forgetPort } from "../table/fdb";
import { dropFlights, laneFor, skipPort } from "../time/wires";
import { dropQueued, dropShaper } from "./wires";

/** Frames on one wire towards its device, unless `portSetQueue` says otherwise. */
const QUEUE_LIMIT: u32 = 4096;

/** A new network; its number, or E_FULL. `kind` SWITCH_…; `ageing` ms. */
export function networkAdd(kind: u32, ageing: u32): i32 {
  const id = pool(CAPACITY_NETWORKS).take();
  if (id == 0) return E_FULL;
  const n = networkAt(id);
  n.live = 1;
  n.kind = kind;
  n.ageing = ageing;
  return id;
}

export function networkSetCapture(network: u32, on: u32): void {
  networkAt(network).capture = on;
}

/** Takes its ports off it, and the network away. */
export function networkRemove(network: u32): void {
  while (networkAt(network).firstPort != 0) portDetach(networkAt(network).firstPort);
  pool(CAPACITY_NETWORKS).give(network);
}

/** A new port, plugged in, on no network yet; its number, or E_FULL. */
export function portAdd(role: u32, owner: u32, delay: f64): i32 {
  const id = pool(CAPACITY_PORTS).take();
  if (id == 0) return E_FULL;
  const p = portAt(id);
  p.role = role;
  p.owner = <u8>owner;
  p.cable = 1;
  p.queueLimit = QUEUE_LIMIT;
  p.delay = <u64>delay;
  p.lane = laneFor(p.delay);
  return id;
}

export function portAttach(port: u32, network: u32): void {
  portDetach(port);
  attach(port, network);
}

/** Off its network: what is on its wire is dropped, so that nothing of this network arrives in the next. */
export function portDetach(port: u32): void {
  const p = portAt(port);
  if (p.network == 0) return;
  dropFlights(port, NOT_ATTACHED);
  dropQueued(port, NOT_ATTACHED);
  if (p.role == ROLE_INTERFACE && p.device != 0) forgetNeighbors(p.device, NOT_ATTACHED);
  skipPort(port);
  forgetPort(port);
  detach(port);
}

export function portRemove(port: u32): void {
  portDetach(port);
  stopGenerators(port);
  dropShaper(port);
  const p = portAt(port);
  if (p.role == ROLE_TRUNK && p.device != 0) portAt(p.device).device = 0;
  pool(CAPACITY_PORTS).give(port);
}

/** Makes two trunk ports the two ends of one wire. */
export function portJoin(a: u32, b: u32): void {
  portAt(a).device = b;
  portAt(b).device = a;
}

export function portSetCable(port: u32, on: u32): void {
  portAt(port).cable = <u8>on;
}

export function portSetPolicy(port: u32, policy: u32): void {
  setPolicy(port, policy);
}

export function portSetCapture(port: u32, on: u32): void {
  portAt(port).capture = <u8>on;
}

export function portSetMac(port: u32, hi: u32, lo: u32): void {
  setMac(port, (<u64>hi << 32) | lo);
}

export function portSetQueue(port: u32, frames: u32): void {
  portAt(port).queueLimit = frames;
}

/** Makes an external port a sink, or an external port again. */
export function portSetSink(port: u32, on: u32): void {
  const p = portAt(port);
  p.role = on != 0 ? ROLE_SINK : ROLE_EXTERNAL;
  p.digest = 0;
}

export function portOffset(port: u32): usize {
  return changetype<usize>(portAt(port));
}
