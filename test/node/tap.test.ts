import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLab, type Lab } from "../../src/index";
import { tap } from "../../src/guests/tap";
import { part } from "../parts";
import { Kernel, missingForTap } from "./kernel";

describe.skipIf(!part("tap", missingForTap))("this machine's kernel at the far end of a TAP", () => {
  let lab: Lab;
  let kernel: Kernel;

  beforeAll(async () => {
    kernel = await Kernel.start("10.9.0.1/24");
    lab = await createLab({ clock: "real" });
    const wire = lab.host("laptop").internal("wire");
    const laptop = lab.machine("laptop") as ReturnType<typeof lab.host>;
    laptop.vm("alice", { attach: wire, address: "10.9.0.2/24" });
    laptop.vm("kernel", { attach: wire, guest: kernel.cable });
    await lab.ready();
  });

  afterAll(async () => {
    await lab?.close();
    await kernel?.stop();
  });

  test("pings a built-in VM, full frames too", async () => {
    const output = await kernel.run("busybox", "ping", "-c", "3", "-i", "0.2", "-s", "1400", "-W", "5", "10.9.0.2");
    expect(output).toContain("3 packets received, 0% packet loss");
  });

  test("is pinged by a built-in VM", async () => {
    const answer = await lab.machine("alice")!.ping("10.9.0.1");
    expect(answer).toMatchObject({ from: "10.9.0.1", ttl: 64 });
  });

  test("a cable taken to an interface that is in use says so", async () => {
    const first = tap({ name: `fwx${process.pid}`.slice(0, 15) });
    await first.ready;
    const second = tap({ name: first.name });
    await expect(second.ready).rejects.toMatchObject({ code: "LISTEN", message: expect.stringContaining("in use") });
    await first.close();
  });
});

test("a TAP's name is checked before anything is opened", () => {
  expect(() => tap({ name: "a name with spaces" })).toThrow(/1 to 15 characters/);
});
