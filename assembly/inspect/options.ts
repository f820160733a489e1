import { Layers } from "./layers";
import { listed } from "./text";

/** Whose options they are. */
export const OPTIONS_IPV4: u32 = 4;
export const OPTIONS_TCP: u32 = 6;

/**
 * Options of a TCP or IPv4 header from `at` to `end` (RFC 9293 §3.1, RFC 791 §3.1), as text and as the field `options`. Both
 * have the same form: 0 ends the list, 1 is a byte of filling, any other kind is followed by its length.
 */
export function dissectOptions(at: usize, end: usize, owner: u32, to: Layers): string {
  const list: string[] = [];
  let text = "";
  while (at < end) {
    const kind: u32 = load<u8>(at);
    const size: u32 = kind <= 1 ? 1 : at + 1 < end ? load<u8>(at, 1) : 0;
    const isBad = size == 0 || (kind > 1 && size < 2) || at + size > end;
    text = listed(text, isBad ? "bad opt" : owner == OPTIONS_TCP ? tcpText(at, kind, size) : kind.toString());
    list.push(`{"kind":${kind},"length":${isBad ? <u32>(end - at) : size}${isBad ? ',"bad":true' : valueMembers(at, kind, size, owner)}}`);
    if (kind == 0 || isBad) break;
    at += size;
  }
  to.json("options", `[${list.join(",")}]`);
  return text;
}

/** IANA's TCP options. */
function tcpText(at: usize, kind: u32, size: u32): string {
  if (kind == 0) return "eol";
  if (kind == 1) return "nop";
  if (kind == 2 && size == 4) return `mss ${u16At(at + 2)}`;
  if (kind == 3 && size == 3) return `wscale ${load<u8>(at, 2)}`;
  if (kind == 4 && size == 2) return "sackOK";
  if (kind == 5) return sackText(at, size);
  if (kind == 8 && size == 10) return `TS val ${u32At(at + 2)} ecr ${u32At(at + 6)}`;
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
  if (kind == 2 && size == 4) return `,"name":"mss","value":${u16At(at + 2)}`;
  if (kind == 3 && size == 3) return `,"name":"windowScale","value":${load<u8>(at, 2)}`;
  if (kind == 4 && size == 2) return ',"name":"sackPermitted"';
  if (kind == 8 && size == 10) return `,"name":"timestamps","value":${u32At(at + 2)},"echo":${u32At(at + 6)}`;
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
