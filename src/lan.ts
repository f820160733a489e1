import { CLASS_WIRE, ROLE_EXTERNAL } from "../assembly/abi";
import { formatIp, formatSubnet, lastOf, parseNetwork } from "./address";
import type { Core } from "./core";
import { LabError } from "./errors";
import { checkGuest, ExternalPort } from "./external-port";
import type { FramePort } from "./frame-port";
import { NAT_OPTIONS } from "./nat";
import type { NatOptions } from "./nat";
import { createNetwork, Network } from "./network";
import { checkOptions } from "./options";
import type { OptionNames } from "./options";
import type { Router } from "./router";
import type { LanState, SwitchKind } from "./state";
import { applyWire, labDelay } from "./wire";
import { checkWire } from "./wire-options";
import type { WireOptions } from "./wire-options";
import { DHCP_OPTIONS } from "./wiring";
import type { DhcpOptions } from "./wiring";

/** The home router of a LAN. */
export interface HomeRouterOptions extends NatOptions {
  /** Settings of its DHCP server, or `false` for none. Default pool: .100 to .199. */
  dhcp?: false | DhcpOptions;
}

export interface LanOptions {
  /** Default: 192.168.1.0/24, the next LAN 192.168.2.0/24, and so on; none with a trunk. */
  network?: string;
  /** `false`: no router, so no DHCP and no way out. Default: one with NAT to `lab.internet`, unless there is a trunk. */
  router?: boolean | HomeRouterOptions;
  switch?: SwitchKind;
  /** Where the LAN goes on: a real wire, another lab. */
  trunk?: FramePort;
  /** What wires plugged in here are like: cables of hosts, legs of routers, the trunk. */
  wire?: WireOptions;
}

const OPTIONS: OptionNames<LanOptions> = { network: true, router: true, switch: true, trunk: true, wire: true };
const ROUTER: OptionNames<HomeRouterOptions> = { ...NAT_OPTIONS, dhcp: true };

/** @throws LabError OPTION */
export function checkLanOptions(options: LanOptions, thing: string): void {
  checkOptions(options, OPTIONS, thing);
  const { router, trunk, wire } = options;
  if (wire !== undefined) checkWire(wire, thing);
  if (trunk !== undefined) checkGuest(trunk, `${thing}: trunk`);
  if (router === undefined || typeof router === "boolean") return;
  checkOptions(router, ROUTER, `${thing}: router`);
  if (router.dhcp !== undefined && router.dhcp !== false) checkOptions(router.dhcp, DHCP_OPTIONS, `${thing}: router.dhcp`);
}

/** A physical Ethernet that hosts, routers and bridges are on. */
export class Lan extends Network {
  declare protected readonly state: LanState;
  /** Its home router: for forwards, and to see what it translates. */
  router: Router | null = null;
  private readonly trunk: ExternalPort | null;

  /** Makes an empty one; the lab puts the router on it. */
  static create(core: Core, name: string, { network, switch: kind, trunk, wire = {} }: LanOptions): Lan {
    const given = network ?? (trunk ? null : freeSubnet(core, name));
    const subnet = given === null ? null : parseNetwork(given, `LAN ${name}: network`);
    const made = createNetwork(core, "lan", name, subnet && formatSubnet(subnet), kind, structuredClone(wire));
    const state: LanState = { ...made, served: trunk !== undefined, trunk: 0, nextOffset: 0 };
    if (trunk) {
      const { call } = core.engine;
      state.trunk = core.check(call.portAdd(ROLE_EXTERNAL, CLASS_WIRE, labDelay(core)), "port");
      call.portAttach(state.trunk, state.network);
    }
    core.state.lans.push(state);
    const lan = new Lan(core, state);
    if (!trunk) return lan;
    try {
      lan.rewire();
      lan.plug(trunk);
      return lan;
    } catch (error) {
      lan.remove();
      throw error;
    }
  }

  /** The LAN of a record, new or from a snapshot. */
  constructor(core: Core, state: LanState) {
    super(core, state, core.state.lans);
    this.trunk = state.trunk === 0 ? null : new ExternalPort(core, state.trunk, `LAN ${state.name}`);
    if (state.trunk !== 0) core.portNames.set(state.trunk, `${state.name}/trunk`);
  }

  /**
   * Plugs something into the trunk, for instance in a fork, whose trunks have nobody behind them.
   *
   * @throws LabError NOT_EXTERNAL, CLOCK
   */
  plug(trunk: FramePort): void {
    if (!this.trunk)
      throw new LabError("NOT_EXTERNAL", `LAN ${this.name} was made without a trunk; use lab.lan(name, { trunk })`);
    this.trunk.plug(trunk, true);
  }

  protected override rewire(): void {
    super.rewire();
    const { trunk, name, wire } = this.state;
    if (trunk !== 0) applyWire(this.core, { port: trunk, name: `${name}/trunk` }, [this.core.state.wire, wire]);
  }

  /** From now on static addresses are given out, beginning with the first. */
  countAddresses(): void { this.state.nextOffset = 1; }

  /** @throws LabError FULL */
  override nextAddress(): string | null {
    const { subnet } = this;
    if (!subnet || this.state.nextOffset === 0) return null;
    const address = subnet.address + this.state.nextOffset++;
    if (address < lastOf(subnet)) return formatSubnet({ address, prefix: subnet.prefix });
    throw new LabError("FULL", `LAN ${this.name}: all addresses of ${formatSubnet(subnet)} up to ${formatIp(address - 1)} are taken`);
  }

  /** Takes it away with its home router; who is on it is then attached to nothing. */
  override remove(): void {
    if (this.isRemoved) return;
    this.router?.remove();
    super.remove();
    if (!this.trunk) return;
    this.core.enter().call.portRemove(this.state.trunk);
    void this.trunk.close();
  }

  /** Lets what is behind the trunk close, because the lab does. */
  async closeTrunk(): Promise<void> { await this.trunk?.close(); }
}

function freeSubnet(core: Core, name: string): string {
  for (let third = 1; third < 256; third++) {
    const subnet = `192.168.${third}.0/24`;
    if (!core.state.lans.some((lan) => lan.subnet === subnet)) return subnet;
  }
  throw new LabError("OPTION", `LAN ${name}: no default subnet is left for it; give { network }`);
}
