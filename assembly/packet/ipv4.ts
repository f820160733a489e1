import {
  HAS_OPTIONS,
  IPV4_CHECKSUM,
  IPV4_HEADER,
  IPV4_LENGTH,
  IPV4_TRUNCATED,
  IPV4_VERSION,
  IS_FRAGMENT,
  IS_LATER_FRAGMENT,
  KIND_IPV4,
  OK,
} from "../abi";
import { fold, sumOfHeader } from "../wire/checksum";
import { IPV4, IPV4_MF, IPV4_OFFSET, Ipv4 } from "../wire/ipv4";
import { Packet } from "./packet";

/** The header of an IPv4 packet at `at` (RFC 791 §3.1, RFC 1122 §3.2.1). Options are stepped over, not looked at. */
export function parseIpv4(p: Packet, data: usize, at: u32, length: u32): bool {
  p.kind = <u8>KIND_IPV4;
  p.l3 = <u16>at;
  const room = length - at;
  if (room < IPV4) return p.fail(IPV4_TRUNCATED);
  const ip = Ipv4.at(data + at);
  const header = ip.headerLength;
  const total = ip.totalLength;
  if (ip.version != 4) return p.fail(IPV4_VERSION);
  if (header < IPV4) return p.fail(IPV4_HEADER);
  if (header > room) return p.fail(IPV4_TRUNCATED);
  if (total < header || total > room) return p.fail(IPV4_LENGTH);
  p.payload = <u16>(at + header);
  p.end = <u16>(at + total);
  if (fold(sumOfHeader(data + at, header)) != 0xffff) return p.fail(IPV4_CHECKSUM);

  p.protocol = ip.protocol;
  p.flags = <u8>flagsOf(ip);
  return true;
}

function flagsOf(ip: Ipv4): u32 {
  const flags = ip.headerLength == IPV4 ? OK : HAS_OPTIONS;
  const fragment = ip.fragment;
  if (fragment & IPV4_OFFSET) return flags | IS_FRAGMENT | IS_LATER_FRAGMENT;
  return fragment & IPV4_MF ? flags | IS_FRAGMENT : flags;
}
