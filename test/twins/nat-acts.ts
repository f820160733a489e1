import type { Damage } from "./ip-damage";
import type { IpPacket } from "./ip-packet";
import type { Filtering } from "./nat-slowly";

/** What somebody does; numbers choose from the lists below. */
export interface Act {
  what: number;
  who: number;
  port: number;
  protocol: number;
  peer: number;
  peerPort: number;
  flags: number;
  shape: number;
  /** Which of the packets that it has heard it answers. */
  heard: number;
  /** TCP's handshake goes on when it answers; false: with `flags`. */
  isNatural: boolean;
  /** What befalls the packet before it is sent; null: nothing. */
  damage: Damage | null;
}

export interface Place {
  /** True: a router; false: a gateway whose outside is a host. */
  isRouter: boolean;
  filtering: number;
  /** Connections that it has room for; Infinity: more than anybody opens. */
  room: number;
  /** Everything between one guest and two machines. */
  isNarrow: boolean;
}

/** A time at which something ends that nobody uses, or nearly. */
export interface Edge {
  which: number;
  /** ns before or after it that the next packets come to the NAT. */
  late: number;
}

/** Sending to a remote machine, answers of either side, who was sent to from another port, hairpins, errors, and what must not work. */
export const WHATS = [
  "out", "out", "out", "reply", "reply", "answer", "answer", "answer", "knock", "stray", "hairpin", "error in", "error out", "spoof", "forge", "sneak",
] as const;
export const PROTOCOLS = ["udp", "tcp", "icmp"] as const;
export const PORTS = [5000, 5001, 5002, 53, 1023, 1024, 80, 65535, 0, 7, 68];
export const PEER_PORTS = [53, 80, 5000];
export const FLAGS = ["syn", "syn", "syn ack", "ack", "fin ack", "fin ack", "rst ack"];
/** What goes on in a handshake. */
export const NATURAL: Record<string, string> = { syn: "syn ack", "syn ack": "ack" };
export const FILTERINGS: Filtering[] = ["address-dependent", "endpoint-independent", "address-and-port-dependent"];

export const GATEWAY = "10.0.2.1";
export const OUTSIDE = "192.0.2.1";
export const GUESTS = ["10.0.2.15", "10.0.2.16", "10.0.2.17"];
export const REMOTES = ["192.0.2.10", "192.0.2.11", "192.0.2.12"];
/** Sources that nobody inside has: of no network here, the gateway's own, outside, nobody's yet, and everybody's. */
export const SPOOFED = ["10.7.7.7", "10.0.2.1", "192.0.2.1", "192.0.2.10", "0.0.0.0", "0.1.2.3", "10.0.2.255"];
/** Sources that nobody outside has. */
export const FORGED = ["0.0.0.0", "0.1.2.3", "192.0.2.255"];
/** More than an error quotes, and an odd number. */
const LONG = Array.from({ length: 611 }, (_, i) => (i * 89 + 7) & 255);
/** Ways a packet may look; the first is the usual one. `isZero`: behind the NAT its checksum is computed as zero. */
export const SHAPES: (Partial<IpPacket> & { isZero?: boolean })[] = [
  {}, {}, { ttl: 255, tos: 0xb8, id: 0xffff }, { fragment: 0x4000, id: 0 }, { ttl: 2 }, { ttl: 1 },
  { options: [1, 1, 1, 0] }, { options: [0x94, 4, 0, 0, 1, 1, 1, 0] }, { fault: "none" }, { fault: 1 }, { fault: 0xfffe },
  { isZero: true }, { data: [0xff] }, { data: [1, 2, 3] }, { data: LONG }, { fragment: 0x2000 }, { fragment: 0x0001 },
];
