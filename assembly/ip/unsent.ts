import { EVENT_UNSENT, IS_LATER_FRAGMENT, NEIGHBOR_FAILED } from "../abi";
import { emitEvent, frameAt, makeVisible } from "../frames";
import { UNREACHABLE_HOST, ICMP_UNREACHABLE, Icmp } from "../wire/icmp";
import { Ipv4, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";
import { sendIcmpError } from "./icmp-error";
import { isOwn, nodeAt } from "./node";
import { boundTo } from "./ports";

/**
 * Tells whoever sent a packet that it found no way: the node's own user by an event, everybody else by ICMP host
 * unreachable (RFC 1812 §5.2.7.1), which is also how a node with NATs hears of its own. The frame stays the caller's.
 */
export function reportUnsent(node: u32, frame: u32, reason: u32): void {
  const f = frameAt(frame);
  const ip = Ipv4.at(f.data + f.l3);
  const isMine = isOwn(node, ip.src) || ip.src == 0;
  // A TCP stream hears of it as of anything that goes wrong on the way: by ICMP, from its own node.
  if (ip.protocol == PROTOCOL_TCP && isMine) return sendIcmpError(node, frame, ICMP_UNREACHABLE, UNREACHABLE_HOST, 0);
  // What a NAT has translated leaves under the node's own address: the error goes by way of the node, whose NAT passes it on.
  if (!isMine || (reason == NEIGHBOR_FAILED && nodeAt(node).outsideOf != 0)) {
    if (reason == NEIGHBOR_FAILED) sendIcmpError(node, frame, ICMP_UNREACHABLE, UNREACHABLE_HOST, 0);
    return;
  }
  const e = emitEvent(EVENT_UNSENT, node);
  e.a = ip.dst;
  e.b = reason;
  e.c = ip.protocol;
  e.e = portsOf(frame);
  if (ip.protocol == PROTOCOL_UDP) e.f = boundTo(node, PROTOCOL_UDP, ip.src, e.e >>> 16);
  makeVisible();
}

/** Source port << 16 | destination port, or for ICMP echo identifier << 16 | sequence number; 0 when there are none. */
function portsOf(frame: u32): u32 {
  const f = frameAt(frame);
  if (f.l4 == 0 || (f.flags & IS_LATER_FRAGMENT) != 0) return 0;
  if (f.protocol != PROTOCOL_ICMP) return (<u32>f.srcPort << 16) | <u32>f.dstPort;
  const icmp = Icmp.at(f.data + f.l4);
  return (icmp.id << 16) | icmp.seq;
}
