import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { tap, type TapPort } from "../../src/guests/tap";

const execute = promisify(execFile);

/** What keeps this machine from being a peer over TAP; null: nothing. */
export function missingForTap(): string | null {
  if (!existsSync("/dev/net/tun")) return "no /dev/net/tun";
  try {
    execFileSync("ip", ["netns", "add", PROBE], { stdio: "pipe" });
    execFileSync("ip", ["netns", "del", PROBE], { stdio: "pipe" });
  } catch (error) {
    return `no network namespaces by \`ip netns\` (root and iproute2): ${(error as Error).message.trim().split("\n").pop()}`;
  }
  return null;
}
const PROBE = `fivewire-${process.pid}-probe`;

let made = 0;

/** This machine's own kernel, at the far end of a TAP in a network namespace that nothing else is in. */
export class Kernel {
  private readonly children: ChildProcess[] = [];

  private constructor(readonly namespace: string, readonly cable: TapPort) {}

  /** With `address` (as 10.0.0.2/24) on the interface, and a default route if a gateway is given. */
  static async start(address: string, gateway?: string): Promise<Kernel> {
    const id = `${process.pid}-${++made}`;
    const kernel = new Kernel(`fivewire-${id}`, tap({ name: `fw${id}`.slice(0, 15) }));
    await kernel.cable.ready;
    await execute("ip", ["netns", "add", kernel.namespace]);
    await execute("ip", ["link", "set", kernel.cable.name, "netns", kernel.namespace]);
    await kernel.run("ip", "link", "set", "lo", "up");
    await kernel.run("ip", "addr", "add", address, "dev", kernel.cable.name);
    await kernel.run("ip", "link", "set", kernel.cable.name, "up");
    if (gateway) await kernel.run("ip", "route", "add", "default", "via", gateway);
    return kernel;
  }

  /** Runs a program in the namespace to its end and returns what it wrote. */
  async run(program: string, ...args: string[]): Promise<string> {
    const { stdout } = await execute("ip", ["netns", "exec", this.namespace, program, ...args], { timeout: 60_000, maxBuffer: 1 << 26 });
    return stdout;
  }

  /** Starts a program in the namespace; it ends with `stop` at the latest. */
  spawn(program: string, ...args: string[]): ChildProcess {
    const child = spawn("ip", ["netns", "exec", this.namespace, program, ...args], { stdio: ["pipe", "pipe", "inherit"] });
    this.children.push(child);
    return child;
  }

  /** Starts tcp-peer.mjs, which says there what its arguments mean. */
  peer(...args: string[]): TcpPeer {
    return new TcpPeer(this.spawn(process.execPath, fileURLToPath(new URL("tcp-peer.mjs", import.meta.url)), ...args));
  }

  async stop(): Promise<void> {
    for (const child of this.children) child.kill();
    await this.cable.close();
    await execute("ip", ["netns", "del", this.namespace]);
  }
}

/** What a tcp-peer.mjs says when its connection is over. */
export interface PeerEnd {
  sent: number;
  received: number;
  sha256: { sent: string; received: string };
  /** What it failed with, such as `"ECONNRESET"`; then there is nothing else. */
  error?: string;
}

/** A tcp-peer.mjs in a namespace. */
export class TcpPeer {
  private readonly lines: AsyncIterator<string>;

  constructor(child: ChildProcess) {
    this.lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  /** The port it listens at; asked first. */
  async listening(): Promise<number> { return (await this.next() as { listening: number }).listening; }

  async end(): Promise<PeerEnd> { return await this.next() as PeerEnd; }

  private async next(): Promise<unknown> {
    const { done, value } = await this.lines.next();
    if (done) throw new Error("the program in the namespace ended without a word; what it wrote on stderr is above");
    return JSON.parse(value);
  }
}
