import type { LabState, LegState, NatState, NetworkState } from "./state";

/** What people call the things that the engine knows by number. */
export interface Names {
  port(id: number): string;
  network(id: number): string;
  node(id: number): string;
  interface(id: number): string;
  nat(id: number): string;
}

/** Reads the names of everything in a lab from its records. */
export function namesOf(state: LabState): Names {
  const ports = new Map<number, string>();
  const networks = new Map<number, string>();
  const nodes = new Map<number, string>();
  const interfaces = new Map<number, string>();
  const nats = new Map<number, string>();

  const addLeg = (leg: LegState): void => {
    ports.set(leg.port, leg.name);
    interfaces.set(leg.interface, leg.name);
  };
  const addNat = (nat: NatState | null, name: string): void => {
    if (nat) nats.set(nat.nat, name);
  };
  const addNetwork = (network: NetworkState, name = network.name): void => {
    networks.set(network.network, name);
    for (const { port, name } of network.uplink) ports.set(port, name);
    for (const { leg, node } of network.stations) {
      addLeg(leg);
      nodes.set(node, leg.name);
    }
    addNat(network.nat, `the NAT of ${name}`);
  };

  for (const lan of state.lans) {
    addNetwork(lan);
    if (lan.trunk !== 0) ports.set(lan.trunk, `${lan.name}/trunk`);
  }
  const vms = state.hosts.flatMap((host) => host.vms);
  for (const machine of [...state.hosts, ...vms, ...state.routers]) {
    nodes.set(machine.node, machine.name);
    machine.legs.forEach(addLeg);
  }
  // Every host has a bridge of that name, and two may have an "office".
  for (const host of state.hosts) for (const network of host.networks) addNetwork(network, `${host.name}/${network.name}`);
  for (const vm of vms) for (const network of vm.networks) addNetwork(network);
  for (const router of state.routers) addNat(router.nat, `the NAT of ${router.name}`);

  const name = (map: Map<number, string>, what: string) => (id: number): string => map.get(id) ?? `${what} ${id}`;
  return {
    port: name(ports, "port"),
    network: name(networks, "network"),
    node: name(nodes, "node"),
    interface: name(interfaces, "interface"),
    nat: name(nats, "NAT"),
  };
}
