/** UDP header, 8 bytes (RFC 768). */
@unmanaged
export class Udp {
  private srcPortBE: u16;
  private dstPortBE: u16;
  private lengthBE: u16;
  /** As it stands in the header (network order); zero means "none" over IPv4. */
  checksumBE: u16;

  static at(address: usize): Udp {
    return changetype<Udp>(address);
  }

  get srcPort(): u32 {
    return bswap<u16>(this.srcPortBE);
  }
  set srcPort(value: u32) {
    this.srcPortBE = bswap<u16>(<u16>value);
  }
  get dstPort(): u32 {
    return bswap<u16>(this.dstPortBE);
  }
  set dstPort(value: u32) {
    this.dstPortBE = bswap<u16>(<u16>value);
  }
  get length(): u32 {
    return bswap<u16>(this.lengthBE);
  }
  set length(value: u32) {
    this.lengthBE = bswap<u16>(<u16>value);
  }
}
if (offsetof<Udp>() != 8) ERROR("Udp does not match RFC 768");

/** Bytes of a UDP header. */
export const UDP: u32 = 8;
