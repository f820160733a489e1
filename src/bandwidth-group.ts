import type { Core } from "./core";
import { LabError } from "./errors";
import { checkOptions } from "./options";
import { Printed } from "./printed";
import { parseLimit } from "./rate";
import type { BandwidthGroupState } from "./state";

export interface BandwidthGroupOptions {
  /**
   * What its cards send together: `"20m"` (k, m, g: bits; K, M, G: bytes per second), a bare number is megabytes. 0 (default): no
   * limit.
   */
  limit?: string | number;
  /** The same for what they are sent. VirtualBox does not limit that. Default 0. */
  receiveLimit?: string | number;
}

/** The host as its groups see it. */
export interface BandwidthGroupOwner {
  readonly name: string;
  /** Takes all cards out of the group, and forgets it. */
  forgetGroup(group: BandwidthGroup): void;
}

/**
 * A bandwidth group: a limit that several cards share, as `VBoxManage bandwidthctl` has it.
 *
 * A bucket holds max(65536 bytes, what the limit lets through in 100 ms), and begins full. A frame takes its bytes out of it (header and
 * payload, no FCS). Where too few are left it waits for the next whole 100 ms of the lab's clock; nothing is dropped but
 * what finds no place in the queue of its wire. Both directions have a bucket of their own.
 */
export class BandwidthGroup extends Printed {
  /** @throws LabError OPTION, FULL */
  static create(core: Core, name: string, options: BandwidthGroupOptions, thing: string): BandwidthGroupState {
    checkOptions(options, { limit: true, receiveLimit: true }, thing);
    const { limit = 0, receiveLimit = 0 } = options;
    const limits = [parseLimit(limit, `${thing}: limit`), parseLimit(receiveLimit, `${thing}: receiveLimit`)];
    const { call } = core.enter();
    const send = core.check(call.bucketAdd(), "bandwidth group");
    const receive = call.bucketAdd();
    if (receive < 0) call.bucketRemove(send);
    core.check(receive, "bandwidth group");
    call.bucketSet(send, limits[0]!);
    call.bucketSet(receive, limits[1]!);
    return { name, send, receive, limit, receiveLimit };
  }

  private removed = false;

  /** The group of a record, new or from a snapshot. */
  constructor(
    private readonly core: Core, private readonly state: BandwidthGroupState, private readonly owner: BandwidthGroupOwner,
  ) {
    super();
  }

  get name(): string { return this.state.name; }

  /** What its cards may send together; changes at once, and what waits tries again at the next tick. */
  get limit(): string | number { return this.state.limit; }

  set limit(limit: string | number) {
    this.change(this.state.send, limit, "limit");
    this.state.limit = limit;
  }

  /** What its cards may be sent together. */
  get receiveLimit(): string | number { return this.state.receiveLimit; }

  set receiveLimit(limit: string | number) {
    this.change(this.state.receive, limit, "receiveLimit");
    this.state.receiveLimit = limit;
  }

  /** The engine's buckets, by direction. */
  get buckets(): [number, number] { return [this.state.send, this.state.receive]; }

  /** Takes it away; its cards are then in no group. */
  remove(): void {
    if (this.removed) return;
    const { call } = this.core.enter();
    this.owner.forgetGroup(this);
    this.removed = true;
    for (const bucket of this.buckets) call.bucketRemove(bucket);
  }

  get isRemoved(): boolean { return this.removed; }

  override toString(): string { return `bandwidth group ${this.name}`; }

  override toJSON(): object {
    const { name, limit, receiveLimit } = this;
    return { name, limit, receiveLimit };
  }

  private change(bucket: number, limit: string | number, what: string): void {
    const thing = `${this.owner.name}: bandwidth group ${this.name}`;
    const bytes = parseLimit(limit, `${thing}: ${what}`);
    if (this.removed) throw new LabError("REMOVED", `${thing} was removed; make another of that name`);
    this.core.enter().call.bucketSet(bucket, bytes);
  }
}
