import { createLab } from "../lab";

/** How fast this machine forwards. */
export interface Throughput {
  /** Frames that went from generator to sink, 60 bytes each, through one switch. */
  frames: number;
  /** ms */
  wall: number;
  framesPerSecond: number;
}

const WARM_UP = 200_000;
const FRAMES = 1_000_000;

/** Sends frames through a switch, made and swallowed inside the engine, and counts them at the far end. */
export async function measureThroughput(): Promise<Throughput> {
  const lab = await createLab();
  const laptop = lab.host("laptop");
  const wire = laptop.internal("wire");
  const from = laptop.vm("from", { attach: wire, guest: "external", mac: "02:00:00:00:00:01" }).adapters[0]!;
  const to = laptop.vm("to", { attach: wire, guest: "external", mac: "02:00:00:00:00:02" }).adapters[0]!;
  to.send(Uint8Array.from([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5])); // so that the switch knows where it is
  const sink = lab.sink(to);
  const send = async (count: number): Promise<void> => {
    const before = sink.frames;
    const traffic = lab.generator(from, { count });
    await traffic.finished();
    await lab.sleep(1);
    traffic.stop();
    if (sink.frames - before !== count) throw new Error(`${count} frames sent, ${sink.frames - before} arrived`);
  };

  await send(WARM_UP);
  const began = performance.now();
  await send(FRAMES);
  const wall = performance.now() - began;
  await lab.close();
  return { frames: FRAMES, wall, framesPerSecond: Math.round(FRAMES / (wall / 1000)) };
}
