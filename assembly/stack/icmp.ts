import { EVENT_ECHO, EVENT_ICMP_ERROR, E_NO_FRAME, ICMP_CHECKSUM, ICMP_QUOTE, ICMP_TYPE } from "../abi";
import { consume, drop, emitEvent, frameAt, makeVisible } from "../frames";
import { isOwn } from "../ip/node";
import { boundTo } from "../ip/ports";
import { newPacket, payloadOf, sendPacket, setTos } from "../ip/send";
import { checksumOf, fold, sumOf } from "../wire/checksum";
import { ICMP, ICMP_ECHO, ICMP_ECHO_REPLY, ICMP_REDIRECT, ICMP_SOURCE_QUENCH, ICMP_UNREACHABLE, Icmp, isIcmpError } from "../wire/icmp";
import { hearTcpError } from "./tcp/unreachable";
import { IPV4, IPV4_OFFSET, Ipv4, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";

/** An ICMP message for `node` (RFC 792, RFC 1122 §3.2.2). Takes the frame over. */
export function receiveIcmp(node: u32, frame: u32, isUnicast: bool): void {
  const f = frameAt(frame);
  const at = f.data + f.l4;
  const length = <u32>f.end - <u32>f.l4;
  if (fold(sumOf(at, length)) != 0xffff) return drop(frame, ICMP_CHECKSUM);
  const icmp = Icmp.at(at);
  if (icmp.type == ICMP_ECHO) return isUnicast ? answerEcho(node, frame, length) : drop(frame, ICMP_TYPE);
  if (icmp.type == ICMP_ECHO_REPLY) return hearEcho(node, frame, length);
  if (isIcmpError(icmp.type) && isUnicast) return hearError(node, frame, length);
  drop(frame, ICMP_TYPE);
}

/** Same identifier, sequence number, data and type of service; addresses the other way round (RFC 1122 §3.2.2.6). */
function answerEcho(node: u32, frame: u32, length: u32): void {
  const f = frameAt(frame);
  const ip = Ipv4.at(f.data + f.l3);
  const answer = newPacket(node, ip.dst, ip.src, PROTOCOL_ICMP, 64, length);
  if (answer != 0) {
    setTos(answer, ip.tos);
    const at = payloadOf(answer);
    memory.copy(at, f.data + f.l4, length);
    const icmp = Icmp.at(at);
    icmp.type = <u8>ICMP_ECHO_REPLY;
    icmp.checksumBE = 0;
    icmp.checksumBE = checksumOf(sumOf(at, length));
    frameAt(answer).srcPort = <u16>icmp.id;
    frameAt(answer).dstPort = <u16>icmp.id;
  }
  consume(frame);
  if (answer != 0) sendPacket(node, answer);
}

function hearEcho(node: u32, frame: u32, length: u32): void {
  const f = frameAt(frame);
  const ip = Ipv4.at(f.data + f.l3);
  const icmp = Icmp.at(f.data + f.l4);
  if (boundTo(node, PROTOCOL_ICMP, ip.dst, icmp.id) == 0) return drop(frame, ICMP_TYPE);
  const e = emitEvent(EVENT_ECHO, node);
  e.a = ip.src;
  e.b = icmp.id;
  e.c = icmp.seq;
  e.flags = ip.ttl;
  e.length = length - ICMP;
  makeVisible();
  consume(frame);
}

/** An error about something this node sent: who sent it is told; what it does about it is its own business. */
function hearError(node: u32, frame: u32, length: u32): void {
  const f = frameAt(frame);
  const icmp = Icmp.at(f.data + f.l4);
  const about = Ipv4.at(f.data + f.l4 + ICMP);
  // Source quench is ignored (RFC 6633 §3), a redirect is no failure.
  if (icmp.type == ICMP_SOURCE_QUENCH || icmp.type == ICMP_REDIRECT) return drop(frame, ICMP_TYPE);
  if (length < ICMP + IPV4 || about.version != 4) return drop(frame, ICMP_QUOTE);
  const header = about.headerLength;
  if (header < IPV4 || length < ICMP + header + 8) return drop(frame, ICMP_QUOTE);
  // Only what this node sent is its business. A later fragment has no ports to tell whose it was.
  if (!isOwn(node, about.src) || (about.fragment & IPV4_OFFSET) != 0) return drop(frame, ICMP_QUOTE);
  if (about.protocol == PROTOCOL_TCP && hearTcpError(node, icmp, about)) return consume(frame);
  const e = emitEvent(EVENT_ICMP_ERROR, node);
  e.a = Ipv4.at(f.data + f.l3).src;
  e.b = ((<u32>icmp.type) << 8) | <u32>icmp.code;
  e.c = about.protocol;
  e.d = about.dst;
  e.e = quotedPorts(changetype<usize>(about) + header, about.protocol);
  if (about.protocol == PROTOCOL_UDP) e.f = boundTo(node, PROTOCOL_UDP, about.src, e.e >>> 16);
  e.flags = icmp.type == ICMP_UNREACHABLE ? icmp.seq : 0;
  makeVisible();
  consume(frame);
}

/** Source port << 16 | destination port of a quoted packet, for echo identifier << 16 | sequence number. */
function quotedPorts(at: usize, protocol: u32): u32 {
  if (protocol == PROTOCOL_UDP || protocol == PROTOCOL_TCP) return bswap<u32>(load<u32>(at));
  if (protocol == PROTOCOL_ICMP) return bswap<u32>(load<u32>(at, 4));
  return 0;
}

/** Sends an echo request with `length` bytes of data from `data`. 0 or E_NO_FRAME. */
export function sendEcho(node: u32, src: u32, dst: u32, id: u32, seq: u32, data: usize, length: u32, ttl: u32): i32 {
  const frame = newPacket(node, src, dst, PROTOCOL_ICMP, ttl, ICMP + length);
  if (frame == 0) return E_NO_FRAME;
  const at = payloadOf(frame);
  const icmp = Icmp.at(at);
  icmp.type = <u8>ICMP_ECHO;
  icmp.code = 0;
  icmp.checksumBE = 0;
  icmp.id = id;
  icmp.seq = seq;
  memory.copy(at + ICMP, data, length);
  icmp.checksumBE = checksumOf(sumOf(at, ICMP + length));
  frameAt(frame).srcPort = <u16>id;
  frameAt(frame).dstPort = <u16>id;
  sendPacket(node, frame);
  return 0;
}
