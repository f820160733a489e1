import { LabError } from "./errors";
import { checkOptions, say } from "./options";
import type { OptionNames } from "./options";
import { parseRate } from "./rate";

/**
 * Loss in bursts (Gilbert 1960, Elliott 1963): a wire is in a good or a bad state, each with a probability of its own that a frame is
 * lost. After every frame the state changes with the given probability. It begins good.
 *
 * In the long run, `(toBad · bad + toGood · good) / (toBad + toGood)` of the frames are lost; a bad time lasts `1 / toGood` frames.
 */
export interface BurstLoss {
  /** Probability, after a frame, that a good time ends. */
  toBad: number;
  /** Probability, after a frame, that a bad time ends. */
  toGood: number;
  /** Probability of loss in good times; default 0. */
  good?: number;
  /** Probability of loss in bad times; default 1. */
  bad?: number;
}

/**
 * What one direction of a wire does to frames. What is left out is as the network says, and then as the lab says; else a wire only
 * delays.
 *
 * A frame of n bytes, as the lab has it (without preamble, FCS and gap), that need not wait takes
 * `ceil(8n / rate)` ns to be sent, rate in bits per ns, and arrives `delay ± jitter` after that.
 */
export interface WireCharacter {
  /** Propagation, 0 to 60000 ms. */
  delay?: number;
  /** Most that a frame is faster or slower than `delay`, ms, each value as likely; no frame arrives before it was sent. */
  jitter?: number;
  /** Bits (`"10m"`, `"1g"`) or bytes (`"1M"`) per second: k, m, g are thousands, K, M, G are powers of 1024. 0: no limit. */
  rate?: string | 0;
  /**
   * How many frames may wait to be sent, and how many bytes in all; the one being sent does not count. What finds no place is
   * dropped (QUEUE_FULL). Default: 1000 frames, any number of bytes.
   */
  queue?: number | { frames?: number; bytes?: number };
  /** Probability that a frame is lost (WIRE_LOSS), independent of all others or in bursts. */
  loss?: number | BurstLoss;
  /** Probability that a frame arrives twice, at one time. */
  duplicate?: number;
  /** Probability that one bit of a frame is flipped, header included. A real card would see that by the FCS. */
  corrupt?: number;
  /**
   * `false` (default): frames arrive in the order in which they were sent, whatever the jitter. `true`: as the jitter has them. With
   * `{ chance, by }` a frame is also, with that probability, `by` ms late.
   */
  reorder?: boolean | { chance: number; by: number };
  /** Largest payload of a frame, 68 to 1500 bytes; larger ones are dropped (WIRE_MTU). Default: any. */
  mtu?: number;
}

/** A wire: both directions alike, or one of them otherwise. */
export interface WireOptions extends WireCharacter {
  /** From the card to the network. */
  send?: WireCharacter;
  /** From the network to the card. */
  receive?: WireCharacter;
}

const CHARACTER: OptionNames<WireCharacter> = {
  delay: true, jitter: true, rate: true, queue: true, loss: true, duplicate: true, corrupt: true, reorder: true, mtu: true,
};
const WIRE: OptionNames<WireOptions> = { ...CHARACTER, send: true, receive: true };
const BURST: OptionNames<BurstLoss> = { toBad: true, toGood: true, good: true, bad: true };

/** Longest delay, ms. */
const SLOWEST = 60_000;
const QUEUE_FRAMES = 1000;
const MOST_WAITING = 1_000_000;

/**
 * Checks what somebody gave, and copies it.
 *
 * @throws LabError OPTION
 */
export function checkWire(given: WireOptions, thing: string): WireOptions {
  checkOptions(given, WIRE, `${thing}: wire`);
  checkCharacter(given, `${thing}: wire`);
  for (const way of ["send", "receive"] as const) {
    const character = given[way];
    if (character === undefined) continue;
    checkOptions(character, CHARACTER, `${thing}: wire.${way}`);
    checkCharacter(character, `${thing}: wire.${way}`);
  }
  return structuredClone(given);
}

function checkCharacter(given: WireCharacter, thing: string): void {
  const { delay, jitter, rate, queue, loss, duplicate, corrupt, reorder, mtu } = given;
  if (delay !== undefined) check(delay, `${thing}.delay`, SLOWEST, "ms");
  if (jitter !== undefined) check(jitter, `${thing}.jitter`, SLOWEST, "ms");
  if (rate !== undefined) parseRate(rate, `${thing}.rate`);
  if (queue !== undefined) checkQueue(queue, `${thing}.queue`);
  if (loss !== undefined) checkLoss(loss, `${thing}.loss`);
  if (duplicate !== undefined) check(duplicate, `${thing}.duplicate`, 1);
  if (corrupt !== undefined) check(corrupt, `${thing}.corrupt`, 1);
  if (reorder !== undefined) checkReorder(reorder, `${thing}.reorder`);
  if (mtu === undefined || (Number.isInteger(mtu) && mtu >= 68 && mtu <= 1500)) return;
  throw new LabError("OPTION", `${thing}.mtu ${say(mtu)}; it takes a whole number of bytes, 68 to 1500`);
}

function checkQueue(queue: number | { frames?: number; bytes?: number }, thing: string): void {
  if (typeof queue === "number") return checkCount(queue, thing, MOST_WAITING, "frames");
  checkOptions(queue, { frames: true, bytes: true }, thing);
  if (queue.frames !== undefined) checkCount(queue.frames, `${thing}.frames`, MOST_WAITING, "frames");
  if (queue.bytes !== undefined) checkCount(queue.bytes, `${thing}.bytes`, 2 ** 32 - 1, "bytes");
}

function checkLoss(loss: number | BurstLoss, thing: string): void {
  if (typeof loss === "number") return check(loss, thing, 1);
  checkOptions(loss, BURST, thing);
  const { toBad, toGood, good = 0, bad = 1 } = loss;
  for (const [name, value] of Object.entries({ toBad, toGood, good, bad })) check(value, `${thing}.${name}`, 1);
}

function checkReorder(reorder: boolean | { chance: number; by: number }, thing: string): void {
  if (typeof reorder === "boolean") return;
  checkOptions(reorder, { chance: true, by: true }, thing);
  check(reorder.chance, `${thing}.chance`, 1);
  check(reorder.by, `${thing}.by`, SLOWEST, "ms");
}

function check(value: number, thing: string, most: number, unit = "(a probability)"): void {
  if (typeof value === "number" && value >= 0 && value <= most) return;
  throw new LabError("OPTION", `${thing} ${say(value)}; it takes 0 to ${most} ${unit}`);
}

function checkCount(value: number, thing: string, most: number, unit: string): void {
  if (Number.isInteger(value) && value >= 0 && value <= most) return;
  throw new LabError("OPTION", `${thing} ${say(value)}; it takes a whole number of ${unit}, 0 to ${most}`);
}

/** One direction with nothing left open, as the engine has it: times in ns, rate in bits per second, 0 where there is no limit. */
export interface Character {
  delay: number;
  jitter: number;
  rate: number;
  queueFrames: number;
  queueBytes: number;
  most: number;
  lossGood: number;
  lossBad: number;
  toBad: number;
  toGood: number;
  corrupt: number;
  duplicate: number;
  reorder: number;
  late: number;
  inOrder: number;
}

/** What is left of several layers, the lab's first: each overrides those before it, setting by setting. */
export function characterOf(layers: readonly WireOptions[], way: "send" | "receive"): Character {
  const merged: WireCharacter = {};
  for (const { send, receive, ...both } of layers) {
    Object.assign(merged, defined(both), defined((way === "send" ? send : receive) ?? {}));
  }
  const { delay = 0, jitter = 0, rate = 0, queue = {}, loss = 0, duplicate = 0, corrupt = 0, reorder = false, mtu = 0 } = merged;
  const { frames = QUEUE_FRAMES, bytes = Infinity } = typeof queue === "number" ? { frames: queue } : queue;
  const { toBad, toGood, good = 0, bad = 1 } = typeof loss === "number" ? { toBad: 0, toGood: 0, good: loss, bad: loss } : loss;
  const { chance, by } = typeof reorder === "boolean" ? { chance: 0, by: 0 } : reorder;
  return {
    delay: Math.round(delay * 1e6), jitter: Math.round(jitter * 1e6), rate: parseRate(rate, "wire.rate"),
    queueFrames: frames, queueBytes: bytes, most: mtu,
    lossGood: good, lossBad: bad, toBad, toGood, corrupt, duplicate,
    reorder: chance, late: Math.round(by * 1e6), inOrder: reorder === false ? 1 : 0,
  };
}

function defined(character: WireCharacter): WireCharacter {
  return Object.fromEntries(Object.entries(character).filter(([, value]) => value !== undefined));
}

/** Whether both directions do no more than delay, and that alike. */
export function isPlain(send: Character, receive: Character): boolean {
  return send.delay === receive.delay && onlyDelays(send) && onlyDelays(receive);
}

function onlyDelays({ jitter, rate, most, lossGood, lossBad, toBad, corrupt, duplicate, inOrder }: Character): boolean {
  return jitter + rate + most + lossGood + corrupt + duplicate === 0 && (lossBad === 0 || toBad === 0) && inOrder === 1;
}
