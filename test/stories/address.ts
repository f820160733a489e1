/** Who gets which address, and for how long. */
import { expect } from "vitest";
import type { Lab } from "../../src/index";
import { story } from "../story";
import { behindNat } from "./settings";

const alice = (lab: Lab) => lab.machine("alice")!.legs[0]!;
const removeRouter = (name: string) => ({ lab }: { lab: Lab }): void => lab.routers.find((router) => router.name === name)!.remove();

/** A LAN whose only DHCP servers are the routers named: `first` leases 10.1.0.x, `second` 10.2.0.x. */
function addRouter(lab: Lab, name: "first" | "second", network: "10.1.0" | "10.2.0", from = 100): void {
  const pool = { from: `${network}.${from}`, to: `${network}.${from + 20}` };
  lab.router(name, {
    legs: [{ network: lab.lan("street"), address: `${network}.1/24` }],
    dhcp: { leg: 0, pool, leaseTime: { min: 600_000, default: 600_000, max: 600_000 } },
  });
}

export const addressStories = [
  story("a guest gets its address, router and lease from the network's DHCP server", behindNat())`
    then alice has the first of the pool ${({ lab }) => {
      expect(alice(lab).addresses).toEqual(["10.0.2.4"]);
      expect(alice(lab).gateway).toBe("10.0.2.1");
      expect(alice(lab).lease).toMatchObject({ server: "10.0.2.3" });
    }}
    then the server knows it ${({ lab }) =>
      expect(lab.hosts[0]!.network("office")!.leases().filter(({ state }) => state === "bound")).toHaveLength(2)}
  `,
  story("a lease is renewed when half of it is over, with its server alone", behindNat())`
    then it has ten minutes ${({ lab }) => {
      expect(alice(lab).lease!.until - lab.now).toBeGreaterThan(595_000);
      expect(alice(lab).lease!.until - lab.now).toBeLessThan(600_000);
    }}
    wait 290 s
    then it is still the first ${({ lab }) => expect(alice(lab).lease!.until - lab.now).toBeLessThan(310_000)}
    wait 15 s
    then it was renewed ${({ lab }) => expect(alice(lab).lease!.until - lab.now).toBeGreaterThan(580_000)}
    wait 2 h
    then alice has the same address ${({ lab }) => expect(alice(lab).addresses).toEqual(["10.0.2.4"])}
    alice pings bob : from bob ttl 64
  `,
  story("an address goes when its lease is over and no server answers", {
    build(lab) {
      lab.lan("street", { network: "10.1.0.0/24", router: false });
      addRouter(lab, "first", "10.1.0");
      lab.host("alice", lab.lan("street"));
    },
  })`
    then she has one ${({ lab }) => expect(alice(lab).addresses).toEqual(["10.1.0.100"])}
    the router goes ${removeRouter("first")}
    wait 590 s
    then she still has it ${({ lab }) => expect(alice(lab).addresses).toEqual(["10.1.0.100"])}
    wait 12 s
    then it is gone ${({ lab }) => expect(alice(lab).addresses).toEqual([])}
  `,
  story("a server that says no makes a guest ask for another address", {
    build(lab) {
      lab.lan("street", { network: "10.0.0.0/8", router: false });
      addRouter(lab, "first", "10.1.0");
      lab.host("alice", lab.lan("street"));
    },
  })`
    then she has one of the first router's ${({ lab }) => expect(alice(lab).addresses).toEqual(["10.1.0.100"])}
    it goes ${removeRouter("first")}
    another comes ${({ lab }) => addRouter(lab, "second", "10.2.0")}
    wait 605 s
    then she has one of the second router's ${({ lab }) => expect(alice(lab).addresses).toEqual(["10.2.0.100"])}
  `,
  story("of two servers one is chosen and the other takes its offer back", {
    build(lab) {
      lab.lan("street", { network: "10.1.0.0/24", router: false });
      addRouter(lab, "first", "10.1.0", 100);
      lab.router("second", {
        legs: [{ network: lab.lan("street"), address: "10.1.0.2/24" }],
        dhcp: { leg: 0, pool: { from: "10.1.0.200", to: "10.1.0.220" } },
      });
      lab.host("alice", lab.lan("street"));
    },
  })`
    then one lease is bound in all ${({ lab }) => {
      const leases = lab.routers.flatMap((router) => router.leases());
      expect(leases.filter(({ state }) => state === "bound").map(({ address }) => address)).toEqual(alice(lab).addresses);
      expect(leases.filter(({ state }) => state === "offered")).toEqual([]);
    }}
  `,
  story("who comes back gets the address it had", behindNat())`
    alice leaves ${({ lab }) => alice(lab).leave()}
    carol comes ${({ lab }) => { lab.hosts[0]!.vm("carol", lab.hosts[0]!.network("office")!); }}
    wait 5 s
    then carol has the next one ${({ lab }) => expect(lab.machine("carol")!.addresses).toEqual(["10.0.2.6"])}
    alice comes back ${({ lab }) => lab.vms.find((vm) => vm.name === "alice")!.adapters[0]!.attach(lab.hosts[0]!.network("office")!)}
    wait 5 s
    then alice has hers ${({ lab }) => expect(alice(lab).addresses).toEqual(["10.0.2.4"])}
  `,
];
