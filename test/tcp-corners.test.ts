/** TCP where two rules meet, RFC by RFC: what is rarely seen and was once wrong. */
import { describe, expect, test } from "vitest";
import { STREAM_BYTES_RECEIVED, STREAM_CWND, STREAM_RETRANSMITS, STREAM_SSTHRESH } from "../assembly/abi";
import { drill, play } from "./tcp/drill";
import { ACCEPTED, WITH_SACK, WITH_TIMESTAMPS } from "./tcp/openings";
import type { Station } from "./tcp/station";

/** Segments `first` … of 1000 bytes each, as they go out at `at`; the last one ends what was written when it is `pushed`. */
function out(at: number, first: number, count: number, pushed = false): string {
  return Array.from({ length: count }, (_, i) => {
    const seq = first + 1000 * i;
    return `${at} > ${pushed && i === count - 1 ? "P." : "."} ${seq}:${seq + 1000} ack 1`;
  }).join("\n");
}

/** A connection with full segments of 1000 bytes and these options on both SYNs. */
const opened = (congestion: number): string => `
  0     do listen
  0     do setListener congestion ${congestion}
  0     do setListener sndbuf 1000000
  0     <  S 0 win 65535 <mss 1000>
  0     >  S. 0 ack 1
  0     <  . 1 ack 1
  0     do accept
`;

describe("recovery with SACK (RFC 6675)", () => {
  test("RFC 6675 §4: what SACK blocks of our own crowded out of a segment sent again is a hole still, and goes next", () => drill`${WITH_SACK}
    0     do write 10000
    ${out(0, 1, 10, true)}
    5     <  . 1001:2001 ack 1
    5     >  . 10001 ack 1 <sack 1001:2001>
    10    <  . 1 ack 1 <sack 1001:10001>
    10    >  . 1:989 ack 1 <sack 1001:2001>
    10    >  . 989:1001 ack 1 <sack 1001:2001>
    20    <  . 1 ack 10001
    20    =  buffered 0
  `);

  test("RFC 6675 §4 (4): the rescue ends with the last byte, whatever SACK blocks of our own leave of a segment", () => drill`${WITH_SACK}
    0     do write 6000
    ${out(0, 1, 6, true)}
    5     <  . 1001:2001 ack 1
    5     >  . 6001 ack 1 <sack 1001:2001>
    10    <  . 1 ack 1 <sack 1001:5001>
    10    >  . 1:989 ack 1
    10    >  . 989:1001 ack 1
    10    >  P. 5013:6001 ack 1
  `);
});

describe("both sides open at once", () => {
  test("RFC 7323 §2.2: the window of the SYN-ACK is as written, that of the next segment is scaled", () => drill`
    0     do connect
    0     >  S 0 <mss 1460,sackok,ts 0 0,ws 7>
    10    <  S 0 win 1000 <mss 1000,ws 7>
    10    >  S. 0 ack 1 <mss 1460,ws 7>
    20    <  S. 0 ack 1 win 1000 <mss 1000,ws 7>
    20    =  state ESTABLISHED
    20    do write 9000
    20    >  . 1:1001 ack 1
    30    <  . 1 ack 1001 win 1000
    ${out(30, 1001, 8, true)}
  `);
});

describe("a window in steps of the scale", () => {
  const NARROW = `
    0     do listen
    0     do setListener rcvbuf 4096
    0     do setListener delack 0
    0     <  S 0 win 65535 <mss 1000,ws 7>
    0     >  S. 0 ack 1 win 4096 <mss 1460,ws 7>
    0     <  . 1 ack 1
    0     do accept
  `;
  /** Where the windows end that are offered in answer to segments of these lengths. */
  const edges = (station: Station, lengths: number[], seq: number): number[] => lengths.map((length) => {
    station.send({ flags: ".", seq, length, ack: 1, win: 65535, options: [] });
    station.run(station.now);
    seq += length;
    const { segment } = station.sent.pop()!;
    expect(segment.ack).toBe(seq);
    return seq + segment.win! * 128;
  });

  test("RFC 9293 §3.8.6: while there is room its end never goes back, whatever the lengths of what comes", async () => {
    const station = await drill`${NARROW}
      0     <  . 1:1001 ack 1
      0     >  . 1 ack 1001
      0     do read 900
    `;
    const ends = edges(station, [24, 100, 30, 78, 127, 1], 1001);
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
    expect(ends[0]).toBeGreaterThanOrEqual(4097 - 127);
  });

  test("RFC 9293 §3.8.6: it never reaches beyond the receive buffer", async () => {
    const station = await drill`${NARROW}`;
    const ends = edges(station, [24, 100, 30, 78, 127, 1, 999, 1000], 1);
    expect(Math.max(...ends)).toBeLessThanOrEqual(4097);
    expect(Math.min(...ends)).toBeGreaterThan(4097 - 128);
  });

  test("RFC 7323 §2.4: what was offered once is taken, though less than a step of it cannot be said any more", () => drill`${NARROW}
    0     <  . 1:1001 ack 1
    0     >  . 1 ack 1001
    0     <  . 1001:2001 ack 1
    0     >  . 1 ack 2001
    0     <  . 2001:3001 ack 1
    0     >  . 1 ack 3001
    0     <  . 3001:4001 ack 1
    0     >  . 1 ack 4001 win 0
    0     <  . 4001:4201 ack 1
    0     >  . 1 ack 4097 win 0
    0     =  readable 4096
  `);
});

describe("NewReno (RFC 6582)", () => {
  test("RFC 6582 §3.2 step 2, §4: after a timeout duplicates of the last number sent before it start nothing; later ones do", () => drill`${opened(1)}
    0     do write 20000
    ${out(0, 1, 10)}
    1000  >  . 1:1001 ack 1
    1010  <  . 1 ack 10001
    ${out(1010, 10001, 2)}
    1011  <  . 1 ack 10001
    ${out(1011, 12001, 1)}
    1012  <  . 1 ack 10001
    ${out(1012, 13001, 1)}
    1013  <  . 1 ack 10001
    1014  <  . 1 ack 10001
    1014  =  ssthresh 5000
    1020  <  . 1 ack 11001
    1021  <  . 1 ack 11001
    ${out(1021, 14001, 1)}
    1022  <  . 1 ack 11001
    ${out(1022, 15001, 1)}
    1023  <  . 1 ack 11001
    ${out(1023, 11001, 1)}
  `);

  test("RFC 6582 §3.2 step 2: after a recovery duplicates of the number that ended it do not start another", () => drill`${opened(1)}
    0     do write 20000
    ${out(0, 1, 10)}
    10    <  . 1 ack 1
    ${out(10, 10001, 1)}
    11    <  . 1 ack 1
    ${out(11, 11001, 1)}
    12    <  . 1 ack 1
    ${out(12, 1, 1)}
    20    <  . 1 ack 12001
    ${out(20, 12001, 2)}
    21    <  . 1 ack 12001
    ${out(21, 14001, 1)}
    22    <  . 1 ack 12001
    ${out(22, 15001, 1)}
    23    <  . 1 ack 12001
    24    <  . 1 ack 12001
    24    =  ssthresh 6000
  `);

  test("RFC 5681 §3.2: duplicates inflate the window by what can have left the network and no more", async () => {
    const station = await drill`${opened(1)}
      0     do write 60000
      ${out(0, 1, 10)}
    `;
    for (let i = 0; i < 63; i++) {
      station.send({ flags: ".", seq: 1, length: 0, ack: 1, win: 65535, options: [] });
      station.run(0);
    }
    expect(station.u32(STREAM_SSTHRESH)).toBe(6000);
    // 12 segments were out, and a duplicate for each of them is the most there can be.
    expect(station.u32(STREAM_CWND)).toBe(18_000);
    await play(station, `${out(0, 10001, 2)}\n${out(0, 1, 1)}\n${out(0, 12001, 6)}`);
    // A partial acknowledgement: 17 segments are out now.
    await play(station, `
      10    <  . 1 ack 1001
      10    >  . 1001:2001 ack 1
      10    =  cwnd 18000
      10    >  . 18001:19001 ack 1
    `);
  });
});

describe("path MTU", () => {
  test("RFC 8201 §4: a router that tells of more than is believed already raises nothing", () => drill`${ACCEPTED}
    0     do write 2920
    0     >  . 1:1461 ack 1
    0     >  P. 1461:2921 ack 1
    5     <  icmp 3/4 1000 about 1
    5     >  . 1:961 ack 1
    5     >  . 961:1921 ack 1
    5     >  . 1921:2881 ack 1
    5     >  P. 2881:2921 ack 1
    6     <  icmp 3/4 1400 about 961
    6     =  mss 960
  `);

  test("RFC 1191 §6.5: too large in the middle of a recovery with SACK: all of it again at once, and no second reduction", () => drill`${WITH_SACK}
    0     do set congestion 1
    0     do write 10000
    ${out(0, 1, 10, true)}
    5     <  . 1 ack 1 <sack 7001:10001>
    ${out(5, 1, 5)}
    5     =  ssthresh 5000
    9     <  icmp 3/4 600 about 1
    9     =  mss 560
    9     >  . 1:561 ack 1
    9     >  . 561:1121 ack 1
    9     >  . 1121:1681 ack 1
    9     >  . 1681:2241 ack 1
    9     >  . 2241:2801 ack 1
    9     >  . 2801:3361 ack 1
    9     >  . 3361:3921 ack 1
    9     >  . 3921:4481 ack 1
    9     >  . 4481:5001 ack 1
    20    <  . 1 ack 5001 <sack 7001:10001>
    20    >  . 5001:5561 ack 1
    20    >  . 5561:6121 ack 1
    20    >  . 6121:6681 ack 1
    20    >  . 6681:7001 ack 1
    30    <  . 1 ack 5001 <sack 5561:6121 7001:10001>
    30    <  . 1 ack 5001 <sack 5561:7001>
    30    =  ssthresh 5000
    40    <  . 1 ack 10001
    40    =  buffered 0
  `);

  test("RFC 1191 §6.3, RFC 5681 §3.1: when larger segments are tried again the window has room for one", () => drill`${ACCEPTED}
    0     do write 1460
    0     >  P. 1:1461 ack 1
    1000  >  P. 1:1461 ack 1
    3000  >  P. 1:1461 ack 1
    7000  >  . 1:537 ack 1
    7010  <  . 1 ack 1461
    7010  =  cwnd 1072
    700000 do write 4000
    700000 > . 1461:2921 ack 1
    700000 = cwnd 1460
  `);
});

describe("answers that could go on for ever", () => {
  const flood = (station: Station, count: number, flags: string, seq: number, options: string[]): number => {
    for (let i = 0; i < count; i++) station.send({ flags, seq, length: 0, ack: flags === "R" ? null : 1, win: 65535, options });
    station.run(station.now);
    return station.sent.splice(0).length;
  };

  test("RFC 5961 §7, RFC 7323 §5.3: acknowledgements with an old timestamp get ten answers in five seconds", async () => {
    const station = await drill`${WITH_TIMESTAMPS}`;
    expect(flood(station, 200, ".", 1, ["ts 499 0"])).toBe(10);
    expect(station.drops("TCP_SEQUENCE")).toBe(200);
  });

  test("RFC 9293 §3.8.4: a keepalive probe is answered though a forger has used up the challenges (RFC 5961 §7)", async () => {
    const station = await drill`${ACCEPTED}`;
    expect(flood(station, 25, "R", 2, [])).toBe(10);
    await play(station, `
      1     <  . 0 ack 1
      1     >  . 1 ack 1
    `);
    expect(flood(station, 200, ".", 0, [])).toBe(9);
  });
});

/** A round trip of 100 ms: writes `bytes`, and acknowledges every segment that is out. */
function roundTrip(station: Station, bytes: number): void {
  station.write(bytes);
  station.run(station.now + 100);
  for (const { segment } of station.sent.splice(0))
    station.send({ flags: ".", seq: 1, length: 0, ack: segment.seq + segment.length, win: 65535, options: [] });
  station.run(station.now);
}

describe("CUBIC (RFC 9438)", () => {
  test("RFC 9438 §5.8: the time in which the user has little to send does not count", async () => {
    const station = await drill`${opened(0)}
      0     do write 12000
      ${out(0, 1, 10)}
      10    <  . 1 ack 1
      ${out(10, 10001, 1)}
      11    <  . 1 ack 1
      11    >  P. 11001:12001 ack 1
      12    <  . 1 ack 1
      ${out(12, 1, 1)}
      20    <  . 1 ack 12001
    `;
    const full = (): number => Math.ceil(station.u32(STREAM_CWND) / 1000) * 1000;
    for (let i = 0; i < 8; i++) roundTrip(station, full());
    const before = station.u32(STREAM_CWND);
    expect(before).toBeGreaterThanOrEqual(station.u32(STREAM_SSTHRESH));
    for (let i = 0; i < 600; i++) roundTrip(station, 1);
    for (let i = 0; i < 3; i++) roundTrip(station, full());
    // Three round trips from where it was; sixty seconds on, the cube would allow half as much again in each.
    expect(station.u32(STREAM_CWND) / before).toBeGreaterThan(1);
    expect(station.u32(STREAM_CWND) / before).toBeLessThan(1.3);
    expect(station.u32(STREAM_RETRANSMITS)).toBe(1);
  });
});

describe("after an idle time", () => {
  test("RFC 5681 §4.1: the window is the first one again though acknowledgements went out meanwhile", async () => {
    const station = await drill`${opened(1)}`;
    for (let i = 0; i < 3; i++) roundTrip(station, 20_000);
    while (station.sent.length > 0) roundTrip(station, 0);
    expect(station.u32(STREAM_CWND)).toBeGreaterThan(12_000);
    // The other side has something to say every 440 ms, and a timeout is a second.
    for (let i = 0; i < 6; i++) {
      await play(station, `
        +400  <  P. ${1 + 10 * i}:${11 + 10 * i} ack 60001
        +40   >  . 60001 ack ${11 + 10 * i}
      `);
    }
    await play(station, `
      +0    do write 1
      +0    >  P. 60001:60002 ack 61
      +0    =  cwnd 10000
    `);
    expect(station.u32(STREAM_BYTES_RECEIVED)).toBe(60);
  });
});

describe("a SYN that comes again", () => {
  test("RFC 7323 §4.3: its timestamp is echoed", () => drill`
    0     do listen
    0     <  S 0 win 65535 <mss 1460,ts 100 0>
    0     >  S. 0 ack 1 <mss 1460,ts 0 100>
    500   <  S 0 win 65535 <mss 1460,ts 600 0>
    500   >  S. 0 ack 1 <mss 1460,ts 500 600>
  `);

  test("RFC 7323 §4.3: that of one that is held is echoed once it is let in", () => drill`
    0     do listenAny
    0     <  S 0 win 65535 <mss 1460,ts 100 0>
    900   <  S 0 win 65535 <mss 1460,ts 1000 0>
    950   do decide 0
    950   >  S. 0 ack 1 <mss 1460,ts 950 1000>
  `);

  test("RFC 6298 §3: what acknowledges a SYN-ACK sent twice is not measured", () => drill`
    0     do listen
    0     <  S 0 win 65535 <mss 1460>
    0     >  S. 0 ack 1
    900   <  S 0 win 65535 <mss 1460>
    900   >  S. 0 ack 1
    910   <  . 1 ack 1
    910   do accept
    910   =  srtt 0
    910   =  rto 1000
  `);

  test("RFC 6298 §3, RFC 7323 §4.1: but by its timestamp it is", () => drill`
    0     do listen
    0     <  S 0 win 65535 <mss 1460,ts 100 0>
    0     >  S. 0 ack 1 <mss 1460,ts 0 100>
    900   <  S 0 win 65535 <mss 1460,ts 1000 0>
    900   >  S. 0 ack 1 <mss 1460,ts 900 1000>
    910   <  . 1 ack 1 <ts 1010 900>
    910   do accept
    910   =  srtt 10
  `);
});

describe("a new connection in TIME-WAIT", () => {
  const ended = (without: number): string => `
    0     do listen
    0     do setListener without ${without}
    0     <  S 1000 win 65535 <mss 1460>
    0     >  S. 0 ack 1001
    0     <  . 1001 ack 1
    0     do accept
    0     do shutdown
    0     >  F. 1 ack 1001
    5     <  F. 1001 ack 2
    5     >  . 2 ack 1002
    5     do release
  `;

  test("RFC 6191 §2: timestamps after a connection without them let it in, whatever its number", () => drill`${ended(0)}
    6     do newPeer
    6     <  S 0 win 65535 <mss 1460,ts 100 0>
    6     >  S. 0 ack 1 <mss 1460,ts 6 100>
    6     <  . 1 ack 1 <ts 100 6>
    6     do accept
    6     =  state ESTABLISHED
  `);

  test("RFC 6191 §2: timestamps that the listener would not agree to prove nothing", () => drill`${ended(7)}
    6     <  S 0 win 65535 <mss 1460,ts 100 0>
    6     >  . 2 ack 1002
  `);
});
