/**
 * Network stories: rows of what somebody does and who notices.
 *
 *   alice -> bob : bob carol                         a frame, and who hears it (`nobody`; `dropped REASON`)
 *   carol as bob -> alice : alice                    with bob's MAC as its source; `everybody` or a MAC may be the target
 *   alice:5000 -> server:53 udp : server hears nat:A a datagram (or echo, reply, syn …), and what it looks like
 *   server:53 -> nat:A udp : alice:5000              where it arrives; several are parted by commas
 *   alice pings server ttl 1 : TTL_EXPIRED           `from 10.0.2.2 ttl 64`, or an error's code
 *   wait 5 min
 *   any words ${(world) => …}                        something else to do
 *   then any words ${(world) => …}                   something else to check
 *
 * A capital letter is a port that is not known beforehand: the first row that sees it says which.
 * Rows look things up by name, so that a fork of the lab can go on with them.
 */
import type { Lab, Machine } from "../src/index";
import { LabError } from "../src/index";
import { BROADCAST, Guest, isKind } from "./guest";
import type { GuestOptions, Heard } from "./guest";
import { engineOf, faultsInBooks, smallLab } from "./inside";

/** Where stories happen. */
export interface Setting {
  build(lab: Lab): void;
  /** What the external guests are like; VMs without an entry have no IP. */
  guests?: Record<string, GuestOptions>;
  /** Other words for addresses. */
  names?: (lab: Lab) => Record<string, string>;
  /** ms until everybody has an address; default 3000. */
  boot?: number;
}

export interface Row {
  text: string;
  /** ms that pass after it. */
  lasts: number;
  act(world: World): void;
  /** What is wrong; null: nothing. */
  check(world: World): string | null;
}

export interface Script {
  name: string;
  setting: Setting;
  rows: Row[];
}

type Step = (world: World) => void;

/** Makes a script: story("a name", setting)`rows`. */
export function story(name: string, setting: Setting): (texts: TemplateStringsArray, ...steps: Step[]) => Script {
  return (texts, ...steps) => {
    const lines = texts.reduce((all, text, i) => `${all}\u0000${i - 1}\u0000${text}`).split("\n").map((line) => line.replace(/\s+#.*$/, "").trim());
    return { name, setting, rows: lines.filter((line) => line !== "").map((line) => rowOf(line, steps)) };
  };
}

/** A lab seen through a story: its machines and guests by name, and what was heard. */
export class World {
  readonly guests = new Map<string, Guest>();
  readonly heard: Heard[] = [];
  /** Ends of pings, in the order they came. */
  readonly pings: string[] = [];
  /** What sockets were told about their datagrams: "alice:5000 REFUSED". */
  readonly errors: string[] = [];
  private drops: Record<string, number> = {};
  /** Of the row being told; also what its frames carry. */
  nonce = 0;

  /** Ports that rows know by a letter. */
  readonly ports: Map<string, number>;

  /** @param twin  the world that `lab` was forked from: guests are as they are there, letters are shared */
  constructor(readonly lab: Lab, readonly setting: Setting, twin?: World) {
    this.ports = twin?.ports ?? new Map<string, number>();
    for (const vm of lab.vms)
      for (const adapter of vm.adapters)
        if (adapter.interface === 0 && !this.guests.has(vm.name)) {
          const options = twin?.guests.get(vm.name)?.options ?? setting.guests?.[vm.name];
          this.guests.set(vm.name, new Guest(lab, vm.name, adapter, { ...options }));
        }
    for (const machine of lab.machines) for (const socket of machine.sockets) this.listen(machine, socket);
  }

  guest(name: string): Guest {
    const guest = this.guests.get(name);
    if (!guest) throw new Error(`no external guest is called ${name}`);
    return guest;
  }

  machine(name: string): Machine {
    const machine = this.lab.machine(name);
    if (!machine) throw new Error(`nobody is called ${name}`);
    return machine;
  }

  /** Frames dropped under `reason` since the row began. */
  dropped(reason: string): number {
    return ((this.lab.stats().drops as Record<string, number>)[reason] ?? 0) - (this.drops[reason] ?? 0);
  }

  begin(nonce: number): void {
    this.nonce = nonce;
    this.drops = this.lab.stats().drops as Record<string, number>;
  }

  /** Who heard the row's frames. */
  all(): Heard[] {
    const guests = [...this.guests.values()].flatMap((guest) => guest.heard);
    return [...this.heard, ...guests].filter(({ nonce }) => nonce === this.nonce);
  }

  macOf(name: string): string {
    if (name === "everybody") return BROADCAST;
    if (name.includes(":")) return name;
    return this.guests.get(name)?.mac ?? this.machine(name).mac!;
  }

  addressOf(name: string, from?: string): string {
    if (/^[\d.]+$/.test(name)) return name;
    const other = this.setting.names?.(this.lab)[name] ?? this.setting.guests?.[name]?.ip;
    if (other !== undefined) return other;
    return from === undefined || this.guests.has(from) ? this.machine(name).address : this.machine(from).addressOf(this.machine(name));
  }

  port(text: string): number { return this.ports.get(text) ?? Number(text); }

  open(name: string, port: number): void {
    if (this.guests.has(name) || this.machine(name).sockets.some((socket) => socket.port === port)) return;
    this.listen(this.machine(name), this.machine(name).udp(port));
  }

  send(kind: string, from: string, port: number, to: string, toPort: number): void {
    const guest = this.guests.get(from);
    const ip = this.addressOf(to, from);
    if (guest) return guest.send(kind, port, ip, toPort, this.nonce);
    this.open(from, port);
    const socket = this.machine(from).sockets.find((each) => each.port === port)!;
    const data = new Uint8Array(4);
    new DataView(data.buffer).setUint32(0, this.nonce);
    socket.send(data, { address: ip, port: toPort });
  }

  ping(from: string, to: string, options: { ttl?: number; timeout?: number }): void {
    const end = (text: string): void => { this.pings.push(text); };
    try {
      this.machine(from).ping(this.addressOf(to, from), { timeout: PING_TIMEOUT, ...options })
        .then(({ from: who, ttl }) => end(`from ${who} ttl ${ttl}`), (error: LabError) => end(error.code));
    } catch (error) {
      end((error as LabError).code);
    }
  }

  private listen(machine: Machine, socket: Machine["sockets"][number]): void {
    socket.onerror = ({ code }) => { this.errors.push(`${machine.name}:${socket.port} ${code}`); };
    void (async () => {
      for await (const { data, from } of socket) {
        const nonce = data.length < 4 ? -1 : new DataView(data.buffer, data.byteOffset).getUint32(0);
        this.heard.push({ who: machine.name, port: socket.port, from: `${from.address}:${from.port}`, nonce, ttl: 0 });
      }
    })();
  }
}

const PING_TIMEOUT = 4000;
const UNITS: Record<string, number> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 };

function rowOf(line: string, steps: Step[]): Row {
  const text = line.replace(/\u0000\d+\u0000/g, "").trim();
  const step = steps[Number(/\u0000(\d+)\u0000/.exec(line)?.[1])];
  if (step && text.startsWith("then ")) return { text, lasts: 0, act: () => {}, check: (world) => complaint(() => step(world)) };
  if (step) return { text, lasts: 20, act: step, check: () => null };

  const wait = /^wait ([\d.]+) (\w+)$/.exec(text);
  if (wait) return { text, lasts: Number(wait[1]) * UNITS[wait[2]!]!, act: () => {}, check: () => null };

  const [doing, expected = ""] = text.split(/\s+:\s+/) as [string, string?];
  const ping = /^(\S+) pings (\S+)(?: ttl (\d+))?$/.exec(doing);
  if (ping) return pingRow(text, ping, expected);
  const packet = /^(\w+):(\w+)\s+->\s+([\w.]+):(\w+)\s+(\w+)$/.exec(doing);
  if (packet && isKind(packet[5]!)) return packetRow(text, packet, expected);
  const frame = /^(\w+)(?: as (\S+))?\s+->\s+(\S+)$/.exec(doing);
  if (frame) return frameRow(text, frame, expected);
  throw new Error(`this row makes no sense: ${text}`);
}

function pingRow(text: string, [, from, to, ttl]: RegExpExecArray, expected: string): Row {
  return {
    text,
    lasts: PING_TIMEOUT + 100,
    act: (world) => world.ping(from!, to!, ttl === undefined ? {} : { ttl: Number(ttl) }),
    check: (world) => differs(expected.replace(/^from (\S+)/, (_, who: string) => `from ${world.addressOf(who)}`), world.pings.at(-1) ?? "nothing"),
  };
}

function frameRow(text: string, [, from, as, to]: RegExpExecArray, expected: string): Row {
  return {
    text,
    lasts: 10,
    act: (world) => world.guest(from!).say(world.macOf(to!), world.nonce, as === undefined ? undefined : world.macOf(as)),
    check: (world) => differsInDrops(world, expected) ??
      differs(sorted(withoutDrops(expected).split(/\s+/)), sorted(world.all().map(({ who }) => who))),
  };
}

function packetRow(text: string, [, from, port, to, toPort, kind]: RegExpExecArray, expected: string): Row {
  const outcomes = withoutDrops(expected).split(/\s*,\s*/).filter((each) => each !== "nobody" && each !== "");
  return {
    text,
    lasts: 20,
    act: (world) => {
      for (const outcome of outcomes) {
        const [, who, hearing] = /^(\w+)(?::(\w+))?/.exec(outcome)!;
        if (kind === "udp") world.open(who!, world.port(hearing ?? toPort!));
      }
      world.send(kind!, from!, world.port(port!), to!, world.port(toPort!));
    },
    check: (world) => differsInDrops(world, expected)
      ?? differs(sorted(outcomes.map((each) => seenAs(world, each, toPort!))), sorted(world.all().map(heardAs(outcomes)))),
  };
}

/** An expected outcome in the words of `heardAs`; a port by letter that is not known yet is learned from what was heard. */
function seenAs(world: World, outcome: string, toPort: string): string {
  const hears = /^(\w+)(?::(\w+))? hears ([\w.]+):(\w+)$/.exec(outcome);
  if (!hears) return outcome.replace(/:(\w+)$/, (_, port: string) => `:${world.port(port)}`);
  const [, who, hearing, whom, port] = hears;
  const heard = world.all().find((each) => each.who === who);
  if (/^[A-Z]$/.test(port!) && !world.ports.has(port!) && heard) world.ports.set(port!, Number(heard.from.split(":")[1]));
  return `${who}:${hearing === undefined ? heard?.port ?? world.port(toPort) : world.port(hearing)} hears ${world.addressOf(whom!)}:${world.port(port!)}`;
}

const heardAs = (outcomes: string[]) => ({ who, port, from }: Heard): string => {
  const asks = outcomes.some((each) => each.startsWith(`${who} hears`) || (each.startsWith(`${who}:`) && each.includes(" hears ")));
  return asks ? `${who}:${port} hears ${from}` : `${who}:${port}`;
};

const withoutDrops = (expected: string): string => expected.replace(/\s*,?\s*dropped( [A-Z_0-9]+)+/, "") || "nobody";
const sorted = (words: string[]): string => words.filter((word) => word !== "nobody").sort().join(", ") || "nobody";

function differs(expected: string, actual: string): string | null {
  return expected === actual ? null : `expected: ${expected}\nactual:   ${actual}`;
}

function differsInDrops(world: World, expected: string): string | null {
  const reasons = /dropped((?: [A-Z_0-9]+)+)/.exec(expected)?.[1]!.trim().split(" ") ?? [];
  const missing = reasons.filter((reason) => world.dropped(reason) === 0);
  if (missing.length === 0) return null;
  const before = Object.keys(world.lab.stats().drops).filter((reason) => world.dropped(reason) > 0);
  return `expected: dropped ${reasons.join(" ")}\nactual:   dropped ${before.join(" ") || "nothing"}`;
}

function complaint(step: () => void): string | null {
  try {
    step();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Where a telling is: at a row whose time is not over yet. */
export interface Place {
  row: number;
  /** ms, when the row is over. */
  until: number;
}

/** Makes the lab of a script and its world; nobody has booted yet. */
export async function begin({ setting }: Script, seed: number | string = 1): Promise<World> {
  const lab = await smallLab({ seed });
  setting.build(lab);
  return new World(lab, setting);
}

/** A place before the first row: everybody boots. */
export const start = (script: Script): Place => ({ row: -1, until: script.setting.boot ?? 3000 });

/**
 * Tells a script from `place` on, and keeps `place` up to date.
 *
 * @param checks  false: rows are acted and not checked
 */
export async function tell(script: Script, world: World, place = start(script), checks = true): Promise<void> {
  const { lab } = world;
  for (;;) {
    await lab.advance(Math.max(0, place.until - lab.now));
    await lab.advance(0); // who reads a socket in a loop has now had its turn
    const told = script.rows[place.row];
    const wrong = checks && told ? told.check(world) : null;
    if (wrong !== null) throw new Error(`${told!.text}\n${wrong}`);
    if (++place.row === script.rows.length) break;
    const row = script.rows[place.row]!;
    if (!row.text.startsWith("then ")) world.begin(1000 + place.row);
    place.until = lab.now + row.lasts;
    row.act(world);
  }
  const faults = faultsInBooks(lab);
  if (checks && faults.length > 0) throw new Error(`after the story: ${faults.join("; ")}`);
}

/** Tells a whole script in a lab of its own. */
export async function run(script: Script): Promise<void> {
  const world = await begin(script);
  await tell(script, world);
  const handed = [...world.guests.values()].reduce((sum, { frames }) => sum + frames.length, 0);
  const { delivered } = world.lab.stats().frames;
  if (handed !== delivered) throw new Error(`${delivered} frames were delivered, the guests have ${handed}`);
  if (engineOf(world.lab).eventsFree <= 0) throw new Error("the event ring is full");
  await world.lab.close();
}
