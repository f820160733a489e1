/** The five ways VirtualBox attaches a card to something. */
export type ModeName = "nat" | "natNetwork" | "bridged" | "internal" | "hostOnly";

/** Whether traffic gets through: `forward` means only by a port-forward rule. */
export type Reach = "yes" | "no" | "forward";

/** A station that the mode puts on the network: its host number within the subnet and its MAC. */
export interface ModeStation {
  name: string;
  offset: number;
  mac: string;
}

/** Who hands out addresses, and which. */
export interface ModeDhcp {
  /** Host number of the server; the gateway's own when they are the same. */
  offset: number;
  /** MAC of a server that is a station of its own; without it the gateway serves. */
  mac?: string;
  /** First address leased, as a host number, and how many before the broadcast address the last one is. */
  first: number;
  beforeLast: number;
  /** What the lease says about the way out: host number of router and DNS server, 0 for none. */
  router: number;
  dns: number;
  /** `nat`: VirtualBox's built-in server of NAT mode; `server`: its general one. */
  style: "nat" | "server";
}

/** One row of the table: the parts a mode is wired from, and the connectivity it promises. */
export interface Mode {
  /** Whether several adapters share the network. */
  shared: boolean;
  /** Its subnet unless the user gives one. `perSlot`, `perNetwork`: the third byte grows with it. */
  subnet: string | null;
  counts: "slot" | "network" | null;
  /** The router with NAT; null: there is none. */
  gateway: ModeStation | null;
  /** Host number that stands for the host's 127.0.0.1, and whether it does so unasked. */
  alias: { offset: number; always: boolean } | null;
  /** Further stations: what they do besides answering pings is said elsewhere. */
  stations: ModeStation[];
  /** Host number of the DNS server, which is the gateway or one of the stations; null: there is none. */
  dns: number | null;
  dhcp: ModeDhcp | null;
  /** The host's own place: a host number, an uplink to the LAN, or none. */
  host: number | "uplink" | null;
  reach: Record<"vm→host" | "host→vm" | "vm↔vm" | "vm→lan" | "lan→vm", Reach>;
}

/**
 * The five modes are rows of one table: each wires the same four parts (switch, gateway, station, trunk) differently.
 *
 * Addresses are VirtualBox's. Its bridge has no subnet of its own: it is part of the LAN. An internal network has
 * addresses only when a DHCP server is asked for.
 */
export const MODES: Record<ModeName, Mode> = {
  nat: {
    shared: false,
    subnet: "10.0.2.0/24",
    counts: "slot",
    gateway: { name: "gateway", offset: 2, mac: "52:54:00:12:35:02" },
    alias: { offset: 2, always: false },
    stations: [
      { name: "dns", offset: 3, mac: "52:54:00:12:35:03" },
      { name: "tftp", offset: 4, mac: "52:54:00:12:35:04" },
    ],
    dns: 3,
    dhcp: { offset: 2, first: 15, beforeLast: 1, router: 2, dns: 3, style: "nat" },
    host: null,
    reach: { "vm→host": "yes", "host→vm": "forward", "vm↔vm": "no", "vm→lan": "yes", "lan→vm": "forward" },
  },
  natNetwork: {
    shared: true,
    subnet: "10.0.2.0/24",
    counts: null,
    gateway: { name: "gateway", offset: 1, mac: "52:54:00:12:35:00" },
    alias: { offset: 2, always: true },
    stations: [],
    dns: 1,
    dhcp: { offset: 3, mac: "08:00:27:00:00:03", first: 4, beforeLast: 1, router: 1, dns: 1, style: "server" },
    host: null,
    reach: { "vm→host": "yes", "host→vm": "forward", "vm↔vm": "yes", "vm→lan": "yes", "lan→vm": "forward" },
  },
  bridged: {
    shared: true,
    subnet: null,
    counts: null,
    gateway: null,
    alias: null,
    stations: [],
    dns: null,
    dhcp: null,
    host: "uplink",
    reach: { "vm→host": "yes", "host→vm": "yes", "vm↔vm": "yes", "vm→lan": "yes", "lan→vm": "yes" },
  },
  internal: {
    shared: true,
    subnet: null,
    counts: null,
    gateway: null,
    alias: null,
    stations: [],
    dns: null,
    dhcp: null,
    host: null,
    reach: { "vm→host": "no", "host→vm": "no", "vm↔vm": "yes", "vm→lan": "no", "lan→vm": "no" },
  },
  hostOnly: {
    shared: true,
    subnet: "192.168.56.0/24",
    counts: "network",
    gateway: null,
    alias: null,
    stations: [],
    dns: null,
    dhcp: { offset: 100, mac: "08:00:27:00:00:64", first: 101, beforeLast: 1, router: 0, dns: 0, style: "server" },
    host: 1,
    reach: { "vm→host": "yes", "host→vm": "yes", "vm↔vm": "yes", "vm→lan": "no", "lan→vm": "no" },
  },
};
