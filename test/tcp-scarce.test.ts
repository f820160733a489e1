/** TCP where there is little: room in a packet, chunks, streams, answers; and peers who take more than their share. */
import { describe, expect, test } from "vitest";
import * as abi from "../assembly/abi";
import { drill, play } from "./tcp/drill";
import { ACCEPTED } from "./tcp/openings";
import { Pair } from "./tcp/pair";
import type { Connection, Station } from "./tcp/station";
import { PEER_IP } from "./tcp/station";

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

/** Connections of the same peer, one after another. */
async function many(station: Station, count: number, win = 65535): Promise<Connection[]> {
  const all: Connection[] = [];
  for (let i = 0; i < count; i++) {
    station.peerPort = 6000 + i;
    station.isn = null;
    await play(station, `
      +0  <  S 0 win ${win} <mss 1460>
      +0  >  S. 0 ack 1
      +0  <  . 1 ack 1 win ${win}
      +0  do accept
    `);
    all.push(station.connection);
  }
  return all;
}

const chunksOf = (station: Station): number =>
  new DataView(station.engine.call.memory.buffer, station.engine.call.control()).getUint32(1280 + 32 * abi.CAPACITY_CHUNKS + 20, true);

describe("chunks", () => {
  test("a byte at the far end of the window takes one chunk and its list, not the gap before it", async () => {
    const station = await drill`${ACCEPTED}
      0     <  . 65535:65536 ack 1
      0     >  . 1 ack 1
    `;
    expect(chunksOf(station)).toBe(2);
  });

  test("RFC 2018 §8: peers who leave gaps everywhere keep nobody from writing", async () => {
    const station = await drill`
      0     do listen
    `;
    const [writer, ...others] = await many(station, 11);
    for (const other of others) {
      station.resume(other);
      for (let at = 1000; at < 262_000; at += 2050) station.send({ flags: ".", seq: at, length: 1, ack: 1, win: 65535, options: [] });
      station.run(station.now);
    }
    station.sent.length = 0;
    expect(chunksOf(station)).toBeGreaterThan(600);
    expect(station.drops("TCP_BUFFER")).toBeGreaterThan(0);
    station.resume(writer!);
    expect(station.write(100_000)).toBe(100_000);
  });

  test("what came into gaps, in any order, is read as it was sent", async () => {
    const station = await drill`${ACCEPTED}`;
    const pieces = Array.from({ length: 60 }, (_, i) => 1 + 1000 * ((i * 37) % 60));
    for (const [i, seq] of pieces.entries()) {
      station.send({ flags: ".", seq, length: 1000, ack: 1, win: 65535, options: [] });
      station.run(i);
      if (i % 7 === 0) station.take(1e6);
    }
    station.run(100);
    station.take(1e6);
    expect(station.engine.call.tcpReadable(station.stream)).toBe(0);
    expect(station.u32(abi.STREAM_BYTES_RECEIVED)).toBe(60_000);
    expect(chunksOf(station)).toBe(0);
  });
});

describe("writers that wait for a chunk", () => {
  /** Six of eight have written all they can to peers that take nothing; the other two found no room for a byte. */
  async function crowd(): Promise<{ station: Station; all: Connection[] }> {
    const station = await drill`
      0     do listen
    `;
    const all = await many(station, 8, 0);
    const taken = all.map((each) => station.resume(each).write(262_144));
    expect(taken.slice(0, 5)).toEqual(Array(5).fill(262_144));
    expect(taken.slice(6)).toEqual([0, 0]);
    station.told.length = 0;
    return { station, all };
  }
  const told = (station: Station): string[] => station.told.splice(0).map(({ text }) => text);

  test("are told when another is aborted, each of them: the first may have nothing to write any more", async () => {
    const { station, all } = await crowd();
    station.engine.call.tcpAbort(all[0]!.stream);
    station.run(0);
    expect(told(station)).toEqual(["WRITABLE", "WRITABLE"]);
    station.resume(all[7]!);
    expect(station.write(100_000)).toBe(100_000);
  });

  test("are told when the others have waited too long for an answer", async () => {
    const { station, all } = await crowd();
    for (const { stream } of all) station.engine.call.tcpSet(stream, abi.TCP_GIVE_UP, 500);
    station.run(1500);
    expect(told(station).sort()).toEqual([...Array(6).fill("GONE TIMED_OUT"), "WRITABLE", "WRITABLE"]);
  });

  test("are not told when they have said that they write no more", async () => {
    const { station, all } = await crowd();
    station.engine.call.tcpShutdown(all[6]!.stream);
    station.engine.call.tcpRelease(all[6]!.stream);
    station.engine.call.tcpAbort(all[1]!.stream);
    station.run(0);
    expect(told(station)).toEqual(["WRITABLE"]);
  });
});

describe("a window that opens", () => {
  const SHUT = `
    0     do listen
    0     do setListener rcvbuf 2048
    0     <  S 0 win 65535 <mss 1024>
    0     >  S. 0 ack 1 win 2048
    0     <  . 1 ack 1
    0     do accept
    0     <  . 1:1025 ack 1
    0     <  P. 1025:2049 ack 1
    0     >  . 1 ack 2049 win 0
  `;
  const PROBED = `${SHUT}
    1000  <  . 2049:2050 ack 1
    1000  >  . 1 ack 2049 win 0
    2000  do read 2048
    2000  >  . 1 ack 2049 win 2048
  `;

  test("is told again to who has probed it, until something comes", () => drill`${PROBED}
    3000  >  . 1 ack 2049 win 2048
    5000  >  . 1 ack 2049 win 2048
    5100  <  P. 2049:2149 ack 1
    5140  >  . 1 ack 2149
    99999 do read 100
  `);

  test("is told six times more at the most", () => drill`${PROBED}
    3000  >  . 1 ack 2049
    5000  >  . 1 ack 2049
    9000  >  . 1 ack 2049
    17000 >  . 1 ack 2049
    33000 >  . 1 ack 2049
    65000 >  . 1 ack 2049
    999999 = state ESTABLISHED
  `);

  test("is told once to who had nothing more to send", () => drill`${SHUT}
    2000  do read 2048
    2000  >  . 1 ack 2049 win 2048
    99999 =  state ESTABLISHED
  `);

  test("and whose first telling is lost: the lab does not fall idle with data unsent", async () => {
    const pair = await Pair.create(1, { loss: 0, duplication: 0, reordering: 0, corruption: 0, delay: 1, late: 0 });
    const { call } = pair;
    const listener = pair.listen();
    call.tcpSet(listener, abi.TCP_RECEIVE_BUFFER, 8192);
    const client = pair.connect();
    while (pair.step());
    const server = call.tcpAccept(listener);
    expect(call.tcpWrite(client, 60_000)).toBe(60_000);
    while (pair.step());
    let got = 0;
    const read = (): void => {
      for (let taken = call.tcpRead(server, 65536); taken > 0; taken = call.tcpRead(server, 65536)) got += taken;
    };
    pair.cable.loss = 1;
    read();
    pair.step();
    pair.cable.loss = 0;
    while (pair.step()) read();
    expect(got).toBe(60_000);
  });
});

describe("streams", () => {
  test("SYNs that wait for a decision take a quarter of them at the most", async () => {
    const station = await drill`
      0     do listenAny
    `;
    for (let i = 0; i < 40; i++) {
      station.peerPort = 6000 + i;
      station.send({ flags: "S", seq: 0, length: 0, ack: null, win: 65535, options: [] });
    }
    station.run(0);
    expect(station.told.splice(0)).toHaveLength(8);
    expect(station.drops("TCP_BACKLOG")).toBe(32);
    station.connect();
    station.run(0);
    expect(station.sent).toHaveLength(1);
  });

  test("in TIME-WAIT give way when nobody holds them; one that is held would not make room, and stays", async () => {
    const station = await drill`
      0     do listen
    `;
    // With the listener these are all.
    const closed = (await many(station, 31)).slice(0, 12);
    for (const each of closed) {
      station.resume(each);
      await play(station, `
        +0  do shutdown
        +0  >  F. 1 ack 1
        +0  <  F. 1 ack 2
        +0  >  . 2 ack 2
        +0  =  state TIME_WAIT
      `);
    }
    const { call } = station.engine;
    const connect = (): number => call.tcpConnect(station.node, 0, 0, PEER_IP | 0, 8000, 0);
    expect(connect()).toBe(abi.E_FULL);
    call.tcpRelease(closed[11]!.stream);
    expect(connect()).toBe(closed[11]!.stream);
    for (const each of closed.slice(0, 11)) {
      station.resume(each);
      expect(station.state).toBe("TIME_WAIT");
    }
  });
});

describe("half-open connections", () => {
  test("RFC 4987 §3.4: who has left a SYN-ACK unanswered for a timeout gives way when the backlog is full", () => drill`
    0     do listen 1
    0     <  S 0 win 65535
    0     >  S. 0 ack 1
    500   do peerPort 5001
    500   <  S 0 win 65535
    500   =  drops TCP_BACKLOG 1          # the first may have a long way
    1000  >  S. 0 ack 1
    1500  do newPeer
    1500  <  S 0 win 65535
    1500  >  S. 0 ack 1
    1500  <  . 1 ack 1
    1500  =  told ACCEPT
    1600  do peerPort 5002
    1600  do newPeer
    1600  <  S 0 win 65535                # who is established gives way to nobody
    1600  =  drops TCP_BACKLOG 2
  `);

  test("RFC 4987 §3.3: a SYN-ACK is sent again five times, and does not keep the clock going for minutes", () => drill`
    0     do listen
    0     <  S 0 win 65535
    0     >  S. 0 ack 1
    1000  >  S. 0 ack 1
    3000  >  S. 0 ack 1
    7000  >  S. 0 ack 1
    15000 >  S. 0 ack 1
    31000 >  S. 0 ack 1
    999999 < . 1 ack 1
    999999 > R 1
  `);
});

describe("a connection that its user has let go", () => {
  test("RFC 6429 §3: waits ten minutes for a shut window, and then resets", async () => {
    const station = await drill`${ACCEPTED}
      0     do write 1000
      0     >  P. 1:1001 ack 1
      0     <  . 1 ack 1001 win 0
      0     do write 1000
      0     do release
    `;
    const last = (): string => station.sent.at(-1)!.segment.flags;
    for (let at = 1000; at < 1_000_000 && !station.sent.some(({ segment }) => segment.flags === "R"); at += 1000) {
      station.run(at);
      if (station.sent.length > 0 && last() !== "R") station.send({ flags: ".", seq: 1, length: 0, ack: 1001, win: 0, options: [] });
      if (station.sent.length > 0 && last() !== "R") station.sent.length = 0;
      station.run(at);
    }
    expect(station.now).toBeGreaterThan(600_000);
    expect(station.now).toBeLessThan(700_000);
    expect(station.sent.map(({ segment }) => `${segment.flags} ${segment.seq}`)).toEqual(["R 1001"]);
    expect(chunksOf(station)).toBe(0);
  });
});

describe("the size of segments", () => {
  test("4821: where small segments get lost as well it was an outage: large ones again as soon as somebody answers", () => drill`${ACCEPTED}
    0     do write 1460
    0     >  P. 1:1461 ack 1
    1000  >  P. 1:1461 ack 1
    3000  >  P. 1:1461 ack 1
    7000  >  . 1:537 ack 1
    15000 >  . 1:537 ack 1
    15010 <  . 1 ack 537
    15010 =  mss 1460
    15010 >  P. 537:1461 ack 1
    15020 <  . 1 ack 1461
    15030 do write 2920
    15030 >  . 1461:2921 ack 1
    15040 <  . 1 ack 2921
    15040 >  P. 2921:4381 ack 1
  `);

  test("1191 §6.3: when the larger one is tried again, a window that was smaller does not hold it up", () => drill`${ACCEPTED}
    0     do write 1460
    0     >  P. 1:1461 ack 1
    1000  >  P. 1:1461 ack 1
    3000  >  P. 1:1461 ack 1
    7000  >  . 1:537 ack 1
    7010  <  . 1 ack 1461                    # the acknowledgements had been lost
    7010  =  cwnd 1072
    607100 do write 1460
    607100 > P. 1461:2921 ack 1
  `);
});

describe("a FIN that overtakes data", () => {
  test("is not believed when the data says otherwise: the one in order ends the connection", () => drill`${ACCEPTED}
    0     <  F. 500 ack 1                     # forged, or of another time
    0     >  . 1 ack 1
    0     <  P. 1:101 ack 1
    40    >  . 1 ack 101
    50    <  F. 101 ack 1
    50    >  . 1 ack 102
    50    =  state CLOSE_WAIT
  `);

  test("is forgotten when data goes on beyond it", () => drill`${ACCEPTED}
    0     <  F. 500 ack 1
    0     >  . 1 ack 1
    0     <  . 1:1001 ack 1
    40    >  . 1 ack 1001
    50    <  P. 1001:1501 ack 1
    90    >  . 1 ack 1501
    90    =  state ESTABLISHED
    100   <  F. 1501 ack 1
    100   >  . 1 ack 1502
    100   =  state CLOSE_WAIT
  `);
});

describe("a wire whose MTU changes", () => {
  test("RFC 9293 §3.7.5: is heard by the connections that are open", () => drill`${ACCEPTED}
    0     do mtu 1000
    0     =  mss 960
    0     do write 2000
    0     >  . 1:961 ack 1
    0     >  . 961:1921 ack 1
    10    <  . 1 ack 1921
    10    >  P. 1921:2001 ack 1
    10    =  drops WIRE_MTU 0
    20    <  . 1 ack 2001
    20    do mtu 1500
    20    do write 1460
    20    >  P. 2001:3461 ack 1
  `);
});
