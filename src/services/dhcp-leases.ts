/**
 * The addresses of one DHCP server and who has them.
 *
 *   Lease per address ever given, at most `capacity` and the fixed ones; found by address and by client.
 *   A heap orders them by when they can be given to somebody else: released before lapsed, oldest first.
 *   Addresses never given lie above a cursor, which only moves up.
 *
 * A lease that has ended stays, so that its client gets the same address again, until the address is needed. Every
 * operation is O(log leases); the cursor's walk is paid once per address.
 */

/** How a client is told apart: the bytes of its client id as Latin-1 text, else its MAC as a number (RFC 2131 section 4.2). */
export type ClientKey = string | number;

export interface DhcpClient {
  key: ClientKey;
  mac: number;
}

export type LeaseState = "offered" | "bound" | "released" | "declined";

/** One address. Times are ms of the caller's clock. */
export interface Lease {
  readonly address: number;
  state: LeaseState;
  /** When an offer lapses, a lease ends or a quarantine is over; for a released one, when that was. */
  expires: number;
  /** Null when nobody may claim it as his own any more. */
  client: DhcpClient | null;
  hostname: string;
  /** Place in the heap. */
  slot: number;
}

/** What the table has to know about the network. */
export interface LeaseRules {
  from: number;
  to: number;
  capacity: number;
  /** MAC to fixed address; the table is told of changes by `reserved` and `unreserved`. */
  fixed: ReadonlyMap<number, number>;
  /** Whether `address` may be leased to anybody; fixed leases aside. */
  leasable(address: number): boolean;
  /** Whether a client may have another address than the one it had before. */
  roaming: boolean;
}

/** Released leases sort before all others, and among themselves by when they were released. */
const RELEASED_FIRST = 2 ** 51;

export class LeaseTable {
  private readonly byAddress = new Map<number, Lease>();
  private readonly byClient = new Map<ClientKey, Lease>();
  private readonly heap: Lease[] = [];
  private readonly fixedAddresses: Set<number>;
  private cursor: number;

  constructor(private readonly rules: LeaseRules) {
    this.cursor = rules.from;
    this.fixedAddresses = new Set(rules.fixed.values());
  }

  /** In the order the addresses were first given. */
  all(): IterableIterator<Lease> {
    return this.byAddress.values();
  }

  /** What `client` has, had last, or is offered. */
  of(client: DhcpClient): Lease | undefined {
    return this.byClient.get(client.key);
  }

  /**
   * The address for `client`: its fixed one, else the one it had, else its wish, else one never given, else the one
   * that has been free longest. Changes nothing; NaN when nothing is left.
   *
   * @param wish  an address the client asked for, 0 for none
   */
  choose(client: DhcpClient, wish: number, now: number): number {
    const own = this.ownAddress(client, now);
    if (own !== undefined) return own;
    if (wish >= this.rules.from && wish <= this.rules.to && this.isFree(wish, client, now)) return wish;
    return this.anyFree(now);
  }

  /** Whether `client` may have exactly `address`. */
  grants(client: DhcpClient, address: number, now: number): boolean {
    const own = this.ownAddress(client, now);
    if (own === address) return true;
    if (own !== undefined && (!this.rules.roaming || this.rules.fixed.has(client.mac))) return false;
    return this.isFree(address, client, now);
  }

  /** Gives `address`, which `choose` or `grants` approved, to `client`. What else the client had is given back. */
  hold(address: number, client: DhcpClient, state: "offered" | "bound", expires: number, now: number): Lease {
    const before = this.byClient.get(client.key);
    if (before && before.address !== address) this.abandon(before, now);

    const lease = this.byAddress.get(address) ?? this.create(address, state, expires);
    if (lease.client && lease.client.key !== client.key) {
      this.byClient.delete(lease.client.key);
      lease.hostname = "";
    }
    lease.client = client;
    this.byClient.set(client.key, lease);
    this.change(lease, state, expires);
    return lease;
  }

  /** Moves `lease` to another state; it keeps its client. */
  change(lease: Lease, state: LeaseState, expires: number): void {
    lease.state = state;
    lease.expires = expires;
    this.settle(lease);
  }

  /** Takes the address away from its client until `until`. */
  decline(lease: Lease, until: number): void {
    this.forget(lease);
    this.change(lease, "declined", until);
  }

  /** A fixed lease for `address` was added: only its owner gets it from now on. */
  reserved(address: number): void {
    this.fixedAddresses.add(address);
  }

  /** A fixed lease for `address` was removed: it is the pool's again when it lies there. */
  unreserved(address: number): void {
    this.fixedAddresses.delete(address);
    // The walk back up over addresses in use is paid once per removal.
    if (address >= this.rules.from) this.cursor = Math.min(this.cursor, address);
  }

  /** Puts a saved lease back. False when its address is not leasable any more, is there already, or has no room. */
  restore(address: number, state: LeaseState, expires: number, client: DhcpClient | null, hostname: string): boolean {
    const usable = this.fixedAddresses.has(address) || (this.rules.leasable(address) && this.hasRoom());
    if (!usable || this.byAddress.has(address) || (client && this.byClient.has(client.key))) return false;
    const lease = this.create(address, state, expires);
    lease.client = client;
    lease.hostname = hostname;
    if (client) this.byClient.set(client.key, lease);
    return true;
  }

  /** The address that is the client's by right, when it can have it; undefined when there is none. */
  private ownAddress(client: DhcpClient, now: number): number | undefined {
    const fixed = this.rules.fixed.get(client.mac);
    if (fixed !== undefined && this.isFree(fixed, client, now)) return fixed;

    const own = this.byClient.get(client.key);
    return own && this.isFree(own.address, client, now) ? own.address : undefined;
  }

  /** Whether `client` could be given `address`: leasable, nobody else's, and there is room to remember it. */
  private isFree(address: number, client: DhcpClient, now: number): boolean {
    const mine = this.rules.fixed.get(client.mac) === address;
    if (!mine && (this.fixedAddresses.has(address) || !this.rules.leasable(address))) return false;

    const lease = this.byAddress.get(address);
    if (!lease) return mine || this.hasRoom();
    if (lease.state === "declined") return lease.expires <= now;
    // One machine, two client ids: its boot loader and its system. A fixed lease is the machine's.
    if (mine && lease.client?.mac === client.mac) return true;
    return lease.client?.key === client.key || !isActive(lease, now);
  }

  private anyFree(now: number): number {
    for (;;) {
      if (this.hasRoom() && this.advance()) return this.cursor;

      const oldest = this.heap[0];
      if (!oldest || order(oldest) > now) return NaN;
      if (this.isPooled(oldest.address)) return oldest.address;
      this.remove(oldest);
    }
  }

  /** Moves the cursor up to an address of the pool that was never given; false when there is none left. */
  private advance(): boolean {
    while (this.cursor <= this.rules.to) {
      if (!this.byAddress.has(this.cursor) && this.isPooled(this.cursor)) return true;
      this.cursor++;
    }
    return false;
  }

  private isPooled(address: number): boolean {
    const { from, to } = this.rules;
    return address >= from && address <= to && this.rules.leasable(address) && !this.fixedAddresses.has(address);
  }

  private hasRoom(): boolean {
    return this.byAddress.size < this.rules.capacity;
  }

  private create(address: number, state: LeaseState, expires: number): Lease {
    const lease: Lease = { address, state, expires, client: null, hostname: "", slot: this.heap.length };
    this.byAddress.set(address, lease);
    this.heap.push(lease);
    this.settle(lease);
    return lease;
  }

  /** The client went elsewhere: the address is free, and no longer its own. */
  private abandon(lease: Lease, now: number): void {
    this.forget(lease);
    this.change(lease, "released", now);
  }

  private forget(lease: Lease): void {
    if (lease.client) this.byClient.delete(lease.client.key);
    lease.client = null;
    lease.hostname = "";
  }

  private remove(lease: Lease): void {
    this.forget(lease);
    this.byAddress.delete(lease.address);
    const last = this.heap.pop()!;
    if (last === lease) return;
    this.place(last, lease.slot);
    this.settle(last);
  }

  /** Restores the heap's order around `lease` after its deadline has changed. */
  private settle(lease: Lease): void {
    const { heap } = this;
    let slot = lease.slot;
    while (slot > 0 && sooner(lease, heap[(slot - 1) >> 1])) {
      this.place(heap[(slot - 1) >> 1], slot);
      slot = (slot - 1) >> 1;
    }
    for (let child = 2 * slot + 1; child < heap.length; child = 2 * slot + 1) {
      if (child + 1 < heap.length && sooner(heap[child + 1], heap[child])) child++;
      if (!sooner(heap[child], lease)) break;
      this.place(heap[child], slot);
      slot = child;
    }
    this.place(lease, slot);
  }

  private place(lease: Lease, slot: number): void {
    this.heap[slot] = lease;
    lease.slot = slot;
  }
}

/** Whether somebody has the address or is offered it at `now`. */
export function isActive(lease: Lease, now: number): boolean {
  return lease.state !== "released" && lease.expires > now;
}

/** When the address can be given to somebody else; not after `now` means at once. */
function order(lease: Lease): number {
  return lease.state === "released" ? lease.expires - RELEASED_FIRST : lease.expires;
}

/** Equal times are told apart by address, so that the order never depends on how the heap was built. */
function sooner(a: Lease, b: Lease): boolean {
  const difference = order(a) - order(b);
  return difference < 0 || (difference === 0 && a.address < b.address);
}
