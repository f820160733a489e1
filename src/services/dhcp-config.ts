/** The DHCP server's settings: what a user may say, checked and completed. */

import { contains, formatIp, lastOf, maskOf, networkOf } from "../address";
import type { Subnet } from "../address";
import { LabError } from "../errors";
import { toIpv4, toMac } from "./dhcp-address";
import type { Ipv4 } from "./dhcp-address";
import { bytes32, encodeOption, OPTION } from "./dhcp-option";
import type { DhcpOptionValue } from "./dhcp-option";
import { leaseTimes, narrowed } from "./dhcp-scope";
import type { DhcpGroup, DhcpScope, DhcpScopeConfig } from "./dhcp-scope";

/** Settings of one server. Only `serverAddress`, `prefix` and (style `server`) `pool` have no default. */
export interface DhcpConfig extends DhcpScopeConfig {
  /** Also the server's identifier, option 54. */
  serverAddress: Ipv4;
  /** Prefix length of the network, 1 to 30. */
  prefix: number;
  /** First and last address given out. Style `nat`: network+15 to network+30. */
  pool?: { from: Ipv4; to: Ipv4 };
  /** Option 3. Style `nat`: the server itself. */
  router?: Ipv4 | readonly Ipv4[];
  /** Option 6. */
  dns?: Ipv4 | readonly Ipv4[];
  /** Option 15. */
  domain?: string;
  /** MAC to address. The address may lie outside the pool; nobody else ever gets it. */
  fixed?: Record<string, Ipv4>;
  /** MAC to host name, option 12. */
  hostNames?: Record<string, string>;
  /** Settings for one MAC; they win over groups'. */
  clients?: Record<string, DhcpScopeConfig>;
  /** Settings for some clients; where several groups fit one client, the earlier group wins. */
  groups?: readonly DhcpGroup[];
  /** The siaddr field. Style `nat`: network+4. */
  nextServer?: Ipv4;
  /** The file field, and option 67 for those who ask; 1 to 127 bytes. */
  bootFile?: string;
  /** `nat` is VirtualBox's built-in server of NAT mode: 16 clients, 24 h leases, anybody may keep an address. */
  style?: "server" | "nat";
  /** `strict` is RFC 2131. `virtualbox` broadcasts most replies, ignores DECLINE and takes unknown clients' word. */
  profile?: "strict" | "virtualbox";
  /** How long an offer is kept, ms; 60 s. */
  offerTime?: number;
  /** How long a declined address is left alone, ms; 10 min. */
  quarantine?: number;
  /** Most addresses remembered at once; 65536, style `nat`: 16. */
  capacity?: number;
}

/** Settings with nothing left open. Addresses and MACs are numbers, times are ms. */
export interface DhcpSettings {
  serverAddress: number;
  /** Option 54. */
  serverId: Uint8Array;
  network: Subnet;
  from: number;
  to: number;
  /** Addresses in the network that belong to services and are never leased. */
  taken: ReadonlySet<number>;
  fixed: Map<number, number>;
  /** For everybody who has no entry in `clients`. */
  scope: DhcpScope;
  /** By MAC, already laid over `scope`. */
  clients: ReadonlyMap<number, DhcpScope>;
  clientConfigs: ReadonlyMap<number, DhcpScopeConfig>;
  groups: readonly DhcpGroup[];
  nextServer: number;
  nat: boolean;
  virtualbox: boolean;
  offerTime: number;
  quarantine: number;
  capacity: number;
}

const DAY = 86_400_000;

/** @throws LabError DHCP_CONFIG: says the setting, its value, the accepted range and the likely cause */
export function settle(config: DhcpConfig): DhcpSettings {
  const nat = config.style === "nat";
  const serverAddress = toIpv4("serverAddress", config.serverAddress);
  const network = networkOf({ address: serverAddress, prefix: prefixOf(config.prefix) });
  const base = network.address;
  if (!isHost(network, serverAddress)) throw outside("serverAddress", serverAddress, network);

  const pool = config.pool ?? (nat ? { from: base + 15, to: base + 30 } : undefined);
  if (!pool) throw bad("pool", undefined, "takes { from, to }; only style nat has one of its own");
  const from = toIpv4("pool.from", pool.from);
  const to = toIpv4("pool.to", pool.to);
  if (!isHost(network, from)) throw outside("pool.from", from, network);
  if (!isHost(network, to)) throw outside("pool.to", to, network);
  if (from > to)
    throw bad("pool", `${formatIp(from)} to ${formatIp(to)}`, "takes its lower address first. Are they swapped?");

  const nextServer = config.nextServer ?? (nat ? base + 4 : 0);
  const common = commonScope(config, network, nat ? serverAddress : undefined);
  const clientConfigs = clientsOf(config);
  const settings: DhcpSettings = {
    serverAddress,
    serverId: bytes32(serverAddress),
    network,
    from,
    to,
    taken: new Set([serverAddress, ...addressesIn(common, OPTION.ROUTER), ...addressesIn(common, OPTION.DNS)]),
    fixed: new Map(),
    scope: common,
    clients: new Map(Array.from(clientConfigs, ([mac, each]) => [mac, narrowed(common, each)])),
    clientConfigs,
    groups: config.groups ?? [],
    nextServer: nextServer === 0 ? 0 : toIpv4("nextServer", nextServer),
    nat,
    virtualbox: config.profile === "virtualbox",
    offerTime: atLeast("offerTime", config.offerTime ?? 60_000, 1),
    quarantine: atLeast("quarantine", config.quarantine ?? 600_000, 0),
    capacity: atLeast("capacity", config.capacity ?? (nat ? 16 : 65536), 1),
  };
  // Style nat: three service addresses exist even where no option names them.
  if (nat) settings.taken = new Set([...settings.taken, base + 2, base + 3, base + 4]);
  for (const group of settings.groups) narrowed(common, group);
  for (const [mac, address] of Object.entries(config.fixed ?? {})) addFixed(settings, mac, address);
  return settings;
}

/**
 * Adds a fixed lease to `settings`.
 *
 * @returns the address
 * @throws LabError DHCP_CONFIG when it does not parse, is not a client's address here, or is somebody else's
 */
export function addFixed(settings: DhcpSettings, mac: string, address: Ipv4): number {
  const owner = toMac("fixed lease", mac);
  const fixed = toIpv4(`fixed lease of ${mac}`, address);
  if (!isHost(settings.network, fixed)) throw outside(`fixed lease of ${mac}`, fixed, settings.network);
  if (settings.taken.has(fixed))
    throw bad(
      `fixed lease of ${mac}`,
      formatIp(fixed),
      "that is the server's, a router's or a DNS server's own address",
    );
  for (const [other, held] of settings.fixed)
    if (held === fixed && other !== owner)
      throw bad(
        `fixed lease of ${mac}`,
        formatIp(fixed),
        "that address is fixed for another MAC already. Is one of them mistyped?",
      );
  settings.fixed.set(owner, fixed);
  return fixed;
}

/** Whether `address` can be a station's: inside, and neither the network's own nor its broadcast address. */
export function isHost(network: Subnet, address: number): boolean {
  return contains(network, address) && address !== network.address && address !== lastOf(network);
}

function commonScope(config: DhcpConfig, network: Subnet, natRouter: number | undefined): DhcpScope {
  const { bootFile, router = natRouter } = config;
  if (bootFile !== undefined && new TextEncoder().encode(bootFile).length > 127)
    throw bad("bootFile", `"${bootFile}"`, "takes 1 to 127 bytes, the size of its field");

  const named: Record<number, DhcpOptionValue | undefined> = {
    [OPTION.ROUTER]: router,
    [OPTION.DNS]: config.dns,
    [OPTION.DOMAIN_NAME]: config.domain,
    [OPTION.BROADCAST]: lastOf(network),
    [OPTION.BOOT_FILE]: bootFile,
  };
  const scope: DhcpScope = {
    options: new Map([[OPTION.SUBNET_MASK, bytes32(maskOf(network.prefix))]]),
    forced: new Set(),
    suppressed: new Set(),
    leaseTime: leaseTimes(config.style === "nat" ? { min: DAY, default: DAY, max: DAY } : undefined),
  };
  for (const [code, value] of Object.entries(named)) {
    const none = value === undefined || (Array.isArray(value) && value.length === 0);
    if (!none) scope.options.set(Number(code), encodeOption(Number(code), value));
  }
  return narrowed(scope, config);
}

function clientsOf(config: DhcpConfig): Map<number, DhcpScopeConfig> {
  const found = new Map<number, DhcpScopeConfig>();
  for (const [mac, scope] of Object.entries(config.clients ?? {})) found.set(toMac("clients", mac), scope);
  for (const [mac, name] of Object.entries(config.hostNames ?? {})) {
    const key = toMac("hostNames", mac);
    const scope = found.get(key);
    found.set(key, { ...scope, options: { [OPTION.HOST_NAME]: name, ...scope?.options } });
  }
  return found;
}

function addressesIn(scope: DhcpScope, code: number): number[] {
  const bytes = scope.options.get(code) ?? new Uint8Array(0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length >> 2 }, (_, i) => view.getUint32(4 * i));
}

function prefixOf(prefix: number): number {
  if (Number.isInteger(prefix) && prefix >= 1 && prefix <= 30) return prefix;
  throw bad("prefix", prefix, "takes a prefix length from 1 to 30, such as 24. Was a netmask meant?");
}

function atLeast(name: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw bad(name, value, `takes a whole number, ${least} or more`);
}

function outside(name: string, address: number, network: Subnet): LabError {
  const range = `${formatIp(network.address + 1)} to ${formatIp(lastOf(network) - 1)}`;
  return bad(name, formatIp(address), `takes ${range}. Does it belong to another network, or is the prefix wrong?`);
}

function bad(name: string, value: unknown, rule: string): LabError {
  return new LabError("DHCP_CONFIG", `dhcp ${name} = ${value}: ${rule}.`);
}
