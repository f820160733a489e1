import { random } from "../ip/node";
import { isPortBound } from "../ip/ports";
import { PROTOCOL_ICMP, PROTOCOL_UDP } from "../wire/ipv4";
import { findForward, isForwarded } from "./forward";
import { findMappingOutside } from "./mapping";
import { natAt } from "./record";

/** No port: none was free among those tried. */
export const NO_PORT: u32 = 0x10000;
/** First port that anybody may use. */
const UNPRIVILEGED: u32 = 1024;
/** Ports tried at random, after the wanted one: unprivileged and privileged. */
const TRIES: u32 = 64;
const PRIVILEGED_TRIES: u32 = 16;

/**
 * Whether a NAT has this endpoint of an outside node: a mapping, or a forward (for this address or any). The outside node's
 * own sockets and echo identifiers must then stay away from it.
 *
 * @param address  one of the node's; 0: on any address, which clashes with every one
 */
export function isOutsideTaken(outsideNode: u32, protocol: u32, address: u32, port: u32): bool {
  if (findMappingOutside(outsideNode, protocol, address, port) != 0) return true;
  if (address == 0) return isForwarded(outsideNode, protocol, port);
  return findForward(outsideNode, protocol, address, port) != 0;
}

/**
 * An outside port (ICMP: identifier) for a new mapping: the inside's own when it is free; else one at random (RFC 6056,
 * RFC 7857 §9; the dice are the inside node's) of the same parity (RFC 4787 REQ-4), privileged for privileged while that can be
 * had (REQ-3a), else 1024…65535.
 *
 * @returns  NO_PORT when none of the 64 tried is free
 */
export function choosePort(nat: u32, protocol: u32, address: u32, wanted: u32): u32 {
  const n = natAt(nat);
  const parity = wanted & 1;
  const keeps = wanted != 0 || protocol == PROTOCOL_ICMP;
  if (keeps && isFree(n.outsideNode, protocol, address, wanted)) return wanted;
  if (keeps && wanted < UNPRIVILEGED) {
    for (let i: u32 = 0; i < PRIVILEGED_TRIES; i++) {
      const port = (random(n.insideNode) & (UNPRIVILEGED - 2)) | parity;
      if (port != 0 && isFree(n.outsideNode, protocol, address, port)) return port;
    }
  }
  for (let i: u32 = 0; i < TRIES; i++) {
    const port = ((UNPRIVILEGED + (random(n.insideNode) % (0x10000 - UNPRIVILEGED))) & ~1) | parity;
    if (isFree(n.outsideNode, protocol, address, port)) return port;
  }
  return NO_PORT;
}

/** UDP 68 is where the outside node's own DHCP client listens. */
const DHCP_CLIENT: u32 = 68;

function isFree(outsideNode: u32, protocol: u32, address: u32, port: u32): bool {
  if (protocol == PROTOCOL_UDP && port == DHCP_CLIENT) return false;
  return !isOutsideTaken(outsideNode, protocol, address, port) && !isPortBound(outsideNode, protocol, address, port);
}
