import {
  DHCP_BOUND,
  DHCP_INIT,
  DHCP_OFF,
  DHCP_REBINDING,
  DHCP_RENEWING,
  DHCP_REQUESTING,
  DHCP_SELECTING,
  EVENT_ADDRESS,
  NO_ADDRESS,
  NO_ROUTE,
  UDP_CHECKSUM,
} from "../abi";
import { consume, drop, emitEvent, frameAt, makeVisible } from "../frames";
import { STAGING, nextSeq, now } from "../memory";
import { forgetNeighbors, sendVia } from "../ip/neighbor";
import { Interface, gatewayFor, interfaceAt, random } from "../ip/node";
import { NEVER, leaseTimers } from "../time/heap";
import {
  DHCPACK,
  DHCPDISCOVER,
  DHCPNAK,
  DHCPOFFER,
  DHCPREQUEST,
  DHCP_CLIENT_PORT,
  DHCP_COOKIE,
  DHCP_FILE,
  DHCP_FILE_LENGTH,
  DHCP_OPTIONS,
  DHCP_SERVER_PORT,
  DHCP_SNAME,
  DHCP_SNAME_LENGTH,
  Dhcp,
  OPTION_CLIENT_ID,
  OPTION_DNS,
  OPTION_END,
  OPTION_LEASE,
  OPTION_MASK,
  OPTION_OVERLOAD,
  OPTION_PAD,
  OPTION_PARAMETERS,
  OPTION_REBIND,
  OPTION_RENEW,
  OPTION_REQUESTED,
  OPTION_ROUTER,
  OPTION_SERVER,
  OPTION_TYPE,
} from "../wire/dhcp";
import { MAC_BROADCAST, storeMac } from "../wire/ethernet";
import { IPV4_BROADCAST } from "../wire/ipv4";
import { isUdpSound, newDatagram, sendUdpTo } from "./udp";

/**
 * DHCP client of one interface (RFC 2131 §4.4). Its timer is upkeep: an idle lab stays idle, and a client without a server
 * asks again only while somebody waits for something.
 *
 *   INIT → SELECTING: DISCOVER, again after 4, 8, 16, 32, 64, 64 … s, each ±1 s (RFC 2131 §4.1)
 *   SELECTING → REQUESTING: the first OFFER is taken; REQUEST, four times at the most, then from the start
 *   BOUND → RENEWING at T1 (half the lease), to the server; → REBINDING at T2 (7/8), to everybody; at the end the address goes
 */
const SECOND: u64 = 1_000_000_000;
/** Shortest time between two requests for renewal (RFC 2131 §4.4.5). */
const RENEW_AGAIN: u64 = 60 * SECOND;
const REQUESTS: u32 = 4;

/** Starts over, at a random moment within the interface's start delay (RFC 2131 §4.4.1 desynchronises clients). */
export function startDhcp(id: u32): void {
  const i = interfaceAt(id);
  i.dhcpState = DHCP_INIT;
  i.tries = 0;
  const delay = <u64>i.startDelay * 1_000_000;
  wake(id, delay == 0 ? 0 : ((<u64>random(i.node) * delay) >> 32));
}

export function stopDhcp(id: u32): void {
  const i = interfaceAt(id);
  leaseTimers().cancel(id);
  if (i.dhcpState == DHCP_OFF) return;
  loseAddress(id, i);
  i.dhcpState = DHCP_OFF;
}

function wake(id: u32, after: u64): void {
  leaseTimers().set(id, now() + after, nextSeq());
}

/** The client's timer: what is due depends on where it stands. */
export function dhcpTimeout(id: u32): void {
  const i = interfaceAt(id);
  if (i.dhcpState == DHCP_INIT) return discover(id, i);
  if (i.dhcpState == DHCP_SELECTING) return ask(id, i, DHCPDISCOVER);
  if (i.dhcpState == DHCP_REQUESTING) return i.tries < REQUESTS ? ask(id, i, DHCPREQUEST) : startDhcp(id);
  if (now() >= i.leaseUntil) return expire(id, i);
  i.dhcpState = now() >= i.rebindAt ? DHCP_REBINDING : DHCP_RENEWING;
  renew(id, i);
}

function discover(id: u32, i: Interface): void {
  i.xid = random(i.node);
  i.tries = 0;
  i.began = now();
  i.dhcpState = DHCP_SELECTING;
  ask(id, i, DHCPDISCOVER);
}

/** Sends DISCOVER or REQUEST to everybody, and waits twice as long as the last time. */
function ask(id: u32, i: Interface, type: u32): void {
  const seconds = <u64>4 << min<u32>(i.tries, 4);
  i.tries++;
  const jitter = (<u64>random(i.node) * 2 * SECOND) >> 32;
  wake(id, (seconds - 1) * SECOND + jitter);
  const length = compose(i, type);
  sendUdpTo(i.node, id, MAC_BROADCAST, 0, DHCP_CLIENT_PORT, IPV4_BROADCAST, DHCP_SERVER_PORT, STAGING, length);
}

/** Asks for the same address again: half of the time that is left, but a minute at least (RFC 2131 §4.4.5). */
function renew(id: u32, i: Interface): void {
  const until = i.dhcpState == DHCP_RENEWING ? i.rebindAt : i.leaseUntil;
  const left = until - now();
  const pause = max<u64>(left >> 1, RENEW_AGAIN);
  wake(id, min<u64>(pause, left));
  i.xid = random(i.node);
  const length = compose(i, DHCPREQUEST);
  if (i.dhcpState == DHCP_RENEWING) {
    const frame = newDatagram(i.node, i.address, DHCP_CLIENT_PORT, i.server, DHCP_SERVER_PORT, STAGING, length, 64);
    const hop = i.isOnLink(i.server) ? i.server : gatewayFor(i.node, i.server);
    // By the interface that holds the lease, whatever the node's routes say.
    if (frame != 0 && hop != 0) sendVia(id, hop, frame);
    else if (frame != 0) drop(frame, NO_ROUTE);
    return;
  }
  sendUdpTo(i.node, id, MAC_BROADCAST, i.address, DHCP_CLIENT_PORT, IPV4_BROADCAST, DHCP_SERVER_PORT, STAGING, length);
}

function expire(id: u32, i: Interface): void {
  loseAddress(id, i);
  startDhcp(id);
}

function loseAddress(id: u32, i: Interface): void {
  if (i.address == 0) return;
  forgetNeighbors(id, NO_ADDRESS);
  i.address = 0;
  i.prefix = 0;
  i.gateway = 0;
  i.dns1 = 0;
  i.dns2 = 0;
  emitEvent(EVENT_ADDRESS, id);
  makeVisible();
}

// ─── Messages out ──────────────────────────────────────────────────────────────────────────────────────────────────

/** Writes a message to the staging area; returns its length, never less than BOOTP's 300 bytes (RFC 1542 §2.1). */
function compose(i: Interface, type: u32): u32 {
  memory.fill(STAGING, 0, 320);
  const m = Dhcp.at(STAGING);
  m.op = 1;
  m.hardware = 1;
  m.hardwareLength = 6;
  m.xid = i.xid;
  m.secs = <u32>((now() - i.began) / SECOND);
  m.clientMac = i.mac;
  m.setCookie();
  let p = STAGING + DHCP_OPTIONS;
  p = putByte(p, OPTION_TYPE, type);
  p = putClientId(p, i.mac);
  if (i.dhcpState == DHCP_REQUESTING) {
    p = putAddress(p, OPTION_REQUESTED, i.offered);
    p = putAddress(p, OPTION_SERVER, i.server);
  }
  if (i.dhcpState >= DHCP_BOUND) m.clientAddress = i.address;
  p = putParameters(p);
  store<u8>(p, <u8>OPTION_END);
  return max<u32>(<u32>(p + 1 - STAGING), 300);
}

function putByte(p: usize, option: u32, value: u32): usize {
  store<u8>(p, <u8>option);
  store<u8>(p, 1, 1);
  store<u8>(p, <u8>value, 2);
  return p + 3;
}

function putAddress(p: usize, option: u32, ip: u32): usize {
  store<u8>(p, <u8>option);
  store<u8>(p, 4, 1);
  store<u32>(p, bswap<u32>(ip), 2);
  return p + 6;
}

function putClientId(p: usize, mac: u64): usize {
  store<u8>(p, <u8>OPTION_CLIENT_ID);
  store<u8>(p, 7, 1);
  store<u8>(p, 1, 2);
  storeMac(p + 3, mac);
  return p + 9;
}

function putParameters(p: usize): usize {
  store<u8>(p, <u8>OPTION_PARAMETERS);
  store<u8>(p, 6, 1);
  store<u8>(p, <u8>OPTION_MASK, 2);
  store<u8>(p, <u8>OPTION_ROUTER, 3);
  store<u8>(p, <u8>OPTION_DNS, 4);
  store<u8>(p, <u8>OPTION_LEASE, 5);
  store<u8>(p, <u8>OPTION_RENEW, 6);
  store<u8>(p, <u8>OPTION_REBIND, 7);
  return p + 8;
}

// ─── Messages in ───────────────────────────────────────────────────────────────────────────────────────────────────

/** A datagram to port 68 of an interface that runs a client. Takes the frame over. */
export function receiveDhcp(id: u32, frame: u32): void {
  if (!isUdpSound(frame)) return drop(frame, UDP_CHECKSUM);
  const f = frameAt(frame);
  answer(id, f.data + f.payload, <u32>f.end - <u32>f.payload);
  consume(frame);
}

function answer(id: u32, at: usize, length: u32): void {
  const i = interfaceAt(id);
  const m = Dhcp.at(at);
  if (length < DHCP_OPTIONS + 1 || m.op != 2 || m.cookie != DHCP_COOKIE) return;
  if (m.xid != i.xid || m.clientMac != i.mac) return;
  const type = <u32>byteOption(at, length, OPTION_TYPE);
  if (i.dhcpState == DHCP_SELECTING && type == DHCPOFFER) return take(id, i, at, length);
  if (i.dhcpState != DHCP_REQUESTING && i.dhcpState < DHCP_RENEWING) return;
  // Another server's word counts only when everybody was asked (RFC 2131 §3.1, §4.4.5).
  if (i.dhcpState != DHCP_REBINDING && wordOption(at, length, OPTION_SERVER, 0) != i.server) return;
  if (type == DHCPACK) return bound(id, i, at, length);
  if (type != DHCPNAK) return;
  loseAddress(id, i);
  i.dhcpState = DHCP_INIT;
  // Not at once: a server that always says no must not be asked without end.
  wake(id, SECOND + ((<u64>random(i.node) * SECOND) >> 32));
}

function take(id: u32, i: Interface, at: usize, length: u32): void {
  const server = wordOption(at, length, OPTION_SERVER, 0);
  const offered = Dhcp.at(at).yourAddress;
  const mask = wordOption(at, length, OPTION_MASK, 0xffffff00);
  if (server == 0 || !isHost(offered) || !isUsable(offered, mask)) return;
  i.server = server;
  i.offered = offered;
  i.tries = 0;
  i.dhcpState = DHCP_REQUESTING;
  ask(id, i, DHCPREQUEST);
}

function bound(id: u32, i: Interface, at: usize, length: u32): void {
  const address = Dhcp.at(at).yourAddress;
  const mask = wordOption(at, length, OPTION_MASK, 0xffffff00);
  if (!isHost(address) || !isUsable(address, mask)) return;
  if (i.dhcpState == DHCP_REQUESTING && address != i.offered) return;
  if (address != i.address) loseAddress(id, i);
  const isNew = i.address == 0;
  i.address = address;
  i.prefix = prefixOf(mask);
  i.gateway = wordOption(at, length, OPTION_ROUTER, 0);
  i.dns1 = wordOption(at, length, OPTION_DNS, 0);
  i.dns2 = secondWord(at, length, OPTION_DNS);
  i.server = wordOption(at, length, OPTION_SERVER, i.server);
  i.dhcpState = DHCP_BOUND;
  setLease(id, i, wordOption(at, length, OPTION_LEASE, 600), at, length);
  if (!isNew) return;
  emitEvent(EVENT_ADDRESS, id).a = address;
  makeVisible();
}

/** T1 and T2 are the server's, or 1/2 and 7/8 of the lease (RFC 2131 §4.4.5); all ones is for ever. */
function setLease(id: u32, i: Interface, seconds: u32, at: usize, length: u32): void {
  if (seconds == 0xffffffff) {
    i.leaseUntil = NEVER;
    return leaseTimers().cancel(id);
  }
  const lease = <u64>max<u32>(seconds, 1) * SECOND;
  const t2 = <u64>wordOption(at, length, OPTION_REBIND, 0) * SECOND;
  const t1 = <u64>wordOption(at, length, OPTION_RENEW, 0) * SECOND;
  const rebind = t2 != 0 && t2 < lease ? t2 : lease - (lease >> 3);
  const renewal = t1 != 0 && t1 < rebind ? t1 : min<u64>(lease >> 1, rebind);
  i.leaseUntil = now() + lease;
  i.rebindAt = now() + rebind;
  i.began = now() + renewal;
  wake(id, renewal);
}

/** An address that one host can have. */
function isHost(ip: u32): bool {
  return ip != 0 && ip >>> 24 != 127 && ip >>> 28 < 14;
}

/** A mask is ones and then zeros; an address is neither the network's nor everybody's (RFC 1122 §3.2.1.3). */
function isUsable(ip: u32, mask: u32): bool {
  if (mask == 0 || ((~mask + 1) & ~mask) != 0) return false;
  const host = ip & ~mask;
  return ~mask < 2 || (host != 0 && host != ~mask);
}

function prefixOf(mask: u32): u32 {
  return <u32>popcnt<u32>(mask);
}

/** Start of an option's length byte, in the options field or where option 52 says there are more; 0: not there. */
function findOption(at: usize, length: u32, option: u32): usize {
  const here = findIn(at + DHCP_OPTIONS, at + length, option);
  if (here != 0) return here;
  const overload = findIn(at + DHCP_OPTIONS, at + length, OPTION_OVERLOAD);
  if (overload == 0 || load<u8>(overload) != 1) return 0;
  const where = <u32>load<u8>(overload, 1);
  if ((where & 1) != 0) {
    const inFile = findIn(at + DHCP_FILE, at + DHCP_FILE + DHCP_FILE_LENGTH, option);
    if (inFile != 0) return inFile;
  }
  return (where & 2) != 0 ? findIn(at + DHCP_SNAME, at + DHCP_SNAME + DHCP_SNAME_LENGTH, option) : 0;
}

/** Walks options between `p` and `end`; whatever would reach beyond `end` is not an option. */
function findIn(p: usize, end: usize, option: u32): usize {
  while (p + 1 < end) {
    const code = <u32>load<u8>(p);
    if (code == OPTION_END) return 0;
    if (code == OPTION_PAD) {
      p++;
      continue;
    }
    const next = p + 2 + load<u8>(p, 1);
    if (next > end) return 0;
    if (code == option) return p + 1;
    p = next;
  }
  return 0;
}

function byteOption(at: usize, length: u32, option: u32): u32 {
  const o = findOption(at, length, option);
  return o != 0 && load<u8>(o) >= 1 ? <u32>load<u8>(o, 1) : 0;
}

function wordOption(at: usize, length: u32, option: u32, otherwise: u32): u32 {
  const o = findOption(at, length, option);
  return o != 0 && load<u8>(o) >= 4 ? bswap<u32>(load<u32>(o, 1)) : otherwise;
}

function secondWord(at: usize, length: u32, option: u32): u32 {
  const o = findOption(at, length, option);
  return o != 0 && load<u8>(o) >= 8 ? bswap<u32>(load<u32>(o, 5)) : 0;
}
