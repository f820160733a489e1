/** Wires that change, go, are copied, and are asked about. */
import { describe, expect, test } from "vitest";
import { createLab } from "../src/index";
import type { WireOptions } from "../src/index";
import { BROADCAST } from "./guest";
import { codeOf, faultsInBooks, setBudget, smallLab } from "./inside";
import { chance, seedOf } from "./twins/wire-slowly";
import { ALICE, BOB, cardIn, listen, numbered, sendAt, wired } from "./wired";
import { watch } from "./world";

const MS = 1e6;

describe("a wire that changes", () => {
  test("in the middle of a frame: what is left of it goes on at the new rate", async () => {
    const { lab, alice, heard } = await wired({ rate: "1m" });
    for (let n = 0; n < 3; n++) alice.send(numbered(n, 1000)); // 8 ms each
    await lab.advance(2);
    alice.wire = { rate: "3m" };
    // 6 ms are left of the first at 1 Mbit/s; a third of that at 3 Mbit/s.
    const first = 2 * MS + Math.ceil((6 * MS * 1e6) / 3e6);
    const each = Math.ceil(8e12 / 3e6);
    await lab.advance(100);
    expect(heard.map(({ time }) => time)).toEqual([first, first + each, first + 2 * each]);
  });

  test("to one without a rate: what waits goes at once, in order", async () => {
    const { lab, alice, heard } = await wired({ rate: "1m" });
    for (let n = 0; n < 50; n++) alice.send(numbered(n, 1000));
    await lab.advance(1);
    alice.wire = { delay: 4 };
    alice.send(numbered(50, 60));
    await lab.advance(100);
    expect(heard.map(({ n }) => n)).toEqual(Array.from({ length: 51 }, (_, n) => n));
    expect(new Set(heard.map(({ time }) => time))).toEqual(new Set([5 * MS]));
  });

  test.each<[string, WireOptions, WireOptions]>([
    ["delay alone", { delay: 10 }, { delay: 1 }], ["character to delay", { delay: 10, jitter: 1 }, { delay: 1 }],
    ["delay to character", { delay: 10 }, { delay: 1, loss: 0.000001 }], ["both", { delay: 10, duplicate: 0.1 }, { delay: 1, loss: 0.000001 }],
  ])("to a shorter one (%s): nothing is overtaken", async (_, before, after) => {
    for (const way of ["send", "receive"] as const) {
      const { lab, alice, bob, heard } = way === "send" ? await wired(before) : await wired({}, before);
      const card = way === "send" ? alice : bob;
      for (let n = 0; n < 5; n++) alice.send(numbered(n, 60));
      await lab.advance(2);
      card.wire = after;
      for (let n = 5; n < 8; n++) alice.send(numbered(n, 60));
      await lab.advance(6.999);
      expect(heard, way).toEqual([]);
      await lab.advance(50);
      const order = heard.map(({ n }) => n);
      expect([...new Set(order)], way).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(order, way).toEqual([...order].sort((a, b) => a - b));
      const then = Math.round(lab.now * MS);
      alice.send(numbered(8, 60));
      await lab.advance(20);
      expect(heard.at(-1), `${way}: and then it is as short as it says`).toMatchObject({ n: 8, time: then + MS });
    }
  });

  test("while a broadcast is under way: it arrives when it would have, and once", async () => {
    for (const [before, after] of [[10, 3], [3, 10], [10, 4], [4, 10]] as const) {
      const { lab, laptop, alice, heard } = await wired({}, { delay: before });
      const attach = laptop.internal("office");
      const others = [3, 10].map((delay) => {
        const card = laptop.vm(`at${delay}`, { attach, guest: "external", wire: { delay } }).adapters[0]!;
        return listen(lab, card);
      });
      alice.send(numbered(1, 60, BROADCAST));
      await lab.advance(1);
      cardIn(lab, "bob").wire = { delay: after };
      await lab.advance(100);
      const told = `from ${before} to ${after} ms`;
      expect(heard.map(({ time }) => time), told).toEqual([before * MS]);
      expect(others.map((each) => each.map(({ time }) => time)), told).toEqual([[3 * MS], [10 * MS]]);
      expect(lab.stats().frames, told).toMatchObject({ ingress: 1, copies: 2, delivered: 3, dropped: 0, live: 0 });
      alice.send(numbered(2, 60, BROADCAST));
      await lab.advance(100);
      expect(heard.at(-1)!.time - 101 * MS, told).toBe(after * MS);
      expect(lab.stats().frames, told).toMatchObject({ ingress: 2, copies: 4, delivered: 6, dropped: 0, live: 0 });
    }
  });

  test("is refused when it makes no sense, or when there are too many, and stays as it was", async () => {
    const lab = watch(await createLab({ wire: { delay: 0 }, capacity: { stations: 64, wires: 16, frames: 512 } }));
    const laptop = lab.host("laptop", []);
    const attach = laptop.internal("office");
    const cards = Array.from({ length: 20 }, (_, i) => laptop.vm(`vm${i}`, { attach, guest: "external" }).adapters[0]!);
    for (const card of cards.slice(0, 16)) card.wire = { loss: 0.5 };
    expect(await codeOf(() => { cards[16]!.wire = { loss: 0.5 }; })).toBe("FULL");
    expect(cards[16]!.wire).toEqual({});
    expect(await codeOf(() => { attach.wire = { jitter: 1 }; })).toBe("FULL");
    expect(attach.wire).toEqual({});
    cards[0]!.wire = {};
    cards[16]!.wire = { loss: 0.25 };
    expect(cards[16]!.wire).toEqual({ loss: 0.25 });
    expect(await codeOf(() => { cards[16]!.wire = { loss: 2 }; })).toBe("OPTION");
    expect(cards[16]!.wire).toEqual({ loss: 0.25 });
    expect(cards[17]!.stats().wire).toBeUndefined();
  });
});

test.each<[string, unknown]>([
  ["wire", 5], ["wire", null], ["delay", { delay: "1" }], ["delay", { delay: 60_001 }], ["jitter", { jitter: -1 }], ["rate", { rate: 10 }],
  ["queue", { queue: 1.5 }], ["frames", { queue: { frame: 3 } }], ["bytes", { queue: { bytes: -1 } }], ["loss", { loss: 1.1 }], ["loss", { loss: NaN }],
  ["toGood", { loss: { toBad: 0.1 } }], ["toGood", { loss: { toBad: 0.1, toGod: 1 } }], ["duplicate", { duplicat: 1 }], ["corrupt", { corrupt: "1" }],
  ["chance", { reorder: { by: 3 } }], ["reorder", { reorder: 0.5 }], ["mtu", { mtu: 67 }], ["mtu", { mtu: 1501 }], ["send", { sent: {} }],
  ["wire.send.delay", { send: { delay: -1 } }], ["wire.receive", { receive: { send: {} } }],
])("a wire with a wrong %s is told so", async (word, wire) => {
  const { laptop, alice, lab } = await wired({});
  const attach = laptop.internal("office");
  const doors = [
    () => { alice.wire = wire as never; }, () => { attach.wire = wire as never; }, () => laptop.vm("x", { attach, wire: wire as never }),
    () => laptop.internal("other", { wire: wire as never }), () => lab.lan("other", { wire: wire as never }),
    () => lab.host("x", [], { wire: wire as never }), () => createLab({ wire: wire as never }),
    () => lab.router("x", { legs: [{ network: attach, address: "10.0.0.1/24", wire: wire as never }] }),
  ];
  for (const door of wire === null ? doors.slice(0, 2) : doors) {
    const error = await Promise.resolve().then(door).then(() => null, (reason: unknown) => reason as { code?: string; message: string });
    expect(error?.code, String(door)).toBe("OPTION");
    expect(error!.message).toContain(word);
  }
  expect(lab.machines.map(({ name }) => name)).toEqual(["laptop", "alice", "bob"]);
});

describe("frames in a queue", () => {
  test("are under way for the books, and are dropped or freed when their card moves, is unplugged, or goes", async () => {
    for (const [what, reason, act] of [
      ["moves", "NOT_ATTACHED", (it) => it.alice.attach(it.laptop.internal("elsewhere"))],
      ["is unplugged", "CABLE_OFF", (it) => { it.alice.cable = false; }],
      ["goes", "NOT_ATTACHED", (it) => it.alice.remove()],
      ["has its network removed", "NOT_ATTACHED", (it) => it.laptop.internal("office").remove()],
    ] as [string, "NOT_ATTACHED" | "CABLE_OFF", (it: Awaited<ReturnType<typeof wired>>) => unknown][]) {
      const it = await wired({ rate: "1m" });
      const { lab, alice, heard } = it;
      const capture = alice.capture();
      for (let n = 0; n < 20; n++) alice.send(numbered(n, 1000));
      await lab.advance(17); // two of them, 8 ms each
      expect(lab.stats().frames).toMatchObject({ delivered: 2, live: 18 });
      expect(alice.stats().wire!.send.queue).toEqual({ frames: 17, bytes: 17_000 });
      void act(it);
      await lab.advance(1000);
      expect(lab.stats().frames, what).toMatchObject({ delivered: 2, dropped: 18, live: 0 });
      expect(lab.stats().drops, what).toEqual({ [reason]: 18 });
      expect(heard).toHaveLength(2);
      expect(faultsInBooks(lab)).toEqual([]);
      expect(capture.bytes().length).toBeGreaterThan(20 * 1000);
    }
  });

  test("towards a card go when it goes, too, and a new card in its place starts with an empty wire", async () => {
    const { lab, laptop, alice, bob, heard } = await wired({}, { receive: { rate: "1m" } });
    for (let n = 0; n < 20; n++) alice.send(numbered(n, 1000));
    await lab.advance(17);
    await laptop.vms.find(({ name }) => name === "bob")!.remove();
    expect(lab.stats().drops).toEqual({ NOT_ATTACHED: 18 });
    expect(heard).toHaveLength(2);
    expect(bob.name).toBe("bob/1");
    const dave = laptop.vm("dave", { attach: laptop.internal("office"), mac: BOB, guest: "external", wire: { rate: "1m" } }).adapters[0]!;
    const later = listen(lab, dave);
    alice.send(numbered(99, 1000));
    await lab.advance(20);
    expect(later).toMatchObject([{ n: 99, time: (17 + 8) * MS }]);
    expect(dave.stats().wire!.receive).toMatchObject({ passed: 1, refused: 0 });
  });

  test("of an uplink go with the host", async () => {
    const lab = watch(await createLab({ wire: { delay: 0 } }));
    const lan = lab.lan("home", { router: false, network: "10.0.0.0/24", wire: { rate: "10k" } });
    const a = lab.host("a", lan, { address: "10.0.0.1/24" });
    const b = lab.host("b", lan, { address: "10.0.0.2/24" });
    await a.ping(b, { timeout: 10_000 });
    const socket = a.udp(9);
    const other = b.udp(9);
    for (let i = 0; i < 10; i++) {
      socket.send("x".repeat(500), { machine: b, port: 9 });
      other.send("x".repeat(500), { machine: a, port: 9 });
    }
    await lab.advance(1000);
    expect(lab.stats().frames.live).toBeGreaterThan(10);
    await b.remove();
    await a.remove();
    await lab.advance(60_000);
    expect(lab.stats().frames.live).toBe(0);
    expect(faultsInBooks(lab)).toEqual([]);
  });

  test("are in a fork: both go on to the same end, or with dice of their own", async () => {
    const wire: WireOptions = { rate: "1m", delay: 5, jitter: 4, loss: 0.3, duplicate: 0.2, corrupt: 0.2, reorder: { chance: 0.2, by: 30 } };
    const { lab, alice, heard } = await wired(wire);
    for (let n = 0; n < 60; n++) alice.send(numbered(n, 300));
    await lab.advance(30);
    const before = heard.length;
    const [replay, other] = await Promise.all([lab.fork({ replay: true }), lab.fork()]); // the original may go on meanwhile
    const [same, different] = [replay, other].map((each) => listen(watch(each), cardIn(each, "bob")));
    for (const each of [lab, replay, other]) await each.advance(1000 - each.now);
    const of = (heard: typeof same): string[] => heard!.map(({ time, bytes }) => `${time} ${bytes}`);
    expect(of(same)).toEqual(of(heard.slice(before)));
    expect(replay.stateHash()).toBe(lab.stateHash());
    expect(of(different)).not.toEqual(of(same));
    for (const each of [lab, replay, other]) {
      expect(each.stats().frames.live).toBe(0);
      expect(faultsInBooks(each)).toEqual([]);
    }
    expect(cardIn(replay, "alice").wire).toEqual(wire);
  });
});

test("how many steps the engine does at once changes nothing", async () => {
  const runs = await Promise.all([1, 3, 4096].map(async (budget) => {
    const { lab, laptop, alice, bob, heard, answers } = await wired(
      { rate: "2m", jitter: 2, delay: 3, loss: 0.1, corrupt: 0.3, reorder: true }, { delay: 1, duplicate: 0.3, receive: { rate: "1m", queue: 5 } });
    alice.bandwidthGroup = laptop.bandwidthGroup("slow", { limit: "1m" });
    setBudget(lab, budget);
    const frames = Array.from({ length: 200 }, (_, n) => ({ time: Math.floor(n / 20) * 7 * MS, bytes: numbered(n, 60 + ((n * 97) % 1400), BROADCAST) }));
    await sendAt(lab, alice, frames);
    bob.send(numbered(7, 60, ALICE, BOB));
    await lab.advance(5000);
    return { heard: heard.map(({ time, bytes }) => `${time} ${bytes}`), answers: answers.length, hash: lab.stateHash(), drops: lab.stats().drops };
  }));
  expect(runs[0]!.heard.length).toBeGreaterThan(20);
  expect(runs[1]).toEqual(runs[0]);
  expect(runs[2]).toEqual(runs[0]);
});

describe("chance", () => {
  test("of one wire is nobody else's: another wire more changes nothing here", async () => {
    const run = async (more: boolean): Promise<unknown> => {
      const { lab, laptop, alice, heard } = await wired({ loss: 0.5, jitter: 3, delay: 5, duplicate: 0.1 });
      if (more) laptop.vm("carol", { attach: laptop.internal("office"), guest: "external", wire: { loss: 0.5, jitter: 3 } });
      for (let n = 0; n < 200; n++) alice.send(numbered(n, 100));
      await lab.advance(100);
      return heard.map(({ n, time }) => [n, time]);
    };
    expect(await run(true)).toEqual(await run(false));
  });

  test("falls as the generator says: exactly these of 2000 frames are lost, and in bursts exactly those", async () => {
    for (const loss of [0.1, { toBad: 0.02, toGood: 0.25, good: 0.01, bad: 0.8 }]) {
      const { lab, alice, heard } = await wired({ loss }, {}, { seed: "dice" });
      const seed = seedOf("dice", "alice/1", "send");
      const { toBad, toGood, good, bad } = typeof loss === "number" ? { toBad: 0, toGood: 0, good: loss, bad: loss } : loss;
      let isBad = false;
      const survivors: number[] = [];
      for (let n = 0; n < 2000; n++) {
        if (chance(seed, n, 0) >= (isBad ? bad : good)) survivors.push(n);
        if (chance(seed, n, 1) < (isBad ? toGood : toBad)) isBad = !isBad;
      }
      for (let n = 0; n < 2000; n++) {
        alice.send(numbered(n, 60));
        if (n % 100 === 99) await lab.advance(1);
      }
      expect(heard.map(({ n }) => n)).toEqual(survivors);
      // In the long run p = (toBad · bad + toGood · good) / (toBad + toGood); five sigma of an independent loss, four times that for bursts.
      const p = typeof loss === "number" ? loss : (toBad * bad + toGood * good) / (toBad + toGood);
      const sigma = Math.sqrt(2000 * p * (1 - p)) * (typeof loss === "number" ? 1 : 4);
      expect(Math.abs(2000 - survivors.length - 2000 * p)).toBeLessThan(5 * sigma);
    }
  });

  test("spreads jitter evenly over its whole width, and keeps the order unless told otherwise", async () => {
    for (const reorder of [false, true]) {
      const { lab, alice, heard } = await wired({ delay: 10, jitter: 8, reorder });
      const frames = Array.from({ length: 2000 }, (_, n) => ({ time: n * 100_000, bytes: numbered(n, 60) }));
      await sendAt(lab, alice, frames);
      await lab.advance(100);
      const late = heard.map(({ n, time }) => time - n * 100_000 - 10 * MS);
      expect(Math.max(...late)).toBeLessThanOrEqual(8 * MS);
      expect(Math.min(...late)).toBeGreaterThanOrEqual(-8 * MS);
      const isSorted = heard.every(({ n }, i) => i === 0 || n > heard[i - 1]!.n);
      expect(isSorted).toBe(!reorder);
      if (!reorder) continue;
      // 16 slices of 125 each; a binomial's sigma is under 11.
      const slices = new Array<number>(16).fill(0);
      for (const each of late) slices[Math.min(15, Math.floor((each + 8 * MS) / MS))]!++;
      for (const slice of slices) expect(Math.abs(slice - 125)).toBeLessThan(55);
    }
  });
});

describe("lab.explain", () => {
  test("tells that a frame waits, for how long it is on the wire, and what chance does to it", async () => {
    const { lab, alice } = await wired({ rate: "1m", delay: 5, duplicate: 1, corrupt: 1, reorder: { chance: 1, by: 2 } });
    alice.send(numbered(0, 1000));
    alice.send(numbered(1, 1000));
    const { steps, ends } = await lab.explain(numbered(2, 1000), alice);
    const own = steps.filter(({ consequence }) => !consequence);
    expect(own[0]).toMatchObject({ step: "queue", at: "alice/1", towards: "switch", ahead: 2, group: false, time: 0, text: "waits for the wire, behind 2 others" });
    expect(own[1]).toMatchObject({
      step: "wire", at: "alice/1", towards: "switch", takes: 7, corrupted: true, duplicated: true, late: true, time: 24,
      text: "is sent, and on the wire for 7 ms, with one bit flipped, twice, late",
    });
    expect(own[2]!.time).toBe(31);
    expect(ends.length).toBeGreaterThan(0);
    expect(faultsInBooks(lab)).toEqual([]);
  });

  test("tells of a bandwidth group", async () => {
    const { lab, laptop, alice } = await wired({});
    alice.bandwidthGroup = laptop.bandwidthGroup("slow", { limit: "8k" });
    for (let n = 0; n < 65; n++) alice.send(numbered(n, 1000));
    const { steps } = await lab.explain(numbered(66, 1000), alice);
    expect(steps[0]).toMatchObject({ step: "queue", group: true, ahead: 0, text: "waits for its bandwidth group" });
    // 536 of 65536 are left, 100 come with each tick.
    expect(steps[1]).toMatchObject({ step: "wire", time: 500 });
  });

  test("foretells: a frame that it says is lost is lost", async () => {
    const { lab, alice, heard } = await wired({ loss: 0.5 });
    for (let n = 0; n < 30; n++) {
      const { ends, text } = await lab.explain(numbered(n, 60), alice);
      alice.send(numbered(n, 60));
      await lab.advance(1);
      const isLost = ends[0]!.outcome === "dropped";
      expect(heard.some((each) => each.n === n)).toBe(!isLost);
      if (isLost) expect(text).toBe("dropped at alice/1: WIRE_LOSS, the wire lost it, as it was told to");
    }
    expect(heard.length).toBeGreaterThan(5);
    expect(heard.length).toBeLessThan(25);
  });
});

test("the trunk of a LAN is a wire like any other", async () => {
  const sent: number[] = [];
  const port = { send: (bytes: Uint8Array) => { sent.push(bytes.length); return true; }, onframe: null as ((bytes: Uint8Array) => void) | null, ondrain: null };
  const lab = watch(await smallLab({ wire: { delay: 0 } }));
  const lan = lab.lan("real", { trunk: port, wire: { send: { delay: 3 }, receive: { mtu: 100 } } });
  const laptop = lab.host("laptop", lan, { address: "10.0.0.1/24", wire: { mtu: 1500, receive: { mtu: 1500 } } });
  const guest = laptop.vm("guest", { attach: laptop.bridged(), guest: "external", mac: BOB }).adapters[0]!;
  const heard = listen(lab, guest);
  guest.send(numbered(1, 114, BROADCAST, BOB));
  guest.send(numbered(2, 115, BROADCAST, BOB));
  port.onframe!(numbered(3, 60, BOB));
  await lab.advance(50);
  expect(sent).toEqual([114]);
  // The trunk's own 3 ms, and the host's cable, which the LAN says is like the trunk: 0 ms from it.
  expect(heard).toMatchObject([{ n: 3, time: 3 * MS }]);
  expect(lab.stats().drops.WIRE_MTU).toBe(1);
});
