import { connect } from "node:net";
import type { Socket } from "node:net";
import { LabError } from "../errors";
import type { LabErrorCode } from "../errors";
import type { Outside, OutsideStream } from "../outside";

/** What the operating system says, in the words of the lab. */
const CODES: Record<string, LabErrorCode> = {
  ECONNREFUSED: "REFUSED", ETIMEDOUT: "TIMEOUT", EHOSTUNREACH: "UNREACHABLE", ENETUNREACH: "UNREACHABLE",
};

/**
 * The sockets of the machine that the lab runs on. So far a guest reaches TCP servers on its loopback, by the address that a NAT
 * has for it: 10.0.2.2, with `nat({ localhostReachable: true })` or on a NAT network.
 *
 * @example
 * const laptop = lab.host("laptop", lab.lan(), { outside: hostSockets() });
 */
export function hostSockets(): Outside {
  return {
    connect: ({ address, port }, { signal }) => new Promise<OutsideStream>((resolve, reject) => {
      const socket = connect({ host: address, port, allowHalfOpen: true, noDelay: true, signal });
      socket.once("connect", () => resolve(streamOf(socket)));
      socket.once("error", (error: NodeJS.ErrnoException) => reject(new LabError(CODES[error.code ?? ""] ?? "CONNECT",
        `${address}:${port} on the real machine: ${error.message}`, { cause: error })));
    }),
  };
}

/** Bytes that may wait to be read before the real connection has to wait. */
const WAITING = 65_536;

/**
 * A socket of Node as two web streams. Aborting and cancelling reset the connection, where `Duplex.toWeb` would end it in good order.
 */
function streamOf(socket: Socket): OutsideStream {
  let reader!: ReadableStreamDefaultController<Uint8Array>;
  let writer!: WritableStreamDefaultController;
  let hasEnded = false;
  const readable = new ReadableStream<Uint8Array>({
    start: (controller) => { reader = controller; },
    pull: () => void socket.resume(),
    cancel: () => void socket.resetAndDestroy(),
  }, new ByteLengthQueuingStrategy({ highWaterMark: WAITING }));
  const writable = new WritableStream<Uint8Array>({
    start: (controller) => { writer = controller; },
    write: (chunk) => settled((done) => socket.write(chunk, done)),
    close: () => settled((done) => socket.end(done)),
    abort: () => void socket.resetAndDestroy(),
  });
  socket.on("data", (data: Buffer) => {
    reader.enqueue(new Uint8Array(data));
    if ((reader.desiredSize ?? 0) <= 0) socket.pause();
  });
  socket.on("end", () => {
    hasEnded = true;
    reader.close();
  });
  const fail = (error: Error): void => {
    if (!hasEnded) reader.error(error);
    hasEnded = true;
    writer.error(error);
  };
  socket.on("error", fail);
  socket.on("close", () => { if (!hasEnded) fail(new LabError("RESET", "the real connection is gone")); });
  return { readable, writable };
}

/** A promise from a callback that hears of an error. */
function settled(act: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => act((error) => (error ? reject(error) : resolve())));
}
