import { Udp } from "../wire/udp";
import { ipv4, ipv6 } from "./text";

/** Bytes of a DNS header (RFC 1035 §4.1.1). */
const HEADER: u32 = 12;
const PORT: u32 = 53;
const PORT_MULTICAST: u32 = 5353;

export function isDns(udp: Udp, size: u32): bool {
  const ports =
    udp.srcPort == PORT || udp.dstPort == PORT || udp.srcPort == PORT_MULTICAST || udp.dstPort == PORT_MULTICAST;
  return ports && size >= HEADER;
}

/**
 * `DNS 4660+ A? example.com. (29)`, answered by `DNS 4660 A? example.com. 1/0/0 A 192.0.2.1 (45)`: the counts are answers,
 * authorities and additional records; `+` recursion is desired, `*` the answer has authority, `|` it is cut.
 */
export function describeDns(at: usize, size: u32): string {
  const end = at + size;
  const flags = u16At(at + 2);
  const questions = u16At(at + 4);
  const answer = flags >>> 15;
  const opcode = (flags >>> 11) & 15;
  let text = `DNS ${u16At(at)}`;
  if (answer == 0 && flags & 0x100) text += "+";
  if (answer != 0 && flags & 0x400) text += "*";
  if (flags & 0x200) text += "|";
  if (opcode != 0) text += ` opcode ${opcode}`;
  if (answer != 0 && flags & 15) text += " " + codeName(flags & 15);
  let next = at + HEADER;
  if (questions != 0) {
    next = nameEnd(next, end);
    if (next == 0 || next + 4 > end) return `${text} [bad name] (${size})`;
    text += ` ${typeName(u16At(next))}? ${nameText(at, at + HEADER, end)}`;
    next += 4;
  }
  if (answer == 0) return `${text} (${size})`;

  text += ` ${u16At(at + 6)}/${u16At(at + 8)}/${u16At(at + 10)}`;
  if (questions <= 1 && u16At(at + 6) != 0) text += recordText(at, next, end);
  return `${text} (${size})`;
}

/** A resource record's type and value, with a blank before it; nothing when it is cut off. */
function recordText(message: usize, at: usize, end: usize): string {
  const fixed = nameEnd(at, end);
  if (fixed == 0 || fixed + 10 > end) return "";
  const type = u16At(fixed);
  const value = fixed + 10;
  const length = u16At(fixed + 8);
  if (value + length > end) return "";
  const name = " " + typeName(type);
  if (type == 1 && length == 4) return `${name} ${ipv4(bswap<u32>(load<u32>(value)))}`;
  if (type == 28 && length == 16) return `${name} ${ipv6(value)}`;
  if (type == 2 || type == 5 || type == 12) return `${name} ${nameText(message, value, end)}`;
  return name;
}

/** Address after the name at `at`, or 0 when it is cut off. */
function nameEnd(at: usize, end: usize): usize {
  while (at < end) {
    const length: u32 = load<u8>(at);
    if (length == 0) return at + 1;
    if (length >= 0xc0) return at + 2 <= end ? at + 2 : 0;
    at += 1 + length;
  }
  return 0;
}

/** The name at `at`. A pointer has to point backwards (RFC 1035 §4.1.4), so that the walk ends; else `[bad name]`. */
function nameText(message: usize, at: usize, end: usize): string {
  let text = "";
  let limit = at;
  while (at < end) {
    const length: u32 = load<u8>(at);
    if (length == 0) return text.length == 0 ? "." : text;
    if (length >= 0xc0) {
      if (at + 2 > end) break;
      at = message + (u16At(at) & 0x3fff);
      if (at >= limit) break;
      limit = at;
      continue;
    }
    if (length > 63 || at + 1 + length > end || text.length > 1020) break;
    text += labelText(at + 1, length) + ".";
    at += 1 + length;
  }
  return text + "[bad name]";
}

/** A label; what is not printable ASCII, and a dot, as `\\DDD` (RFC 1035 §5.1). */
function labelText(at: usize, length: u32): string {
  let text = "";
  for (let i: u32 = 0; i < length; i++) {
    const byte: u32 = load<u8>(at + i);
    const plain = byte > 0x20 && byte < 0x7f && byte != 0x2e && byte != 0x5c;
    text += plain ? String.fromCharCode(byte) : "\\" + byte.toString().padStart(3, "0");
  }
  return text;
}

/** IANA's resource record types. */
function typeName(type: u32): string {
  if (type == 1) return "A";
  if (type == 2) return "NS";
  if (type == 5) return "CNAME";
  if (type == 6) return "SOA";
  if (type == 12) return "PTR";
  if (type == 15) return "MX";
  if (type == 16) return "TXT";
  if (type == 28) return "AAAA";
  if (type == 33) return "SRV";
  if (type == 41) return "OPT";
  if (type == 64) return "SVCB";
  if (type == 65) return "HTTPS";
  if (type == 255) return "ANY";
  return `TYPE${type}`;
}

/** RFC 1035 §4.1.1. */
function codeName(code: u32): string {
  if (code == 1) return "FormErr";
  if (code == 2) return "ServFail";
  if (code == 3) return "NXDomain";
  if (code == 4) return "NotImp";
  if (code == 5) return "Refused";
  return `rcode ${code}`;
}

function u16At(at: usize): u32 {
  return bswap<u16>(load<u16>(at));
}
