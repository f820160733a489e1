import { expect, test } from "vitest";
import { createLab } from "../src/index";
import { engineOf } from "./inside";

/** Chromium runs tests beside its own work; a tenth shows the same. */
const MACHINES = typeof window === "undefined" ? 10_000 : 1000;

test(`${MACHINES} machines on one network get their addresses by DHCP and ping`, { timeout: 120_000 }, async () => {
  const began = performance.now();
  const seconds = (): string => ((performance.now() - began) / 1000).toFixed(1);
  const lab = await createLab({ capacity: { stations: 16_384, frames: 16_384, flights: 65_536 } });
  const used = engineOf(lab).save().bytes.length;
  const laptop = lab.host("laptop", []);
  const field = laptop.internal("field", {
    dhcp: { serverAddress: "10.0.0.1", prefix: 16, pool: { from: "10.0.1.0", to: "10.0.255.254" } },
  });
  const vms = Array.from({ length: MACHINES }, (_, i) => laptop.vm(`vm${i}`, field));
  const made = seconds();
  await lab.ready();
  const booted = seconds();
  expect(new Set(vms.map((vm) => vm.address)).size).toBe(MACHINES);
  expect(new Set(vms.map((vm) => vm.mac)).size).toBe(MACHINES);
  expect(field.leases()).toHaveLength(MACHINES);

  // Everybody pings a neighbour; a few at a time, so that ARP's broadcasts (each to all of them) stay a field's murmur.
  const answers = new Map<string, string>();
  const some = Array.from({ length: 100 }, (_, i) => (i * 9973) % MACHINES);
  for (const i of some) {
    const target = vms[(i + 1) % MACHINES]!;
    const { from } = await vms[i]!.ping(target, { timeout: 5000 });
    answers.set(target.address, from);
  }
  for (const [asked, answered] of answers) expect(answered).toBe(asked);
  expect(lab.stats().balance).toBe(0);
  const bytes = engineOf(lab).save().bytes.length - used;
  console.log(
    `${MACHINES} machines: made in ${made} s, booted by ${booted} s, ${some.length} pings by ${seconds()} s (${lab.now.toFixed(0)} ms of ` +
      `virtual time, ${lab.stats().frames.consumed + lab.stats().frames.dropped} frames); ${Math.round(bytes / MACHINES)} bytes of engine memory each`,
  );
  await lab.close();
});
