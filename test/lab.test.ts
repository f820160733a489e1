import { describe, expect, test } from "vitest";
import { createLab } from "../src/index";

describe("a NAT network", () => {
  test("two VMs get leases and ping each other", async () => {
    const lab = await createLab();
    const laptop = lab.host("laptop");
    const office = laptop.natNetwork("office");
    const alice = laptop.vm("alice", office);
    const bob = laptop.vm("bob", office);
    await lab.ready();
    expect(laptop.address).toBe("192.168.1.100");
    expect(new Set([alice.address, bob.address])).toEqual(new Set(["10.0.2.4", "10.0.2.5"]));

    const reply = await alice.ping(bob);
    expect(reply).toMatchObject({ from: bob.address, ttl: 64 });
    expect(lab.stats().balance).toBe(0);
    await lab.close();
  });
});
