import { Packet } from "../packet/packet";
import {
  Extension,
  IPV6,
  IPV6_MORE,
  IPV6_OFFSET,
  Ipv6,
  NEXT_AUTHENTICATION,
  NEXT_DESTINATION,
  NEXT_FRAGMENT,
  NEXT_HOP_BY_HOP,
  NEXT_MOBILITY,
  NEXT_ROUTING,
  isExtension,
} from "../wire/ipv6";
import { Layers, SUM_NONE, checksumMark } from "./layers";
import { protocolName } from "./protocol";
import { pseudoSum, sumState } from "./sums";

/** The parser stepped over the headers from the IPv6 header to this place; they are whole. */
export function chainEnd(data: usize, p: Packet): usize {
  return data + (p.l4 != 0 ? p.l4 : p.payload);
}

/**
 * The extension headers in order: `HBH `, `frag (7:0|1232) ` (identification, offset, length) and so on.
 *
 * @param addresses  their partial sum, for the pseudo-header: mobility has a checksum of its own
 */
export function dissectExtensions(data: usize, p: Packet, addresses: u64, to: Layers): string {
  const end = chainEnd(data, p);
  let kind: u32 = Ipv6.at(data + p.l3).nextHeader;
  let text = "";
  for (let at = data + p.l3 + IPV6; at < end && isExtension(kind);) {
    const header = Extension.at(at);
    const size = header.length(kind);
    const sum = kind == NEXT_MOBILITY ? sumState(at, size, p, pseudoSum(addresses, kind, size)) : SUM_NONE;
    to.begin("extension", <u32>(at - data), size).text("kind", kindName(kind)).number("nextHeader", header.nextHeader);
    if (kind == NEXT_ROUTING) to.number("type", load<u8>(at, 2)).number("segmentsLeft", load<u8>(at, 3));
    if (kind != NEXT_FRAGMENT) text += `${protocolName(kind)}${checksumMark(sum)} `;
    else text += dissectFragment(header, <u32>(data + p.end - at - size), to);
    to.end(sum);
    kind = header.nextHeader;
    at += size;
  }
  return text;
}

function dissectFragment(header: Extension, size: u32, to: Layers): string {
  const more = (header.fragment & IPV6_MORE) != 0;
  const offset = header.fragment & IPV6_OFFSET;
  to.number("id", header.id).number("fragmentOffset", offset).flag("moreFragments", more);
  return `frag (${header.id}:${offset}|${size}${more ? "+" : ""}) `;
}

function kindName(kind: u32): string {
  if (kind == NEXT_HOP_BY_HOP) return "hop-by-hop";
  if (kind == NEXT_ROUTING) return "routing";
  if (kind == NEXT_FRAGMENT) return "fragment";
  if (kind == NEXT_DESTINATION) return "destination";
  if (kind == NEXT_AUTHENTICATION) return "authentication";
  return "mobility";
}
