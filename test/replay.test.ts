import { describe, expect, test } from "vitest";
import type { CapturedPacket } from "../src/capture-reader";
import { MODES } from "../src/modes";
import type { ModeName } from "../src/modes";
import { Replay } from "../src/replay";
import type { Fate, ReplayOptions, Sighting } from "../src/replay";
import { arp, be16, ethernet, icmp, ipv4, udp, zeros } from "./packets";
import type { Bytes } from "./packets";

const EVERYBODY: Bytes = [255, 255, 255, 255, 255, 255];
const GATEWAY: Bytes = [0x52, 0x54, 0, 0x12, 0x35, 0];
const GUEST_IP: Bytes = [10, 0, 2, 77];
const GATEWAY_IP: Bytes = [10, 0, 2, 1];
const ms = 1_000_000n;

const whoHasGateway = ethernet(0x0806, arp(1, { senderIp: GUEST_IP, targetIp: GATEWAY_IP }), [], EVERYBODY);
const echo = icmp(8, 0, [...be16(7), ...be16(1), ...zeros(8)]);
const pingGateway = ethernet(0x0800, ipv4(echo, { src: GUEST_IP, dst: GATEWAY_IP }), [], GATEWAY);
const unknownStation = ethernet(0x0800, ipv4(udp(5000, 53)), [], [2, 0, 0, 0, 0, 0x99]);

function packets(...frames: (Uint8Array | Partial<CapturedPacket>)[]): CapturedPacket[] {
  return frames.map((given, index) => {
    const own = given instanceof Uint8Array ? { frame: given } : given;
    const { frame = new Uint8Array(60) } = own;
    return { index, time: BigInt(index) * ms, frame, originalLength: frame.length, interface: { linkType: 1 }, ...own };
  });
}

async function replayed(sent: CapturedPacket[], options: ReplayOptions = {}): Promise<Fate[]> {
  const replay = await Replay.open(options);
  const fates = sent.map((packet) => replay.send(packet));
  const { balance, frames } = await replay.close();
  expect(balance).toBe(0);
  expect(frames.ingress).toBe(fates.filter(({ verdict }) => verdict !== "skipped").length);
  return fates;
}

test("a question to the gateway is delivered to it, and its answer comes back to the guest", async () => {
  const [question, ping] = await replayed(packets(whoHasGateway, pingGateway));
  expect(question).toMatchObject({ verdict: "delivered", answers: 1 });
  expect(question!.to).toContain("laptop/NatNetwork/gateway");
  expect(ping).toMatchObject({ verdict: "delivered", to: ["laptop/NatNetwork/gateway"], losses: [], answers: 1 });
});

test("a frame for a station that is not there is dropped by all it is flooded to", async () => {
  const [fate] = await replayed(packets(unknownStation));
  expect(fate).toMatchObject({ verdict: "dropped", to: [], answers: 0 });
  expect(new Set(fate!.losses.map(({ reason }) => reason))).toEqual(new Set(["NOT_MINE"]));
  expect(fate!.losses.map(({ port }) => port)).toContain("neighbor/1");
});

test("frames that no wire carries are dropped with their reason", async () => {
  const fates = await replayed(packets(new Uint8Array(0), new Uint8Array(13), new Uint8Array(1523), new Uint8Array(65_535)));
  expect(fates.map(({ losses }) => losses.map(({ reason }) => reason))).toEqual([["TOO_SHORT"], ["TOO_SHORT"], ["TOO_LONG"], ["TOO_LONG"]]);
});

test("what is no Ethernet is skipped", async () => {
  const [fate] = await replayed(packets({ frame: new Uint8Array(40), interface: { linkType: 101 } }));
  expect(fate).toMatchObject({ verdict: "skipped", to: [], losses: [] });
});

test("what a gateway carries on and somebody drops further on is told apart from the frame itself", async () => {
  const outside = ethernet(0x0800, ipv4(udp(5000, 54), { src: GUEST_IP, dst: [192, 168, 1, 1] }), [], GATEWAY);
  const [, fate] = await replayed(packets(whoHasGateway, outside));
  expect(fate).toMatchObject({ verdict: "delivered", to: ["laptop/NatNetwork/gateway"], losses: [] });
  expect(fate!.further).toContainEqual({ port: "home-router/1", reason: "UDP_CLOSED" });
});

describe("time", () => {
  const at = async (times: bigint[], options?: ReplayOptions): Promise<number[]> => {
    const fates = await replayed(packets(...times.map((time) => ({ frame: unknownStation, time }))), options);
    return fates.map((fate) => Math.round((fate.at - fates[0]!.at) * 1000) / 1000);
  };

  test("frames are sent when they were recorded", async () => {
    expect(await at([5n * ms, 6n * ms, 6n * ms + 250_000n])).toEqual([0, 1, 1.25]);
  });

  test("a pause longer than a second counts as one, unless it is asked for", async () => {
    expect(await at([0n, 60_000n * ms])).toEqual([0, 1000]);
    expect(await at([0n, 60_000n * ms], { longestGap: Infinity })).toEqual([0, 60_000]);
  });

  test("a frame that was recorded out of order is sent at once, and what follows is not late", async () => {
    const [first, early, late] = await at([10n * ms, 2n * ms, 20n * ms]);
    expect([first, late]).toEqual([0, 10]);
    expect(early).toBeCloseTo(0.005);
  });
});

test("a frame's fate does not depend on how long the reader waits for the next one", async () => {
  const sent = packets(whoHasGateway, unknownStation, pingGateway);
  const replay = await Replay.open();
  const slowly: Fate[] = [];
  for (const packet of sent) {
    slowly.push(replay.send(packet));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await replay.close();
  expect(slowly).toEqual(await replayed(sent));
});

test.each(Object.keys(MODES) as ModeName[])("in mode %s a broadcast is seen at the guest's port and at somebody else's", async (mode) => {
  const seen: Sighting[] = [];
  await replayed(packets(whoHasGateway), { mode, onsighting: (sighting) => seen.push(sighting) });
  const own = seen.filter(({ frame }) => frame.length === whoHasGateway.length && frame.every((byte, i) => byte === whoHasGateway[i]));
  expect(own[0]).toMatchObject({ port: "guest/1", direction: "out" });
  expect(own.some(({ port, direction }) => direction === "in" && port !== "guest/1")).toBe(true);
});
