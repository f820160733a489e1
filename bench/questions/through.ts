import * as abi from "../../assembly/abi";
import { same } from "../digest";
import { EVENTS } from "../lab";
import type { BenchLab } from "../lab";
import { Receiver } from "../rivals/receiver";
import type { Contestant } from "../rounds";
import { natLab, stationsOf, switchLab } from "../setups";
import { ALIGN, fill, passOf, stage } from "../traffic";
import type { Staged } from "../traffic";
import { SIZES, count, rowsOf, sizeName } from "./question";
import type { Case, Question } from "./question";
import { counted } from "./switch";
import { burstSlots, nativeOf, rivalOf, wholeTraffic } from "./whole";

type Way = "switch" | "out" | "in";

/** Stations or sessions, and frame size; of 1,000,000 see SWITCH_ROWS. */
const ROWS: [number, number][] = [...rowsOf([16, 10_000], SIZES), ...rowsOf([1_000_000], [60, 64])];
/** The ports of a NAT's rivals: what goes out leaves by 4, what comes in by 1. */
const LEAVES = { out: 4, in: 1 };

export const through = question("switch", "through", "a guest's Uint8Array copied in, parser, switch, and copied out to another's buffer");
export const throughOut = question("out", "through-nat-out", "the same from a guest through gateway and NAT to a router");
export const throughIn = question("in", "through-nat-in", "the same from a router through NAT and gateway to a guest");

function question(way: Way, name: string, inside: string): Question {
  return {
    name,
    inside,
    cases: ({ engine, quick }) => (quick ? ROWS.slice(0, 1) : ROWS).map(([many, size]): Case => ({
      title: `${name}, ${count(many)} ${way === "switch" ? "stations" : "sessions"}, ${sizeName(size)}`,
      unit: "frame",
      make: () => contestants(engine, way, many, size),
    })),
  };
}

function contestants(engine: WebAssembly.Module, way: Way, many: number, size: number): Contestant[] {
  const staged = stagedOf(way, many, size);
  const input = guestFrames(staged[way === "in" ? "in" : "out"]);
  const js = throughRival(input, way, many, size);
  const wasm = way === "switch" ? throughSwitch(engine, input, many) : throughNat(engine, input, way, many, size);
  const digest = js.digest();
  const of = (name: string, { run, receiver, digest: found }: Through): Contestant => ({
    name,
    frames: input.length,
    ...counted(`${name}, frames out`, run, () => receiver.out, input.length),
    verify: () => same(`${name}, digest`, digest, found()),
  });
  return [of("engine, copy-in to read-out", wasm), of("plain JavaScript", js), nativeOf(way, many, size, digest, staged)];
}

function stagedOf(way: Way, many: number, size: number): { out: Staged; in: Staged } {
  const one = (what: Way): Staged => {
    const staged = stage(wholeTraffic(what, many, size), passOf(many));
    fill(staged);
    return staged;
  };
  const out = one(way === "switch" ? "switch" : "out");
  return { out, in: way === "switch" ? out : one("in") };
}

/** Contestants of this question: one run over all frames, and the digest of what came out of one. */
interface Through {
  run(): void;
  receiver: Receiver;
  digest(): bigint;
}

/** The frames as guests have them: one Uint8Array each. */
function guestFrames({ bytes, lengths, stride, count: frames }: Staged): Uint8Array[] {
  return Array.from({ length: frames }, (_, i) => bytes.slice(i * stride + ALIGN, i * stride + ALIGN + lengths[i]!));
}

function throughRival(input: Uint8Array[], way: Way, many: number, size: number): Through {
  const staged = burstSlots(size);
  const receiver = new Receiver();
  const source = {
    burst(first: number, n: number): void {
      for (let i = 0, at = ALIGN; i < n; i++, at += staged.stride) {
        const frame = input[first + i]!;
        staged.bytes.set(frame, at);
        staged.lengths[i] = frame.length;
      }
    },
  };
  const { run } = rivalOf(way, many, size, staged, receiver, source);
  return { run, receiver, digest: () => receiver.digestOf(run) };
}

function throughSwitch(module: WebAssembly.Module, input: Uint8Array[], stations: number): Through {
  const { lab, ports } = switchLab(module, stations);
  for (const port of ports) lab.x.portSetSink(port, 0);
  // Set the sender's card, or its first frame is reported as a guest heard.
  for (const { mac, port } of [...stationsOf(stations)].reverse()) lab.x.portSetMac(port, mac / 2 ** 32, mac >>> 0);
  return throughEngine(lab, input, ports[0]!, (port) => ports.indexOf(port) + 1);
}

function throughNat(module: WebAssembly.Module, input: Uint8Array[], way: "out" | "in", sessions: number, size: number): Through {
  const { lab, guest, router } = natLab(module, sessions);
  lab.send(guest, wholeTraffic("out", sessions, size), passOf(sessions));
  const ends = { [guest]: natTrafficMac("out"), [router]: natTrafficMac("in") };
  for (const [port, mac] of Object.entries(ends)) {
    lab.x.portSetSink(Number(port), 0);
    lab.x.portSetMac(Number(port), mac / 2 ** 32, mac >>> 0);
  }
  return throughEngine(lab, input, way === "out" ? guest : router, () => LEAVES[way]);
}

function natTrafficMac(way: "out" | "in"): number { return wholeTraffic(way, 16, 60).src.mac; }

/** @param numberOf  by what number the rivals know a port */
function throughEngine(lab: BenchLab, input: Uint8Array[], from: number, numberOf: (port: number) => number): Through {
  const receiver = new Receiver();
  const inject = injectorOf(lab, from, input);
  const run = (): void => {
    for (let first = 0; first < input.length; first += abi.INGRESS) {
      inject(first, Math.min(abi.INGRESS, input.length - first));
      while (lab.x.run(Infinity, 4096, 0) !== abi.RUN_IDLE) read(lab, receiver, numberOf);
      read(lab, receiver, numberOf);
    }
  };
  return { run, receiver, digest: () => receiver.digestOf(run) };
}

function injectorOf({ x, bytes, words }: BenchLab, port: number, input: Uint8Array[]): (first: number, n: number) => void {
  const base = x.framesOffset() + abi.FRAME_START;
  const records = x.ingressOffset() >> 2;
  return (first, n) => {
    if (x.reserve() < n) throw new Error("the engine has no frame buffers left");
    for (let i = 0, record = records; i < n; i++, record += 4) {
      const frame = input[first + i]!;
      bytes.set(frame, base + words[record]! * abi.FRAME_SLOT);
      words[record + 1] = port;
      words[record + 2] = frame.length;
    }
    x.ingress(n);
  };
}

function read({ x, bytes, longs, words, control }: BenchLab, receiver: Receiver, numberOf: (port: number) => number): void {
  const written = words[(control + abi.CONTROL_EVENTS_WRITTEN) >> 2]!;
  const begin = words[(control + abi.CONTROL_EVENTS_READ) >> 2]!;
  const ring = x.eventsOffset();
  for (let n = begin; n !== written; n = (n + 1) >>> 0) {
    const event = (ring + (n & (EVENTS - 1)) * abi.EVENT) >> 2;
    if (words[event] !== abi.EVENT_DELIVER) continue;
    const at = words[event + abi.EVENT_OFFSET / 4]!;
    receiver.copy(bytes, longs, at, words[event + abi.EVENT_LENGTH / 4]!);
    if (receiver.checks) receiver.check(0, numberOf(words[event + abi.EVENT_ID / 4]!));
  }
  x.eventsRead((written - begin) >>> 0);
}
