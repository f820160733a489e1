/**
 * TCP in the shape of the WinterTC sockets API, with back-pressure: a slow reader slows the writer down, and nothing piles up.
 *
 *   node examples/tcp.mjs
 */
import { createLab } from "fivewire";

const lab = await createLab();
const laptop = lab.host("laptop");
const office = laptop.natNetwork("office");
const alice = laptop.vm("alice", office);
const bob = laptop.vm("bob", office);
await lab.ready();

const server = bob.listen({ port: 80, receiveBuffer: 16_384 });
const socket = alice.connect("bob:80", { sendBuffer: 16_384 }); // a name of the lab's own DNS
console.log("open:", await socket.opened);

const slow = await server.accept();
const writer = socket.writable.getWriter();
const sending = writer.write(new Uint8Array(1_000_000)).then(() => writer.close());
await lab.sleep(1000);
console.log(`after a second in which bob read nothing: ${socket.bytesWritten} bytes taken`);

let received = 0;
for await (const bytes of slow.readable) received += bytes.length;
await sending;
await socket.closed;
console.log(`bob has read ${received} bytes`);
await lab.close();
