/** Tail loss probes (RFC 8985 §7): what a station does when it hears nothing. A round trip takes 20 ms. */
import { describe, test } from "vitest";
import { drill } from "./tcp/drill";

const OPEN = `
  0     do listen
  0     <  S 0 win 65535 <mss 1000,sackok>
  0     >  S. 0 ack 1
  20    <  . 1 ack 1
  20    do accept
`;
const THREE = `${OPEN}
  20    do write 3000
  20    >  . 1:1001 ack 1
  20    >  . 1001:2001 ack 1
  20    >  P. 2001:3001 ack 1
`;

describe("a tail loss probe (RFC 8985 §7)", () => {
  test("§7.3: after two round trips and a little the last segment goes again, once; then there is the timeout", () => drill`${THREE}
    70    >  P. 2001:3001 ack 1
    1070  >  . 1:1001 ack 1
  `);

  test("§7.3: or the next one there is, whatever the congestion window says", () => drill`${OPEN}
    20    do write 12000
    20    >  . 1:1001 ack 1
    20    >  . 1001:2001 ack 1
    20    >  . 2001:3001 ack 1
    20    >  . 3001:4001 ack 1
    20    >  . 4001:5001 ack 1
    20    >  . 5001:6001 ack 1
    20    >  . 6001:7001 ack 1
    20    >  . 7001:8001 ack 1
    20    >  . 8001:9001 ack 1
    20    >  . 9001:10001 ack 1
    20    =  cwnd 10000
    70    >  . 10001:11001 ack 1
    70    =  retransmits 0
  `);

  test("§7.2: a single segment's acknowledgement may be delayed: 200 ms more", () => drill`${OPEN}
    20    do write 500
    20    >  P. 1:501 ack 1
    260   >  P. 1:501 ack 1
  `);

  test("§7.4: only the acknowledgement was lost: the other side has it twice, and the congestion window stays", () => drill`${THREE}
    70    >  P. 2001:3001 ack 1
    90    <  . 1 ack 3001 <sack 2001:3001>
    90    =  buffered 0
    90    =  ssthresh 2147483647
    100   do write 1000
    100   >  P. 3001:4001 ack 1
    120   <  . 1 ack 4001
    120   =  ssthresh 2147483647
  `);

  test("§7.4: the same is told after the acknowledgement of all", () => drill`${THREE}
    70    >  P. 2001:3001 ack 1
    80    <  . 1 ack 3001
    90    <  . 1 ack 3001 <sack 2001:3001>
    100   do write 1000
    100   >  P. 3001:4001 ack 1
    120   <  . 1 ack 4001
    120   =  ssthresh 2147483647
  `);

  test("§7.4: the last segment had been lost: the congestion window heeds what the probe made good", () => drill`${THREE}
    40    <  . 1 ack 2001
    280   >  P. 2001:3001 ack 1
    300   <  . 1 ack 3001
    300   =  ssthresh 2147483647
    310   do write 1000
    310   >  P. 3001:4001 ack 1
    330   <  . 1 ack 4001
    330   =  ssthresh 2000
    330   =  cwnd 2000
  `);

  test("§7.1: several had been lost: the probe's arrival begins the recovery of those before it", () => drill`${OPEN}
    20    do write 5000
    20    >  . 1:1001 ack 1
    20    >  . 1001:2001 ack 1
    20    >  . 2001:3001 ack 1
    20    >  . 3001:4001 ack 1
    20    >  P. 4001:5001 ack 1
    40    <  . 1 ack 2001
    90    >  P. 4001:5001 ack 1
    110   <  . 1 ack 2001 <sack 4001:5001>
    110   >  . 2001:3001 ack 1
    130   <  . 1 ack 3001 <sack 4001:5001>
    130   >  . 3001:4001 ack 1
    150   <  . 1 ack 5001
    150   =  buffered 0
    150   =  retransmits 3
  `);

  test("§7.2: is not sent while a loss is known, and the timeout is no later for it", () => drill`${THREE}
    60    <  . 1 ack 1 <sack 2001:3001>
    1020  >  . 1:1001 ack 1
  `);

  test("§7.2: is not sent without SACK", () => drill`
    0     do listen
    0     <  S 0 win 65535 <mss 1000>
    0     >  S. 0 ack 1
    20    <  . 1 ack 1
    20    do accept
    20    do write 2000
    20    >  . 1:1001 ack 1
    20    >  P. 1001:2001 ack 1
    1020  >  . 1:1001 ack 1
  `);

  test("repeats a FIN", () => drill`${OPEN}
    20    do shutdown
    20    >  F. 1 ack 1
    260   >  F. 1 ack 1
    280   <  . 1 ack 2 <sack 1:2>
    280   =  state FIN_WAIT_2
  `);
});
