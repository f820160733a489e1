import { expect, test } from "vitest";
import { code, lab, watch } from "./world";
import { codeOf } from "./inside";

async function houses() {
  const world = await lab();
  const laptop = world.host("laptop");
  const printer = world.host("printer");
  const server = world.host("server", world.internet);
  const office = laptop.natNetwork("office");
  const alice = laptop.vm("alice", office);
  const bob = laptop.vm("bob", office);
  const nina = laptop.vm("nina", laptop.nat());
  const phone = laptop.vm("phone", laptop.bridged());
  const test = laptop.vm("test", laptop.hostOnly());
  const db = laptop.vm("db", { attach: laptop.internal("backend"), address: "10.9.0.2/24" });
  await world.ready();
  return { world, laptop, printer, server, office, alice, bob, nina, phone, test, db };
}

test("each mode that has a DNS server tells the names of who can be reached from there", async () => {
  const { laptop, printer, server, alice, bob, nina, phone, test } = await houses();
  for (const asker of [alice, nina, phone, printer, laptop]) {
    expect(await asker.resolve("printer"), asker.name).toEqual([printer.address]);
    expect(await asker.resolve("server"), asker.name).toEqual([server.address]);
    expect((await asker.resolve("laptop"))[0], asker.name).toBe(laptop.address);
  }
  expect(await alice.resolve("bob")).toEqual([bob.address]);
  expect(await laptop.resolve("test")).toEqual([test.address]); // the LAN's server is told who asks
  expect(await alice.resolve("PRINTER.")).toEqual([printer.address]);
});

test("who cannot be reached has no name there", async () => {
  const { alice, bob, nina, printer, db } = await houses();
  expect(bob.address.startsWith("10.0.2.")).toBe(true);
  for (const [asker, name] of [[printer, "alice"], [nina, "bob"], [alice, "db"], [alice, "nina"], [printer, "test"], [alice, "nobody"]] as const)
    expect(await code(asker.resolve(name)), `${asker.name} asks for ${name}`).toBe("NOT_FOUND");
  expect(await code(db.resolve("alice"))).toBe("NO_DNS");
});

test("the leased server is the gateway of a NAT network, 10.0.2.3 of a NAT, and the router of a LAN", async () => {
  const { alice, nina, phone, test, server } = await houses();
  expect([alice, nina, phone, test, server].map(({ dnsServers }) => dnsServers)).toEqual([["10.0.2.1"], ["10.0.2.3"], ["192.168.1.1"], [], []]);
});

test("a static address on a network with a server asks that server", async () => {
  const { world, laptop, office, printer } = await houses();
  const fixed = laptop.vm("fixed", { attach: office, address: "10.0.2.77/24" });
  expect(await fixed.resolve("printer")).toEqual([printer.address]);
  const desk = world.host("desk", world.lan(), { address: "192.168.1.9/24" });
  expect((await desk.resolve("home-router"))[0]).toBe("192.168.1.1");
});

test("a router that leases addresses answers for names on that side, and with a LAN without DHCP the home router still does", async () => {
  const world = await lab();
  const west = world.lan("west", { network: "10.2.0.0/24", router: false });
  const east = world.lan("east", { network: "10.1.0.0/24", router: { dhcp: false } });
  world.router("core", { legs: [{ network: west, address: "10.2.0.1/24" }, { network: east, address: "10.1.0.9/24" }], dhcp: { leg: 0 } });
  const a = world.host("a", west);
  const b = world.host("b", east, { address: "10.1.0.2/24" });
  await world.ready();
  expect(await a.resolve("b")).toEqual(["10.1.0.2"]);
  expect(await b.resolve("a")).toEqual([a.address]);
  expect(a.dnsServers).toEqual(["10.2.0.1"]);
  expect(b.dnsServers).toEqual(["10.1.0.1"]);
});

test("an address has the name of its machine", async () => {
  const { alice, printer, bob } = await houses();
  expect(await alice.reverse(printer.address)).toEqual(["printer"]);
  expect(await alice.reverse(bob.address)).toEqual(["bob"]);
  expect(await code(alice.reverse("203.0.113.99"))).toBe("NOT_FOUND");
});

test("a name is a target: ping and traceroute ask for it first", async () => {
  const { alice, server } = await houses();
  expect((await alice.ping("server")).from).toBe(server.address);
  expect((await alice.traceroute("server")).hops).toHaveLength(3);
  expect(await code(alice.ping("nowhere"))).toBe("NOT_FOUND");
});

test("a machine on two networks has an address on each, the nearer first", async () => {
  const { world, laptop, alice, office } = await houses();
  const gate = laptop.vm("gate", [laptop.bridged(), office]);
  await world.ready();
  const [lan, nat] = gate.addresses;
  expect(await alice.resolve("gate")).toEqual([nat, lan]);
  expect(await laptop.resolve("gate")).toEqual([lan]);
});

test("the server forgets nothing and keeps nothing: a new lease is a new answer, a removed machine none", async () => {
  const { world, laptop, alice, bob, office } = await houses();
  const before = bob.address;
  expect(await alice.resolve("bob")).toEqual([before]);
  await bob.remove();
  expect(await code(alice.resolve("bob"))).toBe("NOT_FOUND");
  const again = laptop.vm("bob", { attach: office, address: "10.0.2.99/24" });
  await world.ready();
  expect(await alice.resolve("bob")).toEqual([again.address]);
});

test("an external guest asks as everybody does, by a datagram to port 53", async () => {
  const { alice, printer } = await houses();
  const socket = alice.udp();
  const question = Uint8Array.from([0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7, ...new TextEncoder().encode("printer"), 0, 0, 1, 0, 1]);
  socket.send(question, { address: "10.0.2.1", port: 53 });
  const { data, from } = await socket.receive({ timeout: 1000 });
  expect(from).toEqual({ address: "10.0.2.1", port: 53 });
  expect([...data.slice(-4)].join(".")).toBe(printer.address);
});

test("from outside the router's server hears nobody", async () => {
  const { server } = await houses();
  const router = server.addresses[0]!.replace(/\d+$/, "2");
  const socket = server.udp();
  const errors: string[] = [];
  socket.onerror = ({ code }) => errors.push(code);
  for (const address of [router, "203.0.113.1"]) socket.send("????????????", { address, port: 53 });
  expect(await code(socket.receive({ timeout: 500 }))).toBe("TIMEOUT");
});

test("a server that does not answer, or is not there, is a named error, and the next one is asked", async () => {
  const world = await lab();
  const laptop = world.host("laptop");
  const dhcp = { serverAddress: "10.9.0.1", prefix: 24, pool: { from: "10.9.0.100", to: "10.9.0.199" }, dns: ["10.9.0.5", "10.9.0.6"] };
  const backend = laptop.internal("backend", { dhcp });
  const app = laptop.vm("app", backend);
  const mute = laptop.vm("mute", { attach: backend, address: "10.9.0.5/24" });
  const other = laptop.vm("other", { attach: backend, address: "10.9.0.6/24" });
  await world.ready();
  const silent = mute.udp(53);
  expect(await code(app.resolve("x", { timeout: 200, tries: 1 }))).toBe("REFUSED");
  const wise = other.udp(53);
  void (async () => {
    for await (const { data, from } of wise) {
      const answer = Uint8Array.from([...data, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1]);
      answer[2] = 0x80;
      answer[7] = 1;
      wise.send(answer, from);
    }
  })();
  const began = world.now;
  expect(await app.resolve("x", { timeout: 200 })).toEqual(["192.0.2.1"]);
  expect(world.now - began).toBeGreaterThan(200); // the mute one was asked first
  silent.close();
  wise.close();
});

test("names that are none are named errors", async () => {
  const { world, alice } = await houses();
  for (const name of ["", ".", "a..b", "1.2.3", "x".repeat(64), 7 as never]) expect(await codeOf(() => alice.resolve(name)), String(name)).toBe("NAME");
  expect(await alice.resolve("192.0.2.1")).toEqual(["192.0.2.1"]);
  expect(await codeOf(() => alice.resolve("bob", { tries: 0 }))).toBe("OPTION");
  expect(await codeOf(() => alice.reverse("bob"))).toBe("ADDRESS");
  await world.close();
  expect(await codeOf(() => alice.resolve("bob"))).toBe("CLOSED");
});

test("a fork answers for its own machines", async () => {
  const { world } = await houses();
  const fork = watch(await world.fork());
  const bob = fork.vms.find(({ name }) => name === "bob")!;
  await bob.remove();
  expect(await code(fork.machine("alice")!.resolve("bob"))).toBe("NOT_FOUND");
  expect(await world.machine("alice")!.resolve("bob")).toHaveLength(1);
});
