import { IPV4, IPV4_OFFSET, Ipv4, PROTOCOL_TCP, PROTOCOL_UDP } from "../wire/ipv4";
import {
  EXTENSION,
  EXTENSIONS,
  Extension,
  IPV6,
  IPV6_OFFSET,
  Ipv6,
  NEXT_FRAGMENT,
  isExtension,
} from "../wire/ipv6";
import { protocolName } from "./protocol";
import { ipv4, ipv6 } from "./text";

/**
 * The packet that an ICMP error quotes, as far as it does: anybody may have written it, and it ends anywhere. Nothing is said of what is
 * not a header of the error's own family.
 */
export class Quoted {
  /** Empty: nothing is known. */
  src: string = "";
  dst: string = "";
  /** After extension headers, as far as they are quoted. */
  protocol: u32 = 0;
  /** Address of UDP's or TCP's ports; 0: it has none, or they are not quoted. */
  ports: usize = 0;

  get isKnown(): bool {
    return this.src.length > 0;
  }

  /** The destination, or a question mark. */
  get target(): string {
    return this.isKnown ? this.dst : "?";
  }

  /** ` udp port 53`, or the name of a protocol without ports: where the packet wanted to go. */
  get door(): string {
    if (!this.isKnown) return "";
    if (this.ports == 0) return " " + protocolName(this.protocol);
    return `${this.protocol == PROTOCOL_UDP ? " udp" : " tcp"} port ${bswap<u16>(load<u16>(this.ports, 2))}`;
  }

  /** As JSON. */
  toString(): string {
    const ends = `"src":"${this.src}","dst":"${this.dst}","protocol":${this.protocol}`;
    if (this.ports == 0) return `{${ends}}`;
    return `{${ends},"srcPort":${bswap<u16>(load<u16>(this.ports))},"dstPort":${bswap<u16>(load<u16>(this.ports, 2))}}`;
  }

  /** Notes what lies at `at`, unless it is not all there. */
  private open(at: usize, end: usize): Quoted {
    const isPorted = this.protocol == PROTOCOL_UDP || this.protocol == PROTOCOL_TCP;
    if (isPorted && at + 4 <= end) this.ports = at;
    return this;
  }

  /** By an ICMP error (RFC 792). A header of less than 20 bytes is none. */
  static ipv4(at: usize, end: usize): Quoted {
    const quoted = new Quoted();
    if (at + IPV4 > end) return quoted;
    const ip = Ipv4.at(at);
    if (ip.version != 4 || ip.headerLength < IPV4) return quoted;
    quoted.src = ipv4(ip.src);
    quoted.dst = ipv4(ip.dst);
    quoted.protocol = ip.protocol;
    // A later fragment begins with data.
    return ip.fragment & IPV4_OFFSET ? quoted : quoted.open(at + ip.headerLength, end);
  }

  /** By an ICMPv6 error (RFC 4443 §2.4). The walk ends where the quotation does, at a later fragment, or after 8 extension headers. */
  static ipv6(at: usize, end: usize): Quoted {
    const quoted = new Quoted();
    if (at + IPV6 > end) return quoted;
    const ip = Ipv6.at(at);
    if (ip.version != 6) return quoted;
    quoted.src = ipv6(at + offsetof<Ipv6>("srcHiBE"));
    quoted.dst = ipv6(at + offsetof<Ipv6>("dstHiBE"));
    let next: u32 = ip.nextHeader;
    at += IPV6;
    for (let count: u32 = 0; isExtension(next) && count < EXTENSIONS && at + EXTENSION <= end; count++) {
      const header = Extension.at(at);
      const isLater = next == NEXT_FRAGMENT && (header.fragment & IPV6_OFFSET) != 0;
      at += header.length(next);
      if (at > end) break;
      next = header.nextHeader;
      if (isLater) at = end; // data follows
    }
    quoted.protocol = next;
    return quoted.open(at, end);
  }
}
