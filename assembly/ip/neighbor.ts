import { CAPACITY_NEIGHBORS, NEIGHBOR_FAILED, NEIGHBOR_QUEUE, NEIGHBOR_TABLE, NO_FRAME, TRACE_GAVE_UP, TRACE_NEIGHBOR, TRACE_WAIT } from "../abi";
import { drop, frameAt, originate, own } from "../frames";
import { control, nextSeq, now, pool, seed } from "../memory";
import { neighborTimers } from "../time/heap";
import { trace, traceMac } from "../trace";
import { fromDevice } from "../time/wires";
import { ARP, ARP_REPLY, ARP_REQUEST, Arp } from "../wire/arp";
import { ETHERNET, ETHERTYPE_ARP, ETHERTYPE_IPV4, Ethernet, MAC_BROADCAST } from "../wire/ethernet";
import { interfaceAt } from "./node";
import { reportUnsent } from "./unsent";

/**
 * Neighbours: which MAC an IPv4 address on the link has, found by ARP (RFC 826), with the packets that wait for it.
 *
 *   Neighbor[capacity], 64 bytes each, open addressing, 8 places from a home slot.
 *   Believed for a minute after it was last heard; then still used, while it is asked by unicast whether it is there
 *   (RFC 1122 §2.3.2.1), so that a busy flow loses nothing. Three silent seconds later it is forgotten.
 *   Up to 4 packets wait per neighbour (RFC 1122 §2.3.2.2); a fifth pushes out the first.
 *   Three requests, a second apart; then the packets are given up and their senders told.
 *   When all 8 places are taken the one heard longest ago gives way, but none that packets wait for.
 */
@unmanaged
export class Neighbor {
  /** interface << 32 | address; 0 means never used. */
  key: u64;
  /** 0: not known. */
  mac: u64;
  /** Until when `mac` is believed, ns; all ones for a static entry. */
  until: u64;
  /** Frames that wait, first to last, and how many. */
  first: u32;
  last: u32;
  waiting: u32;
  /** Requests sent; 0 when none is under way. */
  tries: u32;
  private spare: u64;
  private spare2: u64;

  get interfaceId(): u32 {
    return <u32>(this.key >> 32);
  }
  get address(): u32 {
    return <u32>this.key;
  }
}
if (offsetof<Neighbor>() != 56) ERROR("Neighbor moved");
export const NEIGHBOR_SIZE: u32 = 56;

const PLACES: u32 = 8;
const QUEUE: u32 = 4;
const TRIES: u32 = 3;
const RETRY: u64 = 1_000_000_000;
const LIFETIME: u64 = 60_000_000_000;
const FOREVER: u64 = u64.MAX_VALUE;

function slotAt(slot: u32): Neighbor {
  return changetype<Neighbor>(pool(CAPACITY_NEIGHBORS).base + <usize>slot * NEIGHBOR_SIZE);
}

function homeSlot(key: u64): u32 {
  const h = (key ^ seed()) * 0xc2b2ae3d27d4eb4f;
  return <u32>((h ^ (h >> 31)) >> 20) & (pool(CAPACITY_NEIGHBORS).capacity - 1);
}

function wrap(slot: u32): u32 {
  return slot & (pool(CAPACITY_NEIGHBORS).capacity - 1);
}

const NONE: u32 = 0xffffffff;

function find(key: u64): u32 {
  const home = homeSlot(key);
  for (let i: u32 = 0; i < PLACES; i++) {
    const slot = wrap(home + i);
    const e = slotAt(slot);
    if (e.key == key) return slot;
    if (e.key == 0) return NONE;
  }
  return NONE;
}

/** The slot of `key`, made if need be; NONE when its eight places are all waited for. */
function findOrMake(key: u64): u32 {
  const home = homeSlot(key);
  let oldest: u32 = NONE;
  for (let i: u32 = 0; i < PLACES; i++) {
    const slot = wrap(home + i);
    const e = slotAt(slot);
    if (e.key == key) return slot;
    if (e.key == 0) {
      e.key = key;
      return slot;
    }
    if (e.tries != 0 || e.waiting != 0 || e.until == FOREVER) continue;
    if (oldest == NONE || e.until < slotAt(oldest).until) oldest = slot;
  }
  if (oldest == NONE) return NONE;
  const e = slotAt(oldest);
  e.key = key;
  e.mac = 0;
  e.until = 0;
  return oldest;
}

function keyOf(id: u32, ip: u32): u64 {
  return (<u64>id << 32) | ip;
}

/** Sends an IP packet to the neighbour `ip` of interface `id`, now or when its MAC is known. Takes the frame over. */
export function sendVia(id: u32, ip: u32, frame: u32): void {
  const slot = findOrMake(keyOf(id, ip));
  if (slot == NONE) return drop(frame, NEIGHBOR_TABLE);
  const e = slotAt(slot);
  if (e.tries == 0 && now() >= e.until) ask(slot);
  traceMac(frame, e.mac != 0 ? TRACE_NEIGHBOR : TRACE_WAIT, id, e.mac, ip);
  if (e.mac != 0) return sendTo(id, e.mac, frame);
  wait(e, frame);
}

/** Sends an IP packet out of interface `id` to a MAC. Takes the frame over. */
export function sendTo(id: u32, mac: u64, frame: u32): void {
  const mine = own(frame);
  if (mine == 0) return drop(frame, NO_FRAME);
  const i = interfaceAt(id);
  const f = frameAt(mine);
  // Whatever link-layer header it came with goes; the IP header stays where it is.
  const start = f.l3 - ETHERNET;
  if (start != 0) {
    f.start += start;
    f.length -= start;
    f.l4 = f.l4 == 0 ? <u16>0 : <u16>(f.l4 - start);
    f.payload -= <u16>start;
    f.end -= <u16>start;
    f.l3 = <u16>ETHERNET;
    f.vlan = 0xffff;
  }
  // Padding of the link it came from stays there too.
  f.length = f.end;
  const eth = Ethernet.at(f.data);
  eth.dst = mac;
  eth.src = i.mac;
  eth.type = ETHERTYPE_IPV4;
  fromDevice(i.port, mine);
}

function wait(e: Neighbor, frame: u32): void {
  if (e.waiting == QUEUE) {
    const first = e.first;
    e.first = frameAt(first).next;
    e.waiting--;
    if (e.waiting == 0) e.last = 0;
    giveUpOn(first, e, NEIGHBOR_QUEUE);
  }
  frameAt(frame).next = 0;
  if (e.waiting == 0) e.first = frame;
  else frameAt(e.last).next = frame;
  e.last = frame;
  e.waiting++;
}

function ask(slot: u32): void {
  const e = slotAt(slot);
  e.tries++;
  neighborTimers().set(slot, now() + RETRY, nextSeq());
  sendArp(e.interfaceId, ARP_REQUEST, e.mac != 0 ? e.mac : MAC_BROADCAST, 0, e.address);
}

/** The second is over: ask again, or give up. */
export function neighborTimeout(slot: u32): void {
  const e = slotAt(slot);
  if (e.tries == 0) return;
  control().mark = e.first == 0 ? 0 : frameAt(e.first).mark;
  if (e.tries < TRIES) return ask(slot);
  e.tries = 0;
  e.mac = 0;
  e.until = 0;
  giveUp(e);
}

function giveUp(e: Neighbor): void {
  let frame = e.first;
  e.first = 0;
  e.last = 0;
  e.waiting = 0;
  while (frame != 0) {
    const next = frameAt(frame).next;
    giveUpOn(frame, e, NEIGHBOR_FAILED);
    frame = next;
  }
}

/** Ends the wait of one packet. Its walk is told as its own, whichever frame's turn it is. */
function giveUpOn(frame: u32, e: Neighbor, reason: u32): void {
  const c = control();
  const mark = c.mark;
  c.mark = frameAt(frame).mark;
  trace(frame, TRACE_GAVE_UP, e.interfaceId, 0, 0, e.address, 0);
  if (reason == NEIGHBOR_FAILED) reportUnsent(interfaceAt(e.interfaceId).node, frame, reason);
  drop(frame, reason);
  c.mark = mark;
}

/** The MAC of neighbour `ip` of interface `id`, if a packet for it would leave at once and nobody has to be asked; else 0. */
export function settledMac(id: u32, ip: u32): u64 {
  const slot = find(keyOf(id, ip));
  if (slot == NONE) return 0;
  const e = slotAt(slot);
  return e.tries == 0 && now() < e.until ? e.mac : 0;
}

/** `ip` on interface `id` was heard with `mac`: believed if it was known or asked for, or if `isMine`. Returns whether it was. */
export function hearNeighbor(id: u32, ip: u32, mac: u64, isForMe: bool): void {
  const key = keyOf(id, ip);
  const slot = isForMe ? findOrMake(key) : find(key);
  if (slot == NONE) return;
  const e = slotAt(slot);
  if (e.until == FOREVER) return;
  // A place that gave up and was never answered stays as good as empty.
  if (!isForMe && e.tries == 0 && e.until == 0) return;
  e.mac = mac;
  e.until = now() + LIFETIME;
  e.tries = 0;
  neighborTimers().cancel(slot);
  let frame = e.first;
  e.first = 0;
  e.last = 0;
  e.waiting = 0;
  while (frame != 0) {
    const next = frameAt(frame).next;
    sendTo(id, mac, frame);
    frame = next;
  }
}

/** What was sent to `ip` is not answered: the next packet asks whether the neighbour is there, and goes out all the same. */
export function doubtNeighbor(id: u32, ip: u32): void {
  const slot = find(keyOf(id, ip));
  if (slot == NONE) return;
  const e = slotAt(slot);
  if (e.until != FOREVER && e.mac != 0) e.until = min<u64>(e.until, now());
}

/** A static neighbour, never asked for and never forgotten (mac 0: forget it); false when its eight places are waited for. */
export function setNeighbor(id: u32, ip: u32, mac: u64): bool {
  const slot = findOrMake(keyOf(id, ip));
  if (slot == NONE) return false;
  const e = slotAt(slot);
  e.until = 0;
  e.mac = 0;
  if (mac == 0) return true;
  hearNeighbor(id, ip, mac, true);
  e.until = FOREVER;
  return true;
}

/** Forgets what was learned by one interface: it left its network or lost its address. Packets that waited are dropped. */
export function forgetNeighbors(id: u32, reason: u32): void {
  forgetAll(id, reason, false);
}

/** The same with what was told to it by hand: the interface goes. */
export function dropNeighbors(id: u32, reason: u32): void {
  forgetAll(id, reason, true);
}

function forgetAll(id: u32, reason: u32, alsoStatic: bool): void {
  for (let slot: u32 = 0; slot < pool(CAPACITY_NEIGHBORS).capacity; slot++) {
    const e = slotAt(slot);
    if (e.interfaceId != id || (e.until == FOREVER && !alsoStatic)) continue;
    forget(slot, e, reason);
  }
}

function forget(slot: u32, e: Neighbor, reason: u32): void {
  neighborTimers().cancel(slot);
  e.tries = 0;
  e.mac = 0;
  e.until = 0;
  while (e.first != 0) {
    const frame = e.first;
    e.first = frameAt(frame).next;
    drop(frame, reason);
  }
  e.last = 0;
  e.waiting = 0;
}

/** Frames that wait for a neighbour, in all: for the books. */
export function framesWaiting(): u32 {
  let frames: u32 = 0;
  for (let slot: u32 = 0; slot < pool(CAPACITY_NEIGHBORS).capacity; slot++) frames += slotAt(slot).waiting;
  return frames;
}

/** Answers an ARP request: `ip` is ours. */
export function answerArp(id: u32, ip: u32, toMac: u64, toIp: u32): void {
  const frame = arpFrame(id, ARP_REPLY, toMac);
  if (frame == 0) return;
  const a = Arp.at(frameAt(frame).data + ETHERNET);
  a.senderIp = ip;
  a.targetMac = toMac;
  a.targetIp = toIp;
  fromDevice(interfaceAt(id).port, frame);
}

function sendArp(id: u32, opcode: u32, dst: u64, targetMac: u64, targetIp: u32): void {
  const frame = arpFrame(id, opcode, dst);
  if (frame == 0) return;
  const a = Arp.at(frameAt(frame).data + ETHERNET);
  a.senderIp = interfaceAt(id).address;
  a.targetMac = targetMac;
  a.targetIp = targetIp;
  fromDevice(interfaceAt(id).port, frame);
}

/** An ARP message from interface `id`, all but the addresses filled in; 0 when no buffer is free (ARP is asked again anyway). */
function arpFrame(id: u32, opcode: u32, dst: u64): u32 {
  const frame = originate();
  if (frame == 0) return 0;
  const f = frameAt(frame);
  f.length = ETHERNET + ARP;
  const eth = Ethernet.at(f.data);
  eth.dst = dst;
  eth.src = interfaceAt(id).mac;
  eth.type = ETHERTYPE_ARP;
  const a = Arp.at(f.data + ETHERNET);
  a.hardware = 1;
  a.protocol = ETHERTYPE_IPV4;
  a.hardwareLength = 6;
  a.protocolLength = 4;
  a.opcode = opcode;
  a.senderMac = interfaceAt(id).mac;
  return frame;
}
