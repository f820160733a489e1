/**
 * Tables of segments, after Google's packetdrill: time in ms (or + ms since the line before), then
 *
 *   < segment     the peer sends it                         > segment     the station has sent exactly this, at this time
 *   do …          the user of the station acts              = …           what can be seen at the station
 *
 * What the station sends and no line expects is an error, at the next line and at the end. Segments: segment.ts.
 */
import * as abi from "../../assembly/abi";
import { expect } from "vitest";
import { formatSegment, parseSegment } from "./segment";
import { Station } from "./station";

const OPTIONS: Record<string, number> = {
  nodelay: abi.TCP_NODELAY, keepalive: abi.TCP_KEEPALIVE, congestion: abi.TCP_CONGESTION, sndbuf: abi.TCP_SEND_BUFFER,
  rcvbuf: abi.TCP_RECEIVE_BUFFER, delack: abi.TCP_DELAYED_ACK, minrto: abi.TCP_MIN_RTO, giveup: abi.TCP_GIVE_UP,
  timewait: abi.TCP_TIME_WAIT, without: abi.TCP_WITHOUT,
};
const U32S: Record<string, number> = {
  cwnd: abi.STREAM_CWND, ssthresh: abi.STREAM_SSTHRESH, mss: abi.STREAM_MSS, retransmits: abi.STREAM_RETRANSMITS,
};
const TIMES: Record<string, number> = { srtt: abi.STREAM_SRTT, rttvar: abi.STREAM_RTTVAR, rto: abi.STREAM_RTO };

/** Plays a table; returns the station, to be looked at further. */
export async function drill(strings: TemplateStringsArray, ...values: unknown[]): Promise<Station> {
  const station = await Station.create();
  await play(station, String.raw(strings, ...values));
  return station;
}

/** Plays a table on a station that has been through something already. */
export async function play(station: Station, table: string): Promise<void> {
  let time = station.now;
  const lines = table.split("\n").map((line) => line.replace(/#.*$/, "").trim()).filter(Boolean);
  for (const line of lines) {
    const [, plus, ms, verb, rest] = /^(\+?)([\d.]+)\s+(<|>|do|=)\s*(.*)$/.exec(line) ?? [];
    if (verb === undefined) throw new Error(`not a line of a table: ${line}`);
    time = (plus ? time : 0) + Number(ms);
    station.run(time);
    try {
      await act(station, time, verb, rest!.trim());
    } catch (error) {
      throw new Error(`${line}\n${(error as Error).message}`, { cause: error });
    }
  }
  station.run(time);
  quiet(station);
  expect(station.imbalance, "a frame went missing").toBe(0);
}

async function act(station: Station, time: number, verb: string, rest: string): Promise<void> {
  if (verb === ">") {
    const wanted = rest.startsWith("icmp") ? null : parseSegment(rest);
    const next = station.sent.shift();
    const said = next && `${round(next.at)} ${wanted ? formatSegment(next.segment, wanted) : next.segment.flags}`;
    return expect(said ?? "silence").toBe(`${round(time)} ${wanted ? formatSegment(wanted) : rest}`);
  }
  if (verb === "=") return look(station, rest);
  quiet(station);
  if (verb === "<" && rest.startsWith("icmp")) complain(station, rest);
  else if (verb === "<") station.send(parseSegment(rest));
  else await use(station, rest);
  station.run(time);
}

const round = (ms: number): number => Math.round(ms * 1e4) / 1e4;

function quiet(station: Station): void {
  expect(station.sent.map(({ at, segment }) => `${round(at)} > ${formatSegment(segment)}`), "nobody expected").toEqual([]);
}

/** `icmp 3/4 1400 about 1`: type/code, the four bytes after the checksum, sequence number of the segment it is about. */
function complain(station: Station, text: string): void {
  const [, type, code, rest, seq] = /^icmp (\d+)\/(\d+) (\d+) about (\d+)$/.exec(text)!.map(Number);
  station.complain(type!, code!, rest!, seq!);
}

async function use(station: Station, text: string): Promise<void> {
  const [what, ...more] = text.split(/\s+/);
  const n = Number(more[0]);
  const { call } = station.engine;
  const acts: Record<string, () => unknown> = {
    listen: () => station.listen(more.length > 0 ? n : 8),
    listenAny: () => station.listenAny(),
    connect: () => station.connect(more.length > 0 ? n : 0),
    accept: () => expect(station.accept(), "accepted").toBeGreaterThan(0),
    write: () => expect(station.write(n), "written").toBe(more.length > 1 ? Number(more[1]) : n),
    read: () => expect(station.take(n), "read").toBe(n),
    shutdown: () => call.tcpShutdown(station.stream),
    abort: () => call.tcpAbort(station.stream),
    release: () => call.tcpRelease(station.stream),
    close: () => call.tcpCloseListener(station.listener),
    decide: () => call.tcpDecide(station.stream, n, Number(more[1] ?? 0)),
    set: () => call.tcpSet(station.stream, OPTIONS[more[0]!]!, Number(more[1])),
    setListener: () => call.tcpSet(station.listener, OPTIONS[more[0]!]!, Number(more[1])),
    mtu: () => station.setMtu(n),
    peerIsn: () => (station.peerIsn = n),
    peerPort: () => (station.peerPort = n),
    newPeer: () => (station.isn = null),
    isn: () => station.waitForIsn(n),
  };
  if (!acts[what!]) throw new Error(`nobody can ${text}`);
  await acts[what!]!();
}

function look(station: Station, text: string): void {
  const [what, ...more] = text.split(/\s+/);
  const wanted = more.join(" ");
  const n = Number(more[0]);
  if (what === "told") return expect(station.told.splice(0).map((each) => each.text).join(", ")).toBe(wanted);
  if (what === "state") return expect(station.state).toBe(wanted);
  if (what === "readable") return expect(station.engine.call.tcpReadable(station.stream)).toBe(n);
  if (what === "buffered") return expect(station.engine.call.tcpBuffered(station.stream)).toBe(n);
  if (what === "drops") return expect(station.drops(more[0]!), more[0]).toBe(Number(more[1]));
  if (what! in U32S) return expect(station.u32(U32S[what!]!), what).toBe(n);
  if (what! in TIMES) return expect(round(station.ms(TIMES[what!]!)), what).toBe(n);
  throw new Error(`nobody can see ${text}`);
}
