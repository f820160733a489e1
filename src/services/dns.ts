/**
 * A DNS server for one asker (RFC 1035), as a part without sockets: a message in, a message out. It has authority for all it
 * knows, and what it does not know does not exist.
 */

import { parseReverse } from "./dns-reverse";
import { decodeDns, dnsHeader, DNS_CLASS, DNS_CODE, DNS_TYPE, encodeFailure, encodeResponse } from "./dns-message";
import type { DnsQuestion, DnsRecord } from "./dns-message";

/** What a server knows. Addresses are IPv4, host order. */
export interface Zone {
  /** Addresses of a name, nearest first; null: there is no such name. */
  addresses(name: string): number[] | null;
  /** Names of an address; none: nobody has it. */
  names(address: number): string[];
}

/** How long an answer may be kept, s: leases change. */
const TTL = 60;

/**
 * The answer to a message; null: it deserves none.
 *
 * @param message  any bytes; not kept
 */
export function answerDns(message: Uint8Array, zone: Zone): Uint8Array | null {
  const header = dnsHeader(message);
  if (!header || header.isResponse) return null; // an answer to an answer would go on for ever
  const { id, opcode, recursionDesired } = header;
  if (opcode !== 0) return encodeFailure(id, opcode, recursionDesired, DNS_CODE.NOT_IMPLEMENTED);
  const query = decodeDns(message);
  if (query?.questions.length !== 1) return encodeFailure(id, opcode, recursionDesired, DNS_CODE.FORMAT);

  const [question] = query.questions;
  if (question!.class !== DNS_CLASS.IN && question!.class !== DNS_CLASS.ANY) return encodeResponse(query, DNS_CODE.REFUSED, []);
  const records = lookUp(question!, zone);
  return encodeResponse(query, records ? DNS_CODE.OK : DNS_CODE.NAME, records ?? []);
}

/** null: there is no such name. None: it has no record of that type (RFC 2308 §2.2). */
function lookUp({ name, type }: DnsQuestion, zone: Zone): DnsRecord[] | null {
  const wants = (each: number): boolean => type === each || type === DNS_TYPE.ANY;
  const reverse = parseReverse(name);
  if (reverse !== null) {
    const names = zone.names(reverse);
    if (names.length === 0) return null;
    return wants(DNS_TYPE.PTR) ? names.map((value) => ({ type: DNS_TYPE.PTR, ttl: TTL, value })) : [];
  }
  const addresses = zone.addresses(name);
  if (!addresses) return null;
  return wants(DNS_TYPE.A) ? addresses.map((value) => ({ type: DNS_TYPE.A, ttl: TTL, value })) : [];
}
