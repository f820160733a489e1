import { loadMac, storeMac } from "./ethernet";

/** The fixed part of a DHCP message and its magic cookie, 240 bytes (RFC 2131 §2, RFC 2132 §2). */
@unmanaged
export class Dhcp {
  op: u8;
  hardware: u8;
  hardwareLength: u8;
  hops: u8;
  private xidBE: u32;
  private secsBE: u16;
  private flagsBE: u16;
  private clientBE: u32;
  private yoursBE: u32;
  private serverBE: u32;
  private relayBE: u32;

  static at(address: usize): Dhcp {
    return changetype<Dhcp>(address);
  }

  get xid(): u32 {
    return bswap<u32>(this.xidBE);
  }
  set xid(value: u32) {
    this.xidBE = bswap<u32>(value);
  }
  set secs(value: u32) {
    this.secsBE = bswap<u16>(<u16>min<u32>(value, 0xffff));
  }
  /** ciaddr: the address the client has already. */
  get clientAddress(): u32 {
    return bswap<u32>(this.clientBE);
  }
  set clientAddress(ip: u32) {
    this.clientBE = bswap<u32>(ip);
  }
  /** yiaddr: the address the server gives. */
  get yourAddress(): u32 {
    return bswap<u32>(this.yoursBE);
  }
  /** giaddr: the relay that the message came through. */
  get relayAddress(): u32 {
    return bswap<u32>(this.relayBE);
  }
  /** chaddr, its first six bytes. */
  get clientMac(): u64 {
    return loadMac(changetype<usize>(this) + CHADDR);
  }
  set clientMac(mac: u64) {
    storeMac(changetype<usize>(this) + CHADDR, mac);
  }
  get cookie(): u32 {
    return bswap<u32>(load<u32>(changetype<usize>(this), COOKIE));
  }
  setCookie(): void {
    store<u32>(changetype<usize>(this), bswap<u32>(DHCP_COOKIE), COOKIE);
  }
}
if (offsetof<Dhcp>() != 28) ERROR("Dhcp does not match RFC 2131");

const CHADDR: usize = 28;
const COOKIE: usize = 236;
export const DHCP_COOKIE: u32 = 0x63825363;
/** Where options may stand: the options field, and by overload (option 52) the file and sname fields. */
export const DHCP_OPTIONS: u32 = 240;
export const DHCP_SNAME: u32 = 44;
export const DHCP_SNAME_LENGTH: u32 = 64;
export const DHCP_FILE: u32 = 108;
export const DHCP_FILE_LENGTH: u32 = 128;

export const DHCP_CLIENT_PORT: u32 = 68;
export const DHCP_SERVER_PORT: u32 = 67;

export const DHCPDISCOVER: u32 = 1;
export const DHCPOFFER: u32 = 2;
export const DHCPREQUEST: u32 = 3;
export const DHCPACK: u32 = 5;
export const DHCPNAK: u32 = 6;

export const OPTION_PAD: u32 = 0;
export const OPTION_MASK: u32 = 1;
export const OPTION_ROUTER: u32 = 3;
export const OPTION_DNS: u32 = 6;
export const OPTION_REQUESTED: u32 = 50;
export const OPTION_LEASE: u32 = 51;
export const OPTION_OVERLOAD: u32 = 52;
export const OPTION_TYPE: u32 = 53;
export const OPTION_SERVER: u32 = 54;
export const OPTION_PARAMETERS: u32 = 55;
export const OPTION_RENEW: u32 = 58;
export const OPTION_REBIND: u32 = 59;
export const OPTION_CLIENT_ID: u32 = 61;
export const OPTION_END: u32 = 255;
