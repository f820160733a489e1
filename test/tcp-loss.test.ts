/** Two stations and a bad cable: whatever it does, every byte arrives, once and in order, in bounded time. */
import { describe, expect, test } from "vitest";
import * as abi from "../assembly/abi";
import { dice } from "./inside";
import { End, Pair } from "./tcp/pair";
import type { Cable } from "./tcp/pair";

const RUNS = 500;
const PERFECT: Cable = { loss: 0, duplication: 0, reordering: 0, corruption: 0, delay: 1, late: 0 };

/** One transfer in both directions over a cable that `seed` decides on; returns how long it took, ms. */
async function transfer(seed: number): Promise<number> {
  const roll = dice(seed);
  const upTo = (most: number): number => (roll() < 0.3 ? 0 : roll() * most);
  const cable: Cable = {
    loss: upTo(0.2), duplication: upTo(0.1), reordering: upTo(0.3), corruption: upTo(0.02), delay: upTo(40), late: upTo(80),
  };
  const pair = await Pair.create(seed, cable);
  const { call } = pair;
  const listener = pair.listen();
  const set = (stream: number): void => {
    call.tcpSet(stream, abi.TCP_CONGESTION, Math.floor(roll() * 2));
    call.tcpSet(stream, abi.TCP_NODELAY, Math.floor(roll() * 2));
    call.tcpSet(stream, abi.TCP_SEND_BUFFER, 2048 + Math.floor(roll() * 100_000));
    call.tcpSet(stream, abi.TCP_RECEIVE_BUFFER, 2048 + Math.floor(roll() * 100_000));
    call.tcpSet(stream, abi.TCP_DELAYED_ACK, Math.floor(roll() * 200));
    call.tcpSet(stream, abi.TCP_WITHOUT, Math.floor(roll() * 8));
    call.tcpSet(stream, abi.TCP_MIN_RTO, 200);
    // A handshake or a FIN may be lost many times over at these rates; that is not what is asked here.
    call.tcpSet(stream, abi.TCP_GIVE_UP, 0x7fffffff);
  };
  set(listener);
  const client = pair.connect(Math.floor(roll() * 8));
  set(client);
  const totals = [Math.floor(roll() * 300_000), Math.floor(roll() * 300_000)];
  const ends = [new End(pair, client, 0, totals[0]!)];
  const piece = 1 + Math.floor(roll() * 20_000);
  for (let steps = 0; ; steps++) {
    if (steps > 500_000) throw new Error(`seed ${seed}: no end in sight`);
    const hasMore = pair.step();
    if (ends.length === 1) {
      const accepted = call.tcpAccept(listener);
      if (accepted !== 0) ends.push(new End(pair, accepted, 1, totals[1]!));
    }
    for (const end of ends) if (end.state !== abi.STREAM_SYN_SENT) end.act(piece, roll() < 0.9);
    if (ends.length === 2 && ends.every((end) => end.hasEnded && end.state >= abi.STREAM_TIME_WAIT)) break;
    if (!hasMore) for (const end of ends) end.act(piece);
  }
  expect(ends.map((end) => end.read), `seed ${seed}`).toEqual([totals[1], totals[0]]);
  const took = pair.engine.now / 1e6;
  for (const end of ends) call.tcpRelease(end.stream);
  call.tcpCloseListener(listener);
  while (pair.step());
  call.run(pair.engine.now + 120e9, 1e9, 1);
  expect(pair.imbalance, `seed ${seed}: a frame went missing`).toBe(0);
  expect([pair.live(abi.CAPACITY_STREAMS), pair.live(abi.CAPACITY_CHUNKS), pair.live(abi.CAPACITY_SOCKETS)], `seed ${seed}: left over`).toEqual([0, 0, 0]);
  return took;
}

describe("a cable that loses, doubles, delays, reorders and damages", () => {
  test(`changes nothing that arrives, in ${RUNS} runs`, { timeout: 120_000 }, async () => {
    for (let seed = 1; seed <= RUNS; seed++) expect(await transfer(seed), `seed ${seed}`).toBeLessThan(30 * 60_000);
  });

  test("the same seed takes the same time to the nanosecond", async () => {
    expect(await transfer(7)).toBe(await transfer(7));
  });
});

describe("a cable that is well", () => {
  test("carries nothing twice, and a transfer takes the round trips of slow start", async () => {
    const pair = await Pair.create(1, PERFECT);
    const listener = pair.listen();
    const client = new End(pair, pair.connect(), 0, 1_000_000);
    while (pair.step());
    const server = new End(pair, pair.call.tcpAccept(listener), 1, 0);
    let more = true;
    while (more || !server.hasEnded) {
      client.act(65536);
      server.act(65536);
      more = pair.step();
    }
    expect(server.read).toBe(1_000_000);
    const retransmits = new DataView(pair.call.memory.buffer, pair.call.tcpOffset(client.stream)).getUint32(abi.STREAM_RETRANSMITS, true);
    expect(retransmits).toBe(0);
    expect(pair.engine.now / 1e6).toBeLessThan(100);
  });
});
