import { CLASS_VM, PROMISCUOUS_ALL, PROMISCUOUS_DENY, PROMISCUOUS_VMS } from "../assembly/abi";
import { parseIp, parseMac, parseStation } from "./address";
import type { Subnet } from "./address";
import { NatAttachment, NotAttached } from "./attachment";
import type { AdapterPlace, Attachment } from "./attachment";
import type { BandwidthGroup } from "./bandwidth-group";
import { checkDuration } from "./clock";
import type { Core } from "./core";
import { LabError } from "./errors";
import { checkGuest, ExternalPort } from "./external-port";
import type { ForwardRule } from "./forward";
import type { FramePort } from "./frame-port";
import { Leg } from "./leg";
import type { Forward } from "./nat";
import { Network } from "./network";
import { checkBoolean, checkOptions } from "./options";
import type { OptionNames } from "./options";
import type { AdapterState, Promiscuous } from "./state";
import { checkWire } from "./wire-options";
import type { WireOptions } from "./wire-options";

/** A VM's network card, as an option of `host.vm()`. */
export interface AdapterOptions {
  attach: Attachment;
  /** Static address, `"10.9.0.2/24"`. Left out: by DHCP, where the network has some. */
  address?: string;
  /** Default gateway of a static address; left out: the network's own, where it has one. */
  gateway?: string;
  /** Left out: 08:00:27 and three bytes that depend on seed and name. */
  mac?: string;
  /** `false`: unplugged. */
  cable?: boolean;
  /** How long after plugging in the link comes up, ms; VirtualBox's cards take 5000. Default 0. */
  linkUpDelay?: number;
  /** What else than its own frames it may hear; default `deny`. */
  promiscuous?: Promiscuous;
  /** What its cable is like: delay, jitter, rate, loss …; default: as the network says, and then the lab. */
  wire?: WireOptions;
  /** The limit it shares with others: what `host.bandwidthGroup()` returns, or its name. */
  bandwidthGroup?: BandwidthGroup | string;
  /** An external guest instead of a built-in station. `"external"`: one that is plugged in later, or `send` and `onframe`. */
  guest?: FramePort | "external";
  /** Static neighbours, MAC by address. */
  neighbors?: Record<string, string>;
  /** Static routes, next hop by network. */
  routes?: Record<string, string>;
}

const OPTIONS: OptionNames<AdapterOptions> = {
  attach: true, address: true, gateway: true, mac: true, cable: true, linkUpDelay: true, promiscuous: true, wire: true,
  bandwidthGroup: true,
  guest: true, neighbors: true, routes: true,
};

/** The VM as its adapters see it. */
export interface AdapterOwner {
  place(adapter: AdapterState): AdapterPlace;
  /** @throws LabError OTHER_HOST */
  checkAttachment(attachment: Attachment, adapter: string): void;
  /** @throws LabError OVERLAP */
  checkSubnet(planned: Subnet | null, adapter: string, except: Leg): void;
  /** @throws LabError OPTION, OTHER_HOST */
  bandwidthGroup(given: string | BandwidthGroup, adapter: string): BandwidthGroup;
}

const POLICIES: Record<Promiscuous, number> = {
  "deny": PROMISCUOUS_DENY,
  "allow-vms": PROMISCUOUS_VMS,
  "allow-all": PROMISCUOUS_ALL,
};

/**
 * A VM's network card. With an external guest it offers the shape of a FramePort from its own side: `send` takes the
 * guest's frames, `onframe` hears what the network has for it.
 *
 * @example
 * adapter.onframe = (frame) => emulator.receive(frame);
 * emulator.onsend = (frame) => adapter.send(frame);
 */
export class Adapter extends Leg {
  declare protected readonly state: AdapterState;
  /** An adapter takes every frame at once; here for the shape of a FramePort. */
  ondrain: (() => void) | null = null;
  private readonly external: ExternalPort | null;
  private readonly owner: AdapterOwner;

  /** @throws LabError OPTION for names that there are not, and values of another type */
  static check(options: AdapterOptions, name: string): void {
    checkOptions(options, OPTIONS, name);
    const { cable, guest } = options;
    if (cable !== undefined) checkBoolean(cable, `${name}: cable`);
    if (guest !== undefined && guest !== "external") checkGuest(guest, `${name}: guest`);
  }

  /** Makes the record; the card is on no network yet. */
  static plan(core: Core, node: number, vm: string, slot: number, options: AdapterOptions): AdapterState {
    const name = `${vm}/${slot + 1}`;
    const { address, gateway, promiscuous = "deny", linkUpDelay = 0, guest } = options;
    if (!(promiscuous in POLICIES))
      throw new LabError("OPTION", `${name}: promiscuous "${promiscuous}"; it takes ${Object.keys(POLICIES).join(", ")}`);
    checkDuration(linkUpDelay, `${name}: linkUpDelay`);
    if (address !== undefined) parseStation(address, `${name}: address`);
    if (gateway !== undefined) parseIp(gateway, `${name}: gateway`);
    const wire = options.wire && checkWire(options.wire, name);

    const given = options.mac ?? (guest !== undefined && guest !== "external" && !(guest instanceof Adapter) ? guest.mac : undefined);
    const mac = given !== undefined ? core.claimMac(parseMac(given, name), name)
      : guest === undefined ? core.makeMac("08:00:27", name)
      : null;
    try {
      const leg = Leg.create(core, guest === undefined ? node : 0, { name, owner: CLASS_VM, mac, address, gateway, wire });
      return { ...leg, slot, promiscuous, linkUpDelay, linkUpAt: 0, bandwidthGroup: null };
    } catch (error) {
      if (mac !== null) core.macs.delete(mac);
      throw error;
    }
  }

  /** The adapter of a record, new or from a snapshot. */
  constructor(core: Core, state: AdapterState, owner: AdapterOwner) {
    super(core, state);
    this.owner = owner;
    this.external = state.interface === 0 ? new ExternalPort(core, state.port, state.name) : null;
    if (this.external) this.external.onheard = (mac) => this.heard(mac);
    if (state.linkUpAt !== 0) core.clock.after(Math.max(0, state.linkUpAt / 1e6 - core.clock.now), () => this.linkUp());
  }

  /** What it is plugged into. */
  get kind(): Attachment["kind"] { return this.network?.kind ?? "notAttached"; }

  /** The network it is on; null: it is not attached. */
  get network(): Network | null { return this.segment as Network | null; }

  /** 0 for the VM's first card. */
  get slot(): number { return this.state.slot; }

  /**
   * Plugs the card into something else while the machine runs. The MAC stays; a lease and the connections of a NAT that
   * is left behind are lost, and the guest sees the link go down and, after `linkUpDelay`, up.
   *
   * @throws LabError OPTION, NAT_IN_USE, OTHER_HOST, OVERLAP, ADDRESS, REMOVED; the card then stays where it was, except that a NAT with
   *   wrong options leaves it unattached
   */
  attach(attachment: Attachment): void {
    const { name } = this.state;
    this.owner.checkAttachment(attachment, name);
    if (attachment instanceof Network && attachment.isRemoved)
      throw new LabError("REMOVED", `${name}: network ${attachment.name} was removed; make another of that name`);
    if (attachment instanceof Network) this.checkSubnet(attachment);
    if (attachment instanceof NatAttachment) attachment.checkFree(name);

    const wasAttached = this.network !== null;
    this.leave();
    if (attachment instanceof NotAttached) return;
    const network = attachment instanceof Network ? attachment : attachment.join(this.owner.place(this.state));
    if (attachment instanceof NatAttachment) this.checkNat(network);
    this.join(network);
    if (wasAttached && this.state.cable && this.state.linkUpDelay > 0) {
      this.core.enter().call.portSetCable(this.state.port, 0);
      this.bringUpLater();
      return;
    }
    this.external?.link(this.state.cable);
  }

  override leave(): void {
    const { network } = this;
    if (!network) return;
    super.leave();
    this.external?.link(false);
    if (network.kind === "nat") network.remove();
  }

  /** Whether the cable is plugged in. Pulling it makes a NAT forget its connections, as VirtualBox's does. */
  get cable(): boolean { return this.state.cable; }

  set cable(plugged: boolean) {
    checkBoolean(plugged, `${this.name}: cable`);
    if (plugged === this.state.cable) return;
    this.state.cable = plugged;
    this.state.linkUpAt = 0;
    if (plugged && this.state.linkUpDelay > 0) {
      this.bringUpLater();
      return;
    }
    this.core.enter().call.portSetCable(this.state.port, plugged ? 1 : 0);
    if (!plugged && this.network?.kind === "nat") this.network.nat?.flush();
    this.external?.link(plugged && this.network !== null);
  }

  get promiscuous(): Promiscuous { return this.state.promiscuous; }

  set promiscuous(policy: Promiscuous) {
    if (!(policy in POLICIES))
      throw new LabError("OPTION", `${this.name}: promiscuous "${policy}"; it takes ${Object.keys(POLICIES).join(", ")}`);
    this.core.enter().call.portSetPolicy(this.state.port, POLICIES[policy]);
    this.state.promiscuous = policy;
  }

  /** The limit it shares with others; null: none. Frames that wait go on under the new one. */
  get bandwidthGroup(): BandwidthGroup | null {
    const { bandwidthGroup, name } = this.state;
    return bandwidthGroup === null ? null : this.owner.bandwidthGroup(bandwidthGroup, name);
  }

  set bandwidthGroup(given: BandwidthGroup | string | null) {
    const before = this.state.bandwidthGroup;
    this.state.bandwidthGroup = given === null ? null : this.owner.bandwidthGroup(given, this.name).name;
    try {
      this.rewire();
    } catch (error) {
      this.state.bandwidthGroup = before;
      throw error;
    }
  }

  protected override get buckets(): [number, number] { return this.bandwidthGroup?.buckets ?? [0, 0]; }

  /** Adds a port forward to the NAT it is behind; see `Network.forward`. */
  forward(rule: string | ForwardRule, options: { strict?: boolean } = {}): Forward {
    if (this.network) return this.network.forward(rule, options);
    throw new LabError("NO_NAT", `forward on ${this.name}, which is not attached; only nat and natNetwork have a NAT`);
  }

  /**
   * Plugs in an external guest; one that was there before is let go.
   *
   * @throws LabError NOT_EXTERNAL, OPTION, CLOCK
   */
  plug(guest: FramePort): void { this.frames("plug").plug(guest, this.state.cable && this.network !== null); }

  /** Lets go of the external guest, and returns it. */
  unplug(): FramePort | null { return this.frames("unplug").unplug(); }

  /** A frame from the external guest: 14 to 1522 bytes without FCS, else it is a counted drop. It is copied. */
  send(frame: Uint8Array): void { this.frames("send").send(frame); }

  /** Hears the frames for the external guest while no FramePort is plugged in; they are the receiver's to keep. What it throws is uncaught. */
  get onframe(): ((frame: Uint8Array) => void) | null { return this.external?.onframe ?? null; }

  set onframe(listener: ((frame: Uint8Array) => void) | null) { this.frames("onframe").onframe = listener; }

  /** Removes the card; resolves when its external guest has closed what it opened. */
  async remove(): Promise<void> {
    this.dispose();
    await this.external?.close();
  }

  /** Lets the external guest close, because the lab does. */
  async closeGuest(): Promise<void> { await this.external?.close(); }

  private frames(verb: string): ExternalPort {
    if (this.external) return this.external;
    throw new LabError("NOT_EXTERNAL",
      `${verb} on ${this.name}, which has a built-in station behind it; make the card with { guest: "external" }`);
  }

  private checkSubnet(network: Network): void {
    if (this.state.interface === 0) return;
    const planned = this.state.address === null ? network.subnet : this.plannedSubnet;
    this.owner.checkSubnet(planned, this.name, this);
    this.checkAddress(network);
  }

  /** The NAT's network is known only once it is made. */
  private checkNat(network: Network): void {
    try {
      this.checkSubnet(network);
    } catch (error) {
      network.remove();
      throw error;
    }
  }

  override toJSON(): object { return { ...super.toJSON(), kind: this.kind, cable: this.cable }; }

  private bringUpLater(): void {
    this.state.linkUpAt = this.core.engine.now + this.state.linkUpDelay * 1e6;
    this.core.clock.after(this.state.linkUpDelay, () => this.linkUp());
  }

  private linkUp(): void {
    // A timer of an earlier plug: the link is not due yet.
    if (this.state.linkUpAt === 0 || this.core.engine.now < this.state.linkUpAt) return;
    this.state.linkUpAt = 0;
    this.core.enter().call.portSetCable(this.state.port, 1);
    this.external?.link(this.network !== null);
  }

  private heard(mac: string): void {
    this.state.mac ??= mac;
    if (!this.core.macs.has(mac)) this.core.macs.set(mac, this.name);
  }
}
