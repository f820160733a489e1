import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { LabError } from "../errors";
import { BUFFER_BYTES, Outcome, type LivePort } from "./live-port";
import { checkEndpoint, showAddress, type SocketAddress } from "./socket-address";

export interface UdpTunnelOptions extends SocketAddress {
  /** The only endpoint that is heard and sent to. */
  peer: SocketAddress;
  /** MAC of the guest behind the tunnel, when it is known. */
  mac?: string;
}

/** Payload of the largest UDP datagram over IPv4: 65535 less 20 (IPv4) and 8 (UDP). */
const MAX_DATAGRAM = 65507;

/**
 * A tunnel that carries one raw frame per UDP datagram: QEMU's `-netdev dgram` and `-netdev socket,udp=`, VirtualBox's
 * UDPTunnel.
 *
 * UDP has no connection: frames sent while nobody listens are lost unseen.
 *
 * @example
 *   // qemu -netdev dgram,id=n,local.type=inet,local.host=127.0.0.1,local.port=7001,\
 *   //      remote.type=inet,remote.host=127.0.0.1,remote.port=7000
 *   laptop.vm("debian", { attach: office, guest: udpTunnel({ port: 7000, peer: { port: 7001 } }) });
 *
 * @throws LabError `ADDRESS` for a port or host that cannot be
 */
export function udpTunnel(options: UdpTunnelOptions): UdpTunnel {
  return new UdpTunnel(options);
}

export class UdpTunnel implements LivePort {
  readonly live = true;
  readonly mac?: string;
  onframe: ((frame: Uint8Array) => void) | null = null;
  ondrain: (() => void) | null = null;
  onerror: ((error: LabError) => void) | null = null;

  readonly #ready = new Outcome();
  readonly #closed = new Outcome();
  readonly #socket: Socket;
  readonly #peer: Required<SocketAddress>;
  #waiting = 0; // bytes handed to the socket and not yet sent
  #refused = false; // send() said false, and ondrain is owed
  #open = true;
  #dropped = 0;

  constructor(options: UdpTunnelOptions) {
    const local = checkEndpoint("udpTunnel", options);
    this.#peer = checkEndpoint("udpTunnel peer", options.peer);
    if (this.#peer.port === 0) throw new LabError("ADDRESS", "udpTunnel peer: port 0; a peer's port is 1 to 65535.");
    if (options.mac !== undefined) this.mac = options.mac;

    this.#socket = createSocket(isIPv6(local.host) ? "udp6" : "udp4");
    this.#socket.on("listening", () => this.#ready.resolve());
    this.#socket.on("error", (cause) => this.#fail(new LabError("LISTEN", `udpTunnel: ${showAddress(local)}: ${cause.message}`, { cause })));
    this.#socket.on("message", (frame, from) => this.#receive(frame, from));
    this.#socket.bind(local.port, local.host);
  }

  get ready(): Promise<void> { return this.#ready.promise; }
  get closed(): Promise<void> { return this.#closed.promise; }
  get dropped(): number { return this.#dropped; }

  /** Where this side listens, once `ready`; tells the port that was chosen for port 0. */
  get address(): Required<SocketAddress> {
    const { address, port } = this.#socket.address();
    return { host: address, port };
  }

  send(frame: Uint8Array): boolean {
    if (!this.#open || frame.length === 0 || frame.length > MAX_DATAGRAM) return this.#drop();
    if (this.#waiting + frame.length > BUFFER_BYTES) {
      this.#refused = true;
      return false;
    }
    this.#waiting += frame.length;
    this.#socket.send(frame.slice(), this.#peer.port, this.#peer.host, (error) => this.#sent(frame.length, error));
    return true;
  }

  async close(): Promise<void> {
    if (this.#open) {
      this.#open = false;
      this.#socket.close(() => this.#closed.resolve());
      this.#ready.reject(new LabError("CLOSED", "udpTunnel: closed before it was ready."));
    }
    await this.#closed.promise.catch(() => {});
  }

  #receive(frame: Uint8Array, from: { address: string; port: number }): void {
    const expected = from.port === this.#peer.port && from.address === this.#peer.host;
    if (!expected || !this.onframe) {
      this.#dropped++;
      return;
    }
    this.onframe(frame);
  }

  #sent(length: number, error: Error | null): void {
    this.#waiting -= length;
    if (error) this.#dropped++;
    if (!this.#refused || this.#waiting > BUFFER_BYTES / 2) return;
    this.#refused = false;
    this.ondrain?.();
  }

  /** A lost frame counts as taken: offered again it would be lost again. */
  #drop(): true {
    this.#dropped++;
    return true;
  }

  #fail(error: LabError): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.close();
    this.#ready.reject(error);
    this.#closed.reject(error);
  }
}
