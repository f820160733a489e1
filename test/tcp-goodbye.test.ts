import { describe, expect, test } from "vitest";
import type { Host, Lab, TcpSocket, Vm } from "../src/index";
import { say, textOf } from "./streams";
import { code, lab } from "./world";

interface Talk {
  world: Lab;
  laptop: Host;
  alice: Vm;
  bob: Vm;
  near: TcpSocket;
  far: TcpSocket;
}

/** Alice and Bob with a connection between them. */
async function talk(options = {}): Promise<Talk> {
  const world = await lab();
  const laptop = world.host("laptop");
  const office = laptop.natNetwork("office");
  const alice = laptop.vm("alice", office);
  const bob = laptop.vm("bob", office);
  await world.ready();
  const server = bob.listen({ port: 80, ...options });
  const near = alice.connect({ machine: bob, port: 80 }, options);
  const far = await server.accept({ timeout: 5000 });
  await near.opened;
  return { world, laptop, alice, bob, near, far };
}

/** Writes until it is told to stop, or for far longer than anything takes here. */
async function writeOn(socket: TcpSocket, bytes: number): Promise<string> {
  const writer = socket.writable.getWriter();
  const chunk = new Uint8Array(bytes);
  return code((async () => { for (let i = 0; i < 5000; i++) await writer.write(chunk); })());
}

describe.each([
  ["the machine is removed", async ({ alice }: Talk) => { await alice.remove(); }],
  ["the lab is closed", async ({ world }: Talk) => { await world.close(); }],
])("when %s", (_when, end) => {
  test("a loop that writes hears CLOSED, and so does a pipe", async () => {
    const talking = await talk();
    const looping = writeOn(talking.near, 1000);
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) { if (++pulled < 5000) controller.enqueue(new Uint8Array(1000)); else controller.close(); },
    });
    const other = talking.alice.connect({ machine: talking.bob, port: 80 });
    await other.opened;
    const piping = code(endless.pipeTo(other.writable));
    await talking.world.advance(1);
    await end(talking);
    expect(await looping).toBe("CLOSED");
    expect(await piping).toBe("CLOSED");
  });

  test("a write under way fails, later ones do, and a reader in mid-stream is not told that this was all", async () => {
    const talking = await talk();
    const { world, near, far } = talking;
    const writer = near.writable.getWriter();
    const begun = code(writer.write(new Uint8Array(5e6)));
    const back = far.writable.getWriter();
    void back.write("there is more to come").catch(() => {});
    const reading = code(textOf(near.readable));
    await world.advance(1);
    await end(talking);
    expect(await begun).toBe("CLOSED");
    expect(await code(writer.write("more"))).toBe("CLOSED");
    expect(await code(writer.closed)).toBe("CLOSED");
    expect(await reading).toBe("CLOSED");
    expect(await code(near.closed)).toBe("CLOSED");
  });

  test("what the other side had ended, and was read, ended well", async () => {
    const talking = await talk({ allowHalfOpen: true });
    await say(talking.far, "all of it");
    const reader = talking.near.readable.getReader();
    expect((await reader.read()).value?.length).toBe(9);
    expect((await reader.read()).done).toBe(true);
    await end(talking);
    expect(await reader.read()).toMatchObject({ done: true });
    await reader.closed;
  });
});

describe("close", () => {
  test("a server that only writes hears of it by a reset, and is not written to for ever", async () => {
    const { near, far } = await talk();
    const writing = writeOn(far, 65_536);
    const reader = near.readable.getReader();
    await reader.read();
    reader.releaseLock();
    await near.close();
    expect(await writing).toBe("RESET");
    expect(await code(far.closed)).toBe("RESET");
  });

  test("is not in good order, where the other side sends on and has not got all that was written: ABORTED", async () => {
    const { world, near, far } = await talk({ allowHalfOpen: true });
    const writing = code(near.writable.getWriter().write(new Uint8Array(100_000))); // all in the send buffer, not yet all there
    await writing;
    const closing = code(near.close());
    void far.writable.getWriter().write("one word more").catch(() => {});
    await world.advance(1000);
    expect(await closing).toBe("ABORTED");
    expect(await code(far.closed)).toBe("RESET");
  });

  test("does not wait for ever for an end that never comes: a minute after ours has arrived", async () => {
    const { world, alice, near } = await talk({ allowHalfOpen: true });
    const closing = near.close();
    let isClosed = false;
    void closing.then(() => { isClosed = true; });
    await world.advance(59_000);
    expect(isClosed).toBe(false);
    await world.advance(2000);
    await closing;
    expect(alice.streams.length).toBe(0);
  });

  test("cancelling the reader is less: what comes is thrown away, without a reset", async () => {
    const { world, near, far } = await talk({ allowHalfOpen: true });
    await near.readable.cancel();
    await near.writable.close();
    await say(far, new Uint8Array(100_000));
    await Promise.all([near.closed, far.closed]);
    expect(world.stats().drops).not.toHaveProperty("TCP_CLOSED");
  });
});

test("a chunk that cannot be written spoils the writer, and closing ends the connection all the same", async () => {
  const { near, far } = await talk();
  const writer = near.writable.getWriter();
  await writer.write("before");
  expect(await code(writer.write(42 as never))).toBe("OPTION");
  writer.releaseLock();
  const closing = near.close();
  expect(await textOf(far.readable)).toBe("before");
  await closing;
  await far.closed;
});
