import { UDP, Udp } from "../wire/udp";
import { Layers, SUM_NONE, malformedMark, quoted } from "./layers";
import { ipv4, ipv6 } from "./text";

/** Bytes of a DNS header (RFC 1035 §4.1.1). */
const HEADER: u32 = 12;
const PORT: u32 = 53;
const PORT_MULTICAST: u32 = 5353;

/**
 * By its port, and by a header that makes sense: an operation that IANA has assigned, and no more records than fit in, of which each
 * takes 5 bytes (RFC 1035 §4.1.2).
 */
export function isDns(udp: Udp, size: u32): bool {
  const ports =
    udp.srcPort == PORT || udp.dstPort == PORT || udp.srcPort == PORT_MULTICAST || udp.dstPort == PORT_MULTICAST;
  if (!ports || size < HEADER) return false;
  const at = changetype<usize>(udp) + UDP;
  const opcode = (u16At(at + 2) >>> 11) & 15;
  const records = u16At(at + 4) + u16At(at + 6) + u16At(at + 8) + u16At(at + 10);
  return opcode != 3 && opcode <= 6 && records * 5 <= size;
}

/** Records that are listed at most, and whose names are looked at. */
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
  const isResponse = flags >>> 15 != 0;
  const records = new Records(at, at + size, to.isWanted);
  const code = (flags & 15) | (records.upperCode << 4);
  to.begin("dns", offset, size).number("id", id).flag("response", isResponse).number("opcode", opcode);
  to.flag("authoritative", (flags & 0x400) != 0).flag("truncated", (flags & 0x200) != 0);
  to.flag("recursionDesired", (flags & 0x100) != 0).flag("recursionAvailable", (flags & 0x80) != 0);
  to.number("code", code).number("questions", u16At(at + 4)).number("answers", u16At(at + 6));
  to.number("authorities", u16At(at + 8)).number("additional", u16At(at + 10));
  if (records.malformed.length > 0) to.text("malformed", records.malformed);
  if (to.isWanted) to.json("records", `[${records.list.join(",")}]`);
  to.end(SUM_NONE);

  let text = `DNS ${id}`;
  if (!isResponse && flags & 0x100) text += "+";
  if (isResponse && flags & 0x400) text += "*";
  if (flags & 0x200) text += "|";
  if (opcode != 0) text += ` opcode ${opcode}`;
  if (isResponse && code != 0) text += " " + codeName(code);
  const counts = isResponse ? ` ${u16At(at + 6)}/${u16At(at + 8)}/${u16At(at + 10)}${records.answered}` : "";
  return `${text}${records.asked}${counts} (${size})${malformedMark(records.malformed)}`;
}

/** The records of all sections, up to the first that is cut off. */
class Records {
  /** As JSON, RECORDS at most. */
  list: string[] = [];
  /** The first question and the first answer, as the line shows them. */
  asked: string = "";
  answered: string = "";
  /** The upper 8 bits of the response code (RFC 6891 §6.1.3). */
  upperCode: u32 = 0;
  /** What is wrong; empty: nothing. */
  malformed: string = "";

  constructor(
    private at: usize,
    private end: usize,
    isWanted: bool,
  ) {
    const questions = u16At(at + 4);
    const answers = questions + u16At(at + 6);
    const authorities = answers + u16At(at + 8);
    const all = authorities + u16At(at + 10);
    let next = at + HEADER;
    for (let i: u32 = 0; i < all; i++) {
      const name = next;
      const fixed = nameEnd(name, end);
      const length: u32 = i < questions ? 4 : 10;
      const value = fixed + length;
      const size = i < questions || fixed == 0 || value > end ? 0 : u16At(fixed + 8);
      if (fixed == 0 || value + size > end) {
        this.object(`record ${i + 1} of ${all} is not there`);
        break;
      }
      next = value + size;
      if (i >= RECORDS) continue; // its place is checked, its name is not
      const section = i < questions ? "question" : i < answers ? "answer" : i < authorities ? "authority" : "additional";
      const isShown = i == questions && i < answers && questions <= 1;
      if (i < questions) this.question(name, fixed, i == 0, isWanted);
      else this.record(name, fixed, size, section, isShown, isWanted);
    }
    if (questions > 0 && this.asked.length == 0) this.asked = " [bad name]";
  }

  private object(what: string): void {
    if (this.malformed.length == 0) this.malformed = what;
  }

  private question(name: usize, fixed: usize, isShown: bool, isListed: bool): void {
    const text = nameText(this.at, name, this.end);
    const type = typeName(u16At(fixed));
    if (isBad(text)) this.object("a bad name");
    if (isShown) this.asked = ` ${type}? ${text}`;
    if (isListed) this.list.push(`{"section":"question","name":${quoted(text)},"type":"${type}","class":${u16At(fixed + 2)}}`);
  }

  private record(name: usize, fixed: usize, size: u32, section: string, isShown: bool, isListed: bool): void {
    const type = u16At(fixed);
    const value = fixed + 10;
    const owner = nameText(this.at, name, this.end);
    const text = valueText(this.at, type, value, size);
    if (isBad(owner) || isBad(text)) this.object("a bad name");
    if (!isValueSound(type, value, size)) this.object(`a record ${typeName(type)} of ${size} bytes`);
    if (type == TYPE_OPT) this.upperCode = load<u8>(fixed, 4);
    if (isShown) this.answered = text.length == 0 ? " " + typeName(type) : ` ${typeName(type)} ${text}`;
    if (!isListed) return;
    let members = `"type":"${typeName(type)}","class":${u16At(fixed + 2)},"ttl":${bswap<u32>(load<u32>(fixed, 4))},"length":${size}`;
    if (text.length > 0) members += `,"value":${quoted(text)}`;
    this.list.push(`{"section":"${section}","name":${quoted(owner)},${members}}`);
  }
}

const TYPE_A: u32 = 1;
const TYPE_AAAA: u32 = 28;
const TYPE_OPT: u32 = 41;

/** NS, CNAME and PTR: the value is one name. */
function isName(type: u32): bool {
  return type == 2 || type == 5 || type == 12;
}

/** Whether an address has its size, and a name fills its record; an update's empty records are sound (RFC 2136 §2.4). */
function isValueSound(type: u32, value: usize, size: u32): bool {
  if (size == 0) return true;
  if (type == TYPE_A) return size == 4;
  if (type == TYPE_AAAA) return size == 16;
  return !isName(type) || nameEnd(value, value + size) == value + size;
}

/** A record's value where it is an address or a name, else nothing. */
function valueText(message: usize, type: u32, value: usize, size: u32): string {
  if (type == TYPE_A && size == 4) return ipv4(bswap<u32>(load<u32>(value)));
  if (type == TYPE_AAAA && size == 16) return ipv6(value);
  return isName(type) && size > 0 ? nameText(message, value, value + size) : "";
}

/** Address after the name at `at`, or 0 when it is cut off or has a label of an unknown kind (RFC 6891 §5). */
function nameEnd(at: usize, end: usize): usize {
  while (at < end) {
    const length: u32 = load<u8>(at);
    if (length == 0) return at + 1;
    if (length >= 0xc0) return at + 2 <= end ? at + 2 : 0;
    if (length > LABEL) return 0;
    at += 1 + length;
  }
  return 0;
}

/** Octets of a label and of a name at most (RFC 1035 §2.3.4), and labels: a name needs no more pointers. */
const LABEL: u32 = 63;
const NAME: u32 = 255;
const LABELS: u32 = 127;

const BAD_NAME = "[bad name]";

function isBad(name: string): bool {
  return name.endsWith(BAD_NAME);
}

/**
 * The name at `at`, of which all lies before `end` but what pointers lead to. A pointer has to point backwards (RFC 1035 §4.1.4), so
 * that the walk ends; else, or when it is too long, `[bad name]`.
 */
function nameText(message: usize, at: usize, end: usize): string {
  let text = "";
  let octets: u32 = 1;
  let limit = at;
  let pointers: u32 = 0;
  while (at < end) {
    const length: u32 = load<u8>(at);
    if (length == 0) return text.length == 0 ? "." : text;
    if (length >= 0xc0) {
      if (at + 2 > end) break;
      at = message + (u16At(at) & 0x3fff);
      if (at >= limit || at < message + HEADER || ++pointers > LABELS) break;
      limit = at;
      continue;
    }
    octets += 1 + length;
    if (length > LABEL || at + 1 + length > end || octets > NAME) break;
    text += labelText(at + 1, length) + ".";
    at += 1 + length;
  }
  return text + BAD_NAME;
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
  if (code == 16) return "BADVERS"; // RFC 6891 §9
  return `rcode ${code}`;
}

function u16At(at: usize): u32 {
  return bswap<u16>(load<u16>(at));
}
