import {
  FILTER_ADDRESS,
  FILTER_ENDPOINT,
  IS_FRAGMENT,
  NAT_FILTERED,
  NAT_FULL,
  NAT_LOOPBACK,
  NAT_NO_GUEST,
  NAT_PORTS,
  NAT_UNKNOWN,
} from "../abi";
import { Frame, frameAt } from "../frames";
import { interfaceAt, onLinkWith } from "../ip/node";
import { Icmp, ICMP_ECHO_REPLY } from "../wire/icmp";
import { Ipv4, isLoopback, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";
import { Tcp } from "../wire/tcp";
import {
  connectionAt,
  findInside,
  findOutside,
  isPermitted,
  makeConnection,
  makeRoom,
  OUTSIDE_OPENED,
  refresh,
} from "./connections";
import { findForward, forwardAt } from "./forward";
import { errorInbound, isQuotedLentOut, isTranslatedError } from "./icmp";
import {
  findMappingForward,
  findMappingOutside,
  hold,
  IS_FORWARD,
  letGo,
  makeMapping,
  Mapping,
  mappingAt,
} from "./mapping";
import { aliasFor, natAt } from "./record";
import { isOutsideTaken } from "./ports";
import { REFUSED } from "./refusal";
import { isOpening, track } from "./tcp";
import { rewrite } from "./translate";

/**
 * Translates a packet that arrived for an outside node, when it is a NAT's: its destination, and its source when that is a
 * loopback address. Owners in their order: a connection, a mapping (whose filter may refuse), a forward; then the node's own
 * sockets. Fragments are the node's: which NAT's they are cannot be told.
 *
 * @param handle  a frame of our own: whole IPv4 packet, sound by the parser
 * @returns  0: nobody's · a NAT's id: translated, to be routed to its inside · REFUSED | reason: a NAT's, to be dropped.
 *           Unless translated, the frame is as it was
 */
export function natInbound(outsideNode: u32, handle: u32): u32 {
  const f = frameAt(handle);
  const protocol: u32 = f.protocol;
  if (f.flags & IS_FRAGMENT) return 0;
  if (protocol == PROTOCOL_ICMP) {
    const type = Icmp.at(f.data + f.l4).type;
    if (isTranslatedError(type)) return errorInbound(outsideNode, f);
    if (type != ICMP_ECHO_REPLY) return 0;
  } else if (protocol != PROTOCOL_TCP && protocol != PROTOCOL_UDP) return 0;

  const ip = Ipv4.at(f.data + f.l3);
  let id = findOutside(outsideNode, protocol, ip.dst, f.dstPort, ip.src, remotePort(f));
  if (id == 0) id = admit(outsideNode, f);
  if (id == 0 || (id & REFUSED) != 0) return id;

  const c = connectionAt(id);
  const m = mappingAt(c.mapping);
  const state = protocol == PROTOCOL_TCP ? track(c, OUTSIDE_OPENED, Tcp.at(f.data + f.l4).flags) : c.state;
  refresh(id, OUTSIDE_OPENED, state);
  rewrite(f, c.insideIp, c.insidePort, m.insideIp, m.insidePort);
  return m.nat;
}

function remotePort(f: Frame): u32 {
  return f.protocol == PROTOCOL_ICMP ? 0 : f.srcPort;
}

/** A connection for a packet that has none: through a mapping that lets its source in, else by a forward; 0; or REFUSED | reason. */
function admit(outsideNode: u32, f: Frame): u32 {
  const ip = Ipv4.at(f.data + f.l3);
  const mapping = findMappingOutside(outsideNode, f.protocol, ip.dst, f.dstPort);
  if (mapping != 0 && isAdmitted(mapping, ip.src)) return openThrough(mapping, f);
  if (f.protocol != PROTOCOL_ICMP) {
    const forward = findForward(outsideNode, f.protocol, ip.dst, f.dstPort);
    if (forward != 0) return openForward(forward, f);
  }
  return mapping != 0 ? REFUSED | NAT_FILTERED : 0;
}

/** The mapping's filter (RFC 4787 §5). What address-and-port-dependent filtering lets in has a connection already. */
function isAdmitted(mapping: u32, remote: u32): bool {
  const filtering = natAt(mappingAt(mapping).nat).filtering;
  if (filtering == FILTER_ENDPOINT) return true;
  return filtering == FILTER_ADDRESS && isPermitted(mapping, remote);
}

function openForward(forward: u32, f: Frame): u32 {
  const rule = forwardAt(forward);
  const ip = Ipv4.at(f.data + f.l3);
  const guest = rule.guestIp != 0 ? rule.guestIp : natAt(rule.nat).guest;
  if (guest == 0) return REFUSED | NAT_NO_GUEST;
  let mapping = findMappingForward(rule.nat, rule.protocol, guest, rule.guestPort, ip.dst, rule.hostPort);
  if (mapping == 0) {
    // Mappings that are over may have all the records.
    if (!makeRoom(rule.nat)) return REFUSED | NAT_FULL;
    mapping = makeMapping(rule.nat, IS_FORWARD, rule.protocol, guest, rule.guestPort, ip.dst, rule.hostPort);
    if (mapping == 0) return REFUSED | NAT_FULL;
  }
  return openThrough(mapping, f);
}

/** A connection through `mapping` for a packet from outside, or REFUSED | reason. Making room may end the mapping's others. */
function openThrough(mapping: u32, f: Frame): u32 {
  hold(mapping);
  const id = open(mapping, f);
  letGo(mapping);
  return id;
}

function open(mapping: u32, f: Frame): u32 {
  const m = mappingAt(mapping);
  const src = Ipv4.at(f.data + f.l3).src;
  if (m.protocol == PROTOCOL_TCP && !isOpening(Tcp.at(f.data + f.l4).flags)) return REFUSED | NAT_UNKNOWN;
  const remote = insideNameOf(m, src);
  if (remote == 0) return REFUSED | NAT_LOOPBACK;
  if (!makeRoom(m.nat)) return REFUSED | NAT_FULL;
  // Two outside endpoints that lead to one guest endpoint cannot both show it the same remote.
  const clash = findInside(m.nat, m.protocol, m.insideIp, m.insidePort, remote, remotePort(f));
  if (clash != 0) return REFUSED | NAT_PORTS;
  const id = makeConnection(mapping, remote, src, remotePort(f), OUTSIDE_OPENED);
  return id != 0 ? id : REFUSED | NAT_FULL;
}

/**
 * How the inside is shown who sends from `src`. The outside node's own loopback means nothing there: it has another name, or what
 * comes by a forward seems to come from the gateway itself, which does not let the inside open anything to it. 0: no name at all.
 */
function insideNameOf(m: Mapping, src: u32): u32 {
  if (!isLoopback(src)) return src;
  const alias = aliasFor(m.nat, src);
  if (alias != 0 || (m.flags & IS_FORWARD) == 0) return alias;
  const inside = onLinkWith(natAt(m.nat).insideNode, m.insideIp);
  return inside != 0 ? interfaceAt(inside).address : 0;
}

/**
 * The outside node's loopback address that a packet from the inside to the gateway's own address goes on to: it belongs to a
 * connection that came from there by a forward. 0: it belongs to none.
 */
export function answeredLoopback(nat: u32, handle: u32): u32 {
  const f = frameAt(handle);
  if ((f.flags & IS_FRAGMENT) != 0 || (f.protocol != PROTOCOL_TCP && f.protocol != PROTOCOL_UDP)) return 0;
  const ip = Ipv4.at(f.data + f.l3);
  const id = findInside(nat, f.protocol, ip.src, f.srcPort, ip.dst, f.dstPort);
  if (id == 0 || (connectionAt(id).seen & OUTSIDE_OPENED) == 0) return 0;
  const remote = connectionAt(id).outsideIp;
  return isLoopback(remote) ? remote : 0;
}

/**
 * Whether what arrives for an outside node concerns a NAT: an endpoint that is lent out, or an error about what was sent from
 * one. Nothing is opened or refreshed by asking.
 */
export function isLentOut(outsideNode: u32, handle: u32): bool {
  const f = frameAt(handle);
  const ip = Ipv4.at(f.data + f.l3);
  if (f.flags & IS_FRAGMENT) return false;
  if (f.protocol == PROTOCOL_TCP || f.protocol == PROTOCOL_UDP) return isOutsideTaken(outsideNode, f.protocol, ip.dst, f.dstPort);
  if (f.protocol != PROTOCOL_ICMP) return false;
  const type = Icmp.at(f.data + f.l4).type;
  if (type == ICMP_ECHO_REPLY) return isOutsideTaken(outsideNode, PROTOCOL_ICMP, ip.dst, f.dstPort);
  return isTranslatedError(type) && isQuotedLentOut(outsideNode, f);
}
