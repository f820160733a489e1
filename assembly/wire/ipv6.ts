/** IPv6 header, 40 bytes (RFC 8200 §3). An address is two u64 in network order, as they stand. */
@unmanaged
export class Ipv6 {
  private versionClassFlowBE: u32;
  private payloadLengthBE: u16;
  nextHeader: u8;
  hopLimit: u8;
  srcHiBE: u64;
  srcLoBE: u64;
  dstHiBE: u64;
  dstLoBE: u64;

  static at(address: usize): Ipv6 {
    return changetype<Ipv6>(address);
  }

  get version(): u32 {
    return bswap<u32>(this.versionClassFlowBE) >>> 28;
  }
  get trafficClass(): u32 {
    return (bswap<u32>(this.versionClassFlowBE) >>> 20) & 0xff;
  }
  get flowLabel(): u32 {
    return bswap<u32>(this.versionClassFlowBE) & 0xfffff;
  }
  /** Bytes after this header, extension headers included. */
  get payloadLength(): u32 {
    return bswap<u16>(this.payloadLengthBE);
  }
  set payloadLength(value: u32) {
    this.payloadLengthBE = bswap<u16>(<u16>value);
  }
}
if (offsetof<Ipv6>("srcHiBE") != 8 || offsetof<Ipv6>() != 40) ERROR("Ipv6 does not match RFC 8200");

/** Bytes of an IPv6 header. */
export const IPV6: u32 = 40;

export const NEXT_HOP_BY_HOP: u32 = 0;
export const NEXT_ROUTING: u32 = 43;
export const NEXT_FRAGMENT: u32 = 44;
export const NEXT_AUTHENTICATION: u32 = 51;
export const NEXT_NONE: u32 = 59;
export const NEXT_DESTINATION: u32 = 60;
export const NEXT_MOBILITY: u32 = 135;

/** Most extension headers that a packet may carry: each kind once, destination options twice (RFC 8200 §4.1), one to spare. */
export const EXTENSIONS: u32 = 8;

/** Next headers that are extension headers: they say what comes after them. A bit each, but for mobility. */
const EXTENSION_BITS: u64 =
  ((<u64>1) << NEXT_HOP_BY_HOP) |
  ((<u64>1) << NEXT_ROUTING) |
  ((<u64>1) << NEXT_FRAGMENT) |
  ((<u64>1) << NEXT_AUTHENTICATION) |
  ((<u64>1) << NEXT_DESTINATION);

export function isExtension(next: u32): bool {
  return next < 64 ? ((EXTENSION_BITS >> next) & 1) != 0 : next == NEXT_MOBILITY;
}

/** What extension headers have in common (RFC 8200 §4): the next header, and a length. At least 8 bytes are there. */
@unmanaged
export class Extension {
  nextHeader: u8;
  private lengthUnits: u8;
  private fragmentBE: u16;
  private idBE: u32;

  static at(address: usize): Extension {
    return changetype<Extension>(address);
  }

  /** Bytes of this header, given that it is one of kind `kind`: 8…2048. */
  length(kind: u32): u32 {
    if (kind == NEXT_FRAGMENT) return 8;
    // The one that counts in words of four (RFC 4302 §2.2).
    if (kind == NEXT_AUTHENTICATION) return (<u32>this.lengthUnits + 2) << 2;
    return (<u32>this.lengthUnits + 1) << 3;
  }

  /** In a fragment header: offset x 8 with the "more" flag as lowest bit, 0 for an atomic fragment (RFC 6946). */
  get fragment(): u32 {
    return bswap<u16>(this.fragmentBE) & (IPV6_OFFSET | IPV6_MORE);
  }
  /** In a fragment header: identification. */
  get id(): u32 {
    return bswap<u32>(this.idBE);
  }
}
if (offsetof<Extension>() != 8) ERROR("Extension does not match RFC 8200");

/** Bytes of the shortest extension header. */
export const EXTENSION: u32 = 8;
/** Offset of a fragment in bytes, and its "more fragments" flag. */
export const IPV6_OFFSET: u32 = 0xfff8;
export const IPV6_MORE: u32 = 1;

export const ICMPV6_ECHO: u32 = 128;
export const ICMPV6_ECHO_REPLY: u32 = 129;
