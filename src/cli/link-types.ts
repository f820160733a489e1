/** Names of link types (LINKTYPE_…) that captures of networks have. */
const NAMES: Record<number, string> = {
  0: "BSD loopback", 1: "Ethernet", 6: "Token Ring", 9: "PPP", 50: "PPP in HDLC framing", 51: "PPPoE", 101: "raw IP",
  104: "Cisco HDLC", 105: "IEEE 802.11", 107: "Frame Relay", 108: "OpenBSD loopback", 113: "Linux cooked", 119: "IEEE 802.11 with Prism header",
  127: "IEEE 802.11 with radiotap", 187: "Bluetooth HCI", 189: "USB of Linux", 195: "IEEE 802.15.4", 201: "Bluetooth HCI with direction",
  220: "USB of Linux, memory-mapped", 227: "SocketCAN", 228: "raw IPv4", 229: "raw IPv6", 239: "netfilter log", 247: "InfiniBand",
  249: "USBPcap", 253: "netlink", 276: "Linux cooked, version 2",
};

export function linkTypeName(linkType: number): string {
  return NAMES[linkType] ?? `link type ${linkType}`;
}
