/** Segments that a station's TCP has no use for. */
import { ipv4, raw, tcp, with16, zeros } from "../packets";
import type { Lab } from "../../src/index";
import { engineOf } from "../inside";
import { ALICE, frameTo, onASwitch } from "./place";
import type { Provoked } from "./index";

const SYN = 2;
const ACK = 16;

/** Alice listens on port 80, and carol sends her segments: source port, sequence number, flags. */
async function toListener(backlog: number, segments: [number, number, number][]): Promise<Lab> {
  const { lab, carol } = await onASwitch({ capacity: { streams: 16 } });
  const { node } = (lab.machine("alice") as unknown as { state: { node: number } }).state;
  engineOf(lab).call.tcpListen(node, 0, 80, backlog);
  for (const [port, seq, flags] of segments) carol.send(frameTo(ALICE, 0x0800, ipv4(tcp(port, 80, { seq, flags }))));
  return lab;
}

const SYNS = (count: number): [number, number, number][] => Array.from({ length: count }, (_, i) => [5000 + i, 1, SYN]);

export const TCP = {
  TCP_CHECKSUM: ["a segment with a wrong checksum", async () => {
    const { lab, carol } = await onASwitch();
    carol.send(frameTo(ALICE, 0x0800, ipv4(raw(6, with16(tcp(5000, 80, {}, zeros(4)).bytes, 16, 0x1234)))));
    return lab;
  }],
  TCP_SEQUENCE: ["a segment far beyond its connection's window", () => toListener(8, [[5000, 1, SYN], [5000, 9_000_000, ACK]])],
  TCP_BACKLOG: ["a second connection to a listener that takes one", () => toListener(1, SYNS(2))],
  TCP_BUFFER: ["a connection more than the lab has room for", () => toListener(100, SYNS(16))],
} satisfies Provoked;
