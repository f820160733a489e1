import { describe, expect, test } from "vitest";
import type { Adapter, Lab, LabOptions } from "../src/index";
import { createLab } from "../src/index";
import { BROADCAST, Guest, frame } from "./guest";
import { codeOf, faultsInBooks } from "./inside";
import { arp, ethernet } from "./packets";

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

  test("two networks that guests have wired in a circle: the storm costs only its own time, and ends with the cables", async () => {
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
