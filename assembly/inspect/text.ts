import { loadMac } from "../wire/ethernet";

/** Numbers and addresses as people read them. */

/** `value` as `digits` hexadecimal digits, lower case. */
export function hex(value: u64, digits: i32): string {
  return value.toString(16).padStart(digits, "0");
}

/** The MAC address at `address`, as `02:00:00:00:00:01`. */
export function mac(address: usize): string {
  const digits = hex(loadMac(address), 12);
  let text = digits.substring(0, 2);
  for (let i = 2; i < 12; i += 2) text += ":" + digits.substring(i, i + 2);
  return text;
}

/** An IPv4 address given as a number, as `192.0.2.1`. */
export function ipv4(ip: u32): string {
  return `${ip >>> 24}.${(ip >>> 16) & 255}.${(ip >>> 8) & 255}.${ip & 255}`;
}

/**
 * The IPv6 address at `address` (RFC 5952): lower case, no leading zeros, the longest run of two or more zero groups
 * shortened, the first of equals; the last 32 bits dotted in ::ffff:0:0/96 (§5).
 */
export function ipv6(address: usize): string {
  const mapped = load<u64>(address) == 0 && load<u32>(address, 8) == 0xffff0000;
  const groups = mapped ? 6 : 8;
  let start = 0;
  let length = 1;
  for (let i = 0, run = 0; i < groups; i++) {
    run = load<u16>(address + 2 * i) == 0 ? run + 1 : 0;
    if (run > length) {
      length = run;
      start = i + 1 - run;
    }
  }

  let text = "";
  for (let i = 0; i < groups; i++) {
    if (length > 1 && i == start) {
      text += i == 0 ? "::" : ":";
      i += length - 1;
      continue;
    }
    text += (<u32>bswap<u16>(load<u16>(address + 2 * i))).toString(16);
    if (i < 7) text += ":";
  }
  return mapped ? text + ipv4(bswap<u32>(load<u32>(address, 12))) : text;
}

/** Appends `text` to a list separated by commas. */
export function listed(list: string, text: string): string {
  return list.length == 0 ? text : list + "," + text;
}
