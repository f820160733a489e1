import http from "node:http";
import type { IncomingMessage } from "node:http";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { duplex, LabAgent, serveHttp } from "../../src/node";
import type { Lab, Machine, Vm } from "../../src/node";
import { sha256 } from "../ending";
import { bytesOf, echo } from "../streams";
import { code, lab } from "../world";

/** A web server in a VM behind a NAT, with a forward; somebody on the LAN; and somebody on a network with the server's neighbour. */
async function site() {
  const world = await lab();
  const laptop = world.host("laptop");
  const printer = world.host("printer");
  const web = laptop.vm("web", laptop.nat({ forward: ["http,tcp,,8080,,80"] }));
  await world.ready();
  return { world, laptop, printer, web };
}

function get(machine: Machine, url: string, options: http.RequestOptions = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    http.get(url, { agent: new LabAgent(machine), ...options }, resolve).on("error", reject);
  });
}

async function body(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

describe("a web server in a VM", () => {
  test("is fetched through a forward by somebody on the LAN, by the host's name", async () => {
    const { printer, web } = await site();
    const server = http.createServer((request, response) => response.end(`${request.method} ${request.url} from ${request.socket.remoteAddress}`));
    const listening = serveHttp(web, server, 80);
    const answer = await get(printer, "http://laptop:8080/hello?you");
    expect(answer.statusCode).toBe(200);
    expect((await body(answer)).toString()).toBe(`GET /hello?you from ${printer.address}`);
    listening.close();
    expect(await code(get(printer, "http://laptop:8080/"))).toMatch(/REFUSED|RESET/);
  });

  test("takes a megabyte and gives it back, in chunks and with a length", async () => {
    const { printer, web } = await site();
    serveHttp(web, http.createServer((request, response) => void pipeline(request, response)));
    const data = Buffer.from(bytesOf(1 << 20));
    for (const headers of [{}, { "content-length": String(data.length) }]) {
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const request = http.request("http://laptop:8080/", { method: "POST", agent: new LabAgent(printer), headers }, resolve);
        request.on("error", reject);
        Readable.from([data.subarray(0, 300_000), data.subarray(300_000)]).pipe(request);
      });
      expect(await sha256(await body(answer))).toBe(await sha256(data));
    }
  });

  test("serves many requests on one connection that is kept, and many connections at once", async () => {
    const { printer, web } = await site();
    let connections = 0;
    const server = http.createServer((request, response) => response.end(request.url));
    server.on("connection", () => connections++);
    serveHttp(web, server);
    const agent = new LabAgent(printer, { keepAlive: true, maxSockets: 1 });
    for (let i = 0; i < 10; i++) expect((await body(await get(printer, `http://laptop:8080/${i}`, { agent }))).toString()).toBe(`/${i}`);
    expect(connections).toBe(1);
    agent.destroy();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => get(printer, `http://laptop:8080/${i}`).then(body)));
    expect(answers.map(String)).toEqual(Array.from({ length: 50 }, (_, i) => `/${i}`));
    expect(connections).toBe(51);
  });

  test("takes no more than its turn of virtual time: a page is there after a few round trips", async () => {
    const { world, printer, web } = await site();
    serveHttp(web, http.createServer((_, response) => response.end("quick")));
    await printer.ping("192.168.1.1");
    const began = world.now;
    await body(await get(printer, "http://laptop:8080/"));
    expect(world.now - began).toBeLessThan(20);
  });

  test("a name that is not there, and a port that is shut, are errors of the request", async () => {
    const { printer } = await site();
    expect(await code(get(printer, "http://nowhere/"))).toBe("NOT_FOUND");
    expect(await code(get(printer, "http://laptop:81/"))).toBe("REFUSED");
  });
});

describe("a duplex", () => {
  async function pair(world: Lab, from: Machine, to: Vm) {
    const server = to.listen({ port: 7, allowHalfOpen: true });
    const near = duplex(from.connect({ machine: to, port: 7 }, { allowHalfOpen: true }));
    const far = duplex(await server.accept({ timeout: 1000 }));
    await world.sleep(10);
    return { near, far };
  }

  async function neighbours() {
    const world = await lab();
    const laptop = world.host("laptop");
    const phone = laptop.vm("phone", laptop.bridged());
    await world.ready();
    return { world, laptop, phone };
  }

  test("pipes, tells both addresses, and ends each direction by itself", async () => {
    const { world, laptop, phone } = await neighbours();
    const { near, far } = await pair(world, laptop, phone);
    expect(near).toMatchObject({ connecting: false, remoteAddress: phone.address, remotePort: 7, localAddress: laptop.address });
    expect(far).toMatchObject({ localPort: 7, remoteAddress: laptop.address });
    near.end("question");
    expect(await text(far)).toBe("question");
    far.end("answer");
    expect(await text(near)).toBe("answer");
  });

  test("carries a megabyte through an echo server with back-pressure", async () => {
    const { laptop, phone } = await neighbours();
    echo(phone.listen(7));
    const stream = duplex(laptop.connect({ machine: phone, port: 7 }));
    const data = Buffer.from(bytesOf(1 << 20));
    const [back] = await Promise.all([body(stream as never), pipeline(Readable.from([data]), stream, { end: true }).catch(() => {})]);
    expect(await sha256(back)).toBe(await sha256(data));
  });

  test("emits connect when it is open, and the error when it does not get so far", async () => {
    const { laptop, phone } = await neighbours();
    phone.listen(7);
    const stream = duplex(laptop.connect({ machine: phone, port: 7 }));
    expect(stream.connecting).toBe(true);
    await new Promise((resolve) => stream.once("connect", resolve));
    stream.destroy();
    const failed = duplex(laptop.connect({ machine: phone, port: 8 }));
    const error = await new Promise<unknown>((resolve) => failed.once("error", resolve));
    expect(error).toMatchObject({ code: "REFUSED" });
  });

  test("destroyed when it was read, it ends in good order", async () => {
    const { world, laptop, phone } = await neighbours();
    const { near, far } = await pair(world, laptop, phone);
    near.end("question");
    expect(await text(far)).toBe("question");
    far.destroy();
    expect(await text(near)).toBe("");
    await new Promise((resolve) => near.closed ? resolve(null) : near.once("close", resolve));
    await world.advance(100);
    expect([...laptop.streams, ...phone.streams].map(String)).toEqual([]);
  });

  test("destroyed with an error it resets the other side", async () => {
    const { world, laptop, phone } = await neighbours();
    const { near, far } = await pair(world, laptop, phone);
    const heard = new Promise<unknown>((resolve) => far.once("error", resolve));
    far.resume();
    near.on("error", () => {});
    near.destroy(new Error("enough"));
    expect(await heard).toMatchObject({ code: "RESET" });
  });
});

/** Without `for await`, which destroys a stream when it has read it. */
function text(stream: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let whole = "";
    stream.on("data", (part) => { whole += String(part); });
    stream.on("end", () => resolve(whole));
    stream.on("error", reject);
  });
}
