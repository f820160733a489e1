import { ALIGN, setMac, stagedFor, writeIpv4 } from "./traffic";
import type { Staged } from "./traffic";

/** Sixteen frames: eight of UDP, three of TCP, two tagged, two of IPv6, one ARP. */
const KINDS = ["udp", "tcp", "udp", "ipv6", "udp", "vlan", "udp", "tcp", "udp", "arp", "udp", "ipv6", "udp", "vlan", "tcp", "udp"];

/**
 * What a parser meets: `count` sound frames of many flows and several kinds.
 *
 * @param size  bytes, 60…1514; 0: the Internet mix, 7 x 60, 4 x 590, 1 x 1514
 */
export function mixture(count: number, size: number): Staged {
  const staged = stagedFor(count, size === 0 ? 1514 : size);
  const view = new DataView(staged.bytes.buffer);
  for (let i = 0; i < count; i++) {
    const length = size !== 0 ? size : [60, 590, 60, 1514, 60, 590, 60, 590, 60, 60, 590, 60][i % 12]!;
    staged.lengths[i] = length;
    // An odd number times i: every kind with every length, and no flow next to its neighbour.
    write(view, i * staged.stride + ALIGN, length, KINDS[(i * 7) % 16]!, Math.imul(i, 40_503) & 0xffff);
  }
  return staged;
}

function write(view: DataView, at: number, length: number, kind: string, flow: number): void {
  setMac(view, at, 0x020000000001);
  setMac(view, at + 6, 0x020000010000 + flow);
  let l3 = 14;
  if (kind === "vlan") {
    view.setUint16(at + 12, 0x8100);
    view.setUint16(at + 14, 100);
    l3 = 18;
  }
  const type = { arp: 0x0806, ipv6: 0x86dd }[kind] ?? 0x0800;
  view.setUint16(at + l3 - 2, type);
  if (kind === "arp") {
    view.setUint32(at + l3, 0x00010800);
    view.setUint32(at + l3 + 4, 0x06040001);
    return;
  }
  const room = length - l3;
  if (kind === "ipv6") writeIpv6(view, at + l3, room - 40, flow);
  else writeIpv4(view, at + l3, room, kind === "tcp" ? 6 : 17, 0x0a000000 + flow, 0xc6336401);
  const l4 = at + l3 + (kind === "ipv6" ? 40 : 20);
  view.setUint16(l4, 1024 + flow);
  view.setUint16(l4 + 2, 53);
  if (kind === "tcp") view.setUint8(l4 + 12, 0x50);
  else view.setUint16(l4 + 4, at + length - l4);
}

function writeIpv6(view: DataView, at: number, length: number, flow: number): void {
  view.setUint32(at, 0x60000000);
  view.setUint16(at + 4, length);
  view.setUint16(at + 6, (17 << 8) | 64);
  view.setUint32(at + 8, 0x20010db8);
  view.setUint32(at + 20, flow);
  view.setUint32(at + 24, 0x20010db8);
  view.setUint32(at + 36, 1);
}
