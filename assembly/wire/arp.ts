import { loadMac, storeMac } from "./ethernet";

/** ARP for IPv4 over Ethernet, 28 bytes (RFC 826). */
@unmanaged
export class Arp {
  private hardwareBE: u16;
  private protocolBE: u16;
  hardwareLength: u8;
  protocolLength: u8;
  private opcodeBE: u16;
  private senderMac0: u16;
  private senderMac1: u16;
  private senderMac2: u16;
  // The addresses are misaligned by two in a C layout: two halves, read as one word.
  private senderIpHi: u16;
  private senderIpLo: u16;
  private targetMac0: u16;
  private targetMac1: u16;
  private targetMac2: u16;
  private targetIpHi: u16;
  private targetIpLo: u16;

  static at(address: usize): Arp {
    return changetype<Arp>(address);
  }

  get hardware(): u32 {
    return bswap<u16>(this.hardwareBE);
  }
  set hardware(value: u32) {
    this.hardwareBE = bswap<u16>(<u16>value);
  }
  get protocol(): u32 {
    return bswap<u16>(this.protocolBE);
  }
  set protocol(value: u32) {
    this.protocolBE = bswap<u16>(<u16>value);
  }
  get opcode(): u32 {
    return bswap<u16>(this.opcodeBE);
  }
  set opcode(value: u32) {
    this.opcodeBE = bswap<u16>(<u16>value);
  }
  get senderMac(): u64 {
    return loadMac(changetype<usize>(this) + offsetof<Arp>("senderMac0"));
  }
  set senderMac(mac: u64) {
    storeMac(changetype<usize>(this) + offsetof<Arp>("senderMac0"), mac);
  }
  get targetMac(): u64 {
    return loadMac(changetype<usize>(this) + offsetof<Arp>("targetMac0"));
  }
  set targetMac(mac: u64) {
    storeMac(changetype<usize>(this) + offsetof<Arp>("targetMac0"), mac);
  }
  get senderIp(): u32 {
    return bswap<u32>(load<u32>(changetype<usize>(this), offsetof<Arp>("senderIpHi")));
  }
  set senderIp(ip: u32) {
    store<u32>(changetype<usize>(this), bswap<u32>(ip), offsetof<Arp>("senderIpHi"));
  }
  get targetIp(): u32 {
    return bswap<u32>(load<u32>(changetype<usize>(this), offsetof<Arp>("targetIpHi")));
  }
  set targetIp(ip: u32) {
    store<u32>(changetype<usize>(this), bswap<u32>(ip), offsetof<Arp>("targetIpHi"));
  }
}
if (offsetof<Arp>() != 28 || offsetof<Arp>("senderIpHi") != 14) ERROR("Arp does not match RFC 826");

/** Bytes of an ARP message for IPv4 over Ethernet. */
export const ARP: u32 = 28;
export const ARP_REQUEST: u32 = 1;
export const ARP_REPLY: u32 = 2;
