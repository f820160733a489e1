import fc from "fast-check";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readCapture } from "../../src/capture-reader";
import { dissect } from "../../src/inspect";
import type { Dissection, HeaderOption } from "../../src/inspect";
import { REASONS } from "../../src/reasons";
import { ethernet } from "../packets";
import { damagedFrames } from "../twins/frame-arbitrary";
import { parseSlowly } from "../twins/parse-slowly";
import { routedFrames } from "../twins/routed-arbitrary";
import { CORPUS, captures, corpus } from "./corpus";
import { viewOf } from "./parser-view";
import { tshark, tsharkViews } from "./tshark";
import type { Captured, View } from "./tshark";

/** One frame, seen by both. */
interface Seen {
  frame: Uint8Array;
  dissection: Dissection;
  /** Whether the capture kept only its beginning. */
  isCut: boolean;
  /** Protocols that tshark found. */
  protocols: string[];
}

/** A reason for the two to differ, which is no fault of either. */
interface Difference {
  name: string;
  why: string;
  applies(seen: Seen): boolean;
  /** "less": the parser has no answer where tshark has one. "more": the other way round. "otherwise": both have. */
  parserSays: "less" | "more" | "otherwise";
  differs: (keyof View)[];
  /** Frames: of the corpus, of those of it that were cut and are filled up, and of the made ones: damaged, and with routes. */
  count: { corpus: number; filled?: number; made: number; routed?: number };
}

const TRANSPORT: (keyof View)[] = ["l4", "payload", "srcPort", "dstPort", "l4Sum", "options"];
const FRAGMENT: (keyof View)[] = ["fragmentOffset", "moreFragments"];
const ALL: (keyof View)[] = ["l3", "src", "dst", "l3Sum", ...FRAGMENT, ...TRANSPORT];

function optionsOf({ layers }: Dissection): HeaderOption[] {
  return layers.flatMap((layer) => (layer.name === "tcp" ? (layer.fields.options ?? []) : []));
}

/** The parser ends at a fault, since a station drops the frame there; tshark goes on as far as there are bytes. */
function fault(name: NonNullable<Dissection["fault"]>, why: string, differs: (keyof View)[], corpus: number, made: number, filled = 0): Difference {
  return { name, why, applies: ({ dissection }) => dissection.fault === name, parserSays: "less", differs, count: { corpus, filled, made } };
}

/** Of the rows that apply and explain all that differs, the first one counts. */
const DIFFERENCES: Difference[] = [
  {
    name: "cut by the capture",
    why: "bytes that were not captured make the packet shorter than its header says; filled up, each is compared once more",
    applies: ({ isCut, dissection }) => isCut && /_(LENGTH|TRUNCATED)$/.test(dissection.fault ?? ""),
    parserSays: "less", differs: ALL, count: { corpus: 733, made: 0 },
  },
  {
    name: "a third tag",
    why: "the parser looks through two tags, as the engine does; what is behind them is of an unknown kind to it",
    applies: ({ dissection: { layers } }) => {
      const tags = layers.filter((layer) => layer.name === "vlan");
      return tags.length === 2 && [0x8100, 0x88a8].includes(tags[1]!.fields.type!);
    },
    parserSays: "less", differs: ALL, count: { corpus: 0, made: 346 },
  },
  {
    name: "another way to IP",
    why: "the engine knows IP and ARP by the EtherTypes 0x0800, 0x0806 and 0x86dd; tshark finds them behind MPLS labels, LLC, 0x9100 and others too",
    applies: ({ dissection: { layers } }) => {
      if (layers[0]?.name !== "ethernet") return false;
      const link = layers.findLast((layer) => layer.name === "ethernet" || layer.name === "vlan");
      return ![0x0800, 0x0806, 0x86dd].includes((link?.fields as { type?: number } | undefined)?.type ?? 0);
    },
    parserSays: "less", differs: ALL, count: { corpus: 1, made: 0 },
  },
  {
    name: "a later fragment of no bytes",
    why: "tshark takes it for a whole packet and shows the transport header that would stand at its end",
    applies: ({ dissection: { layers } }) => {
      const last = layers.findLast(({ name }) => name !== "padding");
      return last?.name === "extension" && (last.fields.fragmentOffset ?? 0) > 0;
    },
    parserSays: "less", differs: TRANSPORT, count: { corpus: 0, made: 0 },
  },
  {
    name: "behind Shim6",
    why: "the parser does not know this extension header (RFC 5533) and takes it for a transport; tshark steps over it",
    applies: ({ dissection: { layers } }) => layers.some((layer) => layer.name === "ipv6" && layer.fields.nextHeader === 140)
      || layers.some((layer) => layer.name === "extension" && layer.fields.nextHeader === 140),
    parserSays: "less", differs: [...FRAGMENT, ...TRANSPORT], count: { corpus: 0, made: 0 },
  },
  {
    name: "a home address of another length or in another place",
    why: "an option 201 that is not 16 bytes long, or stands hop by hop, is no home address (RFC 6275 §6.3); tshark sums what is there as one",
    applies: ({ frame, dissection: { layers } }) => layers.some((layer) => layer.name === "extension"
      && /^(hop-by-hop|destination)$/.test(layer.fields.kind) && frame.subarray(layer.offset, layer.offset + layer.length).includes(201)),
    parserSays: "otherwise", differs: ["l4Sum"], count: { corpus: 0, made: 0 },
  },
  {
    name: "the other family's ICMP",
    why: "ICMPv6 is defined over IPv6 (RFC 4443 §2.3: its pseudo-header), ICMP over IPv4; tshark shows either over both",
    applies: ({ dissection: { fault, layers }, protocols }) => fault === null &&
      protocols.includes(layers.some(({ name }) => name === "ipv4") ? "icmpv6" : "icmp"),
    parserSays: "less", differs: ["l4", "l4Sum"], count: { corpus: 0, made: 19 },
  },
  {
    name: "behind a mobility header",
    why: "tshark stops there, since nothing may follow today (RFC 6275 §6.1.1); the parser goes by its next header",
    applies: ({ dissection: { layers } }) => layers.some((layer) => layer.name === "extension" && layer.fields.kind === "mobility"),
    parserSays: "more", differs: [...FRAGMENT, ...TRANSPORT], count: { corpus: 0, made: 64 },
  },
  {
    name: "an option longer than its extension header",
    why: "tshark looks into the options and stops there; the parser steps over them by the header's own length",
    applies: ({ dissection: { layers }, protocols }) => protocols.at(-1) === "_ws.malformed"
      && !protocols.some((name) => /^(tcp|udp|icmp|icmpv6)$/.test(name))
      && layers.some((layer) => layer.name === "extension" && /^(hop-by-hop|destination)$/.test(layer.fields.kind)),
    parserSays: "more", differs: [...FRAGMENT, ...TRANSPORT], count: { corpus: 0, made: 1 },
  },
  {
    name: "an IPv4 header or packet that is too short to be one",
    why: "tshark shows nothing of such a header; the parser shows it, and objects",
    applies: ({ dissection: { fault, layers } }) => fault === "IPV4_HEADER" || (fault === "IPV4_LENGTH"
      && layers.some((layer) => layer.name === "ipv4" && layer.fields.totalLength < layer.length)),
    parserSays: "more", differs: ["src", "dst", "l3Sum", ...FRAGMENT], count: { corpus: 0, made: 2 },
  },
  {
    name: "more segments left than there are",
    why: "such a routing header is to be dropped (RFC 8200 §4.4), and leaves open where it ends; tshark takes the IPv6 header's destination",
    applies: ({ dissection: { layers } }) => layers.some(({ checksum }) => checksum?.reason === "a route whose end cannot be told"),
    parserSays: "less", differs: ["l4Sum"], count: { corpus: 0, made: 0 },
  },
  {
    name: "selective acknowledgements of a wrong length",
    why: "tshark ends at such an option; the parser steps over it by its length",
    applies: ({ dissection }) => optionsOf(dissection).some(({ kind, bad }) => kind === 5 && bad),
    parserSays: "otherwise", differs: ["options"], count: { corpus: 0, made: 0, routed: 11 },
  },
  {
    name: "a fast open cookie of a wrong length",
    why: "it has 4 to 16 bytes, an even number (RFC 7413 §4.1.1); tshark takes any",
    applies: ({ dissection }) => optionsOf(dissection).some(({ kind, bad }) => kind === 34 && bad),
    parserSays: "otherwise", differs: ["options"], count: { corpus: 0, made: 0, routed: 41 },
  },
  fault("VLAN", "VID 4095 is reserved and never on a wire (IEEE 802.1Q-2018 §9.6)", ALL, 0, 101),
  fault("ARP_TRUNCATED", "a message that is not all there is no layer", ["l3", "src", "dst"], 0, 25),
  fault("ARP_FORMAT", "ARP for other hardware or protocols has its addresses elsewhere", ["l3", "src", "dst"], 0, 7),
  fault("IPV4_TRUNCATED", "a header that is not all there is no layer", ALL, 1, 150),
  fault("IPV6_TRUNCATED", "a header that is not all there is no layer", ALL, 0, 149),
  fault("IPV4_VERSION", "what says another version is no IPv4 header", ALL, 0, 17),
  fault("IPV6_VERSION", "what says another version is no IPv6 header", ALL, 0, 12),
  fault("IPV4_LENGTH", "the header says more bytes than the frame has", TRANSPORT, 5, 75),
  fault("IPV6_LENGTH", "the header says more bytes than the frame has", [...FRAGMENT, ...TRANSPORT], 0, 136),
  fault("IPV4_CHECKSUM", "nothing behind a damaged header is believed (RFC 1122 §3.2.1.2)", TRANSPORT, 21, 47, 22),
  fault("IPV6_EXTENSION", "a chain that is too long, out of order or cut ends at its fault", [...FRAGMENT, ...TRANSPORT], 0, 38),
  fault("TCP_TRUNCATED", "a header that is not all there is no layer; tshark shows the ports it has", TRANSPORT, 0, 15),
  fault("TCP_HEADER", "a header whose length makes no sense has no payload behind it; tshark guesses", ["payload", "l4Sum", "options"], 1, 53, 1),
  fault("UDP_TRUNCATED", "a header that is not all there is no layer; tshark shows the ports it has", TRANSPORT, 0, 6),
  fault("UDP_LENGTH", "a wrong length leaves open what is summed; the parser says so, tshark says nothing or sums what is there", ["payload", "l4Sum"], 0, 12),
  fault("ICMP_TRUNCATED", "a header that is not all there is no layer", ["l4", "l4Sum"], 0, 15),
];

const isSilent = (value: View[keyof View]): boolean => value === null || value === "unverified";

function isExplained({ parserSays, differs }: Difference, key: keyof View, ours: View, theirs: View): boolean {
  if (!differs.includes(key)) return false;
  return parserSays === "otherwise" || isSilent(parserSays === "less" ? ours[key] : theirs[key]);
}

/**
 * Compares every frame; returns how many differ for which reason. A difference without a reason fails, and so does a fault that the
 * parser's slow twin, written from the standards, does not find: else a row for a fault would excuse the parser for calling sound
 * packets damaged.
 */
function compare(frames: (Captured & { from: string })[]): Record<string, number> {
  const counts: Record<string, number> = {};
  const unexplained: string[] = [];
  for (const [i, { view: theirs, protocols }] of tsharkViews(frames).entries()) {
    const { frame, originalLength, from, linkType = 1 } = frames[i]!;
    const dissection = dissect(frame, { linkType });
    const ours = viewOf(dissection);
    const slow = REASONS[parseSlowly(linkType === 1 ? frame : inEthernet(frame, dissection), 0n).fault]![0];
    if ((dissection.fault ?? "OK") !== slow) unexplained.push(`${from}: parser ${dissection.fault}, its slow twin ${slow}: ${dissection.text}`);
    const keys = (Object.keys(ours) as (keyof View)[]).filter((key) => ours[key] !== theirs[key]);
    if (keys.length === 0) continue;
    const seen = { frame, dissection, isCut: originalLength > frame.length, protocols };
    const reason = DIFFERENCES.find((each) => each.applies(seen) && keys.every((key) => isExplained(each, key, ours, theirs)));
    if (reason) counts[reason.name] = (counts[reason.name] ?? 0) + 1;
    else unexplained.push(`${from}: ${keys.map((key) => `${key}: parser ${ours[key]}, tshark ${theirs[key]}`).join("; ")}: ${dissection.text}`);
  }
  expect(unexplained).toEqual([]);
  return counts;
}

/** A packet that was captured without an Ethernet header, with one. */
function inEthernet(frame: Uint8Array, { layers }: Dissection): Uint8Array {
  const ip = layers.find(({ name }) => name === "ipv4" || name === "ipv6");
  return ip ? ethernet(ip.name === "ipv4" ? 0x0800 : 0x86dd, [...frame.subarray(ip.offset)]) : ethernet(0xffff, []);
}

function expected(of: "corpus" | "filled" | "made" | "routed"): Record<string, number> {
  return Object.fromEntries(DIFFERENCES.map(({ name, count }) => [name, count[of] ?? 0] as const).filter(([, count]) => count > 0));
}

/** The frame as it was on the wire, as far as lengths go. */
function filledUp(frame: Uint8Array, length: number): Uint8Array {
  const filled = new Uint8Array(length);
  filled.set(frame);
  return filled;
}

test.skipIf(!corpus || !tshark)("tshark finds the same headers, ends, fragments and checksums in every frame of the corpus", async () => {
  const frames: (Captured & { from: string })[] = [];
  const cut: typeof frames = [];
  let strangers = 0;
  for (const file of captures)
    for await (const { frame, originalLength, index, interface: { linkType } } of readCapture(createReadStream(join(CORPUS, file)))) {
      const from = `${file} frame ${index + 1}`;
      if (linkType !== 1) strangers++;
      frames.push({ frame, originalLength, from, linkType });
      if (linkType === 1 && originalLength > frame.length) cut.push({ frame: filledUp(frame, originalLength), originalLength, from: `${from}, filled up` });
    }
  expect({ frames: frames.length, cut: cut.length, strangers }).toEqual({ frames: 2760, cut: 747, strangers: 40 });
  expect(compare(frames)).toEqual(expected("corpus"));
  expect(compare(cut)).toEqual(expected("filled"));
}, 120_000);

/** Made frames of a normal run, of which the table has the counts; the nightly one makes ten times as many, others each time. */
const MADE = 4000;
const isNightly = process.env.FIVEWIRE_NIGHTLY === "1";
const amount = (frames: number): { numRuns: number; seed?: number } => (isNightly ? { numRuns: 10 * frames } : { numRuns: frames, seed: 1 });

/** How many frames may differ for a reason in the nightly run: what its share allows, and luck. */
const ceiling = (normal: number): number => 2 * 10 * normal + 100;

const named = (frame: Uint8Array): Captured & { from: string } => ({ frame, originalLength: frame.length, from: Buffer.from(frame).toString("hex") });

test.skipIf(!tshark)("and in frames that were made up and damaged", () => {
  const counts = compare(fc.sample(damagedFrames(), amount(MADE)).map(named));
  if (!isNightly) return expect(counts).toEqual(expected("made"));
  for (const [name, count] of Object.entries(counts)) expect(count, name).toBeLessThan(ceiling(expected("made")[name] ?? 0));
}, 600_000);

test.skipIf(!tshark)("and in packets that were captured without an Ethernet header", () => {
  const packets = fc.sample(routedFrames(), { numRuns: 200, seed: 2 }).map((frame) => ({ is4: frame[12] === 8, packet: frame.subarray(14) }));
  const with2 = (type: number): number[] => [type >> 8, type & 255];
  const ways: [number, (is4: boolean) => number[] | null][] = [
    [101, () => []], [228, (is4) => (is4 ? [] : null)], [229, (is4) => (is4 ? null : [])],
    [0, (is4) => [is4 ? 2 : 30, 0, 0, 0]], [108, (is4) => [0, 0, 0, is4 ? 2 : 24]],
    [113, (is4) => [0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, ...with2(is4 ? 0x0800 : 0x86dd)]],
    [276, (is4) => [...with2(is4 ? 0x0800 : 0x86dd), 0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0]],
  ];
  const frames = ways.flatMap(([linkType, header]) => packets.flatMap(({ is4, packet }) => {
    const before = header(is4);
    return before ? [{ ...named(Uint8Array.from([...before, ...packet])), linkType }] : [];
  }));
  expect(frames.length).toBe(1200);
  for (const { frame, linkType } of frames) expect(viewOf(dissect(frame, { linkType })).l4).not.toBe(null);
  const counts = compare(frames);
  for (const name of Object.keys(counts)) expect(expected("routed")).toHaveProperty([name]);
}, 120_000);

test.skipIf(!tshark)("and in sound frames with routes, home addresses and options, of which most checksums are right", () => {
  const frames = fc.sample(routedFrames(), amount(MADE));
  const seen = frames.map((frame) => ({ ...viewOf(dissect(frame)), layers: dissect(frame).layers }));
  const shareOf = (is: (each: (typeof seen)[number]) => boolean): number => seen.filter(is).length / frames.length;
  expect(shareOf(({ l4Sum }) => l4Sum === "good")).toBeGreaterThan(0.8);
  expect(shareOf(({ l4Sum }) => l4Sum === "bad")).toBeGreaterThan(0.02);
  expect(shareOf(({ options }) => options !== null)).toBeGreaterThan(0.3);
  expect(shareOf(({ options }) => options?.includes("!") ?? false)).toBeGreaterThan(0.05);
  for (const type of [0, 2, 3, 4])
    expect(shareOf(({ layers }) => layers.some(({ name, fields }) => name === "extension" && fields.type === type && fields.segmentsLeft! > 0))).toBeGreaterThan(0.03);
  for (const kind of [131, 137])
    expect(shareOf(({ layers }) => layers.some(({ name, fields }) => name === "ipv4" && fields.options?.some((each) => each.kind === kind)))).toBeGreaterThan(0.05);
  const counts = compare(frames.map(named));
  if (!isNightly) return expect(counts).toEqual(expected("routed"));
  for (const [name, count] of Object.entries(counts)) expect(count, name).toBeLessThan(ceiling(expected("routed")[name] ?? 0));
}, 600_000);
