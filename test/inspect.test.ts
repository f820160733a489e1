import { expect, test } from "vitest";
import { describe as line, dissect } from "../src/inspect";
import { arp, ascii, be16, be32, ipv4, ipv6, tcp, udp, zeros } from "./packets";
import type { Bytes } from "./packets";

/** Example frame: 02:…:01 to 02:…:02, `type`, `size` bytes in all. */
function frame(type: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, type >> 8, type & 255].slice(0, size));
  return bytes;
}

test("a frame is described by a line that names both stations and its length", () => {
  const text = line(frame(0x88b5, 60));
  expect(text).toContain("02:00:00:00:00:01");
  expect(text).toContain("02:00:00:00:00:02");
  expect(text).toContain("60");
});

test("a frame of any length is described, an empty one too", () => {
  for (const size of [0, 1, 13, 14, 15, 1514, 65535]) expect(line(frame(0x0800, size))).not.toBe("");
});

test("a frame that is a view into a larger buffer is described by its own bytes", () => {
  const padded = new Uint8Array(100).fill(0xff);
  padded.set(frame(0x88b5, 60), 20);
  expect(line(padded.subarray(20, 80))).toBe(line(frame(0x88b5, 60)));
});

test("fifty thousand frames of all sizes are described alike to the last one", () => {
  const samples = Array.from({ length: 97 }, (_, i) => frame(0x88b5, i * 16));
  const first = samples.map((each) => line(each));
  for (let i = 0; i < 50_000; i++) if (line(samples[i % 97]!) !== first[i % 97]) expect.fail(`frame ${i}`);
});

test("what is not a frame is refused with a reason", () => {
  expect(() => line(new ArrayBuffer(60) as never)).toThrow(/expected the frame as a Uint8Array, got ArrayBuffer/);
  expect(() => line(null as never)).toThrow(/got null/);
});

/** A datagram, and what all its lines end with. */
const V4 = ipv4(udp(5000, 7000, ascii("x")));
const V6 = ipv6(udp(5000, 7000, ascii("x")));
const SAYS_4 = ": 192.0.2.1.5000 > 198.51.100.2.7000: UDP, length 1";
const SAYS_6 = ": 2001:db8::1.5000 > 2001:db8::2.7000: UDP, length 1";
const SRC = [2, 0, 0, 0, 0, 1];
const cooked = (type: number, direction: number): Bytes => [...be16(direction), 0, 1, 0, 6, ...SRC, 0, 0, ...be16(type)];
const cooked2 = (type: number): Bytes => [...be16(type), 0, 0, ...be32(3), 0, 1, 4, 6, ...SRC, 0, 0];

test.each<[string, number, Bytes, Bytes, string]>([
  ["raw IP", 101, [], V4, `raw IP, length 29${SAYS_4}`],
  ["raw IP of the other family", 101, [], V6, `raw IP, length 49${SAYS_6}`],
  ["raw IPv4", 228, [], V4, `raw IPv4, length 29${SAYS_4}`],
  ["raw IPv6", 229, [], V6, `raw IPv6, length 49${SAYS_6}`],
  ["BSD loopback of a little machine", 0, [2, 0, 0, 0], V4, `loopback, family 2, length 33${SAYS_4}`],
  ["BSD loopback of a big machine", 0, [0, 0, 0, 30], V6, `loopback, family 30, length 53${SAYS_6}`],
  ["OpenBSD loopback", 108, [0, 0, 0, 24], V6, `loopback, family 24, length 53${SAYS_6}`],
  ["Linux cooked", 113, cooked(0x0800, 0), V4, `02:00:00:00:00:01 in, ethertype IPv4 (0x0800), length 45${SAYS_4}`],
  ["Linux cooked, version 2", 276, cooked2(0x86dd), V6, `02:00:00:00:00:01 out, ethertype IPv6 (0x86dd), length 69${SAYS_6}`],
])("a captured packet without an Ethernet header is looked into: %s", (_, linkType, header, packet, text) => {
  const bytes = Uint8Array.from([...header, ...packet]);
  const { layers, fault, ...rest } = dissect(bytes, { linkType });
  expect(rest.text).toBe(text);
  expect(line(bytes, { linkType })).toBe(text);
  expect(fault).toBe(null);
  const ip = packet === V4 ? "ipv4" : "ipv6";
  const size = packet === V4 ? 20 : 40;
  expect(layers.map(({ name, offset }) => `${name}@${offset}`)).toEqual([
    ...(header.length === 0 ? [] : [header.length === 4 ? "loopback@0" : "cooked@0"]),
    `${ip}@${header.length}`, `udp@${header.length + size}`, `payload@${header.length + size + 8}`,
  ]);
  expect(layers.find(({ name }) => name === "udp")!.checksum).toEqual({ status: "good" });
});

test("cooked headers say where the frame came from and went", () => {
  const [header] = dissect(Uint8Array.from([...cooked(0x0806, 1), ...arp(1)]), { linkType: 113 }).layers;
  expect(header).toEqual({ name: "cooked", offset: 0, length: 16, fields: { direction: "broadcast", hardwareType: 1, src: "02:00:00:00:00:01", type: 0x0806 } });
  const [second] = dissect(Uint8Array.from([...cooked2(0x0800), ...V4]), { linkType: 276 }).layers;
  expect(second!.fields).toEqual({ direction: "out", hardwareType: 1, src: "02:00:00:00:00:01", interface: 3, type: 0x0800 });
  expect(line(Uint8Array.from([...cooked(4, 9), 0x42, 0x42, 3]), { linkType: 113 })).toBe("02:00:00:00:00:01 direction-9, protocol 4, length 19");
});

test("packets without an Ethernet header are described however short or damaged they are", () => {
  for (const linkType of [0, 101, 108, 113, 228, 229, 276])
    for (const start of [[], cooked(0x0800, 0), cooked2(0x86dd), [2, 0, 0, 0, ...V4], V4, V6, ipv4(tcp(1, 2))])
      for (let size = 0; size <= start.length; size++) {
        const { layers, text, fault } = dissect(Uint8Array.from(start.slice(0, size)), { linkType });
        expect(text).toMatch(/^[ -~]+$/);
        if (fault === "TOO_SHORT") continue;
        expect(layers.reduce((end, { offset, length }) => (offset === end ? end + length : NaN), 0)).toBe(size);
      }
  expect(dissect(Uint8Array.from(V4.slice(0, 19)), { linkType: 101 })).toMatchObject({ fault: "IPV4_TRUNCATED" });
  expect(dissect(Uint8Array.from(zeros(3)), { linkType: 0 })).toEqual({ text: "(TOO_SHORT), length 3", fault: "TOO_SHORT", layers: [] });
});

test("a link type that is not known is refused", () => {
  expect(() => line(frame(0x0800, 60), { linkType: 105 })).toThrow(/describe: linkType 105 is not looked into; it is one of 1, 0, 101/);
});
