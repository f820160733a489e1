import { IS_FRAGMENT, NAT_FRAGMENT, NAT_FULL, NAT_ICMP, NAT_PORTS, NAT_PROTOCOL, NAT_UNKNOWN, OK } from "../abi";
import { Frame, frameAt } from "../frames";
import { Icmp, ICMP_ECHO } from "../wire/icmp";
import { Ipv4, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";
import { Tcp } from "../wire/tcp";
import {
  connectionAt,
  endConnection,
  findInside,
  findOutside,
  INSIDE_SENT,
  makeConnection,
  makeRoom,
  OUTSIDE_OPENED,
  refresh,
} from "./connections";
import { errorOutbound, isTranslatedError } from "./icmp";
import { findMappingInside, hold, letGo, makeMapping, mappingAt } from "./mapping";
import { aliasOf, outsideNodeOf } from "./record";
import { choosePort, NO_PORT } from "./ports";
import { REFUSED } from "./refusal";
import { isOpening, track } from "./tcp";
import { rewrite } from "./translate";

/**
 * Translates a packet from the inside that leaves by `outsideAddress`: its source, and its destination when that is an alias.
 *
 * UDP, TCP, ICMP echo requests, and ICMP errors about what the NAT let in. A TCP segment of no connection opens one only when
 * it is a SYN (RFC 7857 §2.1); any other is NAT_UNKNOWN, so that a forgotten connection is not half remembered.
 *
 * @param handle  a frame of our own: whole IPv4 packet, sound by the parser, TTL already lowered
 * @returns  OK, or the reason to drop it for; the frame is then as it was
 */
export function natOutbound(nat: u32, handle: u32, outsideAddress: u32): u32 {
  const f = frameAt(handle);
  const protocol: u32 = f.protocol;
  if (f.flags & IS_FRAGMENT) return NAT_FRAGMENT;
  if (protocol == PROTOCOL_ICMP) {
    const type = Icmp.at(f.data + f.l4).type;
    if (isTranslatedError(type)) return errorOutbound(nat, f);
    if (type != ICMP_ECHO) return NAT_ICMP;
  } else if (protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP) return NAT_PROTOCOL;

  const ip = Ipv4.at(f.data + f.l3);
  const remotePort = protocol == PROTOCOL_ICMP ? 0 : f.dstPort;
  let id = findInside(nat, protocol, ip.src, f.srcPort, ip.dst, remotePort);
  if (id != 0 && isStranded(id, outsideAddress)) {
    endConnection(id);
    id = 0;
  }
  if (id == 0) id = open(nat, f, outsideAddress);
  if (id & REFUSED) return id & ~REFUSED;

  const c = connectionAt(id);
  const m = mappingAt(c.mapping);
  const state = protocol == PROTOCOL_TCP ? track(c, INSIDE_SENT, Tcp.at(f.data + f.l4).flags) : c.state;
  refresh(id, INSIDE_SENT, state);
  rewrite(f, m.outsideIp, m.outsidePort, c.outsideIp, c.outsidePort);
  return OK;
}

/** The outside node's address has changed under a connection that the inside opened: no answer would come back. */
function isStranded(id: u32, outsideAddress: u32): bool {
  const c = connectionAt(id);
  return (c.seen & OUTSIDE_OPENED) == 0 && mappingAt(c.mapping).outsideIp != outsideAddress;
}

/** A connection for a packet that has none, in the mapping of its source; or REFUSED | reason. */
function open(nat: u32, f: Frame, outsideAddress: u32): u32 {
  const protocol: u32 = f.protocol;
  const ip = Ipv4.at(f.data + f.l3);
  if (protocol == PROTOCOL_TCP && !isOpening(Tcp.at(f.data + f.l4).flags)) return REFUSED | NAT_UNKNOWN;
  if (!makeRoom(nat)) return REFUSED | NAT_FULL;

  let mapping = findMappingInside(nat, protocol, ip.src, f.srcPort, outsideAddress);
  if (mapping == 0) {
    const port = choosePort(nat, protocol, outsideAddress, f.srcPort);
    if (port == NO_PORT) return REFUSED | NAT_PORTS;
    mapping = makeMapping(nat, 0, protocol, ip.src, f.srcPort, outsideAddress, port);
    if (mapping == 0) return REFUSED | NAT_FULL;
  }
  hold(mapping);
  const id = openThrough(mapping, f);
  letGo(mapping);
  return id;
}

function openThrough(mapping: u32, f: Frame): u32 {
  const m = mappingAt(mapping);
  const ip = Ipv4.at(f.data + f.l3);
  const loopback = aliasOf(m.nat, ip.dst);
  const remote = loopback != 0 ? loopback : ip.dst;
  const remotePort = m.protocol == PROTOCOL_ICMP ? 0 : f.dstPort;
  // A connection of a forward that is no more may still have these two endpoints, or another alias the same meaning.
  const node = outsideNodeOf(m.nat);
  if (findOutside(node, m.protocol, m.outsideIp, m.outsidePort, remote, remotePort) != 0) return REFUSED | NAT_PORTS;
  const id = makeConnection(mapping, ip.dst, remote, remotePort, INSIDE_SENT);
  return id != 0 ? id : REFUSED | NAT_FULL;
}
