/** What a DHCP server shows of itself, and what it saves. */

import { formatIp } from "../address";
import { LabError } from "../errors";
import { macText, toIpv4, toMac } from "./dhcp-address";
import { isActive } from "./dhcp-leases";
import type { ClientKey, DhcpClient, Lease, LeaseState, LeaseTable } from "./dhcp-leases";

/** A lease for people. `expired` is an offer or a lease whose time is over; its client can still come back to it. */
export interface DhcpLease {
  address: string;
  mac: string;
  /** Option 61 in hexadecimal, for a client that sent one. */
  clientId?: string;
  /** Option 12 as the client sent it, what is not printable ASCII replaced by `?`. */
  hostname?: string;
  state: LeaseState | "expired";
  /** ms of the caller's clock: end of offer, lease or quarantine; for `released`, when that was. */
  expires: number;
}

/**
 * Why a message got no answer.
 *
 *   NOT_A_REQUEST   a server's message             BOOTP            no message type: the protocol before DHCP
 *   HARDWARE        not Ethernet, or no card's MAC  RELAYED          came by a relay agent
 *   MESSAGE_TYPE    a type for clients, or unknown  OTHER_SERVER     meant for another server
 *   HAS_ADDRESS     a DISCOVER with an address      NO_ADDRESS       names no address, or names it the wrong way
 *   UNKNOWN_CLIENT  a stranger's claim              POOL_EXHAUSTED   nothing left to give
 *   NOT_HELD        gives back what it has not      DECLINE_IGNORED  profile virtualbox
 *   WRONG_NETWORK   an INFORM from elsewhere        NOTHING_TO_SAY   an INFORM that asks for nothing we have
 */
export const DHCP_DROPS = [
  "TOO_SHORT",
  "HARDWARE_LENGTH",
  "NO_COOKIE",
  "NO_END",
  "OPTION_LENGTH",
  "NOT_A_REQUEST",
  "BOOTP",
  "HARDWARE",
  "RELAYED",
  "MESSAGE_TYPE",
  "OTHER_SERVER",
  "HAS_ADDRESS",
  "NO_ADDRESS",
  "UNKNOWN_CLIENT",
  "POOL_EXHAUSTED",
  "NOT_HELD",
  "DECLINE_IGNORED",
  "WRONG_NETWORK",
  "NOTHING_TO_SAY",
] as const;
export type DhcpDrop = (typeof DHCP_DROPS)[number];

/** received = offered + acknowledged + refused + noted + the sum of dropped. */
export interface DhcpStats {
  received: number;
  offered: number;
  acknowledged: number;
  /** NAKs. */
  refused: number;
  /** RELEASE and DECLINE that did what they say; they have no answer. */
  noted: number;
  dropped: Record<DhcpDrop, number>;
}

/** All that changes while a server runs, as a JSON value. */
export interface DhcpSave {
  version: 1;
  /** MAC to address. */
  fixed: Record<string, string>;
  leases: SavedLease[];
  stats: DhcpStats;
}

/** Without `mac` the address belongs to nobody: it was declined, or its client went elsewhere. */
interface SavedLease {
  address: string;
  mac?: string;
  clientId?: string;
  hostname?: string;
  state: LeaseState;
  expires: number;
}

export function noStats(): DhcpStats {
  const dropped = Object.fromEntries(DHCP_DROPS.map((reason) => [reason, 0])) as Record<DhcpDrop, number>;
  return { received: 0, offered: 0, acknowledged: 0, refused: 0, noted: 0, dropped };
}

export function copyOfStats(stats: DhcpStats): DhcpStats {
  return { ...stats, dropped: { ...stats.dropped } };
}

/** A lease as people see it, or null for an address that is nobody's and free. */
export function leaseAt(lease: Lease, now: number): DhcpLease | null {
  if (!lease.client && lease.state !== "declined") return null;
  const { mac, ...saved } = savedLease(lease);
  const lapsed = lease.state !== "released" && !isActive(lease, now);
  return { ...saved, mac: mac ?? "", state: lapsed ? "expired" : lease.state };
}

export function savedLease({ address, client, hostname, state, expires }: Lease): SavedLease {
  return {
    address: formatIp(address),
    ...(client && { mac: macText(client.mac) }),
    ...(typeof client?.key === "string" && { clientId: hexOf(client.key) }),
    ...(hostname !== "" && { hostname }),
    state,
    expires,
  };
}

/**
 * Puts saved leases into `table`.
 *
 * @returns how many do not fit its network, pool or capacity, and were left out
 * @throws LabError DHCP_STATE
 */
export function restoreLeases(table: LeaseTable, leases: readonly SavedLease[]): number {
  let leftOut = 0;
  for (const each of leases) {
    const { address, state, expires, hostname = "" } = checked(each);
    const restored = table.restore(toIpv4("saved lease", address), state, expires, clientOf(each), hostname);
    if (!restored) leftOut++;
  }
  return leftOut;
}

/**
 * Checks what a saved state looks like from outside; its leases are checked one by one as they are restored.
 *
 * @throws LabError DHCP_STATE
 */
export function checkedSave(value: unknown): DhcpSave {
  const save = (value ?? {}) as Partial<DhcpSave>;
  if (save.version !== 1) throw badState(`version ${String(save.version)}; takes 1. Was it written by save()?`);
  if (!Array.isArray(save.leases) || typeof save.fixed !== "object" || save.fixed === null)
    throw badState("takes `leases`, a list, and `fixed`, MACs with their addresses. Is it cut short?");
  if (!isStats(save.stats)) throw badState("takes `stats`, with a count for every reason. Was it edited by hand?");
  return save as DhcpSave;
}

function checked(lease: SavedLease): SavedLease {
  const states: readonly string[] = ["offered", "bound", "released", "declined"];
  const { state, expires, clientId, hostname } = lease ?? {};
  if (!states.includes(state)) throw badState(`lease of state ${String(state)}; takes ${states.join(", ")}`);
  if (!Number.isFinite(expires)) throw badState(`lease that expires at ${String(expires)}; takes milliseconds`);
  if (clientId !== undefined && !/^([0-9a-f]{2}){2,255}$/.test(clientId))
    throw badState(`client id ${String(clientId)}; takes 2 to 255 bytes in hexadecimal`);
  if (hostname !== undefined && typeof hostname !== "string") throw badState("a host name that is not text");
  return lease;
}

function clientOf({ mac, clientId }: SavedLease): DhcpClient | null {
  if (mac === undefined) return null;
  const address = toMac("saved lease", mac);
  const key: ClientKey = clientId === undefined ? address : bytesIn(clientId);
  return { key, mac: address };
}

function isStats(stats: Partial<DhcpStats> | undefined): boolean {
  const { received, offered, acknowledged, refused, noted, dropped } = stats ?? {};
  const counts = [received, offered, acknowledged, refused, noted, ...DHCP_DROPS.map((reason) => dropped?.[reason])];
  return counts.every((count) => Number.isInteger(count));
}

function badState(problem: string): LabError {
  return new LabError("DHCP_STATE", `dhcp: saved state: ${problem}.`);
}

function hexOf(bytes: string): string {
  return Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

function bytesIn(hex: string): string {
  return hex.replace(/../g, (byte) => String.fromCharCode(parseInt(byte, 16)));
}
