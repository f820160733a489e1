/**
 * A DHCP server (RFC 2131), as a part without sockets and without a clock: messages in, messages out.
 *
 * Addresses, lease times and which options are sent are VirtualBox's; where its way of speaking differs from the RFC,
 * the RFC's is the default and `profile: "virtualbox"` the other.
 */

import { formatIp } from "../address";
import { LabError } from "../errors";
import { macText, toMac } from "./dhcp-address";
import type { Ipv4 } from "./dhcp-address";
import { addFixed, isHost, settle } from "./dhcp-config";
import type { DhcpConfig, DhcpSettings } from "./dhcp-config";
import { isActive, LeaseTable } from "./dhcp-leases";
import type { DhcpClient } from "./dhcp-leases";
import { addressOption, BOOT_REQUEST, decodeDhcp, DHCP_TYPE, dhcpType, text } from "./dhcp-message";
import type { DhcpMessage } from "./dhcp-message";
import { OPTION } from "./dhcp-option";
import { leaseTimeOf, ReplyWriter } from "./dhcp-reply";
import type { Answer, DhcpReply } from "./dhcp-reply";
import { belongs, narrowed } from "./dhcp-scope";
import type { DhcpScope } from "./dhcp-scope";
import { checkedSave, copyOfStats, leaseAt, noStats, restoreLeases, savedLease } from "./dhcp-state";
import type { DhcpDrop, DhcpLease, DhcpSave, DhcpStats } from "./dhcp-state";

export { BROADCAST_MAC } from "./dhcp-address";
export type { Ipv4 } from "./dhcp-address";
export type { DhcpConfig } from "./dhcp-config";
export type { DhcpReply } from "./dhcp-reply";
export type { DhcpOptionValue, DhcpRoute } from "./dhcp-option";
export type { DhcpGroup, DhcpLeaseTime, DhcpMatch, DhcpScopeConfig } from "./dhcp-scope";
export type { DhcpDrop, DhcpLease, DhcpSave, DhcpStats } from "./dhcp-state";

export class DhcpServer {
  private readonly settings: DhcpSettings;
  private readonly replies: ReplyWriter;
  private table: LeaseTable;
  private counts = noStats();

  /** @throws LabError DHCP_CONFIG */
  constructor(config: DhcpConfig) {
    this.settings = settle(config);
    this.replies = new ReplyWriter(this.settings);
    this.table = this.emptyTable();
  }

  /**
   * Takes one message that came to UDP port 67.
   *
   * @param message  any bytes; not kept
   * @param now      ms, never going back
   * @returns        the answer, or null when there is none, which `stats()` explains; never throws
   */
  receive(message: Uint8Array, now: number): DhcpReply | null {
    this.counts.received++;
    const request = decodeDhcp(message);
    if (typeof request === "string") return this.drop(request);

    const reason = this.notOurs(request);
    if (reason) return this.drop(reason);

    const client = clientOf(request);
    const server = addressOption(request, OPTION.SERVER_ID);
    const type = dhcpType(request);
    if (server !== 0 && server !== this.settings.serverAddress) {
      if (type === DHCP_TYPE.REQUEST) this.withdrawOffer(client, now);
      return this.drop("OTHER_SERVER");
    }
    switch (type) {
      case DHCP_TYPE.DISCOVER:
        return this.discover(request, client, now);
      case DHCP_TYPE.REQUEST:
        return this.request(request, client, now);
      case DHCP_TYPE.DECLINE:
        return this.decline(request, client, now);
      case DHCP_TYPE.RELEASE:
        return this.release(request, client, now);
      case DHCP_TYPE.INFORM:
        return this.inform(request, client, now);
      default:
        return this.drop("MESSAGE_TYPE");
    }
  }

  /** Every address that is or was somebody's, in the order they were first given. */
  leases(now: number): DhcpLease[] {
    return Array.from(this.table.all(), (lease) => leaseAt(lease, now)).filter((lease) => lease !== null);
  }

  /**
   * The lease of a card, whatever client ids it used; the one that ends last when there are several. Looks at all
   * leases.
   *
   * @throws LabError DHCP_CONFIG when `mac` is none
   */
  findLease(mac: string, now: number): DhcpLease | null {
    const wanted = toMac("findLease", mac);
    let found: DhcpLease | null = null;
    for (const lease of this.table.all())
      if (lease.client?.mac === wanted && lease.expires >= (found?.expires ?? 0)) found = leaseAt(lease, now);
    return found;
  }

  /**
   * Fixes an address for a card, from now on. Somebody else who has it keeps it until he renews; until then the card
   * gets one of the pool.
   *
   * @throws LabError DHCP_CONFIG
   */
  addFixedLease(mac: string, address: Ipv4): void {
    const before = this.settings.fixed.get(toMac("fixed lease", mac));
    const fixed = addFixed(this.settings, mac, address);
    if (before !== undefined && before !== fixed) this.table.unreserved(before);
    this.table.reserved(fixed);
  }

  /** @throws LabError DHCP_CONFIG when there is no fixed lease for `mac` */
  removeFixedLease(mac: string): void {
    const owner = toMac("fixed lease", mac);
    const address = this.settings.fixed.get(owner);
    if (address === undefined)
      throw new LabError(
        "DHCP_CONFIG",
        `dhcp fixed lease of ${mac}: there is none; ${this.settings.fixed.size} are defined. Was it removed already?`,
      );
    this.settings.fixed.delete(owner);
    this.table.unreserved(address);
  }

  stats(): DhcpStats {
    return copyOfStats(this.counts);
  }

  /** All that has changed since the server was made: leases, fixed leases, counters. */
  save(): DhcpSave {
    const fixed = Array.from(this.settings.fixed, ([mac, address]) => [macText(mac), formatIp(address)]);
    return {
      version: 1,
      fixed: Object.fromEntries(fixed),
      leases: Array.from(this.table.all(), savedLease),
      stats: this.stats(),
    };
  }

  /**
   * Goes on from a saved state, in place of its own. After an error the server is as it was.
   *
   * @param value  what `save()` gave, perhaps of a server with other settings
   * @returns      how many leases do not fit this server's network, pool or capacity, and were left out
   * @throws LabError DHCP_STATE or DHCP_CONFIG
   */
  load(value: unknown): number {
    const save = checkedSave(value);
    const before = new Map(this.settings.fixed);
    try {
      this.settings.fixed.clear();
      for (const [mac, address] of Object.entries(save.fixed)) addFixed(this.settings, mac, address);
      const table = this.emptyTable();
      const leftOut = restoreLeases(table, save.leases);
      this.table = table;
      this.counts = copyOfStats(save.stats);
      return leftOut;
    } catch (error) {
      this.settings.fixed.clear();
      for (const [mac, address] of before) this.settings.fixed.set(mac, address);
      throw error;
    }
  }

  private emptyTable(): LeaseTable {
    const { from, to, capacity, fixed, taken, network, nat } = this.settings;
    return new LeaseTable({
      from,
      to,
      capacity,
      fixed,
      roaming: nat,
      leasable: (address) => !taken.has(address) && (nat ? isHost(network, address) : address >= from && address <= to),
    });
  }

  private notOurs(request: DhcpMessage): DhcpDrop | null {
    if (request.op !== BOOT_REQUEST) return "NOT_A_REQUEST";
    if (!request.options.has(OPTION.MESSAGE_TYPE)) return "BOOTP";
    const { chaddr } = request;
    const isCard = request.htype === 1 && chaddr.length === 6 && (chaddr[0] & 1) === 0 && macOf(chaddr) !== 0;
    if (!isCard) return "HARDWARE";
    if (request.giaddr !== 0) return "RELAYED";
    return null;
  }

  private discover(request: DhcpMessage, client: DhcpClient, now: number): DhcpReply | null {
    if (request.ciaddr !== 0) return this.drop("HAS_ADDRESS");

    const address = this.table.choose(client, addressOption(request, OPTION.REQUESTED_ADDRESS), now);
    if (Number.isNaN(address)) return this.drop("POOL_EXHAUSTED");

    const scope = this.scopeOf(request, client);
    if (request.options.has(OPTION.RAPID_COMMIT)) return this.bind(request, client, address, scope, now);

    const lease = this.table.of(client);
    // A client that lost its memory asks anew: what it has stays its own while it makes up its mind.
    const has = lease?.address === address && lease.state === "bound" && isActive(lease, now);
    if (!has) this.table.hold(address, client, "offered", now + this.settings.offerTime, now);
    return this.answer(request, { type: DHCP_TYPE.OFFER, mac: client.mac, address, scope });
  }

  /** RFC 2131 section 4.3.2, table 4: who names a server selects, who names an address reboots, the rest renews. */
  private request(request: DhcpMessage, client: DhcpClient, now: number): DhcpReply | null {
    const { network, nat, virtualbox } = this.settings;
    const wish = addressOption(request, OPTION.REQUESTED_ADDRESS);
    const selects = request.options.has(OPTION.SERVER_ID);
    const reboots = !selects && wish !== 0;
    const address = wish || request.ciaddr;
    if (address === 0 || (nat && wish !== 0 && request.ciaddr !== 0)) return this.drop("NO_ADDRESS");
    if (request.ciaddr !== 0 && request.ciaddr !== address)
      return this.refuse(request, client, "two different addresses were asked for");
    if (!isHost(network, address)) return this.refuse(request, client, "wrong network");

    const known = this.table.of(client) !== undefined || this.settings.fixed.has(client.mac);
    if (reboots && !known && !nat && !virtualbox) return this.drop("UNKNOWN_CLIENT");
    if (!this.table.grants(client, address, now)) return this.refuse(request, client, "address not available");
    return this.bind(request, client, address, this.scopeOf(request, client), now);
  }

  private decline(request: DhcpMessage, client: DhcpClient, now: number): null {
    if (this.settings.virtualbox) return this.drop("DECLINE_IGNORED");
    const lease = this.table.of(client);
    if (!lease || !isActive(lease, now) || lease.address !== addressOption(request, OPTION.REQUESTED_ADDRESS))
      return this.drop("NOT_HELD");

    this.table.decline(lease, now + this.settings.quarantine);
    this.counts.noted++;
    return null;
  }

  private release(request: DhcpMessage, client: DhcpClient, now: number): null {
    const lease = this.table.of(client);
    if (!lease || !isActive(lease, now) || lease.address !== request.ciaddr) return this.drop("NOT_HELD");

    this.table.change(lease, "released", now);
    this.counts.noted++;
    return null;
  }

  private inform(request: DhcpMessage, client: DhcpClient, now: number): DhcpReply | null {
    const { nat, virtualbox, network } = this.settings;
    if (request.ciaddr === 0) return this.drop("NO_ADDRESS");
    if (!isHost(network, request.ciaddr)) return this.drop("WRONG_NETWORK");
    if (virtualbox && !nat && !request.options.has(OPTION.PARAMETER_LIST)) return this.drop("NOTHING_TO_SAY");

    const lease = this.table.of(client);
    if (nat && !(lease && isActive(lease, now))) return this.drop("UNKNOWN_CLIENT");

    const scope = this.scopeOf(request, client);
    const asked = request.options.get(OPTION.PARAMETER_LIST);
    const something = !asked || asked.some((code) => scope.options.has(code)) || scope.forced.size > 0;
    if (!something) return this.drop("NOTHING_TO_SAY");
    return this.answer(request, { type: DHCP_TYPE.ACK, mac: client.mac, address: 0, scope });
  }

  /** Another server was chosen: the address we kept ready is free again. */
  private withdrawOffer(client: DhcpClient, now: number): void {
    const lease = this.table.of(client);
    if (lease?.state === "offered" && isActive(lease, now)) this.table.change(lease, "offered", now);
  }

  private bind(request: DhcpMessage, client: DhcpClient, address: number, scope: DhcpScope, now: number): DhcpReply {
    const lease = this.table.hold(address, client, "bound", now + leaseTimeOf(request, scope), now);
    const name = request.options.get(OPTION.HOST_NAME);
    if (name)
      lease.hostname = text(name)
        .slice(0, 255)
        .replace(/[^\x20-\x7e]/g, "?");
    const rapid = dhcpType(request) === DHCP_TYPE.DISCOVER;
    return this.answer(request, { type: DHCP_TYPE.ACK, mac: client.mac, address, scope, rapid });
  }

  private refuse(request: DhcpMessage, client: DhcpClient, reason: string): DhcpReply {
    return this.answer(request, { type: DHCP_TYPE.NAK, mac: client.mac, address: 0, scope: null, reason });
  }

  private answer(request: DhcpMessage, answer: Answer): DhcpReply {
    if (answer.type === DHCP_TYPE.OFFER) this.counts.offered++;
    if (answer.type === DHCP_TYPE.ACK) this.counts.acknowledged++;
    if (answer.type === DHCP_TYPE.NAK) this.counts.refused++;
    return this.replies.write(request, answer);
  }

  /** Groups are worked out for each message, and only where there are any; without them a scope is a look-up. */
  private scopeOf(request: DhcpMessage, client: DhcpClient): DhcpScope {
    const { groups, clients, clientConfigs, scope } = this.settings;
    if (groups.length === 0) return clients.get(client.mac) ?? scope;

    const traits = {
      mac: macText(client.mac),
      vendor: text(request.options.get(OPTION.VENDOR_CLASS) ?? new Uint8Array(0)),
      user: text(request.options.get(OPTION.USER_CLASS) ?? new Uint8Array(0)),
    };
    const wide = groups.filter((group) => belongs(group, traits)).reduceRight(narrowed, scope);
    const own = clientConfigs.get(client.mac);
    return own ? narrowed(wide, own) : wide;
  }

  private drop(reason: DhcpDrop): null {
    this.counts.dropped[reason]++;
    return null;
  }
}

function clientOf(request: DhcpMessage): DhcpClient {
  const mac = macOf(request.chaddr);
  const id = request.options.get(OPTION.CLIENT_ID);
  if (!id) return { key: mac, mac };

  const key = String.fromCharCode.apply(null, id as unknown as number[]);
  return { key, mac };
}

function macOf(chaddr: Uint8Array): number {
  const low = ((chaddr[2] << 24) | (chaddr[3] << 16) | (chaddr[4] << 8) | chaddr[5]) >>> 0;
  return ((chaddr[0] << 8) | chaddr[1]) * 2 ** 32 + low;
}
