import { STATE_TCP_CLOSING, STATE_TCP_ESTABLISHED, STATE_TCP_OPENING } from "../abi";
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from "../wire/tcp";
import { Connection, INSIDE_SENT, OUTSIDE_OPENED } from "./connections";

/** What each side has sent so far, in `seen`: TCP's own flags, the outside's five bits further up. */
const SIDE: u32 = TCP_SYN | TCP_ACK | TCP_FIN;
const OUTSIDE_SHIFT: u32 = 5;
const ALL: u32 = SIDE | (SIDE << OUTSIDE_SHIFT);
const BOTH_OPEN: u32 = (TCP_SYN | TCP_ACK) * (1 + (1 << OUTSIDE_SHIFT));
const BOTH_FIN: u32 = TCP_FIN * (1 + (1 << OUTSIDE_SHIFT));
/** An RST has come, and nothing after it. */
const RESET: u32 = 0x800;
if ((ALL & (INSIDE_SENT | OUTSIDE_OPENED | RESET)) != 0) ERROR("seen: TCP's flags run into the others");

/** Whether a segment begins a connection. */
export function isOpening(flags: u32): bool {
  return (flags & (TCP_SYN | TCP_ACK | TCP_FIN | TCP_RST)) == TCP_SYN;
}

/**
 * Follows a connection by the flags of a segment; sequence numbers are not looked at.
 *
 *   opening      until SYN and ACK have come from both sides (either way round, or both at once)
 *   established  until FIN from both sides, or RST from either
 *   closing      until its time is over. An RST ends nothing at once, since it may be forged (RFC 7857 §2.2): what comes after it
 *                shows that the connection lives, and takes it back to where it was (RFC 6146 §3.5.2.2). After both FINs every
 *                further segment gives it the transitory time again, and a new SYN begins the connection anew
 *
 * @param side  INSIDE_SENT or OUTSIDE_OPENED
 * @returns     STATE_TCP_…
 */
export function track(c: Connection, side: u32, flags: u32): u32 {
  if (flags & TCP_RST) {
    c.seen |= RESET;
    return STATE_TCP_CLOSING;
  }
  let state = c.state;
  if ((c.seen & RESET) != 0) {
    c.seen &= ~RESET;
    if (isOpening(flags)) c.seen &= ~ALL;
    if ((c.seen & BOTH_FIN) != BOTH_FIN) state = STATE_TCP_OPENING;
  }
  if (state == STATE_TCP_CLOSING && isOpening(flags)) {
    c.seen &= ~ALL;
    state = STATE_TCP_OPENING;
  }
  const sent = flags & SIDE;
  c.seen |= side == INSIDE_SENT ? sent : sent << OUTSIDE_SHIFT;
  if (state == STATE_TCP_CLOSING) return state;
  if ((c.seen & BOTH_FIN) == BOTH_FIN) return STATE_TCP_CLOSING;
  return (c.seen & BOTH_OPEN) == BOTH_OPEN ? STATE_TCP_ESTABLISHED : state;
}
