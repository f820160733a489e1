/** TCP where two rules meet, RFC by RFC: what is rarely seen and was once wrong. */
import { describe, test } from "vitest";
import { drill } from "./tcp/drill";
import { WITH_SACK } from "./tcp/openings";

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
