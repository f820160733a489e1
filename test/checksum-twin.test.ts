import fc from "fast-check";
import { expect, test } from "vitest";
import * as abi from "../assembly/abi";
import { be16, ethernet, icmp, internetChecksum, ipv4, tcp, udp, with16, zeros } from "./packets";
import type { Bytes, Segment } from "./packets";
import { amount, enough, PATIENCE } from "./twins/amount";
import { answerTo, datagram } from "./twins/checksum-slowly";
import { reading } from "./twins/ip-damage";
import { packetIn } from "./twins/ip-packet";
import { macHalves, Rig } from "./twins/rig";
import type { Handing } from "./twins/rig";

/** A packet to the machine, or (`isSaid`) a datagram that it sends. */
interface Sent {
  protocol: "icmp" | "udp" | "tcp";
  isSaid: boolean;
  /** Bytes of data. */
  length: number;
  fill: number;
  seed: number;
  /** The last two bytes of data make the sum come out as zero. */
  isZero: boolean;
  /** Words of IP options. */
  options: number;
  flags: number;
  /** UDP without a checksum. */
  isAbsent: boolean;
  /** Bytes behind the IP header and the ports that are changed afterwards: [place, value]. */
  damage: [number, number][];
}

const MACHINE = { ip: [192, 0, 2, 1], mac: "02:00:00:00:00:02" };
const GUEST = { ip: [192, 0, 2, 10], mac: "02:00:00:00:00:01" };
const PORT = 7000;
const FILLS = ["random", "zeros", "ones", "ramp"] as const;
const number = (ip: Bytes): number => ip.reduce((sum, byte) => sum * 256 + byte, 0);

function dataOf({ length, fill, seed }: Sent): Bytes {
  const kind = FILLS[fill]!;
  if (kind !== "random") return Array.from({ length }, (_, i) => (kind === "zeros" ? 0 : kind === "ones" ? 255 : (seed + i) & 255));
  let state = seed;
  return Array.from({ length }, () => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) >> 16 & 255);
}

function segmentOf({ protocol, flags }: Sent, data: Bytes): Segment {
  if (protocol === "icmp") return icmp(8, 0, [0, 7, 0, 1, ...data]);
  return protocol === "udp" ? udp(5000, 9, data) : tcp(5000, 80, { flags, seq: 0xfffffff0, ack: 77 }, data);
}

/** Bytes whose sum with what they are put into is all ones. */
function cancelling(src: Bytes, dst: Bytes, { protocol, bytes, checksumAt }: Segment, data: Bytes): Bytes {
  const start = [...data.slice(0, data.length - 2), 0, 0];
  const whole = [...with16(bytes, checksumAt, 0).slice(0, bytes.length - data.length), ...start];
  const pseudo = protocol === 1 ? [] : [...src, ...dst, 0, protocol, ...be16(whole.length)];
  return with16(start, data.length - 2, internetChecksum([...pseudo, ...whole]));
}

/** The data, whose last two bytes make up for everything else when that is asked for and there is an even number. */
function filled(sent: Sent, src: Bytes, dst: Bytes, segment: (data: Bytes) => Segment): Bytes {
  const data = dataOf(sent);
  return sent.isZero && data.length >= 2 && data.length % 2 === 0 ? cancelling(src, dst, segment(data), data) : data;
}

function packetOf(sent: Sent): Bytes {
  const segment = segmentOf(sent, filled(sent, GUEST.ip, MACHINE.ip, (data) => segmentOf(sent, data)));
  const options = zeros(sent.options * 4);
  let bytes = ipv4(segment, { src: GUEST.ip, dst: MACHINE.ip, options });
  const start = 20 + options.length;
  if (sent.isAbsent && sent.protocol === "udp") bytes = with16(bytes, start + 6, 0);
  const changed = [...bytes];
  for (const [at, value] of sent.damage) if (start + 4 + at < bytes.length) changed[start + 4 + at] = value;
  return changed;
}

/** A machine without open ports but one, from which it sends, and a guest that hears it. */
class World {
  private readonly port: number;
  private readonly socket: number;

  constructor(private readonly rig: Rig) {
    rig.reset();
    const { call } = rig.engine;
    const network = call.networkAdd(abi.SWITCH_STATIC, 300_000);
    const node = call.nodeAdd(0, 1, 2);
    const place = call.portAdd(abi.ROLE_INTERFACE, abi.CLASS_SERVICE, 50_000);
    const leg = call.interfaceAdd(node, place, ...macHalves(MACHINE.mac));
    call.portAttach(place, network);
    call.interfaceSetAddress(leg, number(MACHINE.ip), 24, 0);
    this.port = rig.port(abi.CLASS_VM, 50_000, GUEST.mac);
    call.portAttach(this.port, network);
    call.neighborSet(leg, number(GUEST.ip), ...macHalves(GUEST.mac));
    this.socket = call.udpOpen(node, 0, PORT);
    expect(this.socket).toBeGreaterThan(0);
  }

  /** All in one instant; what the guest heard, and what it should have. */
  do(burst: Sent[], handing: Handing): { got: Bytes[]; expected: Bytes[] } {
    const { engine } = this.rig;
    const said = burst.filter(({ isSaid }) => isSaid).map((sent) => {
      const data = filled(sent, MACHINE.ip, GUEST.ip, (each) => udp(PORT, 9, each));
      engine.stage(Uint8Array.from(data));
      expect(engine.call.udpSend(this.socket, number(GUEST.ip), 9, data.length, 64)).toBe(0);
      return [17, ...datagram(MACHINE.ip, GUEST.ip, PORT, 9, data)];
    });
    const packets = burst.filter(({ isSaid }) => !isSaid).map(packetOf);
    const answers = packets.flatMap((packet) => {
      const answer = reading(packet) && answerTo(packet);
      return answer ? [[answer.protocol, ...answer.bytes]] : [];
    });
    const frames = packets.map((packet) => ({ port: this.port, frame: ethernet(0x0800, packet) }));
    const heard = this.rig.send(frames, handing).map(({ frame }) => packetIn(frame));
    // Errors are rationed (RFC 1812 §4.3.2.8).
    this.rig.wait(1000);
    for (const packet of heard) expect(internetChecksum(packet.slice(0, 20)), "IP header").toBe(0);
    return { got: heard.map((packet) => [packet[9]!, ...packet.slice(20)]), expected: [...said, ...answers] };
  }
}

const change = fc.tuple(fc.oneof(fc.nat(20), fc.nat(1480)), fc.oneof(fc.nat(255), fc.constantFrom(0, 255)));

const sending: fc.Arbitrary<Sent> = fc.record({
  protocol: fc.constantFrom("icmp" as const, "udp" as const, "tcp" as const),
  isSaid: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  length: fc.oneof({ weight: 3, arbitrary: fc.nat(140) }, { weight: 1, arbitrary: fc.nat(1420) }),
  fill: fc.nat(FILLS.length - 1),
  seed: fc.nat(),
  isZero: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  options: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(10) }),
  flags: fc.constantFrom(2, 0x12, 0x10, 0x11, 0x14, 4, 1, 3, 0),
  isAbsent: fc.oneof({ weight: 7, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  damage: fc.oneof(
    { weight: 2, arbitrary: fc.constant<[number, number][]>([]) },
    { weight: 1, arbitrary: fc.array(change, { minLength: 1, maxLength: 3 }) },
  ),
});

const bursts = fc.array(
  fc.record({
    burst: fc.array(sending, { minLength: 1, maxLength: 12, size: "max" }),
    split: fc.integer({ min: 1, max: 12 }),
    budget: fc.constantFrom(1, 3, 1000),
  }),
  { minLength: 1, maxLength: 6, size: "max" },
);

/** Packets of an average run. */
const PER_RUN = 22;
const PACKETS = 20_000;

test("a machine sums as its twin does: it answers what is right, is silent to what is wrong, and sends what is right", async () => {
  const rig = await Rig.create();
  let sent = 0;
  const property = fc.property(bursts, (run) => {
    const world = new World(rig);
    for (const { burst, ...handing } of run) {
      sent += burst.length;
      const { got, expected } = world.do(burst, handing);
      if (got.join() !== expected.join()) expect(got).toEqual(expected);
    }
    expect(rig.balance(), "a frame went missing").toBe(0);
  });
  fc.assert(property, amount(PACKETS, PER_RUN));
  enough("checksums", sent, PACKETS);
}, PATIENCE);
