/** Segments that nobody in his right mind would send, users who do anything at any time: nothing traps, every frame is accounted for. */
import { describe, expect, test } from "vitest";
import * as abi from "../assembly/abi";
import { dice } from "./inside";
import { ipv4, raw } from "./packets";
import { encodeSegment } from "./tcp/segment";
import { STATES, Station } from "./tcp/station";

const FLAGS = [".", "P.", "S", "S.", "F.", "R", "R.", "FP.", "SF", "P", "SFRP.", "SR."];
const RUNS = 40;
const STEPS = 400;

/** Plays at random with one station; the peer mostly keeps near the numbers that count. */
async function play(seed: number): Promise<Station> {
  const station = await Station.create();
  const { call } = station.engine;
  const roll = dice(seed);
  const upTo = (most: number): number => Math.floor(roll() * most);
  const listeners = new Set<number>();
  const streams: number[] = [];
  const u32 = (stream: number, at: number): number => new DataView(call.memory.buffer, call.tcpOffset(stream)).getUint32(at, true);
  station.listen(4);
  listeners.add(station.listener);

  const number = (base: number): number => {
    const kind = roll();
    if (kind < 0.5) return base;
    if (kind < 0.8) return (base + upTo(3000) - 1500) >>> 0;
    return Math.floor(roll() * 2 ** 32);
  };
  const options = (): string[] => {
    const given: string[] = [];
    if (roll() < 0.3) given.push(`mss ${upTo(3000)}`);
    if (roll() < 0.3) given.push(`ws ${upTo(20)}`);
    if (roll() < 0.3) given.push("sackok");
    if (roll() < 0.4) given.push(`ts ${upTo(100_000)} ${upTo(100_000)}`);
    if (roll() < 0.3) given.push(`sack ${Array.from({ length: 1 + upTo(2) }, () => `${number(1)}:${number(1500)}`).join(" ")}`);
    if (roll() < 0.2) given.push(`raw ${Array.from({ length: 1 + upTo(6) }, () => upTo(256)).join(" ")}`);
    while (given.join(" ").length > 60) given.pop();
    return given;
  };
  const segment = (): void => {
    const stream = streams[upTo(streams.length)] ?? 0;
    const known = stream > 0 && u32(stream, abi.STREAM_STATE) !== 0;
    // Relative to the peer's and the station's first numbers: what the stream expects, most of the time.
    station.peerPort = 5000 + upTo(4);
    if (known && roll() < 0.8)
      station.peerPort = new DataView(call.memory.buffer, call.tcpOffset(stream)).getUint16(abi.STREAM_REMOTE_PORT, true);
    const seq = known ? (u32(stream, 160) - station.peerIsn) >>> 0 : 0;
    const ack = known ? (u32(stream, 112) - (station.isn ?? 0)) >>> 0 : 0;
    station.send({
      flags: FLAGS[roll() < 0.6 ? upTo(2) : upTo(FLAGS.length)]!, seq: number(seq), length: roll() < 0.4 ? 0 : upTo(1400),
      ack: roll() < 0.95 ? number(ack) : null, win: roll() < 0.2 ? 0 : upTo(65536), options: options(),
    });
  };
  const noise = (): void => {
    const bytes = encodeSegment({ flags: ".", seq: upTo(100), length: upTo(60), ack: 1, win: 1, options: [] },
      [station.peerPort, 80], [station.peerIsn, station.isn ?? 0], [[192, 0, 2, 2], [192, 0, 2, 1]], () => upTo(256));
    for (let i = 0; i < 4; i++) bytes[upTo(bytes.length)] = upTo(256);
    station.inject(ipv4(raw(6, bytes), { src: [192, 0, 2, 2], dst: [192, 0, 2, 1] }));
  };
  const user = (): void => {
    const stream = streams[upTo(streams.length)] ?? 0;
    if (roll() < 0.15) {
      const made = call.tcpConnect(station.node, 0, 0, 0xc0000202 | 0, 5000 + upTo(4), upTo(8));
      if (made > 0) streams.push(made);
    }
    for (const listener of listeners) {
      const accepted = call.tcpAccept(listener);
      if (accepted > 0) streams.push(accepted);
    }
    if (stream === 0) return;
    const what = upTo(9);
    if (what < 3) call.tcpWrite(stream, upTo(20_000));
    if (what === 3 || what === 4) call.tcpRead(stream, upTo(20_000));
    if (what === 5) call.tcpSet(stream, 1 + upTo(10), upTo(100_000));
    if (what === 6 && roll() < 0.4) call.tcpShutdown(stream);
    if (what === 7 && roll() < 0.2) call.tcpAbort(stream);
    if (what === 8 && roll() < 0.3) {
      call.tcpRelease(stream);
      streams.splice(streams.indexOf(stream), 1);
    }
  };

  for (let step = 0; step < STEPS; step++) {
    const what = roll();
    if (what < 0.6) segment();
    else if (what < 0.65) noise();
    else if (what < 0.7) station.complain(roll() < 0.7 ? 3 : 11, upTo(6), upTo(2000), number(1));
    else if (what < 0.95) user();
    station.run(station.now + (roll() < 0.5 ? 0 : roll() < 0.9 ? upTo(500) : upTo(100_000)));
    station.sent.length = 0;
    station.told.length = 0;
    for (const stream of streams) sane(stream, u32);
    expect(station.imbalance).toBe(0);
  }
  for (const stream of streams) call.tcpRelease(stream);
  for (const listener of listeners) call.tcpCloseListener(listener);
  station.run(station.now + 1e7);
  return station;
}

/** What has to be true of every stream at any time. */
function sane(stream: number, u32: (stream: number, at: number) => number): void {
  const state = u32(stream, abi.STREAM_STATE);
  if (state < abi.STREAM_SYN_SENT || state >= abi.STREAM_TIME_WAIT) return;
  const [una, nxt, max, end] = [108, 112, 116, 120].map((at) => u32(stream, at)) as [number, number, number, number];
  const what = `${STATES[state]} una ${una} nxt ${nxt} max ${max} end ${end}`;
  expect((nxt - una) | 0, what).toBeGreaterThanOrEqual(0);
  expect((max - nxt) | 0, what).toBeGreaterThanOrEqual(0);
  expect((end + 1 - max) | 0, what).toBeGreaterThanOrEqual(0);
  expect(u32(stream, abi.STREAM_MSS), what).toBeGreaterThanOrEqual(52);
  if (state >= abi.STREAM_ESTABLISHED) expect(u32(stream, abi.STREAM_CWND), what).toBeGreaterThanOrEqual(52);
}

const live = (station: Station, which: number): number =>
  new DataView(station.engine.call.memory.buffer, station.engine.call.control()).getUint32(1280 + 32 * which + 20, true);

describe("a station that is sent anything", () => {
  test(`stays in order, in ${RUNS} runs of ${STEPS} steps, and has nothing left when all is let go`, { timeout: 120_000 }, async () => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const station = await play(seed).catch((error: Error) => Promise.reject(new Error(`seed ${seed}: ${error.message}`, { cause: error })));
      const left = [abi.CAPACITY_STREAMS, abi.CAPACITY_CHUNKS, abi.CAPACITY_SOCKETS].map((which) => live(station, which));
      expect(left, `seed ${seed}`).toEqual([0, 0, 0]);
    }
  });
});
