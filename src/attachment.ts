import type { Core } from "./core";
import { LabError } from "./errors";
import { Network } from "./network";
import type { NetworkState } from "./state";
import { wire } from "./wiring";
import type { NetworkOptions } from "./wiring";

/** What the adapter tells the attachment it is plugged into. */
export interface AdapterPlace {
  /** `"web/1"` */
  label: string;
  /** 0 for the first card. */
  slot: number;
  /** Records of the networks that belong to the VM's own adapters. */
  networks: NetworkState[];
}

/**
 * NAT mode: a network of its own for one adapter, made when the adapter is plugged in.
 *
 * @example laptop.vm("web", laptop.nat({ forward: ["http,tcp,,8080,,80"] }))
 */
export class NatAttachment {
  readonly kind = "nat";
  private made: Network | null = null;

  constructor(private readonly core: Core, readonly hostNode: number, private readonly options: NetworkOptions) {}

  /** The adapter's network; null while no adapter uses this. */
  get network(): Network | null { return this.made?.isRemoved ? null : this.made; }

  /** @throws LabError NAT_IN_USE */
  checkFree(label: string): void {
    if (!this.network) return;
    throw new LabError("NAT_IN_USE",
      `${label}: this NAT already serves ${this.network.name}, and a NAT serves one adapter; call nat() once for each, or ` +
      "use natNetwork() to share");
  }

  /** Makes the network; see `wire` for what can be wrong with the options. */
  join({ label, slot, networks }: AdapterPlace): Network {
    this.checkFree(label);
    this.made = wire(this.core, {
      mode: "nat", name: label, label: `${label}/nat`, count: slot, hostNode: this.hostNode, options: this.options,
    }, networks);
    return this.made;
  }
}

/** A card without a network: no carrier. */
export class NotAttached {
  readonly kind = "notAttached";
}

/** What an adapter can be plugged into: what `host.nat()`, `.natNetwork()`, `.bridged()` … return. */
export type Attachment = Network | NatAttachment | NotAttached;
