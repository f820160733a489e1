/**
 * A web server of node:http inside a VM, behind NAT, fetched by somebody on the LAN through a forward. No port of this computer is
 * opened: all of it happens in the lab.
 *
 *   node examples/http-server.mjs
 */
import http from "node:http";
import { createLab, LabAgent, serveHttp } from "fivewire/node";

const lab = await createLab();
const laptop = lab.host("laptop");
const printer = lab.host("printer");
const web = laptop.vm("web", laptop.nat({ forward: ["http,tcp,,8080,,80"] }));
await lab.ready();

const server = http.createServer((request, response) => {
  console.log(`web: ${request.method} ${request.url} from ${request.socket.remoteAddress}`);
  response.end("a page from inside the VM\n");
});
serveHttp(web, server, 80);

const agent = new LabAgent(printer); // connections of this agent begin at the printer
http.get("http://laptop:8080/index.html", { agent }, async (response) => {
  for await (const part of response) process.stdout.write(`printer: ${response.statusCode} ${part}`);
  for (const { remote, outside, inside, state } of web.adapters[0].network.connections())
    console.log(`NAT: ${remote} -> ${outside} -> ${inside} ${state}`);
  await lab.close();
});
