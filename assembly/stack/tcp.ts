import { TCP_CLOSED } from "../abi";
import { drop, frameAt } from "../frames";
import { newPacket, payloadOf, sendPacket } from "../ip/send";
import { checksumOf, fold, pseudoHeader, sumOf } from "../wire/checksum";
import { Ipv4, PROTOCOL_TCP } from "../wire/ipv4";
import { TCP, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN, Tcp } from "../wire/tcp";

/**
 * A segment for `node`. No port listens: it is answered by a reset, so that the other side learns at once (RFC 9293 §3.10.7.1).
 * Takes the frame over.
 */
export function receiveTcp(node: u32, frame: u32): void {
  const f = frameAt(frame);
  const ip = Ipv4.at(f.data + f.l3);
  const tcp = Tcp.at(f.data + f.l4);
  const length = <u32>f.end - <u32>f.l4;
  const sum = pseudoHeader(ip.src, ip.dst, PROTOCOL_TCP, length) + sumOf(changetype<usize>(tcp), length);
  if (fold(sum) == 0xffff && (tcp.flags & TCP_RST) == 0) reset(node, ip, tcp, length);
  drop(frame, TCP_CLOSED);
}

function reset(node: u32, ip: Ipv4, tcp: Tcp, length: u32): void {
  const answer = newPacket(node, ip.dst, ip.src, PROTOCOL_TCP, 64, TCP);
  if (answer == 0) return;
  const at = payloadOf(answer);
  memory.fill(at, 0, TCP);
  const rst = Tcp.at(at);
  rst.setPlainHeader();
  rst.srcPort = tcp.dstPort;
  rst.dstPort = tcp.srcPort;
  if ((tcp.flags & TCP_ACK) != 0) {
    rst.seq = tcp.ack;
    rst.flags = <u8>TCP_RST;
  } else {
    const phantom = u32((tcp.flags & TCP_SYN) != 0) + u32((tcp.flags & TCP_FIN) != 0);
    rst.ack = tcp.seq + length - tcp.headerLength + phantom;
    rst.flags = <u8>(TCP_RST | TCP_ACK);
  }
  rst.checksumBE = checksumOf(pseudoHeader(ip.dst, ip.src, PROTOCOL_TCP, TCP) + sumOf(at, TCP));
  const f = frameAt(answer);
  f.srcPort = <u16>rst.srcPort;
  f.dstPort = <u16>rst.dstPort;
  f.payload = <u16>(<u32>f.l4 + TCP);
  sendPacket(node, answer);
}
