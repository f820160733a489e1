import { describe, expect, test } from "vitest";
import { codeOf, lab, watch } from "./world";

/** Two external cards on one internal network: one sends, one swallows. */
async function pair(capacity = {}) {
  const net = await lab({ capacity });
  const wire = net.host("laptop").internal("wire");
  const [a] = net.hosts[0]!.vm("a", { attach: wire, guest: "external", mac: "02:00:00:00:0a:01" }).adapters;
  const [b] = net.hosts[0]!.vm("b", { attach: wire, guest: "external", mac: "02:00:00:00:0b:01" }).adapters;
  return { net, a: a!, b: b! };
}

describe("traffic made inside the engine", () => {
  test("every frame a generator sends arrives at the sink", async () => {
    const { net, a, b } = await pair();
    const sink = net.sink(b);
    const traffic = net.generator(a, { to: { mac: "02:00:00:00:0b:01" }, count: 1000 });
    await traffic.finished();
    await net.sleep(1);
    expect([traffic.sent, traffic.left, sink.frames, sink.bytes]).toEqual([1000, 0, 1000, 60_000]);
  });

  test("frames are sound: an external guest reads the addresses, ports and length that were asked for", async () => {
    const { net, a, b } = await pair();
    const seen: Uint8Array[] = [];
    b.onframe = (frame) => seen.push(frame);
    await net.generator(a, { to: { mac: "02:00:00:00:0b:01", address: "198.51.100.7", port: 53 }, size: 590, count: 1 }).finished();
    await net.sleep(1);
    const frame = new DataView(seen[0]!.buffer);
    expect(seen[0]!.length).toBe(590);
    expect([frame.getUint32(30), frame.getUint16(36)]).toEqual([0xc6336407, 53]);
  });

  test("flows reach every combination of stations and ports once before they repeat", async () => {
    const { net, a, b } = await pair();
    const seen = new Map<string, number>();
    b.onframe = (frame) => {
      const view = new DataView(frame.buffer);
      const key = [view.getUint16(10), view.getUint32(26), view.getUint16(34), view.getUint16(36)].join();
      seen.set(key, (seen.get(key) ?? 0) + 1);
    };
    const from = { mac: "02:00:00:00:00:01", stations: 5, ports: 3 };
    await net.generator(a, { from, to: { mac: "02:00:00:00:0b:01", ports: 4 }, count: 120 }).finished();
    await net.sleep(1);
    expect(seen.size).toBe(60);
    expect([...seen.values()].every((times) => times === 2)).toBe(true);
  });

  test("the Internet mix is seven short frames, four of 590 bytes and a full one", async () => {
    const { net, a, b } = await pair();
    const sizes: Record<number, number> = {};
    b.onframe = ({ length }) => (sizes[length] = (sizes[length] ?? 0) + 1);
    await net.generator(a, { to: { mac: "02:00:00:00:0b:01" }, size: "imix", count: 1200, burst: 1 }).finished();
    await net.sleep(1);
    expect(sizes).toEqual({ 60: 700, 590: 400, 1514: 100 });
  });

  test("the same traffic has the same digest, and a fork goes on with it", async () => {
    const digests = [];
    for (let i = 0; i < 2; i++) {
      const { net, a, b } = await pair();
      const sink = net.sink(b);
      const traffic = net.generator(a, { to: { mac: "02:00:00:00:0b:01" }, count: 500 });
      await net.sleep(0.03);
      const other = watch(await net.fork({ replay: true }));
      await Promise.all([traffic.finished(), other.generators[0]!.finished()]);
      await Promise.all([net.sleep(1), other.sleep(1)]);
      digests.push(sink.digest);
      expect(other.stats().frames).toEqual(net.stats().frames);
    }
    expect(digests[0]).toBe(digests[1]);
    expect(digests[0]).not.toBe("0000000000000000");
  });

  test("a generator on a card that goes stops with it, and only cards without a station can be sinks", async () => {
    const { net, a, b } = await pair();
    const traffic = net.generator(a, { to: { mac: "02:00:00:00:0b:01" }, count: 1e9 });
    await net.hosts[0]!.vms[0]!.remove();
    await net.sleep(1);
    expect(traffic.left).toBeGreaterThan(0);
    const built = net.hosts[0]!.vm("built", net.hosts[0]!.internal("wire"));
    expect(codeOf(() => net.sink(built.adapters[0]!))).toBe("NOT_EXTERNAL");
    expect(codeOf(() => net.generator(b, { count: 1, size: 59 }))).toBe("OPTION");
    expect(codeOf(() => net.generator(b, { count: 0 }))).toBe("OPTION");
    for (let i = 0; i < 64; i++) net.generator(b, { count: 1 });
    expect(codeOf(() => net.generator(b, { count: 1 }))).toBe("FULL");
  });

  test("a frame for which the lab has no buffer is a drop with a reason, and not one that went missing", async () => {
    const { net, a, b } = await pair({ frames: 16 });
    const sink = net.sink(b);
    const traffic = net.generator(a, { to: { mac: "02:00:00:00:0b:01" }, count: 1000, burst: 256 });
    await traffic.finished();
    await net.sleep(1);
    const { frames, drops } = net.stats();
    expect(traffic.sent).toBe(1000);
    expect(sink.frames).toBeLessThan(1000);
    expect(drops).toEqual({ NO_FRAME: 1000 - sink.frames });
    expect(a.stats().dropped).toBe(1000 - sink.frames);
    expect([frames.originated, frames.consumed, frames.dropped]).toEqual([1000, sink.frames, 1000 - sink.frames]);
  });

  test("who waits for a generator to finish goes on when it is stopped, at that time", async () => {
    const { net, a } = await pair();
    const traffic = net.generator(a, { count: 1_000_000, burst: 1, interval: 1 });
    const finished = traffic.finished();
    await net.sleep(10);
    traffic.stop();
    await finished;
    expect(net.now).toBeCloseTo(10);
    expect([traffic.sent, traffic.left]).toEqual([11, 999_989]);
    await traffic.finished();
    expect(net.now).toBeCloseTo(10);
  });

  test("who waits for a generator to finish goes on when its machine is removed", async () => {
    const { net, a } = await pair();
    const traffic = net.generator(a, { count: 1_000_000, burst: 1, interval: 1 });
    const finished = traffic.finished();
    await net.sleep(10);
    await net.vms.find(({ name }) => name === "a")!.remove();
    await finished;
    expect(net.now).toBeCloseTo(10);
    expect([traffic.sent, traffic.left, net.generators.length]).toEqual([11, 999_989, 0]);
  });

  test("a generator in a fork whose machine is removed ends too", async () => {
    const { net, a } = await pair();
    net.generator(a, { count: 1_000_000, burst: 1, interval: 1 });
    const other = watch(await net.fork());
    const [traffic] = other.generators;
    const finished = traffic!.finished();
    await other.vms.find(({ name }) => name === "a")!.remove();
    await finished;
    expect(traffic!.left).toBeGreaterThan(0);
  });

  test("a generator that was stopped keeps its figures when another takes its place", async () => {
    const { net, a } = await pair();
    const first = net.generator(a, { count: 100 });
    await first.finished();
    first.stop();
    const second = net.generator(a, { count: 777 });
    await second.finished();
    expect([first.sent, first.left, second.sent]).toEqual([100, 0, 777]);
    first.stop();
    expect(second.sent).toBe(777);
  });

  test("generators that have finished leave their places to others, and keep their figures", async () => {
    const { net, a } = await pair();
    const all = [];
    for (let i = 1; i <= 70; i++) {
      all.push(net.generator(a, { count: i }));
      await all.at(-1)!.finished();
    }
    expect(all.map(({ sent }) => sent)).toEqual(all.map((_, i) => i + 1));
    expect(net.generators).toEqual([]);
  });

  test("a sink that was stopped counts no further, and two on one card count apart", async () => {
    const { net, a, b } = await pair();
    const send = async (count: number): Promise<void> => {
      await net.generator(a, { to: { mac: "02:00:00:00:0b:01" }, count }).finished();
      await net.sleep(1);
    };
    let heard = 0;
    b.onframe = () => heard++;
    const whole = net.sink(b);
    await send(100);
    const half = net.sink(b);
    await send(100);
    expect([whole.frames, half.frames, heard]).toEqual([200, 100, 0]);
    expect(half.digest, "a sum, and the same frames twice").not.toBe(whole.digest);
    expect(BigInt.asUintN(64, 2n * BigInt(`0x${half.digest}`))).toBe(BigInt(`0x${whole.digest}`));

    whole.stop();
    whole.stop();
    await send(100);
    expect([whole.frames, half.frames, heard]).toEqual([200, 200, 0]);
    half.stop();
    await send(50);
    expect([whole.frames, half.frames, half.bytes, heard]).toEqual([200, 200, 12_000, 50]);
  });

  test("a sink whose card was removed keeps its figures, and stopping it leaves the card in its place alone", async () => {
    const { net, a, b } = await pair();
    const sink = net.sink(b);
    await net.generator(a, { to: { mac: "02:00:00:00:0b:01" }, count: 10 }).finished();
    await net.sleep(1);
    await net.vms.find(({ name }) => name === "b")!.remove();
    const attach = net.hosts[0]!.internal("wire");
    const [next] = net.hosts[0]!.vm("c", { attach, guest: "external", mac: "02:00:00:00:0c:01" }).adapters;
    const other = net.sink(next!);
    sink.stop();
    await net.generator(a, { to: { mac: "02:00:00:00:0c:01" }, count: 5 }).finished();
    await net.sleep(1);
    expect([sink.frames, other.frames, net.stats().drops.NOT_ATTACHED]).toEqual([10, 5, undefined]);
  });
});
