import { CAPACITY_FORWARDS, E_FULL, E_IN_USE } from "../abi";
import { isPortBound } from "../ip/ports";
import { pool } from "../memory";
import { ipv4Of, mapped } from "./address";
import { addKey, FORWARD, idAt, keyHash, nextKey, removeKey } from "./keys";
import { natAt } from "./record";

/** A forward: what arrives at an endpoint of the outside node, from whomever, goes to a guest. */
@unmanaged
export class Forward {
  /** (First word: the free list runs through it while free.) */
  private link: u32;
  nat: u32;
  private hostHigh: u64;
  private hostLow: u64;
  private guestHigh: u64;
  private guestLow: u64;
  hostPort: u16;
  guestPort: u16;
  /** PROTOCOL_…; 0 while free. */
  protocol: u32;
  /** Neighbours in the NAT's list. */
  next: u32;
  prev: u32;
  private spare: u64;

  /** The outside node's address; 0: any. */
  get hostIp(): u32 {
    return ipv4Of(this.hostLow);
  }
  set hostIp(ip: u32) {
    this.hostLow = mapped(ip);
  }
  /** 0: wherever the NAT's guest is. */
  get guestIp(): u32 {
    return ipv4Of(this.guestLow);
  }
  set guestIp(ip: u32) {
    this.guestLow = mapped(ip);
  }
}
export const FORWARD_SIZE: u32 = 64;
if (offsetof<Forward>() != FORWARD_SIZE) ERROR("Forward must be 64 bytes");

export function forwardAt(id: u32): Forward {
  return changetype<Forward>(pool(CAPACITY_FORWARDS).base + <usize>id * FORWARD_SIZE);
}

/** The forward that takes what arrives at an endpoint: the one for this address before the one for any. 0: none. */
export function findForward(outsideNode: u32, protocol: u32, hostIp: u32, hostPort: u32): u32 {
  let any: u32 = 0;
  const hash = keyHash(FORWARD, outsideNode, protocol, 0, hostPort, 0, 0);
  for (let at = nextKey(hash, FORWARD, 0); at != 0; at = nextKey(hash, FORWARD, at)) {
    const f = forwardAt(idAt(at));
    if (f.hostPort != hostPort || f.protocol != protocol || natAt(f.nat).outsideNode != outsideNode) continue;
    if (f.hostIp == hostIp) return idAt(at);
    if (f.hostIp == 0) any = idAt(at);
  }
  return any;
}

/** Whether some forward has this port, on whichever address. */
export function isForwarded(outsideNode: u32, protocol: u32, hostPort: u32): bool {
  const hash = keyHash(FORWARD, outsideNode, protocol, 0, hostPort, 0, 0);
  for (let at = nextKey(hash, FORWARD, 0); at != 0; at = nextKey(hash, FORWARD, at)) {
    const f = forwardAt(idAt(at));
    if (f.hostPort == hostPort && f.protocol == protocol && natAt(f.nat).outsideNode == outsideNode) return true;
  }
  return false;
}

/**
 * Sends what arrives at `hostIp`:`hostPort` of the NAT's outside node to a guest. A mapping that has the port already keeps
 * it for its own remotes; everybody else is the forward's.
 *
 * @param protocol  PROTOCOL_TCP or PROTOCOL_UDP
 * @param hostIp    0: any address of the outside node
 * @param guestIp   0: wherever the NAT's guest is (`natGuest`)
 * @returns  the forward's id; E_IN_USE when another forward or a socket of the outside node has the endpoint; E_FULL
 */
export function forwardAdd(nat: u32, protocol: u32, hostIp: u32, hostPort: u32, guestIp: u32, guestPort: u32): i32 {
  const n = natAt(nat);
  const other = findForward(n.outsideNode, protocol, hostIp, hostPort);
  if (other != 0 && forwardAt(other).hostIp == hostIp) return E_IN_USE;
  if (isPortBound(n.outsideNode, protocol, hostIp, hostPort)) return E_IN_USE;
  const id = pool(CAPACITY_FORWARDS).take();
  if (id == 0) return E_FULL;
  const f = forwardAt(id);
  f.nat = nat;
  f.protocol = protocol;
  f.hostIp = hostIp;
  f.hostPort = <u16>hostPort;
  f.guestIp = guestIp;
  f.guestPort = <u16>guestPort;
  if (!addKey(hashOf(id), FORWARD, id)) {
    pool(CAPACITY_FORWARDS).give(id);
    return E_FULL;
  }
  f.next = n.firstForward;
  if (f.next != 0) forwardAt(f.next).prev = id;
  n.firstForward = id;
  return id;
}

/** Takes a forward away. Connections that came in by it live on; an id that is no forward's is let be. */
export function forwardRemove(id: u32): void {
  const f = forwardAt(id);
  if (f.protocol == 0) return;
  removeKey(hashOf(id), FORWARD, id);
  if (f.prev != 0) forwardAt(f.prev).next = f.next;
  else natAt(f.nat).firstForward = f.next;
  if (f.next != 0) forwardAt(f.next).prev = f.prev;
  pool(CAPACITY_FORWARDS).give(id);
}

function hashOf(id: u32): u64 {
  const f = forwardAt(id);
  return keyHash(FORWARD, natAt(f.nat).outsideNode, f.protocol, 0, f.hostPort, 0, 0);
}
