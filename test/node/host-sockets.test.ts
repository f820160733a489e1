import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createLab, hostSockets } from "../../src/node";
import type { Lab, Machine, Outside, OutsideStream } from "../../src/node";
import { sha256 } from "../ending";
import { bytesOf, echoed, say, textOf } from "../streams";
import { code, lab, watch } from "../world";

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server on the loopback of the machine the test runs on; its port. */
async function real(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    serve(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

interface Scene {
  world: Lab;
  guest: Machine;
  alice: Machine;
  printer: Machine;
}

async function scene(outside: Outside = hostSockets()): Promise<Scene> {
  const world = await lab({ clock: "real" });
  const laptop = world.host("laptop", world.lan(), { outside });
  const printer = world.host("printer");
  const guest = laptop.vm("guest", laptop.nat({ localhostReachable: true }));
  const alice = laptop.vm("alice", laptop.natNetwork("office"));
  await world.ready();
  return { world, guest, alice, printer };
}

test("a guest behind a NAT reaches a server on the real machine, by 10.0.2.2, and every byte comes back", async () => {
  const port = await real((socket) => socket.pipe(socket));
  const { guest, alice } = await scene();
  const data = bytesOf(300_000);
  for (const from of [guest, alice]) expect(await echoed(from.connect(`10.0.2.2:${port}`), data)).toBe(await sha256(data));
});

test("each direction ends by itself, on both sides of the seam", async () => {
  let heard = "";
  const port = await real((socket) => {
    socket.on("data", (data) => { heard += String(data); });
    socket.on("end", () => socket.end(`you said ${heard}`)); // only when the guest has ended
  });
  const { guest } = await scene();
  const socket = guest.connect(`10.0.2.2:${port}`, { allowHalfOpen: true });
  await say(socket, "hello");
  expect(await textOf(socket.readable)).toBe("you said hello");
  await socket.closed;
});

test("a port that is shut there is REFUSED here, before the guest was told that it is open", async () => {
  const port = await real(() => {});
  servers.at(-1)!.close();
  const { guest } = await scene();
  expect(await code(guest.connect(`10.0.2.2:${port}`).opened)).toBe("REFUSED");
});

test("a reset on either side is a reset on the other", async () => {
  const ends: Promise<string>[] = [];
  const port = await real((socket) => {
    ends.push(new Promise((resolve) => socket.once("close", (hadError) => resolve(hadError ? "error" : "end"))));
    socket.once("data", (data) => { if (String(data) === "go away") socket.resetAndDestroy(); });
  });
  const { guest } = await scene();
  const first = guest.connect(`10.0.2.2:${port}`);
  await first.writable.getWriter().write("go away");
  expect(await code(first.closed)).toBe("RESET");
  const second = guest.connect(`10.0.2.2:${port}`);
  await second.opened;
  second.abort();
  await Promise.all(ends);
  expect(ends).toHaveLength(2);
});

test("what listens in the lab goes before what listens outside, and the LAN has no way out there", async () => {
  const port = await real((socket) => socket.end("from outside"));
  const { world, guest, printer } = await scene();
  const laptop = world.hosts[0]!;
  expect(await code(printer.connect({ machine: laptop, port }).opened)).toBe("REFUSED");
  const server = laptop.listen(port);
  const socket = guest.connect(`10.0.2.2:${port}`);
  await say(await server.accept({ timeout: 2000 }), "from inside");
  expect(await textOf(socket.readable)).toBe("from inside");
});

test("a fork has nobody outside: what went there is reset, and what is asked for is refused", async () => {
  const port = await real((socket) => socket.write("on"));
  const { world, guest } = await scene();
  const socket = guest.connect(`10.0.2.2:${port}`);
  await socket.opened;
  const fork = watch(await world.fork());
  const twin = fork.machine("guest")!;
  expect(await code(Promise.race([twin.streams[0]!.closed, fork.sleep(2000)]))).toBe("RESET");
  expect(await code(twin.connect(`10.0.2.2:${port}`).opened)).toBe("REFUSED");
  expect(new TextDecoder().decode((await socket.readable.getReader().read()).value)).toBe("on");
});

test("closing the lab ends the real connections", async () => {
  let closed!: Promise<unknown>;
  const accepted = new Promise<void>((resolve) => {
    void real((socket) => {
      closed = new Promise((done) => socket.once("close", done));
      socket.resume();
      resolve();
    }).then(async (port) => {
      const world = await createLab({ clock: "real" });
      const laptop = world.host("laptop", world.lan(), { outside: hostSockets() });
      const guest = laptop.vm("guest", laptop.nat({ localhostReachable: true }));
      await world.ready();
      await guest.connect(`10.0.2.2:${port}`).opened;
      await accepted;
      await world.close();
    });
  });
  await accepted;
  await closed;
});

/** Nobody outside answers until told to; what became of those who were asked. */
class Slow implements Outside {
  readonly asked: ((answer: OutsideStream) => void)[] = [];
  aborted = 0;
  dropped = 0;

  connect(_: unknown, { signal }: { signal: AbortSignal }): Promise<OutsideStream> {
    signal.addEventListener("abort", () => { this.aborted++; });
    return new Promise((resolve) => this.asked.push(resolve));
  }

  answer(): void {
    const gone = (): void => { this.dropped++; };
    for (const resolve of this.asked) resolve({ readable: new ReadableStream({ cancel: gone }), writable: new WritableStream({ abort: gone }) });
  }
}

/** Until it is so; fails after 10 s. */
const until = (what: () => number, is: number): Promise<void> => expect.poll(what, { timeout: 10_000 }).toBe(is);

test("a guest that gives up is not asked for any longer, and what is answered too late is dropped", async () => {
  const slow = new Slow();
  const { guest, world } = await scene(slow);
  const socket = guest.connect("10.0.2.2:99");
  await until(() => slow.asked.length, 1);
  socket.abort();
  await until(() => slow.aborted, 1); // nobody tells: its next SYN is overdue
  slow.answer();
  await until(() => slow.dropped, 2);
  expect(world.stats().balance).toBe(0);
}, 15_000);

test("a guest that is gone when the answer comes has its connection dropped, not kept for the rest of the lab", async () => {
  const slow = new Slow();
  const { guest } = await scene(slow);
  const socket = guest.connect("10.0.2.2:99");
  await until(() => slow.asked.length, 1);
  socket.abort();
  slow.answer(); // the SYN-ACK meets a reset
  await until(() => slow.dropped, 2);
  expect(slow.aborted).toBe(0);
});

test("who knocks often has 256 asked for at a time", async () => {
  const slow = new Slow();
  const { guest, world } = await scene(slow);
  const sockets = Array.from({ length: 400 }, () => guest.connect("10.0.2.2:99"));
  await world.sleep(200);
  expect(slow.asked.length).toBe(256);
  expect(world.stats().drops.TCP_BACKLOG).toBeGreaterThan(100);
  for (const socket of sockets) socket.abort();
});

test("an outside that gives no stream leads nowhere, and the lab can be closed", async () => {
  for (const junk of [undefined, null, 7, {}, { readable: new ReadableStream() }]) {
    const { guest, world } = await scene({ connect: () => Promise.resolve(junk as never) });
    expect(await code(guest.connect("10.0.2.2:99", { timeout: 2000 }).opened)).toBe("UNREACHABLE");
    await world.close();
  }
});

test("the real world needs the real clock, and something that connects", async () => {
  const world = await lab();
  expect(await code((async () => world.host("laptop", world.lan(), { outside: hostSockets() }))())).toBe("CLOCK");
  expect(await code((async () => world.host("laptop", world.lan(), { outside: {} as never }))())).toBe("OPTION");
  expect(world.hosts).toEqual([]);
});
