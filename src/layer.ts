/** What `dissect` finds in a frame. Addresses are strings, everything else is a number or a flag as it stands in the header. */

/** A header, or what stands between headers. */
interface LayerOf<Name extends string, Fields> {
  name: Name;
  /** From the frame's first byte. */
  offset: number;
  /** Bytes of the header alone, options included; of a message that is looked into (DHCP, DNS), all of it. */
  length: number;
  fields: Fields;
  /** Of layers that have one. */
  checksum?: ChecksumStatus;
}

/** How a checksum compares with what it covers, computed anew. */
export interface ChecksumStatus {
  /** `absent`: the sender computed none. `unverified`: what it covers is not all there, or not known. */
  status: "good" | "bad" | "absent" | "unverified";
  /** Why it is absent or unverified (a fragment, a wrong length, a route whose end cannot be told), and what is bad but for the sum. */
  reason?: string;
}

/** Of 802.3 frames `length`, of all others `type` (EtherType). A tag has the type of what follows it. */
interface TypeOrLength {
  type?: number;
  length?: number;
}

/** The packet that an ICMP error is about, as far as the error shows it. */
export interface QuotedPacket {
  src: string;
  dst: string;
  protocol: number;
  srcPort?: number;
  dstPort?: number;
}

/**
 * An option of an IPv4 or TCP header. `bad`: its kind does not allow its length, or it does not fit the header; then it is the last
 * one. A bad end of the list (kind 0) has something other than zeros after it.
 */
export interface HeaderOption {
  kind: number;
  length: number;
  bad?: true;
  name?: "mss" | "windowScale" | "sackPermitted" | "sack" | "timestamps";
  value?: number;
  /** Of timestamps. */
  echo?: number;
  /** Of selective acknowledgements: first sequence number, and the one after the last. */
  blocks?: [number, number][];
}

export interface DhcpOption {
  code: number;
  length: number;
  /** In hexadecimal. */
  value: string;
}

export interface DnsRecord {
  section: "question" | "answer" | "authority" | "additional";
  name: string;
  /** `"A"`, `"TYPE1234"` */
  type: string;
  class: number;
  /** Seconds; like the next two not of questions. */
  ttl?: number;
  length?: number;
  /** An address or a name, where the record is one. */
  value?: string;
}

interface Icmp {
  type: number;
  code: number;
  checksum: number;
  /** Of echoes (and of IPv4's time stamps). */
  id?: number;
  seq?: number;
  mtu?: number;
  pointer?: number;
  quoted?: QuotedPacket;
}

/** One layer of a frame; `name` tells which. */
export type Layer =
  | LayerOf<"ethernet", { src: string; dst: string } & TypeOrLength>
  | LayerOf<"vlan", { vlan: number; priority: number; dropEligible: boolean } & TypeOrLength>
  /** Linux's header in captures of any interface; `direction` is `"in"`, `"out"`, `"broadcast"`, `"multicast"`, `"other"`. */
  | LayerOf<"cooked", { direction: string; hardwareType: number; src?: string; interface?: number; type: number }>
  /** BSD's, with the number that its system has for the address family. */
  | LayerOf<"loopback", { family: number }>
  /** `control` has 16 bits in frames that are numbered, the low byte first (IEEE 802.2 §5.2), else 8. */
  | LayerOf<"llc", { dsap: number; ssap: number; control: number; oui?: number; pid?: number }>
  | LayerOf<"arp", { opcode: number; senderMac: string; senderIp: string; targetMac: string; targetIp: string }>
  | LayerOf<"ipv4", {
      tos: number; totalLength: number; id: number; dontFragment: boolean; moreFragments: boolean;
      /** Bytes. */
      fragmentOffset: number;
      ttl: number; protocol: number; checksum: number; src: string; dst: string; options?: HeaderOption[];
    }>
  | LayerOf<"ipv6", {
      trafficClass: number; flowLabel: number; payloadLength: number; nextHeader: number; hopLimit: number; src: string; dst: string;
    }>
  | LayerOf<"extension", {
      kind: "hop-by-hop" | "routing" | "fragment" | "destination" | "authentication" | "mobility";
      nextHeader: number;
      /** Of a routing header. */
      type?: number; segmentsLeft?: number;
      /** Of a fragment header; the offset in bytes. */
      id?: number; fragmentOffset?: number; moreFragments?: boolean;
    }>
  | LayerOf<"icmp", Icmp & { gateway?: string }>
  | LayerOf<"icmpv6", Icmp & {
      /** Of neighbour discovery, redirects and multicast listeners. */
      target?: string;
      dst?: string;
    }>
  | LayerOf<"udp", { srcPort: number; dstPort: number; length: number; checksum: number }>
  | LayerOf<"tcp", {
      srcPort: number; dstPort: number; seq: number; ack: number;
      /** As tcpdump writes them: `"S."` is SYN and ACK. */
      flags: string;
      window: number; checksum: number; urgent: number; options?: HeaderOption[];
    }>
  | LayerOf<"dhcp", {
      /** `"Discover"`, `"ACK"` */
      message: string;
      op: number; xid: number; hardwareType: number; hardwareLength: number;
      /** ciaddr, and giaddr, where they are not 0.0.0.0. */
      clientAddress?: string; relay?: string;
      yourAddress: string;
      /** A hardware address of 6 bytes. */
      clientMac?: string;
      requestedAddress?: string; server?: string;
      /** What makes no sense, where something does not: the first of it. */
      malformed?: string;
      /** Those of the file and sname fields too, where option 52 says that there are some. */
      options: DhcpOption[];
    }>
  | LayerOf<"dns", {
      id: number; response: boolean; opcode: number; authoritative: boolean; truncated: boolean; recursionDesired: boolean;
      recursionAvailable: boolean;
      /** With the upper bits that an OPT record has. */
      code: number; questions: number; answers: number; authorities: number; additional: number;
      /** What makes no sense, where something does not: the first of it. */
      malformed?: string;
      /** 64 at most, up to the first that is cut off. */
      records: DnsRecord[];
    }>
  /** What a protocol carries that is not looked into. */
  | LayerOf<"payload", Record<string, never>>
  /** What the frame has beyond its packet. */
  | LayerOf<"padding", Record<string, never>>;
