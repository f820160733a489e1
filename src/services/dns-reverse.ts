/** Addresses as names (RFC 1035 §3.5). */

import { formatIp, isIp, parseIp } from "../address";

const SUFFIX = ".in-addr.arpa";

/** The name to ask for who has an address: `"7.2.0.192.in-addr.arpa"`. */
export function reverseName(address: number): string {
  return formatIp(address).split(".").reverse().join(".") + SUFFIX;
}

/** The address that such a name is about, host order; null: it is another name. */
export function parseReverse(name: string): number | null {
  if (!name.toLowerCase().endsWith(SUFFIX)) return null;
  const text = name.slice(0, -SUFFIX.length).split(".").reverse().join(".");
  return isIp(text) ? parseIp(text, name) : null;
}
