/**
 * TCP segments in a line of text, as the tables of the tests have them:
 *
 *   S 0 win 65535 <mss 1460,sackok,ts 1 0,ws 7>      P. 1:1001 ack 1      F. 1001 ack 1      . 1 ack 2921 <sack 4381:5841>
 *
 * Flags as tcpdump writes them (S F R P .), then sequence number and end, counted from each side's first one.
 */
import { be16, be32, internetChecksum, with16 } from "../packets";
import type { Bytes } from "../packets";

const FLAGS: [string, number][] = [["S", 2], ["F", 1], ["R", 4], ["P", 8], [".", 16]];

export interface TcpSegment {
  flags: string;
  /** From the sender's ISN, u32. */
  seq: number;
  length: number;
  /** From the receiver's ISN; null: none. */
  ack: number | null;
  /** null in an expectation: any. */
  win: number | null;
  /** As written between < and >; null in an expectation: any. */
  options: string[] | null;
}

/** What a line says; `win` is 65535 and there are no options where it does not say. Throws when it makes no sense. */
export function parseSegment(text: string): TcpSegment {
  const match = /^([SFRP.]+)\s+(\d+)(?::(\d+))?(?:\s+ack (\d+))?(?:\s+win (\d+))?(?:\s+<([^>]*)>)?$/.exec(text.trim());
  if (!match) throw new Error(`not a segment: ${text}`);
  const [, flags, from, to, ack, win, options] = match;
  return {
    flags: flags!,
    seq: Number(from),
    length: to === undefined ? 0 : (Number(to) - Number(from)) >>> 0,
    ack: ack === undefined ? null : Number(ack),
    win: win === undefined ? null : Number(win),
    options: options === undefined ? null : options.split(",").map((each) => each.trim()).filter(Boolean),
  };
}

/** The line again; a field left out of `like` is left out here. */
export function formatSegment(segment: TcpSegment, like: Partial<TcpSegment> = segment): string {
  const { flags, seq, length, ack, win, options } = segment;
  const end = length === 0 ? "" : `:${(seq + length) >>> 0}`;
  return `${flags} ${seq}${end}${ack === null ? "" : ` ack ${ack}`}${like.win == null ? "" : ` win ${win}`}`
    + (like.options == null ? "" : ` <${options!.map((each, i) => masked(each, like.options![i])).join(",")}>`);
}

/** `ts * *`: whatever it is. */
function masked(option: string, like = ""): string {
  const wanted = like.split(" ");
  return option.split(" ").map((part, i) => (wanted[i] === "*" ? "*" : part)).join(" ");
}

/** A segment as bytes of TCP, checksum included; `isn` of its sender and of its receiver. */
export function encodeSegment(
  s: TcpSegment, ports: [number, number], isn: [number, number], addresses: [Bytes, Bytes], data: (seq: number) => number,
): number[] {
  const options = (s.options ?? []).flatMap((each) => encodeOption(each, isn[1]));
  while (options.length % 4 !== 0) options.push(1);
  const flags = FLAGS.reduce((sum, [name, bit]) => (s.flags.includes(name) ? sum | bit : sum), 0);
  const payload = Array.from({ length: s.length }, (_, i) => data((s.seq + i) >>> 0));
  const bytes = [
    ...be16(ports[0]), ...be16(ports[1]), ...be32((isn[0] + s.seq) >>> 0), ...be32(s.ack === null ? 0 : (isn[1] + s.ack) >>> 0),
    (5 + options.length / 4) << 4, flags, ...be16(s.win ?? 65535), 0, 0, 0, 0, ...options, ...payload,
  ];
  const pseudo = [...addresses[0], ...addresses[1], 0, 6, ...be16(bytes.length)];
  return [...with16(bytes, 16, internetChecksum([...pseudo, ...bytes]))];
}

function encodeOption(text: string, theirIsn: number): number[] {
  const [kind, ...values] = text.split(" ");
  if (kind === "mss") return [2, 4, ...be16(Number(values[0]))];
  if (kind === "ws") return [3, 3, Number(values[0])];
  if (kind === "sackok") return [4, 2];
  if (kind === "ts") return [8, 10, ...be32(Number(values[0]) >>> 0), ...be32(Number(values[1]) >>> 0)];
  if (kind === "sack") {
    const edges = values.flatMap((block) => block.split(":")).map((edge) => (theirIsn + Number(edge)) >>> 0);
    return [5, 2 + 4 * edges.length, ...edges.flatMap((edge) => be32(edge))];
  }
  if (kind === "raw") return values.map(Number);
  throw new Error(`not an option: ${text}`);
}

/** What TCP bytes say. `isn` of the sender (null: this is its first segment) and of the receiver. */
export function decodeSegment(bytes: Uint8Array, isn: [number | null, number]): TcpSegment & { isn: number; data: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const header = (bytes[12]! >> 4) * 4;
  const bits = bytes[13]!;
  const mine = isn[0] ?? (bits & 4 ? 0 : view.getUint32(4)); // a reset comes from nobody
  const flags = FLAGS.filter(([, bit]) => bits & bit).map(([name]) => name).join("");
  return {
    flags,
    seq: flags === "R." && view.getUint32(4) === 0 ? 0 : (view.getUint32(4) - mine) >>> 0,
    length: bytes.length - header,
    ack: bits & 16 ? (view.getUint32(8) - isn[1]) >>> 0 : null,
    win: view.getUint16(14),
    options: decodeOptions(bytes.subarray(20, header), isn[1]),
    isn: mine,
    data: bytes.slice(header),
  };
}

function decodeOptions(bytes: Uint8Array, theirIsn: number): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: string[] = [];
  for (let at = 0; at < bytes.length && bytes[at] !== 0; at += bytes[at] === 1 ? 1 : bytes[at + 1]!) {
    const kind = bytes[at];
    if (kind === 2) found.push(`mss ${view.getUint16(at + 2)}`);
    if (kind === 3) found.push(`ws ${bytes[at + 2]}`);
    if (kind === 4) found.push("sackok");
    if (kind === 8) found.push(`ts ${view.getUint32(at + 2)} ${view.getUint32(at + 6)}`);
    if (kind !== 5) continue;
    const blocks: string[] = [];
    for (let edge = at + 2; edge < at + bytes[at + 1]!; edge += 8)
      blocks.push(`${(view.getUint32(edge) - theirIsn) >>> 0}:${(view.getUint32(edge + 4) - theirIsn) >>> 0}`);
    found.push(`sack ${blocks.join(" ")}`);
  }
  return found;
}
