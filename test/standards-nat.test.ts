/** Rules of NAT and of routers, told by guests on both sides of one. */
import { describe, expect, test } from "vitest";
import type { Connection, Host, Lab, Network, Router } from "../src/index";
import { Guest, frame, ipBytes } from "./guest";
import { be16, icmp, internetChecksum, ipv4, zeros } from "./packets";
import type { Bytes, Ipv4Options, Segment } from "./packets";
import { lab } from "./world";

const GATEWAY = "52:54:00:12:35:00";
const NAT_GATEWAY = "52:54:00:12:35:02";
const IPV4 = 0x0800;

const packet = (src: string, dst: string, segment: Segment, options: Ipv4Options = {}): Bytes =>
  ipv4(segment, { src: ipBytes(src), dst: ipBytes(dst), ...options });

/** ICMP messages that `guest` heard: type, code, and who sent them. */
const errorsHeardBy = (guest: Guest): string[] => guest.frames
  .filter((bytes) => bytes[12] === 8 && bytes[13] === 0 && bytes[23] === 1 && bytes[34] !== 0 && bytes[34] !== 8)
  .map((bytes) => `${bytes[34]}/${bytes[35]} from ${bytes.subarray(26, 30).join(".")}`);

const nonces = (guest: Guest): number[] => guest.heard.map(({ nonce }) => nonce);

interface Behind {
  world: Lab;
  laptop: Host;
  net: Network;
  /** 10.0.2.50, behind the NAT; in NAT mode 10.0.2.15. */
  guest: Guest;
  /** 192.168.1.77, on the LAN. */
  peer: Guest;
  /** The one TCP connection: its state, and how long it has, ms. */
  tcp(): [Connection["state"], number] | null;
}

/** A guest behind a NAT of the laptop, and one beside the laptop on the LAN. */
async function behind(attachment: (laptop: Host) => Parameters<Host["vm"]>[1], ip = "10.0.2.50", via = GATEWAY): Promise<Behind> {
  const world = await lab();
  const laptop = world.host("laptop");
  const attach = attachment(laptop) as Network;
  const card = laptop.vm("guest", { attach, guest: "external", mac: "02:00:00:00:00:55" }).adapters[0]!;
  const guest = new Guest(world, "guest", card, { ip, via });
  const outside = laptop.vm("peer", { attach: laptop.bridged(), guest: "external", mac: "02:00:00:00:00:66" });
  await world.ready();
  const peer = new Guest(world, "peer", outside.adapters[0]!, { ip: "192.168.1.77", via: laptop.mac! });
  const net = card.network!;
  return {
    world, laptop, net, guest, peer,
    tcp: () => {
      const found = net.connections().find(({ protocol }) => protocol === "tcp");
      return found ? [found.state, Math.round(found.expires - world.now)] : null;
    },
  };
}

const behindNatNetwork = (): Promise<Behind> => behind((laptop) => laptop.natNetwork("office"));

const settle = (world: Lab): Promise<void> => world.advance(5);

/** The guest's TCP connection from port 4000 to the peer's 80, open on both sides. */
async function connect({ world, laptop, guest, peer }: Behind): Promise<void> {
  guest.send("syn", 4000, "192.168.1.77", 80, 1);
  await settle(world);
  peer.send("synack", 80, laptop.address, 4000, 2);
  await settle(world);
  guest.send("ack", 4000, "192.168.1.77", 80, 3);
  await settle(world);
}

describe("TCP through a NAT", () => {
  test("opened from outside is not established before the last ACK, and has four minutes (RFC 5382 REQ-5)", async () => {
    const nat = await behind((l) => l.natNetwork("office", { forward: ["web:tcp:[]:8080:[10.0.2.50]:80"] }));
    const { world, laptop, guest, peer } = nat;
    peer.send("syn", 4000, laptop.address, 8080, 1);
    await settle(world);
    expect(nat.tcp()?.[0]).toBe("opening");
    guest.send("synack", 80, "192.168.1.77", 4000, 2);
    await settle(world);
    expect(nonces(peer)).toEqual([2]);
    const [state, left] = nat.tcp()!;
    expect(state).toBe("opening");
    expect(left).toBeGreaterThan(239_900);
    expect(left).toBeLessThanOrEqual(240_000);
    peer.send("ack", 4000, laptop.address, 8080, 3);
    await settle(world);
    expect(nat.tcp()?.[0]).toBe("established");
    expect(nat.tcp()![1]).toBeGreaterThan(7_439_000);
  });

  test("goes on after a reset when either side goes on (RFC 6146 §3.5.2.2)", async () => {
    const nat = await behindNatNetwork();
    const { world, laptop, guest, peer } = nat;
    await connect(nat);
    expect(nat.tcp()?.[0]).toBe("established");
    peer.send("rst", 80, laptop.address, 4000, 4);
    await settle(world);
    expect(nat.tcp()?.[0]).toBe("closing");
    guest.send("ack", 4000, "192.168.1.77", 80, 5);
    await settle(world);
    expect(nat.tcp()?.[0]).toBe("established");
    await world.advance(7_000_000);
    peer.send("ack", 80, laptop.address, 4000, 6);
    await settle(world);
    expect(nonces(guest)).toEqual([2, 4, 6]);
  });

  test("begins anew with a SYN after a reset, and has four minutes until both have opened it again (RFC 5382 REQ-5)", async () => {
    const nat = await behindNatNetwork();
    const { world, laptop, guest, peer } = nat;
    await connect(nat);
    peer.send("rst", 80, laptop.address, 4000, 4);
    await settle(world);
    guest.send("syn", 4000, "192.168.1.77", 80, 5);
    await settle(world);
    const [state, left] = nat.tcp()!;
    expect(state).toBe("opening");
    expect(left).toBeLessThanOrEqual(240_000);
  });

  test("is over four minutes after a reset that nothing follows (RFC 6146 §3.5.2.2)", async () => {
    const nat = await behindNatNetwork();
    const { world, laptop, peer } = nat;
    await connect(nat);
    peer.send("rst", 80, laptop.address, 4000, 4);
    await settle(world);
    await world.advance(239_000);
    expect(nat.tcp()?.[0]).toBe("closing");
    await world.advance(1_000);
    expect(nat.tcp()).toBeNull();
  });

  test("is not touched by a reset whose last hop is used up (RFC 1812 §5.3.1)", async () => {
    const nat = await behindNatNetwork();
    const { world, laptop, guest, peer } = nat;
    await connect(nat);
    const { expires } = nat.net.connections()[0]!;
    peer.send("rst", 80, laptop.address, 4000, 4, 1);
    await settle(world);
    expect(nat.net.connections()).toMatchObject([{ state: "established", expires }]);
    expect(world.stats().drops.TTL_EXPIRED).toBe(1);
    expect(nonces(guest)).toEqual([2]);
    expect(errorsHeardBy(peer)).toEqual([`11/0 from ${laptop.address}`]);
  });

  test("does not leave from an address that the host had before (RFC 4787 §4.1)", async () => {
    const world = await lab();
    const street = world.lan("street", { router: false });
    const serve = (name: string, pool: { from: string; to: string }): Router => world.router(name, {
      legs: [{ network: street, address: "10.1.0.1/24" }],
      dhcp: { leg: 0, pool, leaseTime: { min: 60_000, default: 60_000, max: 60_000 } },
    });
    const first = serve("first", { from: "10.1.0.100", to: "10.1.0.110" });
    const laptop = world.host("laptop", street);
    const inside = laptop.vm("guest", { attach: laptop.natNetwork("office"), guest: "external", mac: "02:00:00:00:00:55" });
    const outside = laptop.vm("peer", { attach: laptop.bridged(street), guest: "external", mac: "02:00:00:00:00:66" });
    await world.ready();
    const guest = new Guest(world, "guest", inside.adapters[0]!, { ip: "10.0.2.50", via: GATEWAY });
    const peer = new Guest(world, "peer", outside.adapters[0]!, { ip: "10.1.0.77", via: laptop.mac! });
    const old = laptop.address;
    for (const [from, kind, to, port] of [[guest, "syn", "10.1.0.77", 80], [peer, "synack", old, 4000], [guest, "ack", "10.1.0.77", 80]] as const) {
      from.send(kind, from === guest ? 4000 : 80, to, port, 1);
      await settle(world);
    }
    expect(peer.heard.map(({ from }) => from)).toEqual([`${old}:4000`, `${old}:4000`]);
    first.remove();
    serve("second", { from: "10.1.0.200", to: "10.1.0.210" });
    await world.advance(100_000);
    expect(laptop.address).not.toBe(old);
    peer.heard.length = 0;
    guest.send("ack", 4000, "10.1.0.77", 80, 2);
    await settle(world);
    expect(peer.heard.filter(({ from }) => from.startsWith(`${old}:`))).toEqual([]);
  });
});

describe("a NAT's mappings", () => {
  test("leave port 68 to the host's own DHCP client (RFC 2131 §4.1)", async () => {
    const { world, laptop, net, guest, peer } = await behindNatNetwork();
    guest.send("udp", 68, "192.168.1.77", 53, 1);
    await settle(world);
    expect(peer.heard).toHaveLength(1);
    const { from } = peer.heard[0]!;
    const [address, port] = from.split(":") as [string, string];
    expect(address).toBe(laptop.address);
    expect(port).not.toBe("68");
    expect(net.mappings()).toEqual([{ protocol: "udp", inside: "10.0.2.50:68", outside: from }]);
    peer.send("udp", 53, address, Number(port), 2);
    await settle(world);
    expect(guest.heard).toMatchObject([{ port: 68, nonce: 2 }]);
  });

  test("carry an all-zero echo reply with the checksum ffff (RFC 792, RFC 1624 §4)", async () => {
    const { world, laptop, guest, peer } = await behindNatNetwork();
    const request = icmp(8, 0, zeros(12));
    guest.adapter.send(frame(GATEWAY, guest.mac, IPV4, packet("10.0.2.50", "192.168.1.77", request)));
    await settle(world);
    expect(peer.heard).toHaveLength(1);
    const identifier = peer.heard[0]!.port;
    const reply = icmp(0, 0, [...be16(identifier), ...zeros(10)]);
    peer.adapter.send(frame(laptop.mac!, peer.mac, IPV4, packet("192.168.1.77", laptop.address, reply)));
    await settle(world);
    const heard = guest.frames.filter((bytes) => bytes[13] === 0 && bytes[23] === 1);
    expect(heard.map((bytes) => Array.from(bytes.subarray(34, 50)))).toEqual([[0, 0, 0xff, 0xff, ...zeros(12)]]);
    expect(internetChecksum(Array.from(heard[0]!.subarray(34, 50)))).toBe(0);
  });
});

describe("a NAT's sources (RFC 2827)", () => {
  test.each(["8.8.8.8", "192.168.1.77"])("a guest cannot speak as %s to the host's loopback", async (ip) => {
    const { world, laptop, net, guest } = await behind((l) => l.nat({ localhostReachable: true }), ip, NAT_GATEWAY);
    const heard: unknown[] = [];
    const socket = laptop.udp(7777);
    void (async () => { for await (const each of socket) heard.push(each); })();
    guest.send("udp", 5000, "10.0.2.2", 7777, 1);
    await settle(world);
    expect(world.stats().drops).toMatchObject({ NAT_SOURCE: 1 });
    expect(net.mappings()).toEqual([]);
    expect(heard).toEqual([]);
  });

  test.each(["its own outside address", "8.8.8.8"])("a router lets nobody out with %s as source", async (source) => {
    const { world, server, router, inside, outside } = await home();
    const ip = source === "8.8.8.8" ? source : outside.address;
    plugIn(world, "a", ip, inside.mac!).send("udp", 5000, server.address, 9, 1);
    await world.advance(20);
    expect(world.stats().drops).toEqual({ NAT_SOURCE: 1 });
    expect(router.mappings()).toEqual([]);
  });
});

/** A home router, a server on the internet, and a host on the LAN for external guests. */
async function home() {
  const world = await lab();
  const server = world.host("server", world.internet);
  world.host("a");
  await world.ready();
  const router = world.lan().router!;
  const [inside, outside] = router.legs as [Router["legs"][number], Router["legs"][number]];
  return { world, server, router, inside, outside };
}

function plugIn(world: Lab, name: string, ip: string, via: string): Guest {
  const host = world.hosts.find((each) => each.name === "a")!;
  const mac = `02:00:00:00:01:0${host.vms.length}`;
  const vm = host.vm(`guest-${name}`, { attach: host.bridged(), guest: "external", mac });
  return new Guest(world, name, vm.adapters[0]!, { ip, via });
}

describe("an ICMP error whose quote is broken", () => {
  test.each([
    ["a header checksum that is wrong", (quote: Bytes) => [...quote.slice(0, 10), quote[10]! ^ 1, ...quote.slice(11)], "ICMP_QUOTE"],
    ["nothing wrong", (quote: Bytes) => quote, undefined],
  ])("with %s", async (_, damage, reason) => {
    const { world, guest, peer, laptop } = await behind((host) => host.natNetwork("office"));
    guest.send("udp", 5000, "192.168.1.77", 9, 1);
    await world.advance(100);
    const seen = Array.from(peer.frames.find((bytes) => bytes[23] === 17 && bytes[12] === 8 && bytes[13] === 0)!);
    const error = icmp(3, 3, [...zeros(4), ...damage(seen.slice(14, 42))]);
    const mac = seen.slice(6, 12).map((byte) => byte.toString(16).padStart(2, "0")).join(":");
    peer.adapter.send(frame(mac, peer.mac, IPV4, packet("192.168.1.77", laptop.address, error)));
    await world.advance(100);
    const { ICMP_QUOTE } = world.stats().drops;
    expect(ICMP_QUOTE).toBe(reason && 1);
    expect(errorsHeardBy(guest)).toEqual(reason ? [] : ["3/3 from 192.168.1.77"]);
  });
});

describe("a router with NAT", () => {
  test("turns an ICMP error about a hairpinned datagram back to its sender (RFC 5508 REQ-7)", async () => {
    const { world, server, inside, outside } = await home();
    const [alice, bob] = ["alice", "bob"].map((name, i) => plugIn(world, name, `192.168.1.7${i}`, inside.mac!)) as [Guest, Guest];
    alice.send("udp", 5000, server.address, 9, 1);
    bob.send("udp", 6000, server.address, 9, 1);
    await world.advance(10);
    bob.send("udp", 6000, outside.address, 5000, 2); // bob's filter lets alice's outside endpoint in from now on
    await settle(world);
    alice.send("udp", 5000, outside.address, 6000, 3);
    await settle(world);
    expect(bob.heard).toMatchObject([{ from: `${outside.address}:5000`, nonce: 3 }]);
    const seen = bob.frames.findLast((bytes) => bytes[12] === 8 && bytes[13] === 0 && bytes[23] === 17)!;
    alice.frames.length = 0;
    const error = icmp(3, 3, [...zeros(4), ...seen.subarray(14, 42)]);
    bob.adapter.send(frame(inside.mac!, bob.mac, IPV4, packet("192.168.1.71", outside.address, error)));
    await settle(world);
    expect(errorsHeardBy(alice)).toEqual([`3/3 from ${outside.address}`]);
    const quoted = alice.frames.at(-1)!.subarray(42);
    expect([quoted.subarray(12, 16).join("."), quoted.subarray(16, 20).join(".")]).toEqual(["192.168.1.70", outside.address]);
    expect([...quoted.subarray(20, 24)]).toEqual([...be16(5000), ...be16(6000)]);
  });
});

describe("a router", () => {
  test("does not forward a directed broadcast to the network it is for (RFC 2644)", async () => {
    const world = await lab();
    const laptop = world.host("laptop", []);
    const [near, far] = [laptop.internal("near"), laptop.internal("far")];
    const router = world.router("router", { legs: [{ network: near, address: "10.1.0.1/24" }, { network: far, address: "10.2.0.1/24" }] });
    const card = (attach: Network, n: number) => laptop.vm(`vm${n}`, { attach, guest: "external", mac: `02:00:00:00:00:1${n}` }).adapters[0]!;
    const attacker = new Guest(world, "attacker", card(near, 1), { ip: "10.1.0.9", via: router.legs[0]!.mac! });
    const victim = new Guest(world, "victim", card(far, 2), { ip: "10.2.0.9" });
    attacker.send("echo", 7, "10.2.0.255", 1, 1);
    attacker.send("udp", 7, "10.2.0.255", 7, 2);
    await world.advance(5000);
    expect(world.stats().drops).toEqual({ IPV4_DESTINATION: 2 });
    expect(victim.frames).toEqual([]);
  });
});

describe("the host's loopback", () => {
  test("answers for a closed UDP port through 10.0.2.2: port unreachable (RFC 1122 §4.1.3.1)", async () => {
    const { world, guest } = await behindNatNetwork();
    guest.send("udp", 5000, "10.0.2.2", 9, 1);
    await settle(world);
    expect(errorsHeardBy(guest)).toEqual(["3/3 from 10.0.2.2"]);
  });

  test("tells the host's own socket too (RFC 1122 §4.1.3.3)", async () => {
    const world = await lab();
    const socket = world.host("laptop", []).udp();
    const errors: string[] = [];
    socket.onerror = ({ code }) => errors.push(code);
    socket.send("hello", { address: "127.0.0.1", port: 9 });
    await settle(world);
    expect(errors).toEqual(["REFUSED"]);
  });
});

describe("who was sent to (RFC 4787 REQ-8)", () => {
  /** Places in time that no rounding of it has in common, ms. */
  const OFFSETS = [0, 9, 18, 27, 36, 45, 54, 63];
  /** Somebody else the guest talks to, so that its port stays its own. */
  const other = "192.168.1.99";

  /**
   * Whether the peer's port 9 gets in `late` ms after its conversations with the guest's port 5000 were over: to its port 53, to its
   * port 54, and a moment later to `again`.
   */
  async function getsIn(offset: number, again: number, late: number): Promise<boolean> {
    const { world, laptop, net, guest, peer } = await behindNatNetwork();
    await world.advance(offset);
    guest.send("udp", 5000, "192.168.1.77", 53, 1);
    guest.send("udp", 5000, "192.168.1.77", 54, 2);
    await world.advance(5);
    guest.send("udp", 5000, "192.168.1.77", again, 3);
    await settle(world);
    const over = Math.max(...net.connections().map(({ expires }) => expires));
    await world.advance(200_000);
    guest.send("udp", 5000, other, 53, 4);
    await world.advance(over + late - world.now);
    peer.send("udp", 9, laptop.address, 5000, 5);
    await settle(world);
    const isHeard = nonces(guest).includes(5);
    await world.close();
    return isHeard;
  }

  test("may send from any port until the last conversation is over, and not a moment longer", async () => {
    for (const offset of OFFSETS)
      for (const again of [53, 54])
        for (const late of [-2, 2]) expect(await getsIn(offset, again, late), `${offset} ms, port ${again}, ${late} ms`).toBe(late < 0);
  });

  test("may open a connection from another port after one was closed, while the port is the guest's", async () => {
    const nat = await behindNatNetwork();
    const { world, laptop, guest, peer } = nat;
    await connect(nat);
    peer.send("rst", 80, laptop.address, 4000, 4);
    await settle(world);
    for (const nonce of [5, 6]) {
      await world.advance(200_000);
      guest.send("syn", 4000, other, 80, nonce);
    }
    await settle(world);
    expect(nat.net.connections().map(({ remote }) => remote)).toEqual([`${other}:80`]);
    peer.send("syn", 81, laptop.address, 4000, 7);
    await settle(world);
    expect(nonces(guest)).toEqual([2, 4, 7]);
  });
});

test("a forward finds room in a table full of conversations that are over", async () => {
  const world = await lab({ capacity: { connections: 16 } });
  const laptop = world.host("laptop");
  const attach = laptop.natNetwork("office", { forward: ["dns:udp:[]:5353:[10.0.2.50]:53"] });
  const card = laptop.vm("guest", { attach, guest: "external", mac: "02:00:00:00:00:55" }).adapters[0]!;
  const guest = new Guest(world, "guest", card, { ip: "10.0.2.50", via: GATEWAY });
  const outside = laptop.vm("peer", { attach: laptop.bridged(), guest: "external", mac: "02:00:00:00:00:66" });
  await world.ready();
  const peer = new Guest(world, "peer", outside.adapters[0]!, { ip: "192.168.1.77", via: laptop.mac! });
  guest.announce();
  for (let port = 4000; port < 4017; port++) guest.send("udp", port, "192.168.1.77", 53, port);
  await settle(world);
  expect(card.network!.connections()).toHaveLength(16);
  await world.advance(301_000);
  peer.send("udp", 9, laptop.address, 5353, 1);
  await settle(world);
  expect(nonces(guest)).toEqual([1]);
  expect(world.stats().drops.NAT_FULL).toBe(1);
});

describe("NAT mode", () => {
  test("a forward without guest address finds a guest that has said nothing at 10.0.2.15", async () => {
    const forward = ["dns,udp,,5353,,53"];
    const { world, laptop, guest, peer } = await behind((l) => l.nat({ forward }), "10.0.2.15", NAT_GATEWAY);
    peer.send("udp", 4000, laptop.address, 5353, 1);
    await settle(world);
    expect(guest.heard).toMatchObject([{ port: 53, from: "192.168.1.77:4000", nonce: 1 }]);
    guest.send("udp", 53, "192.168.1.77", 4000, 2);
    await settle(world);
    expect(peer.heard).toMatchObject([{ from: `${laptop.address}:5353`, nonce: 2 }]);
  });
});
