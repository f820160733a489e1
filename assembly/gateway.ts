import {
  IPV4_DESTINATION,
  IPV4_SOURCE,
  MTU,
  NO_FRAME,
  NO_ROUTE,
  OK,
  TTL_EXPIRED,
} from "./abi";
import { drop, frameAt, own } from "./frames";
import { sendIcmpError } from "./ip/icmp-error";
import { interfaceAt } from "./ip/node";
import { countHop, sendBy } from "./ip/send";
import { NO_WAY, OWN, interfaceOf } from "./ip/way";
import {
  ICMP_TIME_EXCEEDED,
  ICMP_UNREACHABLE,
  UNREACHABLE_FRAGMENTATION,
  UNREACHABLE_NET,
} from "./wire/icmp";
import { IPV4_DF, Ipv4, isLoopback, isMulticast } from "./wire/ipv4";

/**
 * What a router checks before it carries a packet on (RFC 1812 §5.2, §5.3): OK, or the reason it does not. What the sender is
 * to be told, it has been told.
 */
export function mayForward(node: u32, frame: u32): u32 {
  const f = frameAt(frame);
  const ip = Ipv4.at(f.data + f.l3);
  if (isLoopback(ip.src) || ip.src == 0 || ip.src >>> 28 >= 14) return IPV4_SOURCE;
  if (isLoopback(ip.dst) || ip.dst == 0 || isMulticast(ip.dst) || ip.dst >>> 28 == 15) return IPV4_DESTINATION;
  if (ip.ttl > 1) return OK;
  sendIcmpError(node, frame, ICMP_TIME_EXCEEDED, 0, 0);
  return TTL_EXPIRED;
}

/** Whether the way to a packet's destination leads anywhere, and is wide enough. `node` is the router that says so if not. */
export function mayLeave(node: u32, way: u64, frame: u32): u32 {
  if (way == OWN) return OK;
  if (way == NO_WAY) {
    sendIcmpError(node, frame, ICMP_UNREACHABLE, UNREACHABLE_NET, 0);
    return NO_ROUTE;
  }
  const f = frameAt(frame);
  const ip = Ipv4.at(f.data + f.l3);
  const egress = interfaceAt(interfaceOf(way));
  // Nobody broadcasts into a network from outside it (RFC 2644 §2).
  if (egress.isBroadcast(ip.dst)) return IPV4_DESTINATION;
  if (ip.totalLength <= egress.mtu) return OK;
  if ((ip.fragment & IPV4_DF) != 0) {
    sendIcmpError(node, frame, ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION, egress.mtu);
  }
  return MTU;
}

/** Carries a packet on that passed the checks: one hop less, out by its way. Takes the frame over. */
export function carry(node: u32, way: u64, frame: u32): void {
  const mine = own(frame);
  if (mine == 0) return drop(frame, NO_FRAME);
  countHop(mine);
  sendBy(node, way, mine);
}
