/** A capture of any length, written piece by piece: a million frames fit no test's memory. */
import { closeSync, openSync, writeSync } from "node:fs";
import { PcapngWriter } from "../../src/pcapng";
import { arp, be32, ethernet, icmp, ipv4, ipv6, tcp, udp, zeros } from "../packets";

/** A NAT network's and NAT's gateway, who is there in two of the modes; to anybody else the frame is a stranger's. */
const GATEWAY = [0x52, 0x54, 0, 0x12, 0x35, 0];
const BROADCAST = [255, 255, 255, 255, 255, 255];
const GUEST = [10, 0, 2, 77];

const discover = [1, 1, 6, 0, ...be32(7), ...zeros(20), 2, 0, 0, 0, 0, 1, ...zeros(202), 0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255];

/** Frames that fill tables: stations, neighbours, leases, mappings and connections, and answers that come back. */
function templates(): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let i = 0; i < 997; i++) {
    const dst = [192, 0, 2, 1 + (i % 200)];
    const to = { src: GUEST, dst };
    frames.push(ethernet(0x0800, ipv4(udp(1024 + i, 53, zeros(i % 64)), to), [], GATEWAY));
    frames.push(ethernet(0x0800, ipv4(tcp(20_000 + i, 80), to), [], GATEWAY));
    frames.push(ethernet(0x0806, arp(1, { senderIp: [10, 0, 2, i % 256], targetIp: [10, 0, 2, 1] }), [], BROADCAST));
    if (i % 10 === 0) frames.push(ethernet(0x0800, ipv4(icmp(8, 0, be32(i)), { src: GUEST, dst: [10, 0, 2, 1] }), [], GATEWAY));
    if (i % 20 === 0) frames.push(ethernet(0x86dd, ipv6(udp(5000 + i, 5001, zeros(i))), [[0x8100, i]]));
    const broadcast = { src: [0, 0, 0, 0], dst: [255, 255, 255, 255] };
    if (i % 50 === 0) frames.push(ethernet(0x0800, ipv4({ ...udp(68, 67, discover), checksumAt: -1 }, broadcast), [], BROADCAST));
  }
  return frames;
}

/** Where a DHCP message has its client's address: behind Ethernet, IP and UDP headers. */
const CHADDR = 14 + 20 + 8 + 28;

/** Writes `count` frames to `path`, 40 µs apart, each from another of a million stations. */
export function writeLongFile(path: string, count: number): void {
  const file = openSync(path, "w");
  let blocks: Uint8Array[] = [];
  const write = (): void => {
    writeSync(file, Buffer.concat(blocks));
    blocks = [];
  };
  const writer = new PcapngWriter({ onblock: (block) => { if (blocks.push(block) === 4096) write(); } });
  const place = writer.addInterface({ name: "eth0" });
  const frames = templates();
  for (let i = 0; i < count; i++) {
    const frame = frames[i % frames.length]!;
    const station = [2, 1, ...be32(i)];
    frame.set(station, 6);
    if (frame.length > 280 && frame[37] === 67) frame.set(station, CHADDR); // each asks for a lease
    writer.packet({ interface: place, time: BigInt(i) * 40_000n, frame });
  }
  write();
  closeSync(file);
}
