/** An external guest in a few lines: it sends crafted frames, answers ARP for its address, and remembers what it heard. */
import type { Adapter, Lab } from "../src/index";
import { be16, be32, icmp, internetChecksum, ipv4, tcp, udp, zeros } from "./packets";
import type { Bytes, Segment } from "./packets";

export interface GuestOptions {
  ip?: string;
  /** MAC that its IP packets go to. */
  via?: string | ((lab: Lab) => string);
  /** `false`: it does not answer ARP. */
  arp?: boolean;
  /** `true`: it notes packets for others too. */
  nosy?: boolean;
}

/** A packet or frame as somebody heard it. `from` is "address:port"; for ICMP echo the port is the identifier. */
export interface Heard {
  who: string;
  port: number;
  from: string;
  nonce: number;
  ttl: number;
}

export const macBytes = (mac: string): Bytes => mac.split(":").map((part) => parseInt(part, 16));
export const ipBytes = (ip: string): Bytes => ip.split(".").map(Number);
const macText = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(":");
const ipText = (bytes: Uint8Array): string => bytes.join(".");

export const BROADCAST = "ff:ff:ff:ff:ff:ff";
/** EtherType for experiments (IEEE 802). */
export const EXPERIMENT = 0x88b5;

export function frame(dst: string, src: string, type: number, payload: Bytes): Uint8Array {
  return Uint8Array.from([...macBytes(dst), ...macBytes(src), ...be16(type), ...payload]);
}

export function arpMessage(
  opcode: number, sender: { mac: string; ip: string }, target: { mac?: string; ip: string },
): Bytes {
  const targetMac = target.mac === undefined ? zeros(6) : macBytes(target.mac);
  return [0, 1, 8, 0, 6, 4, ...be16(opcode), ...macBytes(sender.mac), ...ipBytes(sender.ip), ...targetMac, ...ipBytes(target.ip)];
}

const TCP_FLAGS: Record<string, number> = { syn: 0x02, synack: 0x12, ack: 0x10, fin: 0x11, rst: 0x14 };

/** Whether `kind` is one of the packets `segmentOf` makes. */
export const isKind = (kind: string): boolean => kind === "udp" || kind === "echo" || kind === "reply" || kind in TCP_FLAGS;

function segmentOf(kind: string, from: number, to: number, nonce: number): Segment {
  const data = be32(nonce);
  if (kind === "udp") return udp(from, to, data);
  if (kind === "echo") return icmp(8, 0, [...be16(from), ...be16(to), ...data]);
  if (kind === "reply") return icmp(0, 0, [...be16(to), ...be16(1), ...data]);
  return tcp(from, to, { flags: TCP_FLAGS[kind]! }, data);
}

export class Guest {
  readonly frames: Uint8Array[] = [];
  readonly heard: Heard[] = [];

  constructor(
    private readonly lab: Lab, readonly name: string, readonly adapter: Adapter, readonly options: GuestOptions = {},
  ) {
    adapter.onframe = (bytes) => this.hear(bytes);
  }

  get mac(): string { return this.adapter.mac ?? "02:00:00:00:00:99"; }

  /** A frame with a nonce and nothing else. */
  say(dst: string, nonce: number, src = this.mac): void {
    this.adapter.send(frame(dst, src, EXPERIMENT, [...be32(nonce), ...zeros(42)]));
  }

  /** An IP packet to the next hop it was given. */
  send(kind: string, port: number, ip: string, toPort: number, nonce: number, ttl = 64): void {
    const { via } = this.options;
    const hop = typeof via === "function" ? via(this.lab) : via!;
    const packet = ipv4(segmentOf(kind, port, toPort, nonce), { src: ipBytes(this.options.ip!), dst: ipBytes(ip), ttl });
    this.adapter.send(frame(hop, this.mac, 0x0800, packet));
  }

  /** ARP announcement (RFC 5227 §3). */
  announce(ip = this.options.ip!): void {
    this.adapter.send(frame(BROADCAST, this.mac, 0x0806, arpMessage(1, { mac: this.mac, ip }, { ip })));
  }

  /** ARP probe (RFC 5227 §2.1.1). */
  probe(ip: string): void {
    this.adapter.send(frame(BROADCAST, this.mac, 0x0806, arpMessage(1, { mac: this.mac, ip: "0.0.0.0" }, { ip })));
  }

  /** ARP requests for `ip` that it heard, announcements left out. */
  requestsFor(ip: string): Uint8Array[] {
    return this.frames.filter((bytes) => isArpRequest(bytes) && ipText(bytes.subarray(38, 42)) === ip
      && ipText(bytes.subarray(28, 32)) !== ip);
  }

  private hear(bytes: Uint8Array): void {
    this.frames.push(bytes);
    const type = (bytes[12]! << 8) | bytes[13]!;
    if (type === EXPERIMENT) this.note(0, macText(bytes.subarray(6, 12)), bytes, 14, 0);
    const isMine = (bytes[0]! & 1) === 1 || macText(bytes.subarray(0, 6)) === this.mac;
    if (type === 0x0800 && (isMine || this.options.nosy)) this.hearPacket(bytes);
    const { ip, arp = true } = this.options;
    if (!arp || ip === undefined || !isArpRequest(bytes) || ipText(bytes.subarray(38, 42)) !== ip) return;
    const asker = { mac: macText(bytes.subarray(22, 28)), ip: ipText(bytes.subarray(28, 32)) };
    this.adapter.send(frame(asker.mac, this.mac, 0x0806, arpMessage(2, { mac: this.mac, ip }, asker)));
  }

  private hearPacket(bytes: Uint8Array): void {
    const header = (bytes[14]! & 15) * 4;
    const end = 14 + ((bytes[16]! << 8) | bytes[17]!);
    const l4 = bytes.subarray(14 + header, end);
    const word = (at: number): number => (l4[at]! << 8) | l4[at + 1]!;
    const src = ipText(bytes.subarray(26, 30));
    if (internetChecksum([...bytes.subarray(14, 14 + header)]) !== 0) throw new Error(`${this.name} heard a wrong IPv4 checksum`);
    checkSum(bytes, l4, this.name);
    const protocol = bytes[23];
    if (protocol === 17) this.note(word(2), `${src}:${word(0)}`, l4, 8, bytes[22]!);
    if (protocol === 6) this.note(word(2), `${src}:${word(0)}`, l4, (l4[12]! >> 4) * 4, bytes[22]!);
    if (protocol === 1 && (l4[0] === 8 || l4[0] === 0)) this.note(word(4), `${src}:${word(4)}`, l4, 8, bytes[22]!);
  }

  private note(port: number, from: string, bytes: Uint8Array, at: number, ttl: number): void {
    if (bytes.length < at + 4) return;
    const nonce = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0);
    this.heard.push({ who: this.name, port, from, nonce, ttl });
  }
}

function isArpRequest(bytes: Uint8Array): boolean {
  return bytes.length >= 42 && bytes[12] === 8 && bytes[13] === 6 && bytes[21] === 1;
}

/** The transport checksum, pseudo-header included, comes out right. */
function checkSum(bytes: Uint8Array, l4: Uint8Array, name: string): void {
  const protocol = bytes[23]!;
  if (protocol === 17 && l4[6] === 0 && l4[7] === 0) return;
  const pseudo = protocol === 1 ? [] : [...bytes.subarray(26, 34), 0, protocol, ...be16(l4.length)];
  if (internetChecksum([...pseudo, ...l4]) !== 0) throw new Error(`${name} heard a wrong checksum, protocol ${protocol}`);
}
