import { LabError } from "../errors";
import { Outcome, type LivePort } from "./live-port";

export interface TapOptions {
  /** Name of the interface, 1 to 15 characters: a persistent one that may be opened, or a new one that goes with the port. */
  name: string;
  /** MAC of the guest behind it, when it is known. */
  mac?: string;
}

/** The part of libc that is used. Results are -1 on failure, with the reason in `errno`. */
interface Libc {
  open(path: string, flags: number): number;
  ioctl(file: number, request: number, data: Uint8Array): number;
  read(file: number, data: Uint8Array, length: number): number;
  write(file: number, data: Uint8Array, length: number): number;
  close(file: number): number;
  /** Waits on another thread. */
  poll(files: Uint8Array, milliseconds: number): Promise<number>;
  errno(): number;
}

const O_RDWR = 2;
const O_NONBLOCK = 0x800;
const TUNSETIFF = 0x400454ca;
/** A TAP without the four bytes of packet information. */
const IFF_TAP_NO_PI = 0x1002;
const POLLIN = 1;
const EAGAIN = 11;
const ERRORS: Record<number, string> = {
  1: "not permitted (it takes CAP_NET_ADMIN)", 2: "there is no /dev/net/tun (the kernel has no TUN/TAP)",
  13: "access denied (it takes rights to /dev/net/tun)", 16: "in use by somebody else", 22: "no TAP interface, or not a valid name",
};

/** Longest frame: 1500 bytes of payload with two VLAN tags; a longer one is cut by the kernel and dropped by the lab as TOO_LONG. */
const BUFFER = 2048;
/** Frames read at one go, before anything else may happen in the process. */
const MOST = 256;
/** How long the other thread waits, and so how long `close` may take, ms. */
const WAIT = 100;

/**
 * A TAP interface of this Linux machine as a cable: what the lab sends the kernel receives there, and the other way round. The
 * kernel's end is yours to configure (`ip addr add … dev NAME; ip link set NAME up`).
 *
 * Takes Linux, the right to open /dev/net/tun, and the optional package `koffi`, which calls libc.
 *
 * @example
 *   const cable = tap({ name: "five0" });
 *   laptop.vm("kernel", { attach: office, guest: cable });
 *   await cable.ready;
 *
 * @throws LabError `OPTION` for a name that cannot be. What the system objects to rejects `ready` and `closed`: `LISTEN`
 */
export function tap(options: TapOptions): TapPort {
  return new TapPort(options);
}

export class TapPort implements LivePort {
  readonly live = true;
  readonly name: string;
  readonly mac?: string;
  onframe: ((frame: Uint8Array) => void) | null = null;
  ondrain: (() => void) | null = null;
  onerror: ((error: LabError) => void) | null = null;

  readonly #ready = new Outcome();
  readonly #closed = new Outcome();
  readonly #buffer = new Uint8Array(BUFFER);
  #libc: Libc | undefined;
  #file = -1;
  #open = true;
  #dropped = 0;

  constructor({ name, mac }: TapOptions) {
    if (!/^[^\s/]{1,15}$/.test(name)) {
      throw new LabError("OPTION", `tap: name ${JSON.stringify(name)}; an interface's name has 1 to 15 characters, none of them / or space.`);
    }
    this.name = name;
    if (mac !== undefined) this.mac = mac;
    void this.#begin().catch((cause: unknown) => this.#fail(String((cause as Error).message ?? cause), cause));
  }

  get ready(): Promise<void> { return this.#ready.promise; }
  get closed(): Promise<void> { return this.#closed.promise; }
  get dropped(): number { return this.#dropped; }

  send(frame: Uint8Array): boolean {
    const libc = this.#libc;
    if (!this.#open || !libc) return this.#drop();
    if (libc.write(this.#file, frame, frame.length) >= 0) return true;
    // An interface that is down takes nothing (EIO): as a cable that nobody is at.
    if (libc.errno() !== EAGAIN) return this.#drop();
    setTimeout(() => this.ondrain?.(), 1);
    return false;
  }

  async close(): Promise<void> {
    this.#open = false;
    this.#ready.reject(new LabError("CLOSED", `tap ${this.name}: closed before it was ready.`));
    if (!this.#libc) this.#closed.resolve();
    await this.#closed.promise.catch(() => {});
  }

  async #begin(): Promise<void> {
    const libc = await loadLibc();
    if (!this.#open) return;
    const file = libc.open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    if (file < 0) return this.#fail(reason(libc.errno()));
    // struct ifreq: the name, then the flags.
    const request = new Uint8Array(40);
    new TextEncoder().encodeInto(this.name, request);
    new DataView(request.buffer).setUint16(16, IFF_TAP_NO_PI, true);
    if (libc.ioctl(file, TUNSETIFF, request) < 0) {
      const why = reason(libc.errno());
      libc.close(file);
      return this.#fail(why);
    }
    this.#libc = libc;
    this.#file = file;
    this.#ready.resolve();
    await this.#listen(libc, file);
  }

  /** Waits for frames until the port is closed; only then the file goes, since the other thread may be waiting on it. */
  async #listen(libc: Libc, file: number): Promise<void> {
    const files = new Uint8Array(8);
    const view = new DataView(files.buffer);
    view.setInt32(0, file, true);
    view.setUint16(4, POLLIN, true);
    while (this.#open) {
      if (this.#receive(libc, file)) await new Promise((resolve) => setImmediate(resolve));
      else await libc.poll(files, WAIT);
    }
    libc.close(file);
    this.#closed.resolve();
  }

  /** Hands on what is there. True when there may be more. */
  #receive(libc: Libc, file: number): boolean {
    for (let i = 0; i < MOST && this.#open; i++) {
      const length = libc.read(file, this.#buffer, BUFFER);
      if (length <= 0) return false;
      if (this.onframe) this.onframe(this.#buffer.subarray(0, length));
      else this.#dropped++;
    }
    return this.#open;
  }

  /** A lost frame counts as taken: offered again it would be lost again. */
  #drop(): true {
    this.#dropped++;
    return true;
  }

  #fail(why: string, cause?: unknown): void {
    this.#open = false;
    const error = new LabError("LISTEN", `tap ${this.name}: ${why}.`, cause === undefined ? undefined : { cause });
    this.#ready.reject(error);
    this.#closed.reject(error);
  }
}

function reason(errno: number): string {
  return ERRORS[errno] ?? `errno ${errno}`;
}

async function loadLibc(): Promise<Libc> {
  const { default: koffi } = await import("koffi").catch((cause: unknown) => {
    throw new Error("the optional package koffi is not there (npm install koffi)", { cause });
  });
  const libc = koffi.load("libc.so.6");
  const poll = libc.func("int poll(_Inout_ uint8_t *files, unsigned long count, int timeout)");
  return {
    open: libc.func("int open(const char *path, int flags)"),
    ioctl: libc.func("int ioctl(int file, unsigned long request, _Inout_ uint8_t *data)"),
    read: libc.func("intptr_t read(int file, _Out_ uint8_t *data, size_t length)"),
    write: libc.func("intptr_t write(int file, const uint8_t *data, size_t length)"),
    close: libc.func("int close(int file)"),
    errno: () => koffi.errno(),
    poll: (files, milliseconds) =>
      new Promise((resolve, reject) => {
        poll.async(files, 1, milliseconds, (error: Error | null, ready: number) => (error ? reject(error) : resolve(ready)));
      }),
  };
}
