import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describe as line, dissect } from "../src/inspect";
import type { Layer } from "../src/inspect";
import { arp, ascii, be16, be32, ethernet, icmp, icmpv6, IP6_2, ipv4, ipv6, raw, tcp, udp, with16, zeros } from "./packets";
import type { Bytes, Segment } from "./packets";
import { damagedFrames } from "./twins/frame-arbitrary";

/** The layers of an IPv4 packet's frame after the first two. */
const above = (...packet: Parameters<typeof ipv4>): Layer[] => dissect(ethernet(0x0800, ipv4(...packet))).layers.slice(2);
const above6 = (...packet: Parameters<typeof ipv6>): Layer[] => dissect(ethernet(0x86dd, ipv6(...packet))).layers.slice(2);
const names = (layers: Layer[]): string[] => layers.map(({ name, offset, length }) => `${name} ${offset}+${length}`);

const spoiled = (segment: Segment): Segment => ({ ...segment, bytes: with16(segment.bytes, segment.checksumAt, 0x1234), checksumAt: -1 });

test("tags, addresses, a TCP header with its options and what it carries are layers, one after the other", () => {
  const options = [2, 4, ...be16(1460), 4, 2, 8, 10, ...be32(1), ...be32(2), 1, 3, 3, 7];
  const packet = ipv4(tcp(5000, 80, { seq: 7, options }, ascii("hi")), { ttl: 9, id: 3, fragment: 0x4000 });
  const { layers, fault, text } = dissect(ethernet(0x0800, [...packet, 0, 0], [[0x88a8, 0x1007], [0x8100, 0x6009]]));
  expect(fault).toBe(null);
  expect(text).toContain("Flags [S], seq 7:9");
  expect(names(layers)).toEqual(["ethernet 0+14", "vlan 14+4", "vlan 18+4", "ipv4 22+20", "tcp 42+40", "payload 82+2", "padding 84+2"]);
  expect(layers[0]!.fields).toEqual({ src: "02:00:00:00:00:01", dst: "02:00:00:00:00:02", type: 0x88a8 });
  expect(layers[1]!.fields).toEqual({ vlan: 7, priority: 0, dropEligible: true, type: 0x8100 });
  expect(layers[2]!.fields).toEqual({ vlan: 9, priority: 3, dropEligible: false, type: 0x0800 });
  expect(layers[3]).toMatchObject({
    fields: { totalLength: 62, id: 3, dontFragment: true, moreFragments: false, fragmentOffset: 0, ttl: 9, protocol: 6, src: "192.0.2.1", dst: "198.51.100.2" },
    checksum: { status: "good" },
  });
  expect(layers[4]).toMatchObject({ fields: { srcPort: 5000, dstPort: 80, seq: 7, flags: "S", window: 64240 }, checksum: { status: "good" } });
  expect((layers[4] as Extract<Layer, { name: "tcp" }>).fields.options).toEqual([
    { kind: 2, length: 4, name: "mss", value: 1460 }, { kind: 4, length: 2, name: "sackPermitted" },
    { kind: 8, length: 10, name: "timestamps", value: 1, echo: 2 }, { kind: 1, length: 1 }, { kind: 3, length: 3, name: "windowScale", value: 7 },
  ]);
});

test("ARP has both ends", () => {
  expect(dissect(ethernet(0x0806, arp(2))).layers[1]!.fields).toMatchObject({ opcode: 2, senderMac: "02:00:00:00:00:01", senderIp: "192.0.2.1", targetIp: "198.51.100.2" });
});

test("extension headers are layers of their own, and a fragment shows its place", () => {
  const layers = above6(raw(17, zeros(16)), [[0, [0, ...zeros(6)]], [44, [0, ...be16(1233), ...be32(7)]]]);
  expect(names(layers)).toEqual(["extension 54+8", "extension 62+8", "payload 70+16"]);
  expect(layers.map(({ fields }) => fields)).toEqual([
    { kind: "hop-by-hop", nextHeader: 44 }, { kind: "fragment", nextHeader: 17, id: 7, fragmentOffset: 1232, moreFragments: true }, {},
  ]);
});

describe("a checksum", () => {
  const status = (layers: Layer[]): unknown => layers.find(({ checksum }) => checksum)?.checksum;

  test("is good or bad", () => {
    for (const segment of [udp(1, 2, ascii("x")), tcp(1, 2), icmp(8, 0, zeros(4))]) {
      expect(status(above(segment))).toEqual({ status: "good" });
      expect(status(above(spoiled(segment)))).toEqual({ status: "bad" });
    }
    expect(status(above6(icmpv6(128, 0, zeros(4))))).toEqual({ status: "good" });
    expect(status(dissect(ethernet(0x0800, ipv4(udp(1, 2), { checksum: 1 }))).layers)).toEqual({ status: "bad" });
  });

  test("of zero is absent over IPv4 and bad over IPv6", () => {
    const without = { ...udp(1, 2, ascii("x")), checksumAt: -1 };
    expect(status(above(without))).toMatchObject({ status: "absent", reason: expect.any(String) });
    expect(status(above6(without))).toMatchObject({ status: "bad", reason: expect.stringContaining("IPv6") });
  });

  test("of a fragment, or under a wrong length, cannot be told", () => {
    expect(status(above(udp(5000, 53, zeros(8), 100), { fragment: 0x2000 }))).toEqual({ status: "unverified", reason: "a fragment" });
    expect(status(above(udp(5000, 53, [], 7)))).toEqual({ status: "unverified", reason: "a length is wrong" });
  });
});

describe("a checksum counts the destination that a packet has in the end", () => {
  const status = (layers: Layer[]): unknown => layers.find(({ checksum }) => checksum)?.checksum;
  const HOP: Bytes = [0x20, 1, 0x0d, 0xb8, ...zeros(11), 7];
  const END: Bytes = [0x20, 1, 0x0d, 0xb8, ...zeros(10), 1, 9];
  const datagram = udp(5000, 53, ascii("x"));

  test.each<[string, number, Bytes]>([
    ["a source route (0)", 0, [...zeros(4), ...HOP, ...END]],
    ["Mobile IPv6 (2)", 2, [...zeros(4), ...END]],
    ["RPL, whole addresses (3)", 3, [...zeros(4), ...HOP, ...END]],
    ["RPL, addresses without their first 14 and 13 bytes (3)", 3, [0xed, 0x30, 0, 0, ...HOP.slice(14), ...END.slice(13), ...zeros(3)]],
    ["segment routing (4)", 4, [0, 0, 0, 0, ...END, ...HOP]],
  ])("in a routing header with segments left: %s", (_, type, rest) => {
    const header = (segmentsLeft: number): [number, Bytes] => [43, [(rest.length + 4) / 8 - 1, type, segmentsLeft, ...rest]];
    expect(status(above6(datagram, [header(1)], { end: END }))).toEqual({ status: "good" });
    expect(status(above6(datagram, [header(0)], { end: END }))).toEqual({ status: "bad" });
    expect(status(above6(datagram, [header(0)]))).toEqual({ status: "good" });
  });

  test("but of an unknown routing header, or one that ends too early, it cannot be told", () => {
    const unknown = { status: "unverified", reason: "a route whose end cannot be told" };
    for (const header of [[0, 253, 1, ...zeros(4)], [0, 0, 1, ...zeros(4)], [0, 3, 1, ...zeros(4)], [2, 4, 2, ...zeros(20)]]) {
      expect(status(above6(datagram, [[43, header]]))).toEqual(unknown);
      expect(status(above6(tcp(1, 2), [[43, header]]))).toEqual(unknown);
      expect(status(above6(icmpv6(128, 0, zeros(4)), [[43, header]]))).toEqual(unknown);
    }
  });

  test("a home address takes the source's place, in whichever destination header it is", () => {
    const home: [number, Bytes] = [60, [2, 1, 2, 0, 0, 201, 16, ...HOP]];
    const other: [number, Bytes] = [60, [0, 1, 4, ...zeros(4)]];
    const routing: [number, Bytes] = [43, [2, 2, 1, ...zeros(4), ...END]];
    for (const chain of [[home], [other, home], [other, routing, home]]) {
      const end = chain.includes(routing) ? END : undefined;
      expect(status(above6(datagram, chain, { start: HOP, ...(end && { end }) }))).toEqual({ status: "good" });
      expect(status(above6(datagram, chain, end && { end }))).toEqual({ status: "bad" });
    }
  });

  test.each([["loose", 131], ["strict", 137]])("in a %s source route of IPv4 with hops left", (_, kind) => {
    const END_4 = [192, 0, 2, 9];
    const options = (pointer: number): Bytes => [1, kind, 11, pointer, 192, 0, 2, 77, ...END_4];
    for (const segment of [datagram, tcp(1, 2)]) {
      for (const pointer of [4, 8]) {
        expect(status(above(segment, { options: options(pointer), end: END_4 }))).toEqual({ status: "good" });
        expect(status(above(segment, { options: options(pointer) }))).toEqual({ status: "bad" });
      }
      expect(status(above(segment, { options: options(12) }))).toEqual({ status: "good" }); // all hops are behind it
      expect(status(above(segment, { options: options(5) }))).toMatchObject({ status: "unverified" });
    }
  });
});

test("ICMP errors show whom they are about", () => {
  const [error] = above(icmp(3, 4, [...be32(1400), ...ipv4(udp(5000, 53))]));
  expect(error!.fields).toMatchObject({ type: 3, code: 4, mtu: 1400, quoted: { src: "192.0.2.1", dst: "198.51.100.2", protocol: 17, srcPort: 5000, dstPort: 53 } });
  expect(above6(icmpv6(1, 4, [...be32(0), ...ipv6(udp(5000, 53))]))[0]!.fields).toMatchObject({ quoted: { dst: "2001:db8::2", dstPort: 53 } });
  expect(above6(icmpv6(135, 0, [...zeros(4), ...IP6_2]))[0]!.fields).toMatchObject({ target: "2001:db8::2" });
});

test("what an ICMP error quotes is believed as far as it makes sense", () => {
  const quotedIn = (layers: Layer[]): unknown => (layers[0]!.fields as { quoted?: unknown }).quoted;
  const v4 = (quote: Bytes): unknown => quotedIn(above(icmp(3, 3, [...zeros(4), ...quote])));
  const v6 = (quote: Bytes): unknown => quotedIn(above6(icmpv6(1, 4, [...zeros(4), ...quote])));
  const ends = { src: "192.0.2.1", dst: "198.51.100.2", protocol: 17 };
  const packet = ipv4(udp(5000, 53));
  expect(v4([0x40, ...packet.slice(1)])).toBe(undefined); // a header of no bytes
  expect(v4([0x65, ...packet.slice(1)])).toBe(undefined);
  expect(v4(packet.slice(0, 19))).toBe(undefined);
  expect(v4([0x4f, ...packet.slice(1)])).toEqual(ends); // its ports lie beyond the quotation
  expect(v4(packet.slice(0, 23))).toEqual(ends);
  expect(v4(ipv4(udp(5000, 53), { fragment: 5 }))).toEqual(ends);

  const ends6 = { src: "2001:db8::1", dst: "2001:db8::2" };
  const options: [number, Bytes] = [60, [0, 1, 4, ...zeros(4)]];
  const authentication: [number, Bytes] = [51, [1, ...zeros(10)]];
  const fragment = (field: number): [number, Bytes] => [44, [0, ...be16(field), ...be32(7)]];
  expect(v6(zeros(60))).toBe(undefined);
  expect(v6(ipv6(udp(5000, 53)).slice(0, 39))).toBe(undefined);
  expect(v6(ipv6(udp(5000, 53), [options, authentication, fragment(1)]))).toEqual({ ...ends6, protocol: 17, srcPort: 5000, dstPort: 53 });
  expect(v6(ipv6(tcp(5000, 80), [options, fragment(0x11)]))).toEqual({ ...ends6, protocol: 6 }); // a later fragment
  expect(v6(ipv6(udp(5000, 53), [options]).slice(0, 47))).toEqual({ ...ends6, protocol: 60 });
  expect(v6(ipv6(udp(5000, 53), [[60, [9, ...zeros(6)]]]))).toEqual({ ...ends6, protocol: 60 });
  expect(line6(icmpv6(1, 4, [...zeros(4), ...ipv6(udp(5000, 53), [options])]))).toContain("2001:db8::2 udp port 53");
});

const line6 = (segment: Segment): string => dissect(ethernet(0x86dd, ipv6(segment))).text;

test("DHCP shows its options, DNS its records", () => {
  const discover = [1, 1, 6, 0, ...be32(7), ...zeros(20), 2, 0, 0, 0, 0, 1, ...zeros(202), 0x63, 0x82, 0x53, 0x63, 53, 1, 1, 0, 50, 4, 10, 0, 2, 15, 255];
  expect(above(udp(68, 67, discover))[1]).toMatchObject({
    name: "dhcp", offset: 42, length: discover.length,
    fields: { message: "Discover", xid: 7, clientMac: "02:00:00:00:00:01", requestedAddress: "10.0.2.15", options: [{ code: 53, length: 1, value: "01" }, { code: 50, length: 4, value: "0a00020f" }] },
  });
  const fieldsOf = (message: Bytes): unknown => above(udp(68, 67, message))[1]!.fields;
  expect(fieldsOf(discover)).toMatchObject({ hardwareType: 1, hardwareLength: 6 });
  for (const absent of ["malformed", "clientAddress", "relay"]) expect(fieldsOf(discover)).not.toHaveProperty(absent);
  const relayed = [1, 32, 0, ...discover.slice(3, 12), 10, 0, 0, 5, ...zeros(8), 10, 9, 0, 1, ...discover.slice(28, -1)];
  expect(fieldsOf(relayed)).toMatchObject({ hardwareType: 32, hardwareLength: 0, clientAddress: "10.0.0.5", relay: "10.9.0.1", malformed: "the options have no end" });
  expect(fieldsOf(relayed)).not.toHaveProperty("clientMac");
  const question = [1, 0x22, 2, 0x5c, 0x61, 0, 0, 1, 0, 1]; // names with a quote and a backslash
  const answer = [0xc0, 12, 0, 1, 0, 1, ...be32(60), 0, 4, 192, 0, 2, 1];
  const message = [...be16(4660), 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, ...question, ...answer];
  expect(above(udp(53, 5000, message))[1]!.fields).toMatchObject({
    id: 4660, response: true, authoritative: true, truncated: false, code: 0, answers: 1,
    records: [
      { section: "question", name: '".\\092a.', type: "A", class: 1 },
      { section: "answer", name: '".\\092a.', type: "A", class: 1, ttl: 60, length: 4, value: "192.0.2.1" },
    ],
  });
});

test("damaged DNS says so, and shows the records before it", () => {
  const message = [...be16(7), 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0x61, 0, 0, 1, 0, 1];
  expect(above(udp(53, 5000, message))[1]).toMatchObject({ name: "dns", fields: { malformed: "record 2 of 3 is not there", records: [{ name: "a." }] } });
  expect(above(udp(53, 5000, ascii("hello, this is not DNS at all")))[1]).toMatchObject({ name: "payload" });
});

test("what is no frame has no layers, and a fault ends them", () => {
  expect(dissect(new Uint8Array(10))).toEqual({ text: "(TOO_SHORT), length 10", fault: "TOO_SHORT", layers: [] });
  expect(dissect(new Uint8Array(65536)).fault).toBe("TOO_LONG");
  const { fault, layers } = dissect(ethernet(0x0800, ipv4(raw(6, zeros(12)))));
  expect(fault).toBe("TCP_TRUNCATED");
  expect(names(layers)).toEqual(["ethernet 0+14", "ipv4 14+20", "payload 34+12"]);
  expect(() => dissect(null as never)).toThrow(/dissect: expected the frame as a Uint8Array, got null/);
});

test("any frame, however damaged, is covered by its layers from its first byte to its last, and has the same line", () => {
  fc.assert(
    fc.property(damagedFrames(), (frame) => {
      const { layers, text } = dissect(frame);
      let end = 0;
      for (const { offset, length, name } of layers) {
        expect({ name, offset, isEmpty: length === 0 }).toEqual({ name, offset: end, isEmpty: false });
        end = offset + length;
      }
      expect(end).toBe(frame.length);
      expect(text).toBe(line(frame));
    }),
    { numRuns: 3000, seed: 3 },
  );
});
