/** IPv4 header without options, 20 bytes (RFC 791 §3.1). Addresses are numbers in host order: 10.0.2.15 is 0x0a00020f. */
@unmanaged
export class Ipv4 {
  private versionAndLength: u8;
  tos: u8;
  private totalLengthBE: u16;
  private idBE: u16;
  private fragmentBE: u16;
  ttl: u8;
  protocol: u8;
  /** As it stands in the header (network order); see wire/checksum. */
  checksumBE: u16;
  private srcBE: u32;
  private dstBE: u32;

  static at(address: usize): Ipv4 {
    return changetype<Ipv4>(address);
  }

  get version(): u32 {
    return (<u32>this.versionAndLength) >> 4;
  }
  /** Bytes of the header with its options: IHL x 4, 0…60. */
  get headerLength(): u32 {
    return ((<u32>this.versionAndLength) & 15) << 2;
  }
  /** Version 4 and a header of 20 bytes. */
  setPlainHeader(): void {
    this.versionAndLength = 0x45;
  }
  get totalLength(): u32 {
    return bswap<u16>(this.totalLengthBE);
  }
  set totalLength(value: u32) {
    this.totalLengthBE = bswap<u16>(<u16>value);
  }
  get id(): u32 {
    return bswap<u16>(this.idBE);
  }
  set id(value: u32) {
    this.idBE = bswap<u16>(<u16>value);
  }
  /** Flags and offset together: DF 0x4000, MF 0x2000, offset in 8-byte units 0x1fff. */
  get fragment(): u32 {
    return bswap<u16>(this.fragmentBE);
  }
  set fragment(value: u32) {
    this.fragmentBE = bswap<u16>(<u16>value);
  }
  get src(): u32 {
    return bswap<u32>(this.srcBE);
  }
  set src(value: u32) {
    this.srcBE = bswap<u32>(value);
  }
  /** Both addresses as they stand, the source in the low half. */
  get addressesBE(): u64 {
    return load<u64>(changetype<usize>(this), offsetof<Ipv4>("srcBE"));
  }
  get dst(): u32 {
    return bswap<u32>(this.dstBE);
  }
  set dst(value: u32) {
    this.dstBE = bswap<u32>(value);
  }
}
if (offsetof<Ipv4>() != 20) ERROR("Ipv4 does not match RFC 791");

/** Bytes of an IPv4 header without options. */
export const IPV4: u32 = 20;
export const IPV4_DF: u32 = 0x4000;
export const IPV4_MF: u32 = 0x2000;
export const IPV4_OFFSET: u32 = 0x1fff;

export const PROTOCOL_ICMP: u32 = 1;
export const PROTOCOL_TCP: u32 = 6;
export const PROTOCOL_UDP: u32 = 17;
export const PROTOCOL_ICMPV6: u32 = 58;

export const IPV4_BROADCAST: u32 = 0xffffffff;

/** 224.0.0.0/4. */
export function isMulticast(ip: u32): bool {
  return ip >>> 28 == 14;
}

/** 127.0.0.0/8. */
export function isLoopback(ip: u32): bool {
  return ip >>> 24 == 127;
}
