import {
  CAPACITY_STREAMS,
  STREAM_BYTES_RECEIVED,
  STREAM_BYTES_SENT,
  STREAM_CLOSED,
  STREAM_CWND,
  STREAM_ERROR,
  STREAM_ESTABLISHED,
  STREAM_FIN_WAIT_1,
  STREAM_LOCAL,
  STREAM_LOCAL_PORT,
  STREAM_MSS,
  STREAM_NODE,
  STREAM_REMOTE,
  STREAM_REMOTE_PORT,
  STREAM_RETRANSMITS,
  STREAM_RTO,
  STREAM_RTTVAR,
  STREAM_SIZE,
  STREAM_SRTT,
  STREAM_SSTHRESH,
  STREAM_STATE,
  STREAM_TIME_WAIT,
} from "../../abi";
import { pool } from "../../memory";

/**
 * A stream: one end of a TCP connection (the RFC's transmission control block), or a listener.
 *
 *   Stream[capacity] in a pool. Sequence numbers are u32, times u64 ns (0: none), windows bytes.
 *
 *           sndUna         sndNxt        sndMax    sndEnd            rcvRead       rcvNxt          rcvEdge
 *   ──acked───┼──in flight────┼──sent, to be──┼──buffered──┤    ──read──┼──to be read──┼──may come here──┤
 *             │               │  sent again   │            │ FIN        │              │  (ranges)       │
 *
 * sndNxt is before sndMax only after a timeout or a closed window. A SYN stands at `iss`, a FIN at `sndEnd`.
 */
@unmanaged
export class Stream {
  /** Next in the one list it may be in: those that wait for a listener, for chunks, in TIME-WAIT; the free list while free. */
  next: u32;
  /** Its node, never 0. */
  node: u32;
  /** STREAM_…; 0: free. */
  state: u32;
  local: u32;
  remote: u32;
  localPort: u16;
  remotePort: u16;
  bytesSent: u64;
  bytesReceived: u64;
  srtt: u64;
  rttvar: u64;
  rto: u64;
  cwnd: u32;
  ssthresh: u32;
  /** Payload of a full segment: what peer and path take, less the options every segment has. */
  mss: u32;
  retransmits: u32;
  /** STREAM_ERROR_… */
  error: u32;
  /** Its own number. */
  id: u32;
  prev: u32;
  /** IS_…, HAS_… below. */
  flags: u32;
  /** Who listened; 0 once accepted, or when it was opened from here. */
  listener: u32;
  /** Its port in ip/ports.ts; 0 when it has none (any more). */
  bound: u32;

  // ── sending ──
  iss: u32;
  sndUna: u32;
  sndNxt: u32;
  sndMax: u32;
  sndEnd: u32;
  /** The window the other side offers, the segment it was offered in, and the largest it has ever offered. */
  sndWnd: u32;
  sndWl1: u32;
  sndWl2: u32;
  maxWnd: u32;
  sndLimit: u32;
  /** Chunks (chunks.ts): first, last, and where the last look ended. */
  sndHead: u32;
  sndTail: u32;
  sndCursor: u32;

  // ── receiving ──
  irs: u32;
  rcvNxt: u32;
  rcvEdge: u32;
  rcvRead: u32;
  rcvLimit: u32;
  rcvHead: u32;
  rcvCursor: u32;
  /** Where the other side's FIN stands, when it is known (HAS_PEER_FIN). */
  finSeq: u32;
  /** Largest payload that came so far: what "full-sized" means to the delayed ACK. */
  rcvMss: u32;
  lastAckSent: u32;
  /** RFC 7323: the timestamp to echo, and when it was taken, ms. */
  tsRecent: u32;
  tsRecentAt: u32;
  /** Chunk of SACK ranges (ranges.ts); 0: none are known. */
  ranges: u32;

  // ── recovery ──
  /** The highest sequence number sent when the loss was noticed (RFC 6582 "recover", RFC 6675 RecoveryPoint), or the tail probed. */
  recover: u32;
  /** RFC 6675 HighRxt and RescueRxt. Without SACK the first is what was sent when the last acknowledgement came. */
  highRxt: u32;
  rescueRxt: u32;
  timedSeq: u32;

  // ── timers: when they are due ──
  /** Retransmission; or persist, when nothing is in flight. */
  retransmitAt: u64;
  ackAt: u64;
  /** TIME-WAIT, keepalive, and other upkeep. */
  upkeepAt: u64;
  /** When the heap has been asked to call (timers.ts). */
  armedAt: u64;
  /** When `timedSeq` was sent (0: none is timed). */
  timedAt: u64;
  /** Since when nobody has answered. */
  waitingSince: u64;
  /** Data, that is (RFC 5681 §4.1). */
  lastSentAt: u64;
  lastHeardAt: u64;
  challengesSince: u64;
  /** Until when a smaller path MTU is believed. */
  mtuUntil: u64;

  // ── CUBIC (RFC 9438): windows in segments, time in seconds ──
  cubicMax: f64;
  cubicK: f64;
  cubicEstimate: f64;
  cubicPrior: f64;
  /** When the growth began; while IS_CUBIC_HELD: for how long it had gone on, ns. 0: it has not begun. */
  cubicEpoch: u64;

  // ── options ──
  keepalive: u32;
  delayedAck: u32;
  minRto: u32;
  giveUp: u32;
  timeWait: u32;
  /** Path MTU as learned by ICMP or by silence; 0: the interface's. */
  pathMtu: u32;
  /** MSS the other side takes. */
  peerMss: u32;

  // ── a listener's: how many may wait; how many do; those that are established ──
  backlog: u32;
  waiting: u32;
  /** First and last of all that wait, half-open ones included. */
  first: u32;
  last: u32;

  sndScale: u8;
  rcvScale: u8;
  dupAcks: u8;
  /** Timeouts in a row. */
  timeouts: u8;
  /** CONGESTION_… */
  congestion: u8;
  /** WITHOUT_… */
  without: u8;
  challenges: u8;
  keepaliveProbes: u8;
  /** Flags of EVENT_STREAM not told yet. */
  news: u32;
  /** When something was last sent again, ms: the timestamp it had. */
  repeatedAt: u32;
  /** How often the window we have opened is told once more (reminder.ts). */
  reminders: u32;

  has(flag: u32): bool {
    return (this.flags & flag) != 0;
  }
  set(flag: u32): void {
    this.flags |= flag;
  }
  clear(flag: u32): void {
    this.flags &= ~flag;
  }
  /** Both sides know each other's sequence numbers (RFC 9293 §3.3.2: ESTABLISHED and what follows). */
  get isSynchronized(): bool {
    return this.state >= STREAM_ESTABLISHED && this.state != STREAM_CLOSED;
  }
  /** It has said that it will send no more. */
  get isClosing(): bool {
    return this.state >= STREAM_FIN_WAIT_1;
  }
  /** First sequence number after everything that is to be sent: data, and the FIN if there is one. */
  get sndLast(): u32 {
    return this.sndEnd + u32(this.has(IS_SHUT));
  }
  /** Whether anything sent has not been acknowledged. */
  get isInFlight(): bool {
    return this.sndNxt != this.sndUna;
  }
}
if (offsetof<Stream>() != STREAM_SIZE) ERROR("abi: STREAM_SIZE");
if (offsetof<Stream>("node") != STREAM_NODE) ERROR("abi: STREAM_NODE");
if (offsetof<Stream>("state") != STREAM_STATE) ERROR("abi: STREAM_STATE");
if (offsetof<Stream>("local") != STREAM_LOCAL) ERROR("abi: STREAM_LOCAL");
if (offsetof<Stream>("remote") != STREAM_REMOTE) ERROR("abi: STREAM_REMOTE");
if (offsetof<Stream>("localPort") != STREAM_LOCAL_PORT) ERROR("abi: STREAM_LOCAL_PORT");
if (offsetof<Stream>("remotePort") != STREAM_REMOTE_PORT) ERROR("abi: STREAM_REMOTE_PORT");
if (offsetof<Stream>("bytesSent") != STREAM_BYTES_SENT) ERROR("abi: STREAM_BYTES_SENT");
if (offsetof<Stream>("bytesReceived") != STREAM_BYTES_RECEIVED) ERROR("abi: STREAM_BYTES_RECEIVED");
if (offsetof<Stream>("srtt") != STREAM_SRTT) ERROR("abi: STREAM_SRTT");
if (offsetof<Stream>("rttvar") != STREAM_RTTVAR) ERROR("abi: STREAM_RTTVAR");
if (offsetof<Stream>("rto") != STREAM_RTO) ERROR("abi: STREAM_RTO");
if (offsetof<Stream>("cwnd") != STREAM_CWND) ERROR("abi: STREAM_CWND");
if (offsetof<Stream>("ssthresh") != STREAM_SSTHRESH) ERROR("abi: STREAM_SSTHRESH");
if (offsetof<Stream>("mss") != STREAM_MSS) ERROR("abi: STREAM_MSS");
if (offsetof<Stream>("retransmits") != STREAM_RETRANSMITS) ERROR("abi: STREAM_RETRANSMITS");
if (offsetof<Stream>("error") != STREAM_ERROR) ERROR("abi: STREAM_ERROR");

/** Timestamps, SACK and window scaling: agreed by both SYNs. */
export const HAS_TIMESTAMPS: u32 = 1 << 0;
export const HAS_SACK: u32 = 1 << 1;
export const HAS_SCALE: u32 = 1 << 2;
/** Small segments do not wait (no Nagle). */
export const IS_NODELAY: u32 = 1 << 3;
/** The user sends no more: a FIN stands at sndEnd. */
export const IS_SHUT: u32 = 1 << 4;
/** TypeScript has a handle and hears what happens. */
export const IS_OWNED: u32 = 1 << 5;
/** A write came up short: tell when there is room. */
export const IS_WRITE_WANTED: u32 = 1 << 6;
export const HAS_PEER_FIN: u32 = 1 << 7;
/** The other side's FIN and everything before it is here. */
export const HAS_ENDED: u32 = 1 << 8;
/** An acknowledgement has to go out now. */
export const IS_ACK_DUE: u32 = 1 << 9;
/** Loss recovery by duplicate acknowledgements; recovery after a timeout, until `recover` is acknowledged. */
export const IS_RECOVERING: u32 = 1 << 10;
export const IS_AFTER_TIMEOUT: u32 = 1 << 11;
/** The first partial acknowledgement of this recovery has been seen (RFC 6582 §3.2). */
export const HAS_PARTIAL_ACK: u32 = 1 << 12;
/** Its own SYN had to be sent again. */
export const HAS_LOST_SYN: u32 = 1 << 13;
/** The user has too little to send for the congestion window to matter: CUBIC's clock stands still (cubic.ts). */
export const IS_CUBIC_HELD: u32 = 1 << 14;
/** Nobody reads any more, nor writes, but what is written already. Unless it is owned, it frees itself when it is over. */
export const IS_RELEASED: u32 = 1 << 15;
/** Segments may be fragmented on the way: the path takes less than 576 bytes. */
export const MAY_FRAGMENT: u32 = 1 << 16;
/** The SYN came from outside. */
export const IS_PASSIVE: u32 = 1 << 17;
/** Established, and waits to be accepted. */
export const IS_READY: u32 = 1 << 18;
/** A listener for every address and port. */
export const IS_ANY: u32 = 1 << 19;
/** An ICMP error said that the other side cannot be reached; not believed until the connection times out. */
export const HAS_SOFT_ERROR: u32 = 1 << 20;

/** The window has been shut for long: probing it is upkeep by now (timers.ts). */
export const IS_PATIENT: u32 = 1 << 21;
/** There was no chunk for what it wanted to write: it waits its turn (starved.ts). */
export const IS_STARVED: u32 = 1 << 22;
/** `retransmitAt` is that of a tail loss probe; one is out; it repeated the last segment (tail.ts). */
export const IS_TAIL_TIMED: u32 = 1 << 23;
export const HAS_PROBED_TAIL: u32 = 1 << 24;
export const IS_TAIL_REPEATED: u32 = 1 << 25;

/** The other side has run into the end of our window: it has more to send. */
export const HAS_RUN_INTO_WINDOW: u32 = 1 << 26;

/** Segments were made small because large ones stayed unanswered; and then a small one did, too: it was not their size. */
export const IS_MADE_SMALL: u32 = 1 << 27;
export const IS_OUTAGE: u32 = 1 << 28;

/** Several of its segments have travelled whole: an acknowledgement may be for more than two. */
export const HAS_WHOLE: u32 = 1 << 29;

export function streamAt(id: u32): Stream {
  return changetype<Stream>(pool(CAPACITY_STREAMS).base + <usize>id * STREAM_SIZE);
}

/** Whether `id` is a stream, or a listener. */
export function isStream(id: u32): bool {
  return id != 0 && id <= pool(CAPACITY_STREAMS).high && streamAt(id).state != 0;
}

/** Whether it still has a connection: it can be found, and has timers. */
export function isOpen(s: Stream): bool {
  return s.state != 0 && s.state < STREAM_CLOSED && s.state != STREAM_TIME_WAIT;
}
