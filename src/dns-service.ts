import { formatIp } from "./address";
import type { Core } from "./core";
import type { EngineEvent } from "./engine";
import { answerDns } from "./services/dns";
import type { DnsState } from "./state";
import { View } from "./view";

/** UDP port of DNS servers. */
const PORT = 53;

/**
 * A DNS server at work: an ordinary UDP socket of an ordinary station. It answers in the instant it is asked, from what the lab is
 * like then: it keeps nothing.
 */
export class DnsService {
  /**
   * Opens the server's socket, on one address: who asks from outside hears nothing.
   *
   * @param leg      engine's id of the interface it serves
   * @param network  `id` of the network it serves
   */
  static create(core: Core, name: string, node: number, leg: number, address: number, network: number): DnsState {
    const socket = core.check(core.enter().call.udpOpen(node, address, PORT), `${name}: UDP port ${PORT}`);
    return { address: formatIp(address), socket, interface: leg, network };
  }

  /** The service of a record, new or from a snapshot. */
  constructor(private readonly core: Core, private readonly state: DnsState) {
    core.sockets.set(state.socket, (event) => this.receive(event));
  }

  dispose(): void {
    this.core.enter().call.udpClose(this.state.socket);
    this.core.sockets.delete(this.state.socket);
  }

  private receive({ a, b, d, payload }: EngineEvent): false {
    // From its network, or from the very machine it runs on.
    if (d !== this.state.interface && d !== 0) return false;
    const segment = this.core.segments.get(this.state.network);
    if (!segment) return false;
    const reply = answerDns(payload, new View(this.core, segment.domain, a >>> 0));
    if (!reply) return false;

    const { engine } = this.core;
    engine.stage(reply);
    engine.call.udpSend(this.state.socket, a, b, reply.length, 0);
    return false;
  }
}
