/** What a NAT does with packets that were changed on their way to it. */
import type { Bytes } from "../packets";
import { damagedBy, reading } from "./ip-damage";
import type { Damage } from "./ip-damage";
import { aged, readdressed, wrongAt } from "./ip-packet";
import { GATEWAY, GUESTS, OUTSIDE } from "./nat-acts";
import type { Sending } from "./nat-sending";
import type { Flow, NatSlowly } from "./nat-slowly";

/** The port of a source that the engine's table has. */
type Known = (flow: Flow) => number | undefined;

/**
 * The same packet, changed on its way to the NAT, judged by what can still be read in it. Null where that would ask more of
 * the twin than a NAT's rules: errors; packets from outside for the router's inner address (RFC 1122 §3.3.4.2 leaves that
 * open); from inside for somebody there, or for a network as such (RFC 1812 §4.2.3.1 would rather not see those go out).
 */
export function damagedSending(damage: Damage, { by, bytes: whole }: Sending, twin: NatSlowly, known: Known): Sending | null {
  // By the number in its data a packet is known again.
  const [start, end] = nonceIn(whole);
  const changes = damage.changes.filter(([at]) => at < start || at >= end);
  const bytes = damagedBy({ ...damage, changes }, whole);
  const isOut = GUESTS.includes(by);
  const found = reading(bytes);
  const [was, is] = [whole, bytes].map((each) => ({ src: each.slice(12, 16).join("."), dst: each.slice(16, 20).join(".") }));
  if (isTranslatedError(whole) || (!isOut && is!.dst === GATEWAY)) return null;
  if (was!.src !== by || (was!.src !== is!.src && !(isOut && isForeign(is!.src)))) return null;
  if (isOut && (was!.dst === OUTSIDE || is!.dst === OUTSIDE || is!.dst === "192.0.2.0" || is!.dst.startsWith("10.0.2."))) return null;
  return {
    by,
    bytes,
    judge: (now) => {
      if (found === null || found.src.ip !== by || found.isFragment || found.ttl < 2) return null;
      const { protocol, dst, flags } = found;
      if (protocol === "icmp" && found.type !== (isOut ? 8 : 0)) return null;
      if (isOut ? !isSomebody(dst.ip) : dst.ip !== OUTSIDE) return null;
      const zeroAt = wrongAt(found.bytes);
      if (!isOut) {
        const inside = twin.inward(found, now);
        const arrived = inside && aged(readdressed(found.bytes, { dst: inside }));
        return arrived && { to: inside.ip, bytes: arrived, zeroAt, heard: { protocol, src: found.src, dst: inside, flags, bytes: [] } };
      }
      const outside = twin.outward(found, now, () => known(found));
      const left = outside && aged(readdressed(found.bytes, { src: outside }));
      return left && { to: dst.ip, bytes: left, zeroAt, heard: { protocol, src: outside, dst, flags, bytes: [] } };
    },
  };
}

/** Whether somebody outside could have this address: one of the network there, and not everybody's (RFC 2644). */
function isSomebody(ip: string): boolean { return ip.startsWith("192.0.2.") && ip !== "192.0.2.255"; }

/** Whether nobody inside has this address. */
function isForeign(ip: string): boolean { return !ip.startsWith("10.0.2."); }

/** Where the number of a packet lies that was built here: behind the shortest of transport headers. */
function nonceIn(packet: Bytes): [number, number] {
  const start = (packet[0]! & 15) * 4 + (packet[9] === 6 ? 20 : 8);
  return [start, start + 4];
}

function isTranslatedError(packet: Bytes): boolean { return packet[9] === 1 && [3, 11, 12].includes(packet[(packet[0]! & 15) * 4]!); }
