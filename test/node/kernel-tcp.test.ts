/** This machine's kernel and a built-in VM talk TCP over a TAP, in real time. */
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createLab, type Adapter, type Lab, type TcpSocket, type Vm } from "../../src/index";
import { part } from "../parts";
import { Kernel, missingForTap } from "./kernel";

const BYTES = 100e6;
/** Probability of a frame, in each direction. */
const LOSS = 0.005;
const MINUTE = 60_000;
const KERNEL = "10.9.0.1";
const ALICE = "10.9.0.2";

describe.skipIf(!part("tap", missingForTap))("the kernel's TCP at the far end of a TAP", () => {
  let lab: Lab;
  let kernel: Kernel;
  let alice: Vm;
  let card: Adapter;

  beforeAll(async () => {
    kernel = await Kernel.start(`${KERNEL}/24`);
    lab = await createLab({ clock: "real" });
    const laptop = lab.host("laptop");
    const wire = laptop.internal("wire");
    alice = laptop.vm("alice", { attach: wire, address: `${ALICE}/24` });
    [card] = laptop.vm("kernel", { attach: wire, guest: kernel.cable }).adapters as [Adapter];
    await lab.ready();
  });

  beforeEach(() => { card.wire = {}; });

  afterAll(async () => {
    expect(lab.stats().balance).toBe(0);
    await lab.close();
    await kernel.stop();
  });

  /** A connection that the kernel has opened to alice. */
  async function fromKernel(steps: string, allowHalfOpen = false) {
    const server = alice.listen({ allowHalfOpen });
    const peer = kernel.peer("connect", ALICE, String(server.port), steps);
    const socket = await server.accept();
    await server.close();
    return { peer, socket };
  }

  /** A connection that alice has opened to the kernel. */
  async function toKernel(steps: string, allowHalfOpen = false) {
    const peer = kernel.peer("listen", "0", steps);
    const socket = alice.connect({ address: KERNEL, port: await peer.listening() }, { allowHalfOpen });
    await socket.opened;
    return { peer, socket };
  }

  /** Reads to the other side's end. */
  async function read(socket: TcpSocket) {
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const piece of socket.readable) {
      hash.update(piece);
      bytes += piece.length;
    }
    return { bytes, sha256: hash.digest("hex") };
  }

  /** Writes random bytes and ends its direction. */
  async function write(socket: TcpSocket, count: number) {
    const hash = createHash("sha256");
    const random = createCipheriv("aes-128-ctr", randomBytes(16), randomBytes(16));
    const writer = socket.writable.getWriter();
    for (let left = count; left > 0; left -= 65_536) {
      const piece = random.update(new Uint8Array(Math.min(65_536, left)));
      hash.update(piece);
      await writer.write(piece);
    }
    await writer.close();
    return { bytes: count, sha256: hash.digest("hex") };
  }

  const drops = () => lab.stats().drops;

  test("sends a VM 100 MB, and every byte arrives", async () => {
    const before = drops();
    const { peer, socket } = await fromKernel(`send:${BYTES},end,read`);
    const heard = await read(socket);
    const { sent, sha256 } = await peer.end();
    expect(heard).toEqual({ bytes: BYTES, sha256: sha256.sent });
    expect(sent).toBe(BYTES);
    // Frames come whole from the kernel: with checksums, and none larger than the interface takes. What it repeats is its probing.
    const grown = (Object.keys(drops()) as (keyof typeof before)[]).filter((reason) => drops()[reason] !== before[reason]);
    expect(["IPV6_OFF", "TCP_SEQUENCE"]).toEqual(expect.arrayContaining(grown));
  }, MINUTE);

  test("is sent 100 MB by a VM, and every byte arrives", async () => {
    const { peer, socket } = await toKernel("read,end");
    const said = await write(socket, BYTES);
    const { received, sha256 } = await peer.end();
    expect({ bytes: received, sha256: sha256.received }).toEqual(said);
  }, MINUTE);

  test("sends 100 MB over a wire that loses one frame in 200 both ways", async () => {
    const lost = drops().WIRE_LOSS ?? 0;
    card.wire = { loss: LOSS };
    const { peer, socket } = await fromKernel(`send:${BYTES},end,read`);
    const heard = await read(socket);
    const { sha256 } = await peer.end();
    expect(heard).toEqual({ bytes: BYTES, sha256: sha256.sent });
    expect(drops().WIRE_LOSS! - lost).toBeGreaterThan((BYTES / 1448) * LOSS / 2);
  }, MINUTE);

  test("is sent 100 MB over a wire that loses one frame in 200 both ways", async () => {
    const lost = drops().WIRE_LOSS ?? 0;
    card.wire = { loss: LOSS };
    const { peer, socket } = await toKernel("read,end");
    const said = await write(socket, BYTES);
    const { retransmits } = socket.stats()!;
    const { received, sha256 } = await peer.end();
    expect({ bytes: received, sha256: sha256.received }).toEqual(said);
    expect(drops().WIRE_LOSS! - lost).toBeGreaterThan((BYTES / 1448) * LOSS / 2);
    expect(retransmits).toBeGreaterThan((BYTES / 1448) * LOSS / 2);
  }, MINUTE);

  test("is refused where nobody listens", async () => {
    expect(await kernel.peer("connect", ALICE, "9", "end").end()).toEqual({ error: "ECONNREFUSED" });
  });

  test("refuses where nobody listens", async () => {
    await expect(alice.connect(`${KERNEL}:9`).opened).rejects.toMatchObject({ code: "REFUSED", message: expect.stringContaining(`${KERNEL}:9`) });
  });

  test("ends a connection that it opened by a reset", async () => {
    const { socket } = await fromKernel("send:1000,heard,reset");
    await socket.writable.getWriter().write("well?");
    await expect(read(socket)).rejects.toMatchObject({ code: "RESET" });
    await expect(socket.closed).rejects.toMatchObject({ code: "RESET" });
  });

  test("ends a connection that a VM opened by a reset", async () => {
    const { socket } = await toKernel("heard,reset");
    const writer = socket.writable.getWriter();
    await writer.write("well?");
    await expect(read(socket)).rejects.toMatchObject({ code: "RESET" });
    await expect(writer.write("anybody there?")).rejects.toMatchObject({ code: "RESET" });
  });

  test("hears of a connection that a VM aborts", async () => {
    const { peer, socket } = await toKernel("send:1000,read,end");
    socket.abort();
    expect(await peer.end()).toEqual({ error: "ECONNRESET" });
  });

  test("ends its direction first, and goes on reading", async () => {
    const { peer, socket } = await fromKernel("send:1000,end,read", true);
    expect((await read(socket)).bytes).toBe(1000);
    const said = await write(socket, 1_000_000);
    const { received, sha256 } = await peer.end();
    expect({ bytes: received, sha256: sha256.received }).toEqual(said);
    await socket.closed;
  });

  test("goes on writing when the VM has ended its direction", async () => {
    const { peer, socket } = await toKernel("read,send:1000000,end", true);
    const said = await write(socket, 1000);
    const heard = await read(socket);
    const { sent, received, sha256 } = await peer.end();
    expect(heard).toEqual({ bytes: sent, sha256: sha256.sent });
    expect({ bytes: received, sha256: sha256.received }).toEqual(said);
    await socket.closed;
  });
});
