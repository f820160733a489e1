import { describe, expect, test } from "vitest";
import { createLab } from "../src/index";
import { code, codeOf, lab, watch } from "./world";

describe("a NAT network", () => {
  test("two VMs get leases and ping each other", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const office = laptop.natNetwork("office");
    const alice = laptop.vm("alice", office);
    const bob = laptop.vm("bob", office);
    await world.ready();

    expect(laptop.address).toBe("192.168.1.100");
    expect(new Set([alice.address, bob.address])).toEqual(new Set(["10.0.2.4", "10.0.2.5"]));
    expect(await alice.ping(bob)).toMatchObject({ from: bob.address, ttl: 64 });
    expect(office.leases().map(({ address }) => address).sort()).toEqual(["10.0.2.4", "10.0.2.5"]);
  });

  test("a VM reaches the host's LAN through it, one hop away", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const printer = world.host("printer");
    const alice = laptop.vm("alice", laptop.natNetwork("office"));
    await world.ready();
    expect(await alice.ping(printer)).toMatchObject({ from: printer.address, ttl: 63 });
    expect(await alice.ping(laptop)).toMatchObject({ from: laptop.address });
    expect(laptop.network("office")!.connections()).toHaveLength(2);
  });

  test("a machine on the internet is two NATs away", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const server = world.host("server", world.internet);
    const alice = laptop.vm("alice", laptop.natNetwork("office"));
    await world.ready();
    expect(server.address).toMatch(/^203\.0\.113\./);
    expect(await alice.ping(server)).toMatchObject({ from: server.address, ttl: 62 });
  });
});

describe("NAT mode", () => {
  test("gives 10.0.2.15 and lets nobody else in or across", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const printer = world.host("printer");
    const web = laptop.vm("web", laptop.nat());
    const other = laptop.vm("other", laptop.nat());
    await world.ready();
    expect([web.address, other.address]).toEqual(["10.0.2.15", "10.0.2.15"]);
    expect(web.adapters[0]!.lease).toMatchObject({ server: "10.0.2.2", dns: ["10.0.2.3"] });
    expect(await web.ping(printer)).toMatchObject({ from: printer.address, ttl: 63 });
    expect(await code(web.ping(other))).toBe("NO_ROUTE");
    expect(await code(printer.ping(web, { timeout: 3000 }))).toMatch(/UNREACHABLE|TIMEOUT|NO_ROUTE/);
  });

  test("a UDP forward lets the LAN reach a guest, and the guest sees who asks", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const printer = world.host("printer");
    const web = laptop.vm("web", laptop.nat({ forward: ["echo,udp,,7000,,7"] }));
    await world.ready();
    const server = web.udp(7);
    const seen: string[] = [];
    void (async () => {
      for await (const { data, from } of server) {
        seen.push(from.address);
        server.send(data, from);
      }
    })();
    const client = printer.udp();
    client.send("hello", { machine: laptop, port: 7000 });
    const answer = await client.receive({ timeout: 1000 });
    expect(new TextDecoder().decode(answer.data)).toBe("hello");
    expect(answer.from).toEqual({ address: laptop.address, port: 7000 });
    expect(seen).toEqual([printer.address]);
  });

  test("serves one adapter", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const nat = laptop.nat();
    laptop.vm("web", nat);
    expect(codeOf(() => laptop.vm("other", nat))).toBe("NAT_IN_USE");
    expect(world.machine("other")).toBeUndefined();
  });

  test("two cards of one VM have two networks", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const web = laptop.vm("web", [laptop.nat(), laptop.nat()]);
    await world.ready();
    expect(web.addresses).toEqual(["10.0.2.15", "10.0.3.15"]);
  });

  test("a forward that clashes with another guest's has failed, and says why", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    laptop.vm("one", laptop.nat({ forward: ["tcp,tcp,,8080,,80"] }));
    const two = laptop.vm("two", laptop.nat({ forward: ["tcp,tcp,,8080,,80"] }));
    const [forward] = two.adapters[0]!.network!.forwards;
    expect(forward!.state).toBe("failed");
    expect(forward!.reason).toContain("8080");
    expect(codeOf(() => two.adapters[0]!.forward("x,tcp,,8080,,81"))).toBe("FORWARD_TAKEN");
    expect(codeOf(() => two.adapters[0]!.forward("x,tcp,1.2.3.4,8081", {}))).toBe("FORWARD");
  });
});

describe("a bridge", () => {
  test("puts a VM on the LAN with an address of the LAN's", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const printer = world.host("printer");
    const phone = laptop.vm("phone", laptop.bridged());
    await world.ready();
    expect(phone.address).toMatch(/^192\.168\.1\.1\d\d$/);
    expect(await phone.ping(printer)).toMatchObject({ from: printer.address, ttl: 64 });
    expect(await printer.ping(phone)).toMatchObject({ from: phone.address, ttl: 64 });
    expect(await laptop.ping(phone)).toMatchObject({ from: phone.address, ttl: 64 });
  });
});

describe("a host-only network", () => {
  test("is for the host and its VMs alone", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const printer = world.host("printer");
    const a = laptop.vm("a", laptop.hostOnly());
    const b = laptop.vm("b", laptop.hostOnly());
    await world.ready();
    expect(new Set([a.address, b.address])).toEqual(new Set(["192.168.56.101", "192.168.56.102"]));
    expect(await a.ping(b)).toMatchObject({ from: b.address });
    expect(await a.ping(laptop)).toMatchObject({ from: "192.168.56.1" });
    expect(await laptop.ping(a)).toMatchObject({ from: a.address });
    expect(await code(a.ping(printer))).toBe("NO_ROUTE");
    expect(await code(printer.ping(a))).not.toContain("no error");
  });
});

describe("an internal network", () => {
  test("joins VMs with static addresses", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const backend = laptop.internal("backend");
    const a = laptop.vm("a", { attach: backend, address: "10.9.0.1/24" });
    const b = laptop.vm("b", { attach: backend, address: "10.9.0.2/24" });
    expect(await a.ping(b)).toMatchObject({ from: "10.9.0.2", ttl: 64 });
    expect(await code(a.ping("10.9.0.3", { timeout: 10_000 }))).toBe("UNREACHABLE");
    expect(await code(a.ping(laptop))).toBe("NO_ROUTE");
  });

  test("has a DHCP server when asked for one", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const backend = laptop.internal("backend", {
      dhcp: { serverAddress: "10.9.0.1", prefix: 24, pool: { from: "10.9.0.50", to: "10.9.0.60" } },
    });
    const a = laptop.vm("a", backend);
    await world.ready();
    expect(a.address).toBe("10.9.0.50");
  });
});

describe("a card", () => {
  test("without its cable hears nothing, and goes on when it is plugged in again", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const office = laptop.natNetwork("office");
    const alice = laptop.vm("alice", office);
    const bob = laptop.vm("bob", office);
    await world.ready();
    await alice.ping(bob);
    bob.adapters[0]!.cable = false;
    expect(await code(alice.ping(bob.address, { timeout: 5000 }))).toBe("TIMEOUT");
    expect(world.stats().drops.CABLE_OFF).toBe(1);
    bob.adapters[0]!.cable = true;
    expect(await alice.ping(bob)).toMatchObject({ ttl: 64 });
  });

  test("can be moved to another mode while the machine runs", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const printer = world.host("printer");
    const alice = laptop.vm("alice", laptop.nat());
    await world.ready();
    const mac = alice.mac;
    expect(alice.address).toBe("10.0.2.15");
    await alice.ping(printer);

    alice.adapters[0]!.attach(laptop.bridged());
    expect(alice.addresses).toEqual([]);
    await world.ready();
    expect(alice.mac).toBe(mac);
    expect(alice.address).toMatch(/^192\.168\.1\./);
    expect(await printer.ping(alice)).toMatchObject({ ttl: 64 });

    alice.adapters[0]!.attach(laptop.notAttached());
    expect(alice.adapters[0]!.kind).toBe("notAttached");
    expect(await code(alice.ping(printer))).toBe("NO_ROUTE");
  });

  test("has a MAC of VirtualBox's that nobody else has", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const alice = laptop.vm("alice", laptop.nat());
    expect(alice.mac).toMatch(/^08:00:27:/);
    expect(codeOf(() => laptop.vm("bob", { attach: laptop.nat(), mac: alice.mac! }))).toBe("MAC_TAKEN");
    expect(codeOf(() => laptop.vm("bob", { attach: laptop.nat(), mac: "01:00:00:00:00:01" }))).toBe("MAC");
  });
});

describe("UDP", () => {
  test("to a closed port is refused by ICMP", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const office = laptop.natNetwork("office");
    const alice = laptop.vm("alice", office);
    const bob = laptop.vm("bob", office);
    await world.ready();
    const socket = alice.udp();
    const errors: string[] = [];
    socket.onerror = (error) => errors.push(error.code);
    socket.send("anybody?", { machine: bob, port: 9 });
    await world.advance(100);
    expect(errors).toEqual(["REFUSED"]);
    expect(codeOf(() => socket.send(new Uint8Array(1473), { machine: bob, port: 9 }))).toBe("DATAGRAM_SIZE");
    expect(codeOf(() => alice.udp(socket.port))).toBe("PORT_IN_USE");
    socket.close();
    alice.udp(socket.port).close();
    expect(codeOf(() => socket.send("x", { machine: bob, port: 9 }))).toBe("CLOSED");
  });

  test("that nobody reads is dropped when the queue is full", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const net = laptop.internal("net");
    const a = laptop.vm("a", { attach: net, address: "10.9.0.1/24" });
    const b = laptop.vm("b", { attach: net, address: "10.9.0.2/24" });
    const sink = b.udp(9);
    const source = a.udp();
    for (let i = 0; i < 1100; i++) {
      source.send(`${i}`, { machine: b, port: 9 });
      if (i % 50 === 0) await world.advance(1);
    }
    await world.advance(1);
    expect(world.stats().drops.QUEUE_FULL).toBe(76);
    expect(new TextDecoder().decode((await sink.receive()).data)).toBe("0");
  });
});

describe("an idle lab", () => {
  test("stays idle: leases do not move time, advance does", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const alice = laptop.vm("alice", laptop.natNetwork("office"));
    await world.ready();
    const before = world.now;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(world.now - before).toBeLessThan(5);
    await world.advance(86_400_000);
    expect(world.now).toBeCloseTo(before + 86_400_000, -1);
    expect(alice.address).toMatch(/^10\.0\.2\./);
  });
});

describe("a fork", () => {
  test("goes on from the same instant, independently", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const office = laptop.natNetwork("office");
    laptop.vm("alice", office);
    laptop.vm("bob", { attach: office });
    await world.ready();
    const capture = office.capture();
    await world.machine("alice")!.ping(world.machine("bob")!);

    const twin = watch(await world.fork({ replay: true }));
    expect(twin.stateHash()).toBe(world.stateHash());
    for (const each of [world, twin]) {
      await each.machine("alice")!.ping(each.machine("bob")!);
      await each.advance(700_000);
      expect(each.hosts[0]!.network("office")!.leases()).toHaveLength(2);
    }
    expect(twin.stateHash()).toBe(world.stateHash());
    expect(twin.captures[0]!.bytes()).toEqual(capture.bytes());

    const other = watch(await world.fork());
    expect(await other.machine("bob")!.ping("192.168.1.1")).toMatchObject({ ttl: 63 });
    expect(other.hosts[0]!.vms.map(({ name }) => name)).toEqual(["alice", "bob"]);
  });
});

describe("the same seed", () => {
  test("gives the same bytes", async () => {
    const runs = await Promise.all([1, 1, 2].map(async (seed) => {
      const world = await lab({ seed });
      const laptop = world.host("laptop");
      const office = laptop.natNetwork("office");
      const capture = office.capture();
      const alice = laptop.vm("alice", office);
      const bob = laptop.vm("bob", office);
      await world.ready();
      await alice.ping(bob);
      return { hash: world.stateHash(), capture: capture.bytes() };
    }));
    expect(runs[0]!.hash).toBe(runs[1]!.hash);
    expect(runs[0]!.capture).toEqual(runs[1]!.capture);
    expect(runs[0]!.hash).not.toBe(runs[2]!.hash);
  });
});

describe("an external guest", () => {
  test("is reached through frames: two labs are joined by one line", async () => {
    const one = await lab();
    const two = await lab({ seed: 2 });
    const a = one.host("a");
    const b = two.host("b");
    const left = a.internal("left");
    const right = b.internal("right");
    const uplink = b.vm("uplink", { attach: right, guest: "external" });
    a.vm("uplink", { attach: left, guest: uplink.adapters[0]! });
    const alice = a.vm("alice", { attach: left, address: "10.9.0.1/24" });
    const bob = b.vm("bob", { attach: right, address: "10.9.0.2/24" });
    const reply = await alice.ping(bob.address, { timeout: 60_000 });
    expect(reply).toMatchObject({ from: "10.9.0.2", ttl: 64 });
  });

  test("may send anything", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const office = laptop.natNetwork("office");
    const guest = laptop.vm("guest", { attach: office, guest: "external" });
    for (const length of [0, 1, 13, 14, 60, 1514, 1522, 1523, 65535, 70000])
      guest.adapters[0]!.send(new Uint8Array(length).fill(length & 255));
    await world.advance(10);
    const { drops, frames } = world.stats();
    expect(frames.ingress).toBe(10);
    expect(drops.TOO_SHORT).toBe(3);
    expect(drops.TOO_LONG).toBe(3);
    expect(await code(guest.ping("10.0.2.1"))).toBe("EXTERNAL_GUEST");
  });
});

describe("the real clock", () => {
  test("moves by itself, and a ping takes no longer than its wires", async () => {
    const world = await lab({ clock: "real" });
    const laptop = world.host("laptop");
    const office = laptop.natNetwork("office");
    const alice = laptop.vm("alice", office);
    const bob = laptop.vm("bob", office);
    await world.ready();
    expect(await alice.ping(bob)).toMatchObject({ from: bob.address, ttl: 64 });
    const before = world.now;
    await world.sleep(30);
    expect(world.now - before).toBeGreaterThanOrEqual(29);
    expect(await code(world.advance(1))).toBe("CLOCK");
  });
});

describe("a closed lab", () => {
  test("refuses work and rejects what waits", async () => {
    const world = await createLab();
    const laptop = world.host("laptop");
    await world.ready();
    const waiting = code(world.sleep(1000));
    await world.close();
    expect(await waiting).toBe("CLOSED");
    expect(codeOf(() => laptop.vm("late", laptop.nat()))).toBe("CLOSED");
    expect(await code(laptop.ping("192.168.1.1"))).toBe("CLOSED");
  });
});

describe("a router", () => {
  test("without NAT joins three networks", async () => {
    const world = await lab();
    const east = world.lan("east", { network: "10.1.0.0/24", router: false });
    const west = world.lan("west", { network: "10.2.0.0/24", router: false });
    world.router("core", { legs: [{ network: east, address: "10.1.0.1/24" }, { network: west, address: "10.2.0.1/24" }] });
    const a = world.host("a", east, { address: "10.1.0.2/24", gateway: "10.1.0.1" });
    const b = world.host("b", west, { address: "10.2.0.2/24", gateway: "10.2.0.1" });
    expect(await a.ping(b)).toMatchObject({ from: "10.2.0.2", ttl: 63 });
    expect(await code(a.ping(b, { ttl: 1 }))).toBe("TTL_EXPIRED");
  });
});

describe("overlapping networks", () => {
  test("are normal, but not within one machine", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const office = laptop.natNetwork("office");
    expect(codeOf(() => laptop.vm("both", [laptop.nat(), office]))).toBe("OVERLAP");
    expect(world.machine("both")).toBeUndefined();
    laptop.vm("both", [laptop.nat(), laptop.natNetwork("other", { network: "10.7.0.0/24" })]);
    await world.ready();
  });
});
