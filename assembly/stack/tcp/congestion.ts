import { CONGESTION_CUBIC } from "../../abi";
import { cubicAfterLoss, cubicForget, cubicGrow, cubicHold, cubicShare } from "./cubic";
import { HAS_WHOLE, Stream } from "./stream";

/** The congestion window (RFC 5681); how it grows beyond ssthresh, and what is left of it after a loss, is CUBIC's or Reno's. */

/** RFC 6928 §2: the first window; one segment when the SYN was lost (RFC 5681 §3.1). */
export function initialWindow(s: Stream): u32 {
  return min<u32>(10 * s.mss, max<u32>(2 * s.mss, 14600));
}

export const SSTHRESH_FIRST: u32 = 0x7fffffff;

/** `acked` bytes were acknowledged that were in flight with `flight` bytes in all. */
export function growWindow(s: Stream, acked: u32, flight: u32): void {
  // A window that is not used proves nothing about the path (RFC 7661 §3, RFC 9438 §5.8).
  if (s.cwnd < s.ssthresh) {
    if (flight >= s.cwnd >> 1) s.cwnd += min<u32>(acked, mostPerAck(s, acked));
    return;
  }
  const isUsed = flight + s.mss > s.cwnd;
  if (s.congestion == CONGESTION_CUBIC) return isUsed ? cubicGrow(s, acked) : cubicHold(s);
  if (!isUsed) return;
  // RFC 5681 §3.1, eqn. 3.
  s.cwnd += max<u32>(1, <u32>((<u64>s.mss * mostPerAck(s, acked)) / s.cwnd));
}

/** What one acknowledgement may count for. Where segments travel whole there is one where every second segment would have had its own. */
function mostPerAck(s: Stream, acked: u32): u32 {
  return s.has(HAS_WHOLE) ? max<u32>(s.mss, acked >> 1) : s.mss;
}

/** A loss with `flight` bytes under way: sets ssthresh (RFC 5681 §3.1, eqn. 4; RFC 9438 §4.6). */
export function shrinkThreshold(s: Stream, flight: u32): void {
  if (s.congestion != CONGESTION_CUBIC) {
    s.ssthresh = max<u32>(flight >> 1, 2 * s.mss);
    return;
  }
  cubicAfterLoss(s);
  s.ssthresh = max<u32>(cubicShare(flight), 2 * s.mss);
}

/** After a timeout everything begins with one segment (RFC 5681 §3.1). */
export function collapseWindow(s: Stream): void {
  s.cwnd = s.mss;
  cubicForget(s);
}

/** After an idle time longer than the timeout what was known is old (RFC 5681 §4.1). */
export function restartAfterIdle(s: Stream): void {
  s.cwnd = min<u32>(s.cwnd, initialWindow(s));
  cubicForget(s);
}
