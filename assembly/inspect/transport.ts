import { IS_FRAGMENT, KIND_IPV6 } from "../abi";
import { Packet } from "../packet/packet";
import { fold, sumOf } from "../wire/checksum";
import { PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";
import { TCP, TCP_ACK, Tcp } from "../wire/tcp";
import { UDP, Udp } from "../wire/udp";
import { describeDhcp, isDhcp } from "./dhcp";
import { describeDns, isDns } from "./dns";
import { listed } from "./text";

const BAD: string = " (bad cksum)";

/** The mark for a wrong checksum of `length` bytes at `at`, or nothing. A fragment's cannot be told. */
export function checksumMark(at: usize, length: u32, p: Packet, pseudo: u64): string {
  if (p.flags & IS_FRAGMENT) return "";
  return fold(pseudo + sumOf(at, length)) == 0xffff ? "" : BAD;
}

/** Partial sum of the pseudo-header, of either family (RFC 768, RFC 8200 §8.1). `addresses` is that of both addresses. */
export function pseudoSum(addresses: u64, protocol: u32, length: u32): u64 {
  return addresses + <u64>bswap<u16>(<u16>protocol) + <u64>bswap<u16>(<u16>length);
}

/** `UDP, length 20`, or the DHCP or DNS message in it. */
export function describeUdp(data: usize, p: Packet, addresses: u64): string {
  const at = data + p.l4;
  const udp = Udp.at(at);
  const length = udp.length;
  const whole = (p.flags & IS_FRAGMENT) == 0;
  // Zero means "none" over IPv4 (RFC 768) and is an error over IPv6 (RFC 8200 §8.1).
  const unsummed = udp.checksumBE == 0;
  const bad = unsummed
    ? p.kind == KIND_IPV6
      ? BAD
      : ""
    : checksumMark(at, length, p, pseudoSum(addresses, PROTOCOL_UDP, length));
  const size = length - UDP;
  if (whole && isDhcp(udp, size)) return describeDhcp(at + UDP, size) + bad;
  if (whole && isDns(udp, size)) return describeDns(at + UDP, size) + bad;
  return `UDP, length ${size}${bad}`;
}

/** `Flags [S], seq 1, win 64240, options [mss 1460], length 0`; sequence numbers are as they stand. */
export function describeTcp(data: usize, p: Packet, addresses: u64): string {
  const at = data + p.l4;
  const tcp = Tcp.at(at);
  const size: u32 = p.end - p.payload;
  const seq = size == 0 ? tcp.seq.toString() : `${tcp.seq}:${tcp.seq + size}`;
  const ack = tcp.flags & TCP_ACK ? `, ack ${tcp.ack}` : "";
  const options = tcp.headerLength == TCP ? "" : `, options [${optionsText(at + TCP, data + p.payload)}]`;
  const segment: u32 = p.end - p.l4;
  const bad = checksumMark(at, segment, p, pseudoSum(addresses, PROTOCOL_TCP, segment));
  return `Flags [${flagsText(tcp.flags)}], seq ${seq}${ack}, win ${tcp.window}${options}, length ${size}${bad}`;
}

/** `S` SYN, `F` FIN, `R` RST, `P` PSH, `.` ACK, `U` URG, `E` ECE, `W` CWR. */
function flagsText(flags: u32): string {
  if (flags == 0) return "none";
  const letters = "FSRP.UEW";
  let text = "";
  for (let i = 0; i < 8; i++) if ((flags >>> i) & 1) text += letters.charAt(i);
  return text;
}

/** TCP options (IANA) from `at` to `end`. */
function optionsText(at: usize, end: usize): string {
  let text = "";
  while (at < end) {
    const kind: u32 = load<u8>(at);
    if (kind == 0) return listed(text, "eol");
    const size: u32 = kind == 1 ? 1 : at + 1 < end ? load<u8>(at, 1) : 0;
    if (size == 0 || (kind != 1 && size < 2) || at + size > end) return listed(text, "bad opt");
    text = listed(text, optionText(at, kind, size));
    at += size;
  }
  return text;
}

function optionText(at: usize, kind: u32, size: u32): string {
  if (kind == 1) return "nop";
  if (kind == 2 && size == 4) return `mss ${bswap<u16>(load<u16>(at, 2))}`;
  if (kind == 3 && size == 3) return `wscale ${load<u8>(at, 2)}`;
  if (kind == 4 && size == 2) return "sackOK";
  if (kind == 5) return sackText(at, size);
  if (kind == 8 && size == 10) return `TS val ${bswap<u32>(load<u32>(at, 2))} ecr ${bswap<u32>(load<u32>(at, 6))}`;
  if (kind == 34) return "tfo";
  return `opt-${kind}`;
}

/** `sack 2 {1:100}{200:300}`, by absolute sequence numbers (RFC 2018 §3). */
function sackText(at: usize, size: u32): string {
  let text = `sack ${(size - 2) >>> 3} `;
  for (let i: u32 = 2; i + 8 <= size; i += 8) {
    text += `{${bswap<u32>(load<u32>(at + i))}:${bswap<u32>(load<u32>(at + i, 4))}}`;
  }
  return text;
}
