/**
 * A UDP server in a VM behind NAT, reached from the LAN by a forward rule that is added while everything runs.
 *
 *   node examples/port-forward.mjs
 */
import { createLab } from "fivewire";

const lab = await createLab();
const laptop = lab.host("laptop");
const printer = lab.host("printer");
const web = laptop.vm("web", laptop.nat());
await lab.ready();

const server = web.udp(7);
void (async () => {
  for await (const { data, from } of server) {
    console.log(`web hears ${new TextDecoder().decode(data)} from ${from.address}`);
    server.send(data, from);
  }
})();

const client = printer.udp();
console.log(`without a rule: ${await ask("one")}`);

const rule = web.adapters[0].forward("echo,udp,,7000,,7"); // name, protocol, host address, host port, guest address, guest port
console.log(`with "${rule.name}": ${await ask("two")}`);

for (const { protocol, inside, outside, remote } of web.adapters[0].network.connections())
  console.log(`the NAT translates ${protocol}: ${remote} -> ${outside} -> ${inside}`);
await lab.close();

async function ask(text) {
  client.send(text, { machine: laptop, port: 7000 });
  const answer = await client.receive({ timeout: 1000 }).catch(({ code }) => code);
  return typeof answer === "string" ? answer : `${new TextDecoder().decode(answer.data)} from ${answer.from.address}`;
}
