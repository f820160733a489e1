/**
 * Two homes, each with a router and NAT, and a server on the internet. A VM behind a NAT network finds out the way by
 * raising the time to live one hop at a time.
 *
 *   node examples/internet.mjs
 */
import { createLab } from "fivewire";

const lab = await createLab();
const laptop = lab.host("laptop", lab.lan("north"));
lab.host("desktop", lab.lan("south"));
const server = lab.host("server", lab.internet);
const alice = laptop.vm("alice", laptop.natNetwork("office"));
await lab.ready();

for (let ttl = 1; ttl <= 4; ttl++) {
  const found = await alice.ping(server, { ttl }).catch((error) => error);
  console.log(ttl, found.message ?? `${found.from} answers after ${found.rtt} ms`);
  if (!found.message) break;
}

for (const router of lab.routers)
  console.log(router.name, router.addresses.join(" "), router.connections().length, "connections");
await lab.close();
