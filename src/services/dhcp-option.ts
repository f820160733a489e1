/** DHCP options: their numbers, and how a setting becomes an option's bytes (RFC 2132, 3397, 3442). */

import { LabError } from "../errors";
import { toIpv4 } from "./dhcp-address";
import type { Ipv4 } from "./dhcp-address";

/** Option codes. */
export const OPTION = {
  PAD: 0,
  SUBNET_MASK: 1,
  ROUTER: 3,
  DNS: 6,
  HOST_NAME: 12,
  DOMAIN_NAME: 15,
  MTU: 26,
  BROADCAST: 28,
  NTP: 42,
  VENDOR_SPECIFIC: 43,
  NETBIOS_NAME_SERVER: 44,
  REQUESTED_ADDRESS: 50,
  LEASE_TIME: 51,
  OVERLOAD: 52,
  MESSAGE_TYPE: 53,
  SERVER_ID: 54,
  PARAMETER_LIST: 55,
  MESSAGE: 56,
  MAX_MESSAGE_SIZE: 57,
  RENEWAL_TIME: 58,
  REBINDING_TIME: 59,
  VENDOR_CLASS: 60,
  CLIENT_ID: 61,
  TFTP_SERVER: 66,
  BOOT_FILE: 67,
  USER_CLASS: 77,
  RAPID_COMMIT: 80,
  RELAY_AGENT: 82,
  DOMAIN_SEARCH: 119,
  CLASSLESS_ROUTES: 121,
  END: 255,
} as const;

/** A route of option 121: `to` is a prefix as in "198.51.100.0/24", `via` the router. */
export interface DhcpRoute {
  to: string;
  via: Ipv4;
}

/**
 * A setting for one option: raw bytes for any code, else what the code takes.
 *
 *   addresses  3 6 28 42 44          one, or a list
 *   text       12 15 56 60 66 67     and every code not named here
 *   number     26 (68 to 65535)
 *   names      119                   a list of domain names
 *   routes     121                   a list of { to, via }
 */
export type DhcpOptionValue = Uint8Array | Ipv4 | readonly Ipv4[] | readonly DhcpRoute[];

/** Codes the server writes itself, and what sets them instead. */
const OWN = new Map<number, string>([
  [OPTION.PAD, "it is padding"],
  [OPTION.SUBNET_MASK, "it follows from `prefix`"],
  [OPTION.REQUESTED_ADDRESS, "only clients send it"],
  [OPTION.LEASE_TIME, "it follows from `leaseTime`"],
  [OPTION.OVERLOAD, "it is set when options overflow"],
  [OPTION.MESSAGE_TYPE, "it is the kind of the reply"],
  [OPTION.SERVER_ID, "it is `serverAddress`"],
  [OPTION.PARAMETER_LIST, "only clients send it"],
  [OPTION.MAX_MESSAGE_SIZE, "only clients send it"],
  [OPTION.RENEWAL_TIME, "it is half the lease"],
  [OPTION.REBINDING_TIME, "it is 7/8 of the lease"],
  [OPTION.CLIENT_ID, "it echoes the client's"],
  [OPTION.RAPID_COMMIT, "it answers the client's"],
  [OPTION.RELAY_AGENT, "it belongs to relay agents"],
  [OPTION.END, "it is the end mark"],
]);

/**
 * The bytes of option `code` set to `value`.
 *
 * @throws LabError DHCP_CONFIG when the code is the server's own or the value does not suit it
 */
export function encodeOption(code: number, value: DhcpOptionValue): Uint8Array {
  const own = OWN.get(code);
  if (own !== undefined) throw bad(code, value, `cannot be set: ${own}`);
  if (!Number.isInteger(code) || code < 1 || code > 254) throw bad(code, value, "codes are 1 to 254");
  if (value instanceof Uint8Array) return value.slice();

  switch (code) {
    case OPTION.ROUTER:
    case OPTION.DNS:
    case OPTION.BROADCAST:
    case OPTION.NTP:
    case OPTION.NETBIOS_NAME_SERVER:
      return addresses(code, value);
    case OPTION.MTU:
      if (typeof value !== "number" || !Number.isInteger(value) || value < 68 || value > 65535)
        throw bad(code, value, "takes a number from 68 to 65535, the MTU in bytes");
      return Uint8Array.of(value >> 8, value);
    case OPTION.DOMAIN_SEARCH:
      return concat(list(value).map((name) => domainName(code, name)));
    case OPTION.CLASSLESS_ROUTES:
      return concat(list(value).map((route) => classlessRoute(code, route)));
    default:
      return textBytes(code, value);
  }
}

/** A 32-bit number in network order: an address, or seconds. */
export function bytes32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function addresses(code: number, value: DhcpOptionValue): Uint8Array {
  const given = list(value);
  if (given.length === 0) throw bad(code, value, "takes one address or more; leave it out for none");
  return concat(given.map((each) => bytes32(toIpv4(`option ${code}`, each))));
}

function textBytes(code: number, value: DhcpOptionValue): Uint8Array {
  if (typeof value !== "string" || value === "")
    throw bad(code, value, "takes text of one byte or more, or a Uint8Array");
  return new TextEncoder().encode(value);
}

/** A domain name as in DNS, without compression (RFC 3397 allows it, and nobody needs it here). */
function domainName(code: number, name: unknown): Uint8Array {
  const labels = typeof name === "string" ? name.replace(/\.$/, "").split(".") : [];
  const encoded = labels.map((label) => new TextEncoder().encode(label));
  const length = encoded.reduce((sum, label) => sum + label.length + 1, 1);
  if (labels.length === 0 || length > 255 || encoded.some((label) => label.length < 1 || label.length > 63))
    throw bad(code, name, "takes domain names: labels of 1 to 63 bytes, 255 in all");
  return concat([...encoded.flatMap((label) => [Uint8Array.of(label.length), label]), Uint8Array.of(0)]);
}

/** Prefix length, then only the bytes of the network that the prefix covers, then the router (RFC 3442). */
function classlessRoute(code: number, route: unknown): Uint8Array {
  const { to, via } = (route ?? {}) as Partial<DhcpRoute>;
  const [network, length] = typeof to === "string" ? to.split("/") : [];
  const bits = Number(length);
  if (network === undefined || !/^\d{1,2}$/.test(length ?? "") || bits > 32)
    throw bad(code, to, 'takes routes such as { to: "198.51.100.0/24", via: "192.0.2.1" }');

  const base = toIpv4(`option ${code}`, network);
  const hostBits = bits === 0 ? base : (base << bits) >>> 0;
  if (bits < 32 && hostBits !== 0) throw bad(code, to, `has bits set beyond its prefix of ${bits}; set them to zero`);
  const router = toIpv4(`option ${code}`, via);
  return concat([Uint8Array.of(bits), bytes32(base).subarray(0, Math.ceil(bits / 8)), bytes32(router)]);
}

function list(value: DhcpOptionValue): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
}

function bad(code: number, value: unknown, rule: string): LabError {
  return new LabError("DHCP_CONFIG", `dhcp option ${code} = ${shown(value)}: ${rule}.`);
}

function shown(value: unknown): string {
  return typeof value === "string"
    ? `"${value}"`
    : value instanceof Uint8Array
      ? `${value.length} bytes`
      : String(value);
}
