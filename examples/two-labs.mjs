/**
 * Two labs joined by one line: an adapter offers the shape of a FramePort, so it can be the guest of an adapter elsewhere.
 *
 *   node examples/two-labs.mjs
 */
import { createLab } from "fivewire";

const [here, there] = [await createLab({ seed: "here" }), await createLab({ seed: "there" })];
const [left, right] = [here.host("left"), there.host("right")];

const far = right.vm("uplink", { attach: right.internal("net"), guest: "external" });
left.vm("uplink", { attach: left.internal("net"), guest: far.adapters[0] }); // the one line

const alice = left.vm("alice", { attach: left.internal("net"), address: "10.9.0.1/24" });
const bob = right.vm("bob", { attach: right.internal("net"), address: "10.9.0.2/24" });

// Each lab has a virtual clock of its own, so the waiting one runs ahead: give it a minute of its time.
const { from, ttl } = await alice.ping(bob.address, { timeout: 60_000 });
console.log(`${from} answers, ttl ${ttl}`);
await Promise.all([here.close(), there.close()]);
