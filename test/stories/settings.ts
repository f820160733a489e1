/** Places that stories happen in. */
import type { Lab, NetworkOptions, Promiscuous } from "../../src/index";
import type { Setting } from "../story";

export const MAC = {
  alice: "02:00:00:00:00:0a",
  bob: "02:00:00:00:00:0b",
  carol: "02:00:00:00:00:0c",
  server: "02:00:00:00:00:05",
  other: "02:00:00:00:00:06",
};

const NATNETWORK_GATEWAY = "52:54:00:12:35:00";
const laptopMac = (lab: Lab): string => lab.machine("laptop")!.mac!;

/** Alice, bob and carol, external guests on one switch and nothing else. */
export function threeOnASwitch(kind: "learning" | "virtualbox" = "learning", carol: Promiscuous = "deny"): Setting {
  return {
    boot: 10,
    build(lab) {
      const laptop = lab.host("laptop", []);
      const attach = laptop.internal("office", { switch: kind });
      laptop.vm("alice", { attach, mac: MAC.alice, guest: "external" });
      laptop.vm("bob", { attach, mac: MAC.bob, guest: "external" });
      laptop.vm("carol", { attach, mac: MAC.carol, guest: "external", promiscuous: carol });
    },
  };
}

/** Alice has a station of her own, 10.9.0.1; bob is an external guest, 10.9.0.2, and carol just listens. */
export function aliceAndGuests(bob: { arp: boolean } = { arp: true }): Setting {
  return {
    boot: 10,
    build(lab) {
      const laptop = lab.host("laptop", []);
      const attach = laptop.internal("office");
      laptop.vm("alice", { attach, address: "10.9.0.1/24" });
      laptop.vm("bob", { attach, mac: MAC.bob, guest: "external" });
      laptop.vm("carol", { attach, mac: MAC.carol, guest: "external" });
    },
    guests: { bob: { ip: "10.9.0.2", ...bob } },
  };
}

/** Alice and bob on a NAT network of the laptop; server and other are machines on its LAN. `nat` is the laptop. */
export function behindNat(options: NetworkOptions = {}): Setting {
  return {
    build(lab) {
      const laptop = lab.host("laptop");
      lab.host("server");
      lab.host("other");
      const office = laptop.natNetwork("office", options);
      laptop.vm("alice", office);
      laptop.vm("bob", office);
    },
    names: (lab) => ({ nat: lab.machine("laptop")!.address }),
  };
}

/** The same with external guests that say what they are told: alice 10.0.2.50, bob 10.0.2.51, server 192.168.1.50. */
export function guestsBehindNat(options: NetworkOptions = {}): Setting {
  return {
    build(lab) {
      const laptop = lab.host("laptop");
      const office = laptop.natNetwork("office", options);
      laptop.vm("alice", { attach: office, mac: MAC.alice, guest: "external" });
      laptop.vm("bob", { attach: office, mac: MAC.bob, guest: "external" });
      const desk = lab.host("desk");
      desk.vm("server", { attach: desk.bridged(), mac: MAC.server, guest: "external" });
    },
    guests: {
      alice: { ip: "10.0.2.50", via: NATNETWORK_GATEWAY },
      bob: { ip: "10.0.2.51", via: NATNETWORK_GATEWAY },
      server: { ip: "192.168.1.50", via: laptopMac },
    },
    names: (lab) => ({ nat: lab.machine("laptop")!.address }),
  };
}

/** Web is alone behind a NAT of its own; server is a machine on the LAN. `nat` is the laptop. */
export function webBehindNat(options: NetworkOptions = {}): Setting {
  return {
    build(lab) {
      const laptop = lab.host("laptop");
      lab.host("server");
      laptop.vm("web", laptop.nat(options));
    },
    names: (lab) => ({ nat: lab.machine("laptop")!.address }),
  };
}
