import { describe, expect, test } from "vitest";
import { REASONS, createLab } from "../src/index";
import type { Explanation } from "../src/index";
import { GUEST, NATNETWORK_GATEWAY, ask, at, consequences, echo, officeLab, packet, walk } from "./explaining";
import { BROADCAST, EXPERIMENT, frame, ipBytes, macBytes } from "./guest";
import { dice, smallLab } from "./inside";
import { udp, zeros } from "./packets";
import { code, codeOf, watch } from "./world";

const NAT_GATEWAY = "52:54:00:12:35:02";

describe("a ping from alice to bob on one network", () => {
  test("is learned, looked up, sent out of bob's port and used up by bob; the answer is a consequence", async () => {
    const { lab, alice, bob, card } = await officeLab();
    const told = await ask(lab, packet(at(alice), at(bob)), card);
    expect(walk(told)).toEqual([
      "switch alice/1", "learn laptop/office", "lookup laptop/office", "out bob/1", "device bob/1", "local bob", "consumed bob",
    ]);
    expect(told.ends).toEqual([{ at: "bob", outcome: "consumed" }]);
    expect(told.text).toBe("consumed at bob");
    expect(consequences(told)).toEqual([
      "route bob", "neighbor bob/1",
      "switch bob/1", "learn laptop/office", "lookup laptop/office", "out alice/1", "device alice/1", "local alice", "dropped alice",
    ]);
  });

  test("is told in words and, for programs, in fields", async () => {
    const { lab, alice, bob, card } = await officeLab();
    const { steps } = await ask(lab, packet(at(alice), at(bob)), card);
    expect(steps[2]).toMatchObject({ step: "lookup", mac: bob.mac, port: "bob/1", text: `knows that ${bob.mac} is behind bob/1` });
    expect(steps[5]).toMatchObject({
      step: "local", packet: { source: alice.address, destination: bob.address, protocol: "ICMP", identifier: 9, ttl: 64 },
      text: `is for bob itself: ${alice.address} → ${bob.address} (ICMP 9)`,
    });
    expect(steps.find(({ step }) => step === "dropped")).toMatchObject({ reason: "ICMP_TYPE" });
  });

  test("takes as long as its wires", async () => {
    const { lab, alice, bob, card } = await officeLab();
    const { steps } = await ask(lab, packet(at(alice), at(bob)), card);
    expect(steps[0]!.time - lab.now).toBeCloseTo(0.05);
    expect(steps.find(({ step }) => step === "consumed")!.time - lab.now).toBeCloseTo(0.1);
  });
});

test("through the NAT to the LAN: translated, routed, kept waiting for ARP, and the answer is translated back", async () => {
  const { lab, alice, bob, laptop, printer, card } = await officeLab();
  await alice.ping(laptop); // the switch knows the gateway from now on
  const told = await ask(lab, packet(at(alice), { mac: NATNETWORK_GATEWAY, ip: printer.address }), card);
  const gateway = "laptop/office/gateway";
  expect(walk(told)).toEqual([
    "switch alice/1", "learn laptop/office", "lookup laptop/office", `out ${gateway}`, `device ${gateway}`,
    `forward ${gateway}`, `translation lookup ${gateway}`, "translate out the NAT of laptop/office",
    "route laptop", "wait laptop/1",
    "switch laptop/1", "learn laptop/bridge-home", "lookup laptop/bridge-home", "out laptop/bridge-home/uplink",
    "switch laptop/bridge-home", "learn home", "lookup home", "out printer/bridge-home",
    "switch printer/bridge-home/uplink", "learn printer/bridge-home", "lookup printer/bridge-home", "out printer/1",
    "device printer/1", "local printer", "consumed printer",
  ]);
  expect(told.text).toBe("consumed at printer");

  const out = told.steps.find((step) => step.step === "translate out")!;
  expect(out).toMatchObject({
    before: { source: alice.address, destination: printer.address, identifier: 9, ttl: 64 },
    after: { source: laptop.address, destination: printer.address, identifier: 9 },
    text: `${alice.address} → ${printer.address} (ICMP 9) becomes ${laptop.address} → ${printer.address} (ICMP 9)`,
  });
  const back = told.steps.find((step) => step.step === "translate in")!;
  expect(back).toMatchObject({ consequence: true, before: { destination: laptop.address }, after: { destination: alice.address } });
  expect(consequences(told)).toContain("arp printer/1");
  expect(consequences(told)).toContain("local alice");
  expect(bob.address, "the lab has not moved").toBe("10.0.2.5");
});

test("endpoints of UDP and TCP are told with their ports, before and after", async () => {
  const { lab, alice, laptop, printer, card } = await officeLab();
  alice.udp(5000).send("mine", { machine: printer, port: 53 });
  await lab.advance(10);
  const told = await ask(lab, packet({ mac: GUEST, ip: "10.0.2.50" }, { mac: NATNETWORK_GATEWAY, ip: printer.address }, udp(5000, 53)), card);
  const out = told.steps.find((step) => step.step === "translate out")!;
  expect(out).toMatchObject({ before: { source: "10.0.2.50:5000", destination: `${printer.address}:53`, protocol: "UDP" } });
  expect(out.step === "translate out" && out.after.source).toMatch(new RegExp(`^${laptop.address}:\\d+$`));
  expect(out.step === "translate out" && out.after.source, "alice has 5000").not.toBe(`${laptop.address}:5000`);
  expect(told.ends.at(-1)).toEqual({ at: "printer", outcome: "dropped", reason: "UDP_CLOSED" });
});

describe("to where the mode does not let it", () => {
  test("internal: the host is not on the network at all", async () => {
    const lab = watch(await smallLab());
    const laptop = lab.host("laptop");
    const a = laptop.vm("a", { attach: laptop.internal("backend"), address: "10.9.0.1/24" });
    await lab.ready();
    const told = await ask(lab, packet(at(a), { mac: laptop.mac!, ip: laptop.address }), a.adapters[0]!);
    expect(told.ends).toEqual([{ at: "laptop/backend", outcome: "dropped", reason: "NO_DESTINATION" }]);
  });

  test("host-only: the host takes what is for itself and carries nothing to the LAN", async () => {
    const lab = watch(await smallLab());
    const laptop = lab.host("laptop");
    const printer = lab.host("printer");
    const a = laptop.vm("a", laptop.hostOnly());
    await lab.ready();
    const hostMac = laptop.legs[1]!.mac!;
    const told = await ask(lab, packet(at(a), { mac: hostMac, ip: printer.address }), a.adapters[0]!);
    expect(told.ends.filter(({ reason }) => reason !== "NOT_MINE")).toEqual([
      { at: "laptop/2", outcome: "dropped", reason: "NOT_FORWARDING" },
    ]);
    expect(told.text).toContain("this machine is no router");
    const fine = await ask(lab, packet(at(a), { mac: hostMac, ip: "192.168.56.1" }), a.adapters[0]!);
    expect(fine.text).toMatch(/^consumed at laptop; dropped at/);
  });

  test("NAT mode: another guest's 10.0.2.15 is one's own, and every other inside address is nobody's", async () => {
    const lab = watch(await smallLab());
    const laptop = lab.host("laptop");
    const web = laptop.vm("web", laptop.nat());
    laptop.vm("other", laptop.nat());
    await lab.ready();
    const card = web.adapters[0]!;
    const reasonTo = async (ip: string): Promise<string | undefined> =>
      (await ask(lab, packet(at(web), { mac: NAT_GATEWAY, ip }), card)).ends.at(0)!.reason;
    expect(await reasonTo("10.0.2.99")).toBe("NAT_INSIDE");
    expect(await reasonTo("10.0.2.15")).toBe("NAT_INSIDE");
    expect(await reasonTo("10.0.2.2"), "the gateway keeps the host's loopback to itself").toBe("NAT_LOOPBACK");
  });

  test("from the LAN: nobody's connection, and a stranger's at a mapping, are told apart", async () => {
    const { lab, alice, laptop, printer } = await officeLab();
    const server = lab.host("server");
    await lab.ready();
    alice.udp(5000).send("hello", { machine: server, port: 53 });
    await lab.advance(10);
    const to = { mac: laptop.mac!, ip: laptop.address };
    const from = { mac: printer.mac!, ip: printer.address };
    const stranger = await ask(lab, packet(from, to, udp(53, 5000)), printer.legs[0]!);
    expect(stranger.ends.at(-1)).toEqual({ at: "laptop", outcome: "dropped", reason: "NAT_FILTERED" });
    expect(stranger.text).toContain("does not accept packets from this sender");
    const nobody = await ask(lab, packet(from, to, udp(53, 5001)), printer.legs[0]!);
    expect(walk(nobody)).toContain("no translation laptop");
    expect(nobody.ends.at(-1)).toEqual({ at: "laptop", outcome: "dropped", reason: "UDP_CLOSED" });
    const friend = { mac: server.mac!, ip: server.address };
    const answer = await ask(lab, packet(friend, to, udp(53, 5000)), server.legs[0]!);
    expect(walk(answer)).toContain("translate in the NAT of laptop/office");
    expect(answer.ends.at(-1)).toEqual({ at: "alice", outcome: "consumed" });
  });

  test("a router says that the hops are used up, or that it has no route", async () => {
    const { lab, alice, laptop, printer, card } = await officeLab();
    await alice.ping(laptop);
    const gateway = { mac: NATNETWORK_GATEWAY, ip: printer.address };
    const short = await ask(lab, packet(at(alice), gateway, echo, 1), card);
    expect(short.ends).toEqual([{ at: "laptop/office/gateway", outcome: "dropped", reason: "TTL_EXPIRED" }]);
    expect(consequences(short), "the gateway tells alice").toContain("consumed alice");
  });
});

test("nobody answers ARP: the packet is given up where it waited, three seconds later, and the sender is told", async () => {
  const { lab, alice, laptop, card } = await officeLab();
  await alice.ping(laptop);
  const told = await ask(lab, packet(at(alice), { mac: NATNETWORK_GATEWAY, ip: "192.168.1.77" }), card);
  expect(told.ends).toEqual([{ at: "laptop/1", outcome: "dropped", reason: "NEIGHBOR_FAILED" }]);
  const [wait, gaveUp] = ["wait", "gave up"].map((name) => told.steps.find(({ step }) => step === name)!);
  expect(gaveUp!.time - wait!.time).toBeCloseTo(3000);
  expect(consequences(told).filter((step) => step === "device printer/1"), "three requests").toHaveLength(3);
  expect(consequences(told).at(-1)).toBe("consumed alice");
});

describe("the next hop is an external guest that the router has not asked yet", () => {
  const FAR = "02:00:00:00:00:0d";
  const FAR_IP = "10.2.0.9";

  /** Carol behind one leg of a router; far, and beside it another, behind the other leg: nobody with a station of ours. */
  async function acrossARouter() {
    const lab = watch(await smallLab());
    const laptop = lab.host("laptop", []);
    const [left, right] = [laptop.internal("left"), laptop.internal("right")];
    const router = lab.router("router", { legs: [{ network: left, address: "10.1.0.1/24" }, { network: right, address: "10.2.0.1/24" }] });
    const [carol] = laptop.vm("carol", { attach: left, guest: "external", mac: GUEST }).adapters;
    const far = laptop.vm("far", { attach: right, guest: "external", mac: FAR });
    const bytes = packet({ mac: GUEST, ip: "10.1.0.5" }, { mac: router.legs[0]!.mac!, ip: FAR_IP }, udp(5000, 53));
    return { lab, laptop, right, carol: carol!, far: far.adapters[0]!, bytes };
  }

  test("it depends on that guest, which live answers and gets the frame", async () => {
    const { lab, carol, far, bytes } = await acrossARouter();
    const told = await ask(lab, bytes, carol);
    expect(told.ends).toEqual([{ at: "router/2", outcome: "depends", on: ["far/1"], address: FAR_IP }]);
    expect(told.text).toBe("depends on the guest behind far/1: who answers ARP for 10.2.0.9 gets the frame; "
      + "if nobody does, it is dropped at router/2: NEIGHBOR_FAILED, nobody answered ARP for the next hop");

    const heard: number[] = [];
    far.onframe = (frame) => {
      const [type, asker] = [frame[12]! * 256 + frame[13]!, frame.subarray(22, 32)];
      heard.push(type);
      const reply = [0, 1, 8, 0, 6, 4, 0, 2, ...macBytes(FAR), ...ipBytes(FAR_IP), ...asker];
      if (type === 0x0806) far.send(Uint8Array.from([...asker.subarray(0, 6), ...macBytes(FAR), 8, 6, ...reply]));
    };
    carol.send(bytes);
    await lab.advance(5000);
    expect(heard).toEqual([0x0806, 0x0800]);
    expect(lab.stats().drops).toEqual({});
    // Now the router knows, and so does the copy.
    expect((await ask(lab, bytes, carol)).text).toBe("delivered at far/1");
  });

  test("it depends on it, which live says nothing, and the frame is dropped as was said", async () => {
    const { lab, carol, far, bytes } = await acrossARouter();
    const told = await ask(lab, bytes, carol);
    far.onframe = carol.onframe = () => {};
    carol.send(bytes);
    await lab.advance(5000);
    expect(lab.stats().drops).toEqual({ NEIGHBOR_FAILED: 1 });
    expect(told.text).toContain("dropped at router/2: NEIGHBOR_FAILED");
  });

  test("all guests that were asked are named; a built-in station that answers settles it, and so does a network without guests", async () => {
    const { lab, laptop, right, carol, far, bytes } = await acrossARouter();
    laptop.vm("other", { attach: right, guest: "external" });
    expect((await ask(lab, bytes, carol)).ends[0]).toMatchObject({ on: ["far/1", "other/1"] });
    const bob = laptop.vm("bob", { attach: right, address: `${FAR_IP}/24` });
    expect((await ask(lab, bytes, carol)).ends).toEqual([{ at: "bob", outcome: "dropped", reason: "UDP_CLOSED" }]);
    await bob.remove();
    for (const vm of lab.vms.filter(({ name }) => name === "other" || name === "far")) await vm.remove();
    expect(far.name, "gone").toBe("far/1");
    laptop.vm("deaf", { attach: right, address: "10.2.0.3/24" });
    expect((await ask(lab, bytes, carol)).ends).toEqual([{ at: "router/2", outcome: "dropped", reason: "NEIGHBOR_FAILED" }]);
  });
});

test("the fifth packet that waits pushes out the first, whose walk ends where it waited", async () => {
  const { lab, office, laptop, alice, card } = await officeLab();
  const far = laptop.vm("far", { attach: office, address: "10.0.2.60/24", wire: { delay: 1 } });
  await far.ping(laptop);
  await alice.ping(laptop);
  const socket = far.udp();
  // On their longer wire when the probe is sent, in the lab as in its copy: four others for the same nobody.
  for (let i = 0; i < 4; i++) socket.send("hello", { address: "192.168.1.77", port: 7 });
  const told = await lab.hold(ask(lab, packet(at(alice), { mac: NATNETWORK_GATEWAY, ip: "192.168.1.77" }), card));
  expect(told.ends).toEqual([{ at: "laptop/1", outcome: "dropped", reason: "NEIGHBOR_QUEUE" }]);
  expect(walk(told).slice(-3)).toEqual(["wait laptop/1", "gave up laptop/1", "dropped laptop/1"]);
  expect(told.steps.at(-1)!.time - told.steps[0]!.time).toBeLessThan(2);
});

test("an unknown destination is flooded, and every port's copy has an end of its own", async () => {
  const { lab, alice, card } = await officeLab();
  const told = await ask(lab, frame("02:00:00:00:00:77", alice.mac!, EXPERIMENT, zeros(46)), card);
  expect(walk(told)).toContain("flood laptop/office");
  expect(told.ends).toEqual(expect.arrayContaining([
    { at: "laptop/office/gateway", outcome: "dropped", reason: "NOT_MINE" },
    { at: "laptop/office/dhcp", outcome: "dropped", reason: "NOT_MINE" },
    { at: "bob/1", outcome: "dropped", reason: "NOT_MINE" },
    { at: "carol/1", outcome: "delivered" },
  ]));
  expect(told.ends).toHaveLength(4);
  expect(told.text).toBe("delivered at carol/1; dropped at laptop/office/gateway, laptop/office/dhcp and bob/1: NOT_MINE, "
    + "the station it was flooded to does not have the destination's MAC");
});

test("a group that nobody joined is told as that", async () => {
  const { lab, alice, card } = await officeLab();
  const told = await ask(lab, packet(at(alice), { mac: "01:00:5e:00:00:fb", ip: "224.0.0.251" }, udp(5353, 5353)), card);
  expect(told.ends).toContainEqual({ at: "bob/1", outcome: "dropped", reason: "IPV4_DESTINATION" });
  expect(told.text).toContain("IPV4_DESTINATION, nobody here has this destination address or joined this group");
});

test("a flood to many is told in a sentence one can read", async () => {
  const lab = watch(await smallLab());
  const laptop = lab.host("laptop", []);
  const attach = laptop.internal("hall");
  const vms = Array.from({ length: 20 }, (_, i) => laptop.vm(`vm${i}`, { attach, address: `10.9.0.${i + 1}/24` }));
  const told = await ask(lab, frame(BROADCAST, vms[0]!.mac!, EXPERIMENT, zeros(46)), vms[0]!.adapters[0]!);
  expect(told.ends).toHaveLength(19);
  expect(told.text).toBe("dropped at vm1/1, vm2/1, vm3/1, vm4/1 and 15 more: ETHERTYPE, the station does not speak this protocol");
});

test("a switch with many promiscuous ports fills no ring", async () => {
  const lab = watch(await smallLab({ capacity: { events: 1024 } }));
  const laptop = lab.host("laptop", []);
  const attach = laptop.internal("hall");
  for (let i = 0; i < 50; i++) laptop.vm(`vm${i}`, { attach, address: `10.9.0.${i + 1}/24`, promiscuous: "allow-all" });
  const [first, second] = lab.vms;
  await first!.ping(second!);
  const told = await ask(lab, packet(at(first!), at(second!)), first!.adapters[0]!);
  expect(told.ends).toHaveLength(49);
  expect(told.text).toMatch(/^consumed at vm1; dropped at .* and 44 more: NOT_MINE/);
});

describe("bad input", () => {
  test("frames of any length and bytes get a reason, and the lab does not feel it", async () => {
    const { lab, card } = await officeLab();
    const random = dice(7);
    const before = lab.stateHash();
    for (const length of [0, 1, 13, 14, 15, 60, 1518, 1522, 1523, 9000, 65535, 70_000]) {
      const bytes = Uint8Array.from({ length }, () => Math.floor(random() * 256));
      if (length > 6) bytes[6] = 2;
      const told = await ask(lab, bytes, card);
      expect(told.ends.length).toBeGreaterThan(0);
      if (length < 14) expect(told.ends).toEqual([{ at: "alice/1", outcome: "dropped", reason: "TOO_SHORT" }]);
      if (length > 1522) expect(told.ends).toEqual([{ at: "alice/1", outcome: "dropped", reason: "TOO_LONG" }]);
    }
    expect(lab.stateHash()).toBe(before);
  });

  test("a card without cable, without network, or in a lab without a free buffer says so", async () => {
    const { lab, laptop, alice, bob, card, guest } = await officeLab({ capacity: { frames: 16 } });
    const bytes = packet(at(alice), at(bob));
    card.cable = false;
    expect((await ask(lab, bytes, card)).ends).toEqual([{ at: "alice/1", outcome: "dropped", reason: "CABLE_OFF" }]);
    card.cable = true;
    bob.adapters[0]!.cable = false;
    expect((await ask(lab, bytes, card)).ends).toEqual([{ at: "bob/1", outcome: "dropped", reason: "CABLE_OFF" }]);
    card.attach(laptop.notAttached());
    expect((await ask(lab, bytes, card)).ends).toEqual([{ at: "alice/1", outcome: "dropped", reason: "NOT_ATTACHED" }]);

    let told: Explanation | undefined;
    await lab.hold((async () => {
      for (let i = 0; i < 40; i++) guest.send(frame(BROADCAST, GUEST, EXPERIMENT, zeros(46)));
      told = await lab.explain(bytes, card);
    })());
    expect(told!.ends).toEqual([{ at: "alice/1", outcome: "dropped", reason: "NO_FRAME" }]);
  });

  test("what is no Uint8Array is refused in words, as a card refuses it", async () => {
    const { lab, card, guest } = await officeLab();
    for (const wrong of [new ArrayBuffer(60), [1, 2, 3], "frame", null, undefined, new DataView(new ArrayBuffer(60)), new Uint16Array(30)]) {
      expect(await code(lab.explain(wrong as never, card))).toBe("FRAME");
      expect(codeOf(() => guest.send(wrong as never))).toBe("FRAME");
    }
    await expect(lab.explain(new ArrayBuffer(60) as never, card)).rejects.toThrow(/^explain at alice\/1: a frame of type ArrayBuffer; it takes a Uint8Array/);
  });

  test("a closed lab, and another lab's card, are errors with a code", async () => {
    const { lab, card } = await officeLab();
    const other = await createLab();
    const stranger = other.host("stranger", []).vm("x", { attach: other.hosts[0]!.internal("y"), address: "10.9.0.1/24" });
    expect(await code(lab.explain(new Uint8Array(60), stranger.adapters[0]!))).toBe("OTHER_LAB");
    const leaving = lab.vms.find(({ name }) => name === "bob")!;
    const gone = leaving.adapters[0]!;
    await leaving.remove();
    expect(await code(lab.explain(new Uint8Array(60), gone)), "a card that was removed").toBe("OTHER_LAB");
    await other.close();
    expect(await code(other.explain(new Uint8Array(60), stranger.adapters[0]!))).toBe("CLOSED");
    expect((await lab.explain(new Uint8Array(60), card)).ends).toHaveLength(1);
  });

  test("a frame that takes longer than five seconds is still under way", async () => {
    const lab = watch(await smallLab({ wire: { delay: 3000 } }));
    const laptop = lab.host("laptop", []);
    const attach = laptop.internal("slow");
    const [a, b] = ["a", "b"].map((name, i) => laptop.vm(name, { attach, address: `10.9.0.${i + 1}/24` }));
    const told = await ask(lab, packet(at(a!), at(b!)), a!.adapters[0]!);
    expect(told.ends).toEqual([]);
    expect(told.text).toBe("still under way after 5000 ms, last seen at laptop/slow");
  });
});

test("the DHCP server answers in the copy, and has leased nothing in the lab", async () => {
  const { lab, office, guest } = await officeLab();
  const leases = office.leases();
  const discover = [
    1, 1, 6, 0, 1, 2, 3, 4, ...zeros(20), 2, 0, 0, 0, 0, 0x0c, ...zeros(10 + 64 + 128), 0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255, ...zeros(60),
  ];
  const bytes = packet({ mac: GUEST, ip: "0.0.0.0" }, { mac: BROADCAST, ip: "255.255.255.255" }, udp(68, 67, discover));
  const told = await ask(lab, bytes, guest);
  expect(told.ends).toContainEqual({ at: "laptop/office/dhcp", outcome: "consumed" });
  expect(consequences(told), "the offer").toEqual([
    "switch laptop/office/dhcp", "learn laptop/office", "lookup laptop/office", "out carol/1", "device carol/1", "delivered carol/1",
  ]);
  expect(office.leases()).toEqual(leases);

  const heard: Uint8Array[] = [];
  guest.onframe = (offer) => heard.push(offer);
  await lab.advance(100);
  expect(heard, "nothing was sent to the guest").toEqual([]);
  guest.send(bytes);
  await lab.advance(100);
  expect(heard.length, "now it is").toBeGreaterThan(0);
});

test("what each machine's network is called is told even when two have the same name", async () => {
  const lab = watch(await smallLab());
  const ends: string[] = [];
  for (const name of ["laptop", "desk"]) {
    const host = lab.host(name, []);
    const vm = host.vm(`${name}-vm`, { attach: host.internal("office"), address: "10.9.0.1/24" });
    ends.push((await ask(lab, frame(BROADCAST, vm.mac!, EXPERIMENT, zeros(46)), vm.adapters[0]!)).ends[0]!.at);
  }
  expect(ends).toEqual(["laptop/office", "desk/office"]);
});

test("a lab that is busy with other traffic answers as soon as the walk is over", async () => {
  const { lab, alice, bob, card, laptop, office } = await officeLab();
  const loud = laptop.vm("loud", { attach: office, guest: "external" });
  lab.generator(loud.adapters[0]!, { count: 1e9, interval: 0.03 });
  const told = await lab.hold(ask(lab, packet(at(alice), at(bob)), card));
  expect(walk(told)).toContain("consumed bob");
  expect(told.steps.some((step) => step.at.startsWith("loud")), "nothing of the others is told").toBe(false);
});

test("every reason an explanation gives is one of the table", async () => {
  const { lab, alice, guest } = await officeLab();
  const names = new Set<string>(REASONS.map(([name]) => name));
  for (const type of [0x0800, 0x0806, 0x86dd, 0x8100, 100]) {
    const { ends } = await ask(lab, frame(alice.mac!, GUEST, type, zeros(46)), guest);
    for (const { reason } of ends) if (reason) expect(names).toContain(reason);
  }
});
