/**
 * Single stages of the engine, without what the walk does around them: compiled at run time from the engine's own sources and
 * beside the same stages in C and in JavaScript. (AssemblyScript; named .as so that the TypeScript compiler leaves it alone.)
 *
 * Frames lie two bytes into slots of `stride` bytes from `frames` on, their lengths as u16 from `lengths` on. What comes out is
 * in a ring of 128 slots, or in frame buffers; `outs` gets the address of each frame of the burst (u32[64], 0: none), and behind
 * those the port it left by (u32[64]; NAT has none).
 */
export * from "../../assembly/index";
import { CAPACITY_FDB, KIND_IPV4, OK } from "../../assembly/abi";
import { allocate, frameAt } from "../../assembly/frames";
import { countHop } from "../../assembly/ip/send";
import { nowMs, pool, seed } from "../../assembly/memory";
import { natInbound, natOutbound } from "../../assembly/nat/nat";
import { REFUSED } from "../../assembly/nat/refusal";
import { Packet } from "../../assembly/packet/packet";
import { parseAt } from "../../assembly/packet/parse";
import { NO_PORT, learn, lookup, stationHome, stationKey } from "../../assembly/table/fdb";
import { Ethernet, isGroup } from "../../assembly/wire/ethernet";

const ALIGN: u32 = 2;
const RING: u32 = 128;
const BURST: u32 = 64;

/** Descriptors of 24 bytes each go to `packets`. */
export function stageParse(frames: usize, stride: u32, lengths: usize, packets: usize, first: u32, count: u32): void {
  const key = seed();
  for (let i = first; i < first + count; i++) {
    parseAt(frames + i * stride + ALIGN, load<u16>(lengths + (i << 1)), packets + i * 24, key);
  }
}

const CURSOR: usize = memory.data(16, 16);

/** Learn, look up, forward by copy; the touch ahead as in `run`. Returns the sum of the ports frames left by. */
export function stageSwitch(
  network: u32, ingress: u32, frames: usize, stride: u32, lengths: usize, ring: usize, outs: usize, first: u32, count: u32,
): u32 {
  if (pool(CAPACITY_FDB).capacity > 32768) {
    let sum: u64 = 0;
    for (let i = first; i < first + count; i++) {
      const eth = Ethernet.at(frames + i * stride + ALIGN);
      sum += load<u64>(stationHome(stationKey(network, eth.dst))) + load<u64>(stationHome(stationKey(network, eth.src)));
    }
    store<u64>(CURSOR, sum, 8);
  }
  const ms = nowMs();
  let cursor = load<u32>(CURSOR);
  let ports: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const at = frames + (first + i) * stride;
    const eth = Ethernet.at(at + ALIGN);
    const out = outs + (i << 2);
    store<u32>(out, 0);
    if (isGroup(eth.src)) continue;
    learn(stationKey(network, eth.src), ingress, ms);
    if (isGroup(eth.dst)) continue;
    const egress = lookup(stationKey(network, eth.dst), 300000, ms);
    if (egress == NO_PORT || egress == ingress) continue;
    const to = ring + cursor * stride;
    cursor = (cursor + 1) & (RING - 1);
    copyFrame(to, at, load<u16>(lengths + ((first + i) << 1)) + ALIGN);
    store<u32>(out, <u32>to + ALIGN);
    store<u32>(out, egress, 4 * BURST);
    ports += egress;
  }
  store<u32>(CURSOR, cursor);
  return ports;
}

/** Lines of 64 bytes, as long as that is faster than a call; both ends have room for whole ones. */
function copyFrame(to: usize, from: usize, length: u32): void {
  if (length > 256) return memory.copy(to, from, length);
  for (let i: u32 = 0; i < length; i += 64) {
    v128.store(to + i, v128.load(from + i));
    v128.store(to + i, v128.load(from + i, 16), 16);
    v128.store(to + i, v128.load(from + i, 32), 32);
    v128.store(to + i, v128.load(from + i, 48), 48);
  }
}

const HANDLES: usize = memory.data(256, 16);

/**
 * Copies a burst into frame buffers and translates it there: outbound of `nat` under `address`, or, `nat` 0, inbound at `node`.
 * Parsing is left out (these are UDP in IPv4 without options); one hop less and the MACs are not.
 */
export function stageNat(
  nat: u32, node: u32, address: u32, macHigh: u32, macDst: u32, macSrc: u32,
  frames: usize, stride: u32, lengths: usize, outs: usize, first: u32, count: u32,
): u32 {
  if (load<u32>(HANDLES) == 0) for (let i: u32 = 0; i < BURST; i++) store<u32>(HANDLES + (i << 2), allocate());
  let passed: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const handle = load<u32>(HANDLES + (i << 2));
    const f = frameAt(handle);
    const at = frames + (first + i) * stride + ALIGN;
    f.length = load<u16>(lengths + ((first + i) << 1));
    copyFrame(f.data, at, f.length);
    describe(f.data, f.length, changetype<usize>(f) + 16);
    const eth = Ethernet.at(f.data);
    store<u32>(outs + (i << 2), 0);
    if (!(nat != 0 ? natOutbound(nat, handle, address) == OK : isNat(natInbound(node, handle)))) continue;
    countHop(handle);
    eth.dst = ((<u64>macHigh) << 32) | macDst;
    eth.src = ((<u64>macHigh) << 32) | macSrc;
    store<u32>(outs + (i << 2), <u32>f.data);
    passed++;
  }
  return passed;
}

/** Whether `natInbound` found whose packet it is: not the node's own, and not refused. */
function isNat(found: u32): bool {
  return found != 0 && (found & REFUSED) == 0;
}

/** What the parser would have said. */
function describe(data: usize, length: u32, packet: usize): void {
  const p = Packet.at(packet);
  const ports = load<u32>(data, 34);
  p.places = (14 | (34 << 16) | ((<u64>42) << 32)) | ((<u64>length) << 48);
  p.nature = (<u64>0xffff0800) | ((<u64>KIND_IPV4) << 32) | ((<u64>17) << 40);
  p.flow = ((ports & 0xff00ff) << 8) | ((ports >>> 8) & 0xff00ff);
}
