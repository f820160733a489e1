/** TCP's extensions, RFC by RFC: what a station says to a peer that says exactly this. */
import { describe, expect, test } from "vitest";
import { STREAM_CWND, STREAM_SSTHRESH } from "../assembly/abi";
import { drill } from "./tcp/drill";
import { ACCEPTED, CONNECTED, WITH_SACK, WITH_TIMESTAMPS } from "./tcp/openings";
import type { Station } from "./tcp/station";

describe("window scale (RFC 7323 §2)", () => {
  test("is used when both SYNs have it; the window of a SYN is not scaled", () => drill`
    0     do listen
    0     <  S 0 win 1000 <mss 1000,ws 3>
    0     >  S. 0 ack 1 win 65535 <mss 1460,ws 7>
    0     <  . 1 ack 1 win 250
    0     do accept
    0     do write 8000
    0     >  . 1:1001 ack 1 win 2048
    0     >  . 1001:2001 ack 1 win 2048          # 250 << 3
  `);

  test("is not used when the other SYN has none", () => drill`
    0     do connect
    0     >  S 0 win 65535 <mss 1460,sackok,ts 0 0,ws 7>
    0     <  S. 0 ack 1 win 1000 <mss 1000>
    0     >  . 1 ack 1 win 65535 <>
    0     do write 3000
    0     >  . 1:1001 ack 1
  `);

  test("counts from the SYN that has it: before the third segment the window is as written", () => drill`
    0     do connect
    0     >  S 0
    0     <  S. 0 ack 1 win 2000 <mss 1000,ws 7>
    0     >  . 1 ack 1 win 2048
    0     do write 9000
    0     >  . 1:1001 ack 1
    0     >  . 1001:2001 ack 1
  `);

  test("a shift of more than 14 is taken for 14", () => drill`
    0     do listen
    0     <  S 0 win 1000 <mss 1000,ws 20>
    0     >  S. 0 ack 1
    0     <  . 1 ack 1 win 1
    0     do accept
    0     do write 16400 16400
    0     >  . 1:1001 ack 1
    0     >  . 1001:2001 ack 1
    0     >  . 2001:3001 ack 1
    0     >  . 3001:4001 ack 1
    0     >  . 4001:5001 ack 1
    0     >  . 5001:6001 ack 1
    0     >  . 6001:7001 ack 1
    0     >  . 7001:8001 ack 1
    0     >  . 8001:9001 ack 1
    0     >  . 9001:10001 ack 1                  # the congestion window ends here, not the offered one of 1 << 14
    10    <  . 1 ack 10001 win 1
    10    >  . 10001:11001 ack 1
    10    >  . 11001:12001 ack 1
    10    >  . 12001:13001 ack 1
    10    >  . 13001:14001 ack 1
    10    >  . 14001:15001 ack 1
    10    >  . 15001:16001 ack 1
    20    <  . 1 ack 16001 win 1
    20    >  P. 16001:16401 ack 1
  `);
});

describe("timestamps (RFC 7323 §3 to §5)", () => {
  test("§3.2: once agreed they are on every segment but resets; one without them is dropped", () => drill`${WITH_TIMESTAMPS}
    5     do write 10
    5     >  P. 1:11 ack 1 <ts 5 500>
    6     <  . 1 ack 11
    6     =  drops TCP_SEQUENCE 1
    6     =  buffered 10
    7     <  . 1 ack 11 <ts 507 5>
    7     =  buffered 0
    8     <  P. 1:11 ack 11 <ts 508 5>
    48    >  . 11 ack 11 <ts 48 508>
    48    =  told READABLE
    50    <  R 11
    50    =  told GONE RESET
  `);

  test("§3.2: not on a SYN-ACK when the SYN had none", () => drill`
    0     do listen
    0     <  S 0 win 65535 <mss 1460>
    0     >  S. 0 ack 1 <mss 1460>
    0     <  . 1 ack 1
    0     do accept
    0     do write 1
    0     >  P. 1:2 ack 1 <>
  `);

  test("§5.3, PAWS: an older timestamp is acknowledged and dropped, numbers in the window or not", () => drill`${WITH_TIMESTAMPS}
    5     <  P. 1:11 ack 1 <ts 499 0>
    5     >  . 1 ack 1 <ts 5 500>
    5     =  drops TCP_SEQUENCE 1
    5     =  readable 0
    6     <  P. 1:11 ack 1 <ts 500 0>
    46    >  . 1 ack 11
  `);

  test("§5.3, PAWS: the comparison wraps", () => drill`
    0     do listen
    0     <  S 0 win 65535 <ts 4294967290 0>
    0     >  S. 0 ack 1 <mss 1460,ts 0 4294967290>
    0     <  . 1 ack 1 <ts 3 0>
    0     do accept
    5     <  P. 1:11 ack 1 <ts 4294967295 0>
    5     >  . 1 ack 1 <ts 5 3>
  `);

  test("§5.5: after 24 days of silence any timestamp is new", () => drill`${WITH_TIMESTAMPS}
    2073600000 < P. 1:11 ack 1 <ts 499 0>
    2073600000 > . 1 ack 1
    2073600000 = readable 0
    2073600002 < P. 1:11 ack 1 <ts 499 0>
    2073600042 > . 1 ack 11 <ts 2073600042 499>
  `);

  test("§4.3: only a segment at or before the last acknowledgement gives the timestamp to echo", () => drill`${WITH_TIMESTAMPS}
    5     <  . 1:101 ack 1 <ts 505 0>          # taken
    6     <  . 101:201 ack 1 <ts 506 0>        # begins after the last acknowledgement: not taken
    6     >  . 1 ack 201 <ts 6 505>
    50    <  . 301:401 ack 1 <ts 550 0>        # after a gap: not taken
    50    >  . 1 ack 201 <ts 50 505>
    60    <  . 201:301 ack 1 <ts 560 0>
    60    >  . 1 ack 401 <ts 60 560>
  `);

  test("§4.1, RTTM: a segment that was sent again is measured by the timestamp that comes back", () => drill`${WITH_TIMESTAMPS}
    0     do write 10
    0     >  P. 1:11 ack 1 <ts 0 500>
    1000  >  P. 1:11 ack 1 <ts 1000 500>
    1300  <  . 1 ack 11 <ts 1800 1000>
    1300  =  srtt 37.5
  `);
});

describe("a lost acknowledgement", () => {
  test("RFC 7323 §4.3: what is sent again because of it has its timestamp echoed", () => drill`${WITH_TIMESTAMPS}
    5     <  P. 1:11 ack 1 <ts 505 0>
    45    >  . 1 ack 11 <ts 45 505>
    305   <  P. 1:11 ack 1 <ts 805 0>
    305   >  . 1 ack 11 <ts 305 805>
  `);

  test("RFC 6298 §3: a timestamp from before the segment was sent again measures nothing", () => drill`${WITH_TIMESTAMPS}
    10    do write 10
    10    >  P. 1:11 ack 1 <ts 10 500>
    20    <  . 1 ack 11 <ts 520 10>
    20    do write 10
    20    >  P. 11:21 ack 1 <ts 20 520>
    1020  >  P. 11:21 ack 1 <ts 1020 520>
    1030  <  . 1 ack 21 <ts 1530 20>
    1030  =  srtt 1.25
    1030  =  rto 2000
  `);
});

describe("the retransmission timeout (RFC 6298)", () => {
  test("§2.1: one second before anything is measured; §5.5: doubled each time; the cap is a minute", () => drill`
    0     do connect 7
    0     >  S 0
    1000  >  S 0
    3000  >  S 0
    7000  >  S 0
    15000 >  S 0
    31000 >  S 0
    63000 >  S 0
    123000 > S 0
    183000 = told GONE TIMED_OUT
  `);

  test("§2.2: the first measurement R gives SRTT = R, RTTVAR = R/2, RTO = SRTT + 4 RTTVAR", () => drill`
    0     do connect 7
    0     >  S 0
    400   <  S. 0 ack 1 win 65535
    400   >  . 1 ack 1
    400   =  srtt 400
    400   =  rttvar 200
    400   =  rto 1200
  `);

  test("§2.3: later ones weigh 1/8 and 1/4", () => drill`
    0     do connect 7
    0     >  S 0
    400   <  S. 0 ack 1 win 65535
    400   >  . 1 ack 1
    400   do write 10
    400   >  P. 1:11 ack 1
    1200  <  . 1 ack 11
    1200  =  rttvar 250                     # 3/4 x 200 + 1/4 x |400 - 800|
    1200  =  srtt 450                       # 7/8 x 400 + 1/8 x 800
    1200  =  rto 1450
  `);

  test("§2.4: never below the floor, which can be set", () => drill`
    0     do listen
    0     do setListener minrto 200
    0     <  S 0 win 65535
    0     >  S. 0 ack 1
    10    <  . 1 ack 1
    10    do accept
    10    =  rto 200
    10    do write 10
    10    >  P. 1:11 ack 1
    210   >  P. 1:11 ack 1
    610   >  P. 1:11 ack 1
  `);

  test("§3, Karn: what was sent twice is not measured without timestamps, and the timeout stays backed off", () => drill`${CONNECTED}
    0     do write 10
    0     >  P. 1:11 ack 1
    1000  >  P. 1:11 ack 1
    1100  <  . 1 ack 11
    1100  =  rto 2000
    1100  do write 10
    1100  >  P. 11:21 ack 1
    1200  <  . 1 ack 21
    1200  =  rto 1000
  `);

  test("§5.7: a SYN was lost: three seconds for the data that follows, and one segment at a time", () => drill`
    0     do connect 7
    0     >  S 0
    1000  >  S 0
    1010  <  S. 0 ack 1 win 65535 <mss 1000>
    1010  >  . 1 ack 1
    1010  =  rto 3000
    1010  =  cwnd 1000
    1010  do write 2000
    1010  >  . 1:1001 ack 1
    4010  >  . 1:1001 ack 1
  `);

  test("RFC 9293 §3.8.3: a hundred seconds without an answer end a connection", () => drill`${CONNECTED}
    0     do write 10
    0     >  P. 1:11 ack 1
    1000  >  P. 1:11 ack 1
    3000  >  P. 1:11 ack 1
    7000  >  P. 1:11 ack 1
    15000 >  P. 1:11 ack 1
    31000 >  P. 1:11 ack 1
    63000 >  P. 1:11 ack 1
    123000 = told GONE TIMED_OUT
  `);
});

describe("selective acknowledgement (RFC 2018, RFC 2883)", () => {
  test("2018 §2: permitted by both SYNs or not at all", () => drill`
    0     do connect
    0     >  S 0 <mss 1460,sackok,ts 0 0,ws 7>
    0     <  S. 0 ack 1 win 65535 <mss 1460>
    0     >  . 1 ack 1 <>
    0     <  P. 101:201 ack 1
    0     >  . 1 ack 1 <>
  `);

  test("2018 §4: the first block has the segment that came last; four blocks without timestamps", () => drill`${WITH_SACK}
    0     <  P. 101:201 ack 1
    0     >  . 1 ack 1 <sack 101:201>
    0     <  P. 301:401 ack 1
    0     >  . 1 ack 1 <sack 301:401 101:201>
    0     <  P. 501:601 ack 1
    0     >  . 1 ack 1 <sack 501:601 301:401 101:201>
    0     <  P. 701:801 ack 1
    0     >  . 1 ack 1 <sack 701:801 501:601 301:401 101:201>
    0     <  P. 901:1001 ack 1
    0     >  . 1 ack 1 <sack 901:1001 701:801 501:601 301:401>
    0     <  P. 201:301 ack 1
    0     >  . 1 ack 1 <sack 101:401 901:1001 701:801 501:601>
    0     <  P. 1:101 ack 1
    0     >  . 1 ack 401 <sack 901:1001 701:801 501:601>
    0     do read 400
  `);

  test("2018 §3: three blocks beside timestamps", () => drill`
    0     do listen
    0     <  S 0 win 65535 <mss 1460,sackok,ts 1 0>
    0     >  S. 0 ack 1 <mss 1460,sackok,ts 0 1>
    0     <  . 1 ack 1 <ts 1 0>
    0     do accept
    0     <  P. 101:201 ack 1 <ts 1 0>
    0     >  . 1 ack 1 <ts 0 1,sack 101:201>
    0     <  P. 301:401 ack 1 <ts 1 0>
    0     >  . 1 ack 1 <ts 0 1,sack 301:401 101:201>
    0     <  P. 501:601 ack 1 <ts 1 0>
    0     >  . 1 ack 1 <ts 0 1,sack 501:601 301:401 101:201>
    0     <  P. 701:801 ack 1 <ts 1 0>
    0     >  . 1 ack 1 <ts 0 1,sack 701:801 501:601 301:401>
  `);

  test("2883 §4: what came twice is reported first, once", () => drill`${WITH_SACK}
    0     <  P. 1:101 ack 1
    40    >  . 1 ack 101 <>
    50    <  P. 1:101 ack 1
    50    >  . 1 ack 101 <sack 1:101>
    60    <  P. 201:301 ack 1
    60    >  . 1 ack 101 <sack 201:301>
    70    <  P. 201:301 ack 1
    70    >  . 1 ack 101 <sack 201:301 201:301>
    80    <  P. 51:151 ack 1
    80    >  . 1 ack 151 <sack 51:101 201:301>
    90    <  P. 151:201 ack 1
    90    >  . 1 ack 301 <>
  `);
});

/** 10 segments of 1000 bytes under way, the congestion window used up. */
const TEN_OUT = `
  0     do write 20000
  0     >  . 1:1001 ack 1
  0     >  . 1001:2001 ack 1
  0     >  . 2001:3001 ack 1
  0     >  . 3001:4001 ack 1
  0     >  . 4001:5001 ack 1
  0     >  . 5001:6001 ack 1
  0     >  . 6001:7001 ack 1
  0     >  . 7001:8001 ack 1
  0     >  . 8001:9001 ack 1
  0     >  . 9001:10001 ack 1
`;
/** Without SACK, Reno. */
const RENO = `
  0     do listen
  0     do setListener congestion 1
  0     <  S 0 win 65535 <mss 1000>
  0     >  S. 0 ack 1
  0     <  . 1 ack 1
  0     do accept
  ${TEN_OUT}
`;
/** With SACK, Reno. */
const RENO_SACK = `
  0     do listen
  0     do setListener congestion 1
  0     <  S 0 win 65535 <mss 1000,sackok>
  0     >  S. 0 ack 1
  0     <  . 1 ack 1
  0     do accept
  ${TEN_OUT}
`;

describe("the congestion window (RFC 5681, RFC 6928, RFC 3042)", () => {
  test("6928 §2: ten segments to begin with, 14600 bytes at the most, two segments at the least", async () => {
    const cwndOf = (mss: number, cwnd: number): Promise<Station> => drill`
      0     do listen
      0     <  S 0 win 65535 <mss ${mss}>
      0     >  S. 0 ack 1
      0     <  . 1 ack 1
      0     do accept
      0     =  cwnd ${cwnd}
    `;
    await cwndOf(536, 5360);
    await cwndOf(1000, 10_000);
    await cwndOf(1460, 14_600);
  });

  test("5681 §3.1: slow start: a segment more for each acknowledgement", () => drill`${RENO}
    10    <  . 1 ack 1001
    10    >  . 10001:11001 ack 1
    10    >  . 11001:12001 ack 1
    10    =  cwnd 11000
    10    <  . 1 ack 3001
    10    >  . 12001:13001 ack 1
    10    >  . 13001:14001 ack 1
    10    >  . 14001:15001 ack 1
    10    =  cwnd 12000
  `);

  test("3042: the first two duplicates let a new segment out each; 5681 §3.2: the third sends the lost one; half the window; 6582: a partial acknowledgement sends the next", () => drill`${RENO}
    10    <  . 1 ack 1
    10    >  . 10001:11001 ack 1
    11    <  . 1 ack 1
    11    >  . 11001:12001 ack 1
    12    <  . 1 ack 1
    12    >  . 1:1001 ack 1
    12    =  ssthresh 6000                  # half of the 12 segments that are out
    12    =  cwnd 9000                      # and three for those that have left
    13    <  . 1 ack 1
    14    <  . 1 ack 1
    15    <  . 1 ack 1
    16    <  . 1 ack 1
    16    >  . 12001:13001 ack 1            # cwnd 13000
    20    <  . 1 ack 5001                   # partial: 5001 is lost too
    20    >  . 5001:6001 ack 1
    20    >  . 13001:14001 ack 1
    20    =  cwnd 9000                      # 13000, less the 5000 acknowledged, and one more
    30    <  . 1 ack 14001
    30    =  cwnd 2000                      # min(ssthresh, what is out and one more)
    30    >  . 14001:15001 ack 1
    30    >  . 15001:16001 ack 1
  `);

  test("5681 §3.1: a timeout: half of what is out for ssthresh, one segment, slow start", () => drill`${RENO}
    1000  >  . 1:1001 ack 1
    1000  =  cwnd 1000
    1000  =  ssthresh 5000
    1010  <  . 1 ack 1001
    1010  >  . 1001:2001 ack 1
    1010  >  . 2001:3001 ack 1
    1010  =  cwnd 2000
    3010  >  . 1001:2001 ack 1              # again: the timeout is still backed off, ssthresh counts anew
    3010  =  ssthresh 2000
    7010  >  . 1001:2001 ack 1
    7010  =  ssthresh 2000                  # of a segment sent again it is not taken twice
  `);

  test("5681 §4.1: after an idle time longer than the timeout the window is the first one again", () => drill`
    0     do listen
    0     do setListener congestion 1
    0     <  S 0 win 65535 <mss 1000>
    0     >  S. 0 ack 1
    0     <  . 1 ack 1
    0     do accept
    ${TEN_OUT}
    10    <  . 1 ack 5001
    10    >  . 10001:11001 ack 1
    10    >  . 11001:12001 ack 1
    10    >  . 12001:13001 ack 1
    10    >  . 13001:14001 ack 1
    10    >  . 14001:15001 ack 1
    10    >  . 15001:16001 ack 1
    20    <  . 1 ack 16001
    20    >  . 16001:17001 ack 1
    20    >  . 17001:18001 ack 1
    20    >  . 18001:19001 ack 1
    20    >  P. 19001:20001 ack 1
    30    <  . 1 ack 20001
    30    =  cwnd 12000
    5000  do write 1
    5000  >  P. 20001:20002 ack 1
    5000  =  cwnd 10000
  `);
});

describe("recovery with SACK (RFC 6675)", () => {
  test("§5: three duplicates that report something begin it; lost segments go first, as the pipe has room", () => drill`${RENO_SACK}
    10    <  . 1 ack 1 <sack 1001:2001>
    10    >  . 10001:11001 ack 1            # limited transmit: the pipe has room for one
    11    <  . 1 ack 1 <sack 1001:3001>
    11    >  . 11001:12001 ack 1
    12    <  . 1 ack 1 <sack 1001:4001>
    12    >  . 1:1001 ack 1
    12    =  ssthresh 6000
    12    =  cwnd 6000
    13    <  . 1 ack 1 <sack 1001:5001>
    13    <  . 1 ack 1 <sack 1001:6001>
    13    <  . 1 ack 1 <sack 1001:7001>     # pipe: 12 - 6 sacked - 1 lost + 1 sent again = 6
    14    <  . 1 ack 1 <sack 8001:9001 1001:7001>
    14    >  . 12001:13001 ack 1            # 7001 is not lost yet: new data first
    15    <  . 1 ack 1 <sack 8001:10001 1001:7001>
    15    >  . 13001:14001 ack 1
    16    <  . 1 ack 1 <sack 8001:11001 1001:7001>
    16    >  . 7001:8001 ack 1              # now more than two segments beyond it have come
    16    >  . 14001:15001 ack 1            # and it is no longer counted in the pipe
    30    <  . 1 ack 15001
    30    =  cwnd 6000
    30    >  . 15001:16001 ack 1
    30    >  . 16001:17001 ack 1
    30    >  . 17001:18001 ack 1
    30    >  . 18001:19001 ack 1
    30    >  P. 19001:20001 ack 1
  `);

  test("§5.1: a timeout during recovery forgets what was reported: it may have been thrown away (2018 §8)", () => drill`${RENO_SACK}
    10    <  . 1 ack 1 <sack 1001:10001>
    10    >  . 1:1001 ack 1
    10    >  . 10001:11001 ack 1
    10    >  . 11001:12001 ack 1
    10    >  . 12001:13001 ack 1
    10    >  . 13001:14001 ack 1
    1000  >  . 1:1001 ack 1
    1010  <  . 1 ack 1001
    1010  >  . 1001:2001 ack 1              # reneged
    1010  >  . 2001:3001 ack 1
    1020  <  . 1 ack 2001 <sack 3001:14001>
    1020  >  . 14001:15001 ack 1
    1020  >  . 15001:16001 ack 1
  `);

  test("§4 (4): the very last segment is sent once more when nothing else is known to be lost", () => drill`
    0     do listen
    0     <  S 0 win 65535 <mss 1000,sackok>
    0     >  S. 0 ack 1
    0     <  . 1 ack 1
    0     do accept
    0     do write 6000
    0     >  . 1:1001 ack 1
    0     >  . 1001:2001 ack 1
    0     >  . 2001:3001 ack 1
    0     >  . 3001:4001 ack 1
    0     >  . 4001:5001 ack 1
    0     >  P. 5001:6001 ack 1
    10    <  . 1 ack 1 <sack 1001:5001>
    10    >  . 1:1001 ack 1
    10    >  P. 5001:6001 ack 1
  `);
});

describe("CUBIC (RFC 9438)", () => {
  test("§4.6: a loss leaves seven tenths", () => drill`
    0     do listen
    0     <  S 0 win 65535 <mss 1000>
    0     >  S. 0 ack 1
    0     <  . 1 ack 1
    0     do accept
    ${TEN_OUT}
    1000  >  . 1:1001 ack 1
    1000  =  ssthresh 7000
    1000  =  cwnd 1000
  `);
});

const onTheWay = new WeakMap<Station, { at: number; ack: number }[]>();

/** A peer 100 ms away that acknowledges everything, until the station's window is `segments` or `until` ms have passed. */
async function grow(station: Station, segments: number, until = Infinity): Promise<void> {
  const late = onTheWay.get(station) ?? [];
  onTheWay.set(station, late);
  while (station.u32(STREAM_CWND) < segments * 1000 && station.now < until - 1e-5) {
    station.write(400_000);
    station.run(Math.min(until, late[0]?.at ?? station.now + 100));
    for (const { at, segment } of station.sent.splice(0)) late.push({ at: at + 100, ack: segment.seq + segment.length });
    while (late.length > 0 && late[0]!.at <= station.now)
      station.send({ flags: ".", seq: 1, length: 0, ack: late.shift()!.ack, win: 65535, options: [] });
    station.run(station.now);
  }
}

describe("CUBIC's growth (RFC 9438)", () => {
  const growing = async (congestion: number): Promise<{ station: Station; most: number; at: number }> => {
    const station = await drill`
      0     do listen
      0     do setListener sndbuf 1000000
      0     do setListener congestion ${congestion}
      0     <  S 0 win 65535 <mss 1000,ws 7>
      0     >  S. 0 ack 1
      100   <  . 1 ack 1
      100   do accept
    `;
    await grow(station, 100);
    // Everything in flight but its first segment arrives.
    onTheWay.delete(station);
    station.run(station.now + 100);
    const sent = station.sent.splice(0);
    const ack = sent[0]!.segment.seq;
    const most = station.u32(STREAM_CWND) / 1000;
    for (let i = 0; i < 3; i++) station.send({ flags: ".", seq: 1, length: 0, ack, win: 65535, options: [] });
    station.run(station.now);
    const highest = Math.max(...[...sent, ...station.sent.splice(0)].map(({ segment }) => segment.seq + segment.length));
    station.run(station.now + 100);
    station.sent.length = 0;
    station.send({ flags: ".", seq: 1, length: 0, ack: highest, win: 65535, options: [] });
    station.run(station.now);
    // Nothing is in flight: slow start leads to ssthresh, and there the time begins.
    await grow(station, station.u32(STREAM_SSTHRESH) / 1000);
    return { station, most, at: station.now };
  };

  test("§4.2: W(t) = C (t - K)³ + Wmax, K = ∛(Wmax (1 - β) / C): slow towards where the loss was, there after K", { timeout: 30_000 }, async () => {
    const { station, most, at } = await growing(0);
    const k = Math.cbrt((most - 0.7 * most) / 0.4);
    for (const part of [0.5, 0.75, 1, 1.25]) {
      await grow(station, Infinity, at + 1000 * k * part);
      const expected = 0.4 * (k * part - k) ** 3 + most;
      expect(station.u32(STREAM_CWND) / 1000 / expected, `${part} K`).toBeCloseTo(1, 1.3);
    }
  });

  test("RFC 5681 §3.1, Reno: a segment each round trip", { timeout: 30_000 }, async () => {
    const { station, at } = await growing(1);
    await grow(station, Infinity, at + 100);
    const before = station.u32(STREAM_CWND);
    await grow(station, Infinity, station.now + 2000);
    expect((station.u32(STREAM_CWND) - before) / 1000).toBeGreaterThan(18);
    expect((station.u32(STREAM_CWND) - before) / 1000).toBeLessThan(21);
  });
});

describe("path MTU (RFC 1191, RFC 5927)", () => {
  test("1191 §6: smaller segments at once, the lost one first, and the window untouched", () => drill`${ACCEPTED}
    0     do write 2920
    0     >  . 1:1461 ack 1
    0     >  P. 1461:2921 ack 1
    5     <  icmp 3/4 1400 about 1
    5     >  . 1:1361 ack 1
    5     >  . 1361:2721 ack 1
    5     >  P. 2721:2921 ack 1
    5     =  cwnd 14600
    5     =  mss 1360
  `);

  test("5927 §7.2: only about what is in flight", () => drill`${ACCEPTED}
    0     do write 1460
    0     >  P. 1:1461 ack 1
    5     <  . 1 ack 1461
    5     <  icmp 3/4 1400 about 1
    5     <  icmp 3/4 1400 about 1461
    5     =  mss 1460
  `);

  test("1191 §3: nothing below 576 is believed", () => drill`${ACCEPTED}
    0     do write 1460
    0     >  P. 1:1461 ack 1
    5     <  icmp 3/4 68 about 1
    5     =  mss 536
    5     >  . 1:537 ack 1
    5     >  . 537:1073 ack 1
    5     >  P. 1073:1461 ack 1
  `);

  test("1191 §7.1: a router that does not say what it takes: the next plateau", () => drill`${ACCEPTED}
    0     do write 1460
    0     >  P. 1:1461 ack 1
    5     <  icmp 3/4 0 about 1
    5     =  mss 1452
    5     >  . 1:1453 ack 1
    5     >  P. 1453:1461 ack 1
  `);

  test("2923 §2.1: what stays unanswered three times is made small, and stays so in silence, also when ten minutes are over", async () => {
    const station = await drill`${ACCEPTED}
      0     do set giveup 2000000
      0     do write 1460
      0     >  P. 1:1461 ack 1
      1000  >  P. 1:1461 ack 1
      3000  >  P. 1:1461 ack 1
      7000  >  . 1:537 ack 1
      15000 >  . 1:537 ack 1
      31000 >  . 1:537 ack 1
    `;
    const sizes = [];
    for (let at = 63_000; at < 800_000; at += 60_000) {
      station.run(at);
      sizes.push(...station.sent.splice(0).map(({ segment }) => segment.length));
    }
    expect(sizes).toEqual(Array(13).fill(536));
  });

  test("1191 §6.3: ten minutes later the larger one is tried again", () => drill`${ACCEPTED}
    0     do set nodelay 1
    0     do write 1460
    0     >  P. 1:1461 ack 1
    5     <  icmp 3/4 1400 about 1
    5     >  . 1:1361 ack 1
    5     >  P. 1361:1461 ack 1
    9     <  . 1 ack 1461
    599000 do write 1460
    599000 > . 1461:2821 ack 1
    599000 > P. 2821:2921 ack 1
    599009 < . 1 ack 2921
    600006 do write 1460
    600006 > P. 2921:4381 ack 1
  `);

  test("4821: large segments that vanish without a word are made small", () => drill`${ACCEPTED}
    0     do write 1460
    0     >  P. 1:1461 ack 1
    1000  >  P. 1:1461 ack 1
    3000  >  P. 1:1461 ack 1
    7000  >  . 1:537 ack 1
    7010  <  . 1 ack 537
    7010  >  . 537:1073 ack 1
    7010  >  P. 1073:1461 ack 1
  `);
});

describe("errors by ICMP (RFC 9293 §3.9.2.2, RFC 5461, RFC 5927)", () => {
  test("while a connection is opened any of them ends it", async () => {
    const ends = (code: number, error: string): Promise<Station> => drill`
      0     do connect
      0     >  S 0
      5     <  icmp 3/${code} 0 about 0
      5     =  told GONE ${error}
    `;
    await ends(0, "UNREACHABLE");
    await ends(1, "UNREACHABLE");
    await ends(2, "REFUSED");
    await ends(3, "REFUSED");
    await ends(13, "UNREACHABLE");
  });

  test("an open connection outlives them, and says so when it times out", () => drill`${ACCEPTED}
    0     do set giveup 2000
    0     do write 1
    0     >  P. 1:2 ack 1
    5     <  icmp 3/1 0 about 1
    5     <  icmp 3/3 0 about 1
    5     =  state ESTABLISHED
    1000  >  P. 1:2 ack 1
    3000  =  told GONE UNREACHABLE
  `);

  test("what is about nothing in flight is not believed", () => drill`
    0     do connect
    0     >  S 0
    5     <  icmp 3/3 0 about 77
    5     =  state SYN_SENT
    1000  >  S 0
  `);
});
