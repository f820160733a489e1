/** Rules of Ethernet, ARP, IPv4, ICMP and DHCP that a station and a switch keep, told by a guest that breaks them. */
import { describe, expect, test } from "vitest";
import type { Host, Lab, LabStats, Network, Vm } from "../src/index";
import { EXPERIMENT, Guest, arpMessage, frame, ipBytes, macBytes } from "./guest";
import { be16, be32, icmp, ipv4, tcp, udp, zeros } from "./packets";
import type { Bytes, Ipv4Options, Segment } from "./packets";
import { code, lab } from "./world";

const ALICE = "02:00:00:00:00:02";
const MALLORY = "02:00:00:00:00:55";
const IPV4 = 0x0800;
const ARP = 0x0806;

interface Office {
  world: Lab;
  laptop: Host;
  net: Network;
  alice: Vm;
  mallory: Guest;
}

/** Alice, 10.9.0.2, and mallory's card, on a switch without anybody else. Mallory's address is 10.9.0.9. */
async function office({ arp = true } = {}): Promise<Office> {
  const world = await lab();
  const laptop = world.host("laptop", []);
  const net = laptop.internal("office");
  const alice = laptop.vm("alice", { attach: net, address: "10.9.0.2/24", mac: ALICE });
  const mallory = plugIn(world, laptop, net, "mallory", MALLORY, { ip: "10.9.0.9", arp });
  return { world, laptop, net, alice, mallory };
}

function plugIn(
  world: Lab, laptop: Host, attach: Network, name: string, mac: string, options: ConstructorParameters<typeof Guest>[3] = {},
): Guest {
  const vm = laptop.vm(name, { attach, guest: "external", mac, promiscuous: "allow-all" });
  return new Guest(world, name, vm.adapters[0]!, options);
}

const packet = (src: string, dst: string, segment: Segment, options: Ipv4Options = {}): Bytes =>
  ipv4(segment, { src: ipBytes(src), dst: ipBytes(dst), ...options });

const echo = icmp(8, 0, [0, 7, 0, 1, 1, 2, 3, 4]);

/** IPv4 frames among those heard, since the last time. */
const packetsOf = (guest: Guest): Uint8Array[] => guest.frames.splice(0).filter((bytes) => bytes[12] === 8 && bytes[13] === 0);

describe("ARP (RFC 826, RFC 1812 §3.3.2)", () => {
  test.each([
    ["request", 1, "00:00:00:00:00:00"],
    ["reply", 2, "00:00:00:00:00:00"],
    ["request", 1, "01:00:5e:00:00:01"],
    ["reply", 2, "ff:ff:ff:ff:ff:ff"],
  ])("a %s (%d) whose sender has the MAC %s is neither answered nor believed", async (_, opcode, mac) => {
    const { world, alice, mallory } = await office({ arp: false });
    const lie = (): void => mallory.adapter.send(
      frame(ALICE, MALLORY, ARP, arpMessage(opcode, { mac, ip: "10.9.0.9" }, { mac: ALICE, ip: "10.9.0.2" })));
    lie();
    await world.advance(5);
    expect(world.stats().drops).toEqual({ ARP_FORMAT: 1 });
    expect(mallory.frames).toEqual([]);
    const ping = code(alice.ping("10.9.0.9", { timeout: 10_000 }));
    await world.advance(1);
    lie();
    expect(await ping).toBe("UNREACHABLE");
    expect(mallory.requestsFor("10.9.0.9").length).toBeGreaterThan(0);
    expect(packetsOf(mallory)).toEqual([]);
    await world.advance(10);
    expect(world.stats().drops.ARP_FORMAT).toBe(2);
    expect(world.stats().frames.live).toBe(0);
  });

  test.each([
    ["everybody", "255.255.255.255"],
    ["all on the network", "10.9.0.255"],
    ["a group", "224.0.0.251"],
    ["a reserved address", "240.0.0.1"],
    ["its own loopback", "127.0.0.1"],
  ])("who asks in the name of %s (%s) is neither answered nor believed (RFC 1122 §3.2.1.3)", async (_, ip) => {
    const { world, mallory } = await office({ arp: false });
    mallory.adapter.send(frame(ALICE, MALLORY, ARP, arpMessage(1, { mac: MALLORY, ip }, { mac: ALICE, ip: "10.9.0.2" })));
    await world.advance(5);
    expect(world.stats().drops).toEqual({ ARP_FORMAT: 1 });
    expect(mallory.frames).toEqual([]);
  });

  test("a probe, which has no address yet, is answered (RFC 5227 §2.1.1)", async () => {
    const { world, mallory } = await office({ arp: false });
    mallory.adapter.send(frame(ALICE, MALLORY, ARP, arpMessage(1, { mac: MALLORY, ip: "0.0.0.0" }, { mac: ALICE, ip: "10.9.0.2" })));
    await world.advance(5);
    expect(mallory.frames).toHaveLength(1);
  });

  test("static neighbours of a machine that was removed are not its successor's", async () => {
    const { world, laptop, net, alice, mallory } = await office({ arp: false });
    alice.neighbor("10.9.0.9", MALLORY);
    await alice.remove();
    const carol = laptop.vm("carol", { attach: net, address: "10.9.0.3/24" });
    expect(await code(carol.ping("10.9.0.9", { timeout: 10_000 }))).toBe("UNREACHABLE");
    expect(mallory.requestsFor("10.9.0.9").length).toBeGreaterThan(0);
    expect(packetsOf(mallory)).toEqual([]);
    expect(world.stats().frames.live).toBe(0);
  });
});

describe("an IPv4 station", () => {
  const kinds: [string, Segment][] = [["an echo", echo], ["a datagram", udp(9, 9, [1])], ["a SYN", tcp(9, 9)]];
  const sources = ["10.9.0.255", "0.1.2.3", "255.255.255.255"];
  test.each(sources.flatMap((source) => kinds.map(([kind, segment]) => [kind, source, segment] as const)))(
    "does not answer %s from %s, which is nobody's address (RFC 1122 §3.2.1.3)", async (_, source, segment) => {
      const { world, mallory } = await office();
      mallory.announce();
      mallory.adapter.send(frame(ALICE, MALLORY, IPV4, packet(source, "10.9.0.2", segment)));
      await world.advance(10);
      expect(world.stats().drops).toEqual({ IPV4_SOURCE: 1 });
      expect(mallory.frames).toEqual([]);
    });

  test("gives an echo reply the type of service of the request (RFC 1812 §4.3.2.5)", async () => {
    const { world, mallory } = await office();
    for (const tos of [0xb8, 0x28, 0]) {
      mallory.adapter.send(frame(ALICE, MALLORY, IPV4, packet("10.9.0.9", "10.9.0.2", echo, { tos })));
      await world.advance(5);
      expect(packetsOf(mallory).map((bytes) => bytes[15])).toEqual([tos]);
    }
    expect(mallory.heard).toHaveLength(3); // with sound checksums
  });

  test("hears no VLAN but its own, also below a priority tag (IEEE 802.1Q-2018 §9.6)", async () => {
    const { world, mallory } = await office();
    const body = packet("10.9.0.9", "10.9.0.2", echo);
    const tagged = (outer: number, inner: Bytes): void =>
      mallory.adapter.send(frame(ALICE, MALLORY, outer, [0, 0, ...inner, ...be16(IPV4), ...body]));
    for (const outer of [0x8100, 0x88a8]) tagged(outer, [...be16(0x8100), 0, 5]);
    await world.advance(5);
    expect(world.stats().drops).toEqual({ VLAN: 2 });
    expect(mallory.frames).toEqual([]);
    tagged(0x8100, []);
    await world.advance(5);
    expect(packetsOf(mallory)).toHaveLength(1);
  });
});

describe("a ping goes on", () => {
  /** Alice pings mallory, who says `about` the request and answers after that. */
  async function pingWith(about: (request: Bytes) => Segment): Promise<{ result: string; drops: LabStats["drops"] }> {
    const { world, alice, mallory } = await office();
    mallory.announce();
    const ping = alice.ping("10.9.0.9").then(({ from }) => `answer from ${from}`, (error: Error) => error.message);
    await world.advance(1);
    const request = Array.from(packetsOf(mallory)[0]!.subarray(14));
    const send = (segment: Segment): void =>
      mallory.adapter.send(frame(ALICE, MALLORY, IPV4, packet("10.9.0.9", "10.9.0.2", segment)));
    send(about(request));
    await world.advance(1);
    send(icmp(0, 0, request.slice(24)));
    return { result: await ping, drops: world.stats().drops };
  }

  test.each([
    ["a redirect (RFC 1122 §3.2.2.2)", 5, 1],
    ["source quench (RFC 6633 §3)", 4, 0],
  ])("after %s about it", async (_, type, number) => {
    const { result, drops } = await pingWith((request) => icmp(type, number, [10, 9, 0, 1, ...request.slice(0, 28)]));
    expect(result).toBe("answer from 10.9.0.9");
    expect(drops).toEqual({ ICMP_TYPE: 1 });
  });

  test.each([
    ["from somebody else", "99.1.2.3", "10.9.0.9"],
    ["to somebody else", "10.9.0.2", "8.8.8.8"],
  ])("after an error about a packet %s with the same numbers (RFC 5927 §4)", async (_, src, dst) => {
    const { result } = await pingWith((request) => {
      const quoted = packet(src, dst, { protocol: 1, bytes: request.slice(20, 28), checksumAt: -1 });
      return icmp(3, 1, [...zeros(4), ...quoted]);
    });
    expect(result).toBe("answer from 10.9.0.9");
  });

  const quotes: [string, (request: Bytes) => Bytes][] = [
    ["too little of it", (request) => request.slice(0, 27)],
    ["it as IP version 6", (request) => [0x65, ...request.slice(1, 28)]],
    ["it with an impossible header length", (request) => [0x44, ...request.slice(1, 28)]],
    ["it with a header that goes on beyond the quote", (request) => [0x4f, ...request.slice(1, 28)]],
    ["a later fragment, whose first bytes are no identifier", (request) => [...request.slice(0, 6), 0x00, 0x05, ...request.slice(8, 28)]],
    ["a packet of somebody else", (request) => [...request.slice(0, 12), 10, 9, 0, 77, ...request.slice(16, 28)]],
  ];
  test.each(quotes)("after an error that quotes %s, which is dropped for its quote", async (_, quoteOf) => {
    const { result, drops } = await pingWith((request) => icmp(3, 1, [...zeros(4), ...quoteOf(request)]));
    expect(result).toBe("answer from 10.9.0.9");
    expect(drops).toEqual({ ICMP_QUOTE: 1 });
  });

  test("no longer after an error about itself", async () => {
    const { result } = await pingWith((request) => icmp(3, 1, [...zeros(4), ...request.slice(0, 28)]));
    expect(result).toContain("10.9.0.9");
    expect(result).not.toContain("answer");
  });
});

/** A DHCP answer of mallory's. What is left out is right, or the client's. */
interface Answer {
  address: string;
  server?: string;
  mask?: Bytes;
  from?: string;
  port?: number;
  fragment?: number;
}

const OFFER = 2;
const ACK = 5;

function answerFrame(type: number, xid: Bytes, o: Answer): Uint8Array {
  const { address, server = "10.9.0.66", mask = [255, 255, 255, 0], from = server, port = 67, fragment = 0 } = o;
  const options = [53, 1, type, 54, 4, ...ipBytes(server), 51, 4, ...be32(50), 1, 4, ...mask, 255];
  const message = [
    2, 1, 6, 0, ...xid, ...zeros(8), ...ipBytes(address), ...zeros(8), ...macBytes(ALICE), ...zeros(202),
    99, 130, 83, 99, ...options, ...zeros(40),
  ];
  const whole = udp(port, 68, message);
  const segment = fragment === 0 ? whole : { ...whole, checksumAt: -1 };
  return frame(ALICE, MALLORY, IPV4, packet(from, address, segment, { fragment }));
}

/** Alice boots; mallory is on the spot with one offer or acknowledgement, before the right server. */
async function boot(offer: Answer | null, ack: Answer | null) {
  const world = await lab();
  const laptop = world.host("laptop", []);
  const dhcp = { serverAddress: "10.9.0.1", prefix: 24, pool: { from: "10.9.0.100", to: "10.9.0.199" } };
  const attach = laptop.internal("office", { dhcp });
  const card = laptop.vm("mallory", { attach, guest: "external", mac: MALLORY, wire: { delay: 0 } }).adapters[0]!;
  const answers = [{ asked: 1, type: OFFER, answer: offer }, { asked: 3, type: ACK, answer: ack }];
  const requested: string[] = [];
  card.onframe = (bytes) => {
    if (bytes[12] !== 8 || bytes[13] !== 0 || bytes[23] !== 17 || bytes[37] !== 67) return;
    const asked = bytes[284];
    if (asked === 3) requested.push(bytes.subarray(282, 320).join("."));
    for (const each of answers) {
      if (each.asked !== asked || !each.answer) continue;
      card.send(answerFrame(each.type, Array.from(bytes.subarray(46, 50)), each.answer));
      each.answer = null;
    }
  };
  const alice = laptop.vm("alice", { attach, mac: ALICE });
  await world.ready();
  expect(answers.every(({ answer }) => answer === null), "mallory was not asked").toBe(true);
  return { alice, requested };
}

describe("a DHCP client", () => {
  const good: Answer = { address: "10.9.0.222" };
  const RIGHT = "10.9.0.100";
  test("believes the first who offers, and acknowledges, as it should (RFC 2131 §3.1)", async () => {
    const { alice } = await boot(good, good);
    expect(alice.address).toBe("10.9.0.222");
    expect(alice.legs[0]!.lease?.server).toBe("10.9.0.66");
  });

  const offers: [string, Answer][] = [
    ["that is the first fragment of one (RFC 791)", { ...good, fragment: 0x2000 }],
    ["from another port than 67 (RFC 2131 §4.1)", { ...good, port: 1067 }],
    ["from 127.0.0.1 (RFC 1122 §3.2.1.3)", { ...good, from: "127.0.0.1" }],
  ];

  test.each(offers)("does not hear an offer %s", async (_, offer) => {
    const { alice, requested } = await boot(offer, null);
    expect(alice.address).toBe(RIGHT);
    expect(requested).toHaveLength(1);
    expect(requested[0]).toContain(".54.4.10.9.0.1.");
  });

  // The right server offers 10.9.0.100; mallory acknowledges before it does.
  const RIGHT_SERVER = { server: "10.9.0.1" };
  const acks: [string, Answer][] = [
    ["of another server than the chosen one (RFC 2131 §3.1)", { address: RIGHT, server: "10.9.0.66" }],
    ["of another address than was offered (RFC 2131 §3.1)", { ...RIGHT_SERVER, address: "10.9.0.222" }],
    ["with the mask 255.0.255.0 (RFC 950)", { ...RIGHT_SERVER, address: RIGHT, mask: [255, 0, 255, 0] }],
    ["with the mask 0.0.0.0 (RFC 950)", { ...RIGHT_SERVER, address: RIGHT, mask: zeros(4) }],
    ["from another port than 67 (RFC 2131 §4.1)", { ...RIGHT_SERVER, address: RIGHT, port: 1067 }],
    ["from 127.0.0.1 (RFC 1122 §3.2.1.3)", { ...RIGHT_SERVER, address: RIGHT, from: "127.0.0.1" }],
    ["that is the first fragment of one (RFC 791)", { ...RIGHT_SERVER, address: RIGHT, fragment: 0x2000 }],
  ];

  test.each(acks)("does not hear an acknowledgement %s", async (_, ack) => {
    const { alice } = await boot(null, ack);
    expect(alice.address).toBe(RIGHT);
    expect(alice.legs[0]!.subnet?.prefix).toBe(24);
    const { server, until } = alice.legs[0]!.lease!;
    expect(server).toBe("10.9.0.1");
    expect(until, "mallory's lease is shorter").toBeGreaterThan(500_000);
  });

  test.each([
    ["10.9.0.255", [255, 255, 255, 0]],
    ["10.9.0.0", [255, 255, 255, 0]],
    ["10.9.0.9", [255, 0, 255, 0]],
    ["10.9.0.9", [0, 0, 0, 0]],
  ])("takes no lease of %s with the mask %j (RFC 1122 §3.2.1.3)", async (address, mask) => {
    const { alice } = await boot({ address, mask }, { address, mask });
    expect(alice.address).toBe(RIGHT);
    expect(alice.legs[0]!.lease?.server).toBe("10.9.0.1");
  });
});

describe("a switch and its ports", () => {
  test("floods what is for a machine that was removed, and lists it no longer (IEEE 802.1Q-2018 §8.8)", async () => {
    const { world, laptop, net, mallory } = await office();
    const gone = "02:00:00:00:00:77";
    const bob = plugIn(world, laptop, net, "bob", gone);
    bob.say("ff:ff:ff:ff:ff:ff", 1);
    await world.advance(1);
    expect(net.stations().map(({ mac }) => mac)).toContain(gone);
    await world.vms.find(({ name }) => name === "bob")!.remove();
    expect(net.stations()).toEqual([]);
    // The next card gets the port that bob's had.
    const others = ["carol", "dave"].map((name, i) => plugIn(world, laptop, net, name, `02:00:00:00:00:8${i}`));
    mallory.say(gone, 2);
    await world.advance(1);
    expect(others.map(({ heard }) => heard.map(({ nonce }) => nonce))).toEqual([[2], [2]]);
  });

  /** ms until the card hears what mallory says to it every 10 ms; null: not within 10 s. */
  async function untilHeard(world: Lab, mallory: Guest, bob: Guest): Promise<number | null> {
    const from = world.now;
    bob.frames.length = 0;
    for (let i = 0; i < 1000; i++) {
      mallory.adapter.send(frame(bob.mac, MALLORY, EXPERIMENT, zeros(46)));
      await world.advance(10);
      if (bob.frames.length > 0) return world.now - from;
    }
    return null;
  }

  const delayed = (o: Office, attach: Network): Guest => {
    const vm = o.laptop.vm("bob", { attach, guest: "external", mac: "02:00:00:00:00:77", linkUpDelay: 5000 });
    return new Guest(o.world, "bob", vm.adapters[0]!);
  };

  test("a link comes up its delay after the last plugging, not after an earlier one", async () => {
    const o = await office();
    const bob = delayed(o, o.net);
    await o.world.advance(6000);
    for (const wait of [2000, 2000, 0]) {
      bob.adapter.cable = false;
      await o.world.advance(1);
      bob.adapter.cable = true;
      await o.world.advance(wait);
    }
    const after = await untilHeard(o.world, o.mallory, bob);
    expect(after).toBeGreaterThanOrEqual(5000);
    expect(after).toBeLessThanOrEqual(5020);
  });

  test("a card that moves to another network has its link after the delay", async () => {
    const o = await office();
    const bob = delayed(o, o.laptop.internal("elsewhere"));
    await o.world.advance(6000);
    bob.adapter.attach(o.net);
    const after = await untilHeard(o.world, o.mallory, bob);
    expect(after).toBeGreaterThanOrEqual(5000);
    expect(after).toBeLessThanOrEqual(5020);
  });
});

test("two labs joined by a card, each with its own virtual clock: neither runs ahead while the other answers", async () => {
  const [one, two] = [await lab({ seed: 1 }), await lab({ seed: 2 })];
  const desk = two.host("desk", []);
  const cardOn = (net: Network, name: string) => desk.vm(name, { attach: net, guest: "external" }).adapters[0]!;
  // Bob is four guests away, each of which takes the other lab a turn.
  const rooms = [0, 1, 2, 3, 4].map((i) => desk.internal(`room${i}`));
  for (const [i, room] of rooms.slice(1).entries()) {
    const [left, right] = [cardOn(rooms[i]!, `left${i}`), cardOn(room, `right${i}`)];
    for (const card of [left, right]) card.promiscuous = "allow-all";
    left.onframe = (bytes) => right.send(bytes);
    right.onframe = (bytes) => left.send(bytes);
  }
  const bob = desk.vm("bob", { attach: rooms[4]!, address: "10.9.0.3/24" });
  const laptop = one.host("laptop", []);
  const west = laptop.internal("office");
  laptop.vm("line", { attach: west, guest: cardOn(rooms[0]!, "line") });
  const alice = laptop.vm("alice", { attach: west, address: "10.9.0.2/24" });
  for (let i = 0; i < 10; i++) expect((await alice.ping("10.9.0.3")).rtt).toBeLessThan(5);
  expect(one.now).toBeLessThan(100);
  expect((await bob.ping("10.9.0.2")).rtt).toBeLessThan(5);
});
