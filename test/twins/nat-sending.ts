/** What is sent through the NAT, and what should become of it. */
import { expect } from "vitest";
import { internetChecksum } from "../packets";
import type { Bytes } from "../packets";
import { isSame } from "./ip-packet";
import { GATEWAY, OUTSIDE } from "./nat-acts";
import type { Endpoint, Protocol } from "./nat-slowly";

/** A packet as somebody heard it. */
export interface Heard {
  protocol: Protocol;
  src: Endpoint;
  dst: Endpoint;
  /** Of TCP; "" for the others. */
  flags: string;
  bytes: Bytes;
}

export interface Sending {
  by: string;
  bytes: Bytes;
  /** It comes back to the NAT from the other side. */
  turns?: boolean;
  /** Who hears what of it; null: nobody; a function: to be asked once more when it comes back. `all`: what came out of the engine. */
  judge(now: number, all: Bytes[]): Expected | null | ((then: number) => Expected | null);
}

export interface Expected {
  by?: string;
  to: string;
  bytes: Bytes;
  /** Where a wrong checksum is, its own or a quoted one. */
  zeroAt: number | null;
  heard: Heard | null;
  /** False: nothing is wrong when it does not come. */
  isCertain?: boolean;
}

/**
 * Every expected packet came, those of one sender in the order in which they were sent; what else came is a refusal, to
 * somebody who was refused.
 *
 * @returns what was heard, to be answered
 */
export function compare(who: string, got: Bytes[], expected: Expected[], wasRefused: boolean): Heard[] {
  const left = [...expected];
  const heard: Heard[] = [];
  for (const bytes of got) {
    const same = left.filter((each) => isSame(bytes, each.bytes, each.zeroAt));
    const place = left.indexOf((same.find(({ isCertain = true }) => isCertain) ?? same[0])!);
    if (place < 0 && wasRefused && isRefusal(bytes)) continue;
    if (place < 0) expect(`${who} heard ${hex(bytes)}`).toBe(`${who} heard ${left.map((each) => hex(each.bytes)).join(" or ")}`);
    const [wanted] = left.splice(place, 1);
    const overtaken = left.slice(0, place).find(({ by, isCertain = true }) => isCertain && by === wanted!.by);
    if (overtaken) expect(`${who} heard ${hex(bytes)}`).toBe(`${who} heard ${hex(overtaken.bytes)} first`);
    if (wanted!.heard) heard.push({ ...wanted!.heard, bytes });
  }
  const missing = left.filter(({ isCertain = true }) => isCertain);
  if (missing.length > 0) expect(`${who} heard no more`).toBe(`${who} heard ${missing.map(({ bytes }) => hex(bytes)).join(" and ")}`);
  return heard;
}

/** What a machine says for itself to a packet it has no use for: ICMP errors, echo replies, TCP resets. */
function isRefusal(bytes: Bytes): boolean {
  const from = bytes.slice(12, 16).join(".");
  if (from !== GATEWAY && from !== OUTSIDE) return false;
  const l4 = (bytes[0]! & 15) * 4;
  if (bytes[9] === 6) return (bytes[l4 + 13]! & 4) !== 0;
  return bytes[9] === 1 && [0, 3, 11].includes(bytes[l4]!) && internetChecksum(bytes.slice(l4)) === 0;
}

function hex(bytes: Bytes): string { return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(""); }
