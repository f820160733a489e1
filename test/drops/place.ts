/** Places in which frames are lost: a few machines, and a guest that sends whatever it is told to. */
import type { Adapter, Lab, LabOptions, NetworkOptions } from "../../src/index";
import { ipBytes, macBytes } from "../guest";
import { smallLab } from "../inside";
import { STATION_1, be16, ipv4 } from "../packets";
import type { Bytes, Ipv4Options, Segment } from "../packets";
import { watch } from "../world";

/** MACs that test/packets.ts puts into frames: carol sends, alice is sent to. */
export const CAROL = "02:00:00:00:00:01";
export const ALICE = "02:00:00:00:00:02";
const NATNETWORK_GATEWAY = "52:54:00:12:35:00";

/** An Ethernet frame from carol. */
export function frameTo(mac: string, type: number, payload: Bytes, src: Bytes = STATION_1): Uint8Array {
  return Uint8Array.from([...macBytes(mac), ...src, ...be16(type), ...payload]);
}

export async function place(options: LabOptions = {}): Promise<Lab> { return watch(await smallLab(options)); }

/** Alice, who has a station with the address 198.51.100.2, and the guest carol on one switch. */
export async function onASwitch(options: LabOptions = {}, network: NetworkOptions = {}): Promise<{ lab: Lab; carol: Adapter }> {
  const lab = await place(options);
  const laptop = lab.host("laptop", []);
  const attach = laptop.internal("office", network);
  laptop.vm("alice", { attach, mac: ALICE, address: "198.51.100.2/24" });
  const [carol] = laptop.vm("carol", { attach, mac: CAROL, guest: "external" }).adapters;
  return { lab, carol: carol! };
}

/** A guest that sends packets by way of somebody. */
export interface Sender {
  lab: Lab;
  carol: Adapter;
  send(segment: Segment, options?: { src?: string; dst?: string } & Omit<Ipv4Options, "src" | "dst">): void;
}

function sender(lab: Lab, carol: Adapter, via: string, own: string, far: string): Sender {
  return {
    lab,
    carol,
    send(segment, { src = own, dst = far, ...rest } = {}) {
      carol.send(frameTo(via, 0x0800, ipv4(segment, { ...rest, src: ipBytes(src), dst: ipBytes(dst) })));
    },
  };
}

/** Carol is 10.1.0.5 and sends by a router to bob, 10.2.0.2. */
export async function behindARouter(): Promise<Sender> {
  const lab = await place();
  const laptop = lab.host("laptop", []);
  const [left, right] = [laptop.internal("left"), laptop.internal("right")];
  const router = lab.router("router", { legs: [{ network: left, address: "10.1.0.1/24" }, { network: right, address: "10.2.0.1/24" }] });
  laptop.vm("bob", { attach: right, address: "10.2.0.2/24", gateway: "10.2.0.1" });
  const [carol] = laptop.vm("carol", { attach: left, mac: CAROL, guest: "external" }).adapters;
  return sender(lab, carol!, router.mac!, "10.1.0.5", "10.2.0.2");
}

/** Carol is 10.0.2.50 on the laptop's NAT network, with alice; server and other are machines on its LAN. She sends to server. */
export async function behindNat(options: NetworkOptions = {}): Promise<Sender> {
  const lab = await place();
  const laptop = lab.host("laptop");
  const server = lab.host("server");
  lab.host("other");
  const office = laptop.natNetwork("office", options);
  laptop.vm("alice", office);
  const [carol] = laptop.vm("carol", { attach: office, mac: CAROL, guest: "external" }).adapters;
  await lab.ready();
  return sender(lab, carol!, NATNETWORK_GATEWAY, "10.0.2.50", server.address);
}
