import {
  HAS_OPTIONS,
  IPV6_EXTENSION,
  IPV6_LENGTH,
  IPV6_TRUNCATED,
  IPV6_VERSION,
  IS_FRAGMENT,
  IS_LATER_FRAGMENT,
  KIND_IPV6,
} from "../abi";
import {
  EXTENSION,
  EXTENSIONS,
  Extension,
  IPV6,
  IPV6_OFFSET,
  Ipv6,
  NEXT_FRAGMENT,
  NEXT_HOP_BY_HOP,
  isExtension,
} from "../wire/ipv6";
import { Packet } from "./packet";

/** The headers of an IPv6 packet at `at` (RFC 8200 §3). A jumbogram does not fit a frame: its zero length is taken at its word. */
export function parseIpv6(p: Packet, data: usize, at: u32, length: u32): bool {
  p.kind = <u8>KIND_IPV6;
  p.l3 = <u16>at;
  if (at + IPV6 > length) return p.fail(IPV6_TRUNCATED);
  const ip = Ipv6.at(data + at);
  if (ip.version != 6) return p.fail(IPV6_VERSION);
  const end = at + IPV6 + ip.payloadLength;
  if (end > length) return p.fail(IPV6_LENGTH);
  p.payload = <u16>(at + IPV6);
  p.end = <u16>end;

  p.protocol = ip.nextHeader;
  return !isExtension(ip.nextHeader) || parseExtensions(p, data, end);
}

/**
 * Steps over the extension headers at `p.payload` (RFC 8200 §4), the first of which `p.protocol` names; both have moved on
 * after it. A later fragment ends the walk: what comes next is data. An atomic fragment is no fragment (RFC 6946).
 */
function parseExtensions(p: Packet, data: usize, end: u32): bool {
  let next: u32 = p.protocol;
  let at: u32 = p.payload;
  let flags = HAS_OPTIONS;
  for (let count: u32 = 0; isExtension(next); count++) {
    if (count == EXTENSIONS || at + EXTENSION > end) return p.fail(IPV6_EXTENSION);
    // Hop-by-hop options come first or not at all (RFC 8200 §4.1).
    if (next == NEXT_HOP_BY_HOP && count != 0) return p.fail(IPV6_EXTENSION);
    const header = Extension.at(data + at);
    const size = header.length(next);
    if (at + size > end) return p.fail(IPV6_EXTENSION);
    if (next == NEXT_FRAGMENT && header.fragment != 0) {
      flags |= header.fragment & IPV6_OFFSET ? IS_FRAGMENT | IS_LATER_FRAGMENT : IS_FRAGMENT;
    }
    next = header.nextHeader;
    at += size;
    p.protocol = <u8>next;
    p.payload = <u16>at;
    p.flags = <u8>flags;
    if (flags & IS_LATER_FRAGMENT) return true;
  }
  return true;
}
