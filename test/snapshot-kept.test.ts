/** A snapshot is a value: whoever keeps one has that instant, whatever the lab does afterwards. */
import { expect, test } from "vitest";
import { createLab } from "../src/index";
import type { Lab } from "../src/index";
import { smallLab } from "./inside";

async function busyLab(): Promise<Lab> {
  const lab = await smallLab();
  const laptop = lab.host("laptop");
  lab.host("server");
  const office = laptop.natNetwork("office");
  laptop.vm("alice", office);
  laptop.vm("bob", office);
  office.capture();
  await lab.ready();
  lab.machine("alice")!.udp(5000);
  await lab.machine("alice")!.ping(lab.machine("server")!);
  return lab;
}

/** Something of everything that leaves a trace: traffic, unread datagrams, sockets, rules, machines, cables, captures, forks. */
async function goOn(lab: Lab): Promise<void> {
  const laptop = lab.hosts[0]!;
  const office = laptop.network("office")!;
  const [alice, bob] = [lab.machine("alice")!, lab.machine("bob")!];
  bob.udp(6000).send("kept unread", { machine: alice, port: 5000 });
  await lab.advance(10);
  office.forward("web,tcp,,8080,10.0.2.4,80");
  const carol = laptop.vm("carol", [office, laptop.internal("backend")]);
  lab.host("printer");
  await lab.ready();
  await carol.ping(lab.machine("server")!);
  carol.adapters[0]!.cable = false;
  await lab.vms.find(({ name }) => name === "bob")!.remove();
  await (await lab.fork()).close();
  await lab.advance(100_000);
}

test("a snapshot that is kept does not change when its lab goes on", async () => {
  const lab = await busyLab();
  const kept = lab.snapshot();
  const copy = structuredClone(kept);
  await goOn(lab);
  expect(kept.state).toEqual(copy.state);
  expect(kept).toEqual(copy);
  await lab.close();
});

test("nor when a lab that was made from it goes on, and another made from it begins where the first did", async () => {
  const lab = await busyLab();
  const kept = lab.snapshot();
  const copy = structuredClone(kept);
  const first = await createLab({ from: kept });
  const begin = first.stateHash();
  await goOn(first);
  expect(kept.state).toEqual(copy.state);
  expect(kept).toEqual(copy);
  const second = await createLab({ from: kept });
  expect(second.stateHash()).toBe(begin);
  for (const each of [lab, first, second]) await each.close();
});
