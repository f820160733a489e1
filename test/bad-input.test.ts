import { describe, expect, test } from "vitest";
import type { Adapter, Lab, LabOptions } from "../src/index";
import { LabError, createLab } from "../src/index";
import { BROADCAST, Guest, frame } from "./guest";
import { dice, faultsInBooks, smallLab } from "./inside";
import { arp, ethernet, icmp, ipv4, tcp, udp } from "./packets";

/** The code of what `attempt` throws or rejects with. */
async function codeOf(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
    return "no error";
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    expect(error.message.length, `${error.code} says what is wrong`).toBeGreaterThan(20);
    return error.code;
  }
}

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

describe("addresses and options that make no sense are named errors", () => {
  const wrongs: [string, string, (lab: Lab) => unknown][] = [
    ["ADDRESS", "an address with a byte too large", (lab) => lab.machine("alice")!.ping("10.0.2.256")],
    ["ADDRESS", "a name where an address is needed", (lab) => lab.machine("alice")!.ping("alice.example")],
    ["ADDRESS", "an empty address", (lab) => lab.machine("alice")!.ping("")],
    ["ADDRESS", "an address with spaces", (lab) => lab.machine("alice")!.ping(" 10.0.2.4")],
    ["ADDRESS", "an octal-looking address", (lab) => lab.machine("alice")!.ping("010.0.2.4")],
    ["ADDRESS", "a number for an address", (lab) => lab.machine("alice")!.ping(167772161 as never)],
    ["ADDRESS", "a static address without prefix", (lab) => lab.hosts[0]!.vm("x", { attach: lab.hosts[0]!.internal("i"), address: "10.9.0.2" })],
    ["ADDRESS", "a prefix that is too long", (lab) => lab.hosts[0]!.vm("x", { attach: lab.hosts[0]!.internal("i"), address: "10.9.0.2/33" })],
    ["ADDRESS", "a network with host bits", (lab) => lab.hosts[0]!.natNetwork("x", { network: "10.0.2.1/24" })],
    ["ADDRESS", "a gateway that is no address", (lab) => lab.hosts[0]!.vm("x", { attach: lab.hosts[0]!.internal("i"), address: "10.9.0.2/24", gateway: "gate" })],
    ["OPTION", "a NAT's network that is too small", (lab) => lab.hosts[0]!.vm("x", lab.hosts[0]!.nat({ network: "10.0.2.0/28" }))],
    ["MAC", "a MAC that is too short", (lab) => lab.hosts[0]!.vm("x", { attach: lab.hosts[0]!.internal("i"), mac: "02:00:00" })],
    ["MAC", "a group's MAC", (lab) => lab.hosts[0]!.vm("x", { attach: lab.hosts[0]!.internal("i"), mac: "03:00:00:00:00:01" })],
    ["MAC", "a zero MAC", (lab) => lab.hosts[0]!.vm("x", { attach: lab.hosts[0]!.internal("i"), mac: "00:00:00:00:00:00" })],
    ["MAC_TAKEN", "a MAC that somebody has", (lab) => lab.hosts[0]!.vm("x", { attach: lab.hosts[0]!.internal("i"), mac: lab.machine("alice")!.mac! })],
    ["NAME_TAKEN", "a name that somebody has", (lab) => lab.hosts[0]!.vm("alice", lab.hosts[0]!.internal("i"))],
    ["NAME", "an empty name", (lab) => lab.hosts[0]!.vm("", lab.hosts[0]!.internal("i"))],
    ["PORT", "a port that is too large", (lab) => lab.machine("alice")!.udp(65_536)],
    ["PORT", "a port that is no number", (lab) => lab.machine("alice")!.udp(NaN)],
    ["PORT", "a datagram to port 0", (lab) => lab.machine("alice")!.udp().send("x", { address: "10.0.2.1", port: 0 })],
    ["PORT_IN_USE", "a port that is open already", (lab) => [lab.machine("alice")!.udp(7), lab.machine("alice")!.udp(7)]],
    ["DATAGRAM_SIZE", "a datagram that is too long", (lab) => lab.machine("alice")!.udp().send(new Uint8Array(1473), { address: "10.0.2.1", port: 9 })],
    ["OPTION", "a ping that is too long", (lab) => lab.machine("alice")!.ping("10.0.2.1", { size: 1473 })],
    ["OPTION", "a ping without hops", (lab) => lab.machine("alice")!.ping("10.0.2.1", { ttl: 0 })],
    ["OPTION", "a wire that is too slow", (lab) => lab.hosts[0]!.vm("x", { attach: lab.hosts[0]!.internal("i"), wire: { delay: -1 } })],
    ["OPTION", "a policy that there is not", (lab) => lab.hosts[0]!.vm("x", { attach: lab.hosts[0]!.internal("i"), promiscuous: "sometimes" as never })],
    ["OPTION", "a switch that there is not", (lab) => lab.hosts[0]!.internal("x", { switch: "hub" as never })],
    ["OPTION", "time that goes back", (lab) => lab.advance(-1)],
    ["OPTION", "time without end", (lab) => lab.sleep(Infinity)],
    ["FORWARD", "a forward of four parts", (lab) => lab.hosts[0]!.network("office")!.forward("a,udp,80,80")],
    ["FORWARD", "a forward of another protocol", (lab) => lab.hosts[0]!.network("office")!.forward({ protocol: "sctp" as never, hostPort: 1, guestPort: 1 })],
    ["PORT", "a forward of port 0", (lab) => lab.hosts[0]!.network("office")!.forward("a,udp,,0,10.0.2.4,80")],
    ["ADDRESS", "a forward to no address", (lab) => lab.hosts[0]!.network("office")!.forward("a,udp,,80,somewhere,80")],
    ["NO_NAT", "a forward where no NAT is", (lab) => lab.hosts[0]!.internal("i").forward("a,udp,,80,10.0.2.4,80")],
    ["OPTIONS_DIFFER", "another network of the same name", (lab) => lab.hosts[0]!.natNetwork("office", { network: "10.7.0.0/24" })],
    ["NAME_TAKEN", "a network of another kind and the same name", (lab) => lab.hosts[0]!.internal("office")],
    ["OTHER_HOST", "a network of another host", (lab) => lab.hosts[1]!.vm("x", lab.hosts[0]!.network("office")!)],
    ["OVERLAP", "two networks with the same addresses in one machine", (lab) =>
      lab.hosts[0]!.vm("x", [lab.hosts[0]!.network("office")!, { attach: lab.hosts[0]!.internal("i"), address: "10.0.2.9/24" }])],
    ["NO_ROUTE", "an address that no route leads to", (lab) => lab.machine("loner")!.ping("198.51.100.1")],
    ["EXTERNAL_GUEST", "a ping from an external guest", (lab) => lab.machine("guest")!.ping("10.0.2.1")],
    ["NOT_EXTERNAL", "a frame into a card with a station", (lab) => lab.vms[0]!.adapters[0]!.send(new Uint8Array(60))],
    ["CAPACITY", "a lab without room", () => createLab({ capacity: { frames: 0 } })],
    ["CAPACITY", "a lab that is too large for memory", () => createLab({ capacity: { frames: 4_000_000 } })],
    ["OPTION", "a clock that there is not", () => createLab({ clock: "lamport" as never })],
    ["SNAPSHOT", "a snapshot that is none", () => createLab({ from: { version: 7 } as never })],
  ];

  test.each(wrongs)("%s: %s", async (code, _, attempt) => {
    const lab = await smallLab();
    const laptop = lab.host("laptop");
    lab.host("desk");
    const office = laptop.natNetwork("office");
    const alice = laptop.vm("alice", office);
    const bob = laptop.vm("bob", office);
    laptop.vm("loner", { attach: laptop.internal("island"), address: "10.8.0.1/24" });
    laptop.vm("guest", { attach: office, guest: "external" });
    await lab.ready();
    expect(await codeOf(() => attempt(lab))).toBe(code);
    expect((await alice.ping(bob)).ttl, "the others go on").toBe(64);
    expect(faultsInBooks(lab)).toEqual([]);
    await lab.close();
  });

  test("an error leaves nothing behind: the same name and MAC can be used right after it", async () => {
    const lab = await smallLab();
    const laptop = lab.host("laptop", []);
    const attach = laptop.internal("i");
    const mac = "02:00:00:00:00:42";
    const before = lab.machines.length;
    for (let i = 0; i < 100; i++) {
      expect(await codeOf(() => laptop.vm("x", [{ attach, mac, address: "10.9.0.1/24" }, { attach, address: "10.9.0.2/24" }]))).toBe("OVERLAP");
      expect(await codeOf(() => laptop.vm("x", [{ attach, mac }, { attach, promiscuous: "never" as never }]))).toBe("OPTION");
    }
    expect(lab.machines).toHaveLength(before);
    expect(laptop.vm("x", { attach, mac }).mac).toBe(mac);
    await lab.close();
  });
});

describe("one NAT", () => {
  test("serves one adapter; a second one is told so and stays where it was", async () => {
    const lab = await smallLab();
    const laptop = lab.host("laptop");
    const nat = laptop.nat();
    const web = laptop.vm("web", nat);
    expect(await codeOf(() => laptop.vm("second", nat))).toBe("NAT_IN_USE");
    const other = laptop.vm("other", laptop.hostOnly());
    expect(await codeOf(() => other.adapters[0]!.attach(nat))).toBe("NAT_IN_USE");
    expect(other.adapters[0]!.kind).toBe("hostOnly");
    await lab.ready();
    await web.ping(laptop);
    await other.ping("192.168.56.1");
    await web.remove();
    other.adapters[0]!.attach(nat);
    await lab.ready();
    await other.ping(laptop.legs[0]!.address);
    await lab.close();
  });

  test("has every forward's name and port once; a clash with another's is a failed rule, or an error if that is wanted", async () => {
    const lab = await smallLab();
    const laptop = lab.host("laptop");
    const office = laptop.natNetwork("office", { forward: ["a,udp,,8080,10.0.2.4,80"] });
    expect(await codeOf(() => office.forward("a,udp,,8081,10.0.2.4,80"))).toBe("FORWARD_TAKEN");
    expect(await codeOf(() => office.forward("b,udp,,8080,10.0.2.5,80"))).toBe("FORWARD_TAKEN");
    expect(office.forward("c,tcp,,8080,10.0.2.5,80").state).toBe("active");
    const lab2 = laptop.natNetwork("lab", { network: "10.0.3.0/24" });
    expect(lab2.forward("a,udp,,8080,10.0.3.4,80").state).toBe("failed");
    expect(await codeOf(() => lab2.forward("s,tcp,,8080,10.0.3.4,80", { strict: true }))).toBe("PORT_IN_USE");
    expect(lab2.forwards).toHaveLength(1);
    expect(await codeOf(() => laptop.udp(8080))).toBe("PORT_IN_USE");
    await lab.close();
  });
});

describe("when something is full", () => {
  async function crowded(capacity: LabOptions["capacity"]): Promise<Lab> {
    return createLab({ capacity: { stations: 32, frames: 512, flights: 512, connections: 64, forwards: 16, events: 1024, ...capacity } });
  }

  test("machines: the next one is an error, the others go on, and room that is given back is used again", async () => {
    const lab = await crowded({});
    const laptop = lab.host("laptop", []);
    const attach = laptop.internal("i");
    let code = "";
    let made = 0;
    for (; code === "" && made < 100; made++)
      code = await codeOf(() => laptop.vm(`vm${made}`, { attach, address: `10.9.0.${made + 1}/24` })).then((c) => (c === "no error" ? "" : c));
    expect(code).toBe("FULL");
    await lab.machine("vm0")!.ping(lab.machine("vm1")!);
    await lab.vms[5]!.remove();
    laptop.vm("late", { attach, address: "10.9.0.200/24" });
    await lab.machine("late")!.ping(lab.machine("vm1")!);
    expect(faultsInBooks(lab)).toEqual([]);
    await lab.close();
  });

  test("frame buffers: what finds none is counted or told, and the rest arrives", async () => {
    const lab = await crowded({ frames: 32 });
    const laptop = lab.host("laptop", []);
    const attach = laptop.internal("i");
    const [alice, bob] = [1, 2].map((i) => laptop.vm(`vm${i}`, { attach, address: `10.9.0.${i}/24` }));
    const guest = laptop.vm("guest", { attach, mac: "02:00:00:00:00:09", guest: "external", wire: { delay: 5 } }).adapters[0]!;
    await alice!.ping(bob!);
    for (let i = 0; i < 1000; i++) guest.send(frame(BROADCAST, "02:00:00:00:00:09", 0x88b5, new Array<number>(46).fill(0)));
    const socket = alice!.udp();
    const codes = new Set<string>();
    for (let i = 0; i < 100; i++) codes.add(await codeOf(() => socket.send("x", { machine: bob!, port: 9 })));
    expect([...codes].filter((code) => code !== "no error" && code !== "FULL")).toEqual([]);
    await lab.advance(100);
    expect(lab.stats().drops.NO_FRAME).toBeGreaterThan(500);
    expect(faultsInBooks(lab)).toEqual([]);
    expect((await alice!.ping(bob!)).ttl).toBe(64);
    await lab.close();
  });

  test("wires: what finds no place is counted", async () => {
    const lab = await crowded({ flights: 16 });
    const laptop = lab.host("laptop", []);
    const attach = laptop.internal("i");
    const [alice, bob] = [1, 2].map((i) => laptop.vm(`vm${i}`, { attach, address: `10.9.0.${i}/24` }));
    const guest = laptop.vm("guest", { attach, guest: "external" }).adapters[0]!;
    for (let i = 0; i < 300; i++) guest.send(frame(BROADCAST, "02:00:00:00:00:09", 0x88b5, new Array<number>(46).fill(0)));
    await lab.advance(10);
    expect(lab.stats().drops.QUEUE_FULL).toBe(284);
    expect(faultsInBooks(lab)).toEqual([]);
    expect((await alice!.ping(bob!)).ttl).toBe(64);
    await lab.close();
  });

  test("a NAT's connections: those that are there go on, a new one is refused with a word", async () => {
    const lab = await crowded({});
    const laptop = lab.host("laptop");
    const server = lab.host("server");
    const alice = laptop.vm("alice", laptop.natNetwork("office", { limit: 8 }));
    await lab.ready();
    await alice.ping(server);
    const errors: string[] = [];
    const sockets = Array.from({ length: 12 }, () => {
      const socket = alice.udp();
      socket.onerror = ({ code }) => errors.push(code);
      return socket;
    });
    const heard = server.udp(53);
    let count = 0;
    void (async () => { for await (const { data, from } of heard) { count++; heard.send(data, from); } })();
    for (const socket of sockets) {
      socket.send("x", { machine: server, port: 53 });
      await lab.advance(5);
    }
    expect(count).toBe(7); // the ping has the eighth
    expect(errors).toEqual(new Array(5).fill("UNREACHABLE"));
    expect(lab.stats().drops.NAT_FULL).toBe(5);
    sockets[0]!.send("again", { machine: server, port: 53 });
    await lab.advance(5);
    expect(count).toBe(8);
    await lab.advance(400_000);
    sockets[11]!.send("later", { machine: server, port: 53 });
    await lab.advance(5);
    expect(count).toBe(9);
    expect(faultsInBooks(lab)).toEqual([]);
    await lab.close();
  });

  test("all NATs' connections together: the same", async () => {
    const lab = await crowded({ connections: 16, sockets: 64 });
    const laptop = lab.host("laptop");
    const server = lab.host("server");
    const vms = ["one", "two"].map((name) => laptop.vm(name, laptop.natNetwork(name, { network: name === "one" ? "10.0.2.0/24" : "10.0.3.0/24" })));
    await lab.ready();
    await Promise.all(vms.map((vm) => vm.ping(server)));
    for (const vm of vms) for (let i = 0; i < 20; i++) {
      vm.udp().send("x", { machine: server, port: 53 });
      await lab.advance(3);
    }
    expect(lab.stats().drops.NAT_FULL).toBeGreaterThan(10);
    expect(faultsInBooks(lab)).toEqual([]);
    await lab.advance(400_000);
    await Promise.all(vms.map((vm) => vm.ping(server)));
    await lab.close();
  });

  test("sockets: the next one is an error, and a closed one makes room", async () => {
    const lab = await crowded({ sockets: 16 });
    const laptop = lab.host("laptop", []);
    const vm = laptop.vm("vm", { attach: laptop.internal("i"), address: "10.9.0.1/24" });
    const open: ReturnType<typeof vm.udp>[] = [];
    let code = "";
    while (code === "" && open.length < 100) code = await codeOf(() => open.push(vm.udp())).then((c) => (c === "no error" ? "" : c));
    expect(code).toBe("FULL");
    open[0]!.close();
    vm.udp(9);
    await lab.close();
  });

  test("forwards: the next one is an error, and a removed one makes room", async () => {
    const lab = await crowded({});
    const office = lab.host("laptop").natNetwork("office");
    let code = "";
    for (let i = 0; code === "" && i < 100; i++)
      code = await codeOf(() => office.forward(`r${i},udp,,${8000 + i},10.0.2.4,80`)).then((c) => (c === "no error" ? "" : c));
    expect(code).toBe("FULL");
    office.forwards[0]!.remove();
    expect(office.forward("late,udp,,9000,10.0.2.4,80").state).toBe("active");
    await lab.close();
  });

  test("the neighbour table: an attack on it is counted, and known neighbours are still reached", async () => {
    const lab = await crowded({ stations: 16 });
    const laptop = lab.host("laptop", []);
    const attach = laptop.internal("i");
    const alice = laptop.vm("alice", { attach, address: "10.9.0.1/16" });
    const bob = laptop.vm("bob", { attach, address: "10.9.0.2/16" });
    const mac = "02:00:00:00:00:09";
    const guest = new Guest(lab, "guest", laptop.vm("guest", { attach, mac, guest: "external" }).adapters[0]!, { ip: "10.9.9.9" });
    for (let i = 0; i < 2000; i++) {
      const sender = [10, 9, 4 + (i >> 8), i & 255];
      guest.adapter.send(ethernet(0x0806, arp(1, { senderIp: sender, targetIp: [10, 9, 0, 1] })));
      if (i % 100 === 0) await lab.advance(1);
    }
    const socket = alice.udp();
    for (let i = 0; i < 400; i++) await codeOf(() => socket.send("x", { address: `10.9.100.${i % 250}`, port: 9 }));
    await lab.advance(5000);
    expect((await alice.ping(bob)).ttl).toBe(64);
    expect(faultsInBooks(lab)).toEqual([]);
    await lab.close();
  });

  test("the forwarding database: an attack on it makes the switch flood, no more", async () => {
    const lab = await crowded({ stations: 16 });
    const laptop = lab.host("laptop", []);
    const attach = laptop.internal("i");
    const [alice, bob] = [1, 2].map((i) => laptop.vm(`vm${i}`, { attach, address: `10.9.0.${i}/24` }));
    const guest = laptop.vm("guest", { attach, guest: "external" }).adapters[0]!;
    for (let i = 0; i < 3000; i++) {
      const src = `02:00:00:01:${(i >> 8).toString(16).padStart(2, "0")}:${(i & 255).toString(16).padStart(2, "0")}`;
      guest.send(frame("02:00:00:00:00:77", src, 0x88b5, new Array<number>(46).fill(0)));
      if (i % 50 === 0) await lab.advance(1);
    }
    expect((await alice!.ping(bob!)).ttl).toBe(64);
    expect(attach.stations().length).toBeLessThanOrEqual(64);
    expect(faultsInBooks(lab)).toEqual([]);
    await lab.close();
  });

  test("a guest that takes no frames: up to 1024 wait, newer ones are counted, and after ondrain they come in order", async () => {
    const lab = await crowded({});
    const laptop = lab.host("laptop", []);
    const attach = laptop.internal("i");
    const speaker = laptop.vm("speaker", { attach, guest: "external" }).adapters[0]!;
    let open = false;
    const got: number[] = [];
    const port = {
      send(bytes: Uint8Array): boolean {
        if (open) got.push((bytes[14]! << 8) | bytes[15]!);
        return open;
      },
      onframe: null,
      ondrain: null as (() => void) | null,
    };
    laptop.vm("lazy", { attach, guest: port });
    for (let i = 0; i < 1200; i++) {
      speaker.send(frame(BROADCAST, "02:00:00:00:00:09", 0x88b5, [i >> 8, i & 255, ...new Array<number>(44).fill(0)]));
      if (i % 100 === 99) await lab.advance(1);
    }
    expect(lab.stats().drops.QUEUE_FULL).toBe(1200 - 1024);
    expect(faultsInBooks(lab)).toEqual([]);
    open = true;
    port.ondrain!();
    expect(got).toEqual(Array.from({ length: 1024 }, (_, i) => i));
    await lab.close();
  });

  test("a socket that nobody reads: 1024 datagrams wait, newer ones are counted", async () => {
    const lab = await crowded({});
    const laptop = lab.host("laptop", []);
    const attach = laptop.internal("i");
    const [alice, bob] = [1, 2].map((i) => laptop.vm(`vm${i}`, { attach, address: `10.9.0.${i}/24` }));
    const unread = bob!.udp(7);
    const socket = alice!.udp();
    await alice!.ping(bob!);
    for (let i = 0; i < 1100; i++) {
      socket.send(String(i), { machine: bob!, port: 7 });
      if (i % 50 === 49) await lab.advance(1);
    }
    expect(lab.stats().drops.QUEUE_FULL).toBe(1100 - 1024);
    expect(new TextDecoder().decode((await unread.receive()).data)).toBe("0");
    expect(faultsInBooks(lab)).toEqual([]);
    await lab.close();
  });

  test("a callback of a guest's that sends while it hears is queued, not a recursion", async () => {
    const lab = await crowded({});
    const laptop = lab.host("laptop", []);
    const attach = laptop.internal("i");
    const [a, b] = ["a", "b"].map((name) => laptop.vm(name, { attach, guest: "external" }).adapters[0]!);
    let depth = 0;
    let deepest = 0;
    let bounces = 0;
    const bounce = (from: Adapter, mac: string) => (): void => {
      deepest = Math.max(deepest, ++depth);
      if (++bounces < 5000) from.send(frame(BROADCAST, mac, 0x88b5, new Array<number>(46).fill(0)));
      depth--;
    };
    a!.onframe = bounce(a!, "02:00:00:00:00:0a");
    b!.onframe = bounce(b!, "02:00:00:00:00:0b");
    a!.send(frame(BROADCAST, "02:00:00:00:00:0a", 0x88b5, new Array<number>(46).fill(0)));
    await lab.advance(10_000);
    expect([bounces, deepest]).toEqual([5000, 1]);
    expect(faultsInBooks(lab)).toEqual([]);
    await lab.close();
  });

  test("two bridges wired in a circle: the frame ends after sixteen switches", async () => {
    const lab = await crowded({});
    const laptop = lab.host("laptop", []);
    const [one, two] = [laptop.internal("one"), laptop.internal("two")];
    const cards = [one, two, one, two].map((attach, i) => laptop.vm(`bridge${i}`, { attach, guest: "external", wire: { delay: 1 } }).adapters[0]!);
    const speaker = laptop.vm("speaker", { attach: one, guest: "external" }).adapters[0]!;
    // Two cables between the networks, made of guests that hand on what they hear: a storm, but one that costs only its own time.
    for (const [from, to] of [[0, 1], [1, 0], [2, 3], [3, 2]] as const) cards[from]!.onframe = (bytes) => cards[to]!.send(bytes);
    speaker.send(frame(BROADCAST, "02:00:00:00:00:09", 0x88b5, new Array<number>(46).fill(0)));
    await lab.advance(50);
    expect(lab.now).toBe(50);
    for (const card of cards) card.cable = false;
    await lab.advance(50);
    expect(lab.stats().frames.live).toBe(0);
    expect(faultsInBooks(lab)).toEqual([]);
    await lab.close();
  });
});

describe("after close", () => {
  test("everything says CLOSED, and what waited was told", async () => {
    const lab = await smallLab();
    const laptop = lab.host("laptop");
    const office = laptop.natNetwork("office");
    const alice = laptop.vm("alice", office);
    const guest = laptop.vm("guest", { attach: office, guest: "external" }).adapters[0]!;
    await lab.ready();
    const socket = alice.udp(7);
    const waiting = [
      codeOf(() => alice.ping("198.51.100.1", { timeout: 60_000 })), codeOf(() => socket.receive()), codeOf(() => lab.sleep(1e6)),
      codeOf(() => lab.ready().then(() => lab.sleep(5e6))),
    ];
    await lab.close();
    await lab.close();
    expect(await Promise.all(waiting)).toEqual(["CLOSED", "CLOSED", "CLOSED", "CLOSED"]);
    const attempts: Record<string, () => unknown> = {
      ping: () => alice.ping(laptop), pings: () => alice.pings(laptop), udp: () => alice.udp(), send: () => socket.send("x", { address: "10.0.2.1", port: 9 }),
      vm: () => laptop.vm("x", office), host: () => lab.host("x"), lan: () => lab.lan("x"), natNetwork: () => laptop.natNetwork("x"),
      internal: () => laptop.internal("x"), ready: () => lab.ready(), advance: () => lab.advance(1), sleep: () => lab.sleep(1),
      hold: () => lab.hold(Promise.resolve()), fork: () => lab.fork(), snapshot: () => lab.snapshot(), attach: () => guest.attach(laptop.hostOnly()),
      forward: () => office.forward("a,udp,,80,10.0.2.4,80"), capture: () => office.capture(), route: () => alice.route("0.0.0.0/0", "10.0.2.1"),
      promiscuous: () => { guest.promiscuous = "allow-all"; }, remove: () => alice.route("1.0.0.0/8", "10.0.2.1"),
    };
    for (const [verb, attempt] of Object.entries(attempts)) expect(await codeOf(attempt), verb).toBe("CLOSED");
    guest.send(new Uint8Array(60)); // a frame that comes too late is nobody's fault
    socket.close();
  });

  test("a removed machine, network or card says REMOVED", async () => {
    const lab = await smallLab();
    const laptop = lab.host("laptop");
    const office = laptop.natNetwork("office");
    const alice = laptop.vm("alice", office);
    await lab.ready();
    const socket = alice.udp(7);
    await alice.remove();
    await alice.remove();
    expect(await codeOf(() => alice.ping("10.0.2.1"))).toBe("REMOVED");
    expect(await codeOf(() => alice.udp())).toBe("REMOVED");
    expect(await codeOf(() => socket.send("x", { address: "10.0.2.1", port: 9 }))).toBe("CLOSED");
    office.remove();
    office.remove();
    expect(await codeOf(() => office.forward("a,udp,,80,10.0.2.4,80"))).toBe("REMOVED");
    expect(await codeOf(() => laptop.vm("bob", office))).toMatch(/REMOVED|OTHER_HOST/);
    expect(await codeOf(() => office.capture())).toBe("REMOVED");
    expect(faultsInBooks(lab)).toEqual([]);
    await lab.close();
  });
});
