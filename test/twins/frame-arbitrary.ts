import fc from "fast-check";
import {
  arp,
  be16,
  ethernet,
  icmp,
  icmpv6,
  internetChecksum,
  ipv4,
  ipv6,
  raw,
  tcp,
  udp,
  with16,
  zeros,
} from "../packets";
import type { Bytes, Segment } from "../packets";

/**
 * Frames that look like traffic and are then damaged: up to three bytes changed, the end cut off or padded, and IP's length
 * and checksum made to fit again as often as not, so that damage reaches what lies behind the header.
 */
export function damagedFrames(): fc.Arbitrary<Uint8Array> {
  const value = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 4, 5, 6, 8, 17, 44, 58, 59, 60, 0x45, 0x60, 255));
  return fc
    .record({
      frame: soundFrames(),
      changes: fc.oneof(fc.constant([]), fc.array(fc.tuple(fc.nat(120), value), { maxLength: 3 })),
      resized: fc.oneof(fc.constant(0), fc.integer({ min: -60, max: 20 })),
      refitted: fc.boolean(),
    })
    .map(({ frame, changes, resized, refitted }) => {
      const bytes = new Uint8Array(Math.max(14, frame.length + resized));
      bytes.set(frame.subarray(0, bytes.length));
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      if (refitted) refit(bytes);
      return bytes;
    });
}

/** Makes the IP header's length that of what is there, and its checksum right. */
function refit(bytes: Uint8Array): void {
  let at = 14;
  while (at < 22 && bytes[at - 2] === 0x81) at += 4;
  const room = bytes.length - at;
  const header = (bytes[at]! & 15) * 4;
  if (bytes[at]! >> 4 === 6 && room >= 40) bytes.set(be16(room - 40), at + 4);
  if (bytes[at]! >> 4 !== 4 || header < 20 || header > room) return;
  bytes.set(be16(room), at + 2);
  bytes.set(be16(internetChecksum(with16([...bytes.subarray(at, at + header)], 10, 0))), at + 10);
}

const port = fc.nat(0xffff);
const data = fc.uint8Array({ maxLength: 40 }).map((bytes) => [...bytes]);

function soundFrames(): fc.Arbitrary<Uint8Array> {
  const tags = fc.array(
    fc.tuple(
      fc.constantFrom(0x8100, 0x88a8),
      fc.oneof({ weight: 9, arbitrary: port }, { weight: 1, arbitrary: fc.constant(0xfff) }),
    ) as fc.Arbitrary<[number, number]>,
    { maxLength: 3 },
  );
  const network = fc.oneof(
    { weight: 6, arbitrary: ipv4Packets() },
    { weight: 6, arbitrary: ipv6Packets() },
    { weight: 1, arbitrary: fc.constantFrom(1, 2).map((opcode): [number, Bytes] => [0x0806, arp(opcode)]) },
    { weight: 1, arbitrary: fc.nat(80).map((size): [number, Bytes] => [size, zeros(size)]) },
    { weight: 1, arbitrary: fc.nat(0xffff).map((type): [number, Bytes] => [type, zeros(46)]) },
  );
  const untagged = fc.constant<[number, number][]>([]);
  return fc.tuple(network, fc.oneof(untagged, tags)).map(([[type, payload], t]) => ethernet(type, payload, t));
}

/** By how much a length is wrong. */
const off = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: -9, max: 9 }) },
);

function segments(v6: boolean): fc.Arbitrary<Segment> {
  const types = v6 ? [1, 3, 128, 129, 135] : [0, 3, 8, 11, 13];
  return fc.oneof(
    fc.tuple(port, port, data, off).map(([a, b, d, by]) => udp(a, b, d, 8 + d.length + by)),
    fc
      .tuple(port, port, data, fc.nat(10), off)
      .map(([a, b, d, words, by]) => tcp(a, b, { options: zeros(words * 4), dataOffset: (5 + words + by) & 15 }, d)),
    fc
      .tuple(fc.constantFrom(...types), port, data)
      .map(([t, id, d]) => (v6 ? icmpv6 : icmp)(t, 0, [...be16(id), 0, 1, ...d])),
    fc.tuple(fc.constantFrom(1, 2, 47, 50, 51, 58, 59, 132), data).map(([protocol, d]) => raw(protocol, d)),
  );
}

function ipv4Packets(): fc.Arbitrary<[number, Bytes]> {
  const fragment = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(0, 0x4000, 0x2000) },
    { weight: 1, arbitrary: port },
  );
  return fc
    .tuple(segments(false), fragment, fc.oneof(fc.constant(0), fc.nat(10)))
    .map(([segment, fragment, words]) => [0x0800, ipv4(segment, { fragment, options: zeros(words * 4) })]);
}

/** Chains in any order, of which many break the rules. */
function ipv6Packets(): fc.Arbitrary<[number, Bytes]> {
  const options = fc.tuple(fc.constantFrom(0, 43, 60, 135), fc.nat(2)).map(([kind, units]): [number, Bytes] => {
    return [kind, [units, ...zeros(6 + 8 * units)]];
  });
  const authentication = fc.nat(4).map((units): [number, Bytes] => [51, [units, ...zeros(6 + 4 * units)]]);
  const fragment = fc
    .oneof(fc.constantFrom(0, 1, 8), port)
    .map((field): [number, Bytes] => [44, [0, ...be16(field), ...be16(7), 0, 0]]);
  const chain = fc.oneof(
    { weight: 2, arbitrary: fc.constant<[number, Bytes][]>([]) },
    { weight: 3, arbitrary: fc.array(fc.oneof(options, authentication, fragment), { maxLength: 10 }) },
  );
  return fc.tuple(segments(true), chain).map(([segment, extensions]) => [0x86dd, ipv6(segment, extensions)]);
}
