import { describe, expect, test } from "vitest";
import type { Host, Lab, Machine, TcpSocket, Vm } from "../src/index";
import { sha256 } from "./ending";
import { codeOf } from "./inside";
import { all, bytesOf, echo, echoed, say, textOf } from "./streams";
import { code, lab } from "./world";

interface House {
  world: Lab;
  laptop: Host;
  printer: Host;
  server: Host;
  alice: Vm;
  bob: Vm;
}

async function house(): Promise<House> {
  const world = await lab();
  const laptop = world.host("laptop");
  const printer = world.host("printer");
  const server = world.host("server", world.internet);
  const office = laptop.natNetwork("office");
  const alice = laptop.vm("alice", office);
  const bob = laptop.vm("bob", office);
  await world.ready();
  return { world, laptop, printer, server, alice, bob };
}

/** Both ends of one connection. */
async function pair(from: Machine, to: Machine, options = {}): Promise<[TcpSocket, TcpSocket]> {
  const server = to.listen({ allowHalfOpen: true, ...options });
  const near = from.connect({ machine: to, port: server.port }, { allowHalfOpen: true, ...options });
  const far = await server.accept({ timeout: 5000 });
  await near.opened;
  server.close();
  return [near, far];
}

describe("a connection", () => {
  test("is opened, carries text both ways, and is closed", async () => {
    const { world, alice, bob } = await house();
    const server = bob.listen(7);
    echo(server);
    const socket = alice.connect({ machine: bob, port: 7 });
    const { remoteAddress, localAddress } = await socket.opened;
    expect(remoteAddress).toBe(`${bob.address}:7`);
    expect(localAddress).toMatch(new RegExp(`^${alice.address}:(49|5\\d|6\\d)\\d{3}$`));
    const [back] = await Promise.all([textOf(socket.readable), say(socket, "hello")]);
    expect(back).toBe("hello");
    await socket.closed;
    await world.advance(1); // the last acknowledgement is under way
    expect(alice.streams.map(String)).toEqual([]);
    expect(bob.streams.map(String)).toEqual([]);
  });

  test("by a forward from the host's own 127.0.0.1 seems to a guest of NAT mode to come from its gateway, which lets it open none", async () => {
    const { world, laptop } = await house();
    const nat = laptop.nat({ forward: ["own,tcp,127.0.0.1,8081,,80", "any,tcp,,8080,,80"] });
    const web = laptop.vm("web", nat);
    await world.ready();
    const server = web.listen({ port: 80, allowHalfOpen: true });
    for (const port of [8081, 8080]) {
      const near = laptop.connect(`127.0.0.1:${port}`, { allowHalfOpen: true });
      const far = await server.accept({ timeout: 1000 });
      expect(far.remoteAddress).toBe(near.localAddress!.replace("127.0.0.1", "10.0.2.2"));
      const texts = Promise.all([textOf(near.readable), textOf(far.readable), say(near, "from the host"), say(far, "from the guest")]);
      expect((await texts).slice(0, 2)).toEqual(["from the guest", "from the host"]);
      await Promise.all([near.closed, far.closed]);
    }
    laptop.listen(9);
    expect(await code(web.connect("10.0.2.2:9", { timeout: 500 }).opened)).toBe("TIMEOUT");
  });

  test("for which there is no room says whose connection to whom, and what makes more", async () => {
    const world = await lab({ capacity: { streams: 16 } });
    const laptop = world.host("laptop");
    const printer = world.host("printer");
    await world.ready();
    const opened = Array.from({ length: 17 }, () => laptop.connect({ machine: printer, port: 7 }).opened);
    const error = await opened[16]!.catch((reason: Error) => reason);
    expect(String(error)).toContain(`laptop: connect: no room for a connection to ${printer.address}:7: all streams of the lab are in use`);
    expect(error).toMatchObject({ code: "FULL" });
    await Promise.all(opened.slice(0, 16).map((each) => code(each)));
    const taken = laptop.connect({ machine: printer, port: 7 }, { localPort: 5000 });
    const again = laptop.connect({ machine: printer, port: 7 }, { localPort: 5000 });
    await expect(again.opened).rejects.toThrow("laptop: connect: TCP port 5000 is already in use");
    expect([await code(again.opened), await code(taken.opened)]).toEqual(["PORT_IN_USE", "REFUSED"]);
  });

  test("may be to an address, a name, a machine, or text with a port", async () => {
    const { alice, bob } = await house();
    echo(bob.listen(7));
    for (const remote of [`${bob.address}:7`, "bob:7", { address: bob.address, port: 7 }, { address: "bob", port: 7 }, { address: bob, port: 7 }, { machine: bob, port: 7 }, { hostname: "bob", port: 7 }]) {
      const socket = alice.connect(remote);
      expect((await socket.opened).remoteAddress).toBe(`${bob.address}:7`);
      await socket.close();
    }
  });

  test("carries a megabyte and its echo, byte for byte", async () => {
    const { world, alice, server } = await house();
    echo(server.listen(7));
    const data = bytesOf(1 << 20);
    const socket = alice.connect({ machine: server, port: 7 });
    expect(await echoed(socket, data)).toBe(await sha256(data));
    expect(socket.bytesRead).toBe(data.length);
    expect(socket.bytesWritten).toBe(data.length);
    await socket.closed;
    expect(world.stats().balance).toBe(0);
  });

  test("to oneself works too", async () => {
    const { alice } = await house();
    echo(alice.listen(7));
    expect(await echoed(alice.connect({ machine: alice, port: 7 }), bytesOf(100_000))).toBe(await sha256(bytesOf(100_000)));
  });

  test("takes text, bytes, buffers and views, and refuses anything else", async () => {
    const { alice, bob } = await house();
    const [near, far] = await pair(alice, bob);
    const writer = near.writable.getWriter();
    for (const chunk of ["é", Uint8Array.of(1), Uint8Array.of(2).buffer, new DataView(Uint8Array.of(9, 3, 9).buffer, 1, 1)]) await writer.write(chunk as never);
    expect(await codeOf(() => writer.write(5 as never))).toBe("OPTION");
    const reader = far.readable.getReader();
    const got: number[] = [];
    while (got.length < 5) got.push(...(await reader.read()).value!);
    expect(got).toEqual([0xc3, 0xa9, 1, 2, 3]);
  });

  test("a reader that brings its own buffer gets it filled", async () => {
    const { alice, bob } = await house();
    const [near, far] = await pair(alice, bob);
    await say(near, "0123456789");
    const reader = far.readable.getReader({ mode: "byob" });
    const first = await reader.read(new Uint8Array(4));
    expect(new TextDecoder().decode(first.value)).toBe("0123");
    const second = await reader.read(new Uint8Array(100));
    expect(new TextDecoder().decode(second.value)).toBe("456789");
    expect((await reader.read(new Uint8Array(1))).done).toBe(true);
  });

  test("two hundred at once all get their own bytes back", async () => {
    const { alice, bob } = await house();
    echo(bob.listen({ port: 7, backlog: 256 }));
    const sockets = Array.from({ length: 200 }, () => alice.connect({ machine: bob, port: 7 }));
    const texts = await Promise.all(sockets.map(async (socket, i) => {
      const [back] = await Promise.all([textOf(socket.readable), say(socket, `number ${i}`)]);
      return back;
    }));
    expect(texts).toEqual(sockets.map((_, i) => `number ${i}`));
    await Promise.all(sockets.map(({ closed }) => closed));
  });

  test("tells how it fares", async () => {
    const { alice, server } = await house();
    const [near, far] = await pair(alice, server);
    void all(far.readable).catch(() => {});
    await say(near, bytesOf(50_000));
    await far.readable;
    const { rtt } = await alice.ping(server);
    expect(near.stats()!.rtt).toBeGreaterThanOrEqual(rtt * 0.9);
    expect(near.stats()).toMatchObject({ segmentSize: expect.any(Number), retransmits: 0 });
    near.abort();
    expect(near.stats()).toBeNull();
  });
});

describe("back-pressure", () => {
  test("a reader that does not read stalls the writer at what both buffers hold, and reading sets it free", async () => {
    const { world, alice, bob } = await house();
    const [near, far] = await pair(alice, bob, { sendBuffer: 30_000, receiveBuffer: 16_384 });
    const data = bytesOf(500_000);
    const writing = say(near, data);
    let done = false;
    void writing.then(() => { done = true; });
    await world.advance(5000);
    const stalled = near.bytesWritten;
    expect(stalled).toBeGreaterThan(30_000 + 16_384 - 1460); // less than a segment is not worth one
    expect(stalled).toBeLessThanOrEqual(30_000 + 16_384);
    await world.advance(5000);
    expect(near.bytesWritten).toBe(stalled);
    expect(done).toBe(false);
    const back = await all(far.readable);
    await writing;
    expect(await sha256(back)).toBe(await sha256(data));
  });

  test("a writer waits until its bytes are taken: `ready` and `desiredSize` say so", async () => {
    const { world, alice, bob } = await house();
    const [near, far] = await pair(alice, bob, { sendBuffer: 4096, receiveBuffer: 4096 });
    const writer = near.writable.getWriter();
    void writer.write(new Uint8Array(100_000));
    await world.advance(1000);
    expect(writer.desiredSize).toBe(0);
    const reader = far.readable.getReader();
    for (let got = 0; got < 100_000; ) got += (await reader.read()).value!.length;
    await writer.ready;
    expect(writer.desiredSize).toBe(1);
  });

  test("an idle lab is idle: a connection nobody reads from does not turn the clock for ever", async () => {
    const { world, alice, bob } = await house();
    const [near] = await pair(alice, bob, { sendBuffer: 4096, receiveBuffer: 4096 });
    void near.writable.getWriter().write(new Uint8Array(100_000)).catch(() => {});
    await world.sleep(1000);
    const turns = async (): Promise<number> => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return world.now;
    };
    let last = -1;
    let rested = false;
    for (let i = 0; i < 20 && !rested; i++) {
      const now = await turns();
      rested = now === last;
      last = now;
    }
    expect(rested).toBe(true);
    near.abort();
  });
});

describe("ending", () => {
  test("one direction ends and the other goes on, with allowHalfOpen", async () => {
    const { alice, bob } = await house();
    const [near, far] = await pair(alice, bob);
    await say(near, "question");
    expect(await textOf(far.readable)).toBe("question");
    await say(far, "answer, later");
    expect(await textOf(near.readable)).toBe("answer, later");
    await Promise.all([near.closed, far.closed]);
  });

  test("without it, the other direction ends when the last byte was read", async () => {
    const { alice, bob } = await house();
    const [near, far] = await pair(alice, bob, { allowHalfOpen: false });
    await say(near, "bye");
    expect(await textOf(far.readable)).toBe("bye");
    expect(await textOf(near.readable)).toBe("");
    await Promise.all([near.closed, far.closed]);
  });

  test("without it, a writer that is held may finish what it has begun, and then hears CLOSED", async () => {
    const { world, alice, bob } = await house();
    const [near, far] = await pair(alice, bob, { allowHalfOpen: false, sendBuffer: 4096, receiveBuffer: 4096 });
    const writer = far.writable.getWriter();
    const begun = writer.write(new Uint8Array(50_000));
    await say(near, "bye");
    expect(await textOf(far.readable)).toBe("bye");
    const back = await all(near.readable);
    await begun;
    expect(back.length).toBe(50_000);
    await world.advance(1);
    expect(await code(writer.write("more"))).toBe("CLOSED");
    await Promise.all([near.closed, far.closed]);
  });

  test("the other side's end and its last acknowledgement come in the same instant: it is closed all the same", async () => {
    const { world, alice, bob } = await house();
    const [near, far] = await pair(alice, bob);
    const reading = [near, far].map(({ readable }) => textOf(readable));
    alice.adapters[0]!.wire = { send: { delay: 100 } };
    await near.writable.close();
    await world.advance(1);
    alice.adapters[0]!.wire = {}; // what is sent now waits for what is on the wire
    await far.writable.close();
    expect(await Promise.all(reading)).toEqual(["", ""]);
    await Promise.all([near.closed, far.closed]);
  });

  test("close lets what was written out, and resolves when both sides have ended", async () => {
    const { alice, bob } = await house();
    const [near, far] = await pair(alice, bob, { allowHalfOpen: false });
    const writer = near.writable.getWriter();
    await writer.write(bytesOf(300_000));
    const closing = near.close();
    expect((await all(far.readable)).length).toBe(300_000);
    await closing;
    await far.closed;
    expect(await near.readable.getReader().read()).toMatchObject({ done: true });
  });

  test("cancelling the reader throws away what comes, and the other side gets to its end", async () => {
    const { alice, bob } = await house();
    const [near, far] = await pair(alice, bob);
    await near.readable.cancel();
    await say(far, bytesOf(1_000_000));
    await say(near, "done");
    expect(await textOf(far.readable)).toBe("done");
    await Promise.all([near.closed, far.closed]);
  });

  test("abort resets: the other side hears RESET, this one ABORTED", async () => {
    const { world, alice, bob } = await house();
    const [near, far] = await pair(alice, bob);
    const reading = code(far.readable.getReader().read());
    const here = code(near.readable.getReader().read());
    near.abort(new Error("enough"));
    expect(await here).toBe("ABORTED");
    expect(await code(near.closed)).toBe("ABORTED");
    expect(await reading).toBe("RESET");
    expect(await code(far.closed)).toBe("RESET");
    expect(await code(far.writable.getWriter().write("x"))).toBe("RESET");
    expect(alice.streams.length + bob.streams.length).toBe(0);
    expect(world.stats().balance).toBe(0);
  });

  test("aborting the writable is an abort", async () => {
    const { alice, bob } = await house();
    const [near, far] = await pair(alice, bob);
    await near.writable.abort(new Error("no more"));
    expect(await code(near.closed)).toBe("ABORTED");
    expect(await code(far.closed.then(() => alice.ping(bob)))).toBe("RESET");
  });
});

describe("what keeps a connection from opening", () => {
  test("nobody listens: REFUSED, told by opened and closed alike", async () => {
    const { alice, bob } = await house();
    const socket = alice.connect({ machine: bob, port: 81 });
    expect(await code(socket.opened)).toBe("REFUSED");
    expect(await code(socket.closed)).toBe("REFUSED");
    expect(await code(socket.readable.getReader().read())).toBe("REFUSED");
    expect(await code(socket.writable.getWriter().write("x"))).toBe("REFUSED");
    expect(alice.streams.map(String)).toEqual([]);
  });

  test("nobody answers: TIMEOUT, after the time given or as long as TCP tries", async () => {
    const { world, alice, bob } = await house();
    const { address } = bob;
    bob.adapters[0]!.cable = false;
    const began = world.now;
    expect(await code(alice.connect({ address, port: 80 }, { timeout: 500 }).opened)).toBe("TIMEOUT");
    expect(world.now - began).toBeCloseTo(500, 0);
    expect(await code(alice.connect({ address, port: 80 }).opened)).toMatch(/TIMEOUT|UNREACHABLE/);
    expect(world.now - began).toBeGreaterThan(1000);
  });

  test("nobody has the address: UNREACHABLE", async () => {
    const { alice, printer } = await house();
    expect(await code(printer.connect("192.168.1.77:80").opened)).toBe("UNREACHABLE");
    expect(await code(alice.connect("198.51.100.1:80").opened)).toBe("UNREACHABLE");
  });

  test("no way, no address, no name, no such local address", async () => {
    const { laptop, alice } = await house();
    const lonely = laptop.vm("lonely", { attach: laptop.internal("backend"), address: "10.9.0.2/24" });
    const bare = laptop.vm("bare", laptop.internal("backend"));
    expect(await code(lonely.connect("192.168.1.1:80").opened)).toBe("NO_ROUTE");
    expect(await code(bare.connect("10.9.0.2:80").opened)).toBe("NO_ADDRESS");
    expect(await code(alice.connect("nobody:80").opened)).toBe("NOT_FOUND");
    expect(await code(lonely.connect("alice:80").opened)).toBe("NO_DNS");
    expect(await code(alice.connect("10.0.2.1:80", { localAddress: "10.0.2.200" }).opened)).toBe("NO_ADDRESS");
  });

  test("a port of its own that is taken: PORT_IN_USE", async () => {
    const { alice, bob } = await house();
    echo(bob.listen(7));
    const first = alice.connect({ machine: bob, port: 7 }, { localPort: 5000 });
    expect((await first.opened).localAddress).toBe(`${alice.address}:5000`);
    expect(await code(alice.connect({ machine: bob, port: 7 }, { localPort: 5000 }).opened)).toBe("PORT_IN_USE");
  });

  test("a signal aborts it before, while and after it opens", async () => {
    const { world, alice, bob } = await house();
    echo(bob.listen(7));
    const signal = AbortSignal.abort(new Error("never mind"));
    expect(await code(alice.connect({ machine: bob, port: 7 }, { signal }).opened)).toBe("ABORTED");
    const during = new AbortController();
    const opening = alice.connect({ machine: bob, port: 7 }, { signal: during.signal });
    during.abort();
    expect(await code(opening.opened)).toBe("ABORTED");
    const named = alice.connect("bob:7", { signal: during.signal });
    expect(await code(named.opened)).toBe("ABORTED");
    const later = new AbortController();
    const open = alice.connect({ machine: bob, port: 7 }, { signal: later.signal });
    await open.opened;
    later.abort(new Error("enough"));
    const error = await open.closed.catch((reason) => reason);
    expect(error).toMatchObject({ code: "ABORTED", cause: { message: "enough" } });
    await world.advance(1000);
    expect(alice.streams.map(String)).toEqual([]);
    expect(bob.streams.map(String)).toEqual([]);
  });

  test("closing it first is CLOSED, and nothing is left of it", async () => {
    const { alice, bob } = await house();
    bob.listen(7);
    const socket = alice.connect({ machine: bob, port: 7 });
    void socket.close().catch(() => {});
    const error = await socket.opened.catch((reason) => reason);
    expect(error.code).toBe("CLOSED");
    expect(error.message).toBe("alice: TCP connection to bob:7 was closed before it was open");
    expect(alice.streams.map(String)).toEqual([]);
  });

  test("an address that is nobody's or everybody's is refused at once, to traceroute as well", async () => {
    const { world, alice } = await house();
    const began = world.now;
    for (const address of ["0.0.0.0", "0.1.2.3", "10.0.2.255", "224.0.0.1", "240.0.0.1", "255.255.255.255"]) {
      expect(await code(alice.connect({ address, port: 80 }).opened), address).toBe("ADDRESS");
      expect(await code(alice.traceroute(address)), address).toBe("ADDRESS");
    }
    expect(world.now - began).toBeLessThan(1);
  });

  test("localhost is the machine itself, and nobody is asked", async () => {
    const { server } = await house(); // which has no DNS server
    echo(server.listen(7));
    for (const name of ["localhost", "LOCALHOST", "web.localhost"]) {
      const socket = server.connect(`${name}:7`);
      const [back] = await Promise.all([textOf(socket.readable), say(socket, name)]);
      expect(back).toBe(name);
    }
    expect(await server.resolve("localhost")).toEqual(["127.0.0.1"]);
  });

  test("a port that is text is told with its quotes", async () => {
    const { alice } = await house();
    expect(() => alice.connect({ address: "10.0.2.1", port: "80" as never })).toThrow('port "80"; it takes a whole number');
  });

  test("what makes no sense is thrown at once", async () => {
    const { alice, bob } = await house();
    const attempts: [string, () => unknown][] = [
      ["OPTION", () => alice.connect("bob")],
      ["PORT", () => alice.connect("bob:0")],
      ["PORT", () => alice.connect({ machine: bob, port: 70_000 })],
      ["OPTION", () => alice.connect(null as never)],
      ["OPTION", () => alice.connect({ host: "bob", port: 80 } as never)],
      ["OPTION", () => alice.connect({ port: 80 } as never)],
      ["OPTION", () => alice.connect("[::1]:80")],
      ["OPTION", () => alice.connect("http://bob:80")],
      ["OPTION", () => alice.connect("bob:80:90")],
      ["OPTION", () => alice.connect("bob:7", { noDelay: 1 as never })],
      ["OPTION", () => alice.connect("bob:7", { congestion: "vegas" as never })],
      ["OPTION", () => alice.connect("bob:7", { sendBuffer: 7 })],
      ["OPTION", () => alice.connect("bob:7", { signal: {} as never })],
      ["OPTION", () => alice.connect("bob:7", { halfOpen: true } as never)],
      ["OPTION", () => alice.listen({ backlog: 0 })],
      ["PORT", () => alice.listen(-1)],
      ["ADDRESS", () => alice.listen({ address: "here" })],
      ["NO_ADDRESS", () => alice.listen({ address: "10.0.2.200" })],
      ["OPTION", () => alice.listen("80" as never)],
    ];
    for (const [expected, attempt] of attempts) expect(await codeOf(attempt), attempt.toString()).toBe(expected);
  });
});

describe("a server", () => {
  test("has its port alone; another address's is another, and closing frees it", async () => {
    const { alice } = await house();
    const server = alice.listen(80);
    expect(await codeOf(() => alice.listen(80))).toBe("PORT_IN_USE");
    expect(await codeOf(() => alice.listen({ port: 80, address: alice.address }))).toBe("PORT_IN_USE");
    expect(alice.udp(80).port).toBe(80); // UDP has ports of its own
    server.close();
    const again = alice.listen({ port: 80, address: alice.address });
    expect(again.address).toBe(alice.address);
    const free = alice.listen(0);
    expect(free.port).toBeGreaterThanOrEqual(49_152);
    expect(alice.servers.map(({ port }) => port)).toEqual([80, free.port]);
  });

  test("keeps as many waiting as its backlog says; whoever comes later gets in when there is room", async () => {
    const { world, alice, bob } = await house();
    const server = bob.listen({ port: 7, backlog: 3 });
    const sockets = Array.from({ length: 8 }, () => alice.connect({ machine: bob, port: 7 }));
    let open = 0;
    for (const socket of sockets) socket.opened.then(() => open++, () => {});
    await world.advance(500);
    expect(open).toBeGreaterThanOrEqual(3);
    expect(open).toBeLessThan(8);
    expect(world.stats().drops.TCP_BACKLOG).toBeGreaterThan(0);
    echo(server);
    await Promise.all(sockets.map(({ opened }) => opened));
    expect(open).toBe(8);
  });

  test("that is closed resets who waits, and leaves who was accepted alone", async () => {
    const { alice, bob } = await house();
    const server = bob.listen(7);
    const first = alice.connect({ machine: bob, port: 7 });
    const accepted = await server.accept({ timeout: 1000 });
    const second = alice.connect({ machine: bob, port: 7 });
    await second.opened;
    server.close();
    expect(await code(second.closed)).toMatch(/RESET|no error/);
    await say(accepted, "still here");
    expect(await textOf(first.readable)).toBe("still here");
    expect(await code(alice.connect({ machine: bob, port: 7 }).opened)).toBe("REFUSED");
  });

  test("accept waits as long as it is told, and its loop ends when it is closed", async () => {
    const { world, alice } = await house();
    const server = alice.listen(7);
    const began = world.now;
    expect(await code(server.accept({ timeout: 250 }))).toBe("TIMEOUT");
    expect(world.now - began).toBeCloseTo(250, 3);
    const waiting = code(server.accept());
    let ended = false;
    const loop = (async () => {
      for await (const _ of server) continue;
      ended = true;
    })();
    server.close();
    await loop;
    expect(ended).toBe(true);
    expect(await waiting).toBe("CLOSED");
    expect(await code(server.accept())).toBe("CLOSED");
  });

  test("a client that has gone before it was accepted is not handed out, or hands over what it said", async () => {
    const { world, alice, bob } = await house();
    const server = bob.listen(7);
    const gone = alice.connect({ machine: bob, port: 7 });
    await gone.opened;
    gone.abort();
    const brief = alice.connect({ machine: bob, port: 7 });
    await say(brief, "brief");
    await world.advance(100);
    const socket = await server.accept({ timeout: 1000 });
    expect(await textOf(socket.readable)).toBe("brief");
  });
});

describe("a lab without room", () => {
  test("says FULL of one connection more, and takes it once another is over", async () => {
    const world = await lab({ capacity: { stations: 64, streams: 16 } });
    const laptop = world.host("laptop");
    const printer = world.host("printer");
    await world.ready();
    printer.listen(7);
    const open: TcpSocket[] = [];
    let last = "";
    while (last === "" && open.length < 20) {
      const socket = laptop.connect({ machine: printer, port: 7 }, { timeout: 100 });
      await socket.opened.then(() => open.push(socket), ({ code }) => { last = code; });
    }
    // Its own end may find no room, or the other side's, which then does not answer.
    expect(last).toMatch(/FULL|TIMEOUT/);
    expect(open.length).toBeGreaterThan(4);
    const several = Array.from({ length: 16 }, () => laptop.connect({ machine: printer, port: 7 }, { timeout: 100 }));
    const codes = await Promise.all(several.map(({ opened }) => code(opened)));
    expect(codes).toContain("FULL");
    expect(await codeOf(() => { for (let i = 0; i < 20; i++) laptop.listen(0); })).toBe("FULL");
    for (const server of laptop.servers) server.close();
    for (const socket of open) socket.abort();
    await world.advance(10_000);
    await laptop.connect({ machine: printer, port: 7 }).opened;
  });
});

describe("everything ends well", () => {
  test("nobody is punished for not awaiting, whatever happens to the lab", async () => {
    const { world, alice, bob, printer } = await house();
    bob.listen(7);
    alice.connect({ machine: bob, port: 81 });
    alice.connect("nobody:1");
    const [near, far] = await pair(alice, bob);
    far.readable.pipeTo(far.writable).catch(() => {}); // the pipe is the user's own promise
    const [gone, left] = await pair(bob, printer);
    void left;
    near.readable.pipeTo(new WritableStream()).catch(() => {});
    await world.advance(10);
    await bob.remove();
    expect(await code(gone.closed)).toBe("CLOSED");
    const opening = alice.connect(`${printer.address}:9`);
    await world.close();
    expect(await code(opening.opened)).toBe("CLOSED");
    expect(await code(near.closed)).toBe("CLOSED");
    await new Promise((resolve) => setTimeout(resolve, 20)); // an unhandled rejection would fail the run
    expect(await codeOf(() => alice.listen(5))).toBe("CLOSED");
    expect(await codeOf(() => alice.connect("10.0.2.1:5"))).toBe("CLOSED");
  });

  test("a machine that is removed is silence for the other side, which gives up in the end", async () => {
    const { world, alice, bob } = await house();
    const [near] = await pair(alice, bob, { giveUp: 5000 });
    await bob.remove();
    const began = world.now;
    void near.writable.getWriter().write("anybody?").catch(() => {});
    expect(await code(Promise.race([near.closed, world.sleep(60_000)]))).toMatch(/TIMEOUT|UNREACHABLE/);
    expect(world.now - began).toBeLessThan(60_000);
  });

  test("a pulled cable delays, and plugged in again it all arrives", async () => {
    const { world, alice, bob } = await house();
    const [near, far] = await pair(alice, bob);
    const data = bytesOf(400_000);
    const [card] = bob.adapters;
    const writing = say(near, data);
    const reading = all(far.readable);
    await world.sleep(1);
    card!.cable = false;
    await world.sleep(3000);
    card!.cable = true;
    expect(await sha256(await reading)).toBe(await sha256(data));
    await writing;
    expect(near.stats()?.retransmits ?? 1).toBeGreaterThan(0);
  });

  test("keep-alive finds out that the other side is gone", async () => {
    const { world, alice, bob } = await house();
    const [near] = await pair(alice, bob, { keepAlive: 1000, giveUp: 5000 });
    await bob.remove();
    expect(await code(Promise.race([near.closed, world.sleep(3_600_000)]))).toMatch(/TIMEOUT|UNREACHABLE/);
  });
});
