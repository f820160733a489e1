import {
  E_NO_ADDRESS,
  E_NO_ROUTE,
  FRAME_MAX,
  KIND_IPV4,
  NO_ADDRESS,
  NO_ROUTE,
  TRACE_ROUTE,
} from "../abi";
import { drop, frameAt, originate } from "../frames";
import { toSelf } from "../time/wires";
import { trace } from "../trace";
import { checksumOf, difference, patch, sumOf } from "../wire/checksum";
import { ETHERNET, ETHERTYPE_IPV4, Ethernet, MAC_BROADCAST } from "../wire/ethernet";
import { IPV4, IPV4_DF, Ipv4 } from "../wire/ipv4";
import { doubtNeighbor, sendTo, sendVia } from "./neighbor";
import { firstConfigured, interfaceAt, nodeAt } from "./node";
import { NO_WAY, OWN, hopOf, interfaceOf, wayTo } from "./way";

/**
 * A new IPv4 packet of `node` with room for `length` bytes after its header, whose address is `payloadOf`. Header and
 * descriptor are filled in but for the ports; the checksum of the header is right. 0 when no buffer is free, or it would not fit
 * into one.
 */
export function newPacket(node: u32, src: u32, dst: u32, protocol: u32, ttl: u32, length: u32): u32 {
  return length > FRAME_MAX - ETHERNET - IPV4 ? 0 : newPacketIn(originate(), node, src, dst, protocol, ttl, length);
}

/** The same in a buffer that there is already, or 0; it has to fit. */
export function newPacketIn(frame: u32, node: u32, src: u32, dst: u32, protocol: u32, ttl: u32, length: u32): u32 {
  if (frame == 0) return 0;
  const f = frameAt(frame);
  f.length = ETHERNET + IPV4 + length;
  f.l3 = <u16>ETHERNET;
  f.l4 = <u16>(ETHERNET + IPV4);
  f.payload = f.l4;
  f.end = <u16>f.length;
  f.etherType = <u16>ETHERTYPE_IPV4;
  f.vlan = 0xffff;
  f.kind = <u8>KIND_IPV4;
  f.protocol = <u8>protocol;
  f.fault = 0;
  f.flags = 0;
  f.srcPort = 0;
  f.dstPort = 0;
  const eth = Ethernet.at(f.data);
  eth.dst = 0;
  eth.src = 0;
  eth.type = ETHERTYPE_IPV4;
  const ip = Ipv4.at(f.data + ETHERNET);
  ip.setPlainHeader();
  ip.tos = 0;
  ip.totalLength = IPV4 + length;
  ip.id = nodeAt(node).ipId++;
  ip.fragment = 0;
  ip.ttl = <u8>ttl;
  ip.protocol = <u8>protocol;
  ip.checksumBE = 0;
  ip.src = src;
  ip.dst = dst;
  ip.checksumBE = checksumOf(sumOf(changetype<usize>(ip), IPV4));
  return frame;
}

/** Gives a packet from `newPacket` another type of service. */
export function setTos(frame: u32, tos: u8): void {
  const ip = Ipv4.at(frameAt(frame).data + ETHERNET);
  ip.tos = tos;
  ip.checksumBE = 0;
  ip.checksumBE = checksumOf(sumOf(changetype<usize>(ip), IPV4));
}

/** Forbids routers to fragment a packet from `newPacket` (RFC 1191 §3). */
export function setDontFragment(frame: u32): void {
  const ip = Ipv4.at(frameAt(frame).data + ETHERNET);
  ip.fragment = IPV4_DF;
  ip.checksumBE = patch(ip.checksumBE, <u32>bswap<u16>(<u16>IPV4_DF));
}

/** Address of what follows the IP header of a packet from `newPacket`. */
export function payloadOf(frame: u32): usize {
  return frameAt(frame).data + ETHERNET + IPV4;
}

/** Whether there is a way to `dst`. 0, E_NO_ROUTE or E_NO_ADDRESS. */
export function checkRoute(node: u32, dst: u32): i32 {
  if (wayTo(node, dst) != NO_WAY) return 0;
  return firstConfigured(node) == 0 ? E_NO_ADDRESS : E_NO_ROUTE;
}

/** The way to `dst` is in doubt: its first hop is asked whether it is there (RFC 1122 §3.3.1.4). */
export function doubtRoute(node: u32, dst: u32): void {
  const way = wayTo(node, dst);
  if (interfaceOf(way) != 0) doubtNeighbor(interfaceOf(way), hopOf(way));
}

/** Sends a finished IP packet of `node` on its way: to itself, to a group, or to the next hop. Takes the frame over. */
export function sendPacket(node: u32, frame: u32): void {
  const f = frameAt(frame);
  sendBy(node, wayTo(node, Ipv4.at(f.data + f.l3).dst), frame);
}

/** The same by the way that has been found to its destination. */
export function sendBy(node: u32, way: u64, frame: u32): void {
  if (way == OWN) return toSelf(node, frame);
  const f = frameAt(frame);
  const dst = Ipv4.at(f.data + f.l3).dst;
  const id = interfaceOf(way);
  trace(frame, TRACE_ROUTE, node, dst, id, hopOf(way), 0);
  if (way == NO_WAY) return drop(frame, NO_ROUTE);
  const i = interfaceAt(id);
  if (i.address == 0) return drop(frame, NO_ADDRESS);
  if (i.isBroadcast(dst)) return sendTo(id, MAC_BROADCAST, frame);
  if (dst >>> 28 == 14) return sendTo(id, 0x01005e000000 | <u64>(dst & 0x7fffff), frame);
  sendVia(id, hopOf(way), frame);
}

/**
 * Counts one hop in a packet that is being forwarded: TTL less one, header checksum with it (RFC 1624). The frame has to be
 * the caller's own.
 */
export function countHop(frame: u32): void {
  const f = frameAt(frame);
  const ip = Ipv4.at(f.data + f.l3);
  const at = changetype<usize>(ip) + offsetof<Ipv4>("ttl");
  const before = <u32>load<u16>(at);
  ip.ttl--;
  ip.checksumBE = patch(ip.checksumBE, difference(before, <u32>load<u16>(at)));
}
