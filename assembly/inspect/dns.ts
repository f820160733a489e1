import { Udp } from "../wire/udp";
import { Layers, SUM_NONE, quoted } from "./layers";
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

/** Records that are listed at most. */
const RECORDS: u32 = 64;

/**
 * `DNS 4660+ A? example.com. (29)`, answered by `DNS 4660 A? example.com. 1/0/0 A 192.0.2.1 (45)`: the counts are answers,
 * authorities and additional records; `+` recursion is desired, `*` the answer has authority, `|` it is cut.
 */
export function dissectDns(data: usize, offset: u32, size: u32, to: Layers): string {
  const at = data + offset;
  const id = u16At(at);
  const flags = u16At(at + 2);
  const opcode = (flags >>> 11) & 15;
  const code = flags & 15;
  const isResponse = flags >>> 15 != 0;
  to.begin("dns", offset, size).number("id", id).flag("response", isResponse).number("opcode", opcode);
  to.flag("authoritative", (flags & 0x400) != 0).flag("truncated", (flags & 0x200) != 0);
  to.flag("recursionDesired", (flags & 0x100) != 0).flag("recursionAvailable", (flags & 0x80) != 0);
  to.number("code", code).number("questions", u16At(at + 4)).number("answers", u16At(at + 6));
  to.number("authorities", u16At(at + 8)).number("additional", u16At(at + 10));
  const shown = dissectRecords(at, at + size, isResponse, to);
  to.end(SUM_NONE);

  let text = `DNS ${id}`;
  if (!isResponse && flags & 0x100) text += "+";
  if (isResponse && flags & 0x400) text += "*";
  if (flags & 0x200) text += "|";
  if (opcode != 0) text += ` opcode ${opcode}`;
  if (isResponse && code != 0) text += " " + codeName(code);
  return `${text}${shown} (${size})`;
}

/**
 * The records of all sections as the field `records`, up to the first that is cut off. Returns the first question, the counts and
 * the first answer as the line shows them.
 */
function dissectRecords(at: usize, end: usize, isResponse: bool, to: Layers): string {
  const questions = u16At(at + 4);
  const answers = questions + u16At(at + 6);
  const authorities = answers + u16At(at + 8);
  const all = authorities + u16At(at + 10);
  const shown = questions <= 1 && isResponse ? questions + 1 : 1; // as far as the line goes
  const count = min(all, to.isWanted ? RECORDS : shown);
  const list: string[] = [];
  let asked = questions == 0 ? "" : " [bad name]";
  let answered = "";
  let next = at + HEADER;
  for (let i: u32 = 0; i < count; i++) {
    const fixed = nameEnd(next, end);
    const size: usize = i < questions ? 4 : 10;
    if (fixed == 0 || fixed + size > end) break;
    const type = typeName(u16At(fixed));
    let members = `"type":"${type}","class":${u16At(fixed + 2)}`;
    if (i < questions) {
      const name = nameText(at, next, end);
      if (i == 0) asked = ` ${type}? ${name}`;
      list.push(`{"section":"question","name":${quoted(name)},${members}}`);
      next = fixed + size;
      continue;
    }
    const length = u16At(fixed + 8);
    const value = fixed + size;
    if (value + length > end) break;
    const text = valueText(at, u16At(fixed), value, length, end);
    if (questions <= 1 && i == questions && i < answers) answered = text.length == 0 ? " " + type : ` ${type} ${text}`;
    members += `,"ttl":${bswap<u32>(load<u32>(fixed, 4))},"length":${length}`;
    if (text.length > 0) members += `,"value":${quoted(text)}`;
    const section = i < answers ? "answer" : i < authorities ? "authority" : "additional";
    if (to.isWanted) list.push(`{"section":"${section}","name":${quoted(nameText(at, next, end))},${members}}`);
    next = value + length;
  }
  if (to.isWanted) to.json("records", `[${list.join(",")}]`);
  if (!isResponse || asked == " [bad name]") return asked;
  return `${asked} ${u16At(at + 6)}/${u16At(at + 8)}/${u16At(at + 10)}${answered}`;
}

/** A record's value where it is an address or a name, else nothing. */
function valueText(message: usize, type: u32, value: usize, length: u32, end: usize): string {
  if (type == 1 && length == 4) return ipv4(bswap<u32>(load<u32>(value)));
  if (type == 28 && length == 16) return ipv6(value);
  return type == 2 || type == 5 || type == 12 ? nameText(message, value, end) : "";
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
