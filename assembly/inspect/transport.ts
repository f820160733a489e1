import { IS_FRAGMENT, KIND_IPV6 } from "../abi";
import { Packet } from "../packet/packet";
import { PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";
import { TCP, TCP_ACK, Tcp } from "../wire/tcp";
import { UDP, Udp } from "../wire/udp";
import { dissectDhcp, isDhcp } from "./dhcp";
import { dissectDns, isDns } from "./dns";
import { Layers, SUM_ABSENT, SUM_ZERO, checksumMark } from "./layers";
import { OPTIONS_TCP, dissectOptions } from "./options";
import { pseudoSum, sumState } from "./sums";

/** `UDP, length 20`, or the DHCP or DNS message in it. */
export function dissectUdp(data: usize, p: Packet, addresses: u64, to: Layers): string {
  const udp = Udp.at(data + p.l4);
  const length = udp.length;
  const sum = udpSum(data + p.l4, p, addresses);
  addUdp(data, p, sum, to);
  const bad = checksumMark(sum);
  const size = length - UDP;
  if (p.flags & IS_FRAGMENT) return `UDP, length ${size}${bad}`;

  to.limit = p.l4 + length;
  if (isDhcp(udp, size)) return dissectDhcp(data, p.payload, size, to) + bad;
  if (isDns(udp, size)) return dissectDns(data, p.payload, size, to) + bad;
  return `UDP, length ${size}${bad}`;
}

/** Zero means "none" over IPv4 (RFC 768) and is an error over IPv6 (RFC 8200 §8.1). */
function udpSum(at: usize, p: Packet, addresses: u64): u32 {
  const udp = Udp.at(at);
  if (udp.checksumBE == 0) return p.kind == KIND_IPV6 ? SUM_ZERO : SUM_ABSENT;
  const length = udp.length;
  return sumState(at, length, p, pseudoSum(addresses, PROTOCOL_UDP, length));
}

/** The layer of a UDP header. */
export function addUdp(data: usize, p: Packet, sum: u32, to: Layers): void {
  const udp = Udp.at(data + p.l4);
  to.begin("udp", p.l4, UDP).number("srcPort", udp.srcPort).number("dstPort", udp.dstPort);
  to.number("length", udp.length).number("checksum", bswap<u16>(udp.checksumBE)).end(sum);
}

/** `Flags [S], seq 1, win 64240, options [mss 1460], length 0`; sequence numbers are as they stand. */
export function dissectTcp(data: usize, p: Packet, addresses: u64, to: Layers): string {
  const at = data + p.l4;
  const tcp = Tcp.at(at);
  const segment: u32 = p.end - p.l4;
  const sum = sumState(at, segment, p, pseudoSum(addresses, PROTOCOL_TCP, segment));
  addTcp(data, p, to);
  const options = tcp.headerLength == TCP ? "" : dissectOptions(at + TCP, data + p.payload, OPTIONS_TCP, to);
  to.end(sum);

  const size: u32 = p.end - p.payload;
  const seq = size == 0 ? tcp.seq.toString() : `${tcp.seq}:${tcp.seq + size}`;
  const ack = tcp.flags & TCP_ACK ? `, ack ${tcp.ack}` : "";
  const listed = options.length == 0 ? "" : `, options [${options}]`;
  return `Flags [${flagsText(tcp.flags)}], seq ${seq}${ack}, win ${tcp.window}${listed}, length ${size}${checksumMark(sum)}`;
}

/** The layer of a TCP header, not ended yet: its options may follow. */
export function addTcp(data: usize, p: Packet, to: Layers): Layers {
  const tcp = Tcp.at(data + p.l4);
  to.begin("tcp", p.l4, p.payload > p.l4 ? p.payload - p.l4 : TCP).number("srcPort", tcp.srcPort);
  to.number("dstPort", tcp.dstPort).number("seq", tcp.seq).number("ack", tcp.ack).text("flags", flagsText(tcp.flags));
  to.number("window", tcp.window).number("checksum", bswap<u16>(tcp.checksumBE)).number("urgent", tcp.urgent);
  return to;
}

/** `S` SYN, `F` FIN, `R` RST, `P` PSH, `.` ACK, `U` URG, `E` ECE, `W` CWR. */
function flagsText(flags: u32): string {
  if (flags == 0) return "none";
  const letters = "FSRP.UEW";
  let text = "";
  for (let i = 0; i < 8; i++) if ((flags >>> i) & 1) text += letters.charAt(i);
  return text;
}
