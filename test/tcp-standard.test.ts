/** RFC 9293, point by point: what a station says to a peer that says exactly this. */
import { describe, expect, test } from "vitest";
import * as abi from "../assembly/abi";
import { ipv4 } from "./packets";
import { drill, play } from "./tcp/drill";
import { ACCEPTED } from "./tcp/openings";
import { encodeSegment } from "./tcp/segment";
import { Station } from "./tcp/station";

describe("a connection opens", () => {
  test("RFC 9293 §3.5: from the other side, by three segments", () => drill`
    0     do listen
    0     <  S 0 win 65535 <mss 1460>
    0     >  S. 0 ack 1 win 65535 <mss 1460>
    0     <  . 1 ack 1
    0     =  told ACCEPT
    0     do accept
    0     =  state ESTABLISHED
  `);

  test("RFC 9293 §3.5: from here", () => drill`
    0     do connect
    0     >  S 0 win 65535 <mss 1460,sackok,ts 0 0,ws 7>
    10    <  S. 0 ack 1 win 65535 <mss 1460>
    10    >  . 1 ack 1 win 65535 <>
    10    =  told OPENED
  `);

  test("RFC 9293 §3.5, figure 8: from both sides at once", () => drill`
    0     do connect 7
    0     >  S 0 <mss 1460>
    10    <  S 0 win 65535 <mss 1460>
    10    >  S. 0 ack 1 <mss 1460>
    10    =  state SYN_RECEIVED
    20    <  S. 0 ack 1
    20    =  state ESTABLISHED
    20    =  told OPENED
    20    do write 100
    20    >  P. 1:101 ack 1
  `);

  test("RFC 9293 §3.10.7.3: a SYN-ACK that acknowledges something else is reset, and the opening goes on", () => drill`
    0     do connect 7
    0     >  S 0
    1     <  S. 0 ack 7 win 65535
    1     >  R 7
    1     =  state SYN_SENT
    1000  >  S 0
    1001  <  S. 0 ack 1
    1001  >  . 1 ack 1
    1001  =  told OPENED
  `);

  test("RFC 9293 §3.10.7.3: a reset refuses the connection only when it acknowledges the SYN", () => drill`
    0     do connect 7
    0     >  S 0
    1     <  R 0
    1     =  state SYN_SENT
    1     <  R. 0 ack 5
    1     =  state SYN_SENT
    1     <  R. 0 ack 1
    1     =  state CLOSED
    1     =  told GONE REFUSED
  `);
});


describe("what is not in the window", () => {
  test("RFC 9293 §3.10.7.4: window open, nothing in it: acceptable from RCV.NXT to the window's end, else answered and dropped", () => drill`${ACCEPTED}
    0     do set rcvbuf 4096
    0     <  . 1 ack 1
    0     =  drops TCP_SEQUENCE 0
    0     <  . 262144 ack 1           # the last number of the window offered
    0     =  drops TCP_SEQUENCE 0
    0     <  . 262145 ack 1
    0     >  . 1 ack 1
    0     =  drops TCP_SEQUENCE 1
    0     <  . 0 ack 1                # a keepalive probe
    0     >  . 1 ack 1
    0     =  drops TCP_SEQUENCE 2
  `);

  test("RFC 9293 §3.10.7.4: window open, data in it: what overlaps on the left is cut off, what was read before is only acknowledged", () => drill`${ACCEPTED}
    0     <  P. 1:101 ack 1
    40    >  . 1 ack 101
    50    <  P. 51:151 ack 1
    50    >  . 1 ack 151
    60    <  P. 1:101 ack 1
    60    >  . 1 ack 151
    60    =  drops TCP_SEQUENCE 1
    60    do read 150
  `);

  test("RFC 9293 §3.10.7.4: window shut: only an empty segment at RCV.NXT is acceptable, and its acknowledgement counts", () => drill`
    0     do listen
    0     do setListener rcvbuf 2048
    0     <  S 0 win 65535 <mss 1460>
    0     >  S. 0 ack 1 win 2048
    0     <  . 1 ack 1
    0     do accept
    0     do set nodelay 1
    0     <  . 1:1025 ack 1
    0     <  P. 1025:2049 ack 1
    0     >  . 1 ack 2049 win 0
    10    do write 10
    10    >  P. 1:11 ack 2049 win 0
    10    do write 10
    10    >  P. 11:21 ack 2049 win 0
    20    <  . 2049 ack 11            # acceptable
    20    =  buffered 10
    20    <  P. 2049:2050 ack 21      # not acceptable; answered, and what it acknowledges is taken
    20    >  . 21 ack 2049 win 0
    20    =  drops TCP_SEQUENCE 1
    20    =  buffered 0
    20    <  . 2050 ack 21
    20    >  . 21 ack 2049 win 0
    20    =  drops TCP_SEQUENCE 2
  `);

  test("RFC 9293 §3.10.7.4: an unacceptable reset is dropped without a word", () => drill`${ACCEPTED}
    0     <  R 300000
    0     =  state ESTABLISHED
    0     =  drops TCP_SEQUENCE 1
  `);

  test("RFC 9293 §3.10.7.4: what reaches beyond the window is cut off on the right", () => drill`
    0     do listen
    0     do setListener rcvbuf 2048
    0     <  S 0 win 65535 <mss 1460>
    0     >  S. 0 ack 1 win 2048
    0     <  . 1 ack 1
    0     do accept
    0     <  P. 1:1461 ack 1
    0     <  P. 1461:2921 ack 1
    0     >  . 1 ack 2049 win 0
    0     =  readable 2048
  `);
});

describe("resets and forgeries", () => {
  test("RFC 5961 §3.2: a reset at exactly RCV.NXT ends the connection", () => drill`${ACCEPTED}
    0     <  R 1
    0     =  told GONE RESET
    0     =  state CLOSED
  `);

  test("RFC 5961 §3.2: a reset elsewhere in the window is challenged", () => drill`${ACCEPTED}
    0     <  R 2
    0     >  . 1 ack 1
    0     =  state ESTABLISHED
  `);

  test("RFC 5961 §4.2: a SYN on a connection is challenged, in the window or not", () => drill`${ACCEPTED}
    0     <  S 50 win 1000
    0     >  . 1 ack 1
    0     <  S 0 win 1000
    0     >  . 1 ack 1
    0     <  S. 500000 ack 1 win 1000
    0     >  . 1 ack 1
    0     =  state ESTABLISHED
  `);

  test("RFC 5961 §5.2: an acknowledgement outside [SND.UNA - MAX.SND.WND, SND.NXT] is challenged, and its data dropped", () => drill`${ACCEPTED}
    0     do write 100
    0     >  P. 1:101 ack 1
    0     <  P. 1:11 ack 102
    0     >  . 101 ack 1
    0     <  P. 1:11 ack 4294901000     # 66297 before
    0     >  . 101 ack 1
    0     =  readable 0
    0     <  P. 1:11 ack 4294901900     # 65397 before: old, but possible
    40    >  . 101 ack 11
    40    =  readable 10
    40    <  . 11 ack 101
  `);

  test("RFC 5961 §7: ten challenges in five seconds, no more", async () => {
    const station = await drill`${ACCEPTED}`;
    for (let i = 0; i < 25; i++) station.send({ flags: "R", seq: 2 + i, length: 0, ack: null, win: 0, options: [] });
    station.run(0);
    expect(station.sent.splice(0)).toHaveLength(10);
    await play(station, `
      4999  <  R 2
      5000  <  R 2
      5000  >  . 1 ack 1
    `);
  });

  test("RFC 9293 §3.10.7.1: a closed port answers with the number that is acknowledged, or acknowledges what came", () => drill`
    0     <  . 77 ack 99
    0     >  R 99
    0     <  S 77 win 1000
    0     >  R. 0 ack 78
    0     <  PF 10:20
    0     >  R. 0 ack 21
    0     <  R 5
    0     <  R. 5 ack 7
    0     =  drops TCP_CLOSED 5
  `);

  test("RFC 9293 §3.10.7.4: in SYN-RECEIVED a wrong acknowledgement is reset; a reset sends it back to where it came from", () => drill`
    0     do listen 1
    0     <  S 0 win 65535
    0     >  S. 0 ack 1
    0     <  . 1 ack 9
    0     >  R 9
    0     <  R 1
    0     =  told
    0     do newPeer
    0     <  S 0 win 65535              # the backlog of one has room again
    0     >  S. 0 ack 1
  `);

  test("RFC 9293 §3.10.7.2: who acknowledges to a listener is reset, who resets it is not heard", () => drill`
    0     do listen
    0     <  . 5 ack 9
    0     >  R 9
    0     <  R 5
    0     <  F 5
  `);
});

describe("sequence numbers wrap", () => {
  test("RFC 9293 §3.4: the peer's begin 16 before the end, with a gap across it", () => drill`
    0     do peerIsn 0xfffffff0
    0     do listen
    0     <  S 0 win 65535
    0     >  S. 0 ack 1
    0     <  . 1 ack 1
    0     do accept
    0     <  P. 11:41 ack 1
    0     >  . 1 ack 1
    0     <  P. 1:11 ack 1
    0     >  . 1 ack 41
    0     do read 40
    0     <  F. 41 ack 1
    0     >  . 1 ack 42
    0     =  state CLOSE_WAIT
  `);

  test("RFC 9293 §3.4: ours begin 16 before the end", async () => {
    const station = await Station.create();
    await play(station, `
      0     do isn 0xfffffff0
      0     do connect 7
      0     >  S 0
      0     <  S. 0 ack 1 win 3000
      0     >  . 1 ack 1
      0     do set nodelay 1
      0     do write 2000
      0     >  . 1:537 ack 1
      0     >  . 537:1073 ack 1
      0     >  . 1073:1609 ack 1
      0     >  P. 1609:2001 ack 1
      10    <  . 1 ack 537 win 3000
      10    <  . 1 ack 2001 win 3000
      10    =  buffered 0
      10    do shutdown
      10    >  F. 2001 ack 1
      10    <  . 1 ack 2002 win 3000
      10    =  state FIN_WAIT_2
    `);
    expect(station.isn).toBe(0xfffffff0);
  });
});

describe("windows and small segments", () => {
  const NARROW = `
    0     do listen
    0     <  S 0 win 1000 <mss 1000>
    0     >  S. 0 ack 1
    0     <  . 1 ack 1 win 1000
    0     do accept
    0     do write 3000
    0     >  . 1:1001 ack 1
    10    <  . 1 ack 1001 win 0
  `;

  test("RFC 9293 §3.8.6.1: a shut window is probed after the timeout, then at twice the time, for ever while there are answers", async () => {
    const station = await drill`${NARROW}`;
    let at = 10;
    for (let interval = 1000; at < 3_600_000; interval = Math.min(60_000, 2 * interval)) {
      at += interval;
      await play(station, `
        ${at}  >  . 1001:1002 ack 1
        ${at}  <  . 1 ack 1001 win 0
      `);
    }
    await play(station, `
      +5    <  . 1 ack 1001 win 1000
      +0    >  . 1001:2001 ack 1
      +10   <  . 1 ack 2001 win 1000
      +0    >  P. 2001:3001 ack 1
      +0    =  state ESTABLISHED
    `);
  });

  test("RFC 9293 §3.8.6.1: a probe that is taken opens the way", () => drill`${NARROW}
    1010  >  . 1001:1002 ack 1
    1010  <  . 1 ack 1002 win 1000
    1010  >  . 1002:2002 ack 1
  `);

  test("RFC 9293 §3.8.6.1: both windows are shut, both have probed, both answers are lost: what is new in an old segment counts", () => drill`
    0     do listen
    0     <  S 0 win 1000 <mss 1000>
    0     >  S. 0 ack 1
    0     <  . 1 ack 1 win 1000
    0     do accept
    0     do write 3000
    0     >  . 1:1001 ack 1
    5     <  P. 1:2 ack 1001 win 0
    45    >  . 1001 ack 2                # does not arrive
    1005  >  . 1001:1002 ack 2
    1010  <  P. 1:2 ack 1002 win 1000    # it has ours, and does not know that we have its
    1010  >  . 1002:2002 ack 2
    1010  =  drops TCP_SEQUENCE 1
  `);

  test("RFC 9293 §3.8.6.1: nobody answers the probes: the connection is given up", () => drill`${NARROW}
    0     do set giveup 5000
    1010  >  . 1001:1002 ack 1
    3010  >  . 1001:1002 ack 1
    7010  =  told ACCEPT, GONE TIMED_OUT
  `);

  test("RFC 9293 §3.8.6: our window never shrinks, whatever buffer we are told to have", () => drill`
    0     do listen
    0     do setListener rcvbuf 10000
    0     <  S 0 win 65535 <mss 1000>
    0     >  S. 0 ack 1 win 10000
    0     <  . 1 ack 1
    0     do accept
    0     do set rcvbuf 4000
    0     <  P. 1:1001 ack 1
    40    >  . 1 ack 1001 win 9000
    40    <  P. 1001:2001 ack 1
    40    <  P. 2001:3001 ack 1
    40    >  . 1 ack 3001 win 7000
    40    do read 3000
    50    <  P. 3001:4001 ack 1
    50    <  P. 4001:5001 ack 1
    50    >  . 1 ack 5001 win 5000
    50    do read 2000                   # 4000 from here would be less than was offered
    60    <  P. 5001:6001 ack 1
    60    <  P. 6001:7001 ack 1
    60    >  . 1 ack 7001 win 3000
    60    do read 2000
    70    <  P. 7001:7501 ack 1
    110   >  . 1 ack 7501 win 3500
  `);

  test("RFC 9293 §3.8.6.2.1: the sender waits for a window worth a segment, or half of the largest it has seen", () => drill`
    0     do listen
    0     <  S 0 win 2000 <mss 1000>
    0     >  S. 0 ack 1
    0     <  . 1 ack 1 win 2000
    0     do accept
    0     do write 5000
    0     >  . 1:1001 ack 1
    0     >  . 1001:2001 ack 1
    10    <  . 1 ack 2001 win 300       # silly
    20    <  . 1 ack 2001 win 999       # silly still
    30    <  . 1 ack 2001 win 1000
    30    >  . 2001:3001 ack 1
    40    <  . 1 ack 3001 win 1400
    40    >  . 3001:4001 ack 1
  `);

  test("RFC 9293 §3.8.6.2.1: a small window is used after all when the persist timer runs out", () => drill`
    0     do listen
    0     <  S 0 win 2000 <mss 1000>
    0     >  S. 0 ack 1
    0     <  . 1 ack 1 win 2000
    0     do accept
    0     do write 2500
    0     >  . 1:1001 ack 1
    0     >  . 1001:2001 ack 1
    10    <  . 1 ack 2001 win 300
    1010  >  . 2001:2301 ack 1
    1020  <  . 1 ack 2301 win 2000
    1020  >  P. 2301:2501 ack 1
  `);

  test("RFC 9293 §3.8.6.2.2: the receiver opens its window in steps worth a segment", () => drill`
    0     do listen
    0     do setListener rcvbuf 4000
    0     <  S 0 win 65535 <mss 1000>
    0     >  S. 0 ack 1 win 4000
    0     <  . 1 ack 1
    0     do accept
    0     <  . 1:1001 ack 1
    0     <  . 1001:2001 ack 1
    0     >  . 1 ack 2001 win 2000
    0     <  . 2001:3001 ack 1
    0     <  P. 3001:4001 ack 1
    0     >  . 1 ack 4001 win 0
    0     do read 999
    0     do read 1
    0     >  . 1 ack 4001 win 1000
    0     do read 999                    # 999 more are free, and nobody is told
    0     <  P. 4001:4002 ack 1
    40    >  . 1 ack 4002 win 999
  `);

  test("RFC 9293 §3.7.4: with Nagle one small segment is under way, and what follows waits for its answer", () => drill`${ACCEPTED}
    0     do write 10
    0     >  P. 1:11 ack 1
    0     do write 10
    1     do write 10
    5     <  . 1 ack 11
    5     >  P. 11:31 ack 1
    5     do write 1450
    6     do write 10
    6     >  P. 31:1491 ack 1            # a full one does not wait
  `);

  test("RFC 9293 §3.7.4: without Nagle every write leaves at once", () => drill`${ACCEPTED}
    0     do set nodelay 1
    0     do write 10
    0     >  P. 1:11 ack 1
    0     do write 10
    0     >  P. 11:21 ack 1
  `);
});

describe("segment sizes", () => {
  test("RFC 9293 §3.7.1: no MSS option means 536", () => drill`
    0     do listen
    0     <  S 0 win 65535
    0     >  S. 0 ack 1 <mss 1460>
    0     <  . 1 ack 1
    0     do accept
    0     =  mss 536
    0     do write 600
    0     >  . 1:537 ack 1
  `);

  test("RFC 6691: the option is the MTU less 40, whatever options segments carry; these come out of the payload", () => drill`
    0     do listen
    0     <  S 0 win 65535 <mss 1200,ts 1 0>
    0     >  S. 0 ack 1 <mss 1460,ts 0 1>
    0     <  . 1 ack 1 <ts 1 0>
    0     do accept
    0     =  mss 1188
    0     do write 1189
    0     >  . 1:1189 ack 1 <ts 0 1>
  `);

  test("an MSS of 8 is taken for 64: a header per byte is an attack", () => drill`
    0     do listen
    0     <  S 0 win 65535 <mss 8>
    0     >  S. 0 ack 1
    0     <  . 1 ack 1
    0     do accept
    0     =  mss 64
  `);
});

describe("a connection ends", () => {
  test("RFC 9293 §3.6: from here; TIME-WAIT answers a FIN that comes again, and then lasts as long once more", () => drill`${ACCEPTED}
    0     do set timewait 10000
    0     do shutdown
    0     >  F. 1 ack 1
    0     =  state FIN_WAIT_1
    10    <  . 1 ack 2
    10    =  state FIN_WAIT_2
    20    <  F. 1 ack 2
    20    >  . 2 ack 2
    20    =  state TIME_WAIT
    20    =  told ENDED GONE
    5000  <  F. 1 ack 2
    5000  >  . 2 ack 2
    14999 =  state TIME_WAIT
    15001 =  state CLOSED
    15001 =  told
  `);

  test("RFC 9293 §3.6: from the other side", () => drill`${ACCEPTED}
    0     <  F. 1 ack 1
    0     >  . 1 ack 2
    0     =  state CLOSE_WAIT
    0     =  told ENDED
    9     do shutdown
    9     >  F. 1 ack 2
    9     =  state LAST_ACK
    10    <  . 2 ack 2
    10    =  state CLOSED
    10    =  told GONE
  `);

  test("RFC 9293 §3.6, figure 13: from both sides at once", () => drill`${ACCEPTED}
    0     do shutdown
    0     >  F. 1 ack 1
    5     <  F. 1 ack 1
    5     >  . 2 ack 2
    5     =  state CLOSING
    10    <  . 2 ack 2
    10    =  state TIME_WAIT
  `);

  test("RFC 9293 §3.6: FIN and its acknowledgement in one segment", () => drill`${ACCEPTED}
    0     do shutdown
    0     >  F. 1 ack 1
    5     <  F. 1 ack 2
    5     >  . 2 ack 2
    5     =  state TIME_WAIT
  `);

  test("RFC 9293 §3.10.4: what was written goes out before the FIN, and with it", () => drill`${ACCEPTED}
    0     do write 1470
    0     >  . 1:1461 ack 1
    0     do shutdown
    0     >  FP. 1461:1471 ack 1
    0     =  state FIN_WAIT_1
    5     <  . 1 ack 1471
    5     =  state FIN_WAIT_1
    5     <  . 1 ack 1472
    5     =  state FIN_WAIT_2
  `);

  test("RFC 9293 §3.6: half closed from here, the other side talks on for an hour", () => drill`${ACCEPTED}
    0     do shutdown
    0     >  F. 1 ack 1
    0     <  . 1 ack 2
    1800000 <  P. 1:101 ack 2
    1800040 >  . 2 ack 101
    3600000 <  FP. 101:201 ack 2
    3600000 >  . 2 ack 202
    3600000 do read 200
    3600000 =  state TIME_WAIT
  `);

  test("RFC 9293 §3.6: half closed from there, we talk on for an hour", () => drill`${ACCEPTED}
    0     <  F. 1 ack 1
    0     >  . 1 ack 2
    3600000 do write 100
    3600000 >  P. 1:101 ack 2
    3600000 <  . 2 ack 101
    3600000 =  state CLOSE_WAIT
    3600000 do shutdown
    3600000 >  F. 101 ack 2
    3600000 <  . 2 ack 102
    3600000 =  state CLOSED
  `);

  test("RFC 9293 §3.10.5: an abort is a reset, and says nothing to its own user", () => drill`${ACCEPTED}
    0     do write 10
    0     >  P. 1:11 ack 1
    0     do abort
    0     >  R 11
    0     =  state CLOSED
    0     =  told
  `);

  test("RFC 2525 §2.17: letting go of data that nobody has read is a reset", () => drill`${ACCEPTED}
    0     <  P. 1:11 ack 1
    0     do release
    0     >  R 1
  `);

  test("RFC 9293 §3.6.1: data for a user who has let go is a reset; who let go after reading all closes in order", () => drill`${ACCEPTED}
    0     do release
    0     >  F. 1 ack 1
    1     <  . 1 ack 2
    2     <  P. 1:11 ack 2
    2     >  R 2
    3     <  . 11 ack 2
    3     >  R 2
  `);

  test("a FIN that overtakes data waits for it", () => drill`${ACCEPTED}
    0     <  F. 11 ack 1
    0     >  . 1 ack 1
    0     =  state ESTABLISHED
    0     <  P. 1:11 ack 1
    0     >  . 1 ack 12
    0     =  state CLOSE_WAIT
    0     do read 10
  `);

  test("RFC 6191 §2: in TIME-WAIT a SYN with a larger number opens a new connection, a smaller one is challenged", () => drill`${ACCEPTED}
    0     do shutdown
    0     >  F. 1 ack 1
    5     <  F. 1 ack 2
    5     >  . 2 ack 2
    6     <  S 1 win 65535
    6     >  . 2 ack 2
    7     =  state TIME_WAIT
    7     do release
    8     do newPeer
    8     <  S 5 win 65535
    8     >  S. 0 ack 6
    8     <  . 6 ack 1
    8     do accept
    8     =  state ESTABLISHED
  `);

  test("RFC 6191 §2: with timestamps the larger timestamp decides", () => drill`
    0     do listen
    0     <  S 0 win 65535 <ts 100 0>
    0     >  S. 0 ack 1 <mss 1460,ts 0 100>
    0     <  . 1 ack 1 <ts 100 0>
    0     do accept
    0     do shutdown
    0     >  F. 1 ack 1
    5     <  F. 1 ack 2 <ts 105 0>
    5     >  . 2 ack 2
    6     <  S 900 win 65535 <ts 104 0>
    6     >  . 2 ack 2
    6     do release
    7     do newPeer
    7     <  S 0 win 65535 <ts 106 0>
    7     >  S. 0 ack 1 <mss 1460,ts 7 106>
  `);
});

describe("acknowledgements wait a little", () => {
  test("RFC 9293 §3.8.6.3: every second full segment is acknowledged at once, one alone after 40 ms", () => drill`${ACCEPTED}
    0     <  . 1:1461 ack 1
    1     <  . 1461:2921 ack 1
    1     >  . 1 ack 2921
    2     <  . 2921:4381 ack 1
    42    >  . 1 ack 4381
  `);

  test("RFC 9293 §3.8.6.3: no longer than half a second, whatever is asked for", () => drill`${ACCEPTED}
    0     do set delack 5000
    0     <  P. 1:11 ack 1
    500   >  . 1 ack 11
  `);

  test("RFC 9293 §3.8.6.3: or not at all", () => drill`${ACCEPTED}
    0     do set delack 0
    0     <  P. 1:11 ack 1
    0     >  . 1 ack 11
  `);

  test("data that leaves carries the acknowledgement", () => drill`${ACCEPTED}
    0     <  P. 1:11 ack 1
    10    do write 5
    10    >  P. 1:6 ack 11
    100   <  . 11 ack 6
    2000  =  state ESTABLISHED
  `);

  test("RFC 5681 §4.2: out of order, and what fills the gap, is acknowledged at once", () => drill`${ACCEPTED}
    0     <  . 1461:2921 ack 1
    0     >  . 1 ack 1
    0     <  . 1:1461 ack 1
    0     >  . 1 ack 2921
  `);
});

describe("initial sequence numbers", () => {
  const isnAt = async (table: string, reseed?: [number, number]): Promise<number> => {
    const station = await Station.create();
    if (reseed) station.engine.call.nodeReseed(station.node, ...reseed);
    await play(station, table);
    return station.isn!;
  };
  const opened = (at: number, port: number): string => `
    0     do peerPort ${port}
    ${at} do connect
    ${at} >  S 0
  `;

  test("RFC 6528 §3: the same endpoints count up by one every 4 µs", async () => {
    const [first, later] = [await isnAt(opened(0, 5000)), await isnAt(opened(1000, 5000))];
    expect((later - first) >>> 0).toBe(250_000);
  });

  test("RFC 6528 §3: other endpoints tell nothing about these", async () => {
    const found: number[] = [];
    for (let port = 5000; port < 5008; port++) found.push(await isnAt(opened(0, port)));
    const gaps = found.slice(1).map((isn, i) => (isn - found[i]!) >>> 0);
    expect(new Set(gaps).size).toBe(gaps.length);
    expect(Math.max(...gaps)).toBeGreaterThan(2 ** 28);
  });

  test("the same seed gives the same number, a station seeded anew (as in a fork) another", async () => {
    expect(await isnAt(opened(0, 5000))).toBe(await isnAt(opened(0, 5000)));
    expect(await isnAt(opened(0, 5000), [8, 9])).not.toBe(await isnAt(opened(0, 5000)));
  });
});

describe("keepalive", () => {
  test("RFC 9293 §3.8.4: is off unless asked for: a week of silence changes nothing", () => drill`${ACCEPTED}
    604800000 = state ESTABLISHED
  `);

  test("RFC 9293 §3.8.4: after two hours a probe that must be answered; an answer gives two more", () => drill`${ACCEPTED}
    0     do set keepalive 7200000
    7200000  > . 0 ack 1
    7200000  < . 1 ack 1
    14400000 > . 0 ack 1
    14400000 < . 1 ack 1
    14400000 = state ESTABLISHED
  `);

  test("RFC 9293 §3.8.4: nine unanswered probes end it", () => drill`${ACCEPTED}
    0     do set keepalive 7200000
    7200000 > . 0 ack 1
    +75000 > . 0 ack 1
    +75000 > . 0 ack 1
    +75000 > . 0 ack 1
    +75000 > . 0 ack 1
    +75000 > . 0 ack 1
    +75000 > . 0 ack 1
    +75000 > . 0 ack 1
    +75000 > . 0 ack 1
    +75000 = told GONE TIMED_OUT
  `);
});

describe("listeners", () => {
  test("the backlog counts half-open connections; who comes after is not heard, and may come again", () => drill`
    0     do listen 1
    0     <  S 0 win 65535
    0     >  S. 0 ack 1
    0     do peerPort 5001
    0     <  S 0 win 65535
    0     =  drops TCP_BACKLOG 1
    0     do peerPort 5000
    0     <  . 1 ack 1
    0     do accept
    0     do peerPort 5001
    0     do newPeer
    0     <  S 0 win 65535
    0     >  S. 0 ack 1
  `);

  test("a listener that closes resets who waits for it", () => drill`
    0     do listen
    0     <  S 0 win 65535
    0     >  S. 0 ack 1
    0     <  . 1 ack 1
    0     do close
    0     >  R 1
    0     <  . 1 ack 1
    0     >  R 1
  `);

  test("a SYN is held until it is decided: accepted", () => drill`
    0     do listenAny
    0     <  S 0 win 65535
    0     =  told SYN
    1000  <  S 0 win 65535               # asked again, and not told again
    1000  =  told
    1500  do decide 0
    1500  >  S. 0 ack 1
    1500  <  . 1 ack 1
    1500  do accept
    1500  =  state ESTABLISHED
  `);

  test("a SYN is held until it is decided: reset", () => drill`
    0     do listenAny
    0     <  S 0 win 65535
    0     do decide 1
    0     >  R. 0 ack 1
    0     do newPeer
    0     <  S 0 win 65535
    0     =  told SYN, SYN
  `);

  test("a SYN is held until it is decided: unreachable", () => drill`
    0     do listenAny
    0     <  S 0 win 65535
    0     do decide 2 10
    0     >  icmp 3/10
  `);

  test("who asks no more is not held on to: the next SYN is overdue", () => drill`
    0     do listenAny
    0     <  S 0 win 65535
    1000  <  S 0 win 65535
    3000  <  S 0 win 65535
    9900  =  told SYN
    10100 =  told SYN GONE
  `);

  test("who takes a held SYN back is heard at once, and so is who does so before it is accepted", () => drill`
    0     do listenAny
    0     <  S 0 win 65535
    10    <  R 1
    10    =  told SYN, SYN GONE
    20    do newPeer
    20    <  S 0 win 65535
    30    do decide 0
    30    >  S. 0 ack 1
    30    <  . 1 ack 1
    40    <  R 1
    40    =  told SYN, ACCEPT, SYN GONE
  `);

  test("a listener on the port comes before the one for all", () => drill`
    0     do listenAny
    0     do listen
    0     <  S 0 win 65535
    0     >  S. 0 ack 1
  `);
});

describe("a wrong checksum", () => {
  test("is dropped under its name", async () => {
    const station = await drill`${ACCEPTED}`;
    station.send({ flags: "P.", seq: 1, length: 100, ack: 1, win: 1000, options: [] });
    station.run(40);
    expect(station.sent.splice(0)).toHaveLength(1);
    const bytes = encodeSegment({ flags: "P.", seq: 101, length: 100, ack: 1, win: 1000, options: [] }, [5000, 80],
      [station.peerIsn, station.isn!], [[192, 0, 2, 2], [192, 0, 2, 1]], () => 7);
    bytes[60]! ^= 1;
    station.inject(ipv4({ protocol: 6, bytes, checksumAt: -1 }, { src: [192, 0, 2, 2], dst: [192, 0, 2, 1] }));
    station.run(100);
    expect(station.drops("TCP_CHECKSUM")).toBe(1);
    expect(station.u32(abi.STREAM_BYTES_RECEIVED)).toBe(100);
  });
});
