/** Where a storm is: a client and a server, and every wire, cable and card on the way between them. */
import type { Adapter, AdapterOptions, Attachment, Lab, LabOptions, Machine, Network, WireOptions } from "../../src/index";
import { createLab } from "../../src/index";

/** Anything whose wire can be changed. */
export interface Wired { wire: WireOptions }

/** A card that can be plugged in elsewhere and come back: with a static address, so that the connection lives. */
export interface Movable {
  card: Adapter;
  home: Attachment;
  elsewhere: Attachment;
}

export interface Place {
  lab: Lab;
  client: Machine;
  server: Machine;
  /** Where the client connects to when the server listens on PORT. */
  remote: string;
  wires: Wired[];
  cables: Adapter[];
  movables: Movable[];
  /** What a capture of the place looks at. */
  network: Network;
  /** Networks that every frame of a transfer crosses, at the least: a cable on each side. */
  crossings: number;
}

export const PORT = 80;

/** Room for one transfer, so that making the lab takes a moment. */
const CAPACITY = {
  stations: 16, frames: 512, flights: 1024, connections: 16, forwards: 16, sockets: 16, wires: 16, streams: 16, chunks: 512, events: 1024,
};

const SERVER = "10.0.2.15";

async function small(options: LabOptions): Promise<Lab> { return createLab({ ...options, capacity: CAPACITY }); }

const at = (attach: Attachment, address: string, more: Partial<AdapterOptions> = {}): AdapterOptions => ({ attach, address, ...more });

/** Two VMs on one switch. */
async function acrossSwitch(options: LabOptions): Promise<Place> {
  const lab = await small(options);
  const laptop = lab.host("laptop", []);
  const [office, cellar] = [laptop.internal("office"), laptop.internal("cellar")];
  const alice = laptop.vm("alice", at(office, "10.9.0.1/24"));
  const bob = laptop.vm("bob", at(office, "10.9.0.2/24"));
  const cards = [alice.adapters[0]!, bob.adapters[0]!];
  return {
    lab, client: alice, server: bob, remote: `10.9.0.2:${PORT}`, network: office, crossings: 2,
    wires: [...cards, office], cables: cards,
    movables: cards.map((card, i) => ({ card, home: office, elsewhere: i === 0 ? cellar : laptop.notAttached() })),
  };
}

/** A LAN with a printer and a laptop that has a VM behind a NAT. */
async function house(options: LabOptions) {
  const lab = await small(options);
  const lan = lab.lan("home", { router: false, network: "192.168.1.0/24" });
  const laptop = lab.host("laptop", lan, { address: "192.168.1.2/24" });
  const printer = lab.host("printer", lan, { address: "192.168.1.3/24" });
  const office = laptop.natNetwork("office", { forward: `web,tcp,,8080,${SERVER},${PORT}` });
  const cellar = laptop.internal("cellar");
  const alice = laptop.vm("alice", at(office, `${SERVER}/24`));
  const card = alice.adapters[0]!;
  const shared = {
    lab, network: office, crossings: 4, wires: [card, office, laptop, printer, lan], cables: [card],
    movables: [{ card, home: office, elsewhere: cellar }],
  };
  return { ...shared, alice, printer };
}

/** From a VM through its NAT to a machine on the LAN. */
async function throughNat(options: LabOptions): Promise<Place> {
  const { alice, printer, ...rest } = await house(options);
  return { ...rest, client: alice, server: printer, remote: `192.168.1.3:${PORT}` };
}

/** From the LAN through a forward to a VM. */
async function throughForward(options: LabOptions): Promise<Place> {
  const { alice, printer, ...rest } = await house(options);
  return { ...rest, client: printer, server: alice, remote: "192.168.1.2:8080" };
}

export const PLACES = { switch: acrossSwitch, nat: throughNat, forward: throughForward };
export type PlaceName = keyof typeof PLACES;
export const PLACE_NAMES = Object.keys(PLACES) as PlaceName[];
