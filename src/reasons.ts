/**
 * Why a frame was dropped: the name and one sentence for people, in the order of the constants in `assembly/abi.ts`.
 * The first entry, OK, is no reason.
 */
export const REASONS = [
  ["OK", "the frame was not dropped"],
  ["TOO_SHORT", "the frame is shorter than an Ethernet header (14 bytes)"],
  ["TOO_LONG", "the frame is longer than 1522 bytes"],
  ["NOT_ATTACHED", "the port is on no network, or nobody is plugged in behind it"],
  ["CABLE_OFF", "the cable is unplugged"],
  ["SRC_GROUP", "the source is a group address, which no station can have"],
  ["RESERVED_GROUP", "the destination is one of the addresses a switch never forwards (01:80:c2:00:00:0x)"],
  ["HAIRPIN", "the destination is behind the port the frame came from"],
  ["NO_DESTINATION", "nobody else is on the network"],
  ["UNKNOWN_UNICAST", "no port has the destination's MAC, and VirtualBox's switch does not flood"],
  ["LOOP", "the frame crossed 16 switches: the networks are wired in a circle"],
  ["NO_FRAME", "every frame buffer of the lab is in use"],
  ["QUEUE_FULL", "the queue of the wire or of the receiver is full"],
  ["PORT_GONE", "the port was removed or moved while the frame was on its wire"],
  ["NOT_MINE", "the station it was flooded to does not have the destination's MAC"],
  ["ETHERTYPE", "the station does not speak this protocol"],
  ["VLAN", "the frame carries a VLAN tag and the station is in no VLAN"],
  ["VLAN_TRUNCATED", "the frame ends inside a VLAN tag"],
  ["LLC_LENGTH", "the 802.3 length field is larger than the frame"],
  ["ARP_TRUNCATED", "the frame ends inside the ARP message"],
  ["ARP_FORMAT", "the ARP message is not about IPv4 over Ethernet, or its sender has an address that no station can have"],
  ["IPV4_TRUNCATED", "the frame ends inside the IPv4 header"],
  ["IPV4_VERSION", "the EtherType says IPv4 but the version field does not"],
  ["IPV4_HEADER", "the IPv4 header length is impossible"],
  ["IPV4_LENGTH", "the IPv4 total length is shorter than its header or longer than the frame"],
  ["IPV4_CHECKSUM", "the IPv4 header checksum is wrong"],
  ["IPV6_TRUNCATED", "the frame ends inside the IPv6 header"],
  ["IPV6_VERSION", "the EtherType says IPv6 but the version field does not"],
  ["IPV6_LENGTH", "the IPv6 payload length is larger than the frame"],
  ["IPV6_EXTENSION", "the IPv6 extension headers are cut off or out of order"],
  ["ICMP_TRUNCATED", "the packet ends inside the ICMP header"],
  ["UDP_TRUNCATED", "the packet ends inside the UDP header"],
  ["UDP_LENGTH", "the UDP length is shorter than its header or longer than the packet"],
  ["TCP_TRUNCATED", "the packet ends inside the TCP header"],
  ["TCP_HEADER", "the TCP header length is impossible"],
  ["IPV4_SOURCE", "the source address cannot be a sender's (broadcast, multicast, loopback, reserved)"],
  ["IPV4_DESTINATION", "nobody here has this destination address or joined this group, and no router carries it on"],
  ["NOT_FORWARDING", "the packet is for somebody else and this machine is no router"],
  ["TTL_EXPIRED", "its time to live ran out at this router"],
  ["NO_ROUTE", "there is no route to the destination"],
  ["NO_ADDRESS", "the sending interface has no address yet"],
  ["NEIGHBOR_FAILED", "nobody answered ARP for the next hop"],
  ["NEIGHBOR_QUEUE", "too many packets were waiting for the next hop's MAC"],
  ["NEIGHBOR_TABLE", "the neighbour table is full"],
  ["MTU", "the packet is larger than the MTU, and routers here do not fragment"],
  ["FRAGMENT", "it is a fragment, and this station does not reassemble"],
  ["PROTOCOL", "the station does not speak this IP protocol"],
  ["IPV6_OFF", "IPv6 is not spoken here"],
  ["ICMP_CHECKSUM", "the ICMP checksum is wrong"],
  ["ICMP_TYPE", "the station has no use for this kind of ICMP message"],
  ["UDP_CHECKSUM", "the UDP checksum is wrong"],
  ["UDP_CLOSED", "no socket is open on the UDP port"],
  ["TCP_CLOSED", "nobody listens on the TCP port"],
  ["NAT_UNKNOWN", "no connection and no forward matches what came from outside"],
  ["NAT_FILTERED", "the mapping does not accept packets from this sender"],
  ["NAT_FULL", "the NAT's connection table is full"],
  ["NAT_PORTS", "the NAT's outside address has no free port left"],
  ["NAT_PROTOCOL", "the NAT translates UDP, TCP and ICMP only"],
  ["NAT_FRAGMENT", "the NAT does not translate fragments"],
  ["NAT_SOURCE", "the sender's address does not belong to the network behind the NAT"],
  ["NAT_INSIDE", "the destination is an inside address that does not exist: in NAT mode there is nobody else"],
  ["NAT_LOOPBACK", "the host's loopback is not reachable through this NAT"],
  ["NAT_ICMP", "the NAT does not pass this kind of ICMP message"],
  ["NAT_NO_GUEST", "a forward matched, but the guest's address is not known yet"],
  ["WIRE_LOSS", "the wire lost it, as it was told to"],
  ["WIRE_MTU", "its payload is larger than the wire's MTU"],
  ["TCP_CHECKSUM", "the TCP checksum is wrong"],
  ["TCP_SEQUENCE", "the TCP segment is outside of what its connection expects: old, repeated or forged"],
  ["TCP_BACKLOG", "as many connections as the listener takes are waiting to be accepted"],
  ["TCP_BUFFER", "the lab has no TCP stream or buffer left for it"],
  ["ICMP_QUOTE", "the packet that the ICMP error quotes is cut off, broken, or not one it could be about"],
] as const;

export type ReasonName = (typeof REASONS)[number][0];

/** The name of reason `code`; the number itself for a code this version does not know. */
export function reasonName(code: number): ReasonName {
  return REASONS[code]?.[0] ?? (String(code) as ReasonName);
}

/** What `reason` means, one sentence for people. */
export function explain(reason: ReasonName): string {
  return REASONS.find(([name]) => name === reason)?.[1] ?? reason;
}
