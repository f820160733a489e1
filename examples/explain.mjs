/**
 * What would become of a frame, step by step, without sending it.
 *
 *   node examples/explain.mjs
 */
import { createLab } from "fivewire";
import { describe } from "fivewire/inspect";

const lab = await createLab();
const laptop = lab.host("laptop");
const alice = laptop.vm("alice", laptop.natNetwork("office"));
const spy = laptop.vm("spy", { attach: laptop.natNetwork("office"), guest: "external", promiscuous: "allow-all" });
await lab.ready();

// A real frame to ask about: what alice sends when she pings the LAN's router.
const heard = [];
spy.adapters[0].onframe = (frame) => heard.push(frame);
await alice.ping("192.168.1.1");
const request = heard.find((frame) => describe(frame).includes("echo request"));

const { steps, text } = await lab.explain(request, alice.adapters[0]);
for (const { at, text: step, consequence } of steps) if (!consequence) console.log(`${at.padEnd(24)} ${step}`);
console.log(text);
await lab.close();
