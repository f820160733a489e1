/** Packets that were built and then changed, and what can still be read in them. */
import * as abi from "../../assembly/abi";
import { ethernet, internetChecksum, with16 } from "../packets";
import type { Bytes } from "../packets";
import { NAMES } from "./ip-packet";
import type { Flow } from "./nat-slowly";
import { parseSlowly } from "./parse-slowly";

/** Bytes that are changed: [place, value]; then, perhaps, IP's length and checksum made to fit again. */
export interface Damage {
  changes: readonly [number, number][];
  refitted: boolean;
}

/** A damaged packet as a reader finds it. */
export interface Reading extends Flow {
  ttl: number;
  isFragment: boolean;
  /** Of ICMP; 0 for the others. */
  type: number;
  /** Without what lies behind the packet's own end. */
  bytes: Bytes;
}

/** The packet, changed; what is behind its end has no bytes to change. */
export function damagedBy({ changes, refitted }: Damage, packet: Bytes): Bytes {
  const bytes = [...packet];
  for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
  const header = (bytes[0]! & 15) * 4;
  if (!refitted || header < 20 || header > bytes.length) return bytes;
  const fitting = with16(with16(bytes, 2, bytes.length), 10, 0);
  return with16(fitting, 10, internetChecksum(fitting.slice(0, header)));
}

/** What a packet says; null: it is not sound, or of no protocol that a NAT knows. */
export function reading(packet: Bytes): Reading | null {
  const found = parseSlowly(ethernet(0x0800, packet), 0n);
  const protocol = NAMES[packet[9]!];
  if (found.fault !== abi.OK || protocol === undefined) return null;
  const bytes = packet.slice(0, found.end - 14);
  const l4 = found.l4 - 14;
  const ip = (at: number): string => bytes.slice(at, at + 4).join(".");
  return {
    protocol,
    src: { ip: ip(12), port: found.srcPort },
    dst: { ip: ip(16), port: found.dstPort },
    flags: protocol === "tcp" && found.l4 > 0 ? flagsIn(bytes[l4 + 13]!) : "",
    ttl: bytes[8]!,
    isFragment: (found.flags & abi.IS_FRAGMENT) !== 0,
    type: protocol === "icmp" && found.l4 > 0 ? bytes[l4]! : 0,
    bytes,
  };
}

/** RFC 9293 §3.1. */
function flagsIn(bits: number): string {
  return [[1, "fin"], [2, "syn"], [4, "rst"], [16, "ack"]].filter(([bit]) => bits & (bit as number)).map(([, name]) => name).join(" ");
}
