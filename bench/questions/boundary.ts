import { same } from "../digest";
import { BenchLab } from "../lab";
import type { Contestant } from "../rounds";
import { ALIGN, fill, stage } from "../traffic";
import { switchTraffic } from "../setups";
import * as abi from "../../assembly/abi";
import { SIZES, sizeName } from "./question";
import type { Case, Question } from "./question";

/** Calls of one iteration. */
const CALLS = 8192;
/** Frames that are copied in and out, so that they do not all lie in one place. */
const FRAMES = 256;
const LONGEST = 1536;

export const boundary: Question = {
  name: "boundary",
  inside: "one call, or one copy, between JavaScript and the engine",
  cases: ({ engine, quick }) => {
    const lab = new BenchLab(engine);
    const cases: Case[] = [
      one("boundary, empty call", "call", () => empty(lab)),
      one("boundary, parse one frame that lies in the engine's memory", "call", () => parseOne(lab)),
    ];
    for (const size of quick ? [60] : SIZES) {
      cases.push(
        one(`boundary, copy ${sizeName(size)} in (Uint8Array.set)`, "frame", () => copyIn(lab, size)),
        one(`boundary, copy ${sizeName(size)} in, inject and drop`, "frame", () => inject(lab, size)),
        one(`boundary, read ${sizeName(size)} out (subarray and set)`, "frame", () => copyOut(lab, size)),
        one(`boundary, read ${sizeName(size)} out (slice)`, "frame", () => slice(lab, size)),
      );
    }
    return cases;
  },
};

function one(title: string, unit: string, make: () => Omit<Contestant, "name" | "frames">): Case {
  return { title, unit, make: () => [{ name: "engine", frames: CALLS, ...make() }] };
}

function empty({ x }: BenchLab): Pick<Contestant, "run" | "check"> {
  let sum = 0;
  return {
    run: () => { for (let i = 0; i < CALLS; i++) sum += x.version(); },
    check(iterations) {
      same("empty calls", iterations * CALLS * abi.ABI_VERSION, sum);
      sum = 0;
    },
  };
}

function parseOne({ x, bytes, view }: BenchLab): Pick<Contestant, "run" | "check"> {
  const staged = stage(switchTraffic(16, 60), 1);
  bytes.set(staged.bytes.subarray(ALIGN, ALIGN + 60), x.staging());
  let at = 0;
  return {
    run: () => { for (let i = 0; i < CALLS; i++) at = x.parseFrame(60); },
    check() {
      same("parsed, first byte after UDP's header", 42, view.getUint16(at + 4, true));
      view.setUint16(at + 4, 0, true);
    },
  };
}

/** The frames as a guest has them: one Uint8Array each. */
function frames(size: number): Uint8Array[] {
  const staged = stage(switchTraffic(FRAMES, size), FRAMES);
  fill(staged);
  const { bytes, stride, lengths } = staged;
  return Array.from({ length: FRAMES }, (_, i) => bytes.slice(i * stride + ALIGN, i * stride + ALIGN + lengths[i]!));
}

function slots({ x }: BenchLab): number[] {
  return Array.from({ length: FRAMES }, (_, i) => x.framesOffset() + (2000 + i) * abi.FRAME_SLOT + abi.FRAME_START);
}

function copyIn(lab: BenchLab, size: number): Pick<Contestant, "run" | "check"> {
  const all = frames(size);
  const to = slots(lab);
  const { bytes } = lab;
  return {
    run: () => { for (let i = 0; i < CALLS; i++) bytes.set(all[i & 255]!, to[i & 255]!); },
    check() {
      all.forEach((frame, i) => same("copied in", 0, Buffer.compare(frame, bytes.subarray(to[i], to[i]! + frame.length))));
      for (const at of to) bytes.fill(0, at, at + LONGEST);
    },
  };
}

/** Reserve, copy, describe, inject at a port that leads nowhere: all that TypeScript does for a frame on its way in. */
function inject(lab: BenchLab, size: number): Pick<Contestant, "run" | "check"> {
  const all = frames(size);
  const { x, bytes, words } = lab;
  const port = x.portAdd(abi.ROLE_EXTERNAL, abi.CLASS_VM, 0);
  const records = x.ingressOffset() >> 2;
  const base = x.framesOffset() + abi.FRAME_START;
  let before = lab.drops(abi.NOT_ATTACHED);
  return {
    run() {
      for (let done = 0; done < CALLS; done += 256) {
        x.reserve();
        for (let i = 0, record = records; i < 256; i++, record += 4) {
          const frame = all[i]!;
          bytes.set(frame, base + words[record]! * abi.FRAME_SLOT);
          words[record + 1] = port;
          words[record + 2] = frame.length;
        }
        x.ingress(256);
      }
    },
    check(iterations) {
      const now = lab.drops(abi.NOT_ATTACHED);
      same("injected and dropped", iterations * CALLS, now - before);
      before = now;
    },
  };
}

function copyOut(lab: BenchLab, size: number): Pick<Contestant, "run" | "check"> {
  const { bytes } = lab;
  const all = frames(size);
  const from = slots(lab);
  all.forEach((frame, i) => bytes.set(frame, from[i]));
  const out = new Uint8Array(FRAMES * LONGEST);
  return {
    run() {
      for (let i = 0; i < CALLS; i++) {
        const at = from[i & 255]!;
        out.set(bytes.subarray(at, at + all[i & 255]!.length), (i & 255) * LONGEST);
      }
    },
    check() {
      all.forEach((frame, i) => same("read out", 0, Buffer.compare(frame, out.subarray(i * LONGEST, i * LONGEST + frame.length))));
      out.fill(0);
    },
  };
}

function slice(lab: BenchLab, size: number): Pick<Contestant, "run" | "check"> {
  const { bytes } = lab;
  const all = frames(size);
  const from = slots(lab);
  all.forEach((frame, i) => bytes.set(frame, from[i]));
  const out: Uint8Array[] = [];
  return {
    run() {
      for (let i = 0; i < CALLS; i++) out[i & 255] = bytes.slice(from[i & 255], from[i & 255]! + all[i & 255]!.length);
    },
    check() {
      all.forEach((frame, i) => same("sliced", 0, Buffer.compare(frame, out[i]!)));
      out.length = 0;
    },
  };
}
