import { Adapter } from "./adapter";
import type { AdapterOptions, AdapterOwner } from "./adapter";
import type { Subnet } from "./address";
import { NatAttachment, NotAttached } from "./attachment";
import type { AdapterPlace, Attachment } from "./attachment";
import { BandwidthGroup } from "./bandwidth-group";
import type { Core } from "./core";
import { LabError } from "./errors";
import type { Leg } from "./leg";
import { Machine } from "./machine";
import { Network } from "./network";
import { say } from "./options";
import type { AdapterState, VmState } from "./state";

/** Most cards of one VM: VirtualBox's ICH9 chipset has 36. */
const SLOTS = 36;

/** The host as its VMs see it. */
export interface VmOwner {
  readonly name: string;
  readonly node: number;
  owns(network: Network): boolean;
  forgetVm(vm: Vm): void;
  readonly bandwidthGroups: readonly BandwidthGroup[];
}

/** What to plug a VM's cards into: one attachment or several, each perhaps with more to say about the card. */
export type AdapterSpec = Attachment | AdapterOptions;

/** A virtual machine: cards on networks, and a built-in station or an external guest behind each. */
export class Vm extends Machine implements AdapterOwner {
  declare protected readonly state: VmState;
  private readonly cards: Adapter[];

  /** The VM of a record, new or from a snapshot. */
  constructor(core: Core, state: VmState, private readonly owner: VmOwner) {
    super(core, state);
    for (const network of state.networks) new Network(core, network, state.networks);
    this.cards = state.legs.map((leg) => new Adapter(core, leg, this));
  }

  /** Makes a VM and plugs its cards in; on an error nothing of it stays. */
  static create(core: Core, name: string, specs: AdapterSpec | AdapterSpec[], owner: VmOwner, records: VmState[]): Vm {
    const options = (Array.isArray(specs) ? specs : [specs]).map(asOptions);
    if (options.length > SLOTS)
      throw new LabError("OPTION", `${name}: ${options.length} adapters; it takes 0 to ${SLOTS}`);
    const { call } = core.enter();
    const builtIn = options.some(({ guest }) => guest === undefined);
    const node = builtIn ? core.check(call.nodeAdd(0, ...core.seedOf(name)), "machine") : 0;
    const state: VmState = { name, node, legs: [], sockets: [], streams: [], servers: [], errands: [], routes: [], echo: 0, sequence: 0, networks: [] };
    records.push(state);
    const vm = new Vm(core, state, owner);
    try {
      for (const each of options) vm.add(each);
    } catch (error) {
      void vm.remove();
      throw error;
    }
    return vm;
  }

  /** Its cards, by slot. */
  get adapters(): readonly Adapter[] { return this.cards; }

  override get legs(): readonly Leg[] { return this.cards; }

  /** Name of the host it runs on. */
  get host(): string { return this.owner.name; }

  /** Removes it with its cards and their private NATs; resolves when its external guests have closed. */
  async remove(): Promise<void> {
    const closing = this.cards.map((adapter) => adapter.remove());
    this.cards.length = 0;
    this.disposeStation();
    this.owner.forgetVm(this);
    await Promise.all(closing);
  }

  place({ name, slot }: AdapterState): AdapterPlace {
    return { label: name, slot, networks: this.state.networks };
  }

  checkAttachment(attachment: Attachment, adapter: string): void {
    if (attachment instanceof NotAttached) return;
    const fits = attachment instanceof NatAttachment ? attachment.hostNode === this.owner.node
      : attachment instanceof Network && this.owner.owns(attachment);
    if (fits) return;
    if (!(attachment instanceof NatAttachment || attachment instanceof Network))
      throw new LabError("OPTION",
        `${adapter}: attach ${say(attachment)}; it takes ${this.owner.name}.nat(), .natNetwork(…), .bridged(lan), .internal(…), ` +
        ".hostOnly(…) or .notAttached(), alone or as { attach, … }");
    const thing = attachment instanceof Network ? `network ${attachment.name}` : "this attachment";
    throw new LabError("OTHER_HOST",
      `${adapter}: ${thing} does not belong to ${this.owner.name}, whose VM this is; take what ${this.owner.name}.nat(), ` +
      ".natNetwork(), .bridged(lan), .internal(), .hostOnly() or .notAttached() returns");
  }

  checkSubnet(planned: Subnet | null, adapter: string, except: Leg): void { this.checkOverlap(planned, adapter, except); }

  bandwidthGroup(given: string | BandwidthGroup, adapter: string): BandwidthGroup {
    const { name, bandwidthGroups } = this.owner;
    const group = bandwidthGroups.find((each) => each === given || each.name === given);
    if (group) return group;
    const what = given instanceof BandwidthGroup ? `${given.name}, which is not ${name}'s or was removed` : say(given);
    throw new LabError(given instanceof BandwidthGroup ? "OTHER_HOST" : "OPTION",
      `${adapter}: bandwidthGroup ${what}; it takes what ${name}.bandwidthGroup(name, { limit }) returns, or the name of one`);
  }

  /** Whether `state` is its record: for the host, which keeps them. */
  isOf(state: VmState): boolean { return this.state === state; }

  private add(options: AdapterOptions): void {
    const label = `${this.name}/${this.cards.length + 1}`;
    Adapter.check(options, label);
    this.checkAttachment(options.attach, label);
    const record = Adapter.plan(this.core, this.state.node, this.name, this.cards.length, options);
    this.state.legs.push(record);
    const adapter = new Adapter(this.core, record, this);
    this.cards.push(adapter);
    if (record.promiscuous !== "deny") adapter.promiscuous = record.promiscuous;
    if (options.cable === false) adapter.cable = false;
    if (options.bandwidthGroup !== undefined) adapter.bandwidthGroup = options.bandwidthGroup;
    adapter.attach(options.attach);
    if (options.guest !== undefined && options.guest !== "external") adapter.plug(options.guest);
    for (const [ip, mac] of Object.entries(options.neighbors ?? {})) adapter.neighbor(ip, mac);
    for (const [network, via] of Object.entries(options.routes ?? {})) this.route(network, via);
  }
}

function asOptions(spec: AdapterSpec): AdapterOptions {
  const attachment = spec instanceof Network || spec instanceof NatAttachment || spec instanceof NotAttached;
  const bare = typeof spec !== "object" || spec === null; // for checkAttachment to say what it is
  return attachment || bare ? { attach: spec as Attachment } : (spec as AdapterOptions);
}
