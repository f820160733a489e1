/**
 * What if? A fork is the same lab at the same instant; what happens in one does not happen in the other.
 *
 *   node examples/fork.mjs
 */
import { createLab } from "fivewire";

const lab = await createLab();
const laptop = lab.host("laptop");
const office = laptop.natNetwork("office");
laptop.vm("alice", office);
laptop.vm("bob", office);
await lab.ready();
await pingIn("before", lab);

const other = await lab.fork(); // things are found by name in it
other.machine("bob").adapters[0].cable = false;

await pingIn("in the lab", lab);
await pingIn("in the fork, cable pulled", other);
console.log("the fork dropped", other.stats().drops);

const saved = structuredClone(lab.snapshot()); // plain values: fit for a file or IndexedDB
const restored = await createLab({ from: saved });
console.log("restored equals saved:", restored.stateHash() === lab.stateHash());
await Promise.all([lab, other, restored].map((each) => each.close()));

async function pingIn(label, world) {
  const result = await world
    .machine("alice")
    .ping(world.machine("bob"))
    .catch((error) => error);
  console.log(`${label}: ${result.code ?? `ttl ${result.ttl}`}`);
}
