import { STREAM_ERROR_REFUSED, STREAM_ERROR_UNREACHABLE, STREAM_ESTABLISHED } from "../../abi";
import { ICMP, ICMP_UNREACHABLE, Icmp, UNREACHABLE_FRAGMENTATION, UNREACHABLE_PORT, UNREACHABLE_PROTOCOL } from "../../wire/icmp";
import { Ipv4 } from "../../wire/ipv4";
import { Tcp } from "../../wire/tcp";
import { finish } from "./ending";
import { findStream } from "./lookup";
import { tellNews } from "./news";
import { output } from "./output";
import { lowerPathMtu, plateauBelow } from "./path-mtu";
import { giveUpRecovery } from "./recovery";
import { segment } from "./segment";
import { isBefore } from "./sequence";
import { HAS_SOFT_ERROR, IS_RECOVERING, MAY_FRAGMENT, Stream, streamAt } from "./stream";

/**
 * An ICMP error about a segment of a stream of `node`. Only what is in flight can have caused one (RFC 5927 §4). While a
 * connection is being opened any error ends it (RFC 5461 §4.1); later none does (RFC 9293 §3.9.2.2, RFC 5927 §5).
 *
 * @param about  the quoted packet; at least 8 bytes follow its header
 * @returns      false: it is about no stream here
 */
export function hearTcpError(node: u32, icmp: Icmp, about: Ipv4): bool {
  const tcp = Tcp.at(changetype<usize>(about) + about.headerLength);
  const id = findStream(node, about.src, tcp.srcPort, about.dst, tcp.dstPort);
  if (id == 0) return false;
  const s = streamAt(id);
  if (isBefore(tcp.seq, s.sndUna) || !isBefore(tcp.seq, s.sndMax)) return true;
  segment().twiceRight = segment().twiceLeft;
  if (icmp.type == ICMP_UNREACHABLE && icmp.code == UNREACHABLE_FRAGMENTATION) hearTooBig(s, icmp.seq, about.totalLength);
  else if (s.state < STREAM_ESTABLISHED) finish(s, isRefusal(icmp) ? STREAM_ERROR_REFUSED : STREAM_ERROR_UNREACHABLE);
  else s.set(HAS_SOFT_ERROR);
  if (s.state != 0) tellNews(s);
  return true;
}

function isRefusal(icmp: Icmp): bool {
  return icmp.type == ICMP_UNREACHABLE && (icmp.code == UNREACHABLE_PORT || icmp.code == UNREACHABLE_PROTOCOL);
}

/** RFC 1191: smaller segments from now on, and what got lost again at once; that is no congestion (§6.5). */
function hearTooBig(s: Stream, mtu: u32, size: u32): void {
  if (s.state < STREAM_ESTABLISHED) return;
  const next = mtu != 0 ? mtu : plateauBelow(size);
  if (next >= size && !s.has(MAY_FRAGMENT)) return;
  if (!lowerPathMtu(s, next)) return;
  if (s.has(IS_RECOVERING)) giveUpRecovery(s);
  s.sndNxt = s.sndUna;
  s.timedAt = 0;
  output(s);
}
