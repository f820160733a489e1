import { now } from "../../memory";
import { IS_CUBIC_HELD, Stream } from "./stream";

/**
 * CUBIC (RFC 9438): the window grows with the cube of the time since the last loss, fast at first, slowly around the size where
 * the loss was, then fast again; and never slower than Reno would.
 *
 * Windows are in segments and times in seconds, as in the RFC; f64 arithmetic is the same on every machine.
 */
const C: f64 = 0.4;
const BETA: f64 = 0.7;
/** RFC 9438 §4.3: as much as Reno, with this multiplicative decrease. */
const ALPHA: f64 = (3.0 * (1.0 - BETA)) / (1.0 + BETA);

/** What is left of `flight` bytes after a loss. */
export function cubicShare(flight: u32): u32 {
  return <u32>(<f64>flight * BETA);
}

/** RFC 9438 §4.6, §4.7: remembers where the loss was; a little below, when it was below the last one (fast convergence). */
export function cubicAfterLoss(s: Stream): void {
  const window = segments(s);
  s.cubicMax = window < s.cubicMax ? window * ((1.0 + BETA) / 2.0) : window;
  s.cubicPrior = window;
  cubicForget(s);
}

/** The next growth is measured from then on. */
export function cubicForget(s: Stream): void {
  s.clear(IS_CUBIC_HELD);
  s.cubicEpoch = 0;
}

/** Time in which the window is not used up does not count (RFC 9438 §5.8): the clock stands still until it is again. */
export function cubicHold(s: Stream): void {
  if (s.cubicEpoch == 0 || s.has(IS_CUBIC_HELD)) return;
  s.set(IS_CUBIC_HELD);
  s.cubicEpoch = max<u64>(now() - s.cubicEpoch, 1);
}

function cubicResume(s: Stream): void {
  s.clear(IS_CUBIC_HELD);
  s.cubicEpoch = max<u64>(now() - s.cubicEpoch, 1);
}

export function cubicGrow(s: Stream, acked: u32): void {
  if (s.has(IS_CUBIC_HELD)) cubicResume(s);
  if (s.cubicEpoch == 0) beginEpoch(s);
  const window = segments(s);
  const ackedSegments = <f64>acked / <f64>s.mss;
  const t = <f64>(now() - s.cubicEpoch) / 1e9;
  const alpha = s.cubicEstimate >= s.cubicPrior ? 1.0 : ALPHA;
  s.cubicEstimate += (alpha * ackedSegments) / window;
  if (cubicAt(s, t) < s.cubicEstimate) {
    setWindow(s, max<f64>(window, s.cubicEstimate));
    return;
  }
  const ahead = cubicAt(s, t + <f64>s.srtt / 1e9);
  const target = min<f64>(max<f64>(ahead, window), 1.5 * window);
  setWindow(s, window + ((target - window) / window) * ackedSegments);
}

function beginEpoch(s: Stream): void {
  const window = segments(s);
  s.cubicEpoch = max<u64>(now(), 1);
  s.cubicEstimate = window;
  // No loss yet, or beyond where the last one was: the plateau is here.
  if (s.cubicMax <= window) {
    s.cubicMax = window;
    s.cubicK = 0;
    return;
  }
  s.cubicK = cubeRoot((s.cubicMax - window) / C);
}

function cubicAt(s: Stream, t: f64): f64 {
  const d = t - s.cubicK;
  return C * d * d * d + s.cubicMax;
}

function segments(s: Stream): f64 {
  return <f64>s.cwnd / <f64>s.mss;
}

/** (Windows beyond 1 GiB are no windows.) */
function setWindow(s: Stream, window: f64): void {
  s.cwnd = <u32>min<f64>(window * <f64>s.mss, 1073741824.0);
}

/** Newton's method, from above: 64 halvings would do for any number a window gives, and a dozen steps mostly. */
function cubeRoot(x: f64): f64 {
  let root = max<f64>(x, 1.0);
  for (let i = 0; i < 64; i++) {
    const next = (2.0 * root + x / (root * root)) / 3.0;
    if (next >= root) return root;
    root = next;
  }
  return root;
}
