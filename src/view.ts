import { contains } from "./address";
import type { Subnet } from "./address";
import type { Core, Segment } from "./core";
import type { Zone } from "./services/dns";

/** A machine as others see it. */
interface Placed {
  readonly name: string;
  readonly legs: readonly { readonly segment: Segment | null; readonly subnet: Subnet | null }[];
}

/**
 * What names mean to one asker: the machines of the lab that it can reach, by the addresses it reaches them with.
 *
 * The way is followed as packets take it, without asking each route: on its own networks, then out through the NAT of a network to
 * its host's, and through routers, but into no NAT from outside. A machine that is on several of them has several addresses.
 */
export class View implements Zone {
  /** Broadcast domains it reaches, nearest first. */
  private readonly domains: number[];
  /** Its own: an address that is in one of them by number, and not on it, is somebody else's there. */
  private readonly own: { domain: number; subnet: Subnet }[];

  /**
   * @param domain   broadcast domain that the question came from
   * @param address  who asks, host order
   */
  constructor(private readonly core: Core, domain: number, address: number) {
    const asker = this.owner(domain, address);
    const places = asker ? asker.legs.flatMap(({ segment, subnet }) => (segment ? [{ domain: segment.domain, subnet }] : [])) : [];
    const first = places.filter((place) => place.domain === domain);
    const ordered = [...first, ...places.filter((place) => place.domain !== domain)];
    this.own = ordered.flatMap(({ domain, subnet }) => (subnet ? [{ domain, subnet }] : []));
    this.domains = this.reached([domain, ...ordered.map((place) => place.domain)]);
  }

  addresses(name: string): number[] | null {
    const found = this.placesOf(this.machine(name));
    return found.length === 0 ? null : found;
  }

  names(address: number): string[] {
    const found = this.machines().filter((machine) => this.placesOf(machine).includes(address));
    return found.map(({ name }) => name);
  }

  /** Names differ by more than case (RFC 1035 §2.3.3), unless there is a machine of that very name. */
  private machine(name: string): Placed | undefined {
    const exact = this.core.machines.get(name) as Placed | undefined;
    return exact ?? this.machines().find((machine) => machine.name.toLowerCase() === name.toLowerCase());
  }

  private machines(): Placed[] { return [...this.core.machines.values()] as Placed[]; }

  private placesOf(machine: Placed | undefined): number[] {
    const places = (machine?.legs ?? []).flatMap(({ segment, subnet }) => {
      const rank = segment ? this.domains.indexOf(segment.domain) : -1;
      return rank >= 0 && subnet && !this.isHidden(segment!.domain, subnet.address) ? [{ rank, address: subnet.address }] : [];
    });
    return places.sort((a, b) => a.rank - b.rank).map(({ address }) => address);
  }

  private isHidden(domain: number, address: number): boolean {
    return !this.own.some((place) => place.domain === domain)
      && this.own.some(({ subnet }) => contains(subnet, address));
  }

  private owner(domain: number, address: number): Placed | undefined {
    return this.machines().find(({ legs }) =>
      legs.some(({ segment, subnet }) => segment?.domain === domain && subnet?.address === address));
  }

  /** Breadth first. */
  private reached(start: number[]): number[] {
    const found = new Set(start);
    for (const domain of found) for (const next of this.next(domain)) found.add(next);
    return [...found];
  }

  private next(domain: number): number[] {
    const { segments, nodes, state } = this.core;
    const host = nodes.get(segments.get(domain)?.outsideNode ?? 0) as Placed | undefined;
    const beyond = (host?.legs ?? []).flatMap(({ segment }) => (segment ? [segment.domain] : []));
    for (const { legs, nat } of state.routers) {
      const at = (network: number): number | undefined => segments.get(network)?.domain;
      const near = legs.filter((leg) => at(leg.network) === domain);
      if (!near.some((leg) => leg.interface !== nat?.outside.interface)) continue;
      for (const leg of legs) beyond.push(at(leg.network) ?? domain);
    }
    return beyond;
  }

}
