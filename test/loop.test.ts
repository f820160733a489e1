import { expect, test } from "vitest";
import * as abi from "../assembly/abi";
import { Engine } from "../src/engine";
import { BROADCAST, frame } from "./guest";

/** A ring of `switches`, each with a cable to the next, and a guest on the first. */
async function ring(switches: number): Promise<{ engine: Engine; guest: number }> {
  const engine = await Engine.create(undefined, [4096, 16_384, 32, 128, 4, 4, 4, 16, 4, 256, 4, 16, 16, 4, 1024, 4, 4], [1, 2]);
  const { call } = engine;
  const networks = Array.from({ length: switches }, () => call.networkAdd(abi.SWITCH_LEARNING, 300_000));
  const trunk = (network: number): number => {
    const port = call.portAdd(abi.ROLE_TRUNK, abi.CLASS_WIRE, 50_000);
    call.portAttach(port, network);
    return port;
  };
  for (let i = 0; i < switches; i++) call.portJoin(trunk(networks[i]!), trunk(networks[(i + 1) % switches]!));
  const guest = call.portAdd(abi.ROLE_EXTERNAL, abi.CLASS_VM, 50_000);
  call.portAttach(guest, networks[0]!);
  return { engine, guest };
}

test.each([2, 3, 5])("a frame in a ring of %d switches ends after sixteen of them", async (switches) => {
  const { engine, guest } = await ring(switches);
  const { call } = engine;
  engine.offer(guest, frame(BROADCAST, "02:00:00:00:00:09", 0x88b5, new Array<number>(46).fill(0)));
  engine.flush();
  let calls = 0;
  while (call.run(Infinity, 100, 0) !== abi.RUN_IDLE && calls++ < 10_000) while (engine.nextEvent());
  while (engine.nextEvent());
  expect(engine.drops()[abi.LOOP]).toBeGreaterThan(0);
  expect(call.liveFrames()).toBe(0);
  expect(engine.now).toBeLessThanOrEqual(abi.HOP_LIMIT * 50_000 + 100_000);
  const [ingress, originated, copies, delivered, consumed, dropped] = engine.books();
  expect(ingress! + originated! + copies!).toBe(delivered! + consumed! + dropped!);
});
