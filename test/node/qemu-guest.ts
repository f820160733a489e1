import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const kernel = path(".guest/vmlinuz");
const initramfs = path(".guest/initramfs.gz");

/** Seconds after which a guest switches itself off, so that none outlives a test that died. */
const LIFETIME = 120;

/** For `part("qemu", …)`: what keeps a guest from being booted here, or null. */
export function missingForQemu(): string | null {
  for (const [tool, debian] of [["qemu-system-x86_64", "qemu-system-x86"], ["busybox", "busybox-static"], ["cpio", "cpio"]]) {
    if (spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0) return `no ${tool} in PATH (Debian: apt-get install ${debian})`;
  }
  return existsSync(kernel) ? null : "no guest kernel (tools/guest-kernel.sh fetches it)";
}

export interface Lease { address: string; prefix: number; router: string; server: string; dns: string }

/**
 * A Linux guest in a QEMU process, driven by its serial console as tools/guest-initramfs.sh describes.
 *
 * Only this one process is ended by `stop`, by its id.
 */
export class QemuGuest {
  /** All that the guest wrote on its console. */
  console = "";

  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  #over = false;
  #commands = 0;
  #notify: () => void = () => {};
  #changed = new Promise<void>((resolve) => (this.#notify = resolve));

  /**
   * Starts QEMU with one virtio card; `booted` tells when commands are taken.
   *
   * @param netdev  QEMU's -netdev without its id, such as `stream,server=off,addr.type=unix,addr.path=a.sock`
   */
  constructor(netdev: string, mac = "52:54:00:00:00:01") {
    const built = spawnSync("sh", [path("tools/guest-initramfs.sh")], { encoding: "utf8" });
    if (built.status !== 0) throw new Error(`tools/guest-initramfs.sh failed: ${built.stderr}`);

    const machine = ["-accel", "tcg", "-m", "256", "-smp", "1", "-nodefaults", "-nographic", "-no-reboot", "-serial", "stdio", "-monitor", "none"];
    const boot = ["-kernel", kernel, "-initrd", initramfs, "-append", `console=ttyS0 quiet panic=-1 lifetime=${LIFETIME}`];
    const [type, ...rest] = netdev.split(",");
    const card = ["-netdev", [type, "id=net", ...rest].join(","), "-device", `virtio-net-pci,netdev=net,mac=${mac},romfile=`];
    this.#process = spawn("qemu-system-x86_64", [...machine, ...boot, ...card], { stdio: ["pipe", "pipe", "pipe"] });

    const hear = (chunk: Buffer) => this.#hear(chunk.toString("latin1"));
    this.#process.stdout!.on("data", hear);
    this.#process.stderr!.on("data", hear);
    this.#process.stdin!.on("error", () => {}); // the guest went away; "exit" tells
    this.#ended = new Promise((resolve) => {
      const end = (why: string) => { this.#over = true; this.#hear(`\n(${why})\n`); resolve(); };
      this.#process.on("error", (error) => end(`QEMU did not start: ${error.message}`));
      this.#process.on("close", (code, signal) => end(`QEMU ended: ${signal ?? code}`));
    });
  }

  /** Waits until the guest takes commands. @returns its lease, or null when nobody gave one */
  async booted(timeout = 40_000): Promise<Lease | null> {
    const [before] = await this.#wait(/([^]*)\nguest: ready\n/, timeout);
    const lease = /guest: lease ([\d.]+)\/(\d+) router (\S+) server (\S+) dns (.*)/.exec(before);
    return lease && { address: lease[1], prefix: Number(lease[2]), router: lease[3], server: lease[4], dns: lease[5] };
  }

  /** Types a line of shell and waits for its end; lines typed meanwhile wait their turn. `timeout` is in milliseconds. */
  async run(command: string, timeout = 20_000): Promise<{ status: number; output: string }> {
    const number = ++this.#commands;
    this.#process.stdin!.write(`${command.replaceAll("\n", " ")}\n`);
    const before = number === 1 ? "guest: ready" : `guest: exit ${number - 1} \\d+`;
    const [, output, status] = await this.#wait(new RegExp(`\\n${before}\\n([^]*?)\\nguest: exit ${number} (\\d+)\\n`), timeout);
    return { status: Number(status), output };
  }

  /** Ends the process and waits for its end. */
  async stop(): Promise<void> {
    if (!this.#over) this.#process.kill("SIGKILL");
    await this.#ended;
  }

  async #wait(pattern: RegExp, timeout: number): Promise<RegExpExecArray> {
    const deadline = performance.now() + timeout;
    for (;;) {
      const found = pattern.exec(this.console);
      if (found) return found;
      const left = deadline - performance.now();
      if (this.#over || left <= 0) throw new Error(`the guest did not say ${pattern} within ${timeout} ms. Its console:\n${this.console}`);
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([this.#changed, new Promise((resolve) => (timer = setTimeout(resolve, left)))]);
      clearTimeout(timer);
    }
  }

  #hear(text: string): void {
    this.console += text.replaceAll("\r", "");
    this.#notify();
    this.#changed = new Promise((resolve) => (this.#notify = resolve));
  }
}
