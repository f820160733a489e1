import { describe, expect, test } from "vitest";
import type { Adapter, Lab } from "../src/index";
import { createLab } from "../src/index";
import { BROADCAST, frame } from "./guest";
import { codeOf, dice, faultsInBooks, smallLab } from "./inside";
import { arp, ethernet, icmp, ipv4, tcp, udp } from "./packets";

/** A guest on every kind of network; alice and bob are ordinary machines that talk all the time. */
async function everyPort(): Promise<{ lab: Lab; ports: Adapter[]; talk: () => Promise<void> }> {
  const lab = await createLab({ capacity: { stations: 128, frames: 2048, flights: 4096, connections: 256, events: 2048 } });
  const laptop = lab.host("laptop");
  const server = lab.host("server");
  const office = laptop.natNetwork("office");
  const [alice, bob] = [laptop.vm("alice", office), laptop.vm("bob", office)];
  const attachments = {
    nat: laptop.nat(),
    natNetwork: office,
    bridged: laptop.bridged(),
    internal: laptop.internal("a"),
    static: laptop.internal("b", { switch: "virtualbox" }),
    hostOnly: laptop.hostOnly(),
    notAttached: laptop.notAttached(),
  };
  const ports = Object.entries(attachments).map(([name, attach]) => laptop.vm(`guest on ${name}`, { attach, guest: "external" }).adapters[0]!);
  const unplugged = laptop.vm("unplugged", { attach: office, guest: "external", cable: false }).adapters[0]!;
  for (const port of ports) port.onframe = () => {};
  await lab.ready();
  const talk = async (): Promise<void> => {
    expect((await alice.ping(bob)).ttl).toBe(64);
    expect((await bob.ping(server)).ttl).toBe(63);
  };
  return { lab, ports: [...ports, unplugged], talk };
}

describe("frames", () => {
  const lengths = [...Array.from({ length: 201 }, (_, i) => i), 500, 1000, 1499, 1500, 1513, 1514, 1515, 1518, 1521, 1522, 1523, 1600,
    2047, 2048, 2049, 4096, 9000, 16_384, 32_768, 65_534, 65_535, 65_536, 100_000];

  test("of any length into any port are delivered or counted, and others are not disturbed", async () => {
    const { lab, ports, talk } = await everyPort();
    const random = dice(1);
    const before = lab.stats().frames.ingress;
    let sent = 0;
    for (const length of lengths) {
      for (const port of ports) {
        const bytes = Uint8Array.from({ length }, () => Math.floor(random() * 256));
        if (length >= 14) bytes.set([2, 0, 0, 0, 0, 9], 6);
        port.send(bytes);
        sent++;
      }
      if (length % 40 === 0) await talk();
    }
    await talk();
    await lab.advance(10);
    expect(lab.stats().frames.ingress - before).toBe(sent);
    expect(lab.stats().drops.TOO_SHORT).toBe(14 * ports.length);
    expect(lab.stats().drops.TOO_LONG).toBe(lengths.filter((length) => length > 1522).length * ports.length);
    expect(faultsInBooks(lab)).toEqual([]);
    await lab.close();
  });

  test("of any bytes into any port never stop the others (20,000 mutations)", async () => {
    const { lab, ports, talk } = await everyPort();
    const random = dice(2);
    const pick = (most: number): number => Math.floor(random() * most);
    const targets = [BROADCAST, "52:54:00:12:35:00", "52:54:00:12:35:02", lab.machine("alice")!.mac!, lab.machine("laptop")!.mac!];
    const sound = [
      arp(1), arp(2), ipv4(udp(68, 67, new Array<number>(300).fill(1))), ipv4(udp(5000, 53, [1, 2, 3])), ipv4(tcp(4000, 80)),
      ipv4(tcp(4000, 80, { flags: 16 })), ipv4(icmp(8, 0, [0, 7, 0, 1])), ipv4(icmp(0, 0, [0, 7, 0, 1])),
      ipv4(icmp(3, 3, [0, 0, 0, 0, ...ipv4(udp(5000, 53))])), ipv4(icmp(11, 0, [0, 0, 0, 0, ...ipv4(tcp(4000, 80))])),
      ipv4(udp(1, 2), { fragment: 0x2000 }), ipv4(udp(1, 2), { options: [7, 4, 4, 0] }), ipv4(udp(1, 2), { dst: [10, 0, 2, 2] }),
      ipv4(udp(1, 67), { dst: [255, 255, 255, 255], src: [0, 0, 0, 0] }), ipv4(udp(5000, 5000), { dst: [192, 168, 1, 100], src: [10, 0, 2, 99] }),
    ];
    for (let i = 0; i < 20_000; i++) {
      const payload = [...sound[pick(sound.length)]!];
      for (let flips = pick(4); flips > 0; flips--) payload[pick(payload.length)] = pick(256);
      if (pick(5) === 0) payload.length = pick(payload.length);
      const isArp = payload[0] === 0 && payload[2] === 8;
      const bytes = pick(20) === 0 ? ethernet(0x8100, payload, [[0x8100, pick(4096)]])
        : frame(targets[pick(targets.length)]!, "02:00:00:00:00:09", isArp ? 0x0806 : 0x0800, payload);
      ports[pick(ports.length)]!.send(bytes);
      if (i % 2000 === 1999) await talk();
    }
    await lab.advance(5000);
    expect(faultsInBooks(lab)).toEqual([]);
    expect(Object.keys(lab.stats().drops).length).toBeGreaterThan(15);
    await lab.close();
  });

  test("that are not bytes are an error of the caller's", async () => {
    const lab = await smallLab();
    const laptop = lab.host("laptop", []);
    const { adapters: [card] } = laptop.vm("guest", { attach: laptop.internal("a"), guest: "external" });
    for (const wrong of [null, undefined, "frame", 5, {}, new ArrayBuffer(60)])
      expect(await codeOf(() => card!.send(wrong as never))).toBe("FRAME");
    card!.send(new Uint8Array(60).fill(2));
    await lab.advance(1);
    expect(faultsInBooks(lab)).toEqual([]);
    await lab.close();
  });
});
