import {
  CABLE_OFF,
  CLASS_VM,
  CLASS_WIRE,
  EVENT_HEARD,
  HAIRPIN,
  NOT_ATTACHED,
  PROMISCUOUS_ALL,
  PROMISCUOUS_VMS,
  RESERVED_GROUP,
  ROLE_EXTERNAL,
  SRC_GROUP,
  SWITCH_LEARNING,
  TRACE_LEARN,
  TRACE_LOOKUP,
  TRACE_SWITCH,
  UNKNOWN_UNICAST,
} from "./abi";
import { emitEvent, frameAt, makeVisible, release, retain } from "./frames";
import { control, nowMs } from "./memory";
import { Network, Port, lacksMac, networkAt, portAt, setMac } from "./port";
import { NO_PORT, learn, lookup, stationKey } from "./table/fdb";
import { trace, traceMac } from "./trace";
import { dropAt, flightAt, flood, flyOn, share, toDevice } from "./time/wires";
import { Ethernet, isGroup } from "./wire/ethernet";

/**
 * The switch: a frame has arrived at `port` from its device; it leaves by one port, by several, or not at all.
 *
 * Two kinds. *Learning* is an 802.1D bridge: it remembers the port a station was last heard on and floods for those it does not
 * know. *Static* is VirtualBox's: a port has the MAC its card reports (or, failing that, the first it sends), nothing is
 * learned, and a frame for nobody goes to the trunk or nowhere. On both, ports with a promiscuous policy get copies.
 */
export function receive(port: u32, frame: u32): void {
  const p = portAt(port);
  if (p.network == 0) return dropAt(port, frame, NOT_ATTACHED);
  if (!p.cable) return dropAt(port, frame, CABLE_OFF);
  trace(frame, TRACE_SWITCH, port, p.network, control().hops, 0, 0);
  p.rxFrames++;
  p.rxBytes += frameAt(frame).length;

  const eth = Ethernet.at(frameAt(frame).data);
  const src = eth.src;
  const dst = eth.dst;
  if (isGroup(src)) return dropAt(port, frame, SRC_GROUP);

  if (p.mac == 0 && p.role == ROLE_EXTERNAL && p.owner != CLASS_WIRE) hear(port, src);
  const n = networkAt(p.network);
  if (n.kind == SWITCH_LEARNING) {
    traceMac(frame, TRACE_LEARN, p.network, src, port);
    learn(stationKey(p.network, src), port, nowMs());
  }

  if (isReserved(dst)) return dropAt(port, frame, RESERVED_GROUP);
  if (isGroup(dst)) return flood(p.network, port, frame);

  const egress = egressFor(n, p.network, dst);
  traceMac(frame, TRACE_LOOKUP, p.network, dst, egress);
  if (n.curious != 0) return toCurious(n, p, port, frame, egress);
  if (egress == port) return dropAt(port, frame, HAIRPIN);
  if (egress != NO_PORT) return toDevice(egress, frame);
  if (n.kind == SWITCH_LEARNING) return flood(p.network, port, frame);
  toWires(n, port, frame, 0);
}

/**
 * The same for most of the traffic, on the flight it came by: between two stations that a learning switch knows, on ports that
 * nobody records and a network where nobody is curious. False: `receive` finds out what it is, and nothing has been done that it
 * would not do again.
 */
export function relay(flight: u32): bool {
  const f = flightAt(flight);
  const port = f.port;
  const p = portAt(port);
  if (p.network == 0 || !p.cable || p.capture != 0) return false;
  if (p.mac == 0 && p.role == ROLE_EXTERNAL) return false;
  const n = networkAt(p.network);
  if (n.kind != SWITCH_LEARNING || (n.capture | n.curious) != 0) return false;
  const frame = frameAt(f.frame);
  const eth = Ethernet.at(frame.data);
  const src = eth.src;
  const dst = eth.dst;
  if (frame.mark != 0 || isGroup(src | dst)) return false;

  const ms = nowMs();
  learn(stationKey(p.network, src), port, ms);
  const egress = lookup(stationKey(p.network, dst), n.ageing, ms);
  if (egress == NO_PORT || egress == port || portAt(egress).network != p.network) return false;
  if (!flyOn(flight, egress)) return false;
  p.rxFrames++;
  p.rxBytes += frame.length;
  return true;
}

/** 01:80:C2:00:00:00 to 0F: for the bridge itself, never forwarded (IEEE 802.1Q-2018 §8.6.3). */
function isReserved(mac: u64): bool {
  return (mac & 0xfffffffffff0) == 0x0180c2000000;
}

/** The first unicast source of an external guest is its card's MAC. */
function hear(port: u32, mac: u64): void {
  setMac(port, mac);
  const e = emitEvent(EVENT_HEARD, port);
  e.a = <u32>(mac >> 32);
  e.b = <u32>mac;
  makeVisible();
}

/** The one port that `dst` is behind, or NO_PORT. */
export function egressFor(n: Network, network: u32, dst: u64): u32 {
  const key = stationKey(network, dst);
  if (n.kind == SWITCH_LEARNING) {
    const known = lookup(key, n.ageing, nowMs());
    // A station's port may have left since it was heard.
    return known != NO_PORT && portAt(known).network == network ? known : NO_PORT;
  }
  // The ports themselves are the truth; the table only saves the walk.
  const cached = lookup(key, u64.MAX_VALUE, nowMs());
  if (cached != NO_PORT && portAt(cached).network == network && portAt(cached).mac == dst) return cached;
  // Zero is nobody's MAC; a port that has it has none yet.
  if (dst == 0) return NO_PORT;
  for (let port = n.firstPort; port != 0; port = portAt(port).next) {
    if (portAt(port).mac != dst) continue;
    learn(key, port, nowMs());
    return port;
  }
  return NO_PORT;
}

/** Static switch, nobody has this MAC: out of the wires (BEHAVIOUR of VirtualBox: unknown unicast is not flooded). */
function toWires(n: Network, ingress: u32, frame: u32, sent: u32): void {
  // Held until all have their share: what the first one drops must not be gone for the second.
  retain(frame);
  for (let port = n.firstPort; port != 0; port = portAt(port).next) {
    const p = portAt(port);
    if (port == ingress || p.owner != CLASS_WIRE) continue;
    share(frame, sent++);
    toDevice(port, frame);
  }
  if (sent == 0) dropAt(ingress, frame, UNKNOWN_UNICAST);
  release(frame);
}

/** Unicast where some ports are entitled to more than what is addressed to them. */
function toCurious(n: Network, from: Port, ingress: u32, frame: u32, egress: u32): void {
  retain(frame);
  shareOut(n, from, ingress, frame, egress);
  release(frame);
}

function shareOut(n: Network, from: Port, ingress: u32, frame: u32, egress: u32): void {
  if (egress == NO_PORT && n.kind == SWITCH_LEARNING) return flood(from.network, ingress, frame);
  let sent: u32 = 0;
  for (let port = n.firstPort; port != 0; port = portAt(port).next) {
    if (port == ingress || port == egress || !isEntitled(n, portAt(port), from, egress)) continue;
    share(frame, sent++);
    toDevice(port, frame);
  }
  if (egress == NO_PORT) return toWires(n, ingress, frame, sent);
  if (egress != ingress) {
    share(frame, sent);
    return toDevice(egress, frame);
  }
  if (sent == 0) dropAt(ingress, frame, HAIRPIN);
}

/** Whether a port hears a unicast frame for somebody else. */
function isEntitled(n: Network, p: Port, from: Port, egress: u32): bool {
  if (lacksMac(p, n)) return true;
  // A frame for nobody goes to the wires anyway.
  if (egress == NO_PORT && p.owner == CLASS_WIRE) return false;
  if (p.policy == PROMISCUOUS_ALL) return true;
  if (p.policy != PROMISCUOUS_VMS) return false;
  if (from.owner == CLASS_VM) return true;
  return from.owner == CLASS_WIRE && egress != NO_PORT && portAt(egress).owner == CLASS_VM;
}
