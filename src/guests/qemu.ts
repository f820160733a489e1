import { lstatSync, unlinkSync } from "node:fs";
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { LabError } from "../errors";
import { FrameReader, LENGTH_BYTES, MAX_FRAME, withLength } from "./framing";
import { BUFFER_BYTES, Outcome, type LivePort } from "./live-port";
import { checkAddress, showAddress, type SocketAddress } from "./socket-address";

/** Exactly one of `listen` and `connect`; a string is the path of a Unix socket. */
export interface QemuOptions {
  /** Wait here for QEMU to connect: `-netdev stream,server=off` or `-netdev socket,connect=`. */
  listen?: string | SocketAddress;
  /** Go to a QEMU that listens: `-netdev stream,server=on` or `-netdev socket,listen=`. */
  connect?: string | SocketAddress;
  /** MAC of the guest's card, when it is known. */
  mac?: string;
}

type Address = ReturnType<typeof checkAddress>;

/** A QEMU needs a moment from its start until it listens: 50 attempts, 100 ms apart. */
const ATTEMPTS = 50;
const ATTEMPT_INTERVAL = 100;

/**
 * A guest in QEMU, attached by its stream framing: a 4-byte big-endian length before each frame. For QEMU's datagram
 * form (`-netdev dgram`) there is `udpTunnel`.
 *
 * A listening port takes one guest at a time; a newcomer takes the place of the one before, so a guest can be started
 * again and again. A connecting port ends with its connection. Frames sent while no guest is there are lost and
 * counted, as on a cable with nothing at its end.
 *
 * @example
 *   laptop.vm("debian", { attach: office, guest: qemu({ listen: "a.sock" }) });
 *   // qemu-system-x86_64 … -netdev stream,id=n,server=off,addr.type=unix,addr.path=a.sock -device virtio-net-pci,netdev=n
 *
 * @throws LabError `ADDRESS` for options that cannot be. What fails later is told by `ready`, `closed` and `onerror`:
 *   `LISTEN`, `CONNECT`, `CONNECTION` (broken), `FRAMING` (not frames), `REPLACED` (by a newer guest)
 */
export function qemu(options: QemuOptions): QemuPort {
  return new QemuPort(options);
}

export class QemuPort implements LivePort {
  readonly live = true;
  readonly mac?: string;
  onframe: ((frame: Uint8Array) => void) | null = null;
  ondrain: (() => void) | null = null;
  onerror: ((error: LabError) => void) | null = null;

  readonly #ready = new Outcome();
  readonly #closed = new Outcome();
  readonly #address: Address;
  #server: Server | null = null;
  #dialing: Socket | null = null;
  #retry: NodeJS.Timeout | undefined;
  #guest: Socket | null = null;
  #corked = false; // frames sent in one turn of the event loop leave in one write
  #refused = false; // send() said false, and ondrain is owed
  #open = true;
  #dropped = 0;

  constructor(options: QemuOptions) {
    const { listen, connect, mac } = options;
    if ((listen === undefined) === (connect === undefined)) {
      throw new LabError("ADDRESS", "qemu: takes exactly one of listen and connect, each a path or { port, host? }.");
    }
    if (mac !== undefined) this.mac = mac;
    this.#address = listen !== undefined ? checkAddress("qemu listen", listen) : checkAddress("qemu connect", connect!);
    if (listen !== undefined) this.#listen(this.#address);
    else this.#dial(this.#address, 1);
  }

  get ready(): Promise<void> { return this.#ready.promise; }
  get closed(): Promise<void> { return this.#closed.promise; }
  get dropped(): number { return this.#dropped; }

  /** Whether a guest is connected. */
  get connected(): boolean { return this.#guest !== null; }

  /** The address of the options; once `ready`, with the port that was chosen for port 0. */
  get address(): Address {
    const bound = this.#server?.address() as AddressInfo | string | null | undefined;
    return bound && typeof bound !== "string" ? { host: bound.address, port: bound.port } : this.#address;
  }

  send(frame: Uint8Array): boolean {
    const guest = this.#guest;
    if (!guest || frame.length === 0 || frame.length > MAX_FRAME) {
      this.#dropped++; // and taken: offered again it would be lost again
      return true;
    }
    if (guest.writableLength + LENGTH_BYTES + frame.length > BUFFER_BYTES) {
      this.#refused = true;
      return false;
    }
    this.#cork(guest);
    guest.write(withLength(frame));
    return true;
  }

  async close(): Promise<void> {
    this.#end(null);
    await this.#closed.promise.catch(() => {});
  }

  #listen(address: Address): void {
    const server = (this.#server = createServer((socket) => this.#plug(socket)));
    server.on("listening", () => this.#ready.resolve());
    server.on("error", (cause: NodeJS.ErrnoException) => {
      if (server.listening) return this.onerror?.(new LabError("CONNECTION", `qemu: ${showAddress(address)}: ${cause.message}`, { cause }));
      const failed = () => this.#end(new LabError("LISTEN", `qemu: cannot listen on ${showAddress(address)}: ${cause.message}`, { cause }));
      if (cause.code !== "EADDRINUSE" || !("path" in address)) return failed();
      ifAbandoned(address.path, () => this.#open && server.listen(address), failed);
    });
    server.listen(address);
  }

  #dial(address: Address, attempt: number): void {
    const socket = (this.#dialing = createConnection(address));
    const failed = (cause: NodeJS.ErrnoException) => {
      if (!this.#open) return;
      const tooEarly = cause.code === "ECONNREFUSED" || cause.code === "ENOENT";
      if (tooEarly && attempt < ATTEMPTS) {
        this.#retry = setTimeout(() => this.#dial(address, attempt + 1), ATTEMPT_INTERVAL);
        return;
      }
      this.#end(new LabError("CONNECT", `qemu: cannot connect to ${showAddress(address)}: ${cause.message}. Does a QEMU listen there?`, { cause }));
    };
    socket.once("error", failed);
    socket.once("connect", () => {
      socket.off("error", failed);
      this.#dialing = null;
      this.#plug(socket);
      this.#ready.resolve();
    });
  }

  #plug(socket: Socket): void {
    if (this.#guest) this.#unplug(this.#guest, new LabError("REPLACED", `qemu: ${showAddress(this.#address)}: a newer guest connected; the one before was hung up.`));
    this.#guest = socket;
    this.#corked = false;
    socket.setNoDelay(true);

    const reader = new FrameReader((frame) => this.#receive(socket, frame));
    socket.on("data", (chunk) => {
      const fault = reader.push(chunk);
      if (fault) this.#unplug(socket, fault);
    });
    socket.on("drain", () => this.#drain());
    socket.on("end", () => this.#unplug(socket, null));
    socket.on("close", () => this.#unplug(socket, null));
    socket.on("error", (cause) => this.#unplug(socket, new LabError("CONNECTION", `qemu: ${showAddress(this.#address)}: ${cause.message}`, { cause })));
  }

  /** Hangs up. What follows on this socket (its close, late errors) finds it unplugged and changes nothing. */
  #unplug(socket: Socket, fault: LabError | null): void {
    if (this.#guest !== socket) return;
    this.#guest = null;
    socket.destroy();
    if (this.#server && fault) this.onerror?.(fault);
    if (!this.#server) this.#end(fault);
    this.#drain();
  }

  #receive(socket: Socket, frame: Uint8Array): void {
    if (this.#guest !== socket) return; // the rest of a chunk after a close from within onframe
    if (!this.onframe) {
      this.#dropped++;
      return;
    }
    this.onframe(frame);
  }

  #cork(guest: Socket): void {
    if (this.#corked) return;
    this.#corked = true;
    guest.cork();
    process.nextTick(() => {
      guest.uncork();
      if (this.#guest === guest) this.#corked = false;
    });
  }

  #drain(): void {
    if (!this.#refused) return;
    this.#refused = false;
    this.ondrain?.();
  }

  #end(fault: LabError | null): void {
    if (!this.#open) return;
    this.#open = false;
    clearTimeout(this.#retry);
    this.#dialing?.destroy();
    this.#guest?.destroy();
    this.#guest = null;
    this.#ready.reject(fault ?? new LabError("CLOSED", `qemu: ${showAddress(this.#address)}: closed before it was ready.`));

    const settle = () => (fault ? this.#closed.reject(fault) : this.#closed.resolve());
    // Closing a server also removes the file of its Unix socket.
    if (this.#server?.listening) this.#server.close(settle);
    else settle();
  }
}

/**
 * Removes the socket file of a process that died, and calls `then`; calls `otherwise` when somebody listens on it, or
 * when it is no socket: connecting to an ordinary file is refused just the same.
 */
function ifAbandoned(path: string, then: () => void, otherwise: () => void): void {
  const probe = createConnection(path);
  probe.once("connect", () => {
    probe.destroy();
    otherwise();
  });
  probe.once("error", (error: NodeJS.ErrnoException) => {
    try {
      if (error.code !== "ECONNREFUSED" || !lstatSync(path).isSocket()) return otherwise();
      unlinkSync(path);
    } catch {
      return otherwise();
    }
    then();
  });
}
