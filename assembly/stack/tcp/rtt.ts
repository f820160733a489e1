import { now, nowMs } from "../../memory";
import { HAS_TIMESTAMPS, Stream } from "./stream";
import { segment } from "./segment";
import { isBefore } from "./sequence";

/** Round-trip times and the retransmission timeout (RFC 6298), in ns. */
export const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
/** RFC 6298 §2.1: before there is a measurement. */
export const RTO_FIRST: u64 = SECOND;
/** RFC 6298 §5.7: after a SYN was lost. */
export const RTO_AFTER_LOST_SYN: u64 = 3 * SECOND;
/** RFC 6298 §2.5. */
export const RTO_MOST: u64 = 60 * SECOND;
/** G, the clock's granularity: that of timestamps. */
const GRANULARITY: u64 = MS;

/** One round trip took `r`. */
function measure(s: Stream, r: u64): void {
  if (s.srtt == 0) {
    s.srtt = max<u64>(r, 1);
    s.rttvar = r >> 1;
  } else {
    const difference = s.srtt > r ? s.srtt - r : r - s.srtt;
    s.rttvar = s.rttvar - (s.rttvar >> 2) + (difference >> 2);
    s.srtt = max<u64>(1, s.srtt - (s.srtt >> 3) + (r >> 3));
  }
  const rto = s.srtt + max<u64>(GRANULARITY, s.rttvar << 2);
  s.rto = min<u64>(RTO_MOST, max<u64>(<u64>s.minRto * MS, rto));
}

/** A segment that ends at `end` is sent for the first time: it is timed, unless another one is. */
export function beginTiming(s: Stream, end: u32): void {
  if (s.timedAt != 0) return;
  s.timedAt = max<u64>(1, now());
  s.timedSeq = end;
}

/** Something from `seq` on is sent again: what was timed cannot be told from it any more (Karn's algorithm, RFC 6298 §3). */
export function spoilTiming(s: Stream, seq: u32): void {
  s.repeatedAt = <u32>nowMs();
  if (isBefore(seq, s.timedSeq)) s.timedAt = 0;
}

/**
 * The present segment acknowledges something new up to `ack`. The segment timed gives the exact answer; where it was sent
 * again, a timestamp does (RFC 7323 §4.1), and the timeout is no longer backed off.
 *
 * A timestamp from before it was sent again is not measured: most likely the first acknowledgement was lost, and what passed since
 * then is our own timeout. Taken for a round trip it would lengthen the timeout, which would lengthen the next such round trip.
 */
export function endTiming(s: Stream, ack: u32): void {
  if (s.timedAt != 0) {
    if (isBefore(ack, s.timedSeq)) return;
    measure(s, max<u64>(now(), s.timedAt) - s.timedAt);
    s.timedAt = 0;
    return;
  }
  const seg = segment();
  if (!s.has(HAS_TIMESTAMPS) || !seg.hasTimestamps || isBefore(seg.tsEcho, s.repeatedAt)) return;
  const age = <u32>nowMs() - seg.tsEcho;
  if (<i32>age >= 0) measure(s, max<u64>(<u64>age, 1) * MS);
}

/** RFC 6298 §5.5. */
export function backOff(s: Stream): void {
  s.rto = min<u64>(RTO_MOST, s.rto << 1);
}
