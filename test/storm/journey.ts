/** One transfer through one storm, all of it decided by a seed. */
import type { Lab, LabError, TcpOptions, TcpSocket } from "../../src/index";
import { dice, faultsInBooks } from "../inside";
import { PLACES, PLACE_NAMES, PORT } from "./place";
import type { Place, PlaceName } from "./place";
import { listen, mannerOf, pausesOf, speak } from "./talk";
import type { Manner } from "./talk";
import { LONGEST_DELAY, LONGEST_GAP, SLOWEST_RATE, clearWire, gust, pick, stormyWire, upTo } from "./weather";
import type { Climate, Roll } from "./weather";

export interface Journey {
  place: PlaceName;
  /** Bytes that each side heard, and should have. */
  heard: number[];
  said: number[];
  /** ms that it took, and that it may have taken. */
  took: number;
  patience: number;
  /** Frames lost, damaged … by reason. */
  drops: Partial<Record<string, number>>;
  capture: Uint8Array | null;
}

/** The longest that TCP waits before it tries again: retransmission (RFC 6298 §2.5) and window probes alike, ms. */
const LONGEST_RTO = 60_000;
/** How long a wrong neighbour is believed, and then asked whether it is there, ms. */
const NEIGHBOR = 63_000;
/** Large segments that stay unanswered are made small at the third timeout. */
const IN_DOUBT = 3;
/** A SYN is repeated for three minutes at the least, ms. */
const OPENING = 200_000;
const OPENING_ERRORS: readonly string[] = ["UNREACHABLE", "TIMEOUT", "REFUSED", "RESET"];
const TIME_WAIT = 60_000;
/** As long as a storm may do its worst: when a connection is given up is not what is asked here (and so nobody keeps it alive). */
const GIVE_UP = 1_200_000;
/** One in so many round trips may fail more often in a row than is waited for. */
const UNLUCKY = 1e9;

function optionsOf(roll: Roll): TcpOptions {
  const maybe = <T>(value: T, chance = 0.5): T | undefined => (roll() < chance ? value : undefined);
  return {
    allowHalfOpen: true, noDelay: roll() < 0.5, congestion: pick(roll, ["cubic", "reno"]),
    sendBuffer: maybe(2048 + upTo(roll, 20_000)), receiveBuffer: maybe(2048 + upTo(roll, 20_000)),
    delayedAck: maybe(upTo(roll, 500)), giveUp: GIVE_UP,
  };
}

/**
 * How long the transfer may take from when the weather last changed, ms.
 *
 * In clear weather: the timer that was set last may be the longest there is; then a wrong neighbour may be believed, large segments
 * may have to be made small, and each of these costs timers of that length. In bad weather a round trip fails with probability
 * `failing`, and so many in a row as happen once in a billion are waited for. To that: everybody's pauses, and the bytes with as
 * much again for headers, three times over, on the slowest wire, and a round trip for each two segments.
 */
function patienceOf(manners: Manner[], crossings: number, { loss, corruption }: Climate): number {
  const bytes = manners.reduce((sum, { total }) => sum + total, 0);
  const pauses = manners.reduce((sum, manner) => sum + pausesOf(manner), 0);
  const failing = 1 - ((1 - loss) ** (2 * crossings)) * (1 - corruption) ** 2;
  const retries = failing === 0 ? 1 : Math.ceil(Math.log(UNLUCKY) / -Math.log(failing));
  const roundTrip = 2 * crossings * LONGEST_DELAY * 2;
  return (retries + IN_DOUBT) * LONGEST_RTO + 2 * NEIGHBOR + pauses + (3 * 2 * 8000 * bytes) / SLOWEST_RATE + (roundTrip * (10 + bytes / 1000));
}

/**
 * A connection from client to server. Opening may fail for a reason, and is tried again; so it is when the server's end was given up
 * while the client's was open: an unreachable neighbour ends what is not established yet, and the client has nothing to say.
 */
async function open({ lab, client, server, remote }: Place, roll: Roll): Promise<TcpSocket[]> {
  for (let tries = 0; ; tries++) {
    const listener = server.listen({ port: PORT, ...optionsOf(roll) });
    const near = client.connect(remote, optionsOf(roll));
    try {
      await near.opened;
      return [near, await listener.accept({ timeout: OPENING })];
    } catch (error) {
      if (tries === 20 || !OPENING_ERRORS.includes((error as LabError).code)) throw error;
    } finally {
      listener.close();
    }
    near.abort();
    await lab.sleep(OPENING);
  }
}

/**
 * Runs the storm of a seed.
 *
 * @throws Error that names the seed: a byte is wrong or missing, it took too long, or a frame is not accounted for
 */
export async function journey(seed: number, { captures = false } = {}): Promise<Journey> {
  try {
    return await run(seed, captures);
  } catch (error) {
    throw new Error(`FIVEWIRE_SEED=${seed}: ${(error as Error).message}`, { cause: error });
  }
}

async function run(seed: number, captures: boolean): Promise<Journey> {
  // Each has dice of its own: who comes first within an instant changes nobody's luck.
  const [world, left, right, sky] = [0, 1, 2, 3].map((n) => dice(seed * 4 + n)) as [Roll, Roll, Roll, Roll];
  const name = pick(world, PLACE_NAMES);
  const place = await PLACES[name]({ seed, wire: { delay: pick(world, [0, 0.05, 3]) } });
  const { lab } = place;
  const capture = captures ? place.network.capture() : null;
  const manners = [mannerOf(left), mannerOf(right)];
  const clears = world() < 0.5;
  const climate = { loss: world() < 0.15 ? 0 : roundOff(world() * (clears ? 0.25 : 0.1)), corruption: world() < 0.5 ? 0 : 0.03 };
  for (const [i, each] of place.wires.entries()) each.wire = stormyWire(world, climate, i === 0);

  const sockets = await open(place, world);
  const began = lab.now;
  let isOver = false;
  const clearAt = began + upTo(sky, 20_000);
  const storm = async (): Promise<void> => {
    while (lab.now < clearAt && !isOver) {
      await lab.sleep(1 + upTo(sky, 1200));
      if (!isOver) await gust(place, sky, climate);
    }
    if (isOver || !clears) return;
    for (const each of place.wires) each.wire = clearWire(sky);
  };
  const said = manners.map(({ total }) => total);
  const ending = Promise.all(sockets.map((socket) => endOf(lab, socket)));
  const talk = Promise.all([
    listen(lab, sockets[0]!, 1, manners[0]!), listen(lab, sockets[1]!, 0, manners[1]!),
    speak(lab, sockets[0]!, 0, manners[0]!), speak(lab, sockets[1]!, 1, manners[1]!),
  ]).then(([near, far]) => [near, far]);
  const blowing = storm();
  const patience = clearAt - began + LONGEST_GAP + patienceOf(manners, place.crossings, clears ? { loss: 0, corruption: 0 } : climate);
  const heard = await Promise.race([talk, lab.sleep(patience).then(() => null)]);
  isOver = true;
  if (heard === null)
    throw new Error(`${name}: no end after ${patience / 1000} s: heard ${sockets.map(({ bytesRead }) => bytesRead)} of ${[said[1], said[0]]}; ${JSON.stringify(sockets.map((each) => each.stats()))}`);
  const took = lab.now - began;
  if (heard[0] !== said[1] || heard[1] !== said[0]) throw new Error(`${name}: heard ${heard} of ${[said[1], said[0]]}`);
  const ends = await Promise.race([ending, lab.sleep(patience + GIVE_UP).then(() => null)]);
  if (ends === null) throw new Error(`${name}: all was said, and the connection is not closed after ${(patience + GIVE_UP) / 1000} s more`);
  checkEnds(ends);
  await blowing;
  const { drops } = lab.stats();
  const faults = faultsInBooks(lab);
  if (faults.length > 0) throw new Error(`${name}: ${faults.join("; ")}`);
  const bytes = capture?.bytes() ?? null;
  await lab.close();
  return { place: name, heard: [heard[0]!, heard[1]!], said, took, patience, drops, capture: bytes };
}

/** How a side's connection ended, and when. */
interface End { code: string; at: number }

async function endOf(lab: Lab, { closed }: TcpSocket): Promise<End> {
  const code = await closed.then(() => "closed", (error: LabError) => error.code);
  return { code, at: lab.now };
}

/**
 * Both sides end well; but a FIN whose acknowledgement is lost until the other side's TIME-WAIT is over meets nobody, and a reset
 * (RFC 9293 §3.6.1), or a NAT that has forgotten it, and silence.
 */
function checkEnds(ends: End[]): void {
  const [first, last] = [...ends].sort((a, b) => a.at - b.at) as [End, End];
  const isLate = ["RESET", "TIMEOUT", "UNREACHABLE"].includes(last.code) && last.at - first.at >= TIME_WAIT;
  if (first.code !== "closed" || (last.code !== "closed" && !isLate))
    throw new Error(`all was said, and the connection ended with ${ends.map(({ code, at }) => `${code} at ${at} ms`).join(", ")}`);
}

const roundOff = (value: number): number => Math.round(value * 1000) / 1000;
