import { expect, test } from "vitest";
import { code, lab, watch } from "./world";
import { codeOf } from "./inside";

/** A VM on a NAT network, behind a home router, and a server on the internet: three hops. */
async function threeHops() {
  const world = await lab();
  const laptop = world.host("laptop");
  const server = world.host("server", world.internet);
  const alice = laptop.vm("alice", laptop.natNetwork("office"));
  const nina = laptop.vm("nina", laptop.nat());
  await world.ready();
  return { world, laptop, server, alice, nina };
}

for (const protocol of ["udp", "icmp"] as const) {
  test(`three hops are three hops over ${protocol}, through two NATs`, async () => {
    const { world, server, alice } = await threeHops();
    const trace = await alice.traceroute(server, { protocol });
    expect(trace).toMatchObject({ target: server.address, reached: true });
    expect(trace.hops.map(({ ttl, address, error }) => [ttl, address, error])).toEqual([
      [1, "10.0.2.1", null], [2, "192.168.1.1", null], [3, server.address, null],
    ]);
    const rtts = trace.hops.map(({ rtt }) => rtt!);
    expect(rtts[0]).toBeGreaterThan(0);
    expect(rtts[1]).toBeGreaterThan(rtts[0]!);
    expect(rtts[2]).toBeGreaterThan(rtts[1]!);
    const again = await alice.traceroute(server, { protocol });
    const { rtt } = await alice.ping(server);
    expect(again.hops[2]!.rtt).toBeCloseTo(rtt, 6); // now that everybody knows everybody's MAC
    expect(world.stats().frames.live).toBe(0);
  });
}

test("the gateway of NAT mode, which answers no ping, still says that a hop ran out", async () => {
  const { alice: _, nina, server } = await threeHops();
  const { hops } = await nina.traceroute(server);
  expect(hops.map(({ address }) => address)).toEqual(["10.0.2.2", "192.168.1.1", server.address]);
});

test("a router that says nothing is a hop without an address, asked as often as wanted, and the way goes on", async () => {
  const world = await lab();
  const east = world.lan("east", { network: "10.1.0.0/24", router: false });
  const west = world.lan("west", { network: "10.2.0.0/24", router: false });
  world.router("core", { legs: [{ network: east, address: "10.1.0.1/24" }, { network: west, address: "10.2.0.1/24" }] });
  const a = world.host("a", east, { address: "10.1.0.2/24", gateway: "10.1.0.1" });
  const b = world.host("b", west, { address: "10.2.0.2/24" }); // it knows no way back
  const began = world.now;
  const { reached, hops } = await a.traceroute(b, { maxHops: 3, timeout: 100, tries: 3 });
  expect(reached).toBe(false);
  expect(hops).toMatchObject([{ ttl: 1, address: "10.1.0.1" }, { ttl: 2, address: null, rtt: null }, { ttl: 3, address: null, rtt: null }]);
  expect(world.now - began).toBeGreaterThanOrEqual(600);
});

test("where a router knows no way on, the trace ends there and says so", async () => {
  const world = await lab();
  const laptop = world.host("laptop");
  await world.ready();
  const { reached, hops } = await laptop.traceroute("198.51.100.9");
  expect(reached).toBe(false);
  expect(hops.at(-1)).toMatchObject({ address: "192.168.1.1", error: "UNREACHABLE" });
});

for (const protocol of ["udp", "icmp"] as const) {
  test(`a target that is not there ends the trace over ${protocol} at the router that says so, with the time that its probe took`, async () => {
    const { world, alice } = await threeHops();
    // Of impatient probes the router, which asks for the target's MAC for three seconds, keeps only the last ones to speak of.
    for (const [timeout, ttl] of [[1000, 3], [400, 5]] as const) {
      const began = world.now;
      const { reached, hops } = await alice.traceroute("203.0.113.200", { protocol, timeout });
      expect(reached).toBe(false);
      expect(hops).toHaveLength(ttl);
      const last = hops.at(-1)!;
      expect(last).toMatchObject({ ttl, address: "203.0.113.1", error: "UNREACHABLE" });
      expect(last.rtt).toBeGreaterThan(timeout);
      expect(world.now - began).toBeGreaterThan(last.rtt!);
      expect(world.now - began).toBeLessThan(5000);
      await world.advance(60_000); // and has forgotten that nobody answers
    }
    expect(world.stats().balance).toBe(0);
  });
}

test("a neighbour is one hop, and oneself is one too", async () => {
  const { alice, laptop } = await threeHops();
  expect((await laptop.traceroute(laptop)).hops).toMatchObject([{ address: laptop.address }]);
  expect((await alice.traceroute("10.0.2.1")).hops).toMatchObject([{ ttl: 1, address: "10.0.2.1" }]);
});

test("a target whose port is open answers with what it likes, and is reached", async () => {
  const { server, alice } = await threeHops();
  const echo = server.udp(33436); // the third probe's
  void (async () => { for await (const { data, from } of echo) echo.send(data, from); })();
  const { reached, hops } = await alice.traceroute(server);
  expect(reached).toBe(true);
  expect(hops).toHaveLength(3);
  echo.close();
});

test("wrong options, no way and a neighbour who is not there are named errors", async () => {
  const { world, laptop, alice } = await threeHops();
  const lonely = laptop.vm("lonely", { attach: laptop.internal("backend"), address: "10.9.0.2/24" });
  const attempts: [string, () => unknown][] = [
    ["OPTION", () => alice.traceroute(laptop, { protocol: "tcp" as never })],
    ["OPTION", () => alice.traceroute(laptop, { maxHops: 0 })],
    ["OPTION", () => alice.traceroute(laptop, { tries: 1.5 })],
    ["OPTION", () => alice.traceroute(laptop, { port: 65_535 })],
    ["OPTION", () => alice.traceroute(laptop, { timeout: -1 })],
    ["OPTION", () => alice.traceroute(laptop, { hops: 3 } as never)],
    ["ADDRESS", () => alice.traceroute("10.0.2.999")],
    ["UNREACHABLE", () => laptop.traceroute("192.168.1.77")],
    ["UNREACHABLE", () => laptop.traceroute("192.168.1.78", { protocol: "icmp" })],
    ["NO_ROUTE", () => lonely.traceroute("198.51.100.1")],
  ];
  for (const [expected, attempt] of attempts) expect(await codeOf(attempt), attempt.toString()).toBe(expected);
  const under = (["udp", "icmp"] as const).map((protocol) => code(alice.traceroute("198.51.100.1", { protocol })));
  await world.sleep(1);
  await alice.remove();
  laptop.vm("heir", laptop.internal("backend")); // takes the place of alice, and must not speak for it
  expect(await Promise.all(under)).toEqual(["REMOVED", "REMOVED"]);
  expect(world.stats().balance).toBe(0);
});

test("a fork in the middle of a trace keeps no port of it", async () => {
  const { world, alice, server } = await threeHops();
  const tracing = alice.traceroute(server);
  await world.sleep(0.3);
  const fork = watch(await world.fork());
  expect((await tracing).reached).toBe(true);
  const twin = fork.machine("alice")!;
  expect((await twin.traceroute(fork.machine("server")!)).hops).toHaveLength(3);
  expect(twin.sockets).toEqual([]);
});
