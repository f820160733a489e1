import { test } from "vitest";
import { createLab } from "../src/index";
test("x", async () => {
  const lab = await createLab({ seed: 1 });
  const laptop = lab.host("laptop"); const printer = lab.host("printer");
  const office = laptop.natNetwork("office");
  const alice = laptop.vm("alice", office), bob = laptop.vm("bob", office);
  const web = laptop.vm("web", laptop.nat());
  await lab.ready();
  console.log(await alice.ping(bob), await alice.ping(printer), await web.ping(printer));
  console.log(laptop.address, alice.address, lab.now, lab.stats(), lab.stateHash());
  const f = await lab.fork({replay:true});
  console.log(f.stateHash(), f.machines.map(String));
  await lab.close(); await f.close();
});
