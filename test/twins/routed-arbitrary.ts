import fc from "fast-check";
import { be16, be32, ethernet, icmp, icmpv6, IP6_2, IP_2, ipv4, ipv6, tcp, udp, zeros } from "../packets";
import type { Bytes, Segment } from "../packets";

/**
 * Sound frames with what traffic seldom has: source routes, routing headers with and without segments left, home addresses, TCP
 * options of all kinds, some of a wrong length. Lengths are right, and so are most checksums, over the addresses that count.
 */
export function routedFrames(): fc.Arbitrary<Uint8Array> {
  return fc.oneof(ipv4Packets(), ipv6Packets());
}

const word = fc.nat(0xffff);
const data = fc.uint8Array({ maxLength: 20 }).map((bytes) => [...bytes]);

/** Each option is whole; one in ten has a length that its kind does not allow. */
function tcpOptions(): fc.Arbitrary<Bytes> {
  const SIZES: [number, number][] = [[2, 4], [3, 3], [4, 2], [5, 10], [5, 18], [8, 10], [19, 18], [28, 4], [34, 2], [34, 8], [253, 6]];
  const option = fc.record({
    size: fc.constantFrom(...SIZES), isOff: fc.nat(9).map((n) => n === 0), by: fc.constantFrom(-1, 1, 2), filling: fc.nat(2), byte: fc.nat(255),
  }).map(({ size: [kind, size], isOff, by, filling, byte }): Bytes => {
    const length = isOff ? Math.max(2, size + by) : size;
    return [...new Array<number>(filling).fill(1), kind, length, ...new Array<number>(length - 2).fill(byte)];
  });
  return fc.array(option, { maxLength: 3 }).map((list) => {
    const options = list.flat().slice(0, 40);
    return [...options, ...zeros((4 - (options.length % 4)) % 4)];
  });
}

function segments(isV6: boolean): fc.Arbitrary<Segment> {
  const echo = fc.tuple(word, data).map(([id, d]) => (isV6 ? icmpv6(128, 0, [...be16(id), 0, 1, ...d]) : icmp(8, 0, [...be16(id), 0, 1, ...d])));
  return fc.oneof(
    { weight: 2, arbitrary: fc.tuple(word, word, data).map(([a, b, d]) => udp(a, b, d)) },
    { weight: 3, arbitrary: fc.tuple(word, word, tcpOptions(), data).map(([a, b, options, d]) => tcp(a, b, { options, flags: 0x12 }, d)) },
    { weight: 1, arbitrary: echo },
  );
}

/** One checksum in eight is that of the addresses in the IP header, whatever the route. */
const isFooled = fc.nat(7).map((n) => n === 0);

function ipv4Packets(): fc.Arbitrary<Uint8Array> {
  const route = fc.record({
    kind: fc.constantFrom(131, 137), hops: fc.array(fc.nat(0xffffff).map((n) => [10, ...be32(n).slice(1)]), { minLength: 1, maxLength: 4 }), next: fc.nat(4),
  });
  return fc.tuple(segments(false), fc.option(route), isFooled).map(([segment, found, fooled]) => {
    if (!found) return ethernet(0x0800, ipv4(segment));
    const hops = found.hops.flat();
    const next = Math.min(found.next, found.hops.length);
    const end = fooled || next === found.hops.length ? IP_2 : hops.slice(-4);
    return ethernet(0x0800, ipv4(segment, { options: [1, found.kind, 3 + hops.length, 4 + 4 * next, ...hops], end }));
  });
}

const address = fc.tuple(word, word).map(([a, b]): Bytes => [0x20, 1, 0x0d, 0xb8, ...zeros(8), ...be16(a), ...be16(b)]);

/** A routing header, and the address at its end. */
interface Route {
  header: Bytes;
  end: Bytes;
}

function routes(): fc.Arbitrary<Route> {
  return fc.record({ type: fc.constantFrom(0, 2, 3, 4), hops: fc.array(address, { minLength: 1, maxLength: 3 }), left: fc.nat(3), elided: fc.constantFrom(0, 8, 12) })
    .map(({ type, hops, left, elided }) => {
      const list = type === 2 ? hops.slice(0, 1) : hops;
      const segmentsLeft = Math.min(left, list.length);
      const elide = type === 3 ? elided : 0;
      const body = list.flatMap((hop) => hop.slice(elide));
      const padding = (8 - (body.length % 8)) % 8;
      const fixed = type === 3 ? [elide * 17, padding << 4, 0, 0] : type === 4 ? [list.length - 1, 0, 0, 0] : zeros(4);
      const header = [(body.length + padding) / 8, type, segmentsLeft, ...fixed, ...body, ...zeros(padding)];
      return { header, end: segmentsLeft === 0 ? IP6_2 : type === 4 ? list[0]! : list.at(-1)! };
    });
}

function ipv6Packets(): fc.Arbitrary<Uint8Array> {
  return fc.record({ segment: segments(true), route: fc.option(routes()), home: fc.option(address), before: fc.nat(3).map((n) => n === 0), fooled: isFooled })
    .map(({ segment, route, home, before, fooled }) => {
      const chain: [number, Bytes][] = [];
      if (before) chain.push([60, [0, 1, 4, ...zeros(4)]]);
      if (route) chain.push([43, route.header]);
      if (home) chain.push([60, [2, 1, 2, 0, 0, 201, 16, ...home]]);
      return ethernet(0x86dd, ipv6(segment, chain, fooled ? {} : { ...(home && { start: home }), ...(route && { end: route.end }) }));
    });
}
