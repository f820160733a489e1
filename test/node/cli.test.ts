import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test, vi } from "vitest";
import { readCapture } from "../../src/capture-reader";
import { inspect } from "../../src/cli/inspect";
import { exitCode, tableLines, wrongLines } from "../../src/cli/modes-report";
import type { ModesDocument } from "../../src/cli/modes";
import { Output } from "../../src/cli/output";
import type { ReplayTotals } from "../../src/cli/replay";
import { MODES } from "../../src/modes";
import type { ModeName } from "../../src/modes";
import { PcapngWriter } from "../../src/pcapng";
import { LAYERS, measureReach, PATHS, PROMISES, ROWS } from "../../src/reach";
import { Replay } from "../../src/replay";
import { arp, ethernet, ipv4, udp } from "../packets";
import { CORPUS, captures, corpus } from "./corpus";

const CLI = fileURLToPath(new URL("../../dist/cli/index.js", import.meta.url));

// Each test starts processes, and other tests run beside it.
vi.setConfig({ testTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), "fivewire-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));

function fivewire(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { encoding: "utf8", maxBuffer: 1 << 28 });
  return { code: status, out: stdout, err: stderr };
}

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const GATEWAY = [0x52, 0x54, 0, 0x12, 0x35, 0];
const question = ethernet(0x0806, arp(1, { senderIp: [10, 0, 2, 77], targetIp: [10, 0, 2, 1] }), [], [255, 255, 255, 255, 255, 255]);
const datagram = ethernet(0x0800, ipv4(udp(5000, 53), { src: [10, 0, 2, 77], dst: [192, 0, 2, 1] }), [], GATEWAY);
const stray = ethernet(0x0800, ipv4(udp(5000, 53)), [], [2, 0, 0, 0, 0, 0x99]);
/** Frames and their times in microseconds. */
const traffic: [Uint8Array, number][] = [[question, 0], [datagram, 1500], [stray, 1500], [new Uint8Array(10), 2_000_000]];

/** A classic pcap file. */
function pcap(unit: "us" | "ns", isLittle: boolean, linkType = 1): Uint8Array {
  const bytes: number[] = [];
  const u32 = (value: number): void => {
    const four = [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
    bytes.push(...(isLittle ? four.reverse() : four));
  };
  u32(unit === "us" ? 0xa1b2c3d4 : 0xa1b23c4d);
  u32(isLittle ? 0x0004_0002 : 0x0002_0004); // version 2.4, two halves
  for (const value of [0, 0, 65535, linkType]) u32(value);
  for (const [frame, us] of traffic) {
    u32(1_700_000_000 + Math.floor(us / 1e6));
    u32((us % 1e6) * (unit === "us" ? 1 : 1000));
    u32(frame.length);
    u32(frame.length);
    bytes.push(...frame);
  }
  return Uint8Array.from(bytes);
}

function pcapng(): Uint8Array {
  const writer = new PcapngWriter();
  const place = writer.addInterface({ name: "eth0" });
  for (const [frame, us] of traffic) writer.packet({ interface: place, time: BigInt(us) * 1000n, frame });
  return writer.bytes();
}

const lines = (text: string): string[] => text.trimEnd().split("\n");

describe("fivewire modes", () => {
  test("shows the table, the drops and where the capture is, and ends with 0", () => {
    const path = join(folder, "modes.pcapng");
    const began = performance.now();
    const { code, out, err } = fivewire("modes", "--out", path);
    expect(performance.now() - began).toBeLessThan(15_000);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).not.toContain("\x1b[");
    for (const mode of ROWS) expect(out).toMatch(new RegExp(`^${mode} +promises +(yes|no)`, "m"));
    expect(out).toMatch(/^ +udp saw +yes +forward +no NAT_INSIDE +yes +forward$/m);
    expect(out).toMatch(/^ +tcp saw +yes +forward +no NAT_INSIDE +yes +forward$/m);
    expect(out).toMatch(/^90 of 90 cells are as promised$/m);
    expect(out).toMatch(/^[\d,]+ frames handled: [\d,]+ consumed, [\d,]+ delivered, [\d,]+ dropped:$/m);
    expect(out).toMatch(/^consumed: .*; delivered: /m);
    expect(out).toMatch(/^ +\d+ {2}NOT_FORWARDING +the packet is for somebody else/m);
    expect(out).toMatch(/^[\d,]+ frames\/s: /m);
    expect(out).toContain(path);
  });

  test("writes a capture that names the cards of every network", async () => {
    const path = join(folder, "named.pcapng");
    expect(fivewire("modes", "--json", "--out", path).code).toBe(0);
    const names = new Set<string>();
    for await (const { interface: port } of readCapture(readFileSync(path))) names.add(port.name!);
    for (const name of ["laptop/1", "nat-a/1", "office-b/1", "bridged-a/1", "backend-a/1", "vboxnet-b/1"]) expect(names).toContain(name);
  });

  test("prints the same for machines, and every cell is as promised", () => {
    const { code, out } = fivewire("modes", "--json", "--out", join(folder, "json.pcapng"));
    expect(code).toBe(0);
    const document = JSON.parse(out) as ModesDocument;
    expect(Object.keys(document)).toEqual(["schema", "seed", "ok", "cells", "totals", "throughput", "capture"]);
    expect(document).toMatchObject({ schema: "fivewire/modes/1", seed: "1", ok: true, totals: { balance: 0 } });
    expect(document.cells).toHaveLength(ROWS.length * PATHS.length * LAYERS.length);
    for (const cell of document.cells) {
      expect(Object.keys(cell)).toEqual(["mode", "path", "l4", "expected", "seen", "ok", "reason", "evidence"]);
      expect(cell.ok, cell.evidence).toBe(true);
    }
  });

  test("a cell that is not as promised is named, and the exit code is 1", async () => {
    const promises = { ...PROMISES, internal: { ...PROMISES.internal, "vm→lan": "yes" as const } };
    const { cells } = await measureReach({ promises });
    expect(exitCode(cells)).toBe(1);
    expect(wrongLines(cells)[0]).toMatch(/^wrong: internal vm→lan over icmp promises yes, traffic saw no: straight to its MAC: NOT_MINE/);
    expect(wrongLines(cells)).toHaveLength(3);
    expect(tableLines(cells, promises, (text) => text).join("\n")).toContain("no NOT_MINE WRONG");
    expect(exitCode((await measureReach()).cells)).toBe(0);
  });

  test("a `no` without a reason proves nothing, and the exit code is 1", async () => {
    const { cells } = await measureReach();
    const silent = cells.map((cell) => (cell.seen === "no" ? { ...cell, reason: null, ok: false } : cell));
    expect(exitCode(silent)).toBe(1);
    expect(wrongLines(silent)[0]).toContain("nothing proves it");
  });
});

describe("fivewire replay", () => {
  const verdicts = (text: string): string[] => lines(text).slice(0, traffic.length);

  test("tells what became of each frame, and the totals", () => {
    const { code, out, err } = fivewire("replay", file("le-us.pcap", pcap("us", true)));
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const [first, second, third, fourth] = verdicts(out);
    expect(first).toMatch(/^ +1 +0\.000000 .*Request who-has 10\.0\.2\.1 .*→ {2}delivered to laptop\/NatNetwork\/gateway, .*1 frame back$/);
    expect(second).toMatch(/^ +2 +0\.001500 .*→ {2}delivered to laptop\/NatNetwork\/gateway/);
    expect(third).toMatch(/→ {2}dropped NOT_MINE at .*neighbor\/1/);
    expect(fourth).toMatch(/^ +4 +2\.000000 .*→ {2}dropped TOO_SHORT at guest\/1$/);
    expect(out).toMatch(/^4 frames replayed in mode natNetwork: 2 delivered, 2 dropped$/m);
    expect(out).toMatch(/^ +1 {2}TOO_SHORT +the frame is shorter/m);
    expect(out).toMatch(/they balance$/m);
  });

  test("reads both byte orders and resolutions, and pcapng, with the same result", () => {
    const files = [pcap("us", true), pcap("us", false), pcap("ns", true), pcap("ns", false), pcapng()];
    const results = files.map((bytes, i) => fivewire("replay", file(`form-${i}`, bytes)));
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    for (const { out } of results) expect(verdicts(out)).toEqual(verdicts(results[0]!.out));
  });

  test("takes a capture from standard input", () => {
    const { status, stdout } = spawnSync(process.execPath, [CLI, "replay", "-"], { input: pcapng(), encoding: "utf8" });
    expect(status).toBe(0);
    expect(stdout).toContain("4 frames replayed");
  });

  test("a truncated file gives the frames before the cut, and says where it ends", () => {
    const { code, out } = fivewire("replay", file("cut.pcap", pcap("us", true).slice(0, -5)));
    expect(code).toBe(0);
    expect(out).toMatch(/^3 frames replayed/m);
    expect(out).toMatch(/^the file ends inside the record at byte \d+: 21 of 26 bytes$/m);
  });

  test("frames of other link types are skipped and counted by name", () => {
    const { code, out } = fivewire("replay", file("raw.pcap", pcap("us", true, 101)));
    expect(code).toBe(0);
    expect(out).toMatch(/^4 frames replayed in mode natNetwork: 0 delivered, 0 dropped, 4 skipped \(raw IP\)$/m);
  });

  test("--json prints one object per frame, then the totals", () => {
    const { code, out } = fivewire("replay", file("json.pcap", pcap("ns", false)), "--json", "--mode", "bridged");
    expect(code).toBe(0);
    const objects = lines(out).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(objects.slice(0, -1).map(({ index }) => index)).toEqual([1, 2, 3, 4]);
    expect(objects[0]).toMatchObject({ time: "1700000000.000000000", length: question.length, verdict: expect.any(String) });
    const { totals } = objects.at(-1) as { totals: ReplayTotals };
    expect(totals).toMatchObject({ frames: 4, skipped: {}, truncated: null, books: { balance: 0, frames: { ingress: 4 } } });
    expect(totals.delivered + totals.dropped).toBe(4);
  });

  test("--out writes every frame as it passed, with the reason of a drop", async () => {
    const path = join(folder, "passed.pcapng");
    expect(fivewire("replay", file("in.pcap", pcap("us", true)), "--out", path).code).toBe(0);
    const comments: string[] = [];
    const names = new Set<string>();
    for await (const packet of readCapture(readFileSync(path))) {
      names.add(packet.interface.name!);
      comments.push(...(packet.comments ?? []));
    }
    expect(names).toContain("guest/1");
    expect(comments.some((comment) => comment.startsWith("dropped: NOT_MINE"))).toBe(true);
  });

  test("--out does not overwrite the capture that is read", () => {
    const path = file("precious.pcap", pcap("us", true));
    const before = readFileSync(path);
    expect(fivewire("replay", path, "--out", path)).toMatchObject({ code: 2, out: "" });
    expect(readFileSync(path)).toEqual(before);
  });

  test("when nobody takes most of the frames, the last line says why", () => {
    const there = ethernet(0x0800, ipv4(udp(5000, 53)), [], [2, 0, 0, 0, 0, 0x99]);
    const back = Uint8Array.from([...there.subarray(6, 12), ...there.subarray(0, 6), ...there.subarray(12)]);
    const writer = new PcapngWriter();
    const place = writer.addInterface({ name: "eth0" });
    [there, back, there, back].forEach((frame, i) => writer.packet({ interface: place, time: BigInt(i) * 1000n, frame }));
    const { code, out } = fivewire("replay", file("conversation.pcapng", writer.bytes()));
    expect(code).toBe(0);
    expect(lines(out).at(-1)).toMatch(/^hint: most frames were dropped since both sides .*one card.*\(HAIRPIN\), and .* nobody in this lab has \(NOT_MINE\)$/);

    const most = fivewire("replay", file("mixed.pcap", pcap("us", true))).out;
    expect(most).not.toContain("hint:");
    expect(most).not.toContain("frames/s");
  });

  test("--limit ends after that many frames", () => {
    expect(fivewire("replay", file("limit.pcap", pcap("us", true)), "--limit", "2").out).toMatch(/^2 frames replayed/m);
  });

  test.skipIf(!corpus).each(Object.keys(MODES) as ModeName[])(
    "in mode %s every frame of the corpus has a fate, and the books balance",
    async (mode) => {
      const replay = await Replay.open({ mode });
      let sent = 0;
      for (const each of captures)
        for await (const packet of readCapture(readFileSync(join(CORPUS, each)))) {
          const { verdict } = replay.send(packet);
          expect(verdict, `${each} frame ${packet.index + 1}`).not.toBe("lost");
          if (verdict !== "skipped") sent++;
        }
      const { balance, frames } = await replay.close();
      expect(balance).toBe(0);
      expect(frames.ingress).toBe(sent);
      expect(sent).toBeGreaterThan(1000);
    },
  );

  test.skipIf(!corpus)("captures of the corpus go through the command as well, one of each folder", () => {
    const folders = new Set(captures.map((each) => each.split(/[/\\]/)[0]!));
    for (const each of folders) {
      const capture = captures.find((path) => path.startsWith(each))!;
      const { code, out, err } = fivewire("replay", join(CORPUS, capture));
      expect({ capture, code, err }).toEqual({ capture, code: 0, err: "" });
      expect(out, capture).toMatch(/they balance$/m);
    }
  });
});

/** The lines that the command prints for a capture of the corpus; without a process of its own, since there are many. */
async function inspected(capture: string, ...more: string[]): Promise<string[]> {
  let text = "";
  const stream = new Writable({ write: (piece, _, done) => { text += String(piece); done(); } });
  expect(await inspect([join(CORPUS, capture), ...more], new Output(stream as unknown as NodeJS.WriteStream))).toBe(0);
  return lines(text);
}

describe("fivewire inspect", () => {
  test("shows one line per frame", () => {
    const { code, out } = fivewire("inspect", file("inspect.pcap", pcap("us", false)));
    expect(code).toBe(0);
    expect(lines(out)).toHaveLength(4);
    expect(lines(out)[0]).toMatch(/^ +1 +0\.000000 .*who-has 10\.0\.2\.1/);
  });

  test("--json gives the layers of each frame by field", () => {
    const { code, out } = fivewire("inspect", file("inspect-json.pcapng", pcapng()), "--json");
    expect(code).toBe(0);
    const [first, second, , fourth] = lines(out).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(first).toEqual({
      index: 1, time: "0.000000000", length: 42, originalLength: 42, linkType: 1, text: expect.stringContaining("who-has"), fault: null,
      layers: [
        { name: "ethernet", offset: 0, length: 14, fields: { src: "02:00:00:00:00:01", dst: "ff:ff:ff:ff:ff:ff", type: 0x0806 } },
        { name: "arp", offset: 14, length: 28, fields: expect.objectContaining({ opcode: 1, senderIp: "10.0.2.77", targetIp: "10.0.2.1" }) },
      ],
    });
    expect(second).toMatchObject({ layers: [{}, { name: "ipv4" }, { name: "udp", offset: 34, fields: { srcPort: 5000, dstPort: 53 } }] });
    expect(fourth).toMatchObject({ fault: "TOO_SHORT", layers: [] });
  });

  test("--json of a frame that is of another link type has no layers and names it; the link types of captures of IP are looked into", () => {
    const [strange] = lines(fivewire("inspect", file("inspect-wifi.pcap", pcap("us", true, 105)), "--json").out);
    expect(JSON.parse(strange!)).toMatchObject({ linkType: 105, text: expect.stringMatching(/^IEEE 802.11, /), fault: null, layers: [] });
    const [raw] = lines(fivewire("inspect", file("inspect-raw.pcap", pcap("us", true, 101)), "--json").out);
    expect(JSON.parse(raw!)).toMatchObject({ linkType: 101, text: expect.stringMatching(/^raw IP, length /), layers: [{ offset: 0 }] });
  });

  test.skipIf(!corpus)("every capture of the corpus goes through, as lines and as JSON, and both say the same", async () => {
    let shown = 0;
    for (const each of captures) {
      const [text, json] = await Promise.all([inspected(each), inspected(each, "--json")]);
      const frames = json.map((line) => JSON.parse(line) as { index: number; text: string; fault: string | null; layers: unknown[] });
      expect(text.map((line) => line.replace(/^ *(\d+) +[-\d.]+ {2}/, "$1 ")), each).toEqual(frames.map(({ index, text }) => `${index} ${text}`));
      for (const { fault, layers } of frames) expect(layers.length > 0, each).toBe(fault !== "TOO_SHORT");
      shown += frames.length;
    }
    expect(shown).toBe(2760);
  });

  test("a file that ends too early is shown as far as it goes, and the rest is told on stderr", () => {
    const { code, out, err } = fivewire("inspect", file("inspect-cut.pcap", pcap("us", true).slice(0, -5)));
    expect(code).toBe(0);
    expect(lines(out)).toHaveLength(3);
    expect(err).toMatch(/ends inside the record at byte \d+: 21 of 26 bytes/);
  });
});

describe("the command line", () => {
  test.each([["replay"], ["inspect"]])("%s: what cannot be read is one line with its cause, exit code 2", (command) => {
    for (const [path, cause] of [
      [join(folder, "missing.pcap"), "no such file"],
      [folder, "EISDIR"],
      [file("empty.pcap", new Uint8Array(0)), "the file is empty"],
      [file("text.pcap", new TextEncoder().encode("hello, world")), "not a capture"],
    ] as const) {
      const { code, out, err } = fivewire(command, path);
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(lines(err)).toHaveLength(1);
      expect(err).toMatch(/^fivewire: /);
      expect(err).toContain(cause);
    }
  });

  test.each([
    [[]], [["modem"]], [["toString"]], [["modes", "extra"]], [["modes", "--colour"]], [["replay"]], [["replay", "a", "b"]],
    [["replay", "a", "--mode", "generic"]], [["replay", "a", "--limit", "0"]], [["inspect"]],
  ])("%j is not understood: what is wrong, and where the help is, on stderr; exit code 2", (args) => {
    const { code, out, err } = fivewire(...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(lines(err)).toEqual([expect.stringMatching(/^fivewire: /), "fivewire --help shows all commands"]);
  });

  test.each([["modes"], ["replay", "a.pcap"]])("%s --out: a folder that is not there is told before anything is measured", (...args) => {
    const input = file("a.pcap", pcap("us", true));
    const path = join(folder, "no such folder", "out.pcapng");
    const { code, out, err } = fivewire(...args.map((arg) => (arg === "a.pcap" ? input : arg)), "--out", path);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(lines(err)).toEqual([expect.stringContaining(path)]);
  });

  test("--help and --version", () => {
    expect(fivewire("--help")).toMatchObject({ code: 0, err: "", out: expect.stringContaining("fivewire modes") });
    expect(fivewire("replay", "--help")).toMatchObject({ code: 0, err: "" });
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
    expect(fivewire("--version")).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });

  test("a reader that goes away early is no error", async () => {
    const writer = new PcapngWriter();
    const place = writer.addInterface({ name: "eth0" });
    for (let i = 0; i < 20_000; i++) writer.packet({ interface: place, time: BigInt(i), frame: stray });
    const child = spawn(process.execPath, [CLI, "inspect", file("long.pcapng", writer.bytes())]);
    let err = "";
    child.stderr.on("data", (text) => { err += String(text); });
    child.stdout.once("data", () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect({ code, err }).toEqual({ code: 0, err: "" });
  });
});
