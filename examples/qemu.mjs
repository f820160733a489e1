/**
 * A real guest on the network: run this, then the QEMU command it prints. The guest gets its lease from the lab.
 *
 *   node examples/qemu.mjs [seconds]
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLab, qemu } from "fivewire/node";

const seconds = Number(process.argv[2] ?? 300);
const path = join(tmpdir(), `fivewire-${process.pid}.sock`);
const lab = await createLab({ clock: "real" }); // a guest that lives in real time needs a lab that does
const laptop = lab.host("laptop");
const office = laptop.natNetwork("office");
const alice = laptop.vm("alice", office);

const port = qemu({ listen: path });
laptop.vm("debian", { attach: office, guest: port });
await Promise.all([port.ready, lab.ready()]);
console.log(`alice is ${alice.address}, the gateway 10.0.2.1. For ${seconds} s, start a guest with:

  qemu-system-x86_64 ... -device virtio-net-pci,netdev=n \\
    -netdev stream,id=n,server=off,addr.type=unix,addr.path=${path}
`);

await lab.sleep(seconds * 1000);
for (const { address, mac, hostname = "" } of office.leases()) console.log(address, mac, hostname);
await lab.close();
