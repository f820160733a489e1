import { Frame } from "../frames";
import { seed } from "../memory";
import { Packet } from "../packet/packet";
import { fold, patch, sumOf } from "../wire/checksum";
import { Icmp } from "../wire/icmp";
import { Ipv4, PROTOCOL_ICMP, PROTOCOL_TCP } from "../wire/ipv4";
import { Tcp } from "../wire/tcp";
import { Udp } from "../wire/udp";

/** Bytes of a TCP header up to the end of its checksum. */
const TCP_CHECKSUM_END: u32 = 18;

/**
 * Gives the packet in a frame of our own other endpoints. Checksums are patched by the difference (RFC 1624): a wrong one
 * stays wrong. For ICMP echo one of the ports is the identifier, the other 0. The descriptor follows.
 */
export function rewrite(f: Frame, src: u32, srcPort: u32, dst: u32, dstPort: u32): void {
  const change = rewriteAddresses(Ipv4.at(f.data + f.l3), src, dst);
  rewritePorts(f.data + f.l4, f.protocol, f.end - f.l4, change, srcPort, dstPort);
  if (f.protocol == PROTOCOL_ICMP) {
    srcPort |= dstPort;
    dstPort = srcPort;
  }
  f.srcPort = <u16>srcPort;
  f.dstPort = <u16>dstPort;
  rehash(f);
}

/** The hash of a frame whose addresses and ports have changed, as the parser would find it. */
export function rehash(f: Frame): void {
  Packet.at(changetype<usize>(f) + offsetof<Frame>("l3")).finish(Ipv4.at(f.data + f.l3).addressesBE ^ seed());
}

/** Sets the addresses of a header and patches its checksum. Returns the change, for a checksum that covers them too. */
export function rewriteAddresses(ip: Ipv4, src: u32, dst: u32): u64 {
  const change = changeOf(ip.src, src) + changeOf(ip.dst, dst);
  ip.src = src;
  ip.dst = dst;
  ip.checksumBE = patch(ip.checksumBE, swapped(change));
  return change;
}

/**
 * Sets ports or identifier of the transport header at `l4` and patches its checksum.
 *
 * @param length   bytes there are from `l4` on, 8 and up: a quoted TCP header may end before its checksum
 * @param change   what the change of addresses adds to the pseudo-header's sum
 */
export function rewritePorts(l4: usize, protocol: u32, length: u32, change: u64, srcPort: u32, dstPort: u32): void {
  if (protocol == PROTOCOL_ICMP) {
    const icmp = Icmp.at(l4);
    const id = srcPort | dstPort;
    icmp.checksumBE = patch(icmp.checksumBE, swapped(changeOf(icmp.id, id)));
    icmp.id = id;
    // Of a message that is all zeros the sum is 0, and the difference cannot tell 0 from 0xffff (RFC 1624 §3).
    if (icmp.checksumBE == 0 && sumOf(l4, length) == 0) icmp.checksumBE = 0xffff;
    return;
  }
  // TCP's header begins as UDP's does.
  const ports = Udp.at(l4);
  const delta = swapped(change + changeOf(ports.srcPort, srcPort) + changeOf(ports.dstPort, dstPort));
  ports.srcPort = srcPort;
  ports.dstPort = dstPort;
  if (protocol == PROTOCOL_TCP) {
    if (length < TCP_CHECKSUM_END) return;
    const tcp = Tcp.at(l4);
    tcp.checksumBE = patch(tcp.checksumBE, delta);
    return;
  }
  // Zero means "no checksum" and stays; a computed zero is sent as 0xffff (RFC 768).
  if (ports.checksumBE == 0) return;
  const checksum = patch(ports.checksumBE, delta);
  ports.checksumBE = checksum == 0 ? 0xffff : checksum;
}

/** What a change from `before` to `after`, in host order, adds to a one's-complement sum (RFC 1624 §3); unfolded. */
function changeOf(before: u32, after: u32): u64 {
  return <u64>~before + <u64>after;
}

/** A sum of host-order changes as the difference that `patch` takes: the sum does not mind the byte order (RFC 1071 §2 (B)). */
function swapped(change: u64): u32 {
  return bswap<u16>(<u16>fold(change));
}
