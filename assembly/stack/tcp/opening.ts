import {
  EVENT_ACCEPT,
  EVENT_SYN,
  OK,
  STREAM_ERROR_REFUSED,
  STREAM_ERROR_TIMED_OUT,
  STREAM_ESTABLISHED,
  STREAM_FIN_WAIT_1,
  STREAM_HELD,
  STREAM_OPENED,
  STREAM_SYN_RECEIVED,
  STREAM_SYN_SENT,
  TCP_BACKLOG,
  TCP_BUFFER,
  TCP_CLOSED,
  TCP_SEQUENCE,
  WITHOUT_SACK,
  WITHOUT_TIMESTAMPS,
  WITHOUT_WINDOW_SCALE,
} from "../../abi";
import { emitEvent, makeVisible } from "../../frames";
import { use } from "../../ip/ports";
import { now, nowMs } from "../../memory";
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from "../../wire/tcp";
import { joinListener } from "./backlog";
import { SSTHRESH_FIRST, initialWindow } from "./congestion";
import { refuse } from "./emit";
import { bury, finish, newStream } from "./ending";
import { initialSequence } from "./isn";
import { enlist } from "./lookup";
import { tell } from "./news";
import { sendSyn } from "./output";
import { MSS_DEFAULT, settleMss } from "./path-mtu";
import { MS, RTO_AFTER_LOST_SYN, RTO_FIRST, endTiming } from "./rtt";
import { Segment, segment } from "./segment";
import { isBefore } from "./sequence";
import {
  HAS_LOST_SYN,
  HAS_SACK,
  HAS_SCALE,
  HAS_TIMESTAMPS,
  IS_ACK_DUE,
  IS_ANY,
  IS_NODELAY,
  IS_OWNED,
  IS_PASSIVE,
  IS_READY,
  IS_SHUT,
  Stream,
  streamAt,
} from "./stream";
import { heedText } from "./text";
import { keepUp } from "./timers";
import { SCALE, SCALE_MOST } from "./window";

/** How a stream begins: from here, from a listener, from both sides at once (RFC 9293 §3.5). */

const BUFFER: u32 = 262144;
const DELAYED_ACK: u32 = 40;
const MIN_RTO: u32 = 1000;
const GIVE_UP: u32 = 100_000;
const TIME_WAIT: u32 = 60_000;

/** The options of a stream that nobody has set any for. */
export function setDefaults(s: Stream): void {
  s.sndLimit = BUFFER;
  s.rcvLimit = BUFFER;
  s.delayedAck = DELAYED_ACK;
  s.minRto = MIN_RTO;
  s.giveUp = GIVE_UP;
  s.timeWait = TIME_WAIT;
}

function inheritOptions(s: Stream, l: Stream): void {
  s.sndLimit = l.sndLimit;
  s.rcvLimit = l.rcvLimit;
  s.delayedAck = l.delayedAck;
  s.minRto = l.minRto;
  s.giveUp = l.giveUp;
  s.timeWait = l.timeWait;
  s.keepalive = l.keepalive;
  s.congestion = l.congestion;
  s.without = l.without;
  s.flags |= l.flags & IS_NODELAY;
}

/** Numbers of a stream whose endpoints are known. `after`: the ISN has to be beyond this; 0: any will do. */
function begin(s: Stream, after: u32): void {
  s.iss = initialSequence(s);
  if (after != 0 && !isBefore(after, s.iss)) s.iss = after;
  s.sndUna = s.iss;
  s.sndNxt = s.iss;
  s.sndMax = s.iss;
  s.recover = s.iss;
  s.sndEnd = s.iss + 1;
  s.rcvScale = <u8>SCALE;
  s.rto = max<u64>(RTO_FIRST, <u64>s.minRto * MS);
  s.peerMss = MSS_DEFAULT;
  s.lastHeardAt = now();
  settleMss(s);
}

/** Starts a connection from here: all of the stream but its numbers is filled in. False when the index is full. */
export function openActive(s: Stream): bool {
  if (!enlist(s)) return false;
  begin(s, 0);
  s.state = STREAM_SYN_SENT;
  s.set(IS_OWNED);
  sendSyn(s);
  return true;
}

/**
 * The present segment is for `listener` of `node` (RFC 9293 §3.10.7.2).
 *
 * @param after  of a connection of the same endpoints before this one: the highest sequence number; 0: there was none
 * @returns      OK, or why it is to be dropped
 */
export function openPassive(node: u32, listener: u32, after: u32): u32 {
  const seg = segment();
  if (seg.has(TCP_RST)) return TCP_CLOSED;
  if (seg.has(TCP_ACK)) {
    refuse(node);
    return TCP_CLOSED;
  }
  if (!seg.has(TCP_SYN)) return TCP_CLOSED;
  const l = streamAt(listener);
  if (l.waiting >= l.backlog && !recycle(l)) return TCP_BACKLOG;
  const id = newStream();
  if (id == 0) return TCP_BUFFER;
  const s = streamAt(id);
  s.node = node;
  s.local = seg.dst;
  s.remote = seg.src;
  s.localPort = <u16>seg.dstPort;
  s.remotePort = <u16>seg.srcPort;
  s.state = STREAM_SYN_RECEIVED;
  if (!enlist(s)) {
    bury(s);
    return TCP_BUFFER;
  }
  s.set(IS_PASSIVE);
  inheritOptions(s, l);
  begin(s, after);
  hearSyn(s);
  if (l.bound != 0 && !l.has(IS_ANY)) {
    s.bound = l.bound;
    use(s.bound);
  }
  joinListener(s, l);
  if (l.has(IS_ANY)) hold(s, l);
  else sendSyn(s);
  return OK;
}

/**
 * A full backlog: the oldest that has left a SYN-ACK unanswered for a whole timeout gives way (RFC 4987 §3.4). Those who only have a long
 * way stay, and who knocks while a flood is on gets in with its second SYN.
 */
function recycle(l: Stream): bool {
  let id = l.first;
  for (let looks = 0; id != 0 && looks < LOOKS; looks++) {
    const s = streamAt(id);
    if (s.state == STREAM_SYN_RECEIVED && s.timeouts != 0) {
      finish(s, STREAM_ERROR_TIMED_OUT);
      return true;
    }
    id = s.next;
  }
  return false;
}
const LOOKS: i32 = 64;

/** Nobody knows yet whether the other side may come in; it asks again meanwhile, and gets no answer. */
function hold(s: Stream, l: Stream): void {
  s.state = STREAM_HELD;
  holdOn(s);
  const e = emitEvent(EVENT_SYN, l.id);
  e.a = s.id;
  makeVisible();
}

/**
 * A held SYN has been heard, first or again: it is held until the next one is overdue. Each comes after twice the wait of the one
 * before (RFC 6298 §5.5), so that the next is as far off as the first is past, and what the first waits more. Who has given up in
 * SYN-SENT says so to nobody: it only falls silent (RFC 9293 §3.10.5).
 */
export function holdOn(s: Stream): void {
  const asked = now() - s.lastHeardAt;
  keepUp(s, min<u64>(s.lastHeardAt + HOLD, now() + asked + SILENCE));
}
/** As long as anybody asks. */
const HOLD: u64 = 180_000_000_000;
/** Longer than anybody's first wait: 1 s, and 3 s of those who follow RFC 1122 §4.2.3.1. */
const SILENCE: u64 = 4_000_000_000;

/** The handshake of a held SYN goes on. */
export function accept(s: Stream): void {
  keepUp(s, 0);
  s.state = STREAM_SYN_RECEIVED;
  sendSyn(s);
}

/** What the other side's SYN says: where its numbers begin, what it takes, what it can. */
function hearSyn(s: Stream): void {
  const seg = segment();
  s.irs = seg.seq;
  s.rcvNxt = seg.seq + 1;
  s.rcvRead = s.rcvNxt;
  s.rcvEdge = s.rcvRead + s.rcvLimit;
  s.lastAckSent = s.rcvNxt;
  s.sndWnd = seg.window; // never scaled on a SYN (RFC 7323 §2.2)
  s.maxWnd = seg.window;
  s.sndWl1 = seg.seq;
  s.sndWl2 = seg.ack;
  if (seg.mss != 0) s.peerMss = seg.mss;
  agree(s, seg);
  settleMss(s);
}

/** An extension is used when both SYNs have it. */
function agree(s: Stream, seg: Segment): void {
  if (seg.hasTimestamps && (s.without & WITHOUT_TIMESTAMPS) == 0) {
    s.set(HAS_TIMESTAMPS);
    s.tsRecent = seg.tsValue;
    s.tsRecentAt = <u32>nowMs();
  }
  if (seg.hasSackPermitted && (s.without & WITHOUT_SACK) == 0) s.set(HAS_SACK);
  if (seg.scaleAndOne == 0 || (s.without & WITHOUT_WINDOW_SCALE) != 0) {
    s.rcvScale = 0;
    return;
  }
  s.set(HAS_SCALE);
  s.sndScale = <u8>min<u32>(SCALE_MOST, seg.scaleAndOne - 1);
}

/** The present segment is for a stream in SYN-SENT (RFC 9293 §3.10.7.3). */
export function heedInSynSent(s: Stream): u32 {
  const seg = segment();
  const isAckRight = seg.has(TCP_ACK) && seg.ack == s.iss + 1;
  if (seg.has(TCP_ACK) && !isAckRight) {
    refuse(s.node);
    return TCP_SEQUENCE;
  }
  if (seg.has(TCP_RST)) {
    if (!isAckRight) return TCP_SEQUENCE;
    finish(s, STREAM_ERROR_REFUSED);
    return OK;
  }
  if (!seg.has(TCP_SYN)) return TCP_SEQUENCE;
  hearSyn(s);
  if (!isAckRight) {
    // Both have begun at once.
    s.state = STREAM_SYN_RECEIVED;
    sendSyn(s);
    return OK;
  }
  s.set(IS_ACK_DUE);
  establish(s);
  // Text and FIN count from behind the SYN.
  seg.seq++;
  seg.flags &= ~TCP_SYN;
  if (seg.length != 0 || seg.has(TCP_FIN)) heedText(s);
  return OK;
}

/** Our SYN is acknowledged by the present segment, and theirs is here. */
export function establish(s: Stream): void {
  const seg = segment();
  endTiming(s, seg.ack);
  s.sndUna = s.iss + 1;
  s.timeouts = 0;
  s.waitingSince = 0;
  s.retransmitAt = 0;
  s.state = s.has(IS_SHUT) ? STREAM_FIN_WAIT_1 : STREAM_ESTABLISHED;
  s.cwnd = s.has(HAS_LOST_SYN) ? s.mss : initialWindow(s);
  s.ssthresh = SSTHRESH_FIRST;
  if (s.has(HAS_LOST_SYN)) s.rto = max<u64>(s.rto, RTO_AFTER_LOST_SYN);
  if (s.keepalive != 0) keepUp(s, now() + <u64>s.keepalive * MS);
  if (s.listener != 0) return getReady(s);
  tell(s, STREAM_OPENED);
}

function getReady(s: Stream): void {
  s.set(IS_READY);
  const e = emitEvent(EVENT_ACCEPT, s.listener);
  e.a = s.id;
  makeVisible();
}
