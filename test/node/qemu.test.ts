import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLab, LabAgent, serveHttp, type Machine } from "../../src/node";
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
    return { lab, port, laptop, office, printer, alice };
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

  /** What the guest gets from there, by its SHA-256. */
  async function fetchedByGuest(url: string): Promise<string> {
    const { status, output } = await guest.run(`set -o pipefail; wget -q -O - ${url} | sha256sum`, 60_000);
    expect(status, output).toBe(0);
    return output.slice(0, 64);
  }

  /** What a machine of the lab gets, by its SHA-256. */
  async function fetched(machine: Machine, url: string): Promise<string> {
    const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
      http.get(url, { agent: new LabAgent(machine) }, resolve).on("error", reject);
    });
    expect(answer.statusCode).toBe(200);
    const hash = createHash("sha256");
    for await (const part of answer) hash.update(part as Buffer);
    return hash.digest("hex");
  }

  test("fetches 8 MiB from a built-in VM beside it, and from a machine on the LAN through the NAT", async () => {
    const file = randomBytes(8 << 20);
    const server = http.createServer((_request, response) => void response.end(file));
    for (const machine of [net.alice, net.printer]) {
      const listening = serveHttp(machine, server, 8000);
      expect(await fetchedByGuest(`http://${machine.address}:8000/`)).toBe(createHash("sha256").update(file).digest("hex"));
      await listening.close();
    }
  }, 120_000);

  test("serves 8 MiB to a built-in VM beside it, and to a machine on the LAN through a forward", async () => {
    const { output } = await guest.run("mkdir /www; dd if=/dev/urandom of=/www/file bs=1M count=8 2>/dev/null; httpd -p 80 -h /www; sha256sum /www/file");
    const sha256 = output.slice(0, 64);
    net.office.forward({ protocol: "tcp", hostPort: 8080, guestIp: lease!.address, guestPort: 80 });
    expect(await fetched(net.alice, `http://${lease!.address}/file`)).toBe(sha256);
    expect(await fetched(net.printer, `http://${net.laptop.address}:8080/file`)).toBe(sha256);
  }, 120_000);

  test("is refused by a built-in VM, and refuses it", async () => {
    const { status, output } = await guest.run(`nc ${net.alice.address} 9 2>&1`);
    expect(output).toContain("Connection refused");
    expect(status).toBe(1);
    await expect(net.alice.connect({ address: lease!.address, port: 9 }).opened).rejects.toMatchObject({ code: "REFUSED" });
  });

  test("may go away; the network and the others stay", async () => {
    await guest.stop();
    expect((await net.alice.ping(net.printer)).ttl).toBe(63);
  });
});
