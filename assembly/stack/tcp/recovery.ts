import { shrinkThreshold } from "./congestion";
import { sackBytes } from "./emit";
import { retransmit, sendNew } from "./output";
import { addSacked, haveRanges, sacked, sackedCount, tidyRanges } from "./ranges";
import { segment } from "./segment";
import { earlierOf, isBefore, laterOf } from "./sequence";
import { HAS_PARTIAL_ACK, HAS_SACK, IS_AFTER_TIMEOUT, IS_RECOVERING, Stream } from "./stream";
import { forgetProbe, isProbeSacked } from "./tail";

/**
 * Recovery from loss without waiting for the timeout: with SACK by RFC 6675, without by RFC 6582 (NewReno).
 *
 *   sndUna ┄┄hole┄┄ [sacked] ┄┄hole┄┄ [sacked] ┄┄not known yet┄┄ sndMax
 *
 * A hole is lost when three ranges, or more than two segments' bytes, beyond it have arrived. The pipe is what is believed to be
 * in the network; it is kept no larger than the congestion window.
 */
const DUP_THRESHOLD: u32 = 3;

/** Notes the SACK blocks of the present segment; returns how many bytes of them are news. What makes no sense is passed over. */
export function noteSack(s: Stream): u32 {
  const seg = segment();
  let news: u32 = 0;
  for (let i: u32 = 0; i < seg.sackBlocks; i++) {
    const left = seg.sackLeft(i);
    const right = seg.sackRight(i);
    // (A block below the acknowledgement reports what came twice: RFC 2883 §4.)
    if (!isBefore(left, right) || isBefore(s.sndMax, right) || !isBefore(laterOf(seg.ack, s.sndUna), right)) continue;
    if (isBefore(left, s.sndUna) || isBefore(left, seg.ack)) continue;
    if (!haveRanges(s)) return news;
    news += addSacked(s, left, right);
  }
  tidyRanges(s);
  return news;
}

/** A duplicate acknowledgement has come (RFC 5681 §2; with SACK one that reports news). */
export function heedDuplicate(s: Stream): void {
  if (s.dupAcks < 255) s.dupAcks++;
  if (s.has(IS_RECOVERING)) {
    // What left the network makes room (RFC 6582 §3.2 step 3), but no more than was in it; with SACK the pipe knows better.
    if (!s.has(HAS_SACK) && s.cwnd < s.ssthresh + (s.highRxt - s.sndUna)) s.cwnd += s.mss;
    return;
  }
  // What was sent before the timeout must not set off another reduction (RFC 6582 §4, RFC 6675 §5.1).
  if (s.has(IS_AFTER_TIMEOUT)) return;
  // Without SACK they may be about what we sent twice ourselves, until more is acknowledged than was out then (RFC 6582 §3.2 step 2).
  if (!s.has(HAS_SACK) && !isBefore(s.recover, s.sndUna)) return;
  if (s.dupAcks < DUP_THRESHOLD && !isFirstHoleLost(s) && !isProbeSacked(s)) return;
  beginRecovery(s);
}

function beginRecovery(s: Stream): void {
  s.set(IS_RECOVERING);
  s.clear(HAS_PARTIAL_ACK);
  forgetProbe(s);
  shrinkThreshold(s, s.sndMax - s.sndUna);
  s.recover = s.sndMax;
  s.sndNxt = s.sndMax;
  s.cwnd = s.has(HAS_SACK) ? s.ssthresh : s.ssthresh + DUP_THRESHOLD * s.mss;
  s.rescueRxt = s.sndUna;
  // The first one goes out whatever the pipe holds (RFC 6675 §5 step 4.3).
  const sent = retransmit(s, s.sndUna, earlierOf(s.sndUna + s.mss, firstSacked(s)));
  s.highRxt = s.has(HAS_SACK) ? s.sndUna + sent : s.sndMax;
}

/** `acked` bytes were acknowledged during recovery. */
export function heedInRecovery(s: Stream, acked: u32): void {
  if (!isBefore(s.sndUna, s.recover)) return endRecovery(s);
  if (s.has(HAS_SACK)) {
    s.highRxt = laterOf(s.highRxt, s.sndUna);
    return;
  }
  s.highRxt = s.sndMax;
  // A partial acknowledgement: the next hole begins here (RFC 6582 §3.2 step 3).
  retransmit(s, s.sndUna, earlierOf(s.sndUna + s.mss, s.sndMax));
  s.cwnd -= min<u32>(s.cwnd - s.mss, acked);
  if (acked >= s.mss) s.cwnd += s.mss;
}

function endRecovery(s: Stream): void {
  s.clear(IS_RECOVERING | HAS_PARTIAL_ACK);
  s.dupAcks = 0;
  if (s.has(HAS_SACK)) {
    s.cwnd = s.ssthresh;
    return;
  }
  // RFC 6582 §3.2 step 3, full acknowledgement, (1): no burst.
  s.cwnd = min<u32>(s.ssthresh, max<u32>(s.sndMax - s.sndUna, s.mss) + s.mss);
}

/**
 * Everything is sent again, for another reason than the loss: the pipe, which counts it as under way, has nothing to say about
 * that. The loss has been answered for, and what is under way is not taken for another (RFC 6675 §5.1).
 */
export function giveUpRecovery(s: Stream): void {
  endRecovery(s);
  s.recover = s.sndMax;
  s.set(IS_AFTER_TIMEOUT);
}

// ─── The scoreboard ────────────────────────────────────────────────────────────────────────────────────────────────

function firstSacked(s: Stream): u32 {
  return sackedCount(s) == 0 ? s.sndMax : sacked(s).at(0).left;
}

/** Bytes the other side has beyond what it acknowledges, up to `seq`. */
export function sackedBefore(s: Stream, seq: u32): u32 {
  let bytes: u32 = 0;
  for (let i: u32 = 0; i < sackedCount(s); i++) {
    const r = sacked(s).at(i);
    if (isBefore(r.left, seq)) bytes += earlierOf(r.right, seq) - r.left;
  }
  return bytes;
}

/** Whether what lies before range `i` is lost, with `bytes` in it and the ranges after it (RFC 6675 §4, IsLost). */
function isLostBefore(s: Stream, i: u32, bytes: u32): bool {
  return sackedCount(s) - i >= DUP_THRESHOLD || bytes > (DUP_THRESHOLD - 1) * s.mss;
}

function isFirstHoleLost(s: Stream): bool {
  return sackedCount(s) != 0 && isLostBefore(s, 0, sackedBefore(s, s.sndMax));
}

/** RFC 6675 §4, SetPipe: bytes believed to be in the network. */
function pipeOf(s: Stream): u32 {
  let pipe: u32 = 0;
  let beyond = sackedBefore(s, s.sndMax);
  let from = s.sndUna;
  const count = sackedCount(s);
  for (let i: u32 = 0; i < count; i++) {
    const r = sacked(s).at(i);
    if (!isLostBefore(s, i, beyond)) pipe += r.left - from;
    if (isBefore(from, s.highRxt)) pipe += earlierOf(r.left, s.highRxt) - from;
    beyond -= r.right - r.left;
    from = r.right;
  }
  pipe += s.sndMax - from;
  if (isBefore(from, s.highRxt)) pipe += s.highRxt - from;
  return pipe;
}

/** Sends what the pipe has room for: holes that are lost, then new data, then other holes (RFC 6675 §5 (C)). */
export function sendInRecovery(s: Stream): void {
  let pipe = pipeOf(s);
  while (pipe + s.mss <= s.cwnd) {
    const sent = sendNext(s);
    if (sent == 0) return;
    pipe += sent;
  }
}

/** RFC 6675 §4, NextSeg; returns the bytes sent. */
function sendNext(s: Stream): u32 {
  let sent = sendHole(s, true);
  if (sent == 0) sent = sendNew(s, s.mss);
  if (sent == 0) sent = sendHole(s, false);
  return sent == 0 ? sendRescue(s) : sent;
}

/** The first hole not sent again yet, up to a segment of it. */
function sendHole(s: Stream, onlyLost: bool): u32 {
  const count = sackedCount(s);
  let beyond = sackedBefore(s, s.sndMax);
  let from = s.sndUna;
  for (let i: u32 = 0; i < count; i++) {
    const r = sacked(s).at(i);
    if (onlyLost && !isLostBefore(s, i, beyond)) return 0;
    const left = laterOf(from, s.highRxt);
    if (isBefore(left, r.left)) {
      const sent = retransmit(s, left, earlierOf(left + s.mss, r.left));
      if (sent != 0) s.highRxt = left + sent;
      return sent;
    }
    beyond -= r.right - r.left;
    from = r.right;
  }
  return 0;
}

/** Once per recovery the very last segment, so that a loss at the end does not have to wait for the timeout (NextSeg (4)). */
function sendRescue(s: Stream): u32 {
  if (!isBefore(s.rescueRxt, s.sndUna) && s.rescueRxt != s.sndUna) return 0;
  const count = sackedCount(s);
  const last = count == 0 ? s.sndUna : sacked(s).at(count - 1).right;
  if (!isBefore(last, s.sndMax)) return 0;
  // It has to reach the end: what our own SACK blocks take comes off its beginning.
  const left = laterOf(last, s.sndMax - s.mss + sackBytes(s));
  if (isBefore(left, s.highRxt)) return 0;
  const sent = retransmit(s, left, s.sndMax);
  if (sent != 0) s.rescueRxt = s.recover;
  return sent;
}
