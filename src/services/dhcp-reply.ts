/** The DHCP server's answers: which options, in which order, and where to send them. */

import { BROADCAST_MAC } from "./dhcp-address";
import type { DhcpSettings } from "./dhcp-config";
import {
  addressOption,
  BOOT_REPLY,
  BROADCAST_FLAG,
  DHCP_CLIENT_PORT,
  DHCP_MESSAGE_ALWAYS,
  DHCP_TYPE,
  encodeDhcp,
  text,
} from "./dhcp-message";
import type { DhcpMessage } from "./dhcp-message";
import { bytes32, OPTION } from "./dhcp-option";
import { leaseFor } from "./dhcp-scope";
import type { DhcpScope } from "./dhcp-scope";

/** An answer, and where to send it from the server's port 67. */
export interface DhcpReply {
  /** The UDP payload; the caller's to keep. */
  message: Uint8Array;
  /** IPv4 address; 0xffffffff is broadcast. */
  destination: number;
  /** MAC as a number, BROADCAST_MAC for broadcast. The client may not answer ARP yet: do not ask for it. */
  destinationMac: number;
  destinationPort: number;
}

/** What a reply is made from, beyond the message it answers. */
export interface Answer {
  type: number;
  /** The client's card. */
  mac: number;
  /** The yiaddr field; 0 in the answer to an INFORM and in a NAK. */
  address: number;
  /** Null in a NAK. */
  scope: DhcpScope | null;
  /** Text of option 56. */
  reason?: string;
  rapid?: boolean;
}

/** Options 51, 58 and 59 for a lease of `ms`. */
interface Timers {
  ms: number;
  lease: Uint8Array;
  renewal: Uint8Array;
  rebinding: Uint8Array;
}

const BROADCAST = 0xffffffff;
/** An Ethernet frame's worth of message: MTU 1500 less IP and UDP headers. */
const LONGEST_REPLY = 1472;
const NOTHING = new Uint8Array(0);
/** Values of option 53. */
const TYPES = Array.from({ length: 9 }, (_, type) => Uint8Array.of(type));

/** Writes the answers of one server. */
export class ReplyWriter {
  private timers: Timers = { ms: 0, lease: NOTHING, renewal: NOTHING, rebinding: NOTHING };

  constructor(private readonly settings: DhcpSettings) {}

  /** The reply that says `answer` to `request`. */
  write(request: DhcpMessage, answer: Answer): DhcpReply {
    const { type, address, scope, mac } = answer;
    const { nat, virtualbox, nextServer } = this.settings;

    const bootFile = scope?.suppressed.has(OPTION.BOOT_FILE) ? undefined : scope?.options.get(OPTION.BOOT_FILE);
    const message = encodeDhcp(
      {
        op: BOOT_REPLY,
        htype: 1,
        hops: 0,
        xid: request.xid,
        secs: 0,
        flags: request.flags,
        ciaddr: type !== DHCP_TYPE.ACK ? 0 : nat && virtualbox ? address || request.ciaddr : request.ciaddr,
        yiaddr: address,
        siaddr: scope ? nextServer : 0,
        giaddr: 0,
        chaddr: request.chaddr,
        sname: "",
        file: bootFile && bootFile.length <= 127 ? text(bootFile) : "",
        options: this.optionsOf(request, answer),
      },
      replyLimit(request),
    );
    return { message, destinationPort: DHCP_CLIENT_PORT, ...this.destinationOf(request, type, address, mac) };
  }

  /** What matters most first, for a client that takes only short messages. */
  private optionsOf(request: DhcpMessage, { type, address, scope, reason, rapid }: Answer): Map<number, Uint8Array> {
    const options = new Map<number, Uint8Array>();
    options.set(OPTION.MESSAGE_TYPE, TYPES[type]);
    options.set(OPTION.SERVER_ID, this.settings.serverId);
    const clientId = request.options.get(OPTION.CLIENT_ID);
    if (clientId) options.set(OPTION.CLIENT_ID, clientId); // RFC 6842: echoed, also in a NAK
    if (reason !== undefined) options.set(OPTION.MESSAGE, new TextEncoder().encode(reason));
    if (!scope) return options;

    const timers = address === 0 ? null : this.timersOf(leaseTimeOf(request, scope));
    if (timers) options.set(OPTION.LEASE_TIME, timers.lease);
    if (rapid) options.set(OPTION.RAPID_COMMIT, NOTHING);

    const add = (code: number): void => {
      const value = scope.options.get(code) ?? timerOption(timers, code);
      if (!value || options.has(code) || (scope.suppressed.has(code) && code !== OPTION.SUBNET_MASK)) return;
      options.set(code, value);
    };
    // Before the router, in which order old clients need them (RFC 2132 section 3.3).
    add(OPTION.SUBNET_MASK);
    const asked = request.options.get(OPTION.PARAMETER_LIST);
    if (asked) for (const code of asked) add(code);
    else for (const code of [OPTION.RENEWAL_TIME, OPTION.REBINDING_TIME, ...scope.options.keys()]) add(code);
    for (const code of scope.forced) add(code);
    return options;
  }

  /** T1 is half the lease, T2 seven eighths (RFC 2131 section 4.4.5). Most leases are as long as the one before. */
  private timersOf(lease: number): Timers {
    if (this.timers.ms === lease) return this.timers;
    const seconds = lease / 1000;
    const [renewal, rebinding] = [seconds / 2, (seconds * 7) / 8].map((each) => bytes32(Math.floor(each)));
    return (this.timers = { ms: lease, lease: bytes32(seconds), renewal, rebinding });
  }

  /** RFC 2131 section 4.1, without relays. */
  private destinationOf(
    request: DhcpMessage,
    type: number,
    address: number,
    mac: number,
  ): Pick<DhcpReply, "destination" | "destinationMac"> {
    const broadcast = { destination: BROADCAST, destinationMac: BROADCAST_MAC };
    const wantsBroadcast = (request.flags & BROADCAST_FLAG) !== 0;
    if (type === DHCP_TYPE.NAK) return broadcast;
    if (this.settings.virtualbox && (wantsBroadcast || request.ciaddr === 0)) return broadcast;
    if (request.ciaddr !== 0) return { destination: request.ciaddr, destinationMac: mac };
    if (wantsBroadcast) return broadcast;
    return { destination: address, destinationMac: mac };
  }
}

/** ms; the same for an offer and the lease that comes of it. */
export function leaseTimeOf(request: DhcpMessage, scope: DhcpScope): number {
  const asked = request.options.has(OPTION.LEASE_TIME) ? addressOption(request, OPTION.LEASE_TIME) : undefined;
  return leaseFor(scope.leaseTime, asked);
}

function timerOption(timers: Timers | null, code: number): Uint8Array | undefined {
  if (code === OPTION.RENEWAL_TIME) return timers?.renewal;
  if (code === OPTION.REBINDING_TIME) return timers?.rebinding;
  return undefined;
}

/** Longest UDP payload the client takes, by option 57, which counts the IP and UDP headers too. */
function replyLimit(request: DhcpMessage): number {
  const value = request.options.get(OPTION.MAX_MESSAGE_SIZE);
  if (!value) return DHCP_MESSAGE_ALWAYS;
  return Math.min(((value[0] << 8) | value[1]) - 28, LONGEST_REPLY);
}
