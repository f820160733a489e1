/** Frames that break off or lie about themselves. A switch carries them all the same; the station that opens one drops it. */
import {
  arp, ethernet, icmp, icmpv6, ipv4, ipv6, raw, tcp, udp, with16, zeros,
} from "../packets";
import type { Lab } from "../../src/index";
import { onASwitch } from "./place";
import type { Provoked } from "./index";

/** Carol sends the frame to alice. */
const sent = (frame: Uint8Array) => async (): Promise<Lab> => {
  const { lab, carol } = await onASwitch();
  carol.send(frame);
  return lab;
};

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const packet = ipv4(udp(53, 5000, [1, 2, 3]));
const packet6 = ipv6(udp(53, 5000, [1, 2, 3]));
const edited = (bytes: readonly number[], at: number, value: number): number[] => [...bytes.slice(0, at), value, ...bytes.slice(at + 1)];

export const PARSER = {
  VLAN_TRUNCATED: ["a frame that ends in its VLAN tag", sent(ethernet(0x8100, [0, 5]))],
  LLC_LENGTH: ["an 802.3 frame that says it is longer", sent(ethernet(100, zeros(50)))],
  ARP_TRUNCATED: ["half an ARP message", sent(ethernet(0x0806, arp(1).slice(0, 20)))],
  ARP_FORMAT: ["ARP for another kind of hardware", sent(ethernet(0x0806, arp(1, { start: [0, 6, 8, 0, 6, 4] })))],
  IPV4_TRUNCATED: ["half an IPv4 header", sent(ethernet(IPV4, packet.slice(0, 10)))],
  IPV4_VERSION: ["an IPv4 packet of version 5", sent(ethernet(IPV4, edited(packet, 0, 0x55)))],
  IPV4_HEADER: ["an IPv4 header of 16 bytes", sent(ethernet(IPV4, edited(packet, 0, 0x44)))],
  IPV4_LENGTH: ["an IPv4 packet longer than its frame", sent(ethernet(IPV4, ipv4(udp(53, 5000), { totalLength: 500 })))],
  IPV4_CHECKSUM: ["an IPv4 header with a wrong checksum", sent(ethernet(IPV4, ipv4(udp(53, 5000), { checksum: 0x1234 })))],
  IPV6_TRUNCATED: ["half an IPv6 header", sent(ethernet(IPV6, packet6.slice(0, 30)))],
  IPV6_VERSION: ["an IPv6 packet of version 7", sent(ethernet(IPV6, edited(packet6, 0, 0x70)))],
  IPV6_LENGTH: ["an IPv6 packet longer than its frame", sent(ethernet(IPV6, ipv6(udp(53, 5000), [], { payloadLength: 500 })))],
  IPV6_EXTENSION: ["an IPv6 extension header that is cut off", sent(ethernet(IPV6, ipv6(raw(59, []), [[60, [9, 0, 0, 0, 0, 0, 0]]])))],
  ICMP_TRUNCATED: ["four bytes of ICMP", sent(ethernet(IPV4, ipv4(raw(1, [8, 0, 0, 0]))))],
  UDP_TRUNCATED: ["four bytes of UDP", sent(ethernet(IPV4, ipv4(raw(17, [0, 53, 0, 53]))))],
  UDP_LENGTH: ["a datagram longer than its packet", sent(ethernet(IPV4, ipv4(udp(53, 5000, [], 100))))],
  TCP_TRUNCATED: ["ten bytes of TCP", sent(ethernet(IPV4, ipv4(raw(6, zeros(10)))))],
  TCP_HEADER: ["a TCP header of 12 bytes", sent(ethernet(IPV4, ipv4(tcp(5000, 80, { dataOffset: 3 }))))],
  IPV6_OFF: ["a sound IPv6 packet", sent(ethernet(IPV6, ipv6(icmpv6(128, 0, zeros(4)))))],
  FRAGMENT: ["a fragment", sent(ethernet(IPV4, ipv4(udp(53, 5000, zeros(8)), { fragment: 0x2000 })))],
  PROTOCOL: ["a GRE packet", sent(ethernet(IPV4, ipv4(raw(47, zeros(8)))))],
  ICMP_CHECKSUM: ["an echo request with a wrong checksum",
    sent(ethernet(IPV4, ipv4({ ...icmp(8, 0, zeros(4)), checksumAt: -1 })))],
  ICMP_TYPE: ["an ICMP timestamp request", sent(ethernet(IPV4, ipv4(icmp(13, 0, zeros(16)))))],
  ICMP_QUOTE: ["an ICMP error that quotes half a header", sent(ethernet(IPV4, ipv4(icmp(3, 1, [...zeros(4), ...packet.slice(0, 12)]))))],
  UDP_CHECKSUM: ["a datagram with a wrong checksum",
    sent(ethernet(IPV4, ipv4(raw(17, with16(udp(53, 5000).bytes, 6, 0x1234)))))],
  UDP_CLOSED: ["a datagram for a port without a socket", sent(ethernet(IPV4, ipv4(udp(53, 5000))))],
  TCP_CLOSED: ["a connection to a port where nobody listens", sent(ethernet(IPV4, ipv4(tcp(5000, 80))))],
  IPV4_SOURCE: ["a packet from 127.0.0.1", sent(ethernet(IPV4, ipv4(udp(53, 5000), { src: [127, 0, 0, 1] })))],
  IPV4_DESTINATION: ["a packet to a multicast group nobody joined", sent(ethernet(IPV4, ipv4(udp(53, 5000), { dst: [224, 0, 0, 99] })))],
  NOT_FORWARDING: ["a packet for somebody else, sent to a machine that is no router",
    sent(ethernet(IPV4, ipv4(udp(53, 5000), { dst: [203, 0, 113, 9] })))],
} satisfies Provoked;
