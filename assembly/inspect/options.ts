import { Layers } from "./layers";
import { isSizeSound } from "./option-sizes";
import { listed } from "./text";

/** Whose options they are. */
export const OPTIONS_IPV4: u32 = 4;
export const OPTIONS_TCP: u32 = 6;

/**
 * Options of a TCP or IPv4 header from `at` to `end` (RFC 9293 §3.1, RFC 791 §3.1), as text and as the field `options`. Both
 * have the same form: 0 ends the list, 1 is a byte of filling, any other kind is followed by its length. One whose length its
 * kind does not allow is bad and stepped over; one whose length leaves the header is bad and the last, and so is an end of the
 * list with something other than zeros after it.
 */
export function dissectOptions(at: usize, end: usize, owner: u32, to: Layers): string {
  const isTcp = owner == OPTIONS_TCP;
  const list: string[] = [];
  let text = "";
  while (at < end) {
    const kind: u32 = load<u8>(at);
    const size = sizeAt(at, end);
    const isSound = size != 0 && isSizeSound(isTcp, kind, size);
    text = listed(text, !isSound ? badText(kind, size) : isTcp ? tcpText(at, kind, size) : kind.toString());
    list.push(`{"kind":${kind},"length":${size == 0 ? <u32>(end - at) : size}${isSound ? valueMembers(at, kind, size, owner) : ',"bad":true'}}`);
    if (kind == 0 || size == 0) break;
    at += size;
  }
  to.json("options", `[${list.join(",")}]`);
  return text;
}

/** Bytes of the option at `at`; 0: its length makes no sense here. */
function sizeAt(at: usize, end: usize): u32 {
  const kind: u32 = load<u8>(at);
  if (kind == 0) return isZero(at + 1, end) ? 1 : 0;
  if (kind == 1) return 1;
  const size: u32 = at + 1 < end ? load<u8>(at, 1) : 0;
  return size < 2 || at + size > end ? 0 : size;
}

function isZero(at: usize, end: usize): bool {
  while (at < end && load<u8>(at) == 0) at++;
  return at >= end;
}

function badText(kind: u32, size: u32): string {
  if (kind == 0) return "eol,bad padding";
  return size == 0 ? "bad opt" : `bad opt-${kind} of ${size} bytes`;
}

/** IANA's TCP options. Their lengths are those that their kinds have, here and below. */
function tcpText(at: usize, kind: u32, size: u32): string {
  if (kind == 0) return "eol";
  if (kind == 1) return "nop";
  if (kind == 2) return `mss ${u16At(at + 2)}`;
  if (kind == 3) return `wscale ${load<u8>(at, 2)}`;
  if (kind == 4) return "sackOK";
  if (kind == 5) return sackText(at, size);
  if (kind == 8) return `TS val ${u32At(at + 2)} ecr ${u32At(at + 6)}`;
  if (kind == 34) return "tfo";
  return `opt-${kind}`;
}

/** `sack 2 {1:100}{200:300}`, by absolute sequence numbers (RFC 2018 §3). */
function sackText(at: usize, size: u32): string {
  let text = `sack ${(size - 2) >>> 3} `;
  for (let i: u32 = 2; i + 8 <= size; i += 8) text += `{${u32At(at + i)}:${u32At(at + i + 4)}}`;
  return text;
}

/** The name and values of the TCP options that people ask for, as JSON. */
function valueMembers(at: usize, kind: u32, size: u32, owner: u32): string {
  if (owner != OPTIONS_TCP) return "";
  if (kind == 2) return `,"name":"mss","value":${u16At(at + 2)}`;
  if (kind == 3) return `,"name":"windowScale","value":${load<u8>(at, 2)}`;
  if (kind == 4) return ',"name":"sackPermitted"';
  if (kind == 8) return `,"name":"timestamps","value":${u32At(at + 2)},"echo":${u32At(at + 6)}`;
  if (kind != 5) return "";
  let blocks = "";
  for (let i: u32 = 2; i + 8 <= size; i += 8) blocks = listed(blocks, `[${u32At(at + i)},${u32At(at + i + 4)}]`);
  return `,"name":"sack","blocks":[${blocks}]`;
}

function u16At(at: usize): u32 {
  return bswap<u16>(load<u16>(at));
}

function u32At(at: usize): u32 {
  return bswap<u32>(load<u32>(at));
}
