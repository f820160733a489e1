/** Zero as a UDP checksum means "none" (RFC 768): a computed zero is sent as 0xffff, and none stays none. */
import { describe, expect, test } from "vitest";
import type { Adapter, Lab } from "../src/index";
import { Guest, ipBytes, macBytes } from "./guest";
import { smallLab } from "./inside";
import { be16, ethernet, internetChecksum, ipv4, udp, with16 } from "./packets";
import type { Bytes } from "./packets";

interface Flow {
  src: string;
  srcPort: number;
  dst: string;
  dstPort: number;
}

/** Where the checksum is in a frame: behind Ethernet, IPv4 without options, and six bytes of UDP. */
const AT = 14 + 20 + 6;

/** Two bytes that make the checksum of a datagram of this flow come out as zero. */
function cancelling({ src, srcPort, dst, dstPort }: Flow): Bytes {
  const before = [...ipBytes(src), ...ipBytes(dst), 0, 17, ...be16(10), ...udp(srcPort, dstPort, [0, 0]).bytes];
  return be16(internetChecksum(before));
}

/** A frame of a guest, its checksum computed unless one is given. */
function frameOf(flow: Flow, data: Bytes, via: string, checksum?: number): Uint8Array {
  const bytes = ipv4(udp(flow.srcPort, flow.dstPort, data), { src: ipBytes(flow.src), dst: ipBytes(flow.dst) });
  const packet = checksum === undefined ? bytes : with16(bytes, AT - 14, checksum);
  return ethernet(0x0800, packet, [], macBytes(via));
}

/** Checksums of the UDP datagrams that a guest heard, as they stand. Whether they are right the guest has checked itself. */
function checksums(guest: Guest): number[] {
  return guest.frames.filter((bytes) => bytes[12] === 8 && bytes[13] === 0 && bytes[23] === 17)
    .map((bytes) => (bytes[AT]! << 8) | bytes[AT + 1]!);
}

test("a station sends a checksum of zero as 0xffff", async () => {
  const lab = await smallLab();
  const attach = lab.host("laptop", []).internal("office");
  const alice = lab.hosts[0]!.vm("alice", { attach, address: "10.9.0.1/24" });
  const bob = new Guest(lab, "bob", lab.hosts[0]!.vm("bob", { attach, guest: "external" }).adapters[0]!, { ip: "10.9.0.2" });
  const flow = { src: "10.9.0.1", srcPort: 5000, dst: "10.9.0.2", dstPort: 7 };
  alice.udp(5000).send(Uint8Array.from(cancelling(flow)), { address: "10.9.0.2", port: 7 });
  await lab.advance(10);
  expect(checksums(bob)).toEqual([0xffff]);
  await lab.close();
});

describe("through NAT", () => {
  const inside = { src: "10.0.2.50", srcPort: 5000, dst: "192.168.1.50", dstPort: 53 };
  /** The NAT's rule for datagrams from the LAN. */
  const forward = "in,udp,,9000,10.0.2.50,80";

  interface Place {
    lab: Lab;
    alice: Guest;
    server: Guest;
    gateway: string;
    laptop: { mac: string; address: string };
  }

  async function place(): Promise<Place> {
    const lab = await smallLab();
    const laptop = lab.host("laptop");
    const office = laptop.natNetwork("office", { forward: [forward] });
    const desk = lab.host("desk");
    const guest = (name: string, adapter: Adapter, ip: string): Guest => new Guest(lab, name, adapter, { ip });
    const alice = guest("alice", laptop.vm("alice", { attach: office, guest: "external", mac: "02:00:00:00:00:01" }).adapters[0]!, inside.src);
    const server = guest("server", desk.vm("server", { attach: desk.bridged(), guest: "external" }).adapters[0]!, inside.dst);
    await lab.ready();
    alice.announce();
    server.announce();
    await lab.advance(10);
    server.frames.length = 0; // what machines said to get their addresses
    alice.frames.length = 0;
    return { lab, alice, server, gateway: "52:54:00:12:35:00", laptop: { mac: laptop.mac!, address: laptop.address! } };
  }

  test("a checksum that becomes zero is sent as 0xffff, outwards and inwards", async () => {
    const { lab, alice, server, gateway, laptop } = await place();
    const outside = { ...inside, src: laptop.address, srcPort: 5000 };
    const out = frameOf(inside, cancelling(outside), gateway);
    expect((out[AT]! << 8) | out[AT + 1]!, "another before").not.toBe(0xffff);
    alice.adapter.send(out);
    await lab.advance(10);
    expect(checksums(server)).toEqual([0xffff]);

    const there = { src: inside.dst, srcPort: 53, dst: laptop.address, dstPort: 9000 };
    const translated = { ...there, dst: inside.src, dstPort: 80 };
    server.adapter.send(frameOf(there, cancelling(translated), laptop.mac));
    await lab.advance(10);
    expect(checksums(alice)).toEqual([0xffff]);
    await lab.close();
  });

  test("a checksum that was zero and sent as 0xffff is right behind it", async () => {
    const { lab, alice, server, gateway } = await place();
    alice.adapter.send(frameOf(inside, cancelling(inside), gateway));
    await lab.advance(10);
    expect(checksums(server)).toHaveLength(1);
    expect([0, 0xffff]).not.toContain(checksums(server)[0]);
    await lab.close();
  });

  test("a datagram without checksum has none behind it, outwards and inwards", async () => {
    const { lab, alice, server, gateway, laptop } = await place();
    alice.adapter.send(frameOf(inside, [1, 2], gateway, 0));
    server.adapter.send(frameOf({ src: inside.dst, srcPort: 53, dst: laptop.address, dstPort: 9000 }, [3, 4], laptop.mac, 0));
    await lab.advance(10);
    expect([checksums(server), checksums(alice)]).toEqual([[0], [0]]);
    await lab.close();
  });
});
