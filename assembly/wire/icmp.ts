/** ICMP header, 8 bytes (RFC 792): type, code, checksum and four bytes whose meaning the type decides. */
@unmanaged
export class Icmp {
  type: u8;
  code: u8;
  /** As it stands in the header (network order). */
  checksumBE: u16;
  private idBE: u16;
  private seqBE: u16;

  static at(address: usize): Icmp {
    return changetype<Icmp>(address);
  }

  /** Echo identifier. */
  get id(): u32 {
    return bswap<u16>(this.idBE);
  }
  set id(value: u32) {
    this.idBE = bswap<u16>(<u16>value);
  }
  /** Echo sequence number; in "fragmentation needed" the next-hop MTU (RFC 1191 §4). */
  get seq(): u32 {
    return bswap<u16>(this.seqBE);
  }
  set seq(value: u32) {
    this.seqBE = bswap<u16>(<u16>value);
  }
}
if (offsetof<Icmp>() != 8) ERROR("Icmp does not match RFC 792");

/** Bytes of an ICMP header. */
export const ICMP: u32 = 8;
export const ICMP_ECHO_REPLY: u32 = 0;
export const ICMP_UNREACHABLE: u32 = 3;
export const ICMP_SOURCE_QUENCH: u32 = 4;
export const ICMP_REDIRECT: u32 = 5;
export const ICMP_ECHO: u32 = 8;
export const ICMP_TIME_EXCEEDED: u32 = 11;
export const ICMP_PARAMETER: u32 = 12;

export const UNREACHABLE_NET: u32 = 0;
export const UNREACHABLE_HOST: u32 = 1;
export const UNREACHABLE_PROTOCOL: u32 = 2;
export const UNREACHABLE_PORT: u32 = 3;
export const UNREACHABLE_FRAGMENTATION: u32 = 4;
export const UNREACHABLE_PROHIBITED: u32 = 13;

/** An ICMP error, which quotes the packet it is about; everything else is a query or its answer (RFC 1122 §3.2.2). */
export function isIcmpError(type: u32): bool {
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}
