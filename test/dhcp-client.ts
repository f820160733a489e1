import { expect } from "vitest";
import { formatIp, parseIp } from "../src/address";
import { toMac } from "../src/services/dhcp-address";
import { DhcpServer } from "../src/services/dhcp";
import type { DhcpConfig, DhcpReply } from "../src/services/dhcp";
import {
  addressOption,
  BOOT_REQUEST,
  BROADCAST_FLAG,
  decodeDhcp,
  DHCP_TYPE,
  dhcpType,
  encodeDhcp,
} from "../src/services/dhcp-message";
import type { DhcpMessage } from "../src/services/dhcp-message";
import { bytes32, OPTION } from "../src/services/dhcp-option";

/** What a client may say beyond its type; addresses are text, times are seconds. */
export interface Saying {
  ciaddr?: string;
  giaddr?: string;
  broadcast?: boolean;
  requested?: string;
  server?: string;
  leaseTime?: number;
  hostname?: string;
  /** Parameter list. */
  ask?: number[];
  /** Bytes of the client id. */
  id?: number[];
  rapid?: boolean;
  maxSize?: number;
  options?: Record<number, Uint8Array>;
}

/** An answer in words. */
export interface Heard extends DhcpReply {
  type: keyof typeof DHCP_TYPE;
  decoded: DhcpMessage;
  yiaddr: string;
  to: string;
  /** Lease time, s. */
  lease: number;
  option(code: number): number[] | undefined;
  codes: number[];
}

export const SERVER = "192.0.2.1";

/** A server on 192.0.2.0/24 with a pool of .101 to .110 unless told otherwise. */
export function serverWith(config: Partial<DhcpConfig> = {}): DhcpServer {
  return new DhcpServer({
    serverAddress: SERVER,
    prefix: 24,
    pool: { from: "192.0.2.101", to: "192.0.2.110" },
    ...config,
  });
}

/** MAC of the n-th example client. */
export function macOf(n: number): string {
  return n.toString(16).padStart(10, "0").replace(/../g, ":$&").replace(/^/, "02");
}

/** One example client, speaking to one server at one time. */
export function client(server: DhcpServer, mac: string | number) {
  const card = typeof mac === "number" ? macOf(mac) : mac;
  const tell = (type: keyof typeof DHCP_TYPE, saying: Saying = {}, now = 0): Heard | null =>
    heard(server.receive(encodeDhcp(said(type, card, saying)), now));
  return {
    mac: card,
    tell,
    discover: (saying?: Saying, now?: number) => tell("DISCOVER", saying, now),
    request: (saying?: Saying, now?: number) => tell("REQUEST", saying, now),
    /** DISCOVER, OFFER, REQUEST, ACK: the address, or null when there was no answer. */
    boot(saying: Saying = {}, now = 0): string | null {
      const offer = tell("DISCOVER", saying, now);
      if (!offer) return null;
      const server = formatIp(addressOption(offer.decoded, OPTION.SERVER_ID));
      return tell("REQUEST", { ...saying, requested: offer.yiaddr, server }, now)?.yiaddr ?? null;
    },
  };
}

export function said(type: keyof typeof DHCP_TYPE, mac: string, saying: Saying = {}): DhcpMessage {
  const { ciaddr, giaddr, requested, server, leaseTime, hostname, ask, id, rapid, maxSize } = saying;
  const options = new Map<number, Uint8Array>([[OPTION.MESSAGE_TYPE, Uint8Array.of(DHCP_TYPE[type])]]);
  if (id) options.set(OPTION.CLIENT_ID, Uint8Array.from(id));
  if (requested) options.set(OPTION.REQUESTED_ADDRESS, bytes32(parseIp(requested, "requested")));
  if (server) options.set(OPTION.SERVER_ID, bytes32(parseIp(server, "server")));
  if (leaseTime !== undefined) options.set(OPTION.LEASE_TIME, bytes32(leaseTime));
  if (hostname) options.set(OPTION.HOST_NAME, new TextEncoder().encode(hostname));
  if (ask) options.set(OPTION.PARAMETER_LIST, Uint8Array.from(ask));
  if (maxSize) options.set(OPTION.MAX_MESSAGE_SIZE, Uint8Array.of(maxSize >> 8, maxSize));
  if (rapid) options.set(OPTION.RAPID_COMMIT, new Uint8Array(0));
  for (const [code, value] of Object.entries(saying.options ?? {})) options.set(Number(code), value);

  const card = toMac("client", mac);
  return {
    op: BOOT_REQUEST,
    htype: 1,
    hops: 0,
    xid: 0x12345678,
    secs: 0,
    flags: saying.broadcast ? BROADCAST_FLAG : 0,
    ciaddr: ciaddr ? parseIp(ciaddr, "ciaddr") : 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: giaddr ? parseIp(giaddr, "giaddr") : 0,
    chaddr: Uint8Array.from([40, 32, 24, 16, 8, 0], (shift) => Math.floor(card / 2 ** shift) % 256),
    sname: "",
    file: "",
    options,
  };
}

export function heard(reply: DhcpReply | null): Heard | null {
  if (!reply) return null;
  const decoded = decodeDhcp(reply.message);
  if (typeof decoded === "string") throw new Error(`the server's answer does not decode: ${decoded}`);
  const type = (Object.keys(DHCP_TYPE) as (keyof typeof DHCP_TYPE)[]).find(
    (name) => DHCP_TYPE[name] === dhcpType(decoded),
  )!;
  return {
    ...reply,
    type,
    decoded,
    yiaddr: formatIp(decoded.yiaddr),
    to: formatIp(reply.destination),
    lease: addressOption(decoded, OPTION.LEASE_TIME),
    option: (code) => (decoded.options.has(code) ? Array.from(decoded.options.get(code)!) : undefined),
    codes: Array.from(decoded.options.keys()),
  };
}

/** Every message a server received is answered, noted or dropped for a reason. */
export function booksBalance(server: DhcpServer): void {
  const { received, offered, acknowledged, refused, noted, dropped } = server.stats();
  const drops = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  expect(received).toBe(offered + acknowledged + refused + noted + drops);
}
