/**
 * DHCP messages: bytes to an object and back (RFC 2131 section 2, RFC 2132, RFC 3396).
 *
 *   op 1 | htype 1 | hlen 1 | hops 1 | xid 4 | secs 2 | flags 2 | ciaddr 4 | yiaddr 4 | siaddr 4 | giaddr 4
 *   chaddr 16 | sname 64 | file 128 | cookie 4 | options
 *
 * An option is code 1 | length 1 | value; 0 is a pad byte, 255 the end. Option 52 says that file, sname or both carry
 * options too. An option that appears more than once is one value in pieces, in the order options, file, sname.
 */

import { OPTION } from "./dhcp-option";

/** UDP ports of the two sides. */
export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;

/** The first byte of a message. */
export const BOOT_REQUEST = 1;
export const BOOT_REPLY = 2;

/** Bit of `flags`: the client cannot hear unicast before it has an address. */
export const BROADCAST_FLAG = 0x8000;

/** Values of option 53. */
export const DHCP_TYPE = {
  DISCOVER: 1,
  OFFER: 2,
  REQUEST: 3,
  DECLINE: 4,
  ACK: 5,
  NAK: 6,
  RELEASE: 7,
  INFORM: 8,
} as const;

/** A DHCP message. Addresses are unsigned 32-bit numbers, 0 when not set. */
export interface DhcpMessage {
  /** BOOT_REQUEST from a client, BOOT_REPLY from a server. */
  op: number;
  /** Hardware type; 1 is Ethernet. */
  htype: number;
  hops: number;
  /** Transaction number, chosen by the client. */
  xid: number;
  /** Seconds since the client began, by its own account. */
  secs: number;
  flags: number;
  /** The client's address, when it has one and answers to it. */
  ciaddr: number;
  /** "Your" address: what the server gives. */
  yiaddr: number;
  /** Where to go next for the boot file. */
  siaddr: number;
  /** Relay agent. */
  giaddr: number;
  /** Hardware address, 0 to 16 bytes. */
  chaddr: Uint8Array;
  /** Server name, 0 to 63 bytes of Latin-1; empty when the field carries options. */
  sname: string;
  /** Boot file, 0 to 127 bytes of Latin-1; empty when the field carries options. */
  file: string;
  /** Values by option code, in wire order, pieces joined; pad, end and overload are not in it. */
  options: Map<number, Uint8Array>;
}

/** Why bytes are not a DHCP message. */
export type DhcpFault = "TOO_SHORT" | "HARDWARE_LENGTH" | "NO_COOKIE" | "NO_END" | "OPTION_LENGTH";

const CHADDR = 28;
const SNAME = 44;
const SNAME_LENGTH = 64;
const FILE = 108;
const FILE_LENGTH = 128;
const COOKIE = 236;
const OPTIONS = 240;
const MAGIC = 0x63825363;

/** The shortest message that is sent: BOOTP's size, which some relays and clients still insist on (RFC 1542 2.1). */
const SHORTEST = 300;

/** The longest message every client must take: a datagram of 576 bytes, less its IP and UDP headers. */
export const DHCP_MESSAGE_ALWAYS = 548;

/** Option 52: bit 1 is the file field, bit 2 the sname field. */
const OVERLOAD_FILE = 1;
const OVERLOAD_SNAME = 2;

/**
 * Reads one message.
 *
 * Values of options are views into `bytes` (pieces that had to be joined are copies): copy what is to be kept.
 *
 * @param bytes  a UDP payload, of any length and any content
 * @returns      the message, or why it is none; never throws, never reads beyond `bytes`
 */
export function decodeDhcp(bytes: Uint8Array): DhcpMessage | DhcpFault {
  if (bytes.length < OPTIONS) return "TOO_SHORT";
  const hlen = bytes[2];
  if (hlen > 16) return "HARDWARE_LENGTH";
  if (u32(bytes, COOKIE) !== MAGIC) return "NO_COOKIE";

  const found = new OptionReader();
  const fault = found.read(bytes, OPTIONS, bytes.length);
  if (fault) return fault;

  const overload = found.values.get(OPTION.OVERLOAD);
  if (overload && (overload.length !== 1 || overload[0] < 1 || overload[0] > 3)) return "OPTION_LENGTH";
  const carried = overload ? overload[0] : 0;
  found.values.delete(OPTION.OVERLOAD);
  const overloadFault =
    (carried & OVERLOAD_FILE && found.read(bytes, FILE, FILE + FILE_LENGTH)) ||
    (carried & OVERLOAD_SNAME && found.read(bytes, SNAME, SNAME + SNAME_LENGTH));
  if (overloadFault) return overloadFault;
  // Only the options field may say it; found in the other two it means nothing.
  if (carried) found.values.delete(OPTION.OVERLOAD);
  found.join();
  if (!lengthsFit(found.values)) return "OPTION_LENGTH";

  return {
    op: bytes[0],
    htype: bytes[1],
    hops: bytes[3],
    xid: u32(bytes, 4),
    secs: (bytes[8] << 8) | bytes[9],
    flags: (bytes[10] << 8) | bytes[11],
    ciaddr: u32(bytes, 12),
    yiaddr: u32(bytes, 16),
    siaddr: u32(bytes, 20),
    giaddr: u32(bytes, 24),
    chaddr: bytes.subarray(CHADDR, CHADDR + hlen),
    sname: carried & OVERLOAD_SNAME ? "" : text(bytes, SNAME, SNAME_LENGTH),
    file: carried & OVERLOAD_FILE ? "" : text(bytes, FILE, FILE_LENGTH),
    options: found.values,
  };
}

/**
 * Writes one message, at least 300 bytes.
 *
 * Values over 255 bytes are cut into pieces. Options that do not fit the limit go to the file and sname fields where
 * those are empty; one that fits nowhere is left out, so put what matters first.
 *
 * @param limit  longest message, in bytes; what is less than DHCP_MESSAGE_ALWAYS counts as that
 */
export function encodeDhcp(message: DhcpMessage, limit = DHCP_MESSAGE_ALWAYS): Uint8Array {
  let size = OPTIONS + 1;
  for (const value of message.options.values()) size += sizeOf(value);
  const fits = size <= Math.max(limit, DHCP_MESSAGE_ALWAYS);

  const bytes = new Uint8Array(fits ? Math.max(size, SHORTEST) : Math.max(limit, DHCP_MESSAGE_ALWAYS));
  writeHeader(bytes, message);
  if (!fits) return overloaded(bytes, message);

  let at = OPTIONS;
  for (const [code, value] of message.options) at = writeOption(bytes, at, code, value);
  bytes[at] = OPTION.END;
  return bytes;
}

/** The address in option `code`, or 0 when the option is not there. */
export function addressOption(message: DhcpMessage, code: number): number {
  const value = message.options.get(code);
  return value && value.length >= 4 ? u32(value, 0) : 0;
}

/** Option 53 of `message`, or 0 for a BOOTP message, which has none. */
export function dhcpType(message: DhcpMessage): number {
  return message.options.get(OPTION.MESSAGE_TYPE)?.[0] ?? 0;
}

/** Latin-1 text up to the first zero byte, at most `length` bytes. */
export function text(bytes: Uint8Array, from = 0, length = bytes.length - from): string {
  let read = "";
  for (let i = from; i < from + length && bytes[i] !== 0; i++) read += String.fromCharCode(bytes[i]);
  return read;
}

/** Collects options from one field after the other. */
class OptionReader {
  readonly values = new Map<number, Uint8Array>();
  /** Only for options that came more than once. Joined at the end, so that many small pieces cost no more than few. */
  private pieces: Map<number, Uint8Array[]> | null = null;

  read(bytes: Uint8Array, from: number, end: number): DhcpFault | null {
    let at = from;
    while (at < end) {
      const code = bytes[at++];
      if (code === OPTION.PAD) continue;
      if (code === OPTION.END) return null;
      if (at >= end) return "OPTION_LENGTH";

      const value = at + 1;
      at = value + bytes[at];
      if (at > end) return "OPTION_LENGTH";
      this.add(code, bytes.subarray(value, at));
    }
    return "NO_END";
  }

  join(): void {
    for (const [code, pieces] of this.pieces ?? []) {
      const joined = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
      let at = 0;
      for (const piece of pieces) {
        joined.set(piece, at);
        at += piece.length;
      }
      this.values.set(code, joined);
    }
  }

  private add(code: number, value: Uint8Array): void {
    const first = this.values.get(code);
    if (!first) return void this.values.set(code, value);

    this.pieces ??= new Map();
    const pieces = this.pieces.get(code);
    if (pieces) return void pieces.push(value);
    this.pieces.set(code, [first, value]);
  }
}

/** Whether the options that steer the protocol have the length RFC 2132 gives them. */
function lengthsFit(options: Map<number, Uint8Array>): boolean {
  for (const [code, { length }] of options) {
    switch (code) {
      case OPTION.MESSAGE_TYPE:
        if (length !== 1) return false;
        break;
      case OPTION.MAX_MESSAGE_SIZE:
        if (length !== 2) return false;
        break;
      case OPTION.SUBNET_MASK:
      case OPTION.REQUESTED_ADDRESS:
      case OPTION.LEASE_TIME:
      case OPTION.SERVER_ID:
      case OPTION.RENEWAL_TIME:
      case OPTION.REBINDING_TIME:
        if (length !== 4) return false;
        break;
      case OPTION.CLIENT_ID:
        if (length < 2 || length > 255) return false;
        break;
      case OPTION.RAPID_COMMIT:
        if (length !== 0) return false;
        break;
      case OPTION.PARAMETER_LIST:
        if (length < 1) return false;
    }
  }
  return true;
}

function writeHeader(bytes: Uint8Array, message: DhcpMessage): void {
  bytes[0] = message.op;
  bytes[1] = message.htype;
  bytes[2] = Math.min(message.chaddr.length, 16);
  bytes[3] = message.hops;
  put32(bytes, 4, message.xid);
  bytes[8] = message.secs >> 8;
  bytes[9] = message.secs;
  bytes[10] = message.flags >> 8;
  bytes[11] = message.flags;
  put32(bytes, 12, message.ciaddr);
  put32(bytes, 16, message.yiaddr);
  put32(bytes, 20, message.siaddr);
  put32(bytes, 24, message.giaddr);
  for (let i = 0; i < bytes[2]; i++) bytes[CHADDR + i] = message.chaddr[i];
  putText(bytes, SNAME, message.sname, SNAME_LENGTH);
  putText(bytes, FILE, message.file, FILE_LENGTH);
  put32(bytes, COOKIE, MAGIC);
}

/** Spreads the options over the three fields; each goes whole into the first field with room for it. */
function overloaded(bytes: Uint8Array, message: DhcpMessage): Uint8Array {
  const fields = [
    { at: OPTIONS + 3, end: bytes.length - 1, bit: 0 },
    { at: FILE, end: FILE + (message.file === "" ? FILE_LENGTH - 1 : 0), bit: OVERLOAD_FILE },
    { at: SNAME, end: SNAME + (message.sname === "" ? SNAME_LENGTH - 1 : 0), bit: OVERLOAD_SNAME },
  ];
  let carried = 0;
  for (const [code, value] of message.options) {
    const field = fields.find((each) => each.at + sizeOf(value) <= each.end);
    if (!field) continue;
    field.at = writeOption(bytes, field.at, code, value);
    carried |= field.bit;
  }
  for (const { at, bit } of fields) if (bit === 0 || carried & bit) bytes[at] = OPTION.END;
  // Three pad bytes when nothing was carried elsewhere: zeros, as the buffer is.
  if (carried) bytes.set([OPTION.OVERLOAD, 1, carried], OPTIONS);
  return bytes;
}

/** Bytes an option takes on the wire: a code and a length before each piece of up to 255. */
function sizeOf(value: Uint8Array): number {
  return value.length <= 255 ? value.length + 2 : value.length + 2 * Math.ceil(value.length / 255);
}

function writeOption(bytes: Uint8Array, at: number, code: number, value: Uint8Array): number {
  let from = 0;
  do {
    const length = Math.min(value.length - from, 255);
    bytes[at++] = code;
    bytes[at++] = length;
    for (let i = 0; i < length; i++) bytes[at++] = value[from + i];
    from += length;
  } while (from < value.length);
  return at;
}

/** Writes what fits of `value`, and at least one zero after it. */
function putText(bytes: Uint8Array, at: number, value: string, length: number): void {
  for (let i = 0; i < value.length && i < length - 1; i++) bytes[at + i] = value.charCodeAt(i);
}

function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

function put32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
