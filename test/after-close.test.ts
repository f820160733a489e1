import { describe, expect, test } from "vitest";
import { codeOf, faultsInBooks, smallLab } from "./inside";

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
