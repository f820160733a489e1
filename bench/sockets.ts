import { createLab } from "../src/index";
import type { EngineSource } from "../src/index";
import type { Contestant } from "./rounds";
import { timed } from "./rivals/timed";
import { PASS, SEGMENTS, payload } from "./transfer";

/** Bytes of one write. */
const PIECE = 65_536;

/** Two VMs of one host, and a connection between them, as a user of the package has it. */
export async function sockets(engine: EngineSource, digest: bigint): Promise<Contestant> {
  const lab = await createLab({ engine, capacity: { stations: 16 } });
  const laptop = lab.host("laptop", lab.lan("home"));
  const office = laptop.natNetwork("office");
  const alice = laptop.vm("alice", office);
  const bob = laptop.vm("bob", office);
  await lab.ready();
  const server = bob.listen(80);
  const from = alice.connect({ machine: bob, port: 80 });
  await from.opened;
  const to = await server.accept();
  const writer = from.writable.getWriter();
  const reader = to.readable.getReader();
  const data = payload();
  const send = async (): Promise<void> => {
    for (let at = 0; at < PASS; at += PIECE) await writer.write(data.subarray(at, at + PIECE));
  };
  return timed("TypeScript sockets", SEGMENTS, async (take) => {
    const sent = send();
    for (let received = 0; received < PASS; ) {
      const { value } = await reader.read();
      if (value === undefined) throw new Error(`the connection ended after ${received} bytes`);
      take(value);
      received += value.length;
    }
    await sent;
  }, digest);
}
