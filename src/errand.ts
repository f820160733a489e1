import type { Core } from "./core";
import type { EngineEvent } from "./engine";
import { LabError } from "./errors";
import { sendError } from "./ping";
import type { MachineState } from "./state";
import { formatIp } from "./address";

/**
 * A UDP socket that the lab itself opens on a machine to find something out, and closes with the answer: a name asked for, a
 * probe of a traceroute. The promise behind it does not travel in a snapshot, so that a fork closes it.
 */
export class Errand {
  readonly port: number;
  /** A datagram came. */
  onanswer: (event: EngineEvent) => void = () => {};
  /** An ICMP error came, or the datagram found no way out. */
  onfailure: (event: EngineEvent) => void = () => {};
  private readonly socket: number;
  private isOpen = true;

  /**
   * @param opened   who may be asked about by ICMP errors, by port; it is entered there
   * @throws LabError FULL, REMOVED
   */
  constructor(private readonly core: Core, private readonly state: MachineState, private readonly opened: Map<number, Errand>) {
    const { call } = core.enter();
    checkThere(state);
    this.socket = core.check(call.udpOpen(state.node, 0, 0), `${state.name}: UDP port`);
    this.port = call.udpPort(this.socket);
    state.errands.push(this.socket);
    opened.set(this.port, this);
    core.sockets.set(this.socket, (event) => {
      this.onanswer(event);
      return true;
    });
  }

  /**
   * @param ttl  0: the usual
   * @throws LabError NO_ROUTE, NO_ADDRESS, FULL, REMOVED
   */
  send(data: Uint8Array, address: number, port: number, ttl = 0): void {
    const engine = this.core.enter();
    checkThere(this.state);
    engine.stage(data);
    const result = engine.call.udpSend(this.socket, address, port, data.length, ttl);
    if (result < 0) throw sendError(this.core, result, this.state.name, formatIp(address));
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.opened.delete(this.port);
    this.core.sockets.delete(this.socket);
    const { errands } = this.state;
    errands.splice(errands.indexOf(this.socket), 1);
    if (!this.core.isClosed) this.core.engine.call.udpClose(this.socket);
  }
}

/** @throws LabError REMOVED */
export function checkThere({ node, name }: MachineState): void {
  if (node === 0) throw new LabError("REMOVED", `${name} was removed while it waited for an answer`);
}

/** What was open when a snapshot was taken has nobody who waits for it. */
export function closeErrands(core: Core, state: MachineState): void {
  for (const socket of state.errands.splice(0)) core.engine.call.udpClose(socket);
}
