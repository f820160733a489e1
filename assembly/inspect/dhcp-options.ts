import { DHCP_FILE, DHCP_OPTIONS, DHCP_SNAME, OPTION_END, OPTION_OVERLOAD, OPTION_PAD } from "../wire/dhcp";
import { hex } from "./text";

/**
 * The options of a DHCP message in their order: those of the options field, and of the file and sname fields where option 52 says that
 * they have some (RFC 2131 §4.1).
 */
export class DhcpOptions {
  /** Address of each option. */
  private found: usize[] = [];
  /** What is wrong with them; empty: nothing. */
  malformed: string = "";

  /** @param at  address of a message of at least 240 bytes that ends at `end` */
  constructor(at: usize, end: usize) {
    this.read(at + DHCP_OPTIONS, end);
    const overload = this.value(OPTION_OVERLOAD, 1);
    const fields: u32 = overload == 0 ? 0 : load<u8>(overload);
    if (fields & 1) this.read(at + DHCP_FILE, at + DHCP_OPTIONS - 4);
    if (fields & 2) this.read(at + DHCP_SNAME, at + DHCP_FILE);
  }

  /** The options from `p` on, to the one that ends the field or is cut off. */
  private read(p: usize, end: usize): void {
    for (; p < end; ) {
      const code: u32 = load<u8>(p);
      if (code == OPTION_END) return;
      if (code == OPTION_PAD) {
        p++;
        continue;
      }
      if (p + 2 > end || p + 2 + <usize>load<u8>(p, 1) > end) return this.object(`option ${code} is cut off`);
      this.found.push(p);
      p += 2 + <usize>load<u8>(p, 1);
    }
    this.object("the options have no end");
  }

  private object(what: string): void {
    if (this.malformed.length == 0) this.malformed = what;
  }

  /** Address of the value of option `code`, or 0 when there is none; one that is not of `size` bytes is malformed. */
  value(code: u32, size: u32): usize {
    for (let i = 0; i < this.found.length; i++) {
      const p = this.found[i];
      if (load<u8>(p) != code) continue;
      if (load<u8>(p, 1) == size) return p + 2;
      this.object(`option ${code} of ${load<u8>(p, 1)} bytes`);
    }
    return 0;
  }

  /** All of them with their values in hexadecimal, as JSON. */
  toString(): string {
    const list: string[] = [];
    for (let i = 0; i < this.found.length; i++) {
      const p = this.found[i];
      const size: u32 = load<u8>(p, 1);
      let value = "";
      for (let each: u32 = 0; each < size; each++) value += hex(load<u8>(p + 2 + each), 2);
      list.push(`{"code":${load<u8>(p)},"length":${size},"value":"${value}"}`);
    }
    return `[${list.join(",")}]`;
  }
}
