/** What tshark sees in frames, for a comparison with what the parser sees. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { part } from "../parts";

export const tshark = part("tshark", () => (spawnSync("tshark", ["--version"]).error ? "no tshark in PATH" : null));

/** A frame as it stands in a capture. */
export interface Captured {
  frame: Uint8Array;
  originalLength: number;
  /** 1 (Ethernet) unless said otherwise. */
  linkType?: number;
}

/** Where the headers of a frame lie and what they say; null: there is no such header, or it has no such field. */
export interface View {
  /** Offsets from the frame's first byte. */
  l3: number | null;
  l4: number | null;
  /** After a TCP or UDP header. */
  payload: number | null;
  src: string | null;
  dst: string | null;
  srcPort: number | null;
  dstPort: number | null;
  /** Bytes. */
  fragmentOffset: number | null;
  moreFragments: boolean | null;
  /** Of the IPv4 header, and of TCP, UDP, ICMP or ICMPv6: "good", "bad", "absent", "unverified". */
  l3Sum: string | null;
  l4Sum: string | null;
  /** Kinds of TCP's options in order, up to the end of the list; `!`: its length is wrong. */
  options: string | null;
}

/** A protocol of tshark's tree. */
interface Proto {
  name: string;
  pos: number;
  size: number;
  /** The text of the protocol and all below it. */
  text: string;
}

/** Protocols whose fields are wanted. Their inner ones come with them: an ICMP error's quoted packet, extension headers. */
const WANTED = "eth arp ip ipv6 tcp udp icmp icmpv6";

/** Each frame by itself, without what tshark knows of the others; checksums are verified, which is not its default. */
const SETTINGS = [
  "ip.defragment:FALSE", "ipv6.defragment:FALSE", "tcp.desegment_tcp_streams:FALSE", "tcp.analyze_sequence_numbers:FALSE",
  "ip.check_checksum:TRUE", "tcp.check_checksum:TRUE", "udp.check_checksum:TRUE",
];

/** Frames of one run of tshark: what it says of them has to fit a string. */
const BATCH = 4000;

/** tshark's view of each frame, and the names of the protocols it found, outermost first. */
export function tsharkViews(frames: Captured[]): { view: View; protocols: string[] }[] {
  const views: { view: View; protocols: string[] }[] = [];
  for (const linkType of new Set(frames.map((each) => each.linkType ?? 1))) {
    const places = [...frames.keys()].filter((i) => (frames[i]!.linkType ?? 1) === linkType);
    for (let from = 0; from < places.length; from += BATCH) {
      const batch = places.slice(from, from + BATCH);
      viewsOf(batch.map((i) => frames[i]!), linkType).forEach((view, k) => (views[batch[k]!] = view));
    }
  }
  return views;
}

/** A pcap file. */
function pcap(frames: Captured[], linkType: number): Uint8Array {
  const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
  const records = frames.flatMap(({ frame, originalLength }, i) => [words(i, 0, frame.length, originalLength), frame]);
  return Buffer.concat([words(0xa1b2c3d4, 0x00040002, 0, 0, 0x40000, linkType), ...records]);
}

function viewsOf(frames: Captured[], linkType: number): { view: View; protocols: string[] }[] {
  const folder = mkdtempSync(join(tmpdir(), "fivewire-tshark-"));
  const file = join(folder, "frames.pcap");
  writeFileSync(file, pcap(frames, linkType));
  const settings = SETTINGS.flatMap((setting) => ["-o", setting]);
  const { stdout } = spawnSync("tshark", ["-n", "-r", file, ...settings, "-T", "pdml", "-J", WANTED], {
    encoding: "utf8", maxBuffer: 1 << 29, stdio: ["ignore", "pipe", "ignore"],
  });
  rmSync(folder, { recursive: true });
  const packets = stdout.split("<packet>").slice(1);
  if (packets.length !== frames.length) throw new Error(`tshark shows ${packets.length} of ${frames.length} frames`);
  return packets.map((packet) => {
    const protos = protosOf(packet);
    return { view: viewOf(protos), protocols: protos.map(({ name }) => name) };
  });
}

/** The outermost protocols, in order. */
function protosOf(packet: string): Proto[] {
  return packet.split(/^ {2}<proto (?=name=)/m).slice(1).map((text) => ({
    name: attribute(text, "name")!,
    pos: Number(attribute(text, "pos")),
    size: Number(attribute(text, "size")),
    text,
  }));
}

function attribute(text: string, name: string): string | undefined {
  return new RegExp(` ?\\b${name}="([^"]*)"`).exec(text.slice(0, text.indexOf(">")))?.[1];
}

/** What the first field of that name shows. */
function shown(proto: Proto | undefined, name: string): string | null { return proto ? shownIn(proto.text, name) : null; }

function shownIn(text: string, name: string): string | null {
  const at = text.indexOf(`<field name="${name}"`);
  return at < 0 ? null : (attribute(text.slice(at + 1), "show") ?? null);
}

function numberOf(text: string | null): number | null { return text === null ? null : Number(text); }

const STATUS: Record<string, string> = { 0: "bad", 1: "good", 2: "unverified", 3: "absent", 4: "bad" };

function viewOf(protos: Proto[]): View {
  const l3 = protos.find(({ name }) => /^(arp|ip|ipv6)$/.test(name));
  const l4 = protos.find(({ name }) => /^(tcp|udp|icmp|icmpv6)$/.test(name));
  const ported = l4 && /^(tcp|udp)$/.test(l4.name) ? l4 : undefined;
  const addresses = l3?.name === "arp" ? ["arp.src.proto_ipv4", "arp.dst.proto_ipv4"] : [`${l3?.name}.src`, `${l3?.name}.dst`];
  // Behind an authentication header, fragment headers are no longer in the IPv6 header's tree.
  const fragment = l3?.name === "ipv6" ? protos.find((proto) => shown(proto, "ipv6.fraghdr.offset") !== null) : l3;
  const units = numberOf(shown(fragment, "ip.frag_offset") ?? shown(fragment, "ipv6.fraghdr.offset"));
  const more = shown(fragment, "ip.flags.mf") ?? shown(fragment, "ipv6.fraghdr.more");
  return {
    l3: l3?.pos ?? null,
    l4: l4?.pos ?? null,
    payload: ported ? ported.pos + ported.size : null,
    src: shown(l3, addresses[0]!),
    dst: shown(l3, "ip.cur_rt") ?? shown(l3, addresses[1]!), // under a source route, ip.dst is its end
    srcPort: numberOf(shown(ported, `${ported?.name}.srcport`)),
    dstPort: numberOf(shown(ported, `${ported?.name}.dstport`)),
    fragmentOffset: units === null ? null : 8 * units,
    moreFragments: more === null ? null : /^(1|True)$/i.test(more),
    l3Sum: STATUS[shown(l3, "ip.checksum.status") ?? ""] ?? null,
    l4Sum: STATUS[shown(l4, `${l4?.name}.checksum.status`) ?? ""] ?? null,
    options: l4?.name === "tcp" ? tcpOptionsOf(l4) : null,
  };
}

/** What tshark says of an option whose length is wrong, or of which a block is not all there. */
const OBJECTIONS = /"tcp\.option\.len\.invalid"|"tcp\.suboption_malformed"/;

function tcpOptionsOf(tcp: Proto): string | null {
  const from = tcp.text.indexOf('<field name="tcp.options"');
  if (from < 0) return null;
  const all = tcp.text.slice(from, tcp.text.indexOf("\n    </field>", from));
  const bytes = attribute(all, "value")!;
  const list = all.split(/^ {6}<field (?=name="(?:tcp\.options|"))/m).slice(1);
  const kinds = list.map((option) => {
    // One that leaves the header has no kind, but a place.
    const at = 2 * (Number(attribute(option, "pos")) - Number(attribute(all, "pos")));
    return `${Number.parseInt(bytes.slice(at, at + 2), 16)}${OBJECTIONS.test(option) ? "!" : ""}`;
  });
  const last = kinds.indexOf("0"); // tshark goes on behind it
  return kinds.slice(0, last < 0 ? undefined : last + 1).join(" ");
}
