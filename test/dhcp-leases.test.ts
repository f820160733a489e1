import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DhcpServer } from "../src/services/dhcp";
import type { DhcpConfig } from "../src/services/dhcp";
import { booksBalance, client, macOf, SERVER, serverWith } from "./dhcp-client";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

describe("choosing an address", () => {
  test("a fixed lease beats everything, and its address is nobody else's", () => {
    const server = serverWith({ fixed: { [macOf(3)]: "192.0.2.101", [macOf(4)]: "192.0.2.20" } });
    expect(client(server, 1).discover({ requested: "192.0.2.101" })?.yiaddr).toBe("192.0.2.102");
    expect(client(server, 3).boot()).toBe("192.0.2.101");
    expect(client(server, 4).boot()).toBe("192.0.2.20");
    expect(client(server, 5).request({ requested: "192.0.2.20", server: SERVER })?.type).toBe("NAK");
  });

  test("a fixed lease is the machine's: boot loader and system get it under two client ids", () => {
    const server = serverWith({ fixed: { [macOf(3)]: "192.0.2.20" } });
    expect(client(server, 3).boot({ id: [0, 1] })).toBe("192.0.2.20");
    expect(client(server, 3).boot({ id: [1, 2] })).toBe("192.0.2.20");
    expect(server.leases(0)).toHaveLength(1);
  });

  test("a wish in DISCOVER is granted when it is free and in the pool", () => {
    const server = serverWith();
    expect(client(server, 1).boot({ requested: "192.0.2.105" })).toBe("192.0.2.105");
    expect(client(server, 2).discover({ requested: "192.0.2.105" })?.yiaddr).toBe("192.0.2.101");
    expect(client(server, 3).discover({ requested: "192.0.2.222" })?.yiaddr).toBe("192.0.2.102");
  });

  test("an address out of range is refused in REQUEST", () => {
    expect(client(serverWith(), 1).request({ requested: "192.0.2.222", server: SERVER })?.type).toBe("NAK");
  });

  test("when the pool is used up, released goes before expired, and the oldest first", () => {
    const server = serverWith({ pool: { from: "192.0.2.101", to: "192.0.2.104" } });
    for (let n = 1; n <= 4; n++) client(server, n).boot({}, n * SECOND);
    const releases = (n: number, now: number) => client(server, n).tell("RELEASE", { ciaddr: `192.0.2.10${n}` }, now);
    releases(4, 10 * SECOND);
    releases(3, 11 * SECOND);
    const later = 20 * MINUTE;
    expect([5, 6, 7, 8].map((n) => client(server, n).boot({}, later))).toEqual([
      "192.0.2.104",
      "192.0.2.103",
      "192.0.2.101",
      "192.0.2.102",
    ]);
  });

  test("the server's, routers' and DNS servers' own addresses are never leased", () => {
    const server = serverWith({
      pool: { from: "192.0.2.1", to: "192.0.2.5" },
      router: "192.0.2.2",
      dns: ["192.0.2.3", "198.51.100.1"],
    });
    expect([1, 2, 3].map((n) => client(server, n).boot())).toEqual(["192.0.2.4", "192.0.2.5", null]);
  });

  test("a fixed lease added while it runs: the holder keeps the address until he renews", () => {
    const server = serverWith();
    client(server, 1).boot();
    server.addFixedLease(macOf(2), "192.0.2.101");
    expect(client(server, 2).boot()).toBe("192.0.2.102");
    expect(client(server, 1).request({ ciaddr: "192.0.2.101" })?.type).toBe("NAK");
    expect(client(server, 1).boot()).toBe("192.0.2.103");
    expect(client(server, 2).request({ ciaddr: "192.0.2.102" })?.type).toBe("NAK");
    expect(client(server, 2).boot()).toBe("192.0.2.101");
  });

  test("a fixed lease removed while it runs: the address is the pool's again", () => {
    const server = serverWith({ fixed: { [macOf(9)]: "192.0.2.101", [macOf(8)]: "192.0.2.20" } });
    expect(client(server, 1).boot()).toBe("192.0.2.102");
    server.removeFixedLease(macOf(9));
    expect(client(server, 2).boot()).toBe("192.0.2.101");
    expect(client(server, 8).boot()).toBe("192.0.2.20");
    server.removeFixedLease(macOf(8));
    expect(client(server, 8).request({ ciaddr: "192.0.2.20" })?.type).toBe("NAK");
    expect(client(server, 8).boot()).toBe("192.0.2.103");
    expect(() => server.removeFixedLease(macOf(8))).toThrow(expect.objectContaining({ code: "DHCP_CONFIG" }));
  });

  test("a client that changes its mind has one address, not two", () => {
    const server = serverWith({ pool: { from: "192.0.2.101", to: "192.0.2.102" } });
    client(server, 1).boot();
    server.addFixedLease(macOf(1), "192.0.2.20");
    expect(client(server, 1).boot()).toBe("192.0.2.20");
    expect([2, 3].map((n) => client(server, n).boot())).toEqual(["192.0.2.102", "192.0.2.101"]);
  });
});

describe("lease times", () => {
  const leaseOf = (config: Partial<DhcpConfig>, asked?: number) =>
    client(serverWith(config), 1).discover({ leaseTime: asked })!.lease;

  test("300 to 43200 s, 600 when the client does not care", () => {
    expect([undefined, 1, 1200, 0xffffffff].map((asked) => leaseOf({}, asked))).toEqual([600, 300, 1200, 43200]);
  });

  test.each([
    [{ default: 120_000 }, [120, 120, 43200]],
    [{ max: 200_000 }, [200, 200, 200]],
    [{ min: 900_000 }, [900, 900, 43200]],
    [{ default: 86_400_000 }, [86400, 300, 86400]],
    [{ min: 50_000_000 }, [50000, 50000, 50000]],
    [{ min: 900_000, max: 60_000 }, [600, 60, 900]],
    [{ min: 10_000, default: 20_000, max: 30_000 }, [20, 10, 30]],
  ])("missing ones derive and swapped ones are swapped back: %o", (leaseTime, seconds) => {
    expect([undefined, 1, 0xffffffff].map((asked) => leaseOf({ leaseTime }, asked))).toEqual(seconds);
  });

  test("rfc2131 T1 is half the lease, T2 seven eighths", () => {
    const offer = client(serverWith(), 1).discover({ ask: [58, 59] });
    expect([offer!.option(58), offer!.option(59)]).toEqual([
      [0, 0, 1, 44],
      [0, 0, 2, 13],
    ]);
  });
});

describe("ten thousand clients", () => {
  const pool = { from: "10.1.0.1", to: "10.1.39.16" }; // 10,000 addresses
  const big = (config: Partial<DhcpConfig> = {}) =>
    new DhcpServer({ serverAddress: "10.1.255.254", prefix: 16, pool, ...config });

  test("exhaust a pool of ten thousand, each with an address of its own, and reuse it", () => {
    const server = big();
    const addresses = new Set<string | null>();
    for (let n = 0; n < 10_000; n++) addresses.add(client(server, n + 1).boot({}, n));
    expect(addresses.size).toBe(10_000);
    expect(client(server, 20_000).boot({}, 10_000)).toBeNull();

    const reused = new Set<string | null>();
    for (let n = 0; n < 10_000; n++) reused.add(client(server, 30_000 + n).boot({}, 20 * MINUTE));
    expect(reused).toEqual(addresses);
    expect(server.leases(20 * MINUTE)).toHaveLength(10_000);
    booksBalance(server);
  });

  test("a flood of made-up clients takes no more memory than the capacity, and is over a minute later", () => {
    const server = big({ capacity: 1000 });
    for (let n = 0; n < 5000; n++) client(server, n + 1).discover();
    expect(server.leases(0)).toHaveLength(1000);
    expect(client(server, 9999).boot({}, MINUTE)).toBe("10.1.0.1");
  });
});

describe("a saved server", () => {
  const config: Partial<DhcpConfig> = { fixed: { [macOf(9)]: "192.0.2.20" }, leaseTime: { min: 1000 } };

  test("goes on exactly as the one it was saved from", () => {
    type Step = {
      n: number;
      say: "boot" | "DISCOVER" | "RELEASE" | "DECLINE" | "REQUEST";
      id: boolean;
      time: number;
      address: number;
    };
    const step: fc.Arbitrary<Step> = fc.record({
      n: fc.integer({ min: 1, max: 14 }),
      say: fc.constantFrom("boot", "DISCOVER", "RELEASE", "DECLINE", "REQUEST"),
      id: fc.boolean(),
      time: fc.integer({ min: 0, max: 4 * MINUTE }),
      address: fc.integer({ min: 100, max: 112 }),
    });
    const play = (server: DhcpServer, steps: Step[], from: number): [number, unknown[]] => {
      let now = from;
      const heard = steps.map(({ n, say, id, time, address }) => {
        now += time;
        const who = client(server, n);
        const its = id ? { id: [0, n] } : {};
        const ip = server.findLease(who.mac, now)?.address ?? `192.0.2.${address}`;
        if (say === "boot") return who.boot(its, now);
        return who.tell(
          say,
          say === "DECLINE" ? { ...its, requested: ip } : say === "DISCOVER" ? its : { ...its, ciaddr: ip },
          now,
        )?.decoded;
      });
      return [now, heard];
    };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.array(step, { maxLength: 60 }), (before, after) => {
        const first = serverWith(config);
        const [now] = play(first, before, 0);
        const second = serverWith();
        expect(second.load(JSON.parse(JSON.stringify(first.save())))).toBe(0);
        expect(second.save()).toEqual(first.save());
        expect(play(second, after, now)).toEqual(play(first, after, now));
        expect(second.save()).toEqual(first.save());
        booksBalance(first);
      }),
      { seed: 4, numRuns: 100 },
    );
  });

  test("leaves out what does not fit its new pool", () => {
    const server = serverWith();
    for (let n = 1; n <= 4; n++) client(server, n).boot();
    const smaller = serverWith({ pool: { from: "192.0.2.103", to: "192.0.2.110" } });
    expect(smaller.load(server.save())).toBe(2);
    expect(smaller.leases(0).map((lease) => lease.address)).toEqual(["192.0.2.103", "192.0.2.104"]);
  });

  test.each([
    ["nothing", null],
    ["another version", { version: 2 }],
    ["half a state", { version: 1, fixed: {} }],
    [
      "a lease of no state",
      { ...serverWith().save(), leases: [{ address: "192.0.2.101", state: "mine", expires: 0 }] },
    ],
    ["a lease without an end", { ...serverWith().save(), leases: [{ address: "192.0.2.101", state: "bound" }] }],
    ["an address that is none", { ...serverWith().save(), leases: [{ address: "x", state: "bound", expires: 1 }] }],
    ["a fixed lease from elsewhere", { ...serverWith().save(), fixed: { [macOf(1)]: "198.51.100.1" } }],
    ["no counters", { ...serverWith().save(), stats: {} }],
  ])("that is %s is refused, and nothing has changed", (_, value) => {
    const server = serverWith(config);
    client(server, 1).boot();
    const before = server.save();
    expect(() => server.load(value)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^DHCP_/) }));
    expect(server.save()).toEqual(before);
  });
});
