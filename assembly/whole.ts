import { NODE_FORWARDS, QUEUE_FULL, ROLE_INTERFACE } from "./abi";
import { Frame, consume, frameAt, originate } from "./frames";
import { interfaceAt, nodeAt } from "./ip/node";
import { control } from "./memory";
import { networkAt, portAt } from "./port";
import { egressFor } from "./switch";
import { NO_PORT } from "./table/fdb";
import { TO_DEVICE, TO_SWITCH, dropAt, isCaptured, laneFor, launch } from "./time/wires";
import { checksumOf, pseudoHeader, sumOf } from "./wire/checksum";
import { ETHERNET, Ethernet } from "./wire/ethernet";
import { IPV4, Ipv4, PROTOCOL_TCP } from "./wire/ipv4";
import { TCP_FIN, TCP_PSH, Tcp } from "./wire/tcp";

/**
 * Segments that travel whole: between two of the lab's own stations, across one switch, nobody can tell a row of full segments that
 * leave at one instant from one frame that holds them all; and one frame costs as much as one, whatever is in it.
 *
 * TCP asks `passesWhole` before it makes such a frame. The world may have changed until it gets there (a capture, a cable, a station
 * that moved), so it is asked again at both ends of the second wire (`staysWhole`), and the frame is broken up into what it stands for
 * where somebody could tell. Its pieces arrive at the same instant, in order, with the checksums they would have had.
 */

/** Most bytes of payload in one: offsets in a frame have 16 bits. */
export const WHOLE_MOST: u32 = 65_280;

/** Whether a frame for `mac` and `ip` that came in by `port` reaches a station's own TCP, and nobody looks at it or alters it on the way. */
export function passesWhole(port: u32, mac: u64, ip: u32): bool {
  const p = portAt(port);
  if (p.network == 0 || !p.cable || p.shaper != 0 || isCaptured(port)) return false;
  const n = networkAt(p.network);
  if (n.curious != 0) return false;
  const egress = egressFor(n, p.network, mac);
  return egress != NO_PORT && egress != port && takesWhole(egress, ip);
}

function takesWhole(port: u32, ip: u32): bool {
  const p = portAt(port);
  if (p.role != ROLE_INTERFACE || !p.cable || p.shaper != 0 || isCaptured(port)) return false;
  const i = interfaceAt(p.device);
  const node = nodeAt(i.node);
  return i.address == ip && (node.nat | node.outsideOf | (node.flags & NODE_FORWARDS)) == 0;
}

/** The same for one that has arrived: at the switch end of a wire (TO_SWITCH), or at the device's. */
export function staysWhole(kind: u32, port: u32, frame: u32): bool {
  const f = frameAt(frame);
  const ip = Ipv4.at(f.data + f.l3).dst;
  return kind == TO_SWITCH ? passesWhole(port, Ethernet.at(f.data).dst, ip) : takesWhole(port, ip);
}

/** Lets the segments that a frame stands for arrive where it has arrived (`what`, `port`: of its flight). Takes the frame over. */
export function breakUp(what: u32, port: u32, frame: u32): void {
  control().mark = 0;
  const whole = frameAt(frame);
  const length = <u32>whole.end - <u32>whole.payload;
  for (let at: u32 = 0; at < length; at += whole.whole) {
    const piece = pieceOf(whole, at, min<u32>(whole.whole, length - at), at + whole.whole >= length);
    // No buffer is free: the rest is lost, as it would have been at its sender.
    if (piece == 0) break;
    // Nor with no place on the wires: one drop, and one event of it at the most, stand for all that is left.
    if (!launch(laneFor(0), 0, what, piece, port, 0)) {
      dropAt(port, piece, QUEUE_FULL);
      break;
    }
    if ((what & 0xffff) == TO_DEVICE) portAt(port).queued++;
  }
  // It was one of those that wait for the device; its pieces are now.
  if ((what & 0xffff) == TO_DEVICE) portAt(port).queued--;
  consume(frame);
}

/** The segment with `length` bytes from the payload's byte `at` on. */
function pieceOf(whole: Frame, at: u32, length: u32, isLast: bool): u32 {
  const frame = originate();
  if (frame == 0) return 0;
  const f = frameAt(frame);
  const headers = <u32>whole.payload;
  const descriptor = offsetof<Frame>("l3");
  memory.copy(changetype<usize>(f) + descriptor, changetype<usize>(whole) + descriptor, offsetof<Frame>("mark") - descriptor);
  memory.copy(f.data, whole.data, headers);
  memory.copy(f.data + headers, whole.data + headers + at, length);
  f.length = headers + length;
  f.end = <u16>f.length;
  const ip = Ipv4.at(f.data + ETHERNET);
  ip.totalLength = f.length - ETHERNET;
  ip.id += at / whole.whole;
  ip.checksumBE = 0;
  ip.checksumBE = checksumOf(sumOf(changetype<usize>(ip), IPV4));
  const tcp = Tcp.at(f.data + f.l4);
  tcp.seq += at;
  if (!isLast) tcp.flags &= <u8>~(TCP_PSH | TCP_FIN);
  tcp.checksumBE = 0;
  const size = f.length - ETHERNET - IPV4;
  tcp.checksumBE = checksumOf(pseudoHeader(ip.src, ip.dst, PROTOCOL_TCP, size) + sumOf(changetype<usize>(tcp), size));
  return frame;
}
