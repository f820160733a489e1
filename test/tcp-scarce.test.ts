/** TCP where there is little: room in a packet, chunks, streams, answers; and peers who take more than their share. */
import { describe, expect, test } from "vitest";
import * as abi from "../assembly/abi";
import { drill, play } from "./tcp/drill";
import { ACCEPTED, WITH_SACK } from "./tcp/openings";
import { Pair } from "./tcp/pair";
import { Station } from "./tcp/station";

describe("packets of a few bytes", () => {
  const opening = (mtu: number): string => `
    0     do mtu ${mtu}
    0     do listen
    0     <  S 0 win 65535 <mss 1460,sackok,ts 500 0>
    0     >  S. 0 ack 1 <mss ${mtu - 40},sackok,ts 0 500>
    0     <  . 1 ack 1 <ts 500 0>
    0     do accept
    0     do set nodelay 1
  `;

  test("RFC 2018 §3: an MTU of 68 has no room for SACK blocks, and data goes out all the same", () => drill`${opening(68)}
    0     =  mss 16
    0     <  . 1001:1002 ack 1 <ts 500 0>
    0     >  . 1 ack 1 <ts 0 500>
    0     <  . 2001:2002 ack 1 <ts 500 0>
    0     >  . 1 ack 1 <ts 0 500>
    0     <  . 3001:3002 ack 1 <ts 500 0>
    0     >  . 1 ack 1 <ts 0 500>
    0     do write 40
    0     >  . 1:17 ack 1 <ts 0 500>
    0     >  . 17:33 ack 1 <ts 0 500>
    0     >  P. 33:41 ack 1 <ts 0 500>
    0     =  drops WIRE_MTU 0
  `);

  test("RFC 2018 §3: at an MTU of 80 two blocks are told, and eight bytes are left", () => drill`${opening(80)}
    0     =  mss 28
    0     <  . 1001:1002 ack 1 <ts 500 0>
    0     >  . 1 ack 1 <ts 0 500,sack 1001:1002>
    0     <  . 2001:2002 ack 1 <ts 500 0>
    0     >  . 1 ack 1 <ts 0 500,sack 2001:2002 1001:1002>
    0     <  . 3001:3002 ack 1 <ts 500 0>
    0     >  . 1 ack 1 <ts 0 500,sack 3001:3002 2001:2002>
    0     do write 20
    0     >  . 1:9 ack 1 <ts 0 500,sack 3001:3002 2001:2002>
    0     >  . 9:17 ack 1 <ts 0 500,sack 3001:3002 2001:2002>
    0     >  P. 17:21 ack 1 <ts 0 500,sack 3001:3002 2001:2002>
    0     =  drops WIRE_MTU 0
  `);
});
