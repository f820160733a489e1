import { beforeAll, describe, expect, test } from "vitest";
import { readCapture } from "../src/capture-reader";
import { MODES } from "../src/modes";
import type { Reach } from "../src/modes";
import { LAYERS, measureReach, PATHS, PROMISES, wrongCells } from "../src/reach";
import type { Cell, Layer, Path, Promises, Reachability, RowName } from "../src/reach";

const REACH = table(`
               vm→host  host→vm  vm↔vm  vm→lan  lan→vm
  nat          yes      forward  no     yes     forward
  natNetwork   yes      forward  yes    yes     forward
  bridged      yes      yes      yes    yes     yes
  internal     no       no       yes    no      no
  hostOnly     yes      yes      yes    no      no
  notAttached  no       no       no     no      no
`);

let measured: Reachability;
beforeAll(async () => { measured = await measureReach(); });

for (const { mode, path, promise } of REACH)
  for (const l4 of LAYERS) {
    // A forward is a rule for TCP or UDP: there is nothing that would let an echo request in.
    const expected = promise === "forward" && l4 === "icmp" ? "no" : promise;
    test(`${mode}: ${path} over ${l4} is ${expected}`, () => {
      const cell = cellOf(mode, path, l4);
      expect(cell, cell.evidence).toMatchObject({ expected, seen: expected, ok: true });
    });
  }

test("every `no`, and every `forward` before its rule, names the reason that stopped the frames", () => {
  const shut = measured.cells.filter(({ seen }) => seen === "no" || seen === "forward");
  expect(shut.length).toBeGreaterThan(20);
  for (const { mode, path, l4, reason } of shut) expect(reason, `${mode} ${path} ${l4}`).toMatch(/^[A-Z_0-9]+$/);
});

test.each([
  ["nat", "vm↔vm", "NAT_INSIDE"],
  ["nat", "lan→vm", "UDP_CLOSED"],
  ["internal", "vm→lan", "NOT_MINE"],
  ["hostOnly", "vm→lan", "NOT_FORWARDING"],
  ["notAttached", "vm→host", "NOT_ATTACHED"],
] as const)("%s: what stops a datagram on %s is %s", (mode, path, reason) => {
  expect(cellOf(mode, path, "udp").reason).toBe(reason);
});

test.each([
  ["nat", "vm↔vm", "NAT_INSIDE"],
  ["nat", "lan→vm", "TCP_CLOSED"],
  ["internal", "vm→lan", "NOT_MINE"],
  ["hostOnly", "vm→lan", "NOT_FORWARDING"],
  ["notAttached", "vm→host", "NOT_ATTACHED"],
] as const)("%s: what stops a connection on %s is %s", (mode, path, reason) => {
  expect(cellOf(mode, path, "tcp").reason).toBe(reason);
});

test("the table has every mode, path and protocol once", () => {
  const places = measured.cells.map(({ mode, path, l4 }) => `${mode} ${path} ${l4}`);
  expect(places).toHaveLength((Object.keys(MODES).length + 1) * PATHS.length * LAYERS.length);
  expect(new Set(places).size).toBe(places.length);
});

test("no frame went missing while the table was measured", () => {
  expect(measured.stats.balance).toBe(0);
  expect(measured.stats.frames.live).toBe(0);
});

test("one capture holds every network, with named ports, in the order of time", async () => {
  const ports = new Set<string>();
  const networks = new Set<string>();
  let last = 0n;
  for await (const { time, interface: port } of readCapture(measured.capture)) {
    expect(time >= last).toBe(true);
    last = time;
    ports.add(port.name!);
    networks.add(port.description!.split(" ")[0]!);
  }
  for (const name of ["laptop/1", "printer/1", "nat-a/1", "office-a/1", "bridged-b/1", "backend-a/1", "vboxnet-b/1"])
    expect(ports).toContain(name);
  for (const kind of ["lan", "nat", "natNetwork", "bridged", "internal", "hostOnly"]) expect(networks).toContain(kind);
});

test("the same seed measures the same, to the last byte of the capture", async () => {
  const again = await measureReach();
  expect(again.cells).toEqual(measured.cells);
  expect(again.capture).toEqual(measured.capture);
});

describe("a promise that traffic does not keep", () => {
  const broken = (mode: RowName, path: Path, promise: Reach): Promises =>
    ({ ...PROMISES, [mode]: { ...PROMISES[mode], [path]: promise } });

  test.each([
    ["internal", "vm→lan", "yes", "no"],
    ["bridged", "lan→vm", "no", "yes"],
    ["natNetwork", "vm↔vm", "forward", "yes"],
  ] as const)("is found out: %s %s promises %s, traffic sees %s", async (mode, path, promise, seen) => {
    const wrong = wrongCells((await measureReach({ promises: broken(mode, path, promise) })).cells);
    expect(wrong.map(({ l4 }) => l4)).toEqual(["icmp", "udp", "tcp"]);
    for (const cell of wrong) expect(cell).toMatchObject({ mode, path, seen, ok: false });
  });
});

function cellOf(mode: RowName, path: Path, l4: Layer): Cell {
  return measured.cells.find((cell) => cell.mode === mode && cell.path === path && cell.l4 === l4)!;
}

/** The rows and columns of a table drawn with spaces. */
function table(text: string): { mode: RowName; path: Path; promise: Reach }[] {
  const [paths, ...rows] = text.trim().split("\n").map((line) => line.trim().split(/\s+/)) as [Path[], ...string[][]];
  return rows.flatMap(([mode, ...promises]) =>
    promises.map((promise, i) => ({ mode: mode as RowName, path: paths[i]!, promise: promise as Reach })));
}
