import { expect, test } from "vitest";
import { lab } from "./world";

test("5000 conversations through one NAT, all alive at once: every answer reaches the socket that asked, two rounds long", async () => {
  const net = await lab({});
  const laptop = net.host("laptop");
  const server = net.host("server");
  const guest = laptop.vm("guest", laptop.natNetwork("office"));
  await net.ready();
  // Everybody on the way knows his neighbour: of what waits for one, only four packets are kept.
  await guest.ping(server);

  const echo = server.udp(7);
  const heardFrom = new Set<number>();
  void (async () => {
    for await (const { data, from } of echo) {
      heardFrom.add(from.port);
      echo.send(data, from);
    }
  })();

  const sockets = Array.from({ length: 5000 }, () => guest.udp());
  for (let round = 0; round < 2; round++) {
    for (let first = 0; first < sockets.length; first += 250) {
      const some = sockets.slice(first, first + 250);
      const nonces = some.map((_, i) => `${round}:${first + i}`);
      some.forEach((socket, i) => socket.send(new TextEncoder().encode(nonces[i]!), { address: server.address!, port: 7 }));
      const answers = await Promise.all(some.map((socket) => socket.receive({ timeout: 1000 })));
      expect(answers.map((answer) => new TextDecoder().decode(answer.data))).toEqual(nonces);
    }
  }
  // As many outside ports as sockets: all conversations were alive at the same time, more than are looked up one by one.
  expect(heardFrom.size).toBe(5000);
});
