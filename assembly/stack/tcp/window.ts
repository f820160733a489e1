import { segment } from "./segment";
import { isBefore, laterOf } from "./sequence";
import { HAS_SCALE, Stream } from "./stream";

/** The windows: how far either side may send (RFC 9293 §3.8.6, RFC 7323 §2). */

/** Our window scale: offers of up to 8 MiB in steps of 128 bytes. */
export const SCALE: u32 = 7;
/** RFC 7323 §2.3: a larger shift is taken for this one. */
export const SCALE_MOST: u32 = 14;

/** Where the window could end. */
function limitOf(s: Stream): u32 {
  return s.rcvRead + s.rcvLimit;
}

/** How much the window's end could move on, bytes. */
export function windowGain(s: Stream): i32 {
  return <i32>(limitOf(s) - s.rcvEdge);
}

/**
 * The window field of the next segment. Its end only moves on in steps worth a segment (silly window avoidance, RFC 9293
 * §3.8.6.2.2), and does not go back: the field is rounded up, so that the scale takes nothing away.
 *
 * But not beyond the receive buffer. When all of it is offered, the end cannot be said exactly from every rcvNxt, and the field is
 * rounded down: the end seems to go back by less than a step of the scale. RFC 7323 §2.4 knows such windows; rcvEdge stays where
 * it was, and what was offered once is taken.
 */
export function windowToOffer(s: Stream, isSyn: bool): u32 {
  if (windowGain(s) >= <i32>min<u32>(s.rcvLimit >> 1, s.mss)) s.rcvEdge = limitOf(s);
  const room = <u32>max<i32>(0, <i32>(s.rcvEdge - s.rcvNxt));
  if (isSyn || !s.has(HAS_SCALE)) return min<u32>(65535, room);
  const field = (room + (1 << s.rcvScale) - 1) >> s.rcvScale;
  const end = s.rcvNxt + (field << s.rcvScale);
  if (isBefore(limitOf(s), end)) return min<u32>(65535, room >> s.rcvScale);
  s.rcvEdge = laterOf(s.rcvEdge, end);
  return min<u32>(65535, field);
}

/** First sequence number beyond what the other side may send. */
export function windowEnd(s: Stream): u32 {
  return s.rcvEdge;
}

/** The window that the present segment offers, bytes: on a SYN it is never scaled (RFC 7323 §2.2). */
export function windowOffered(s: Stream): u32 {
  const seg = segment();
  return seg.wasSyn ? seg.window : seg.window << s.sndScale;
}
