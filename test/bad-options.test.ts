import { describe, expect, test } from "vitest";
import type { Lab } from "../src/index";
import { createLab } from "../src/index";
import { codeOf, faultsInBooks, smallLab } from "./inside";

describe("addresses and options that make no sense are named errors", () => {
  const wrongs: [string, string, (lab: Lab) => unknown][] = [
    ["ADDRESS", "an address with a byte too large", (lab) => lab.machine("alice")!.ping("10.0.2.256")],
    ["NOT_FOUND", "a name that there is not", (lab) => lab.machine("alice")!.ping("alice.example")],
    ["ADDRESS", "a name where an address is needed", (lab) => lab.machine("alice")!.udp().send("x", { address: "bob", port: 9 })],
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
