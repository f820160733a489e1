/**
 * A VM behind a NAT fetches a page from a server of this very computer: 10.0.2.2 is the host's 127.0.0.1, and `hostSockets` is what
 * stands behind it.
 *
 *   node examples/host-sockets.mjs
 */
import http from "node:http";
import { createLab, hostSockets, LabAgent } from "fivewire/node";

const server = http.createServer((request, response) => response.end(`a real server has heard ${request.url}\n`));
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address();

const lab = await createLab({ clock: "real" });
const laptop = lab.host("laptop", lab.lan(), { outside: hostSockets() });
const web = laptop.vm("web", laptop.nat({ localhostReachable: true }));
await lab.ready();

http.get(`http://10.0.2.2:${port}/from/the/vm`, { agent: new LabAgent(web) }, async (response) => {
  for await (const part of response) process.stdout.write(part);
  await lab.close();
  server.close();
});
