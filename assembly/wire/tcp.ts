/** TCP header without options, 20 bytes (RFC 9293 §3.1). */
@unmanaged
export class Tcp {
  private srcPortBE: u16;
  private dstPortBE: u16;
  private seqBE: u32;
  private ackBE: u32;
  private dataOffset: u8;
  /** CWR ECE URG ACK PSH RST SYN FIN, the last one lowest. */
  flags: u8;
  private windowBE: u16;
  /** As it stands in the header (network order). */
  checksumBE: u16;
  private urgentBE: u16;

  static at(address: usize): Tcp {
    return changetype<Tcp>(address);
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
  get seq(): u32 {
    return bswap<u32>(this.seqBE);
  }
  set seq(value: u32) {
    this.seqBE = bswap<u32>(value);
  }
  get ack(): u32 {
    return bswap<u32>(this.ackBE);
  }
  set ack(value: u32) {
    this.ackBE = bswap<u32>(value);
  }
  /** Bytes of the header with its options: data offset x 4, 0…60. */
  get headerLength(): u32 {
    return ((<u32>this.dataOffset) >> 4) << 2;
  }
  /** Bytes of the header with its options, a multiple of 4. */
  setHeaderLength(bytes: u32): void {
    this.dataOffset = <u8>(bytes << 2);
  }
  /** A header of 20 bytes. */
  setPlainHeader(): void {
    this.dataOffset = 0x50;
  }
  get window(): u32 {
    return bswap<u16>(this.windowBE);
  }
  set window(value: u32) {
    this.windowBE = bswap<u16>(<u16>value);
  }
  get urgent(): u32 {
    return bswap<u16>(this.urgentBE);
  }
  set urgent(value: u32) {
    this.urgentBE = bswap<u16>(<u16>value);
  }
}
if (offsetof<Tcp>() != 20) ERROR("Tcp does not match RFC 9293");

/** Bytes of a TCP header without options. */
export const TCP: u32 = 20;
export const TCP_FIN: u32 = 0x01;
export const TCP_SYN: u32 = 0x02;
export const TCP_RST: u32 = 0x04;
export const TCP_PSH: u32 = 0x08;
export const TCP_ACK: u32 = 0x10;

/** Options (RFC 9293 §3.2; window scale and timestamps: RFC 7323; SACK: RFC 2018). */
export const OPTION_END: u32 = 0;
export const OPTION_NOP: u32 = 1;
export const OPTION_MSS: u32 = 2;
export const OPTION_SCALE: u32 = 3;
export const OPTION_SACK_PERMITTED: u32 = 4;
export const OPTION_SACK: u32 = 5;
export const OPTION_TIMESTAMPS: u32 = 8;
/** NOP, NOP, timestamps, 10 bytes: how nearly every segment begins its options (RFC 7323 appendix A), as it lies in memory. */
export const TIMESTAMPS_ALIGNED: u32 = 0x0a080101;
/** Bytes of timestamps so aligned. */
export const TIMESTAMPS: u32 = 12;
