import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createSocket } from "node:dgram";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import fc from "fast-check";
import { FrameReader, withLength } from "../../src/guests/framing";
import { qemu, type QemuPort } from "../../src/guests/qemu";
import { udpTunnel } from "../../src/guests/udp-tunnel";

let folder: string;
let opened: { close?(): unknown; destroy?(): unknown }[] = [];
const keep = <T extends { close?(): unknown; destroy?(): unknown }>(thing: T): T => (opened.push(thing), thing);

beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "qemu-"))));
afterEach(async () => {
  for (const thing of opened.splice(0)) await (thing.destroy ? thing.destroy() : thing.close?.());
  rmSync(folder, { recursive: true });
});

const frame = (length: number, fill = length) => new Uint8Array(length).fill(fill & 255);
const stream = (...frames: Uint8Array[]) => Buffer.concat(frames.map(withLength));
const length = (value: number) => { const b = Buffer.alloc(4); b.writeUInt32BE(value); return b; };
const until = async (condition: () => boolean) => { while (!condition()) await new Promise((r) => setTimeout(r, 2)); };

/** A port that remembers the frames it heard and the codes of the errors. */
function listening(options: Parameters<typeof qemu>[0]) {
  const port = keep(qemu(options));
  const heard: Uint8Array[] = [];
  const errors: string[] = [];
  port.onframe = (f) => heard.push(f);
  port.onerror = (e) => errors.push(e.code);
  return { port, heard, errors };
}

async function peerOf(port: QemuPort): Promise<Socket> {
  const { address } = port;
  const peer = keep("path" in address ? connect(address.path) : connect(address.port, address.host));
  peer.on("error", () => {});
  await once(peer, "connect");
  await until(() => port.connected);
  return peer;
}

describe("frames in a stream", () => {
  test("any split of the stream gives the same frames", () => {
    fc.assert(fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
      (frames, cuts) => {
        const bytes = stream(...frames);
        const heard: Uint8Array[] = [];
        const reader = new FrameReader((f) => heard.push(f));
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const end = Math.min(bytes.length, at + cuts[i % cuts.length]);
          expect(reader.push(bytes.subarray(at, end))).toBeNull();
          at = end;
        }
        expect(heard).toEqual(frames.map((f) => Uint8Array.from(f)));
      },
    ), { seed: 1 });
  });

  test("a frame is the receiver's own: the chunk it came in may be used again", () => {
    const heard: Uint8Array[] = [];
    const chunk = stream(frame(60), frame(61));
    new FrameReader((f) => heard.push(f)).push(chunk);
    chunk.fill(0);
    expect(heard).toEqual([frame(60), frame(61)]);
  });

  test("the longest frame is read, one byte more and an empty one are not", () => {
    const read = (bytes: Uint8Array) => new FrameReader(() => {}).push(bytes)?.code ?? "frames";
    expect(read(stream(frame(65535)))).toBe("frames");
    expect(read(length(65536))).toBe("FRAMING");
    expect(read(length(0))).toBe("FRAMING");
    expect(read(length(0xffffffff))).toBe("FRAMING");
  });

  test("a large frame in one-byte chunks takes time in proportion to its length", () => {
    let heard = 0;
    const reader = new FrameReader(() => heard++);
    const bytes = stream(...Array.from({ length: 16 }, () => frame(65535)));
    const begin = performance.now();
    for (let at = 0; at < bytes.length; at++) reader.push(bytes.subarray(at, at + 1));
    expect(heard).toBe(16);
    expect(performance.now() - begin).toBeLessThan(5000); // a copy of the rest at each byte would take minutes
  });
});

describe("a guest that connects", () => {
  test("speaks and is spoken to over a Unix socket, whose file goes with the port", async () => {
    const path = join(folder, "a.sock");
    const { port, heard } = listening({ listen: path });
    await port.ready;
    const peer = await peerOf(port);
    peer.write(stream(frame(60), frame(1514)));
    await until(() => heard.length === 2);
    expect(heard).toEqual([frame(60), frame(1514)]);

    const answer: Buffer[] = [];
    peer.on("data", (chunk) => answer.push(chunk));
    expect(port.send(frame(60))).toBe(true);
    expect(port.send(frame(61))).toBe(true);
    await until(() => Buffer.concat(answer).length === 129);
    expect(Buffer.concat(answer)).toEqual(stream(frame(60), frame(61)));

    expect(existsSync(path)).toBe(true);
    await port.close();
    await port.closed;
    expect(existsSync(path)).toBe(false);
  });

  test("may do so over TCP, at a port the system chose on the loopback address", async () => {
    const { port, heard } = listening({ listen: { port: 0 } });
    await port.ready;
    expect(port.address).toMatchObject({ host: "127.0.0.1" });
    (await peerOf(port)).write(stream(frame(60)));
    await until(() => heard.length === 1);
  });

  test("that sends something else than frames is hung up, and the next one is welcome", async () => {
    const { port, heard, errors } = listening({ listen: join(folder, "a.sock") });
    await port.ready;
    const peer = await peerOf(port);
    peer.resume().write(Buffer.concat([stream(frame(60)), Buffer.from("GET / HTTP/1.1\r\n")]));
    await once(peer, "close");
    expect(errors).toEqual(["FRAMING"]);
    expect(heard).toEqual([frame(60)]);

    (await peerOf(port)).write(stream(frame(70)));
    await until(() => heard.length === 2);
    expect(heard[1]).toEqual(frame(70));
  });

  test("that went away in the middle of a frame leaves nothing to the next", async () => {
    const { port, heard, errors } = listening({ listen: join(folder, "a.sock") });
    await port.ready;
    (await peerOf(port)).end(stream(frame(60)).subarray(0, 30));
    await until(() => !port.connected);
    (await peerOf(port)).write(stream(frame(70)));
    await until(() => heard.length === 1);
    expect(heard).toEqual([frame(70)]);
    expect(errors).toEqual([]);
  });

  test("takes the place of the one before", async () => {
    const { port, heard, errors } = listening({ listen: join(folder, "a.sock") });
    await port.ready;
    const first = (await peerOf(port)).resume();
    const second = await peerOf(port);
    await once(first, "close");
    expect(errors).toEqual(["REPLACED"]);
    second.write(stream(frame(60)));
    await until(() => heard.length === 1);
  });

  test("that reads slowly makes send refuse, and ondrain tells when to go on", async () => {
    const { port } = listening({ listen: join(folder, "a.sock") });
    await port.ready;
    const peer = await peerOf(port);
    peer.pause();
    let drained = 0;
    port.ondrain = () => drained++;
    let taken = 0;
    while (port.send(frame(1514))) taken++;
    expect(taken * 1518).toBeLessThanOrEqual(1024 * 1024);
    expect(taken * 1518).toBeGreaterThan(1000 * 1000);
    expect(drained).toBe(0);

    let bytes = 0;
    peer.on("data", (chunk) => (bytes += chunk.length)).resume();
    await until(() => drained === 1);
    expect(port.send(frame(1514))).toBe(true);
    await until(() => bytes === (taken + 1) * 1518);
    expect(port.dropped).toBe(0);
  });

  test("that goes away while it is waited for lets the lab go on", async () => {
    const { port } = listening({ listen: join(folder, "a.sock") });
    await port.ready;
    const peer = await peerOf(port);
    let drained = 0;
    port.ondrain = () => drained++;
    while (port.send(frame(1514))) continue;
    peer.destroy();
    await until(() => drained === 1);
    expect(port.send(frame(60))).toBe(true); // lost, and counted
    expect(port.dropped).toBe(1);
  });

  test("hears nothing of frames that no frame can be", async () => {
    const { port } = listening({ listen: join(folder, "a.sock") });
    await port.ready;
    const peer = await peerOf(port);
    expect(port.send(new Uint8Array(0))).toBe(true);
    expect(port.send(new Uint8Array(65536))).toBe(true);
    expect(port.dropped).toBe(2);
    port.send(frame(60));
    expect(await once(peer, "data")).toEqual([stream(frame(60))]);
  });

  test("may be closed from within its own frame", async () => {
    const { port, heard } = listening({ listen: join(folder, "a.sock") });
    await port.ready;
    port.onframe = (f) => { heard.push(f); void port.close(); };
    (await peerOf(port)).write(stream(frame(60), frame(61)));
    await port.closed;
    expect(heard).toEqual([frame(60)]);
  });
});

describe("a place to listen", () => {
  test("left behind by a process that died is taken over", async () => {
    const path = join(folder, "a.sock");
    spawnSync(process.execPath, ["-e", `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`]);
    expect(existsSync(path)).toBe(true);
    const { port } = listening({ listen: path });
    await port.ready;
    await peerOf(port);
  });

  test("that somebody uses is refused, and stays theirs", async () => {
    const path = join(folder, "a.sock");
    const { port } = listening({ listen: path });
    await port.ready;
    const second = keep(qemu({ listen: path }));
    await expect(second.ready).rejects.toMatchObject({ code: "LISTEN" });
    await expect(second.closed).rejects.toMatchObject({ code: "LISTEN" });
    await second.close();
    await peerOf(port);
  });

  test("that is an ordinary file is refused, and the file is left alone", async () => {
    const path = join(folder, "notes.txt");
    writeFileSync(path, "keep me");
    await expect(keep(qemu({ listen: path })).ready).rejects.toMatchObject({ code: "LISTEN" });
    expect(existsSync(path)).toBe(true);
  });

  test("that cannot be is an error at once", () => {
    for (const options of [{}, { listen: "a", connect: "b" }, { listen: "" }, { listen: "x".repeat(108) },
      { listen: { port: 65536 } }, { connect: { port: 7000, host: "localhost" } }]) {
      expect(() => qemu(options)).toThrow(expect.objectContaining({ code: "ADDRESS" }));
    }
  });
});

describe("a guest that listens", () => {
  const listen = (path: string): Server => keep(createServer((s) => keep(s.on("error", () => {}))).listen(path));

  test("is found even when it begins to listen later", async () => {
    const path = join(folder, "b.sock");
    const { port, heard } = listening({ connect: path });
    await new Promise((r) => setTimeout(r, 150));
    const server = listen(path);
    const [peer] = (await once(server, "connection")) as [Socket];
    await port.ready;
    peer.write(stream(frame(60)));
    await until(() => heard.length === 1);
    peer.end();
    await port.closed;
  });

  test("and sends something else than frames ends the port", async () => {
    const path = join(folder, "b.sock");
    const server = listen(path);
    server.on("connection", (peer: Socket) => peer.write(length(0)));
    await expect(keep(qemu({ connect: path })).closed).rejects.toMatchObject({ code: "FRAMING" });
  });

  test("need not be there for the port to be closed", async () => {
    const port = qemu({ connect: join(folder, "nobody.sock") });
    await port.close();
    await expect(port.ready).rejects.toMatchObject({ code: "CLOSED" });
  });
});

describe("a UDP tunnel", () => {
  test("carries one frame per datagram, and hears its peer alone", async () => {
    const peer = keep(createSocket("udp4"));
    const stranger = keep(createSocket("udp4"));
    peer.bind(0, "127.0.0.1");
    await once(peer, "listening");
    const tunnel = keep(udpTunnel({ port: 0, peer: { port: (peer.address() as AddressInfo).port } }));
    const heard: Uint8Array[] = [];
    tunnel.onframe = (f) => heard.push(Uint8Array.from(f));
    await tunnel.ready;

    tunnel.send(frame(60));
    const [datagram] = await once(peer, "message");
    expect(datagram).toEqual(Buffer.from(frame(60)));

    stranger.send(frame(61), tunnel.address.port, "127.0.0.1");
    await until(() => tunnel.dropped === 1);
    peer.send(frame(62), tunnel.address.port, "127.0.0.1");
    await until(() => heard.length === 1);
    expect(heard).toEqual([frame(62)]);

    expect(tunnel.send(frame(65508))).toBe(true);
    expect(tunnel.dropped).toBe(2);
    await tunnel.close();
    await tunnel.closed;
  });

  test("refuses more than it can keep, and tells when to go on", async () => {
    const peer = keep(createSocket("udp4"));
    peer.bind(0, "127.0.0.1");
    await once(peer, "listening");
    const tunnel = keep(udpTunnel({ port: 0, peer: { port: (peer.address() as AddressInfo).port } }));
    let drained = 0;
    tunnel.ondrain = () => drained++;
    while (tunnel.send(frame(1514))) continue;
    expect(drained).toBe(0);
    await until(() => drained === 1);
    expect(tunnel.send(frame(60))).toBe(true);
  });

  test("cannot listen where somebody does, and says so", async () => {
    const first = keep(udpTunnel({ port: 0, peer: { port: 9 } }));
    await first.ready;
    const second = keep(udpTunnel({ port: first.address.port, peer: { port: 9 } }));
    await expect(second.ready).rejects.toMatchObject({ code: "LISTEN" });
    expect(() => udpTunnel({ port: 0, peer: { port: 0 } })).toThrow(expect.objectContaining({ code: "ADDRESS" }));
  });
});
