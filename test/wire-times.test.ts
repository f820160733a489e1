/** Exact in virtual time: what is expected is worked out from a formula first. Times in ns. */
import { describe, expect, test } from "vitest";
import type { Adapter, WireOptions } from "../src/index";
import { createLab } from "../src/index";
import { characterOf } from "../src/wire-options";
import { BROADCAST } from "./guest";
import { dice, faultsInBooks, smallLab } from "./inside";
import { ethernet, zeros } from "./packets";
import { seedOf, wireSlowly } from "./twins/wire-slowly";
import { ALICE, BOB, listen, nsOf, numbered, sendAt, wired } from "./wired";
import { watch } from "./world";

const MS = 1e6;
/** ns that sending takes. */
const sending = (bytes: number, bitsPerSecond: number): number => Math.ceil((bytes * 8e9) / bitsPerSecond);
const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);

test("each direction has a delay of its own", async () => {
  const { lab, alice, bob, heard, answers } = await wired({ send: { delay: 3 }, receive: { delay: 7 } }, { send: { delay: 20 }, receive: { delay: 100 } });
  alice.send(numbered(1, 60));
  bob.send(numbered(2, 60, ALICE, BOB));
  await lab.advance(200);
  expect(heard).toMatchObject([{ n: 1, time: (3 + 100) * MS }]);
  expect(answers).toMatchObject([{ n: 2, time: (20 + 7) * MS }]);
});

test.each([["10m", 10e6], ["64k", 64e3], ["1.5m", 1.5e6], ["1g", 1e9], ["3K", 3 * 1024 * 8], ["2M", 2 * 1024 ** 2 * 8]])(
  "at a rate of %s frames leave one after the other, each ceil(8n / rate) after the one before it", async (rate, bits) => {
    const sizes = [60, 1514, 61, 590, 1522, 60];
    const expected = sizes.map((_, i) => sum(sizes.slice(0, i + 1).map((size) => sending(size, bits))) + 5 * MS);
    for (const way of ["send", "receive"] as const) {
      const wire: WireOptions = { [way]: { rate, delay: 5 } };
      const { lab, alice, heard } = way === "send" ? await wired(wire) : await wired({}, wire);
      sizes.forEach((size, i) => alice.send(numbered(i, size)));
      await lab.advance(5000);
      expect(heard.map(({ time }) => time), way).toEqual(expected);
      expect(heard.map(({ n }) => n), way).toEqual([0, 1, 2, 3, 4, 5]);
      expect(faultsInBooks(lab)).toEqual([]);
    }
  });

test("a wire that has nothing to send is free at once", async () => {
  const { lab, alice, heard } = await wired({ rate: "1m" });
  const one = sending(1000, 1e6);
  await sendAt(lab, alice, [{ time: 0, bytes: numbered(0, 1000) }, { time: one / 2, bytes: numbered(1, 1000) }, { time: 5 * one, bytes: numbered(2, 1000) }]);
  await lab.advance(100);
  expect(heard.map(({ time }) => time)).toEqual([one, 2 * one, 6 * one]);
});

describe("of a queue", () => {
  test("with three places, four of ten frames sent at once get through, and a place is free when its frame begins to be sent", async () => {
    const { lab, alice, heard } = await wired({ rate: "8m", queue: 3 });
    const one = sending(1000, 8e6); // 1 ms
    for (let n = 0; n < 10; n++) alice.send(numbered(n, 1000));
    // After 1.5 sendings the second is being sent: two wait, and one more may.
    await sendAt(lab, alice, [{ time: 1.5 * one, bytes: numbered(10, 1000) }, { time: 1.5 * one, bytes: numbered(11, 1000) }]);
    await lab.advance(100);
    expect(heard.map(({ n, time }) => [n, time])).toEqual([[0, one], [1, 2 * one], [2, 3 * one], [3, 4 * one], [10, 5 * one]]);
    expect(lab.stats().drops).toEqual({ QUEUE_FULL: 7 });
  });

  test("the bytes that wait may be limited, too: a short frame finds the place that a long one does not", async () => {
    const { lab, alice, heard } = await wired({ rate: "8m", queue: { bytes: 2000 } });
    const sizes = [1500, 1000, 900, 200, 100];
    sizes.forEach((size, n) => alice.send(numbered(n, size)));
    await lab.advance(100);
    // 1500 is being sent; 1000 + 900 wait; 200 would make 2100; 100 makes 2000.
    expect(heard.map(({ n }) => n)).toEqual([0, 1, 2, 4]);
    expect(heard.at(-1)!.time).toBe(sum([1500, 1000, 900, 100].map((size) => sending(size, 8e6))));
  });

  test("without a place a frame is sent only where none is being sent", async () => {
    const { lab, alice, heard } = await wired({ rate: "8m", queue: 0 });
    for (let n = 0; n < 5; n++) alice.send(numbered(n, 1000));
    await sendAt(lab, alice, [{ time: 1.5 * MS, bytes: numbered(5, 1000) }]);
    await lab.advance(100);
    expect(heard.map(({ n, time }) => [n, time])).toEqual([[0, MS], [5, 2.5 * MS]]);
  });

  test("a thousand places are what it has when nobody says otherwise", async () => {
    const { lab, alice, heard } = await wired({ rate: "100m" }, {}, { capacity: { frames: 4096 } });
    for (let n = 0; n < 1100; n++) alice.send(numbered(n, 60));
    await lab.advance(100);
    expect(heard).toHaveLength(1001);
    expect(lab.stats().drops).toEqual({ QUEUE_FULL: 99 });
  });
});

test("a payload of exactly the MTU passes, one byte more does not; tags belong to the header", async () => {
  const { lab, alice, heard } = await wired({ mtu: 576 });
  alice.send(numbered(1, 14 + 576));
  alice.send(numbered(2, 14 + 577));
  alice.send(ethernet(0x88b5, zeros(576), [[0x8100, 5]]));
  alice.send(ethernet(0x88b5, zeros(577), [[0x8100, 5]]));
  alice.send(ethernet(0x88b5, zeros(576), [[0x88a8, 5], [0x8100, 6]]));
  alice.send(ethernet(0x88b5, zeros(577), [[0x88a8, 5], [0x8100, 6]]));
  await lab.advance(1);
  expect(heard.map(({ bytes }) => bytes.length)).toEqual([14 + 576, 18 + 576, 22 + 576]);
  expect(lab.stats().drops).toEqual({ WIRE_MTU: 3 });
  expect(alice.stats().wire!.send).toMatchObject({ passed: 3, refused: 3 });
});

test("a broadcast reaches everybody by the character of their own wire", async () => {
  const { lab, laptop, alice } = await wired({ delay: 1 });
  const attach = laptop.internal("office");
  const wires: WireOptions[] = [{ delay: 2 }, { delay: 2 }, { receive: { delay: 4 } }, { rate: "1m", delay: 2 }, { mtu: 100 }, { mtu: 1000 }, { loss: 1 }, { duplicate: 1, delay: 9 }];
  const size = 500;
  const expected = [[2 * MS], [2 * MS], [4 * MS], [sending(size, 1e6) + 2 * MS], [], [0], [], [9 * MS, 9 * MS]];
  const times: number[][] = [];
  wires.forEach((wire, i) => {
    const card = laptop.vm(`vm${i}`, { attach, guest: "external", wire }).adapters[0]!;
    times.push([]);
    card.onframe = () => times[i]!.push(Math.round(lab.now * 1e6));
  });
  alice.send(numbered(1, size, BROADCAST));
  await lab.advance(100);
  expect(times).toEqual(expected.map((each) => each.map((time) => MS + time)));
  // Bob and eight more were sent to; one of them heard it twice.
  expect(lab.stats().frames).toMatchObject({ ingress: 1, copies: 8 + 1, delivered: 8, dropped: 2, live: 0 });
  expect(lab.stats().drops).toEqual({ WIRE_MTU: 1, WIRE_LOSS: 1 });
});

describe("cables of hosts, and LANs", () => {
  /** Bytes of a ping's frame: Ethernet, IPv4, ICMP, 56 of data. */
  const PING = 14 + 20 + 8 + 56;

  test("a ping between two hosts crosses both uplinks, each as its LAN, and then its host, says", async () => {
    const lab = watch(await createLab({ wire: { delay: 0 } }));
    const lan = lab.lan("home", { router: false, network: "10.0.0.0/24", wire: { delay: 2, rate: "10m" } });
    const a = lab.host("a", lan, { address: "10.0.0.1/24", wire: { send: { rate: "1m" }, receive: { delay: 7 } } });
    const b = lab.host("b", lan, { address: "10.0.0.2/24" });
    const there = sending(PING, 1e6) + 2 * MS + sending(PING, 10e6) + 2 * MS;
    const back = sending(PING, 10e6) + 2 * MS + sending(PING, 10e6) + 7 * MS;
    await a.ping(b);
    expect((await a.ping(b)).rtt * MS).toBeCloseTo(there + back, 3);

    lan.wire = { delay: 1 };
    expect((await a.ping(b)).rtt * MS, "changed at once").toBeCloseTo(sending(PING, 1e6) + MS + MS + MS + 7 * MS, 3);
    a.wire = {};
    expect((await a.ping(b)).rtt * MS).toBeCloseTo(4 * MS, 3);
  });

  test("a network's wire is that of all who are plugged in, setting by setting, its gateway among them", async () => {
    const lab = watch(await createLab({ wire: { delay: 0 } }));
    const laptop = lab.host("laptop", []);
    const office = laptop.natNetwork("office", { wire: { delay: 3, rate: "1m" } });
    const alice = laptop.vm("alice", office);
    const bob = laptop.vm("bob", { attach: office, wire: { delay: 1 } });
    await lab.ready();
    await alice.ping(bob);
    const hop = sending(PING, 1e6);
    expect((await alice.ping(bob)).rtt * MS).toBeCloseTo(2 * (hop + 3 * MS + hop + MS), 3);
    await alice.ping("10.0.2.1");
    expect((await alice.ping("10.0.2.1")).rtt * MS).toBeCloseTo(2 * (hop + 3 * MS + hop + 3 * MS), 3);
    office.wire = {};
    expect((await alice.ping(bob)).rtt * MS).toBeCloseTo(2 * MS, 3);
  });

  test("a router knows the MTU of its own wire and tells the sender; the other end of a wire does not", async () => {
    const lab = watch(await createLab());
    const [east, west] = [1, 2].map((i) => lab.lan(`lan${i}`, { network: `10.${i}.0.0/24`, router: false }));
    lab.router("core", { legs: [{ network: east!, address: "10.1.0.1/24" }, { network: west!, address: "10.2.0.1/24", wire: { mtu: 1000 } }] });
    const a = lab.host("a", east!, { address: "10.1.0.2/24", gateway: "10.1.0.1" });
    const b = lab.host("b", west!, { address: "10.2.0.2/24", gateway: "10.2.0.1" });
    await a.ping(b, { size: 1000 - 28 });
    await a.ping(b, { size: 1000 - 27 }).catch(() => {});
    expect(lab.stats().drops).toMatchObject({ MTU: 1 });
    await b.ping(a, { size: 1000 - 28 });
    await b.ping(a, { size: 1000 - 27, timeout: 100 }).catch(() => {});
    expect(lab.stats().drops).toMatchObject({ MTU: 1, WIRE_MTU: 1 });
  });
});

test("whatever the character, every frame fares as the slow twin says: 150 wires, both directions", async () => {
  const roll = dice(20);
  const maybe = (value: number): number => (roll() < 0.5 ? value : 0);
  const lab = watch(await smallLab({ seed: "twin", wire: { delay: 0 } }));
  const laptop = lab.host("laptop", []);
  for (let round = 0; round < 150; round++) {
    const way = roll() < 0.5 ? "send" : "receive";
    const options: WireOptions = {
      delay: maybe(Math.floor(roll() * 20_000) / 1000), jitter: maybe(Math.floor(roll() * 8000) / 1000),
      ...(roll() < 0.6 && { rate: `${20 + Math.floor(roll() * 5000)}k` }),
      queue: roll() < 0.5 ? Math.floor(roll() * 8) : { bytes: Math.floor(roll() * 6000), frames: 6 },
      loss: roll() < 0.5 ? maybe(roll() / 2) : { toBad: roll() / 3, toGood: roll(), good: maybe(0.1), bad: roll() },
      duplicate: maybe(roll() / 2), corrupt: maybe(roll() / 2), mtu: roll() < 0.3 ? 68 + Math.floor(roll() * 1400) : 1500,
      reorder: roll() < 0.4 ? false : roll() < 0.3 ? true : { chance: roll(), by: Math.floor(roll() * 9000) / 1000 },
    };
    const attach = laptop.internal(`network ${round}`);
    const vms = [["alice", ALICE, way === "send" ? options : {}], ["bob", BOB, way === "send" ? {} : { receive: options }]] as const;
    const [alice, bob] = vms.map(([name, mac, wire]) => laptop.vm(`${name} ${round}`, { attach, mac, guest: "external", wire }).adapters[0]!) as [Adapter, Adapter];
    const heard = listen(lab, bob);
    const before = lab.stats().frames.live;
    let time = nsOf(lab);
    const sent = Array.from({ length: 40 }, () => {
      time += roll() < 0.5 ? 0 : 1 + Math.floor(roll() * 4000) * 1000; // odd, so that it is never the very end of another's sending
      return { time, bytes: 60 + Math.floor(roll() * 1455) };
    });
    const card = way === "send" ? alice : bob;
    const fates = wireSlowly(characterOf([options], way), seedOf("twin", card.name, way), sent);
    const expected = fates.flatMap(({ arrivals, bit }, n) => arrivals.map((arrival) => ({ n, arrival, bit })));

    // To everybody: a flipped bit must not send a frame astray, and so what is compared is bytes.
    const frames = sent.map(({ time, bytes }, n) => ({ time, bytes: numbered(n, bytes, BROADCAST) }));
    await sendAt(lab, alice, frames);
    await lab.advance(10_000);
    const told = JSON.stringify({ round, way, options });
    const bytesOf = ({ n, bit }: { n: number; bit?: number | undefined }): string => {
      const bytes = frames[n]!.bytes.slice();
      if (bit !== undefined) bytes[bit >> 3]! ^= 1 << (bit & 7);
      return String(bytes);
    };
    // A bit of the sender's or the receiver's MAC may make the switch drop the frame, on its way in.
    const survives = ({ bit }: { bit?: number | undefined }): boolean => way === "receive" || bit === undefined || bit >= 96;
    const wanted = expected.filter(survives).map((each) => `${each.arrival} ${bytesOf(each)}`);
    const got = heard.map(({ time, bytes }) => `${time} ${bytes}`);
    if (way === "receive" || expected.every(survives)) expect(got.sort(), told).toEqual(wanted.sort());
    else expect(wanted.filter((each) => !got.includes(each)), told).toEqual([]);

    const { passed, lost, corrupted, duplicated, refused, queue } = card.stats().wire![way];
    const count = (test: (fate: (typeof fates)[number]) => boolean): number => fates.filter(test).length;
    expect({ passed, lost, corrupted, duplicated, refused, queue }, told).toEqual({
      passed: sum(fates.map(({ arrivals }) => arrivals.length)),
      lost: count(({ dropped }) => dropped === "WIRE_LOSS"),
      corrupted: count(({ bit }) => bit !== undefined),
      duplicated: count(({ arrivals }) => arrivals.length === 2),
      refused: count(({ dropped }) => dropped === "QUEUE_FULL" || dropped === "WIRE_MTU"),
      queue: { frames: 0, bytes: 0 },
    });
    expect(faultsInBooks(lab), told).toEqual([]);
    expect(lab.stats().frames.live).toBe(before);
    for (const vm of laptop.vms) await vm.remove();
    attach.remove();
  }
});
