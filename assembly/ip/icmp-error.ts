import { IS_LATER_FRAGMENT } from "../abi";
import { frameAt } from "../frames";
import { now } from "../memory";
import { checksumOf, sumOf } from "../wire/checksum";
import { Ethernet, isGroup } from "../wire/ethernet";
import { ICMP, Icmp, isIcmpError } from "../wire/icmp";
import { IPV4, Ipv4, PROTOCOL_ICMP, isMulticast } from "../wire/ipv4";
import { nodeAt } from "./node";
import { newPacket, payloadOf, sendPacket } from "./send";
import { sourceFor } from "./way";

/** As much of the offending packet as fits in 576 bytes (RFC 1812 §4.3.2.3). */
const QUOTE: u32 = 576 - IPV4 - ICMP;
/** Errors a node may send at once, and how long until it may send one more (RFC 1812 §4.3.2.8). */
const TOKENS: u32 = 100;
const TOKEN_TIME: u64 = 10_000_000;

/**
 * Sends an ICMP error about the packet in `frame`, which stays the caller's and has to be as it was received. Nothing is sent
 * where RFC 1122 §3.2.2 and RFC 1812 §4.3.2.7 forbid it, or when the node has said too much lately.
 *
 * @param rest  the four bytes after the checksum, host order: for "fragmentation needed" the next-hop MTU, else 0
 */
export function sendIcmpError(node: u32, frame: u32, type: u32, code: u32, rest: u32): void {
  if (!mayComplain(frame) || !takeToken(node)) return;
  const f = frameAt(frame);
  const about = Ipv4.at(f.data + f.l3);
  const src = sourceFor(node, about.src);
  if (src == 0) return;
  let quote = <u32>f.end - <u32>f.l3;
  if (quote > QUOTE) quote = QUOTE;
  const answer = newPacket(node, src, about.src, PROTOCOL_ICMP, 64, ICMP + quote);
  if (answer == 0) return;
  const at = payloadOf(answer);
  const icmp = Icmp.at(at);
  icmp.type = <u8>type;
  icmp.code = <u8>code;
  icmp.checksumBE = 0;
  icmp.id = rest >>> 16;
  icmp.seq = rest & 0xffff;
  memory.copy(at + ICMP, changetype<usize>(about), quote);
  icmp.checksumBE = checksumOf(sumOf(at, ICMP + quote));
  sendPacket(node, answer);
}

/** Never about an ICMP error, a group, a later fragment, or a source that is not one host. */
function mayComplain(frame: u32): bool {
  const f = frameAt(frame);
  if (isGroup(Ethernet.at(f.data).dst)) return false;
  if ((f.flags & IS_LATER_FRAGMENT) != 0) return false;
  const ip = Ipv4.at(f.data + f.l3);
  if (isMulticast(ip.dst) || ip.dst == 0xffffffff) return false;
  // (A loopback source has come off no wire: the node itself sent it, and may be told.)
  if (ip.src == 0 || ip.src >>> 28 >= 14) return false;
  return !(f.protocol == PROTOCOL_ICMP && f.l4 != 0 && isIcmpError(Icmp.at(f.data + f.l4).type));
}

function takeToken(node: u32): bool {
  const n = nodeAt(node);
  const earned = (now() - n.errorTokensAt) / TOKEN_TIME;
  if (earned != 0) {
    n.errorTokens = <u32>min<u64>(TOKENS, n.errorTokens + earned);
    n.errorTokensAt += earned * TOKEN_TIME;
  }
  if (n.errorTokens == 0) return false;
  n.errorTokens--;
  return true;
}
