import { Ipv4 } from "../wire/ipv4";
import { Ipv6 } from "../wire/ipv6";

/**
 * What the parser finds in a frame, 24 bytes: where the headers lie and what the packet is. Offsets are from the frame's
 * first byte. A frame with a fault has the fields that were found before it, and zero in the rest.
 */
@unmanaged
export class Packet {
  /** Network header (IP, ARP); 0 when there is none. */
  l3: u16;
  /** Transport header, whatever the protocol; 0 when there is none (not IP, a later fragment, a fault before it). */
  l4: u16;
  /** First byte after the last header that was understood. */
  payload: u16;
  /** End of the packet by IP's own length (ARP: 28 bytes; 802.3: its length); what follows is padding. */
  end: u16;
  /** Innermost EtherType (or 802.3 length). */
  etherType: u16;
  /** Outermost tag as it stands (PCP, DEI, VID), 0xffff when untagged. */
  vlan: u16;
  /** KIND_… */
  kind: u8;
  /** IP protocol, after IPv6 extension headers. */
  protocol: u8;
  /** OK or the parser's reason. */
  fault: u8;
  /** IS_FRAGMENT, IS_LATER_FRAGMENT, HAS_OPTIONS. */
  flags: u8;
  /** Ports of UDP and TCP; for ICMP echo both hold the identifier; 0 where there are none. */
  srcPort: u16;
  dstPort: u16;
  /** Hash of addresses, protocol and ports, keyed by the seed; 0 for what is not IP and for a frame with a fault. */
  hash: u32;

  static at(address: usize): Packet {
    return changetype<Packet>(address);
  }

  clear(): void {
    this.places = 0;
    this.nature = 0;
    this.flow = 0;
  }

  /** The fields as three words, the first field lowest: l3…end, etherType…flags, srcPort…hash. */
  set places(word: u64) {
    store<u64>(changetype<usize>(this), word, offsetof<Packet>("l3"));
  }
  set nature(word: u64) {
    store<u64>(changetype<usize>(this), word, offsetof<Packet>("etherType"));
  }
  set flow(word: u64) {
    store<u64>(changetype<usize>(this), word, offsetof<Packet>("srcPort"));
  }

  /** Ends the parsing with a fault. Returns false, for the parser's `return p.fail(…)`. */
  fail(reason: u32): bool {
    this.fault = <u8>reason;
    return false;
  }

  /** Hashes protocol and ports into a hash of the addresses. */
  finish(addresses: u64): bool {
    const ends = ((<u64>this.protocol) << 32) | ((<u64>this.dstPort) << 16) | (<u64>this.srcPort);
    this.hash = <u32>(mix(addresses, ends) >> 32);
    return true;
  }
}
if (offsetof<Packet>("etherType") != 8 || offsetof<Packet>("srcPort") != 16 || offsetof<Packet>() != 24) {
  ERROR("Packet must be three words");
}

/** `vlan` of a frame without a tag. */
export const UNTAGGED: u32 = 0xffff;

/** Two words into one, whose upper bits depend on all of both. */
export function mix(a: u64, b: u64): u64 {
  const h = a * 0x9e3779b97f4a7c15;
  return (h ^ (h >> 32) ^ b) * 0xc2b2ae3d27d4eb4f;
}

/** Hash of the addresses of the IPv4 header at `ip`, before `finish`. */
export function addressesIpv4(ip: usize, seed: u64): u64 {
  return Ipv4.at(ip).addressesBE ^ seed;
}

/** The same for IPv6: the four halves of both addresses. */
export function addressesIpv6(ip: usize, seed: u64): u64 {
  const header = Ipv6.at(ip);
  const src = mix(header.srcHiBE ^ seed, header.srcLoBE);
  return mix(mix(src, header.dstHiBE), header.dstLoBE);
}
