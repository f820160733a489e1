/** One side of a conversation: what it says and when, how it listens, and whether all that was said to it came. */
import type { Lab, TcpSocket } from "../../src/index";
import { pick, upTo } from "./weather";
import type { Roll } from "./weather";

/** How one side behaves, decided before it begins. */
export interface Manner {
  /** Bytes it has to say. */
  total: number;
  /** Most bytes of one write, and of one read; 0: reads take what there is. */
  piece: number;
  gulp: number;
  /** Pauses before the writes with these numbers, and the reads: [number, ms]. */
  writePauses: Map<number, number>;
  readPauses: Map<number, number>;
  /** ms between its last byte and its FIN. */
  hesitation: number;
}

/** Longest pause of a reader, ms: a window that is shut meanwhile is probed once a minute by then. */
export const LONGEST_PAUSE = 150_000;

export function mannerOf(roll: Roll): Manner {
  const pauses = (most: number): Map<number, number> =>
    new Map(Array.from({ length: upTo(roll, most) }, () => [upTo(roll, 12), roll() < 0.08 ? upTo(roll, LONGEST_PAUSE) : upTo(roll, 700)]));
  return {
    total: pick(roll, [0, 1, upTo(roll, 2000), upTo(roll, 60_000), upTo(roll, 60_000), upTo(roll, 60_000)]),
    piece: pick(roll, [upTo(roll, 200) + 50, upTo(roll, 3000) + 200, 100_000]), gulp: pick(roll, [0, upTo(roll, 500) + 100, upTo(roll, 9000) + 1000]),
    writePauses: pauses(3), readPauses: pauses(3), hesitation: roll() < 0.4 ? upTo(roll, 3000) : 0,
  };
}

/** ms that a side does nothing, all in all. */
export function pausesOf({ writePauses, readPauses, hesitation }: Manner): number {
  return [...writePauses.values(), ...readPauses.values(), hesitation].reduce((sum, pause) => sum + pause, 0);
}

/** Byte `at` of what side `side` says. */
export const byteAt = (side: number, at: number): number => (Math.imul(at + 1, 0x9e3779b1) >>> 24) ^ (side * 85);

export async function speak(lab: Lab, socket: TcpSocket, side: number, { total, piece, writePauses, hesitation }: Manner, from = 0): Promise<void> {
  const writer = socket.writable.getWriter();
  for (let done = from, n = 0; done < total; done += piece, n++) {
    if (writePauses.has(n)) await lab.sleep(writePauses.get(n)!);
    await writer.write(Uint8Array.from({ length: Math.min(piece, total - done) }, (_, i) => byteAt(side, done + i)));
  }
  if (hesitation > 0) await lab.sleep(hesitation);
  await writer.close();
}

/** Listens to the end; returns how many bytes came, and throws at the first that is not what side `side` said. */
export async function listen(lab: Lab, socket: TcpSocket, side: number, { gulp, readPauses }: Manner, from = 0): Promise<number> {
  let at = from;
  const hear = (bytes: Uint8Array): void => {
    for (const byte of bytes) {
      if (byte !== byteAt(side, at)) throw new Error(`byte ${at} of side ${side} came as ${byte}, not ${byteAt(side, at)}`);
      at++;
    }
  };
  const next = gulp === 0 ? readsOf(socket) : byobReadsOf(socket, gulp);
  for (let n = 0; ; n++) {
    if (readPauses.has(n)) await lab.sleep(readPauses.get(n)!);
    const bytes = await next();
    if (bytes === null) return at;
    hear(bytes);
  }
}

function readsOf(socket: TcpSocket): () => Promise<Uint8Array | null> {
  const reader = socket.readable.getReader();
  return async () => (await reader.read()).value ?? null;
}

function byobReadsOf(socket: TcpSocket, gulp: number): () => Promise<Uint8Array | null> {
  const reader = socket.readable.getReader({ mode: "byob" });
  return async () => {
    const { done, value } = await reader.read(new Uint8Array(gulp));
    return done ? null : value;
  };
}
