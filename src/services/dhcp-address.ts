/** Addresses at the DHCP server's door: text or numbers in, numbers inside. */

import { formatMac, macHalves, parseIp, parseMac } from "../address";
import { LabError } from "../errors";

/** An IPv4 address: text such as "192.0.2.7", or the unsigned 32-bit number in host order. */
export type Ipv4 = string | number;

/** ff:ff:ff:ff:ff:ff as a number. */
export const BROADCAST_MAC = 0xffffffffffff;

/** @throws LabError DHCP_CONFIG */
export function toIpv4(thing: string, value: unknown): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffffffff) return value;
  try {
    return parseIp(value as string, `dhcp ${thing}`);
  } catch (cause) {
    throw new LabError("DHCP_CONFIG", (cause as Error).message, { cause });
  }
}

/**
 * A card's MAC as a number below 2^48.
 *
 * @throws LabError DHCP_CONFIG
 */
export function toMac(thing: string, value: string): number {
  try {
    const [high, low] = macHalves(parseMac(value, `dhcp ${thing}`));
    return high * 2 ** 32 + low;
  } catch (cause) {
    throw new LabError("DHCP_CONFIG", (cause as Error).message, { cause });
  }
}

export function macText(mac: number): string {
  return formatMac(Math.floor(mac / 2 ** 32), mac % 2 ** 32);
}
