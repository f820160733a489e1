/** What was found in a frame, layer by layer, as JSON text. */

/** How a checksum compares with what it covers. */
export const SUM_NONE: u32 = 0;
export const SUM_GOOD: u32 = 1;
export const SUM_BAD: u32 = 2;
/** Bad: a zero where one has to be computed. */
export const SUM_ZERO: u32 = 3;
export const SUM_ABSENT: u32 = 4;
/** It covers what lies in other fragments. */
export const SUM_FRAGMENT: u32 = 5;
/** A length is wrong, so that it cannot be told what it covers. */
export const SUM_FAULT: u32 = 6;
/** It covers a destination that a route hides. */
export const SUM_ROUTE: u32 = 7;

/** The mark for a wrong checksum at the line's end. */
export function checksumMark(sum: u32): string {
  return sum == SUM_BAD || sum == SUM_ZERO ? " (bad cksum)" : "";
}

/** The mark for a message of which a part makes no sense. */
export function malformedMark(malformed: string): string {
  return malformed.length == 0 ? "" : ` (malformed: ${malformed})`;
}

/**
 * Collects layers from the outermost to the innermost. One is written at a time: `begin`, its fields, `end`.
 *
 * A line alone needs no layers: then nothing is collected, and each call costs a comparison.
 */
export class Layers {
  private written: string[] = [];
  private head: string = "";
  private fields: string = "";
  readonly isWanted: bool;
  /** First byte after the last layer. */
  reach: u32 = 0;
  /** First byte after what the innermost length counts; the rest is padding. */
  limit: u32 = 0;

  constructor(isWanted: bool) {
    this.isWanted = isWanted;
  }

  /** A layer of `length` bytes at `offset` from the frame's first byte. */
  begin(name: string, offset: u32, length: u32): Layers {
    this.reach = offset + length;
    if (!this.isWanted) return this;
    this.head = `{"name":"${name}","offset":${offset},"length":${length}`;
    this.fields = "";
    return this;
  }

  number(name: string, value: u32): Layers {
    return this.isWanted ? this.json(name, value.toString()) : this;
  }

  flag(name: string, value: bool): Layers {
    return this.json(name, value ? "true" : "false");
  }

  text(name: string, value: string): Layers {
    return this.isWanted ? this.json(name, quoted(value)) : this;
  }

  /** A value that is JSON already. */
  json(name: string, value: string): Layers {
    if (this.isWanted) this.fields = member(this.fields, name, value);
    return this;
  }

  /** @param sum  SUM_…; SUM_NONE: the layer has no checksum of its own */
  end(sum: u32): void {
    if (this.isWanted) this.written.push(`${this.head},"fields":{${this.fields}}${checksumMember(sum)}}`);
  }

  /** What is left before `end` as a layer that nothing is said about. */
  rest(name: string, end: u32): void {
    const at = this.reach;
    if (at < end) this.begin(name, at, end - at).end(SUM_NONE);
  }

  toString(): string {
    return `[${this.written.join(",")}]`;
  }
}

function checksumMember(sum: u32): string {
  if (sum == SUM_NONE) return "";
  if (sum == SUM_GOOD) return ',"checksum":{"status":"good"}';
  if (sum == SUM_BAD) return ',"checksum":{"status":"bad"}';
  if (sum == SUM_ZERO) return ',"checksum":{"status":"bad","reason":"zero, which IPv6 does not allow"}';
  if (sum == SUM_ABSENT) return ',"checksum":{"status":"absent","reason":"zero: the sender computed none"}';
  if (sum == SUM_FRAGMENT) return ',"checksum":{"status":"unverified","reason":"a fragment"}';
  if (sum == SUM_ROUTE) return ',"checksum":{"status":"unverified","reason":"a route whose end cannot be told"}';
  return ',"checksum":{"status":"unverified","reason":"a length is wrong"}';
}

/** Appends `"name":value` to the members of a JSON object. */
export function member(members: string, name: string, value: string): string {
  return `${members}${members.length == 0 ? '"' : ',"'}${name}":${value}`;
}

/** Printable ASCII as a JSON string. */
export function quoted(text: string): string {
  if (!text.includes("\\") && !text.includes('"')) return `"${text}"`; // almost every time, and cheap to tell
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
