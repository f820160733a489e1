import { expect } from "vitest";
import * as abi from "../../assembly/abi";
import { be16, be32, with16 } from "../packets";
import type { Bytes } from "../packets";
import { bytesOf, checksumOf, errorBytes, NAMES, packetIn, readdressed, shortestQuote, wrongAt } from "./ip-packet";
import type { IpPacket, Quoting } from "./ip-packet";
import {
  FILTERINGS, FLAGS, FORGED, GATEWAY, GUESTS, NATURAL, OUTSIDE, PEER_PORTS, PORTS, PROTOCOLS, REMOTES, SHAPES, SPOOFED, WHATS,
} from "./nat-acts";
import type { Act, Edge, Place } from "./nat-acts";
import { damagedSending } from "./nat-damage";
import { compare } from "./nat-sending";
import type { Expected, Heard, Sending } from "./nat-sending";
import { NatSlowly } from "./nat-slowly";
import type { Endpoint, Flow, Forward, Protocol } from "./nat-slowly";
import { macHalves } from "./rig";
import type { Handing, Rig } from "./rig";

const HOST_PORT = 7;
/** Of a DHCP client (RFC 2131 §4.1): the outside may become one at any time. */
const DHCP_PORT = 68;
const FORWARDS: Forward[] = [
  { protocol: "udp", hostPort: 8080, guest: { ip: GUESTS[0]!, port: 80 } },
  { protocol: "tcp", hostPort: 8080, guest: { ip: GUESTS[1]!, port: 80 } },
  { protocol: "udp", hostPort: 5002, guest: { ip: GUESTS[1]!, port: 5000 } },
];
const NUMBERS: Record<Protocol, number> = { icmp: 1, tcp: 6, udp: 17 };
const FILTER_NUMBERS = {
  "endpoint-independent": abi.FILTER_ENDPOINT,
  "address-dependent": abi.FILTER_ADDRESS,
  "address-and-port-dependent": abi.FILTER_ADDRESS_PORT,
};
const GATES = { inside: "02:00:00:00:01:01", outside: "02:00:00:00:01:02" };
/** Of every wire, ns. */
const DELAY = 50_000;
/** What a machine sends to itself it hears a moment later, ns. */
const LOOP = 1000;

/** A NAT beside its twin, guests inside and machines outside, all of whom only say what they are told. */
export class NatWorld {
  private readonly twin: NatSlowly;
  private readonly nat: number;
  private readonly ports = new Map<string, number>();
  private readonly owners = new Map<number, string>();
  /** What each one's frames begin with. */
  private readonly headers = new Map<string, Bytes>();
  private readonly heard = new Map<string, Heard[]>([...GUESTS, ...REMOTES].map((ip) => [ip, []]));
  private nonce = 0x10000;

  constructor(private readonly rig: Rig, private readonly place: Place) {
    rig.reset();
    const { call } = rig.engine;
    const [inside, outside] = [call.networkAdd(abi.SWITCH_STATIC, 300_000), call.networkAdd(abi.SWITCH_STATIC, 300_000)];
    const gate = call.nodeAdd(abi.NODE_FORWARDS, 1, 2);
    const out = place.isRouter ? gate : call.nodeAdd(0, 3, 4);
    const near = this.leg(gate, inside, GATEWAY, GATES.inside);
    const far = this.leg(out, outside, OUTSIDE, GATES.outside);
    GUESTS.forEach((ip, i) => this.station(ip, `02:00:00:00:02:0${i}`, inside, near, GATES.inside));
    REMOTES.forEach((ip, i) => this.station(ip, `02:00:00:00:03:0${i}`, outside, far, GATES.outside));

    this.nat = call.natAdd(gate, out, place.isRouter ? far : 0);
    const filtering = FILTERINGS[place.filtering]!;
    if (filtering !== "address-dependent") call.natSet(this.nat, abi.NAT_FILTERING, FILTER_NUMBERS[filtering]);
    for (const { protocol, hostPort, guest } of FORWARDS)
      expect(call.forwardAdd(this.nat, NUMBERS[protocol], 0, hostPort, number(guest.ip), guest.port)).toBeGreaterThan(0);
    if (!place.isRouter) expect(call.udpOpen(out, 0, HOST_PORT)).toBeGreaterThan(0);
    this.twin = new NatSlowly({
      filtering,
      outside: OUTSIDE,
      forwards: FORWARDS,
      room: place.room,
      own: (place.isRouter ? [DHCP_PORT] : [DHCP_PORT, HOST_PORT]).map((port) => ({ protocol: "udp", port })),
    });
  }

  /** The twin cannot tell any more what must be. */
  get isVague(): boolean { return this.twin.isVague; }

  wait(ms: number): void { this.rig.wait(ms); }

  /** Until what is sent next comes to the NAT `late` after one of the twin's deadlines. */
  waitForEdge({ which, late }: Edge): void {
    const arrival = this.rig.now + 2 * DELAY;
    const edges = this.twin.deadlines(arrival);
    if (edges.length > 0) this.rig.waitUntil(Math.max(this.rig.now, edges[which % edges.length]! + late - 2 * DELAY));
  }

  /** All of it in one instant; what everybody hears is what the twin says. How many packets were sent. */
  do(acts: Act[], handing: Handing): number {
    const arrival = this.rig.now + 2 * DELAY;
    // What turns round must not find that meanwhile somebody's time was over: the machine itself would answer.
    const isQuiet = !this.twin.deadlines(arrival).some((each) => each <= arrival + LOOP);
    const sent = acts.flatMap((act) => {
      const whole = this.sendingOf(act, arrival);
      if (!whole || (whole.turns && !isQuiet)) return [];
      return (act.damage ? damagedSending(act.damage, whole, this.twin, (flow) => this.known(flow)) : whole) ?? [];
    });
    const frames = sent.map(({ by, bytes }) =>
      ({ port: this.ports.get(by)!, frame: Uint8Array.from([...this.headers.get(by)!, ...bytes]) }));
    const got = new Map([...this.heard.keys()].map((ip) => [ip, [] as Bytes[]]));
    for (const { port, frame } of this.rig.send(frames, handing)) {
      if (frame[12] === 8 && frame[13] === 0) got.get(this.owners.get(port)!)!.push(packetIn(frame));
    }
    const all = [...got.values()].flat();
    this.rig.waitUntil(Math.max(this.rig.now, arrival + LOOP));

    const expected = new Map([...this.heard.keys()].map((ip) => [ip, [] as Expected[]]));
    const refused = new Set<string>();
    const settle = (by: string, outcome: Expected | null): void => {
      const receiver = outcome && expected.get(outcome.to);
      if (receiver) receiver.push({ ...outcome, by });
      else refused.add(by);
    };
    // What turns round goes in again after everything else of its instant has gone its way.
    const turned: (() => void)[] = [];
    for (const { by, judge } of sent) {
      const outcome = judge(arrival, all);
      if (typeof outcome === "function") turned.push(() => settle(by, outcome(arrival + LOOP)));
      else settle(by, outcome);
    }
    for (const each of turned) each();
    for (const [who, packets] of got) {
      for (const heard of compare(who, packets, expected.get(who)!, refused.has(who))) this.remember(who, heard);
    }
    this.compareTables();
    return sent.length;
  }

  private compareTables(): void {
    const line = ({ protocol, inside, outside }: { protocol: string; inside: Endpoint; outside: Endpoint }): string =>
      `${protocol} ${inside.ip}:${inside.port} is ${outside.ip}:${outside.port}`;
    const twin = this.twin.mappings(this.rig.now).map(line).sort();
    const engine = this.table().map(line).sort();
    if (twin.join() !== engine.join()) expect(engine).toEqual(twin);
  }

  /** Mappings that have a live connection; the engine may list others for a while. */
  private table(): { protocol: Protocol; inside: Endpoint; outside: Endpoint }[] {
    const { engine } = this.rig;
    const live = new Set(Array.from(engine.connections(this.nat), ({ mapping }) => mapping));
    const endpoint = ({ address, port }: { address: number; port: number }): Endpoint => ({ ip: text(address), port });
    return Array.from(live, (id) => {
      const { protocol, inside, outside } = engine.mapping(id);
      return { protocol: NAMES[protocol]!, inside: endpoint(inside), outside: endpoint(outside) };
    });
  }

  private remember(who: string, heard: Heard): void {
    const list = this.heard.get(who)!;
    list.push(heard);
    if (list.length > 6) list.shift();
  }

  /** What an act comes to: who sends what, and how to tell what should become of it. */
  private sendingOf(wide: Act, now: number): Sending | null {
    const act = this.place.isNarrow ? narrowed(wide) : wide;
    const what = WHATS[act.what]!;
    const [guest, remote] = [GUESTS[act.who]!, REMOTES[act.peer]!];
    const protocol = PROTOCOLS[act.protocol]!;
    const port = PORTS[act.port]!;
    const peerPort = PEER_PORTS[act.peerPort]!;
    if (what === "out") return this.outward(act, { ip: guest, port }, { ip: remote, port: peerPort }, protocol, guest);
    if (what === "spoof") {
      const src = { ip: SPOOFED[act.heard % SPOOFED.length]!, port };
      return this.outward(act, src, { ip: remote, port: peerPort }, protocol, guest);
    }
    const knocked = { ip: OUTSIDE, port: act.heard === 0 ? 8080 : port };
    if (what === "knock") return this.inward(act, { ip: remote, port: peerPort }, knocked, protocol, remote, now);
    if (what === "stray") {
      const known = this.heard.get(remote)!;
      const { src, protocol: its } = known[act.heard % known.length] ?? { src: knocked, protocol };
      return this.inward(act, { ip: remote, port: peerPort }, src, its, remote, now);
    }
    if (what === "forge") return this.inward(act, { ip: FORGED[act.who]!, port: peerPort }, knocked, protocol, remote, now);
    if (what === "sneak") return this.inward(act, { ip: remote, port: peerPort }, { ip: guest, port }, protocol, remote, now);
    if (what === "hairpin") {
      const known = this.twin.mappings(now).filter((each) => each.protocol === protocol && each.outside.ip === OUTSIDE);
      const target = known.length > 0 ? known[act.heard % known.length]!.outside : { ip: OUTSIDE, port: 8080 };
      return protocol === "icmp" ? null : this.outward(act, { ip: guest, port }, target, protocol, guest);
    }
    const by = what === "error out" || what === "reply" ? guest : remote;
    const list = this.heard.get(by)!;
    if (list.length === 0) return null;
    const heard = list[act.heard % list.length]!;
    if (what === "answer") return this.inward(going(act, heard), heard.dst, heard.src, heard.protocol, remote, now, true);
    if (what === "reply") return this.isLent(heard, now) ? this.outward(going(act, heard), heard.dst, heard.src, heard.protocol, guest) : null;
    return what === "error in" ? this.errorIn(act, remote, heard) : this.errorOut(act, guest, heard);
  }

  /** Whether who was heard can be answered: an outside port of the NAT only while it is somebody's. */
  private isLent({ protocol, src }: Heard, now: number): boolean {
    const isSame = (port: number, of: Protocol): boolean => port === src.port && of === protocol;
    return src.ip !== OUTSIDE || FORWARDS.some((each) => isSame(each.hostPort, each.protocol))
      || this.twin.mappings(now).some((each) => isSame(each.outside.port, each.protocol));
  }

  /** @param behind  its ends behind the NAT, as far as can be told now */
  private packet(act: Act, protocol: Protocol, src: Endpoint, dst: Endpoint, isReply: boolean, behind: Partial<IpPacket>): IpPacket {
    const { ttl = 64, tos = 0, id = 1, fragment = 0, options = [], data = [0, 0], fault = 0, isZero } = SHAPES[act.shape]!;
    const flags = protocol === "tcp" ? FLAGS[act.flags]! : "";
    const isAllowed = fault !== "none" || protocol === "udp";
    const marked = [...be32(this.nonce++), ...data];
    const packet = { protocol, src, dst, flags, isReply, ttl, tos, id, fragment, options, data: marked, fault: isAllowed ? fault : 0 };
    return isZero ? { ...packet, data: [...marked.slice(0, 4), ...be16(checksumOf({ ...packet, ...behind }))] } : packet;
  }

  private outward(act: Act, src: Endpoint, dst: Endpoint, protocol: Protocol, by: string): Sending {
    const packet = this.packet(act, protocol, src, dst, false, { src: { ip: OUTSIDE, port: src.port } });
    return {
      by,
      turns: dst.ip === OUTSIDE,
      bytes: bytesOf(packet),
      judge: (now, all) => {
        // There is one network inside: what says that it is from elsewhere could not be answered there (RFC 3704 §2.2).
        if (src.ip !== by || !isForwardable(packet)) return null;
        const chosen = (): number | undefined => this.chosen(packet, all);
        const outside = this.twin.outward(packet, now, chosen);
        if (outside === null) return null;
        const seen = { ...packet, src: outside, ttl: packet.ttl - 1 };
        if (dst.ip !== OUTSIDE) return this.expecting(dst.ip, seen);
        // A hairpin is forwarded twice, out and in.
        return (then) => {
          const inside = seen.ttl > 1 ? this.twin.inward(seen, then) : null;
          return inside ? this.expecting(inside.ip, { ...seen, dst: inside, ttl: seen.ttl - 1 }) : null;
        };
      },
    };
  }

  private inward(act: Act, src: Endpoint, dst: Endpoint, protocol: Protocol, by: string, now: number, isReply = false): Sending {
    const known = this.twin.mappings(now).find((each) => each.protocol === protocol && each.outside.port === dst.port);
    const packet = this.packet(act, protocol, src, dst, isReply, { dst: known?.inside ?? FORWARDS[0]!.guest });
    return {
      by,
      bytes: bytesOf(packet),
      judge: (then) => {
        // RFC 1122 §3.2.1.3: neither this network's nobody nor everybody is a source.
        if (src.ip !== by || dst.ip !== OUTSIDE) return null;
        if (protocol === "icmp" && !isReply) return null;
        // Whose time is up has opened nothing and kept nothing open.
        if (!isForwardable(packet)) return null;
        const inside = this.twin.inward(packet, then);
        return inside ? this.expecting(inside.ip, { ...packet, dst: inside, ttl: packet.ttl - 1 }) : null;
      },
    };
  }

  /** A router or the receiver says that what it heard went no further. */
  private errorIn(act: Act, by: string, heard: Heard): Sending {
    const error = { type: act.flags % 2 ? 3 : 11, code: act.flags % 2, ttl: 64, length: lengthOf(act, heard) };
    return {
      by,
      bytes: damaged(act, errorBytes(by, heard.src.ip, error, heard.bytes)),
      judge: (now) => {
        if (isDamaged(act)) return null;
        const found = this.twin.insideOf(heard.protocol, heard.src, heard.dst, now);
        if (found === null) return null;
        const { inside, isCertain } = found;
        const quoted = readdressed(heard.bytes, { src: inside });
        return { to: inside.ip, bytes: errorBytes(by, inside.ip, { ...error, ttl: 63 }, quoted), zeroAt: wrongInQuote(heard), heard: null, isCertain };
      },
    };
  }

  private errorOut(act: Act, by: string, heard: Heard): Sending {
    const error = { type: 3, code: 3, ttl: 64, length: lengthOf(act, heard) };
    return {
      by,
      turns: heard.src.ip === OUTSIDE,
      bytes: damaged(act, errorBytes(by, heard.src.ip, error, heard.bytes)),
      judge: (now) => {
        if (isDamaged(act)) return null;
        const outside = this.twin.outsideOf(heard.protocol, heard.dst, heard.src, now);
        if (outside === null) return null;
        // RFC 5508 REQ-7: what came by a hairpin goes back by one. Whose it is need not be known before it has turned.
        const isKnown = this.twin.insideOf(heard.protocol, heard.src, outside, now) !== null;
        if (heard.src.ip === OUTSIDE) return (then) => this.errorTurned(error, heard, outside, isKnown, then);
        const quoted = readdressed(heard.bytes, { dst: outside });
        return { to: heard.src.ip, bytes: errorBytes(outside.ip, heard.src.ip, { ...error, ttl: 63 }, quoted), zeroAt: wrongInQuote(heard), heard: null };
      },
    };
  }

  private errorTurned(error: Quoting, heard: Heard, outside: Endpoint, isKnown: boolean, now: number): Expected | null {
    const found = this.twin.insideOf(heard.protocol, heard.src, outside, now);
    if (found === null) return null;
    const quoted = readdressed(heard.bytes, { src: found.inside, dst: outside });
    const bytes = errorBytes(outside.ip, found.inside.ip, { ...error, ttl: 62 }, quoted);
    return { to: found.inside.ip, bytes, zeroAt: wrongInQuote(heard), heard: null, isCertain: isKnown && found.isCertain };
  }

  private expecting(to: string, packet: IpPacket): Expected {
    const { protocol, src, dst, flags } = packet;
    const bytes = bytesOf(packet);
    return { to, bytes, zeroAt: wrongAt(bytes), heard: { protocol, src, dst, flags, bytes: [] } };
  }

  /** The port that the NAT gave a packet: as it came out, else as the table has it. */
  private chosen(packet: IpPacket, all: Bytes[]): number | undefined {
    const { protocol, data, options } = packet;
    const start = 20 + options.length;
    const at = { udp: 8, tcp: 20, icmp: 8 }[protocol];
    const out = all.find((bytes) => bytes[9] === NUMBERS[protocol] && data.every((byte, i) => bytes[start + at + i] === byte));
    if (out !== undefined && out[9] === NUMBERS[protocol]) {
      const place = start + (protocol === "icmp" ? 4 : 0);
      return out[place]! * 256 + out[place + 1]!;
    }
    return this.known(packet);
  }

  /** The port of a source that the table has. */
  private known({ protocol, src }: Flow): number | undefined {
    const isForwards = (port: number): boolean => FORWARDS.some((each) => each.protocol === protocol && each.hostPort === port);
    const known = this.table().filter((each) => each.protocol === protocol && each.inside.ip === src.ip && each.inside.port === src.port);
    return (known.find(({ outside }) => !isForwards(outside.port)) ?? known[0])?.outside.port;
  }

  private leg(node: number, network: number, ip: string, mac: string): number {
    const { call } = this.rig.engine;
    const port = call.portAdd(abi.ROLE_INTERFACE, abi.CLASS_SERVICE, DELAY);
    const leg = call.interfaceAdd(node, port, ...macHalves(mac));
    call.portAttach(port, network);
    call.interfaceSetAddress(leg, number(ip), 24, 0);
    return leg;
  }

  private station(ip: string, mac: string, network: number, leg: number, gate: string): void {
    const port = this.rig.port(abi.CLASS_VM, DELAY, mac);
    this.rig.engine.call.portAttach(port, network);
    this.rig.engine.call.neighborSet(leg, number(ip), ...macHalves(mac));
    this.ports.set(ip, port);
    this.owners.set(port, ip);
    this.headers.set(ip, [...macBytes(gate), ...macBytes(mac), 8, 0]);
  }
}

/** Where a wrong checksum comes to lie in an error about a packet: behind 20 bytes of IP and 8 of ICMP. */
function wrongInQuote({ bytes }: Heard): number | null {
  const at = wrongAt(bytes);
  return at === null ? null : at + 28;
}

/** The same between few, who have more to do with each other. */
function narrowed(act: Act): Act { return { ...act, who: 0, port: 0, peer: act.peer % 2, peerPort: act.peerPort % 2 }; }

/**
 * How much of a packet an error about it shows: as much as it may, or little more than it must, though not half of TCP's
 * checksum, with which nobody can do anything.
 */
function lengthOf({ shape, port, peerPort }: Act, { bytes }: Heard): number {
  const more = port + peerPort;
  return shape % 2 ? shortestQuote(bytes) + (more === 9 ? 10 : more) : 576;
}

/** The act, with the flags that a handshake goes on with. */
function going(act: Act, { flags }: Heard): Act {
  const next = act.isNatural ? NATURAL[flags] : undefined;
  return next === undefined ? act : { ...act, flags: FLAGS.indexOf(next) };
}

/** RFC 5508 REQ-3: an error whose own checksum is wrong is nobody's. */
function isDamaged(act: Act): boolean { return act.shape === SHAPES.length - 1; }

function damaged(act: Act, bytes: Bytes): Bytes { return isDamaged(act) ? with16(bytes, 22, bytes[22]! * 256 + (bytes[23]! ^ 1)) : bytes; }

/** Whether a gateway sends it on at all; fragments are not translated. */
function isForwardable(packet: IpPacket): boolean { return packet.ttl > 1 && !isFragment(packet); }

function isFragment({ fragment }: IpPacket): boolean { return (fragment & 0x3fff) !== 0; }

function macBytes(mac: string): Bytes { return mac.split(":").map((part) => parseInt(part, 16)); }

function number(ip: string): number { return new DataView(Uint8Array.from(ip.split(".").map(Number)).buffer).getUint32(0); }

function text(address: number): string { return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join("."); }
