import { createServer, connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { once } from "node:events";
import { PASS, payload } from "../transfer";
import { same } from "../digest";
import { compiler, runNative } from "../native";
import type { Contestant } from "../rounds";
import { timed } from "./timed";

/** How native/tcp.c is to measure. */
type What = "segments" | "whole" | "loopback" | "open";

/**
 * The kernel's TCP, two processes on one core.
 *
 * @param frames  segments in a pass of PASS bytes; for `open` 0
 */
export function kernel(name: string, what: What, frames: number, digest = 0n): Contestant {
  const missing = compiler() === null ? "no C compiler: `cc` was not found" : runNative("tcp", [what, 1, PASS]).missing;
  if (missing !== undefined) return { name, frames, missing };
  return {
    name,
    frames,
    time(ms) {
      const found = runNative("tcp", [what, ms, PASS]);
      same(`${name}, digest`, digest, found.digest);
      return what === "open" ? found.ns : (found.ns * PASS) / frames;
    },
  };
}

/** The same kernel from JavaScript: `node:net` over the loopback interface, both ends in this process. */
export async function nodeNet(frames: number, digest: bigint): Promise<Contestant> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const from = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [to] = await once(server, "connection") as [Socket];
  server.unref();
  from.unref();
  to.unref();
  const data = payload();
  const pass = async (take: (chunk: Uint8Array) => void): Promise<void> => {
    let received = 0;
    const done = new Promise<void>((resolve) => {
      const heard = (chunk: Uint8Array): void => {
        take(chunk);
        received += chunk.length;
        if (received < PASS) return;
        to.off("data", heard);
        resolve();
      };
      to.on("data", heard);
    });
    to.ref(); // or nothing would keep the process waiting
    for (let at = 0; at < PASS; at += 65_536)
      if (!from.write(data.subarray(at, at + 65_536))) await once(from, "drain");
    await done;
    to.unref();
  };
  return timed("node:net over loopback", frames, pass, digest);
}
