/**
 * Two labs joined by one line: an adapter offers the shape of a FramePort, so it can be the guest of an adapter elsewhere.
 *
 *   node examples/two-labs.mjs
 */
import { createLab } from "fivewire";

// Two virtual clocks would each run ahead of the other; the real one is the same for both.
const here = await createLab({ seed: "here", clock: "real" });
const there = await createLab({ seed: "there", clock: "real" });
const [left, right] = [here.host("left"), there.host("right")];

const far = right.vm("uplink", { attach: right.internal("net"), guest: "external" });
left.vm("uplink", { attach: left.internal("net"), guest: far.adapters[0] }); // the one line

const alice = left.vm("alice", { attach: left.internal("net"), address: "10.9.0.1/24" });
const bob = right.vm("bob", { attach: right.internal("net"), address: "10.9.0.2/24" });

const { from, ttl } = await alice.ping(bob.address);
console.log(`${from} answers, ttl ${ttl}`);
await Promise.all([here.close(), there.close()]);
