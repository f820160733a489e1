/**
 * Writes what happens on a network to a pcapng file, dropped frames with their reason as a comment.
 *
 *   node examples/capture.mjs [office.pcapng]
 */
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLab } from "fivewire";

const file = process.argv[2] ?? join(tmpdir(), "office.pcapng");
const lab = await createLab();
const laptop = lab.host("laptop");
const office = laptop.natNetwork("office");
const capture = office.capture();
const alice = laptop.vm("alice", office);
const bob = laptop.vm("bob", office);
await lab.ready();

await alice.ping(bob);
alice.udp().send("anybody there?", { machine: bob, port: 9 }); // nobody is: the frame has a comment in the file
await lab.advance(10);

await writeFile(file, capture.bytes());
console.log(
  `${file}: ${capture.bytes().length} bytes; look at it with Wireshark, or with npx fivewire inspect ${file}`,
);
await lab.close();
