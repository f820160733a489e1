import { describe, expect, test } from "vitest";
import { readCapture } from "../src/capture-reader";
import { createLab } from "../src/index";
import type { FramePort, Lab } from "../src/index";
import { code, codeOf, lab, watch } from "./world";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
/** Bytes as text, which compares a hundred times as fast. */
const latin = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);

describe("a named network", () => {
  test("is the same for the same name, and not to be had with other options", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const office = laptop.natNetwork("office", { network: "10.5.0.0/24" });
    expect(laptop.natNetwork("office")).toBe(office);
    expect(laptop.natNetwork("office", { network: "10.5.0.0/24" })).toBe(office);
    expect(codeOf(() => laptop.natNetwork("office", { network: "10.6.0.0/24" }))).toBe("OPTIONS_DIFFER");
    expect(codeOf(() => laptop.internal("office"))).toBe("NAME_TAKEN");
    expect(world.lan("home")).toBe(world.lan());
  });

  test("belongs to one host", async () => {
    const world = await lab();
    const office = world.host("laptop").natNetwork("office");
    const desktop = world.host("desktop");
    expect(codeOf(() => desktop.vm("alice", office))).toBe("OTHER_HOST");
    expect(codeOf(() => desktop.vm("alice", world.lan()))).toBe("OTHER_HOST");
  });

  test("leaves its machines unattached when it is removed, and its name free", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const office = laptop.natNetwork("office");
    const alice = laptop.vm("alice", office);
    await world.ready();
    office.remove();
    expect(alice.adapters[0]!.kind).toBe("notAttached");
    expect(alice.addresses).toEqual([]);
    expect(laptop.network("office")).toBeUndefined();
    expect(codeOf(() => office.forward("udp,udp,,1,,1"))).toBe("REMOVED");

    alice.adapters[0]!.attach(laptop.natNetwork("office", { network: "10.5.0.0/24" }));
    await world.ready();
    expect(alice.address).toBe("10.5.0.4");
  });
});

describe("a machine", () => {
  test("that is removed leaves its name, its MAC and its host's ports free", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const printer = world.host("printer");
    for (let round = 0; round < 3; round++) {
      const web = laptop.vm("web", { attach: laptop.nat({ forward: ["udp,,7000,,7"].map((rule) => `echo,${rule}`) }), mac: "08:00:27:00:00:01" });
      await world.ready();
      expect(web.adapters[0]!.network!.forwards[0]!.state).toBe("active");
      const socket = web.udp(7);
      printer.udp().send("hello", { machine: laptop, port: 7000 });
      expect(text((await socket.receive({ timeout: 100 })).data)).toBe("hello");
      await web.remove();
      expect(codeOf(() => web.udp(7))).toBe("REMOVED");
      expect(laptop.vms).toEqual([]);
    }
    await printer.remove();
    expect(world.hosts.map(({ name }) => name)).toEqual(["laptop"]);
    await laptop.remove();
    expect(world.machines.map(({ name }) => name)).toEqual(["home-router"]);
  });

  test("has a name of its own", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    expect(codeOf(() => world.host("laptop"))).toBe("NAME_TAKEN");
    expect(codeOf(() => laptop.vm("laptop", laptop.nat()))).toBe("NAME_TAKEN");
    expect(codeOf(() => world.host(""))).toBe("NAME");
    expect(codeOf(() => world.host("a/b"))).toBe("NAME");
  });

  test("that could not be made leaves nothing behind", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    expect(codeOf(() => laptop.vm("web", [laptop.nat(), { attach: laptop.nat(), address: "10.0.2" }]))).toBe("ADDRESS");
    expect(codeOf(() => laptop.vm("web", laptop.nat({ forward: ["a,udp,,1,,1", "a,udp,,2,,2"] })))).toBe("FORWARD_TAKEN");
    expect(codeOf(() => laptop.vm("web", laptop.nat({ network: "10.0.2.1/24" })))).toBe("ADDRESS");
    expect(codeOf(() => laptop.vm("web", laptop.nat({ network: "10.0.2.0/28" })))).toBe("OPTION");
    laptop.vm("web", laptop.nat());
    await world.ready();
  });

  test("with static neighbours and routes sends what would otherwise have no way", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const printer = world.host("printer");
    await world.ready();
    const backend = laptop.internal("backend");
    const prober = laptop.vm("prober", {
      attach: backend,
      address: "10.9.0.9/24",
      neighbors: { "10.9.0.1": printer.mac! },
      routes: { "192.168.1.0/24": "10.9.0.1" },
    });
    laptop.vm("other", { attach: backend, address: "10.9.0.8/24" });
    expect(await code(prober.ping(printer.address))).toBe("TIMEOUT");
    expect(world.stats().drops).toMatchObject({ NOT_MINE: 1 });
  });
});

describe("a full lab", () => {
  test("says so, takes nothing half, and goes on when there is room again", async () => {
    const world = await lab({ capacity: { stations: 16 } });
    const laptop = world.host("laptop");
    for (let i = 0; i < 10; i++) {
      const what = codeOf(() => laptop.vm(`vm${i}`, laptop.nat()));
      if (!what.startsWith("no error")) expect(what).toBe("FULL");
    }
    expect(laptop.vms).toHaveLength(3);
    await world.ready();
    const last = laptop.vms.at(-1)!;
    await last.remove();
    laptop.vm("next", laptop.nat());
    await world.ready();
    expect(await laptop.vms.at(-1)!.ping("192.168.1.1")).toMatchObject({ ttl: 63 });
  });

  test("a LAN with impossible options is not made", async () => {
    const world = await lab();
    const wrong = { network: "10.1.0.0/24", router: { dhcp: { pool: { from: "1.2.3.4", to: "1.2.3.5" } } } };
    expect(codeOf(() => world.lan("east", wrong))).toBe("DHCP_CONFIG");
    expect(world.lans.map(({ name }) => name)).toEqual(["internet"]);
    expect(world.routers).toEqual([]);
    const east = world.lan("east");
    expect(east.router!.name).toBe("east-router");
    east.remove();
    expect(world.routers).toEqual([]);
    world.host("pc", world.lan("east"));
    await world.ready();
  });
});

describe("the host's own addresses", () => {
  test("are reached from a NAT network, its loopback by the alias", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const bob = laptop.vm("bob", laptop.natNetwork("office"));
    const web = laptop.vm("web", laptop.nat());
    const open = laptop.vm("open", laptop.nat({ localhostReachable: true }));
    await world.ready();
    const server = laptop.udp(9000);
    const seen: string[] = [];
    void (async () => {
      for await (const { data, from, to } of server) {
        seen.push(`${text(data)} to ${to}`);
        server.send("yes", from);
      }
    })();
    for (const guest of [bob, open]) {
      const socket = guest.udp();
      socket.send(guest.name, { address: "10.0.2.2", port: 9000 });
      expect(await socket.receive({ timeout: 100 })).toMatchObject({ from: { address: "10.0.2.2", port: 9000 } });
      socket.send(guest.name, { machine: laptop, port: 9000 });
      expect(await socket.receive({ timeout: 100 })).toMatchObject({ from: { address: laptop.address, port: 9000 } });
    }
    expect(seen).toEqual(["bob", "open"].flatMap((name) => [`${name} to 127.0.0.1`, `${name} to ${laptop.address}`]));

    const socket = web.udp();
    socket.send("web", { address: "10.0.2.2", port: 9000 });
    expect(await code(socket.receive({ timeout: 100 }))).toBe("TIMEOUT");
    expect(await code(web.ping("10.0.2.2", { timeout: 100 }))).toBe("TIMEOUT");
    expect(await open.ping("10.0.2.2")).toMatchObject({ from: "10.0.2.2" });
    expect(await laptop.ping("127.0.0.1")).toMatchObject({ from: "127.0.0.1" });
    expect(await laptop.ping(laptop.address)).toMatchObject({ from: laptop.address });
  });

  test("lead through a forward from the host itself: the guest sees the alias", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const web = laptop.vm("web", laptop.nat({ forward: ["e,udp,,7000,,7"], localhostReachable: true }));
    await world.ready();
    const server = web.udp(7);
    const client = laptop.udp();
    client.send("hello", { address: "127.0.0.1", port: 7000 });
    const { from } = await server.receive({ timeout: 100 });
    expect(from.address).toBe("10.0.2.2");
    server.send("back", from);
    expect(await client.receive({ timeout: 100 })).toMatchObject({ from: { address: "127.0.0.1", port: 7000 } });
  });
});

describe("a forward", () => {
  test("comes and goes while the guest runs", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const printer = world.host("printer");
    const office = laptop.natNetwork("office");
    const bob = laptop.vm("bob", office);
    await world.ready();
    const server = bob.udp(53);
    const client = printer.udp();
    const refused: string[] = [];
    client.onerror = (error) => refused.push(error.code);
    client.send("one", { machine: laptop, port: 5353 });
    await world.advance(10);
    expect(refused).toEqual(["REFUSED"]);

    const forward = office.forward(`dns:udp:[]:5353:[${bob.address}]:53`);
    expect([forward.name, forward.state]).toEqual(["dns", "active"]);
    client.send("two", { machine: laptop, port: 5353 });
    expect(text((await server.receive({ timeout: 100 })).data)).toBe("two");

    forward.remove();
    expect(office.forwards).toEqual([]);
    printer.udp().send("three", { machine: laptop, port: 5353 });
    expect(await code(server.receive({ timeout: 100 }))).toBe("TIMEOUT");
  });

  test("is refused in strict mode when a socket of the host has the port", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    laptop.udp(7000);
    const web = laptop.vm("web", laptop.nat());
    const [card] = web.adapters;
    expect(card!.forward("udp,udp,,7000,,7").state).toBe("failed");
    expect(codeOf(() => card!.forward("more,udp,192.168.1.100,7000,,7", { strict: true }))).toMatch(/PORT_IN_USE|no error/);
    expect(codeOf(() => card!.forward("x,sctp,,7001,,7"))).toBe("FORWARD");
    expect(codeOf(() => card!.forward("x,udp,,70000,,7"))).toBe("PORT");
    expect(codeOf(() => card!.forward("x,udp,,,,7"))).toBe("PORT");
    expect(codeOf(() => laptop.internal().forward("x,udp,,1,,1"))).toBe("NO_NAT");
  });
});

describe("the NAT's table", () => {
  test("is readable: who talks to whom as whom", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const printer = world.host("printer");
    const web = laptop.vm("web", laptop.nat());
    await world.ready();
    const socket = web.udp(5000);
    socket.send("x", { machine: printer, port: 9 });
    await world.advance(10);
    const [connection] = web.adapters[0]!.network!.connections();
    expect(connection).toMatchObject({ protocol: "udp", inside: "10.0.2.15:5000", remote: `${printer.address}:9`, state: "udp" });
    expect(connection!.outside).toMatch(new RegExp(`^${laptop.address}:\\d+$`));
    expect(connection!.expires).toBeGreaterThan(world.now);
    expect(web.adapters[0]!.network!.mappings()).toHaveLength(1);

    web.adapters[0]!.cable = false;
    expect(web.adapters[0]!.network!.connections()).toEqual([]);
  });
});

describe("a switch", () => {
  test("says where it heard whom", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const office = laptop.natNetwork("office");
    const alice = laptop.vm("alice", office);
    await world.ready();
    const heard = office.stations();
    expect(heard.find(({ mac }) => mac === alice.mac)).toMatchObject({ port: "alice/1" });
    expect(heard.every(({ age }) => age >= 0 && age <= world.now)).toBe(true);
  });

  test("of VirtualBox's kind floods nothing it does not know, unless the card may hear all", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const net = laptop.internal("net", { switch: "virtualbox" });
    const a = laptop.vm("a", { attach: net, address: "10.9.0.1/24" });
    const b = laptop.vm("b", { attach: net, address: "10.9.0.2/24" });
    const spy = laptop.vm("spy", { attach: net, guest: "external", mac: "08:00:27:00:00:99" });
    const heard: number[] = [];
    spy.adapters[0]!.onframe = (frame) => heard.push(frame.length);
    await a.ping(b);
    const before = heard.length; // the ARP request, which is for all
    await a.ping(b);
    expect(heard.length).toBe(before);
    spy.adapters[0]!.promiscuous = "allow-all";
    await a.ping(b);
    expect(heard.length).toBe(before + 2);
    expect(codeOf(() => (spy.adapters[0]!.promiscuous = "maybe" as "deny"))).toBe("OPTION");
  });
});

describe("a capture", () => {
  test("of a network has an interface for each port, and says why a frame was dropped", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const net = laptop.internal("net");
    const a = laptop.vm("a", { attach: net, address: "10.9.0.1/24" });
    const b = laptop.vm("b", { attach: net, address: "10.9.0.2/24" });
    const all = net.capture();
    const one = b.adapters[0]!.capture();
    await a.ping(b);
    a.udp().send("x", { machine: b, port: 9 });
    await world.advance(10);
    all.stop();
    await a.ping(b);

    const packets = [];
    for await (const packet of readCapture(all.bytes())) packets.push(packet);
    expect(new Set(packets.map((packet) => packet.interface.name))).toEqual(new Set(["a/1", "b/1"]));
    expect(packets.some(({ comments }) => comments?.[0]?.startsWith("dropped: UDP_CLOSED"))).toBe(true);
    expect(one.bytes().length).toBeGreaterThan(100);
    expect(world.captures).toEqual([all, one]);
  });
});

describe("a fork in the middle of things", () => {
  const STEPS = 24;

  /** Leases first, then datagrams that are on their wires when a step ends. */
  async function story(world: Lab, from: number, after: (step: number) => Promise<void>): Promise<Lab> {
    const socket = (name: string) => world.machine(name)!.sockets[0]!;
    for (let step = from; step < STEPS; step++) {
      await world.advance(step < 12 ? 97 : 0.061);
      if (step === 12) socket("printer").send("to the guest", { machine: world.machine("laptop")!, port: 7000 });
      if (step === 14) socket("alice").send("to nobody", { machine: world.machine("printer")!, port: 9 });
      await after(step);
    }
    await world.advance(100);
    return world;
  }

  test("finishes with the same bytes as the lab it left, wherever it was taken", async () => {
    const world = await lab({ seed: "forks", capacity: { stations: 64 } });
    const laptop = world.host("laptop");
    const office = laptop.natNetwork("office", { forward: ["e:udp:[]:7000:[10.0.2.4]:7"] });
    office.capture();
    world.lan().capture();
    laptop.vm("alice", office).udp(7);
    laptop.vm("bob", office);
    world.host("printer").udp(7001);

    const halves: Promise<Lab>[] = [];
    await story(world, 0, async (step) => {
      const twin = watch(await world.hold(world.fork({ replay: true })));
      halves.push(story(twin, step + 1, async () => {}));
    });
    expect(halves).toHaveLength(STEPS);
    const bytes = world.captures.map((capture) => latin(capture.bytes()));
    for (const half of halves) {
      const twin = await half;
      expect(twin.now).toBe(world.now);
      expect(twin.captures.map((capture) => latin(capture.bytes()))).toEqual(bytes);
      expect(twin.stateHash()).toBe(world.stateHash());
    }
    expect(world.stats().drops.UDP_CLOSED).toBeGreaterThan(0);
  });
});

describe("a snapshot", () => {
  test("can be kept and gone on from more than once", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const web = laptop.vm("web", laptop.nat({ forward: ["e,udp,,7000,,7"] }));
    const printer = world.host("printer");
    await world.ready();
    web.udp(7);
    printer.udp(4000).send("first", { machine: laptop, port: 7000 });
    await world.advance(10);
    const kept = structuredClone(world.snapshot());
    await world.close();

    for (let i = 0; i < 2; i++) {
      const next = watch(await createLab({ from: kept }));
      expect(next.now).toBe(world.now);
      const server = next.machine("web")!.sockets[0]!;
      expect(text((await server.receive()).data)).toBe("first");
      next.machine("printer")!.sockets[0]!.send("second", { machine: next.machine("laptop")!, port: 7000 });
      expect(text((await server.receive({ timeout: 100 })).data)).toBe("second");
      next.hosts[0]!.vm("late", next.hosts[0]!.nat());
      await next.ready();
      expect(next.machine("late")!.address).toBe("10.0.2.15");
    }
  });

  test("of a lab with an external guest has nobody plugged in", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const net = laptop.internal("net");
    laptop.vm("a", { attach: net, address: "10.9.0.1/24" });
    const port: FramePort & { frames: number; ups: boolean[] } = {
      frames: 0, ups: [], onframe: null, send() { this.frames++; }, link(up) { this.ups.push(up); },
    };
    const guest = laptop.vm("guest", { attach: net, guest: port });
    const [card] = guest.adapters;
    await code(world.machine("a")!.ping("10.9.0.2", { timeout: 100 }));
    expect(port.frames).toBe(1);
    card!.cable = false;
    card!.cable = true;
    card!.attach(laptop.notAttached());
    card!.attach(net);
    expect(port.ups).toEqual([true, false, true, false, true]);

    const fork = watch(await world.fork());
    await code(fork.machine("a")!.ping("10.9.0.4", { timeout: 100 }));
    expect(fork.stats().drops.NOT_ATTACHED).toBe(1);
    const seen: Uint8Array[] = [];
    fork.vms[1]!.adapters[0]!.plug({ onframe: null, send: (frame) => void seen.push(frame) });
    await code(fork.machine("a")!.ping("10.9.0.3", { timeout: 100 }));
    expect(seen).toHaveLength(1);
  });
});

describe("an external guest", () => {
  test("that takes nothing is waited for, up to a point", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const net = laptop.internal("net");
    const a = laptop.vm("a", { attach: net, address: "10.9.0.1/24", neighbors: { "10.9.0.2": "08:00:27:00:00:02" } });
    let open = false;
    let taken = 0;
    const port: FramePort = { onframe: null, send: () => open && ++taken > 0, mac: "08:00:27:00:00:02" };
    laptop.vm("slow", { attach: net, guest: port });
    const socket = a.udp();
    for (let i = 0; i < 1100; i++) {
      socket.send("x", { address: "10.9.0.2", port: 9 });
      if (i % 50 === 0) await world.advance(1);
    }
    await world.advance(1);
    expect(taken).toBe(0);
    expect(world.stats().drops.QUEUE_FULL).toBe(76);
    open = true;
    port.ondrain!();
    expect(taken).toBe(1024);
  });

  test("that lives in real time needs the real clock", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const port: FramePort = { onframe: null, send() {}, live: true };
    expect(codeOf(() => laptop.vm("guest", { attach: laptop.internal(), guest: port }))).toBe("CLOCK");
    expect(codeOf(() => world.lan("real", { trunk: port }))).toBe("CLOCK");
  });

  test("is closed with its lab, and an error in its callbacks does not stop the others", async () => {
    const world = await createLab();
    const laptop = world.host("laptop");
    let closed = 0;
    const guest: FramePort = { onframe: null, send() {}, close: async () => void closed++ };
    laptop.vm("guest", { attach: laptop.internal(), guest });
    await world.close();
    await world.close();
    expect(closed).toBe(1);
  });
});

describe("LANs of two labs", () => {
  test("are one LAN when a trunk joins them", async () => {
    const one = await lab();
    const two = await lab({ seed: 2 });
    const far = two.host("far", two.lan("wire", { network: "192.168.1.0/24", router: false }));
    const uplink = far.vm("uplink", { attach: far.bridged(), guest: "external" });
    const near = one.host("near", one.lan("wire", { trunk: uplink.adapters[0]! }), { address: "192.168.1.8/24" });
    far.legs[0]!.leave();
    const peer = far.vm("peer", { attach: far.bridged(), address: "192.168.1.9/24" });
    expect(await near.ping("192.168.1.9", { timeout: 60_000 })).toMatchObject({ from: "192.168.1.9" });
    expect(peer.address).toBe("192.168.1.9");
  });
});

describe("a link", () => {
  test("comes up five seconds after the cable when the card is as slow as VirtualBox's", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const net = laptop.internal("net");
    const a = laptop.vm("a", { attach: net, address: "10.9.0.1/24" });
    const b = laptop.vm("b", { attach: net, address: "10.9.0.2/24", linkUpDelay: 5000 });
    await a.ping(b);
    b.adapters[0]!.cable = false;
    b.adapters[0]!.cable = true;
    expect(await code(a.ping(b))).toBe("TIMEOUT");
    const fork = watch(await world.fork());
    for (const each of [world, fork]) {
      await each.advance(4100);
      expect(await each.machine("a")!.ping(each.machine("b")!)).toMatchObject({ ttl: 64 });
    }
    expect(await code(a.ping(b, { timeout: NaN }))).toBe("OPTION");
    expect(await code(world.sleep(-1))).toBe("OPTION");
  });
});

describe("ready", () => {
  test("names who has no address", async () => {
    const world = await lab();
    const laptop = world.host("laptop");
    const office = laptop.natNetwork("office", { network: "10.5.0.0/29" });
    for (const name of ["a", "b", "c", "d"]) laptop.vm(name, office);
    const error = await world.ready({ timeout: 20_000 }).catch((reason: Error) => reason);
    expect(error).toMatchObject({ code: "NOT_READY" });
    expect((error as Error).message).toMatch(/ [abcd]\/1;/);
  });
});
