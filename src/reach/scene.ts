import { createLab } from "../lab";
import type { Lab } from "../lab";
import type { Capture } from "../capture";
import type { Host } from "../host";
import type { ModeName } from "../modes";
import type { Network } from "../network";
import type { Vm } from "../vm";

/** Two VMs in one mode: on one network, or behind a NAT each. */
export interface Pair {
  a: Vm;
  b: Vm;
}

/** The lab that the connectivity table is measured in. */
export interface Scene {
  lab: Lab;
  /** The host of all VMs. */
  laptop: Host;
  /** Another machine on the LAN. */
  printer: Host;
  pairs: Record<ModeName, Pair>;
  /** A VM whose card is in nothing; an external guest, so that it can send all the same. */
  detached: Vm;
  /** One of every network, since before anybody had an address. */
  captures: { network: Network; capture: Capture }[];
}

/** Its card's MAC, and the address others would know it by: free on the LAN, outside the home router's pool. */
export const DETACHED = { mac: "08:00:27:00:00:d0", address: "192.168.1.240" };

/** Builds the lab and waits until everybody has an address. */
export async function buildScene(seed: number | string): Promise<Scene> {
  const lab = await createLab({ seed, capacity: { stations: 256, frames: 2048, flights: 4096, connections: 1024 } });
  const laptop = lab.host("laptop");
  const printer = lab.host("printer");
  const office = laptop.natNetwork("office");
  const backend = laptop.internal("backend");
  const vboxnet = laptop.hostOnly();
  const pairs: Scene["pairs"] = {
    // Every NAT leases the same address; the second VM has another one, so that the first can mean it.
    nat: {
      a: laptop.vm("nat-a", laptop.nat()),
      b: laptop.vm("nat-b", { attach: laptop.nat(), address: "10.0.2.16/24" }),
    },
    natNetwork: { a: laptop.vm("office-a", office), b: laptop.vm("office-b", office) },
    bridged: { a: laptop.vm("bridged-a", laptop.bridged()), b: laptop.vm("bridged-b", laptop.bridged()) },
    internal: {
      a: laptop.vm("backend-a", { attach: backend, address: "10.9.0.2/24" }),
      b: laptop.vm("backend-b", { attach: backend, address: "10.9.0.3/24" }),
    },
    hostOnly: {
      a: laptop.vm("vboxnet-a", { attach: vboxnet, address: "192.168.56.11/24" }),
      b: laptop.vm("vboxnet-b", vboxnet),
    },
  };
  const detached = laptop.vm("detached", { attach: laptop.notAttached(), guest: "external", mac: DETACHED.mac });
  const captures = networksOf(lab).map((network) => ({ network, capture: network.capture() }));
  await lab.ready();
  return { lab, laptop, printer, pairs, detached, captures };
}

function networksOf(lab: Lab): Network[] {
  const shared = lab.hosts.flatMap((host) => host.networks);
  const own = lab.vms.flatMap((vm) => vm.adapters).flatMap(({ network }) => (network?.kind === "nat" ? [network] : []));
  return [...lab.lans, ...shared, ...own];
}
