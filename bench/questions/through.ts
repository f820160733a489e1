import * as abi from "../../assembly/abi";
import { digestOf, same } from "../digest";
import { EVENTS, SEED } from "../lab";
import type { BenchLab } from "../lab";
import { native, writeStaged } from "../native";
import { ParseRival } from "../rivals/parse";
import type { Contestant } from "../rounds";
import { stationsOf, switchLab, switchTraffic, tableFor } from "../setups";
import { ALIGN, BURST, passOf, stage, stagedFor } from "../traffic";
import type { Staged } from "../traffic";
import { count, sizeName } from "./question";
import type { Question } from "./question";
import { counted, recordsOf, switchRival } from "./switch";

const ROWS: [number, number][] = [[16, 60], [10_000, 60], [16, 590], [16, 1514], [16, 0]];

export const through: Question = {
  name: "through",
  inside: "a guest's Uint8Array copied in, parser, switch, and copied out to another's buffer; the engine has wires and counters too",
  cases: ({ engine, quick }) => (quick ? ROWS.slice(0, 1) : ROWS).map(([stations, size]) => ({
    title: `through, ${count(stations)} stations, ${sizeName(size)}`,
    unit: "frame",
    make() {
      const staged = stage(switchTraffic(stations, size), passOf(stations));
      const input = guestFrames(staged);
      const js = throughRival(input, stations, size);
      const wasm = throughEngine(engine, input, stations);
      const digest = js.digest();
      same("through, digest", digest, wasm.digest());
      const file = writeStaged(`through-${stations}-${size}`, staged, recordsOf(stations));
      const args = [1, tableFor(stations), ...SEED];
      return [
        { name: "engine, copy-in to read-out", frames: input.length, ...counted(wasm.run, wasm.out, input.length) },
        { name: "plain JavaScript", frames: input.length, ...counted(js.run, js.out, input.length) },
        native("through", input.length, (ms) => [file, ms, ...args], digest),
      ] satisfies Contestant[];
    },
  })),
};

/** Contestants of this question: frames that have come out, and the digest of those of one run. */
interface Through {
  run(): void;
  out(): number;
  digest(): bigint;
}

/** The frames as guests have them: one Uint8Array each. */
function guestFrames({ bytes, lengths, stride, count: frames }: Staged): Uint8Array[] {
  return Array.from({ length: frames }, (_, i) => bytes.slice(i * stride + ALIGN, i * stride + ALIGN + lengths[i]!));
}

/** What receives: the next frame overwrites the last, as an emulator's buffer does. */
class Receiver {
  readonly buffer = new Uint8Array(2048);
  private readonly view = new DataView(this.buffer.buffer);
  sum = 0n;
  keep = false;
  out = 0;

  take(bytes: Uint8Array, at: number, length: number): void {
    this.buffer.set(bytes.subarray(at, at + length));
    this.out++;
    if (this.keep) this.sum += digestOf(this.view, 0, length);
  }

  digestOf(run: () => void): bigint {
    this.keep = true;
    run();
    this.keep = false;
    return BigInt.asUintN(64, this.sum);
  }
}

function throughEngine(module: WebAssembly.Module, input: Uint8Array[], stations: number): Through {
  const { lab, ports } = switchLab(module, stations);
  for (const port of ports) lab.x.portSetSink(port, 0);
  // Set the sender's card, or its first frame is reported as a guest heard.
  for (const { mac, port } of [...stationsOf(stations)].reverse()) lab.x.portSetMac(port, mac / 2 ** 32, mac >>> 0);
  const receiver = new Receiver();
  const run = (): void => {
    for (let first = 0; first < input.length; first += abi.INGRESS) {
      inject(lab, ports[0]!, input, first, Math.min(abi.INGRESS, input.length - first));
      while (lab.x.run(Infinity, 4096, 0) !== abi.RUN_IDLE) read(lab, receiver);
      read(lab, receiver);
    }
  };
  return { run, out: () => receiver.out, digest: () => receiver.digestOf(run) };
}

function inject({ x, bytes, words }: BenchLab, port: number, input: Uint8Array[], first: number, n: number): void {
  if (x.reserve() < n) throw new Error("the engine has no frame buffers left");
  const base = x.framesOffset() + abi.FRAME_START;
  let record = x.ingressOffset() >> 2;
  for (let i = 0; i < n; i++, record += 4) {
    const frame = input[first + i]!;
    bytes.set(frame, base + words[record]! * abi.FRAME_SLOT);
    words[record + 1] = port;
    words[record + 2] = frame.length;
  }
  x.ingress(n);
}

function read({ x, bytes, words, control }: BenchLab, receiver: Receiver): void {
  const written = words[(control + abi.CONTROL_EVENTS_WRITTEN) >> 2]!;
  const begin = words[(control + abi.CONTROL_EVENTS_READ) >> 2]!;
  const ring = x.eventsOffset();
  for (let n = begin; n !== written; n = (n + 1) >>> 0) {
    const event = (ring + (n & (EVENTS - 1)) * abi.EVENT) >> 2;
    if (words[event] !== abi.EVENT_DELIVER) continue;
    receiver.take(bytes, words[event + abi.EVENT_OFFSET / 4]!, words[event + abi.EVENT_LENGTH / 4]!);
  }
  x.eventsRead((written - begin) >>> 0);
}

function throughRival(input: Uint8Array[], stations: number, size: number): Through {
  const staged = stagedFor(BURST, size === 0 ? 1514 : size);
  const parser = new ParseRival(staged);
  const rival = switchRival(staged, stations);
  const receiver = new Receiver();
  const run = (): void => {
    for (let first = 0; first < input.length; first += BURST) {
      const n = Math.min(BURST, input.length - first);
      for (let i = 0; i < n; i++) {
        const frame = input[first + i]!;
        staged.bytes.set(frame, i * staged.stride + ALIGN);
        staged.lengths[i] = frame.length;
      }
      parser.burst(0, n);
      rival.burst(0, n);
      for (let i = 0; i < n; i++) {
        const slot = rival.slots[i]!;
        if (slot >= 0) receiver.take(staged.bytes, staged.ring + slot * staged.stride + ALIGN, staged.lengths[i]!);
      }
    }
  };
  return { run, out: () => receiver.out, digest: () => receiver.digestOf(run) };
}
