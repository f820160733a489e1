import * as abi from "../assembly/abi";
import { BenchLab } from "./lab";
import type { BenchExports } from "./lab";
import { ONE } from "./traffic";
import type { Traffic } from "./traffic";

const SENDER = 0x02ffffffff00;
const STATIONS = 0x020000000000;
/** Ports that the stations are behind. */
const PORTS = 8;

/** One station sends to all the others, in an order that no cache foresees. */
export function switchTraffic(stations: number, size: number): Traffic {
  return {
    flows: stations,
    size,
    src: { mac: SENDER, ip: 0x0a000001, port: 1000 },
    dst: { mac: STATIONS, ip: 0x0a800001, port: 2000 },
    spans: { src: ONE, dst: { ...ONE, mac: stations } },
  };
}

/**
 * Entries of a forwarding database for so many stations, the same for everybody. With eight probes and four places a station, some
 * 12 of 1,000,000 are pushed out by others and flooded, which is not what is measured here: so eight from 100,000 on.
 */
export function tableFor(stations: number): number {
  return Math.max(8192, 2 ** Math.ceil(Math.log2(stations * (stations < 100_000 ? 4 : 8))));
}

/** A station and the port it is behind. */
export interface Placed {
  mac: number;
  port: number;
}

/** Every station and the port it is behind: 2…9; the sender is behind 1. */
export function* stationsOf(stations: number): Generator<Placed> {
  for (let i = 0; i < stations; i++) yield { mac: STATIONS + i, port: 2 + Math.floor((i * PORTS) / stations) };
  yield { mac: SENDER, port: 1 };
}

/**
 * A switch with nine sinks that has heard all `stations` (a multiple of 8).
 *
 * @param extra  bytes of memory besides the engine's
 */
export function switchLab<X extends BenchExports>(
  module: WebAssembly.Module, stations: number, extra = 0,
): { lab: BenchLab<X>; network: number; ports: number[] } {
  const lab = new BenchLab<X>(module, { fdb: tableFor(stations) }, extra);
  const network = lab.network();
  const ports = Array.from({ length: PORTS + 1 }, () => lab.sink(network));
  const one = switchTraffic(1, 60);
  lab.send(ports[0]!, one, 1);
  const each = stations / PORTS;
  for (let i = 0; i < PORTS; i++) {
    const src = { mac: STATIONS + i * each, ip: 0x0a800001, port: 2000 };
    const dst = { mac: SENDER, ip: 0x0a000001, port: 1000 };
    lab.send(ports[i + 1]!, { flows: each, size: 60, src, dst, spans: { src: { ...ONE, mac: each }, dst: ONE } }, each);
  }
  return { lab, network, ports };
}

const INSIDE_MAC = 0x020000000001;
const HOST_MAC = 0x020000000002;
const GUEST_MAC = 0x020000000003;
const ROUTER_MAC = 0x020000000004;
const GATEWAY = 0x0a000201;
const GUEST = 0x0a00020f;
export const HOST = 0xc0000207;
const ROUTER = 0xc0000201;
const REMOTE = 0xc6336400;
const GUEST_PORT = 20_000;
const REMOTE_PORT = 5300;
/** Most ports that the guest sends from. */
const MOST_PORTS = 10_000;

/** MACs of what comes out: towards the router, towards the guest. */
export const LINKS = {
  out: { dst: ROUTER_MAC, src: HOST_MAC },
  in: { dst: GUEST_MAC, src: INSIDE_MAC },
};

/** Who is behind which port of the rivals' switches: 1 and 2 on the inside, 3 and 4 outside. */
export const NAT_STATIONS = [GUEST_MAC, INSIDE_MAC, HOST_MAC, ROUTER_MAC].map((mac, i) => ({ mac, port: i + 1 }));

/** A guest's sessions (up to 10,000 ports of it, each with as many remotes as it takes), and the answers to them. */
export function natTraffic(sessions: number, size: number): { out: Traffic; in: Traffic } {
  const ports = sessions <= 1000 ? sessions : Math.min(MOST_PORTS, sessions / 10);
  const remotes = sessions / ports;
  return {
    out: {
      flows: sessions,
      size,
      src: { mac: GUEST_MAC, ip: GUEST, port: GUEST_PORT },
      dst: { mac: INSIDE_MAC, ip: REMOTE, port: REMOTE_PORT },
      spans: { src: { ...ONE, port: ports }, dst: { ...ONE, ip: remotes } },
    },
    in: {
      flows: sessions,
      size,
      src: { mac: ROUTER_MAC, ip: REMOTE, port: REMOTE_PORT },
      dst: { mac: HOST_MAC, ip: HOST, port: GUEST_PORT },
      spans: { src: { ...ONE, ip: remotes }, dst: { ...ONE, port: ports } },
    },
  };
}

/** A guest behind a NAT gateway, the host whose address it borrows, and a router beyond; guest and router are sinks. */
export function natLab<X extends BenchExports>(
  module: WebAssembly.Module, sessions: number, extra = 0,
): { lab: BenchLab<X>; nat: number; host: number; guest: number; router: number } {
  const lab = new BenchLab<X>(module, { connections: Math.max(1024, sessions) }, extra);
  const { x } = lab;
  const [inside, outside] = [lab.network(), lab.network()];
  const gateway = x.nodeAdd(abi.NODE_FORWARDS, 0, 1);
  const host = x.nodeAdd(0, 0, 2);
  const attach = (node: number, network: number, mac: number, ip: number, via: number): number => {
    const id = x.interfaceAdd(node, lab.port(network, abi.ROLE_INTERFACE), mac / 2 ** 32, mac >>> 0);
    x.interfaceSetAddress(id, ip, 24, via);
    return id;
  };
  const insideInterface = attach(gateway, inside, INSIDE_MAC, GATEWAY, 0);
  const hostInterface = attach(host, outside, HOST_MAC, HOST, ROUTER);
  const nat = x.natAdd(gateway, host, 0);
  x.neighborSet(insideInterface, GUEST, GUEST_MAC / 2 ** 32, GUEST_MAC >>> 0);
  x.neighborSet(hostInterface, ROUTER, ROUTER_MAC / 2 ** 32, ROUTER_MAC >>> 0);
  const [guest, router] = [lab.sink(inside), lab.sink(outside)];
  // Both switches hear who is where: a frame to its own sender is learned from and goes no further.
  const { out, in: back } = natTraffic(1, 60);
  for (const [port, { src, ...rest }] of [[guest, out], [router, back]] as const) lab.send(port, { ...rest, src, dst: src }, 1);
  lab.send(guest, { ...out, dst: { ...out.dst, ip: REMOTE } }, 1);
  lab.send(router, back, 1);
  x.natFlush(nat);
  return { lab, nat, host, guest, router };
}

/** The bytes of a MAC. */
export function macBytes(mac: number): number[] {
  return [40, 32, 24, 16, 8, 0].map((shift) => Math.floor(mac / 2 ** shift) & 0xff);
}
