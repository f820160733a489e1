/**
 * One VM in each of the five modes, and what each can reach.
 *
 *   node examples/five-modes.mjs
 */
import { createLab } from "fivewire";

const lab = await createLab();
const laptop = lab.host("laptop");
const printer = lab.host("printer");

const backend = laptop.internal("backend");
const vms = [
  laptop.vm("nat", laptop.nat()),
  laptop.vm("natNetwork", laptop.natNetwork("office")),
  laptop.vm("bridged", laptop.bridged()),
  laptop.vm("internal", { attach: backend, address: "10.9.0.2/24" }),
  laptop.vm("hostOnly", laptop.hostOnly()),
];
await lab.ready();

for (const vm of vms) {
  console.log(vm.name.padEnd(11), vm.address.padEnd(15), await answer(vm, laptop), await answer(vm, printer));
}
await lab.close();

/** What became of a ping: the time to live it came back with, or the code of the error. */
async function answer(from, to) {
  const result = await from.ping(to).then(
    ({ ttl }) => `ttl ${ttl}`,
    (error) => error.code,
  );
  return `${to.name}: ${result}`.padEnd(18);
}
