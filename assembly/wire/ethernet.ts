/**
 * Ethernet II header, 14 bytes (IEEE 802.3-2018 §3.2.6): destination, source, type.
 *
 * MAC addresses travel as one u64, first byte on top: 02:00:00:00:00:01 is 0x020000000001.
 */
@unmanaged
export class Ethernet {
  private dst0: u16;
  private dst1: u16;
  private dst2: u16;
  private src0: u16;
  private src1: u16;
  private src2: u16;
  private typeBE: u16;

  static at(address: usize): Ethernet {
    return changetype<Ethernet>(address);
  }

  get dst(): u64 {
    return loadMac(changetype<usize>(this));
  }
  set dst(mac: u64) {
    storeMac(changetype<usize>(this), mac);
  }
  get src(): u64 {
    return loadMac(changetype<usize>(this) + offsetof<Ethernet>("src0"));
  }
  set src(mac: u64) {
    storeMac(changetype<usize>(this) + offsetof<Ethernet>("src0"), mac);
  }
  get type(): u32 {
    return bswap<u16>(this.typeBE);
  }
  set type(value: u32) {
    this.typeBE = bswap<u16>(<u16>value);
  }
}

if (offsetof<Ethernet>() != 14) ERROR("Ethernet does not match IEEE 802.3");

/** Bytes of an untagged Ethernet header. */
export const ETHERNET: u32 = 14;

/** 802.1Q tag, 4 bytes (IEEE 802.1Q-2018 §9.6): tag control, then the type of what follows. The tag's own type is before it. */
@unmanaged
export class Tag {
  private controlBE: u16;
  private typeBE: u16;

  static at(address: usize): Tag {
    return changetype<Tag>(address);
  }

  /** PCP (3 bits), DEI (1), VID (12). */
  get control(): u32 {
    return bswap<u16>(this.controlBE);
  }
  get type(): u32 {
    return bswap<u16>(this.typeBE);
  }
}
if (offsetof<Tag>() != 4) ERROR("Tag does not match IEEE 802.1Q");

/** Bytes of a tag, without its type. */
export const TAG: u32 = 4;
/** VLAN identifier in a tag's control; all ones is reserved. */
export const TAG_VID: u32 = 0xfff;

export const ETHERTYPE_IPV4: u32 = 0x0800;
export const ETHERTYPE_ARP: u32 = 0x0806;
export const ETHERTYPE_VLAN: u32 = 0x8100;
export const ETHERTYPE_IPV6: u32 = 0x86dd;
export const ETHERTYPE_QINQ: u32 = 0x88a8;

/** Types that announce a tag. */
export function isTag(type: u32): bool {
  return type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ;
}

/** Tags that the parser looks through. */
export const TAGS: u32 = 2;

/** At and above: an EtherType. Below: an 802.3 length (IEEE 802.3-2018 §3.2.6). */
export const ETHERTYPE_MIN: u32 = 0x0600;

export const MAC_BROADCAST: u64 = 0xffffffffffff;

/** The group bit: broadcast and multicast. */
export function isGroup(mac: u64): bool {
  return (mac & 0x010000000000) != 0;
}

/** Six bytes at `address` as one number, first byte on top. Reads exactly six bytes. */
export function loadMac(address: usize): u64 {
  return ((<u64>bswap<u32>(load<u32>(address))) << 16) | (<u64>bswap<u16>(load<u16>(address, 4)));
}

export function storeMac(address: usize, mac: u64): void {
  store<u32>(address, bswap<u32>(<u32>(mac >> 16)));
  store<u16>(address, bswap<u16>(<u16>mac), 4);
}
