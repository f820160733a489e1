/** What stories about TCP have in common. */
import type { TcpServer, TcpSocket } from "../src/index";
import { sha256 } from "./ending";
import { dice } from "./inside";

/** Bytes that look random and are the same for the same seed. */
export function bytesOf(length: number, seed = 1): Uint8Array {
  const roll = dice(seed);
  return Uint8Array.from({ length }, () => Math.floor(roll() * 256));
}

/** All that comes until the other side ends. */
export async function all(readable: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const reader = readable.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) parts.push(next.value);
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => {
    whole.set(part, at);
    return at + part.length;
  }, 0);
  return whole;
}

export async function textOf(readable: ReadableStream<Uint8Array>): Promise<string> {
  return new TextDecoder().decode(await all(readable));
}

/** Writes and ends this direction. */
export async function say(socket: TcpSocket, data: Uint8Array | string): Promise<void> {
  const writer = socket.writable.getWriter();
  await writer.write(data as Uint8Array);
  await writer.close();
}

/** Sends back what comes, on every connection. */
export function echo(server: TcpServer): void {
  void (async () => {
    for await (const socket of server) socket.readable.pipeTo(socket.writable).catch(() => {});
  })();
}

/** SHA-256 of what comes back of `data` from an echo server. */
export async function echoed(socket: TcpSocket, data: Uint8Array): Promise<string> {
  const [back] = await Promise.all([all(socket.readable), say(socket, data)]);
  return sha256(back);
}
