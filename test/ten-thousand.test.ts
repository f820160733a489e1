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

  // Every tenth pings the next, a hundred at a time: each ARP request is heard by all.
  const pinging = vms.filter((_, i) => i % 10 === 0);
  for (let first = 0; first < pinging.length; first += 100) {
    const hundred = pinging.slice(first, first + 100);
    const asked = hundred.map((_, i) => vms[((first + i) * 10 + 1) % MACHINES]!.address);
    const answers = await Promise.all(hundred.map((vm, i) => vm.ping(asked[i]!, { timeout: 5000 })));
    expect(answers.map(({ from }) => from)).toEqual(asked);
  }
  expect(lab.stats().balance).toBe(0);
  const bytes = engineOf(lab).save().bytes.length - used;
  console.log(
    `${MACHINES} machines: made in ${made} s, booted by ${booted} s, ${pinging.length} have pinged by ${seconds()} s (${lab.now.toFixed(0)} ms of ` +
      `virtual time, ${lab.stats().frames.consumed + lab.stats().frames.dropped} frames); ${Math.round(bytes / MACHINES)} bytes of engine memory each`,
  );
  await lab.close();
});
