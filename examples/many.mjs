/**
 * Many VMs on one network: they boot through DHCP, and each pings its neighbour.
 *
 *   node examples/many.mjs [1000]
 */
import { createLab } from "fivewire";

const count = Number(process.argv[2] ?? 1000);
const lab = await createLab();
const laptop = lab.host("laptop");
const network = laptop.natNetwork("big", { network: "10.0.0.0/16" });
const vms = Array.from({ length: count }, (_, i) => laptop.vm(`vm${i}`, network));

const boot = await seconds(() => lab.ready());
const ping = await seconds(() => Promise.all(vms.map((vm, i) => vm.ping(vms[(i + 1) % count], { timeout: 10_000 }))));

const { frames, balance } = lab.stats();
const handled = frames.originated + frames.copies;
console.log(`${count} VMs: ${boot.toFixed(2)} s until all have a lease, ${ping.toFixed(2)} s until all were answered`);
console.log(`${handled} frames, of which ${frames.copies} are copies made by broadcasts; ${balance} went missing`);
console.log(`${(handled / (boot + ping) / 1e6).toFixed(2)} million frames/s`);
await lab.close();

async function seconds(act) {
  const began = performance.now();
  await act();
  return (performance.now() - began) / 1000;
}
