/**
 * The contract between the engine and TypeScript: integer constants, compiled by asc and by tsc alike.
 *
 * Offsets named here are checked against the engine's structs at compile time (`memory.ts`, `frames.ts`) and read back by
 * `test/abi.test.ts`. A change of meaning raises ABI_VERSION.
 */

export const ABI_VERSION: u32 = 2;

// ─── Frames ────────────────────────────────────────────────────────────────────────────────────────────────────────
/**
 * Bytes of one frame buffer: 64 of bookkeeping, 64 of headroom, the rest for the frame. An odd number of cache lines, so that the
 * buffers of a burst do not fight for the same few sets of the cache, as they would at 2048.
 */
export const FRAME_SLOT: u32 = 2112;
/** Where a fresh frame's first byte lies in its buffer. */
export const FRAME_START: u32 = 128;
/** Slots in a row that make a buffer for segments that travel whole: 64 KiB and a bit (assembly/whole.ts). */
export const WHOLE_SLOTS: u32 = 32;
/** Shortest and longest frame, without FCS: an Ethernet header; 1500 bytes of payload with two VLAN tags. */
export const FRAME_MIN: u32 = 14;
export const FRAME_MAX: u32 = 1522;
/** Frames per burst: what one stage handles before the next begins, and what TypeScript may inject in one call. */
export const BURST: u32 = 64;
export const INGRESS: u32 = 256;
/** How many switches one frame may be carried across before it is called a loop. */
export const HOP_LIMIT: u32 = 16;

// ─── Control block: offsets from control() ─────────────────────────────────────────────────────────────────────────
/** u64 ns, the engine's clock. */
export const CONTROL_NOW: u32 = 0;
/** u32, events written and events read (both count up and wrap; the ring's index is the count modulo its capacity). */
export const CONTROL_EVENTS_WRITTEN: u32 = 16;
export const CONTROL_EVENTS_READ: u32 = 20;
/** u64 ns, when the next thing happens that drives time, and the next thing of any kind; all ones: never. */
export const CONTROL_NEXT_WORK: u32 = 32;
export const CONTROL_NEXT_ANY: u32 = 40;
/** u64 counters, in this order: ingress, originated, copies, delivered, consumed, dropped. */
export const CONTROL_BOOKS: u32 = 64;
export const BOOK_INGRESS: u32 = 0;
export const BOOK_ORIGINATED: u32 = 1;
export const BOOK_COPIES: u32 = 2;
export const BOOK_DELIVERED: u32 = 3;
export const BOOK_CONSUMED: u32 = 4;
export const BOOK_DROPPED: u32 = 5;
export const BOOKS: u32 = 6;
/** u64[REASONS], frames dropped by reason. */
export const CONTROL_DROPS: u32 = 128;
/** u32[CAPACITIES], written before `init`: how many of each thing the memory holds. */
export const CONTROL_CAPACITIES: u32 = 1152;
/** u64, the seed of the hash functions, written before `init`. */
export const CONTROL_SEED: u32 = 1248;
/** Bytes of the control block. */
export const CONTROL_SIZE: u32 = 4096;

export const CAPACITY_FRAMES: u32 = 0;
export const CAPACITY_FLIGHTS: u32 = 1;
export const CAPACITY_NETWORKS: u32 = 2;
export const CAPACITY_PORTS: u32 = 3;
export const CAPACITY_NODES: u32 = 4;
export const CAPACITY_INTERFACES: u32 = 5;
export const CAPACITY_ROUTES: u32 = 6;
/** A power of two. */
export const CAPACITY_NEIGHBORS: u32 = 7;
export const CAPACITY_SOCKETS: u32 = 8;
/** A power of two. */
export const CAPACITY_FDB: u32 = 9;
export const CAPACITY_NATS: u32 = 10;
export const CAPACITY_MAPPINGS: u32 = 11;
export const CAPACITY_CONNECTIONS: u32 = 12;
export const CAPACITY_FORWARDS: u32 = 13;
/** A power of two, at least 64. */
export const CAPACITY_EVENTS: u32 = 14;
/** Ports whose wire has more character than a delay. */
export const CAPACITY_SHAPERS: u32 = 15;
/** TCP: connections' ends and listeners. */
export const CAPACITY_STREAMS: u32 = 16;
/** TCP: buffers of 2 KiB, for what is not acknowledged or not read yet. */
export const CAPACITY_CHUNKS: u32 = 17;
export const CAPACITIES: u32 = 18;

// ─── What became of a frame ────────────────────────────────────────────────────────────────────────────────────────
// The order is that of REASONS in src/reasons.ts.
export const OK: u32 = 0;
// Ethernet and the switch
export const TOO_SHORT: u32 = 1;
export const TOO_LONG: u32 = 2;
export const NOT_ATTACHED: u32 = 3;
export const CABLE_OFF: u32 = 4;
export const SRC_GROUP: u32 = 5;
export const RESERVED_GROUP: u32 = 6;
export const HAIRPIN: u32 = 7;
export const NO_DESTINATION: u32 = 8;
export const UNKNOWN_UNICAST: u32 = 9;
export const LOOP: u32 = 10;
export const NO_FRAME: u32 = 11;
export const QUEUE_FULL: u32 = 12;
export const PORT_GONE: u32 = 13;
export const NOT_MINE: u32 = 14;
export const ETHERTYPE: u32 = 15;
export const VLAN: u32 = 16;
// The parser's faults
export const VLAN_TRUNCATED: u32 = 17;
export const LLC_LENGTH: u32 = 18;
export const ARP_TRUNCATED: u32 = 19;
export const ARP_FORMAT: u32 = 20;
export const IPV4_TRUNCATED: u32 = 21;
export const IPV4_VERSION: u32 = 22;
export const IPV4_HEADER: u32 = 23;
export const IPV4_LENGTH: u32 = 24;
export const IPV4_CHECKSUM: u32 = 25;
export const IPV6_TRUNCATED: u32 = 26;
export const IPV6_VERSION: u32 = 27;
export const IPV6_LENGTH: u32 = 28;
export const IPV6_EXTENSION: u32 = 29;
export const ICMP_TRUNCATED: u32 = 30;
export const UDP_TRUNCATED: u32 = 31;
export const UDP_LENGTH: u32 = 32;
export const TCP_TRUNCATED: u32 = 33;
export const TCP_HEADER: u32 = 34;
// Internet protocol
export const IPV4_SOURCE: u32 = 35;
export const IPV4_DESTINATION: u32 = 36;
export const NOT_FORWARDING: u32 = 37;
export const TTL_EXPIRED: u32 = 38;
export const NO_ROUTE: u32 = 39;
export const NO_ADDRESS: u32 = 40;
export const NEIGHBOR_FAILED: u32 = 41;
export const NEIGHBOR_QUEUE: u32 = 42;
export const NEIGHBOR_TABLE: u32 = 43;
export const MTU: u32 = 44;
export const FRAGMENT: u32 = 45;
export const PROTOCOL: u32 = 46;
export const IPV6_OFF: u32 = 47;
export const ICMP_CHECKSUM: u32 = 48;
export const ICMP_TYPE: u32 = 49;
export const UDP_CHECKSUM: u32 = 50;
export const UDP_CLOSED: u32 = 51;
export const TCP_CLOSED: u32 = 52;
// Network address translation
export const NAT_UNKNOWN: u32 = 53;
export const NAT_FILTERED: u32 = 54;
export const NAT_FULL: u32 = 55;
export const NAT_PORTS: u32 = 56;
export const NAT_PROTOCOL: u32 = 57;
export const NAT_FRAGMENT: u32 = 58;
export const NAT_SOURCE: u32 = 59;
export const NAT_INSIDE: u32 = 60;
export const NAT_LOOPBACK: u32 = 61;
export const NAT_ICMP: u32 = 62;
export const NAT_NO_GUEST: u32 = 63;
// Wires with character
export const WIRE_LOSS: u32 = 64;
export const WIRE_MTU: u32 = 65;
// Transmission control
export const TCP_CHECKSUM: u32 = 66;
export const TCP_SEQUENCE: u32 = 67;
export const TCP_BACKLOG: u32 = 68;
export const TCP_BUFFER: u32 = 69;
// What an ICMP error quotes
export const ICMP_QUOTE: u32 = 70;
/** One more than the last reason. */
export const REASONS: u32 = 71;

// ─── What the parser calls a frame ─────────────────────────────────────────────────────────────────────────────────
export const KIND_UNPARSED: u32 = 0;
export const KIND_OTHER: u32 = 1;
export const KIND_LLC: u32 = 2;
export const KIND_ARP: u32 = 3;
export const KIND_IPV4: u32 = 4;
export const KIND_IPV6: u32 = 6;

/** Generator, as TypeScript fills it in: see generator.ts. Offsets of its fields. */
export const GENERATOR_FLOWS: u32 = 4;
export const GENERATOR_SIZE: u32 = 8;
export const GENERATOR_BURST: u32 = 12;
export const GENERATOR_INTERVAL: u32 = 16;
export const GENERATOR_LEFT: u32 = 24;
export const GENERATOR_SENT: u32 = 32;
export const GENERATOR_SRC_MAC: u32 = 48;
export const GENERATOR_DST_MAC: u32 = 56;
export const GENERATOR_SRC_IP: u32 = 64;
export const GENERATOR_DST_IP: u32 = 68;
export const GENERATOR_SRC_PORT: u32 = 72;
export const GENERATOR_DST_PORT: u32 = 76;
export const GENERATOR_SPANS: u32 = 80;

/** The two directions of a port's wire: from the device to the switch, and back. Of a trunk only the second is used, at each end. */
export const TOWARDS_SWITCH: u32 = 0;
export const TOWARDS_DEVICE: u32 = 1;

/** Character of one direction, as TypeScript fills it in: f64 each, all set. What they mean is in time/direction.ts. */
export const WIRE_DELAY: u32 = 0;
export const WIRE_JITTER: u32 = 8;
export const WIRE_RATE: u32 = 16;
export const WIRE_QUEUE_FRAMES: u32 = 24;
export const WIRE_QUEUE_BYTES: u32 = 32;
export const WIRE_MOST: u32 = 40;
export const WIRE_LOSS_GOOD: u32 = 48;
export const WIRE_LOSS_BAD: u32 = 56;
export const WIRE_TO_BAD: u32 = 64;
export const WIRE_TO_GOOD: u32 = 72;
export const WIRE_CORRUPT: u32 = 80;
export const WIRE_DUPLICATE: u32 = 88;
export const WIRE_REORDER: u32 = 96;
export const WIRE_LATE: u32 = 104;
export const WIRE_IN_ORDER: u32 = 112;
/** u64 counters of that direction: passed, lost, corrupted, duplicated, late, refused; then u32 frames and bytes in its queue. */
export const WIRE_COUNTERS: u32 = 120;
export const WIRE_QUEUED: u32 = 168;

/** Descriptor flags. */
export const IS_FRAGMENT: u32 = 1;
/** A fragment other than the first: it has no transport header. */
export const IS_LATER_FRAGMENT: u32 = 2;
/** IPv4 options or IPv6 extension headers are present. */
export const HAS_OPTIONS: u32 = 4;
/**
 * The transport checksum was made in this lab, and since then only who keeps it right has touched the packet. The parser never says so:
 * a frame that came in, or had a bit flipped on the way, is summed by who receives it.
 */
export const IS_SUMMED: u32 = 8;

// ─── Networks and ports ────────────────────────────────────────────────────────────────────────────────────────────
export const SWITCH_LEARNING: u32 = 0;
/** VirtualBox's: a port has the MAC its card reports; no learning, no ageing, unknown unicast is not flooded. */
export const SWITCH_STATIC: u32 = 1;

/** What is at the device end of a port's wire. */
export const ROLE_INTERFACE: u32 = 1;
export const ROLE_EXTERNAL: u32 = 2;
export const ROLE_TRUNK: u32 = 3;
/** Counts what it is sent and keeps a digest of it: the far end of a benchmark. */
export const ROLE_SINK: u32 = 4;

/** Who owns it: what promiscuous policies tell apart. */
export const CLASS_VM: u32 = 0;
export const CLASS_HOST: u32 = 1;
export const CLASS_WIRE: u32 = 2;
export const CLASS_SERVICE: u32 = 3;

export const PROMISCUOUS_DENY: u32 = 0;
export const PROMISCUOUS_VMS: u32 = 1;
export const PROMISCUOUS_ALL: u32 = 2;

// ─── Nodes ─────────────────────────────────────────────────────────────────────────────────────────────────────────
/** Forwards what is not addressed to it. */
export const NODE_FORWARDS: u32 = 1;

/** DHCP client states (RFC 2131 §4.4). */
export const DHCP_OFF: u32 = 0;
export const DHCP_INIT: u32 = 1;
export const DHCP_SELECTING: u32 = 2;
export const DHCP_REQUESTING: u32 = 3;
export const DHCP_BOUND: u32 = 4;
export const DHCP_RENEWING: u32 = 5;
export const DHCP_REBINDING: u32 = 6;

// ─── Errors of commands: negative results ──────────────────────────────────────────────────────────────────────────
export const E_FULL: i32 = -1;
export const E_IN_USE: i32 = -2;
export const E_NO_ROUTE: i32 = -3;
export const E_NO_ADDRESS: i32 = -4;
export const E_TOO_LONG: i32 = -5;
export const E_NO_FRAME: i32 = -6;
export const E_UNKNOWN: i32 = -7;
/** The stream is closed, in this direction at least. */
export const E_CLOSED: i32 = -8;

// ─── run() ─────────────────────────────────────────────────────────────────────────────────────────────────────────
/** Nothing left that drives time. */
export const RUN_IDLE: u32 = 0;
/** An instant ended in which something became visible to TypeScript. */
export const RUN_VISIBLE: u32 = 1;
/** The budget is spent. */
export const RUN_BUDGET: u32 = 2;
/** `limit` is reached. */
export const RUN_LIMIT: u32 = 3;
/** The event ring has to be read first. */
export const RUN_RING: u32 = 4;

// ─── Events: 64 bytes each ─────────────────────────────────────────────────────────────────────────────────────────
//   0 u32 kind · 4 u32 id · 8 u32 frame (0: none) · 12 u32 offset of the payload from memory's start · 16 u32 its length
//  20 u32 a · 24 u32 b · 28 u32 c · 32 u32 d · 36 u32 flags · 40 u64 time in ns · 48 u32 e · 52 u32 f
export const EVENT: u32 = 64;
export const EVENT_KIND: u32 = 0;
export const EVENT_ID: u32 = 4;
export const EVENT_FRAME: u32 = 8;
export const EVENT_OFFSET: u32 = 12;
export const EVENT_LENGTH: u32 = 16;
export const EVENT_A: u32 = 20;
export const EVENT_B: u32 = 24;
export const EVENT_C: u32 = 28;
export const EVENT_D: u32 = 32;
export const EVENT_FLAGS: u32 = 36;
export const EVENT_TIME: u32 = 40;
export const EVENT_E: u32 = 48;
export const EVENT_F: u32 = 52;

/** A frame for an external guest. id: port; offset, length: the frame. */
export const EVENT_DELIVER: u32 = 1;
/** A captured frame. id: port; a: network; b: 1 towards the device, 0 from it; c: reason (0: none); offset, length: the frame. */
export const EVENT_CAPTURE: u32 = 2;
/** A datagram. id: socket; a: source address; b: source port; c: destination address; d: interface; flags: TTL. */
export const EVENT_DATAGRAM: u32 = 3;
/** An echo reply. id: node; a: source address; b: identifier; c: sequence number; flags: TTL; length: of the echoed data. */
export const EVENT_ECHO: u32 = 4;
/**
 * An ICMP error about something this node sent. id: node; a: who says so; b: type << 8 | code; c: protocol of the packet it is
 * about; d: its destination; e: its source port (or echo identifier) << 16 | destination port (or sequence number);
 * f: the socket that sent it (UDP; 0: there is none any more).
 */
export const EVENT_ICMP_ERROR: u32 = 5;
/** An interface got, changed or lost its leased address. id: interface; a: address (0: lost). */
export const EVENT_ADDRESS: u32 = 6;
/** A packet of this node found no way. id: node; a: destination; b: reason; c: protocol; e, f: as above. */
export const EVENT_UNSENT: u32 = 7;
/** An external guest was heard for the first time. id: port; a, b: its MAC, high 16 and low 32 bits. */
export const EVENT_HEARD: u32 = 8;

/**
 * Something happened to a TCP stream. id: stream; flags: STREAM_OPENED …; a: STREAM_ERROR_… (with CLOSED). Told on the edge: READABLE
 * when there was nothing to read before, WRITABLE when a write came up short and half of the buffer is free again.
 */
export const EVENT_STREAM: u32 = 10;
/** A connection is established and waits for tcpAccept. id: listener; a: stream. */
export const EVENT_ACCEPT: u32 = 11;
/**
 * A SYN is held for tcpDecide. id: listener (of tcpListenAny); a: stream, whose addresses and ports can be read; flags: STREAM_GONE
 * when that stream has ended before it was accepted, whatever was or will be decided.
 */
export const EVENT_SYN: u32 = 12;

/** A step in the walk of a marked frame. id: where; flags: TRACE_… | mark << 16 (1: the probe, 2: made because of it); a…d by step. */
export const EVENT_TRACE: u32 = 9;

/** At the switch end of a port's wire. id: port; a: network; b: switches crossed. */
export const TRACE_SWITCH: u32 = 1;
/** Looked up in the forwarding database (or, static switch, among the cards). id: network; a, b: MAC; c: port, 0 unknown. */
export const TRACE_LOOKUP: u32 = 2;
/** Learned. id: network; a, b: MAC; c: port. */
export const TRACE_LEARN: u32 = 3;
/** To every port but the one it came in by. id: network; a: that port. */
export const TRACE_FLOOD: u32 = 4;
/** Out of a port. id: port. */
export const TRACE_OUT: u32 = 5;
/** At the device end of a port's wire. id: port. */
export const TRACE_DEVICE: u32 = 6;
/** An ARP message for an interface. id: interface; a: opcode; b: sender; c: target; d: 1 when it is the one asked. */
export const TRACE_ARP: u32 = 7;
// Steps about a packet. id: where; a: source; b: destination; c: protocol | TTL << 8; d: source port << 16 | destination port.
/** For the node itself. id: node. */
export const TRACE_LOCAL: u32 = 8;
/** To be carried on. id: node. */
export const TRACE_FORWARD: u32 = 9;
/** Looked up in the translations, as it came. id: the node that is inside (on its way out) or outside. */
export const TRACE_NAT_LOOKUP: u32 = 10;
/** Translated, inside to outside, and as it is then. id: NAT. */
export const TRACE_NAT_OUT: u32 = 11;
/** Translated, outside to inside, and as it is then. id: NAT. */
export const TRACE_NAT_IN: u32 = 12;
/** Route. id: node; a: destination; b: interface, 0 none; c: next hop. */
export const TRACE_ROUTE: u32 = 13;
/** No NAT's: the node's own. id: node. */
export const TRACE_NAT_NONE: u32 = 14;
/** The neighbour's MAC is known. id: interface; a, b: MAC; c: address. */
export const TRACE_NEIGHBOR: u32 = 15;
/** It is asked for, and the packet waits. id: interface; c: address. */
export const TRACE_WAIT: u32 = 16;
/** The packet waits no longer: nobody answered, or too many wait. As above. */
export const TRACE_GAVE_UP: u32 = 17;
/** The end: consumed, delivered to an external guest (id: port; a: 1 for an ARP request, b: whom it asks for), or dropped (a: reason). */
export const TRACE_CONSUMED: u32 = 18;
export const TRACE_DELIVERED: u32 = 19;
export const TRACE_DROPPED: u32 = 20;
/** In the queue of a wire. id: port; a: direction; b: frames before it; c: 1 when its bandwidth group is why it waits. */
export const TRACE_QUEUE: u32 = 21;
/** On a wire with character. id: port; a: direction; b: WIRE_WAS_…; c, d: ns until it arrives, high and low 32 bits. */
export const TRACE_WIRE: u32 = 22;
export const WIRE_WAS_CORRUPTED: u32 = 1;
export const WIRE_WAS_DUPLICATED: u32 = 2;
export const WIRE_WAS_LATE: u32 = 4;

// ─── Structs that TypeScript reads ─────────────────────────────────────────────────────────────────────────────────
/** Port: u64 MAC, then u64 counters. rx: from the device into the network; tx: towards the device. */
export const PORT_MAC: u32 = 32;
export const PORT_RX_FRAMES: u32 = 56;
export const PORT_RX_BYTES: u32 = 64;
export const PORT_TX_FRAMES: u32 = 72;
export const PORT_TX_BYTES: u32 = 80;
export const PORT_DROPS: u32 = 88;
/** u64, a sink's digest. */
export const PORT_DIGEST: u32 = 96;

/** Interface: u32 address, prefix length, gateway, two DNS servers; u32 DHCP state, server; u64 ns end of lease. */
export const INTERFACE_ADDRESS: u32 = 16;
export const INTERFACE_PREFIX: u32 = 20;
export const INTERFACE_GATEWAY: u32 = 24;
export const INTERFACE_MTU: u32 = 28;
export const INTERFACE_DNS: u32 = 32;
export const INTERFACE_DHCP_STATE: u32 = 40;
export const INTERFACE_SERVER: u32 = 44;
export const INTERFACE_LEASE_UNTIL: u32 = 48;

/** NAT options for natSet. */
export const NAT_FILTERING: u32 = 1;
export const NAT_QUIET: u32 = 2;
export const NAT_UDP_TIMEOUT: u32 = 3;
export const NAT_ICMP_TIMEOUT: u32 = 4;
export const NAT_TCP_ESTABLISHED: u32 = 5;
export const NAT_TCP_TRANSITORY: u32 = 6;
export const NAT_LIMIT: u32 = 7;
export const FILTER_ENDPOINT: u32 = 0;
export const FILTER_ADDRESS: u32 = 1;
export const FILTER_ADDRESS_PORT: u32 = 2;

/** NAT mapping: 16-byte addresses in network order (IPv4 mapped as ::ffff:a.b.c.d), u16 ports. */
export const MAPPING_INSIDE: u32 = 8;
export const MAPPING_OUTSIDE: u32 = 24;
export const MAPPING_INSIDE_PORT: u32 = 40;
export const MAPPING_OUTSIDE_PORT: u32 = 42;
export const MAPPING_PROTOCOL: u32 = 44;

/** NAT connection: as its mapping, with the remote end as the inside and as the outside sees it. */
export const CONNECTION_MAPPING: u32 = 4;
export const CONNECTION_INSIDE_REMOTE: u32 = 8;
export const CONNECTION_OUTSIDE_REMOTE: u32 = 24;
export const CONNECTION_INSIDE_PORT: u32 = 40;
export const CONNECTION_OUTSIDE_PORT: u32 = 42;
export const CONNECTION_STATE: u32 = 44;
export const CONNECTION_DEADLINE: u32 = 48;
export const STATE_UDP: u32 = 1;
export const STATE_ICMP: u32 = 2;
export const STATE_TCP_OPENING: u32 = 3;
export const STATE_TCP_ESTABLISHED: u32 = 4;
export const STATE_TCP_CLOSING: u32 = 5;

// ─── TCP ───────────────────────────────────────────────────────────────────────────────────────────────────────────
/** Stream, as TypeScript may read it. u32 node, state, local and remote address; u16 local and remote port. */
export const STREAM_NODE: u32 = 4;
export const STREAM_STATE: u32 = 8;
export const STREAM_LOCAL: u32 = 12;
export const STREAM_REMOTE: u32 = 16;
export const STREAM_LOCAL_PORT: u32 = 20;
export const STREAM_REMOTE_PORT: u32 = 22;
/** u64: payload bytes acknowledged by the other side, and received in order. */
export const STREAM_BYTES_SENT: u32 = 24;
export const STREAM_BYTES_RECEIVED: u32 = 32;
/** u64 ns: smoothed round-trip time (0: none yet), its variation, retransmission timeout. */
export const STREAM_SRTT: u32 = 40;
export const STREAM_RTTVAR: u32 = 48;
export const STREAM_RTO: u32 = 56;
/** u32: bytes of the congestion window and slow-start threshold; bytes of the largest segment; segments sent again. */
export const STREAM_CWND: u32 = 64;
export const STREAM_SSTHRESH: u32 = 68;
export const STREAM_MSS: u32 = 72;
export const STREAM_RETRANSMITS: u32 = 76;
/** u32 STREAM_ERROR_…: why it was closed. */
export const STREAM_ERROR: u32 = 80;
/** Bytes of one stream's record. */
export const STREAM_SIZE: u32 = 408;

/** States (RFC 9293 §3.3.2), and three of our own: a SYN that waits for tcpDecide, and a stream that is over, but not released. */
export const STREAM_LISTEN: u32 = 1;
export const STREAM_HELD: u32 = 2;
export const STREAM_SYN_SENT: u32 = 3;
export const STREAM_SYN_RECEIVED: u32 = 4;
export const STREAM_ESTABLISHED: u32 = 5;
export const STREAM_CLOSE_WAIT: u32 = 6;
export const STREAM_FIN_WAIT_1: u32 = 7;
export const STREAM_FIN_WAIT_2: u32 = 8;
export const STREAM_CLOSING: u32 = 9;
export const STREAM_LAST_ACK: u32 = 10;
export const STREAM_TIME_WAIT: u32 = 11;
export const STREAM_CLOSED: u32 = 12;

/** Flags of EVENT_STREAM. */
export const STREAM_OPENED: u32 = 1;
export const STREAM_READABLE: u32 = 2;
export const STREAM_WRITABLE: u32 = 4;
/** The other side sends no more (its FIN is here, and everything before it). */
export const STREAM_ENDED: u32 = 8;
/** The connection is gone, from either side's doing; nothing can be sent any more. What was received can still be read. */
export const STREAM_GONE: u32 = 16;

export const STREAM_ERROR_NONE: u32 = 0;
export const STREAM_ERROR_REFUSED: u32 = 1;
export const STREAM_ERROR_RESET: u32 = 2;
export const STREAM_ERROR_TIMED_OUT: u32 = 3;
export const STREAM_ERROR_UNREACHABLE: u32 = 4;
export const STREAM_ERROR_ABORTED: u32 = 5;

/** Options for tcpSet; accepted streams have those of their listener. */
/** 1: small segments are sent at once (no Nagle). */
export const TCP_NODELAY: u32 = 1;
/** ms of silence before the other side is asked whether it is there; 0: never. Default 0; the RFC's value is 7 200 000. */
export const TCP_KEEPALIVE: u32 = 2;
/** CONGESTION_CUBIC or CONGESTION_RENO. */
export const TCP_CONGESTION: u32 = 3;
/** Bytes, 2048 … 8 MiB less 128. Default 262144. */
export const TCP_SEND_BUFFER: u32 = 4;
export const TCP_RECEIVE_BUFFER: u32 = 5;
/** ms, 0 … 500. Default 40. */
export const TCP_DELAYED_ACK: u32 = 6;
/** Shortest retransmission timeout, ms, from 1. Default 1000. */
export const TCP_MIN_RTO: u32 = 7;
/** ms without an acknowledgement before the connection is given up (R2, RFC 9293 §3.8.3). Default 100 000. */
export const TCP_GIVE_UP: u32 = 8;
/** ms in TIME-WAIT (2 MSL). Default 60 000. */
export const TCP_TIME_WAIT: u32 = 9;
/** Extensions not to be accepted: WITHOUT_…; of a listener only. For a connection to be opened it is a parameter of tcpConnect. */
export const TCP_WITHOUT: u32 = 10;
export const CONGESTION_CUBIC: u32 = 0;
export const CONGESTION_RENO: u32 = 1;
export const WITHOUT_TIMESTAMPS: u32 = 1;
export const WITHOUT_SACK: u32 = 2;
export const WITHOUT_WINDOW_SCALE: u32 = 4;
/** No extension, but a way of the lab's own: each segment leaves in a frame of its own (assembly/whole.ts). */
export const WITHOUT_WHOLE: u32 = 8;

/** tcpDecide: go on with the handshake; answer with a reset; answer with ICMP destination unreachable and a code. */
export const DECIDE_ACCEPT: u32 = 0;
export const DECIDE_RESET: u32 = 1;
export const DECIDE_UNREACHABLE: u32 = 2;
