/**
 * An http.Agent whose connections run through the lab: the same request from three places, each of which sees the server differently.
 *
 *   node examples/http-agent.mjs
 */
import http from "node:http";
import { createLab, LabAgent, serveHttp } from "fivewire/node";

const lab = await createLab();
const laptop = lab.host("laptop");
const server = lab.host("server", lab.internet);
const office = laptop.natNetwork("office");
const alice = laptop.vm("alice", office);
const db = laptop.vm("db", { attach: laptop.internal("backend"), address: "10.9.0.2/24" });
await lab.ready();

serveHttp(server, http.createServer((request, response) => response.end(request.socket.remoteAddress)));

for (const from of [server, laptop, alice, db]) console.log(from.name.padEnd(6), await fetchBy(from));
await lab.close();

function fetchBy(machine) {
  return new Promise((resolve) => {
    const request = http.get(`http://${server.address}/`, { agent: new LabAgent(machine) }, async (response) => {
      let text = "";
      for await (const part of response) text += part;
      resolve(`is seen as ${text}`);
    });
    request.on("error", ({ code }) => resolve(`does not get there: ${code}`));
  });
}
