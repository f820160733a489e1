/** RFC 9293, point by point: what a station says to a peer that says exactly this. */
import { describe, expect, test } from "vitest";
import { drill } from "./tcp/drill";

/** A connection the peer opened, without extensions. */
const ACCEPTED = `
  0     do listen
  0     <  S 0 win 65535 <mss 1460>
  0     >  S. 0 ack 1 <mss 1460>
  0     <  . 1 ack 1
  0     do accept
  0     =  state ESTABLISHED
`;

/** One the station opened, without extensions. */
const CONNECTED = `
  0     do connect 7
  0     >  S 0 <mss 1460>
  0     <  S. 0 ack 1 win 65535 <mss 1460>
  0     >  . 1 ack 1
  0     =  told OPENED
`;

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

export { ACCEPTED, CONNECTED, expect };
