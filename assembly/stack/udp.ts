import { EVENT_DATAGRAM, E_NO_FRAME, UDP_CHECKSUM, UDP_CLOSED } from "../abi";
import { consumeByEvent, drop, emitEvent, frameAt, makeVisible } from "../frames";
import { sendIcmpError } from "../ip/icmp-error";
import { sendTo } from "../ip/neighbor";
import { boundTo } from "../ip/ports";
import { newPacket, payloadOf, sendPacket } from "../ip/send";
import { checksumOf, fold, pseudoHeader, sumOf } from "../wire/checksum";
import { ICMP_UNREACHABLE, UNREACHABLE_PORT } from "../wire/icmp";
import { Ipv4, PROTOCOL_UDP } from "../wire/ipv4";
import { UDP, Udp } from "../wire/udp";

/** Whether a datagram's checksum is right, or absent (RFC 768). */
export function isUdpSound(frame: u32): bool {
  const f = frameAt(frame);
  const ip = Ipv4.at(f.data + f.l3);
  const udp = Udp.at(f.data + f.l4);
  if (udp.checksumBE == 0) return true;
  const sum = pseudoHeader(ip.src, ip.dst, PROTOCOL_UDP, udp.length) + sumOf(changetype<usize>(udp), udp.length);
  return fold(sum) == 0xffff;
}

/** A datagram for `node`, in by interface `id` (0: from itself). Takes the frame over; the event keeps it. */
export function receiveUdp(node: u32, id: u32, frame: u32, isUnicast: bool): void {
  const f = frameAt(frame);
  const ip = Ipv4.at(f.data + f.l3);
  const udp = Udp.at(f.data + f.l4);
  const socket = boundTo(node, PROTOCOL_UDP, ip.dst, udp.dstPort);
  // A broadcast nobody listens for is nobody's, right or wrong; ten thousand stations need not sum it ten thousand times.
  if (socket == 0 && !isUnicast) return drop(frame, UDP_CLOSED);
  if (!isUdpSound(frame)) return drop(frame, UDP_CHECKSUM);
  if (socket == 0) {
    sendIcmpError(node, frame, ICMP_UNREACHABLE, UNREACHABLE_PORT, 0);
    return drop(frame, UDP_CLOSED);
  }
  const e = emitEvent(EVENT_DATAGRAM, socket);
  e.a = ip.src;
  e.b = udp.srcPort;
  e.c = ip.dst;
  e.d = id;
  e.flags = ip.ttl;
  e.frame = frame;
  e.offset = <u32>(f.data + f.payload);
  e.length = udp.length - UDP;
  makeVisible();
  consumeByEvent(frame);
}

/** A datagram from `node`, its payload copied from `data`; 0 when no buffer is free. */
export function newDatagram(
  node: u32, src: u32, srcPort: u32, dst: u32, dstPort: u32, data: usize, length: u32, ttl: u32,
): u32 {
  const frame = newPacket(node, src, dst, PROTOCOL_UDP, ttl, UDP + length);
  if (frame == 0) return 0;
  const f = frameAt(frame);
  const at = payloadOf(frame);
  const udp = Udp.at(at);
  udp.srcPort = srcPort;
  udp.dstPort = dstPort;
  udp.length = UDP + length;
  udp.checksumBE = 0;
  memory.copy(at + UDP, data, length);
  const checksum = checksumOf(pseudoHeader(src, dst, PROTOCOL_UDP, UDP + length) + sumOf(at, UDP + length));
  // A computed zero is sent as 0xffff: on the wire zero means "no checksum" (RFC 768).
  udp.checksumBE = checksum == 0 ? 0xffff : checksum;
  f.payload = <u16>(<u32>f.l4 + UDP);
  f.srcPort = <u16>srcPort;
  f.dstPort = <u16>dstPort;
  return frame;
}

/** Sends a datagram by the node's routes. 0 or E_NO_FRAME. */
export function sendUdp(
  node: u32, src: u32, srcPort: u32, dst: u32, dstPort: u32, data: usize, length: u32, ttl: u32,
): i32 {
  const frame = newDatagram(node, src, srcPort, dst, dstPort, data, length, ttl);
  if (frame == 0) return E_NO_FRAME;
  sendPacket(node, frame);
  return 0;
}

/** Sends a datagram out of one interface to one MAC, whoever has the address: for those who have none yet (DHCP). */
export function sendUdpTo(
  node: u32, id: u32, mac: u64, src: u32, srcPort: u32, dst: u32, dstPort: u32, data: usize, length: u32,
): i32 {
  const frame = newDatagram(node, src, srcPort, dst, dstPort, data, length, 64);
  if (frame == 0) return E_NO_FRAME;
  sendTo(id, mac, frame);
  return 0;
}
