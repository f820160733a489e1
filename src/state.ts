import type { ForwardRule } from "./forward";
import type { ModeName } from "./modes";
import type { PcapngState } from "./pcapng";
import type { DhcpConfig, DhcpSave } from "./services/dhcp";
import type { WireOptions } from "./wire-options";

/*
 * Everything TypeScript knows about a lab that is not in the engine's memory, as plain values: the objects users hold are
 * thin classes over these records. `snapshot()` copies the tree, `fork()` wraps new objects around the copy.
 *
 * `network`, `port`, `node` … of type number are the engine's ids, `id` is ours; 0 means none.
 */

export interface LabState {
  seed: string;
  /** How often this lab was forked: every fork gets a seed of its own. */
  forks: number;
  clock: "virtual" | "real";
  /** What every wire is like that is not told otherwise. */
  wire: WireOptions;
  /** u32 per CAPACITY_…. */
  capacities: number[];
  /** The last id given to a network or a capture. */
  lastId: number;
  lans: LanState[];
  hosts: HostState[];
  routers: RouterState[];
  captures: CaptureState[];
  generators: GeneratorState[];
}

export type SwitchKind = "learning" | "virtualbox";

export interface NetworkState {
  id: number;
  name: string;
  kind: ModeName | "lan";
  network: number;
  subnet: string | null;
  switch: SwitchKind;
  /** The options it was made with, to tell whether somebody asks for others later. */
  options: string;
  /** Of a bridge: the LAN it is part of (`id`), and both ends of the trunk, the bridge's first. */
  lan: number;
  uplink: { port: number; name: string }[];
  /** Default gateway of stations with a static address. */
  gateway: string | null;
  /** Whether somebody else than its own DHCP server serves addresses: a router on it, or a server beyond its trunk. */
  served: boolean;
  stations: StationState[];
  dhcp: DhcpState | null;
  dns: DnsState | null;
  /** DNS server of stations with a static address; null: there is none. */
  dnsServer: string | null;
  nat: NatState | null;
  /** What wires plugged in here are like; and, of a bridge, its uplink. */
  wire: WireOptions;
  uplinkWire: WireOptions;
}

export interface LanState extends NetworkState {
  trunk: number;
  /** Host number of the next static address given out; 0: none are. */
  nextOffset: number;
}

/** Something with an address on a network that is part of the network: gateway, DHCP server … */
export interface StationState {
  name: string;
  node: number;
  leg: LegState;
}

export interface DnsState {
  /** Where it answers. */
  address: string;
  socket: number;
  /** Engine's id of the interface it serves. */
  interface: number;
  /** `id` of the network that it serves. */
  network: number;
}

export interface DhcpState {
  config: DhcpConfig;
  socket: number;
  interface: number;
  /** Brought up to date by `snapshot()`. */
  saved: DhcpSave | null;
}

export interface NatState {
  nat: number;
  /** Whose addresses are used outside: engine's id of the node, and of its interface where it is one of several (0: the route decides). */
  outside: { node: number; interface: number };
  forwards: ForwardState[];
}

export interface ForwardState {
  rule: ForwardRule & { name: string };
  forward: number;
  /** Why it does not work; null: it does. */
  reason: string | null;
}

export interface LegState {
  name: string;
  port: number;
  /** 0: an external guest is behind the port. */
  interface: number;
  /** null: an external guest's, not heard yet. */
  mac: string | null;
  /** `id` of the network it is on. */
  network: number;
  /** Static address with prefix length; null: DHCP where there is some. */
  address: string | null;
  gateway: string | null;
  cable: boolean;
  /** What its own wire is like, where it differs from the network's. */
  wire: WireOptions;
}

export type Promiscuous = "deny" | "allow-vms" | "allow-all";

export interface AdapterState extends LegState {
  slot: number;
  promiscuous: Promiscuous;
  linkUpDelay: number;
  /** ns, when the link comes up; 0: it is not on its way. */
  linkUpAt: number;
  /** Name of its bandwidth group; null: none. */
  bandwidthGroup: string | null;
}

export interface MachineState<Leg extends LegState = LegState> {
  name: string;
  /** 0: no built-in station. */
  node: number;
  legs: Leg[];
  sockets: SocketState[];
  streams: StreamState[];
  servers: ServerState[];
  /** Engine's ids of sockets that the lab itself opened to find something out (errand.ts). */
  errands: number[];
  /** Networks that static routes lead to. */
  routes: string[];
  /** ICMP identifier of its pings, 0: it has not pinged yet; and the last sequence number used. */
  echo: number;
  sequence: number;
}

export interface VmState extends MachineState<AdapterState> {
  /** The private networks of its adapters in NAT mode. */
  networks: NetworkState[];
}

/** The way of a host to the real machine. */
export interface OutsideState {
  listener: number;
  streams: StreamState[];
}

export interface HostState extends MachineState {
  outside: OutsideState | null;
  networks: NetworkState[];
  vms: VmState[];
  /** What its cables to LANs are like. */
  wire: WireOptions;
  bandwidthGroups: BandwidthGroupState[];
}

/** `send` and `receive` are the engine's buckets; limits are as they were given. */
export interface BandwidthGroupState {
  name: string;
  send: number;
  receive: number;
  limit: string | number;
  receiveLimit: string | number;
}

export interface RouterState extends MachineState {
  nat: NatState | null;
  dhcp: DhcpState | null;
  dns: DnsState | null;
}

export interface SocketState {
  socket: number;
  port: number;
  /** Datagrams that nobody has read yet; brought up to date by `snapshot()`. */
  unread: { data: Uint8Array; from: { address: string; port: number }; to: string }[];
}

/** One end of a TCP connection. */
export interface StreamState {
  stream: number;
  allowHalfOpen: boolean;
  /** Bytes that the reader has taken from the engine, and that the engine has taken from the writer. */
  read: number;
  written: number;
  /** Whether we have said that no more comes. */
  shut: boolean;
  /** Whether nobody wants to read any more. */
  deaf: boolean;
  /** While it is opened: when that is given up, and the timeout that said so, ms. */
  until?: { at: number; timeout: number };
}

/** A TCP port that is listened on. */
export interface ServerState {
  listener: number;
  port: number;
  /** null: every address of the machine. */
  address: string | null;
  allowHalfOpen: boolean;
}

export interface GeneratorState {
  /** 0: it was stopped, or has gone with its card. */
  id: number;
  /** The card it sends from, and its port. */
  name: string;
  port: number;
  /** ms */
  interval: number;
  burst: number;
  /** Frames sent, and still to be sent, when it ended; before that the engine knows. */
  sent: number;
  left: number;
}

export interface CaptureState {
  id: number;
  name: string;
  /** What is captured: one port, or every port of a network; both 0 once stopped. */
  port: number;
  network: number;
  /** pcapng interface number by port. */
  interfaces: Record<number, number>;
  /** Brought up to date by `snapshot()`. */
  written: PcapngState;
}
