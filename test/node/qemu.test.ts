import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLab } from "../../src/index";
import { qemu, type QemuPort } from "../../src/guests/qemu";
import { part } from "../parts";
import { missingForQemu, QemuGuest, type Lease } from "./qemu-guest";

describe.skipIf(!part("qemu", missingForQemu))("a Linux guest in a NAT network", () => {
  let folder: string;
  let net: Awaited<ReturnType<typeof wire>>;
  let guest: QemuGuest;
  let lease: Lease | null;

  /** A laptop with `office`, on it alice (built-in) and debian (QEMU); a printer on the laptop's LAN. */
  async function wire(port: QemuPort) {
    const lab = await createLab({ clock: "real" });
    const laptop = lab.host("laptop");
    const printer = lab.host("printer");
    const office = laptop.natNetwork("office");
    const alice = laptop.vm("alice", office);
    laptop.vm("debian", { attach: office, guest: port });
    await Promise.all([port.ready, lab.ready()]);
    return { lab, port, laptop, printer, alice };
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "qemu-"));
    const socket = join(folder, "debian.sock");
    net = await wire(qemu({ listen: socket }));
    guest = new QemuGuest(`stream,server=off,addr.type=unix,addr.path=${socket}`);
    lease = await guest.booted();
  }, 60_000);

  afterAll(async () => {
    await guest?.stop();
    await net?.lab.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const pings = (address: string) => guest.run(`ping -c 3 -i 0.2 -W 5 ${address}`);

  test("gets its lease from our DHCP server", () => {
    expect(lease).toMatchObject({ prefix: 24, router: "10.0.2.1" });
    expect(lease!.address).toMatch(/^10\.0\.2\.\d+$/);
    expect(lease!.address).not.toBe(net.alice.address);
  });

  test("pings its gateway", async () => {
    const { status, output } = await pings("10.0.2.1");
    expect(output).toContain("3 packets received, 0% packet loss");
    expect(status).toBe(0);
  });

  test("pings a built-in VM beside it", async () => {
    const { output } = await pings(net.alice.address);
    expect(output).toContain("3 packets received, 0% packet loss");
    expect(output).toContain("ttl=64");
  });

  test("pings a machine on the LAN, through the NAT", async () => {
    const { output } = await pings(net.printer.address);
    expect(output).toContain("3 packets received, 0% packet loss");
    expect(output).toContain("ttl=63");
  });

  test("hears nothing from an address that nobody has", async () => {
    const { status, output } = await guest.run("ping -c 1 -W 2 10.0.2.200");
    expect(output).toContain("0 packets received");
    expect(status).toBe(1);
  });

  test("is pinged by a built-in VM", async () => {
    const answer = await net.alice.ping(lease!.address);
    expect(answer).toMatchObject({ from: lease!.address, ttl: 64 });
  });

  test("sends 500 pings in a row and gets 500 answers", async () => {
    const lost = net.port.dropped; // floods from before QEMU was there
    const { output } = await guest.run(`ping -c 500 -A -q -w 20 ${net.alice.address}`, 30_000);
    expect(output).toContain("500 packets received, 0% packet loss");
    expect(net.port.dropped).toBe(lost);
  }, 40_000);

  test("may go away; the network and the others stay", async () => {
    await guest.stop();
    expect((await net.alice.ping(net.printer)).ttl).toBe(63);
  });
});
