import { LabError } from "./errors";
import { say } from "./options";

/** An IPv4 network: any address in it, host order, and its prefix length (0…32). */
export interface Subnet {
  address: number;
  prefix: number;
}

/**
 * An IPv4 address as a number in host order (0…2^32-1).
 *
 * @param thing  whose address it is, for the message
 * @throws LabError ADDRESS
 */
export function parseIp(text: string, thing: string): number {
  const parts = typeof text === "string" ? text.split(".") : [];
  if (parts.length !== 4 || !parts.every(isByte)) throw badAddress(text, thing, 'an IPv4 address such as "192.0.2.7"');
  return parts.reduce((address, part) => address * 256 + Number(part), 0);
}

export function formatIp(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

/** Whether `text` is an IPv4 address in dotted form. */
export function isIp(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every(isByte);
}

/**
 * An address with its prefix length, `"10.0.0.1/24"`; the host part is kept.
 *
 * @throws LabError ADDRESS
 */
export function parseCidr(text: string, thing: string): Subnet {
  const [address, prefix, ...more] = typeof text === "string" ? text.split("/") : [];
  if (prefix === undefined || more.length > 0 || !/^\d{1,2}$/.test(prefix) || Number(prefix) > 32 || !isIp(address!))
    throw badAddress(text, thing, 'an address with a prefix length, such as "10.9.0.2/24"');
  return { address: parseIp(address!, thing), prefix: Number(prefix) };
}

/**
 * The static address of a station, `"10.0.0.1/24"`: one that a station can have.
 *
 * @throws LabError ADDRESS, also for a network's first and last address, which mean the network and everybody in it
 */
export function parseStation(text: string, thing: string): Subnet {
  const subnet = parseCidr(text, thing);
  if (subnet.prefix > 30) return subnet; // RFC 3021: a /31 has neither
  const whole = networkOf(subnet);
  const last = lastOf(subnet);
  if (subnet.address !== whole.address && subnet.address !== last) return subnet;
  const meaning = subnet.address === last ? "the broadcast address" : "the address";
  throw badAddress(text, thing,
    `a station's address: it is ${meaning} of ${formatSubnet(whole)}; a station has one of ${formatIp(whole.address + 1)} to ${formatIp(last - 1)}`);
}

/**
 * A whole network, `"10.0.2.0/24"`. VirtualBox's short form `"192.168/16"` is taken too.
 *
 * @throws LabError ADDRESS when it does not parse or when host bits are set
 */
export function parseNetwork(text: string, thing: string): Subnet {
  const [address = "", prefix] = typeof text === "string" ? text.split("/") : [];
  if (prefix === undefined)
    throw badAddress(text, thing, 'a network; the prefix length is missing, as in "10.7.0.0/24"');
  const missing = 4 - address.split(".").length;
  const subnet = parseCidr(`${address}${".0".repeat(Math.max(0, missing))}/${prefix}`, thing);
  if ((subnet.address & ~maskOf(subnet.prefix)) !== 0)
    throw badAddress(text, thing, `a network, whose host bits are zero: "${formatSubnet(networkOf(subnet))}"`);
  return subnet;
}

export function formatSubnet({ address, prefix }: Subnet): string {
  return `${formatIp(address)}/${prefix}`;
}

export function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : (~0 << (32 - prefix)) >>> 0;
}

/** The same network named by its first address. */
export function networkOf({ address, prefix }: Subnet): Subnet {
  return { address: (address & maskOf(prefix)) >>> 0, prefix };
}

/** The last address of a network: its broadcast address. */
export function lastOf({ address, prefix }: Subnet): number {
  return (address | ~maskOf(prefix)) >>> 0;
}

export function contains({ address, prefix }: Subnet, other: number): boolean {
  return ((address ^ other) & maskOf(prefix)) === 0;
}

export function overlap(a: Subnet, b: Subnet): boolean {
  return contains(a.prefix < b.prefix ? a : b, (a.prefix < b.prefix ? b : a).address);
}

/**
 * A MAC address in the form the lab uses, `"08:00:27:0a:0b:0c"`. VirtualBox's twelve digits and dashes are taken too.
 *
 * @throws LabError MAC when it does not parse, is zero, or is a group address
 */
export function parseMac(text: string, thing: string): string {
  const digits = typeof text === "string" ? text.replace(/[:-]/g, "").toLowerCase() : "";
  const form = /^([0-9a-f]{12}|[0-9a-f]{2}(:[0-9a-f]{2}){5}|[0-9a-f]{2}(-[0-9a-f]{2}){5})$/i;
  if (!form.test(text) || digits === "000000000000" || (parseInt(digits.slice(0, 2), 16) & 1) !== 0)
    throw new LabError(
      "MAC",
      `${thing}: ${JSON.stringify(text)} is not the MAC address of a card; it takes twelve hexadecimal digits, not all ` +
        'zero and of even first byte (odd ones are groups), such as "08:00:27:0a:0b:0c"',
    );
  return digits.match(/../g)!.join(":");
}

/** The two numbers the engine takes for a MAC: top 16 bits, low 32 bits. */
export function macHalves(mac: string): [number, number] {
  const digits = mac.replaceAll(":", "");
  return [parseInt(digits.slice(0, 4), 16), parseInt(digits.slice(4), 16)];
}

export function formatMac(high: number, low: number): string {
  const digits = (high & 0xffff).toString(16).padStart(4, "0") + (low >>> 0).toString(16).padStart(8, "0");
  return digits.match(/../g)!.join(":");
}

/**
 * Checks a UDP or TCP port.
 *
 * @throws LabError PORT unless it is a whole number, `least`…65535
 */
export function checkPort(port: number, thing: string, least = 1): number {
  if (Number.isInteger(port) && port >= least && port <= 65535) return port;
  throw new LabError("PORT", `${thing}: port ${say(port)}; it takes a whole number, ${least} to 65535`);
}

function isByte(part: string): boolean {
  return /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256;
}

function badAddress(text: unknown, thing: string, accepted: string): LabError {
  return new LabError("ADDRESS", `${thing}: ${JSON.stringify(text)}; it takes ${accepted}`);
}
