/**
 * The kernel's end of a TCP connection, as a program for a network namespace:
 *
 *   node tcp-peer.mjs connect ADDRESS PORT STEPS
 *   node tcp-peer.mjs listen PORT STEPS
 *
 * STEPS are done in order on the one connection, with commas between: `send:BYTES`, random ones · `end`, its own direction ·
 * `heard`, waits for the first bytes · `read`, waits for the other side's end · `reset`.
 *
 * It says on stdout, a line of JSON each, `{ listening }`, and at last what came of it: `{ sent, received, sha256: { sent, received } }`
 * or `{ error }`, the system's code.
 */
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer } from "node:net";

const PIECE = Buffer.alloc(65_536);

const [way, ...rest] = process.argv.slice(2);
const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const fail = ({ code }) => {
  tell({ error: code });
  process.exit();
};

async function play(socket, steps) {
  const sent = { bytes: 0, hash: createHash("sha256") };
  const received = { bytes: 0, hash: createHash("sha256") };
  const random = createCipheriv("aes-128-ctr", randomBytes(16), randomBytes(16));
  const note = (side, bytes) => {
    side.bytes += bytes.length;
    side.hash.update(bytes);
  };
  const ended = once(socket, "end");
  const heard = once(socket, "data");
  const closed = once(socket, "close");
  socket.on("data", (bytes) => note(received, bytes));

  for (const step of steps.split(",")) {
    const [verb, count = 0] = step.split(":");
    for (let left = Number(count); left > 0; left -= PIECE.length) {
      const bytes = random.update(PIECE.subarray(0, Math.min(PIECE.length, left)));
      note(sent, bytes);
      if (!socket.write(bytes)) await once(socket, "drain");
    }
    if (verb === "end") socket.end();
    if (verb === "heard") await heard;
    if (verb === "read") await ended;
    if (verb === "reset") socket.resetAndDestroy();
  }
  await closed;
  tell({ sent: sent.bytes, received: received.bytes, sha256: { sent: sent.hash.digest("hex"), received: received.hash.digest("hex") } });
}

if (way === "connect") {
  const [address, port, steps] = rest;
  const socket = connect({ host: address, port: Number(port), allowHalfOpen: true });
  socket.on("error", fail).on("connect", () => play(socket, steps).catch(fail));
} else {
  const [port, steps] = rest;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    server.close();
    socket.on("error", fail);
    play(socket, steps).catch(fail);
  });
  server.listen(Number(port), () => tell({ listening: server.address().port }));
}
