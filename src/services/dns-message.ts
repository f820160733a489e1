/** DNS messages as bytes (RFC 1035 §4). */

import { LabError } from "../errors";

/** Types and classes of records that are spoken of here (RFC 1035 §3.2). */
export const DNS_TYPE = { A: 1, PTR: 12, ANY: 255 };
export const DNS_CLASS = { IN: 1, ANY: 255 };

/** Response codes (RFC 1035 §4.1.1). */
export const DNS_CODE = { OK: 0, FORMAT: 1, SERVER: 2, NAME: 3, NOT_IMPLEMENTED: 4, REFUSED: 5 };

/** Longest message over UDP (RFC 1035 §4.2.1). */
export const DNS_MOST = 512;

export interface DnsQuestion {
  /** Labels joined by dots, without one at the end; as it was written. */
  name: string;
  type: number;
  class: number;
  /** The question as it was read: a name may have bytes that are no text. */
  raw?: Uint8Array;
}

/** An address record: IPv4, host order; a pointer: a name. Others are left out when read. */
export interface DnsRecord {
  type: number;
  /** Seconds. */
  ttl: number;
  value: number | string;
}

export interface DnsMessage {
  id: number;
  isResponse: boolean;
  opcode: number;
  /** The answer is cut. */
  truncated: boolean;
  recursionDesired: boolean;
  code: number;
  questions: DnsQuestion[];
  answers: DnsRecord[];
}

const HEADER = 12;
const RESPONSE = 0x8000;
const AUTHORITY = 0x0400;
const TRUNCATED = 0x0200;
const RECURSION_DESIRED = 0x0100;
const RECURSION_AVAILABLE = 0x0080;
/** A pointer to the first name of a message, right behind its header (RFC 1035 §4.1.4). */
const FIRST_NAME = 0xc000 | HEADER;

/** Bytes that did not make sense; caught by `decodeDns`. */
class Malformed extends Error {}

/** A question, recursion desired. @throws LabError NAME */
export function encodeQuery(id: number, name: string, type: number): Uint8Array {
  const writer = new Writer();
  for (const word of [id, RECURSION_DESIRED, 1, 0, 0, 0]) writer.u16(word);
  writer.question({ name, type, class: DNS_CLASS.IN });
  return writer.bytes();
}

/** A response that could not even repeat the question. */
export function encodeFailure(id: number, opcode: number, recursionDesired: boolean, code: number): Uint8Array {
  const writer = new Writer();
  const flags = RESPONSE | (opcode << 11) | (recursionDesired ? RECURSION_DESIRED : 0) | RECURSION_AVAILABLE | code;
  for (const word of [id, flags, 0, 0, 0, 0]) writer.u16(word);
  return writer.bytes();
}

/**
 * The response to a query with one question: of the answers as many as fit, and the mark of truncation when some do not
 * (RFC 2181 §9).
 */
export function encodeResponse(query: DnsMessage, code: number, answers: DnsRecord[], most = DNS_MOST): Uint8Array {
  const [question] = query.questions;
  const writer = new Writer();
  const asked = query.recursionDesired ? RECURSION_DESIRED : 0;
  const flags = RESPONSE | (query.opcode << 11) | AUTHORITY | asked | RECURSION_AVAILABLE | code;
  for (const word of [query.id, flags, 1, 0, 0, 0]) writer.u16(word);
  writer.question(question!);
  let written = 0;
  for (const answer of answers) {
    const before = writer.length;
    writer.record(answer, question!.class);
    if (writer.length > most) {
      writer.cut(before);
      break;
    }
    written++;
  }
  if (written < answers.length) writer.patch16(2, flags | TRUNCATED);
  writer.patch16(6, written);
  return writer.bytes();
}

/** What a message says; null: it is none. Records of types that are not known, and all behind the answers, are passed over. */
export function decodeDns(bytes: Uint8Array): DnsMessage | null {
  if (bytes.length < HEADER) return null;
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

/** Identifier, operation and flags of bytes that may be no message otherwise; null: not even that. */
export function dnsHeader(bytes: Uint8Array): { id: number; isResponse: boolean; opcode: number; recursionDesired: boolean } | null {
  if (bytes.length < HEADER) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint16(2);
  return {
    id: view.getUint16(0), isResponse: (flags & RESPONSE) !== 0, opcode: (flags >>> 11) & 15,
    recursionDesired: (flags & RECURSION_DESIRED) !== 0,
  };
}

function decode(bytes: Uint8Array): DnsMessage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const need = (end: number): void => { if (end > bytes.length) throw new Malformed(); };
  const flags = view.getUint16(2);
  const questions: DnsQuestion[] = [];
  const answers: DnsRecord[] = [];
  let at = HEADER;
  for (let i = 0; i < view.getUint16(4); i++) {
    const { name, next } = readName(bytes, at);
    need(next + 4);
    questions.push({ name, type: view.getUint16(next), class: view.getUint16(next + 2), raw: bytes.slice(at, next + 4) });
    at = next + 4;
  }
  for (let i = 0; i < view.getUint16(6); i++) {
    const { next } = readName(bytes, at);
    need(next + 10);
    const [type, ttl, length] = [view.getUint16(next), view.getUint32(next + 4), view.getUint16(next + 8)];
    at = next + 10;
    need(at + length);
    if (type === DNS_TYPE.A && length === 4) answers.push({ type, ttl, value: view.getUint32(at) });
    if (type === DNS_TYPE.PTR) answers.push({ type, ttl, value: readName(bytes, at).name });
    at += length;
  }
  return {
    ...dnsHeader(bytes)!, truncated: (flags & TRUNCATED) !== 0, code: flags & 15, questions, answers,
  };
}

/** A name, and where it ends. Pointers have to lead backwards, so that there is an end to it. */
function readName(bytes: Uint8Array, start: number): { name: string; next: number } {
  const labels: string[] = [];
  let next = 0;
  let length = 0;
  let limit = bytes.length;
  for (let at = start; ; ) {
    if (at >= limit) throw new Malformed();
    const size = bytes[at]!;
    if (size >= 0xc0) {
      if (at + 1 >= bytes.length) throw new Malformed();
      next ||= at + 2;
      limit = at; // whatever a pointer leads to was written before it
      at = ((size & 0x3f) << 8) | bytes[at + 1]!;
      if (at < HEADER) throw new Malformed();
      continue;
    }
    if (size > 63) throw new Malformed();
    if (size === 0) return { name: labels.join("."), next: next || at + 1 };
    length += size + 1;
    if (length > 254 || at + 1 + size > bytes.length) throw new Malformed();
    labels.push(new TextDecoder().decode(bytes.subarray(at + 1, at + 1 + size)));
    at += 1 + size;
  }
}

/** A message in the making; at the most 64 KiB. */
class Writer {
  private readonly out: number[] = [];

  get length(): number { return this.out.length; }

  u16(value: number): void { this.out.push((value >>> 8) & 255, value & 255); }

  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value);
  }

  patch16(at: number, value: number): void { this.out.splice(at, 2, (value >>> 8) & 255, value & 255); }

  cut(length: number): void { this.out.length = length; }

  bytes(): Uint8Array { return Uint8Array.from(this.out); }

  /** Labels of 1 to 63 bytes of UTF-8, 255 with their lengths. @throws LabError NAME */
  name(name: string): void {
    const before = this.length;
    for (const label of name === "" ? [] : name.split(".")) {
      const bytes = new TextEncoder().encode(label);
      if (bytes.length < 1 || bytes.length > 63)
        throw new LabError("NAME", `name ${JSON.stringify(name)}; DNS takes parts of 1 to 63 bytes with dots between them`);
      this.out.push(bytes.length, ...bytes);
    }
    this.out.push(0);
    if (this.length - before > 255)
      throw new LabError("NAME", `name ${JSON.stringify(name)} is ${this.length - before} bytes long; DNS takes 255`);
  }

  question({ name, type, class: kind, raw }: DnsQuestion): void {
    if (raw) {
      this.out.push(...raw);
      return;
    }
    this.name(name);
    this.u16(type);
    this.u16(kind);
  }

  /** A record about the name in the question. */
  record({ type, ttl, value }: DnsRecord, kind: number): void {
    this.u16(FIRST_NAME);
    this.u16(type);
    this.u16(kind === DNS_CLASS.ANY ? DNS_CLASS.IN : kind);
    this.u32(ttl);
    const length = this.length;
    this.u16(0);
    if (typeof value === "number") this.u32(value);
    else this.name(value);
    this.patch16(length, this.length - length - 2);
  }
}
