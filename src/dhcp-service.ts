import { formatIp } from "./address";
import type { Core } from "./core";
import type { EngineEvent } from "./engine";
import type { Nat } from "./nat";
import { DhcpServer } from "./services/dhcp";
import type { DhcpConfig, DhcpLease } from "./services/dhcp";
import type { DhcpState } from "./state";

/** UDP port of DHCP servers (RFC 2131 §4.1). */
const PORT = 67;
const BROADCAST = 0xffffffff;

/**
 * A DHCP server at work: an ordinary UDP socket of an ordinary station. Messages are answered in the instant they come.
 */
export class DhcpService {
  private readonly server: DhcpServer;

  /**
   * Opens the server's socket.
   *
   * @param leg  engine's id of the interface it serves; messages from others are none of its business
   */
  static create(core: Core, name: string, node: number, leg: number, config: DhcpConfig): DhcpState {
    new DhcpServer(config); // a wrong setting is an error before there is a socket
    const socket = core.check(core.enter().call.udpOpen(node, 0, PORT), `${name}: UDP port ${PORT}`);
    return { config, socket, interface: leg, saved: null };
  }

  /** The service of a record, new or from a snapshot. A lease it gives tells `nat` where its guest is. */
  constructor(
    private readonly core: Core, private readonly state: DhcpState, private readonly nat: Nat | null,
  ) {
    this.server = new DhcpServer(state.config);
    if (state.saved) this.server.load(state.saved);
    core.sockets.set(state.socket, (event) => this.receive(event));
    core.saves.add(this);
  }

  /** Who has which address. */
  leases(): DhcpLease[] { return this.server.leases(this.core.clock.now); }

  save(): void { this.state.saved = this.server.save(); }

  dispose(): void {
    this.core.enter().call.udpClose(this.state.socket);
    this.core.sockets.delete(this.state.socket);
    this.core.saves.delete(this);
  }

  private receive({ d, payload }: EngineEvent): false {
    if (d !== this.state.interface) return false;
    const reply = this.server.receive(payload, this.core.clock.now);
    if (!reply) return false;

    const { engine } = this.core;
    const { message, destination, destinationMac, destinationPort } = reply;
    engine.stage(message);
    engine.call.udpSendVia(this.state.socket, d, destination, destinationPort,
      Math.floor(destinationMac / 2 ** 32), destinationMac % 2 ** 32, message.length);
    this.tellNat(destination);
    return false;
  }

  /** The guest of a NAT is who was given an address last; an answer to a client without one says which. */
  private tellNat(destination: number): void {
    if (!this.nat) return;
    if (destination !== BROADCAST) return this.nat.guest(formatIp(destination));
    const bound = this.leases().filter(({ state }) => state === "bound");
    const newest = bound.reduce<DhcpLease | null>((a, b) => (a && a.expires > b.expires ? a : b), null);
    if (newest) this.nat.guest(newest.address);
  }
}
