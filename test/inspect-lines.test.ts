import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { describe as line } from "../src/inspect";
import {
  arp,
  ascii,
  be16,
  be32,
  ethernet,
  icmp,
  icmpv6,
  IP6_1,
  IP6_2,
  IP_1,
  IP_2,
  ipv4,
  ipv6,
  raw,
  STATION_1,
  tcp,
  udp,
  with16,
  zeros,
} from "./packets";
import type { Bytes, Ipv4Options, Segment } from "./packets";
import { damagedFrames } from "./twins/frame-arbitrary";

const STATIONS = "02:00:00:00:00:01 > 02:00:00:00:00:02, ";

/** The line for a frame, without its stations. */
function about(frame: Uint8Array): string {
  const text = line(frame);
  expect(text.slice(0, STATIONS.length)).toBe(STATIONS);
  return text.slice(STATIONS.length);
}

/** The line for an IPv4 packet, without what Ethernet has to say. */
function v4(segment: Segment, options?: Ipv4Options): string {
  return about(ethernet(0x0800, ipv4(segment, options))).replace(/^ethertype IPv4 \(0x0800\), length \d+: /, "");
}

function v6(...packet: Parameters<typeof ipv6>): string {
  return about(ethernet(0x86dd, ipv6(...packet))).replace(/^ethertype IPv6 \(0x86dd\), length \d+: /, "");
}

const ENDS = "192.0.2.1 > 198.51.100.2: ";
const ENDS6 = "2001:db8::1 > 2001:db8::2: ";

describe("Ethernet", () => {
  test("types have names, tags are shown in order", () => {
    expect(about(ethernet(0x88b5, zeros(46)))).toBe("ethertype Unknown (0x88b5), length 60");
    expect(about(ethernet(0x88cc, zeros(46), [[0x8100, 0x6005]]))).toBe(
      "ethertype 802.1Q (0x8100), length 64: vlan 5, p 3, ethertype LLDP (0x88cc)",
    );
    expect(
      about(
        ethernet(0x0800, ipv4(raw(200, [])), [
          [0x88a8, 0x1007],
          [0x8100, 9],
        ]),
      ),
    ).toBe(
      "ethertype 802.1Q-QinQ (0x88a8), length 42: vlan 7, p 0, DEI, ethertype 802.1Q (0x8100), " +
        `vlan 9, p 0, ethertype IPv4 (0x0800): ${ENDS}ip-proto-200, length 0`,
    );
  });

  test("802.3 shows its LLC and SNAP headers", () => {
    expect(about(ethernet(38, [0x42, 0x42, 3, ...zeros(43)]))).toBe(
      "802.3, length 60: LLC, dsap 0x42, ssap 0x42, ctrl 0x03: STP",
    );
    expect(about(ethernet(8, [0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0]))).toBe(
      "802.3, length 22: LLC, dsap 0xaa, ssap 0xaa, ctrl 0x03: SNAP, oui 0x00000c, pid 0x2000",
    );
    expect(about(ethernet(100, [0x42, 0x42, 3]))).toBe(
      "802.3, length 17: LLC, dsap 0x42, ssap 0x42, ctrl 0x03: STP (LLC_LENGTH)",
    );
  });

  test("802.2's numbered frames have a control field of two bytes, and only unnumbered ones a SNAP header", () => {
    expect(about(ethernet(8, [0x04, 0x04, 0x00, 0x02, 1, 2, 3, 4]))).toBe("802.3, length 22: LLC, dsap 0x04, ssap 0x04, ctrl 0x0200");
    expect(about(ethernet(4, [0x04, 0x05, 0x01, 0x03]))).toBe("802.3, length 18: LLC, dsap 0x04, ssap 0x05, ctrl 0x0301");
    expect(about(ethernet(3, [0x04, 0x04, 0x00]))).toBe("802.3, length 17: LLC");
    expect(about(ethernet(8, [0xaa, 0xaa, 0, 0, 0, 0, 8, 0]))).not.toContain("SNAP");
    expect(about(ethernet(8, [0xaa, 0x00, 3, 0, 0, 0, 8, 0]))).not.toContain("SNAP");
  });

  test("a number between the lengths and the types is neither, and PAUSE is MAC control", () => {
    expect(about(ethernet(1500, zeros(1500)))).toContain("802.3, length 1514: LLC");
    for (const type of [1501, 1535]) expect(about(ethernet(type, zeros(type)))).toBe(`neither length nor ethertype (${type}), length ${type + 14}`);
    expect(about(ethernet(0x8808, zeros(46)))).toBe("ethertype MAC control (0x8808), length 60");
  });

  test("ARP says who asks for whom", () => {
    const says = (message: Bytes): string =>
      about(ethernet(0x0806, message)).replace("ethertype ARP (0x0806), length 42: ", "");
    expect(says(arp(1))).toBe("Request who-has 198.51.100.2 tell 192.0.2.1, length 28");
    expect(says(arp(2))).toBe("Reply 192.0.2.1 is-at 02:00:00:00:00:01, length 28");
    expect(says(arp(1, { senderIp: [0, 0, 0, 0] }))).toBe(
      "Request who-has 198.51.100.2 tell 0.0.0.0 (probe), length 28",
    );
    expect(says(arp(1, { targetIp: IP_1 }))).toBe("Request who-has 192.0.2.1 tell 192.0.2.1 (announcement), length 28");
    expect(says(arp(8))).toBe("opcode 8, length 28");
    expect(says(arp(1, { start: [0, 6, 8, 0, 6, 4] }))).toBe("ARP (ARP_FORMAT)");
  });
});

describe("IPv4", () => {
  test("fragments show identification, length, offset and whether more come", () => {
    expect(v4(udp(5000, 53, zeros(8), 100), { fragment: 0x2000, id: 7 })).toBe(
      "192.0.2.1.5000 > 198.51.100.2.53: UDP, length 92 (frag 7:16@0+)",
    );
    expect(v4(raw(17, zeros(24)), { fragment: 0x0002, id: 7 })).toBe(`${ENDS}UDP, length 24 (frag 7:24@16)`);
  });

  test("what is wrong is named", () => {
    expect(v4(udp(1, 2), { checksum: 1 })).toBe(`${ENDS}UDP (bad cksum)`);
    expect(v4(udp(1, 2), { totalLength: 1500 })).toBe(`${ENDS}UDP (IPV4_LENGTH)`);
    expect(v4(udp(1, 2, [], 7))).toBe("192.0.2.1.1 > 198.51.100.2.2: UDP (UDP_LENGTH)");
    expect(v4(raw(6, zeros(12)))).toBe(`${ENDS}TCP (TCP_TRUNCATED)`);
    expect(about(ethernet(0x0800, ipv4(udp(1, 2)).slice(0, 12)))).toBe(
      "ethertype IPv4 (0x0800), length 26 (IPV4_TRUNCATED)",
    );
  });

  test("a wrong transport checksum is marked, no UDP checksum is none", () => {
    const spoil = (segment: Segment): Segment => ({
      ...segment,
      bytes: with16(segment.bytes, segment.checksumAt, 0x1234),
      checksumAt: -1,
    });
    expect(v4(spoil(udp(1, 2, ascii("x"))))).toMatch(/UDP, length 1 \(bad cksum\)$/);
    expect(v4(spoil(tcp(1, 2)))).toMatch(/length 0 \(bad cksum\)$/);
    expect(v4(spoil(icmp(8, 0, zeros(4))))).toMatch(/length 8 \(bad cksum\)$/);
    expect(v6(spoil(icmpv6(128, 0, zeros(4))))).toMatch(/length 8 \(bad cksum\)$/);
    expect(v4({ ...udp(1, 2, ascii("x")), checksumAt: -1 })).toMatch(/UDP, length 1$/);
    expect(v6({ ...udp(1, 2, ascii("x")), checksumAt: -1 })).toMatch(/UDP, length 1 \(bad cksum\)$/);
  });
});

describe("ICMP", () => {
  const quoted = ipv4(udp(5000, 53));

  test("queries show identifier and sequence number", () => {
    expect(v4(icmp(8, 0, [0, 1, 0, 2, ...zeros(56)]))).toBe(`${ENDS}ICMP echo request, id 1, seq 2, length 64`);
    expect(v4(icmp(0, 0, [0, 1, 0, 2]))).toBe(`${ENDS}ICMP echo reply, id 1, seq 2, length 8`);
    expect(v4(icmp(13, 0, [0, 1, 0, 2, ...zeros(12)]))).toBe(`${ENDS}ICMP time stamp query, id 1, seq 2, length 20`);
    expect(v4(icmp(77, 0, zeros(4)))).toBe(`${ENDS}ICMP type-77, length 8`);
  });

  test("errors say what they are about", () => {
    const error = (type: number, code: number, rest = 0): string => v4(icmp(type, code, [...be32(rest), ...quoted]));
    expect(error(3, 0)).toBe(`${ENDS}ICMP net 198.51.100.2 unreachable, length 36`);
    expect(error(3, 1)).toBe(`${ENDS}ICMP host 198.51.100.2 unreachable, length 36`);
    expect(error(3, 2)).toBe(`${ENDS}ICMP 198.51.100.2 protocol 17 unreachable, length 36`);
    expect(error(3, 3)).toBe(`${ENDS}ICMP 198.51.100.2 udp port 53 unreachable, length 36`);
    expect(error(3, 4, 1400)).toBe(`${ENDS}ICMP 198.51.100.2 unreachable - need to frag (mtu 1400), length 36`);
    expect(error(3, 13)).toBe(`${ENDS}ICMP host 198.51.100.2 unreachable - admin prohibited filter, length 36`);
    expect(error(5, 1, 0xc0000209)).toBe(`${ENDS}ICMP redirect 198.51.100.2 to 192.0.2.9, length 36`);
    expect(error(11, 0)).toBe(`${ENDS}ICMP time exceeded in-transit for 198.51.100.2, length 36`);
    expect(error(11, 1)).toBe(`${ENDS}ICMP ip reassembly time exceeded, length 36`);
    expect(error(12, 0, 0x09000000)).toBe(`${ENDS}ICMP parameter problem - octet 9, length 36`);
    expect(v4(icmp(3, 3, zeros(4)))).toBe(`${ENDS}ICMP ? unreachable, length 8`);
  });

  test("ICMPv6 has its own words", () => {
    const error = (type: number, code: number, rest = 0): string =>
      v6(icmpv6(type, code, [...be32(rest), ...ipv6(udp(5000, 53))]));
    expect(v6(icmpv6(128, 0, [0, 1, 0, 2]))).toBe(`${ENDS6}ICMP6, echo request, id 1, seq 2, length 8`);
    expect(v6(icmpv6(135, 0, [...zeros(4), ...IP6_2]))).toBe(
      `${ENDS6}ICMP6, neighbor solicitation, who has 2001:db8::2, length 24`,
    );
    expect(v6(icmpv6(136, 0, [...zeros(4), ...IP6_1]))).toBe(
      `${ENDS6}ICMP6, neighbor advertisement, tgt is 2001:db8::1, length 24`,
    );
    expect(v6(icmpv6(133, 0, zeros(4)))).toBe(`${ENDS6}ICMP6, router solicitation, length 8`);
    expect(error(1, 4)).toBe(
      `${ENDS6}ICMP6, destination unreachable, unreachable port, 2001:db8::2 udp port 53, length 56`,
    );
    expect(error(2, 0, 1280)).toBe(`${ENDS6}ICMP6, packet too big, mtu 1280, length 56`);
    expect(error(3, 0)).toBe(`${ENDS6}ICMP6, time exceeded in-transit for 2001:db8::2, length 56`);
  });
});

test("IPv6 names extension headers before what they carry", () => {
  expect(
    v6(udp(5000, 53, ascii("hi")), [
      [0, [0, ...zeros(6)]],
      [60, [0, ...zeros(6)]],
    ]),
  ).toBe("2001:db8::1.5000 > 2001:db8::2.53: HBH DSTOPT UDP, length 2");
  expect(v6(raw(17, zeros(16)), [[44, [0, ...be16(1232), ...be32(7)]]])).toBe(
    `${ENDS6}frag (7:1232|16) UDP, length 16`,
  );
  expect(v6(raw(59, []))).toBe(`${ENDS6}no next header`);
});

test("a chain of extension headers that breaks off ends with the name of the header that is wrong", () => {
  const after = [8, ...zeros(7)]; // longer than the packet
  for (const [kind, name] of [[0, "HBH"], [43, "RT"], [60, "DSTOPT"], [135, "MH"], [44, "frag"]] as const)
    expect(v6(raw(kind, kind === 44 ? [17, 0] : [17, ...after]))).toBe(`${ENDS6}${name} (IPV6_EXTENSION)`);
  expect(v6(raw(17, zeros(8)), [[60, [0, ...zeros(6)]], [0, [0, ...zeros(6)]]])).toBe(`${ENDS6}DSTOPT HBH (IPV6_EXTENSION)`);
  expect(v6(raw(60, zeros(8)), [], { payloadLength: 9 })).toBe(`${ENDS6}DSTOPT (IPV6_LENGTH)`);
});

test("IPv6 addresses are written as everybody writes them", () => {
  const word = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(0xffff) });
  fc.assert(
    fc.property(fc.array(word, { minLength: 8, maxLength: 8 }), (words) => {
      if (words[0] === 0) words[0] = 0x2001; // keeps clear of the dotted form
      const dst = words.flatMap(be16);
      const written = new URL(`http://[${words.map((each) => each.toString(16)).join(":")}]`).hostname.slice(1, -1);
      expect(v6(raw(59, []), [], { dst })).toBe(`2001:db8::1 > ${written}: no next header`);
    }),
    { numRuns: 500, seed: 1 },
  );
  const shown: [Bytes, string][] = [
    [zeros(16), "::"],
    [[...zeros(15), 1], "::1"],
    [[0xfe, 0x80, ...zeros(14)], "fe80::"],
  ];
  for (const [dst, written] of shown) expect(v6(raw(59, []), [], { dst })).toContain(` > ${written}: `);
  expect(v6(raw(59, []), [], { dst: [...zeros(10), 255, 255, ...IP_2] })).toContain(" > ::ffff:198.51.100.2: ");
});

describe("TCP", () => {
  const ports = "192.0.2.1.5000 > 198.51.100.2.80: ";

  test("flags, numbers and options are shown", () => {
    const options = [2, 4, ...be16(1460), 4, 2, 8, 10, ...be32(1), ...be32(2), 1, 3, 3, 7];
    expect(v4(tcp(5000, 80, { seq: 7, options }))).toBe(
      `${ports}Flags [S], seq 7, win 64240, options [mss 1460,sackOK,TS val 1 ecr 2,nop,wscale 7], length 0`,
    );
    expect(v4(tcp(5000, 80, { seq: 7, ack: 9, flags: 0x18 }, ascii("hello")))).toBe(
      `${ports}Flags [P.], seq 7:12, ack 9, win 64240, length 5`,
    );
    expect(v4(tcp(5000, 80, { flags: 0x14 }))).toContain("Flags [R.]");
    expect(v4(tcp(5000, 80, { flags: 0 }))).toContain("Flags [none]");
    expect(v4(tcp(5000, 80, { flags: 0x10, options: [1, 1, 5, 10, ...be32(1), ...be32(9)] }))).toContain(
      "options [nop,nop,sack 1 {1:9}]",
    );
  });

  test("options that make no sense end the list", () => {
    for (const options of [
      [2, 0, 0, 0],
      [2, 9, 0, 0],
      [1, 1, 1, 2],
    ])
      expect(v4(tcp(5000, 80, { options }))).toContain("bad opt]");
    expect(v4(tcp(5000, 80, { options: [0, 0, 0, 0] }))).toContain("options [eol]");
    expect(v4(tcp(5000, 80, { options: [0, 9, 9, 9] }))).toContain("options [eol,bad padding]");
  });

  test.each<[number, number[]]>([
    [2, [2, 3, 5]],
    [2, [2, 6, 5, 180, 0, 0]],
    [3, [3, 4, 1, 1]],
    [4, [4, 3, 0]],
    [5, [5, 2]],
    [5, [5, 9, ...zeros(7)]],
    [5, [5, 11, ...zeros(9)]],
    [8, [8, 9, ...zeros(7)]],
    [28, [28, 3, 0]],
    [34, [34, 3, 0]],
  ])("an option %i of a length that it cannot have is bad, and the next one is read", (kind, option) => {
    const options = [...option, 4, 2, ...zeros((6 - (option.length % 4)) % 4)];
    expect(v4(tcp(5000, 80, { options }))).toContain(`options [bad opt-${kind} of ${option.length} bytes,sackOK`);
  });
});

describe("DHCP", () => {
  const message = (op: number, yours: Bytes, options: Bytes): Bytes => [
    op,
    1,
    6,
    0,
    ...be32(0x3903f326),
    ...zeros(8),
    ...yours,
    ...zeros(8),
    ...STATION_1,
    ...zeros(202),
    0x63,
    0x82,
    0x53,
    0x63,
    ...options,
  ];
  const between = "192.0.2.1.68 > 198.51.100.2.67: ";

  test("messages are told apart by type and transaction", () => {
    expect(v4(udp(68, 67, message(1, zeros(4), [53, 1, 1, 50, 4, 10, 0, 2, 15, 255])))).toBe(
      `${between}DHCP Discover, xid 0x3903f326, from 02:00:00:00:00:01, wants 10.0.2.15, length 250`,
    );
    expect(v4(udp(68, 67, message(2, [10, 0, 2, 15], [53, 1, 5, 54, 4, 10, 0, 2, 2, 255])))).toBe(
      `${between}DHCP ACK, xid 0x3903f326, 10.0.2.15 for 02:00:00:00:00:01, server 10.0.2.2, length 250`,
    );
  });

  test("options that are cut off are not read", () => {
    expect(v4(udp(68, 67, message(1, zeros(4), [50, 4, 10, 0])))).toMatch(/DHCP Request \(BOOTP\), xid.* \(malformed: option 50 is cut off\)$/);
    expect(v4(udp(68, 67, message(1, zeros(4), [0, 0, 53])))).toMatch(/DHCP Request \(BOOTP\), xid.* \(malformed: option 53 is cut off\)$/);
    expect(v4(udp(68, 67, message(1, zeros(4), [53, 1, 1])))).toMatch(/Discover.* \(malformed: the options have no end\)$/);
    expect(v4(udp(68, 67, message(1, zeros(4), [53, 2, 1, 1, 255])))).toMatch(/BOOTP.* \(malformed: option 53 of 2 bytes\)$/);
  });

  const changed = (options: Bytes, ...changes: [number, Bytes][]): Bytes => {
    const bytes = [...message(1, zeros(4), options)];
    for (const [at, value] of changes) bytes.splice(at, value.length, ...value);
    return bytes;
  };
  const shows = (options: Bytes, ...changes: [number, Bytes][]): string => v4(udp(68, 67, changed(options, ...changes))).slice(between.length);

  test("options that the file and sname fields have are read", () => {
    const file: [number, Bytes] = [108, [53, 1, 3, 255]];
    const sname: [number, Bytes] = [44, [50, 4, 10, 0, 2, 9, 255]];
    expect(shows([52, 1, 3, 255], file, sname)).toBe("DHCP Request, xid 0x3903f326, from 02:00:00:00:00:01, wants 10.0.2.9, length 244");
    expect(shows([52, 1, 1, 255], file, sname)).toBe("DHCP Request, xid 0x3903f326, from 02:00:00:00:00:01, length 244");
    expect(shows([52, 1, 1, 255], [108, [53, 1, 3, ...zeros(125)]])).toContain("DHCP Request, xid");
    expect(shows([52, 1, 1, 255], [108, [53, 1, 3, ...zeros(125)]])).toContain("(malformed: the options have no end)");
  });

  test("the client's own address, a relay and other hardware are shown", () => {
    const options = [53, 1, 3, 255];
    expect(shows(options, [12, [10, 0, 0, 5]])).toContain(", from 02:00:00:00:00:01 at 10.0.0.5, length");
    expect(shows(options, [24, [10, 9, 0, 1]])).toContain(", relay 10.9.0.1, length");
    expect(shows(options, [1, [32, 0]])).toContain(", from a station with no hardware address, length");
    expect(shows(options, [1, [27, 8]])).toContain(", from 02:00:00:00:00:01:00:00, length");
    expect(shows(options, [1, [1, 17]])).toContain("(malformed: a hardware address of 17 bytes)");
  });
});

describe("DNS", () => {
  const name = [7, ...ascii("example"), 3, ...ascii("com"), 0];
  const question = [...name, 0, 1, 0, 1];
  const header = (flags: number, questions: number, answers: number): Bytes => [
    ...be16(4660),
    ...be16(flags),
    ...be16(questions),
    ...be16(answers),
    ...zeros(4),
  ];
  const answer = (type: number, value: Bytes): Bytes => [
    0xc0,
    12,
    ...be16(type),
    0,
    1,
    ...be32(60),
    ...be16(value.length),
    ...value,
  ];
  const says = (...message: Bytes[]): string =>
    v4(udp(5000, 53, message.flat())).replace("192.0.2.1.5000 > 198.51.100.2.53: ", "");

  test("a question shows its name and type, an answer its first record", () => {
    expect(says(header(0x0100, 1, 0), question)).toBe("DNS 4660+ A? example.com. (29)");
    expect(says(header(0x8180, 1, 1), question, answer(1, IP_1))).toBe(
      "DNS 4660 A? example.com. 1/0/0 A 192.0.2.1 (45)",
    );
    expect(says(header(0x8580, 1, 1), question, answer(28, IP6_1))).toBe(
      "DNS 4660* A? example.com. 1/0/0 AAAA 2001:db8::1 (57)",
    );
    expect(says(header(0x8180, 1, 1), question, answer(5, [3, ...ascii("www"), 0xc0, 12]))).toBe(
      "DNS 4660 A? example.com. 1/0/0 CNAME www.example.com. (47)",
    );
    expect(says(header(0x8183, 1, 0), question)).toBe("DNS 4660 NXDomain A? example.com. 0/0/0 (29)");
  });

  test("names that are cut off or run in circles end", () => {
    expect(says(header(0x0100, 1, 0), [7, 101])).toBe("DNS 4660+ [bad name] (14) (malformed: record 1 of 1 is not there)");
    expect(says(header(0x0100, 1, 0), [0xc0, 12, 0, 1, 0, 1])).toBe("DNS 4660+ A? [bad name] (18) (malformed: a bad name)");
    expect(says(header(0x0100, 1, 0), [3, 97, 46, 7, 0, 0, 1, 0, 1])).toBe("DNS 4660+ A? a\\046\\007. (21)");
  });

  test("damage is named", () => {
    const bad = (...message: Bytes[]): string => / \(malformed: (.*)\)$/.exec(says(...message))?.[1] ?? "";
    const long = [...Array.from({ length: 5 }, () => [60, ...zeros(60).map(() => 97)]).flat(), 0];
    expect(bad(header(0x8180, 1, 3), question)).toBe("record 2 of 4 is not there");
    expect(bad(header(0x0100, 1, 0), long, [0, 1, 0, 1])).toBe("a bad name");
    expect(bad(header(0x0100, 1, 0), [0xc0, 0, 0, 1, 0, 1])).toBe("a bad name"); // a pointer into the header
    expect(bad(header(0x0100, 1, 0), [0x41, 1, 2, 3, 0, 0, 1, 0, 1])).toBe("record 1 of 1 is not there");
    expect(bad(header(0x8180, 1, 1), question, answer(5, [3]), ascii("abc"), [0])).toBe("a bad name"); // it goes on behind the record
    expect(bad(header(0x8180, 1, 1), question, answer(5, [0xc0, 12, 7]))).toBe("a record CNAME of 3 bytes");
    expect(bad(header(0x8180, 1, 1), question, answer(1, zeros(5)))).toBe("a record A of 5 bytes");
    expect(bad(header(0x8180, 1, 1), question, answer(28, zeros(4)))).toBe("a record AAAA of 4 bytes");
    expect(bad(header(0x8180, 1, 1), question, answer(16, [1, 97]))).toBe("");
  });

  test("the response code has the bits of the OPT record", () => {
    const opt = [0, 0, 41, ...be16(1232), 1, 0, 0, 0, 0, 0]; // the upper bits are 1
    expect(says(be16(4660), be16(0x8180), [0, 1, 0, 0, 0, 0, 0, 1], question, opt)).toBe("DNS 4660 BADVERS A? example.com. 0/0/1 (40)");
  });

  test("what cannot be DNS on its port is a datagram like any other", () => {
    expect(says(ascii("hello, this is not DNS at all"))).toBe("UDP, length 29");
    expect(says(header(0x1800, 1, 0), question)).toBe("UDP, length 29"); // no such operation
    expect(says(header(0x2800, 1, 0), question)).toBe("DNS 4660 opcode 5 A? example.com. (29)");
  });
});

test("any frame, however damaged, has one line of printable text", () => {
  fc.assert(
    fc.property(damagedFrames(), (frame) => {
      expect(line(frame)).toMatch(/^[ -~]+$/);
    }),
    { numRuns: 3000, seed: 2 },
  );
});
