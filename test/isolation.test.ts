import { expect, test } from "vitest";
import type { Adapter, Lab, Network } from "../src/index";
import { createLab } from "../src/index";
import { BROADCAST, frame } from "./guest";
import { dice, faultsInBooks } from "./inside";
import { be32 } from "./packets";

const NETWORKS = 8;
const GUESTS = 40;
/** Few MACs on many networks: the same ones are everywhere. */
const MACS = Array.from({ length: 6 }, (_, i) => `02:00:00:00:00:0${i + 1}`);
const TYPE = 0x88b5;

/** A frame whose payload says which network it belongs to, and when it was sent. */
function marked(dst: string, src: string, network: number, serial: number): Uint8Array {
  return frame(dst, src, TYPE, [...be32(0x600df00d), ...be32(network), ...be32(serial), ...new Array<number>(34).fill(0)]);
}

/** What a guest hears belongs to the network it is on at that moment. */
function watch(adapter: Adapter, heard: { frames: number; wrong: string[] }): void {
  adapter.onframe = (bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    if (bytes.length < 26 || view.getUint32(14) !== 0x600df00d) return;
    heard.frames++;
    const [network, serial] = [view.getUint32(18), view.getUint32(22)];
    const here = adapter.network?.id;
    if (here !== network) heard.wrong.push(`${adapter.name} on network ${here} heard frame ${serial} of network ${network}`);
  };
}

async function world(seed: number): Promise<{ lab: Lab; networks: Network[]; adapters: Adapter[]; heard: { frames: number; wrong: string[] } }> {
  const lab = await createLab({ seed, capacity: { stations: 256, frames: 2048, flights: 8192, connections: 64, events: 4096 }, wire: { delay: 0.3 } });
  const host = lab.host("host", []);
  const networks = Array.from({ length: NETWORKS }, (_, i) =>
    host.internal(`network ${i}`, { switch: i % 3 === 2 ? "virtualbox" : "learning" }));
  const heard = { frames: 0, wrong: [] as string[] };
  const adapters = Array.from({ length: GUESTS }, (_, i) => {
    const options = { attach: networks[i % NETWORKS]!, guest: "external" as const, wire: { delay: (i % 5) * 0.4 } };
    const adapter = host.vm(`guest ${i}`, i % 7 === 0 ? { ...options, promiscuous: "allow-all" } : options).adapters[0]!;
    watch(adapter, heard);
    return adapter;
  });
  return { lab, networks, adapters, heard };
}

test.each([1, 2, 3, 4, 5])("no frame of one network is ever seen on another, whoever moves while it is under way (seed %i)", async (seed) => {
  const { lab, networks, adapters, heard } = await world(seed);
  const random = dice(seed);
  const pick = <T>(things: readonly T[]): T => things[Math.floor(random() * things.length)]!;
  const host = lab.hosts[0]!;
  const live = [...adapters];
  let serial = 0;
  for (let step = 0; step < 3000; step++) {
    const adapter = pick(live);
    const luck = random();
    if (luck < 0.85) {
      if (!adapter.network) continue;
      const dst = random() < 0.3 ? BROADCAST : pick(MACS);
      adapter.send(marked(dst, pick(MACS), adapter.network.id, serial++));
    } else if (luck < 0.93) {
      adapter.attach(pick(networks));
    } else if (luck < 0.96) {
      adapter.leave();
    } else if (luck < 0.98) {
      adapter.cable = !adapter.cable;
    } else {
      // One goes, and a new one comes that gets its port.
      live.splice(live.indexOf(adapter), 1);
      void lab.vms.find((vm) => vm.adapters[0] === adapter)!.remove();
      const [made] = host.vm(`guest of step ${step}`, { attach: pick(networks), guest: "external" }).adapters;
      watch(made!, heard);
      live.push(made!);
    }
    if (random() < 0.3) await lab.advance(random() * 1.2);
  }
  await lab.advance(20);
  expect(heard.wrong).toEqual([]);
  expect(heard.frames).toBeGreaterThan(1500);
  expect(faultsInBooks(lab)).toEqual([]);
  expect(lab.stats().frames.live).toBe(0);
  await lab.close();
});

test("a network that is removed takes its frames along, and its number can be another's at once", async () => {
  const { lab, networks, adapters, heard } = await world(9);
  const host = lab.hosts[0]!;
  for (const adapter of adapters) adapter.send(marked(BROADCAST, MACS[0]!, adapter.network!.id, 1));
  const [gone] = networks;
  const orphans = adapters.filter((adapter) => adapter.network === gone);
  gone!.remove();
  const next = host.internal("the next one");
  for (const orphan of orphans) orphan.attach(next);
  await lab.advance(20);
  expect(heard.wrong).toEqual([]);
  expect(faultsInBooks(lab)).toEqual([]);
  await lab.close();
});

test("networks with the same addresses and the same NAT do not meet", async () => {
  const lab = await createLab({ capacity: { stations: 256, frames: 1024, flights: 1024, connections: 512, events: 1024 } });
  const hosts = [lab.host("laptop"), lab.host("desk")];
  const server = lab.host("server");
  const vms = hosts.flatMap((host) => [
    ...["office", "lab"].flatMap((name) => [1, 2].map((i) => host.vm(`${host.name} ${name} ${i}`, host.natNetwork(name)))),
    ...[1, 2].map((i) => host.vm(`${host.name} nat ${i}`, host.nat())),
  ]);
  await lab.ready();
  expect(new Set(vms.map((vm) => vm.address)).size).toBeLessThan(vms.length);

  for (const host of hosts) await host.ping(server); // else more than four packets would wait for ARP

  // Everybody from the same port to the same server; it answers each with the name it was told.
  const socket = server.udp(53);
  void (async () => { for await (const { data, from } of socket) socket.send(data, from); })();
  const answers = await Promise.all(vms.map(async (vm) => {
    const own = vm.udp(5000);
    own.send(vm.name, { machine: server, port: 53 });
    const { data } = await own.receive({ timeout: 5000 });
    return new TextDecoder().decode(data);
  }));
  expect(answers).toEqual(vms.map((vm) => vm.name));
  await Promise.all(vms.map((vm) => vm.ping(server)));
  expect(faultsInBooks(lab)).toEqual([]);
  await lab.close();
});
