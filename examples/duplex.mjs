/**
 * Sockets of the lab as streams of Node: readline on one side, a pipeline with gzip on the other.
 *
 *   node examples/duplex.mjs
 */
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { createLab, duplex } from "fivewire/node";

const lab = await createLab();
const laptop = lab.host("laptop");
const phone = laptop.vm("phone", laptop.bridged());
await lab.ready();

const server = phone.listen(9000);
const client = duplex(laptop.connect({ machine: phone, port: 9000 }));
const letters = Readable.from(["Dear phone,\n", "this line was compressed, cut into segments,\n", "and put together again.\n"]);
const sending = pipeline(letters, createGzip(), client);

const socket = duplex(await server.accept());
for await (const line of createInterface({ input: socket.pipe(createGunzip()) })) console.log("phone reads:", line);
await sending;
console.log(`${client.bytesWritten} bytes of gzip went from port ${client.localPort} to port ${client.remotePort}`);
await lab.close();
