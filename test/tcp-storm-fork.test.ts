/** A lab that is copied in the middle of a transfer over bad wires: both copies get all bytes to their places. */
import { describe, expect, test } from "vitest";
import { createLab } from "../src/index";
import type { Lab, Machine, TcpSocket } from "../src/index";
import { sha256 } from "./ending";
import { dice, faultsInBooks } from "./inside";
import { PLACES, PLACE_NAMES, PORT } from "./storm/place";
import type { PlaceName } from "./storm/place";
import { listen, speak } from "./storm/talk";
import type { Manner } from "./storm/talk";
import { stormyWire } from "./storm/weather";

const TOTALS = [40_000, 25_000];
const CLIMATE = { loss: 0.08, corruption: 0.01 };
/** ms of virtual time after which a transfer is taken for stuck: twenty of the longest timeouts. */
const PATIENCE = 1_200_000;

const manner = (side: number): Manner => ({ total: TOTALS[side]!, piece: 100_000, gulp: 0, writePauses: new Map(), readPauses: new Map(), hesitation: 0 });

interface Transfer { lab: Lab; sockets: TcpSocket[] }

/** An open connection; the weather begins when it is. */
async function begin(name: PlaceName, seed: number): Promise<Transfer & { names: string[] }> {
  const roll = dice(seed);
  const { lab, client, server, remote, wires, network } = await PLACES[name]({ seed });
  network.capture();
  const options = { allowHalfOpen: true, giveUp: 2 ** 31, receiveBuffer: 8000, sendBuffer: seed % 2 === 0 ? 65_536 : 8000 };
  const listener = server.listen({ port: PORT, ...options });
  const near = client.connect(remote, options);
  const sockets = [near, await listener.accept({ timeout: 1000 })];
  await near.opened;
  for (const [i, each] of wires.entries()) each.wire = stormyWire(roll, CLIMATE, i === 0);
  return { lab, sockets, names: [client.name, server.name] };
}

const inCopy = (lab: Lab, names: string[]): Transfer => ({ lab, sockets: names.map((name) => (lab.machine(name) as Machine).streams[0]!) });

/** A transfer to its end, from wherever it stands. */
async function finish({ lab, sockets }: Transfer): Promise<void> {
  const hearing = sockets.map((socket, side) => listen(lab, socket, 1 - side, manner(1 - side), socket.bytesRead));
  const speaking = sockets.map(async (socket, side) => {
    const isSaid = socket.bytesWritten === TOTALS[side]; // and perhaps closed: that cannot be done twice
    await speak(lab, socket, side, manner(side), socket.bytesWritten).catch((error) => { if (!isSaid) throw error; });
  });
  const heard = await Promise.race([Promise.all([...hearing, ...speaking]), lab.sleep(PATIENCE).then(() => null)]);
  expect(heard?.slice(0, 2), "no end in sight").toEqual([TOTALS[1], TOTALS[0]]);
}

/** Waits until the server has read about this share of what it should. */
async function halfway({ lab, sockets }: Transfer, share: number): Promise<void> {
  while (sockets[1]!.bytesRead < share * TOTALS[0]!) await lab.sleep(7);
}

describe.each(PLACE_NAMES)("%s", (name) => {
  test.each(["fork", "snapshot"])("a %s in mid-transfer, over wires that lose: both get every byte to its place", async (way) => {
    for (let seed = 1; seed <= 8; seed++) {
      const transfer = await begin(name, seed);
      const { lab } = transfer;
      const done = finish(transfer);
      await halfway(transfer, seed / 10);
      const other = way === "fork" ? await lab.fork() : await createLab({ from: structuredClone(lab.snapshot()) });
      const copy = inCopy(other, transfer.names);
      expect(copy.sockets.map((socket) => [socket.bytesRead, socket.bytesWritten])).toEqual(transfer.sockets.map((socket) => [socket.bytesRead, socket.bytesWritten]));
      await Promise.all([done, finish(copy)]).catch((error: Error) => { throw new Error(`seed ${seed}: ${error.message}`, { cause: error }); });
      for (const each of [lab, other]) {
        expect(faultsInBooks(each), `seed ${seed}`).toEqual([]);
        await each.close();
      }
    }
  });

  test("a fork that replays has the same frames at the same times as the original, lost ones too", async () => {
    for (let seed = 2; seed <= 12; seed += 2) { // all is in the send buffers when it is forked: promises stay behind
      const transfer = await begin(name, seed);
      const { lab } = transfer;
      const done = finish(transfer);
      await halfway(transfer, seed / 15);
      const twin = await lab.fork({ replay: true });
      await Promise.all([done, finish(inCopy(twin, transfer.names))]);
      for (const each of [lab, twin]) await each.advance(2 * PATIENCE - each.now);
      const [here, there] = [lab, twin].map(({ captures }) => captures[0]!.bytes()) as [Uint8Array, Uint8Array];
      expect(here.length).toBeGreaterThan(60_000);
      expect(await sha256(there), `seed ${seed}`).toBe(await sha256(here));
      expect(twin.stats()).toEqual(lab.stats());
      expect(lab.stats().drops.WIRE_LOSS ?? 0).toBeGreaterThan(0);
      for (const each of [lab, twin]) await each.close();
    }
  });
});
