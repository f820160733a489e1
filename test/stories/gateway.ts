import { expect } from "vitest";
import { story } from "../story";
import { behindNat, webBehindNat } from "./settings";

export const gatewayStories = [
  story("the gateway of a NAT network answers pings", behindNat())`
    alice pings 10.0.2.1 : from 10.0.2.1 ttl 64
    alice pings bob      : from bob ttl 64
    alice pings server   : from server ttl 63
  `,
  story("a packet whose time to live ends at the gateway comes back as an error", behindNat())`
    alice pings server ttl 1 : TTL_EXPIRED
    alice pings server ttl 2 : from server ttl 63
    then one was dropped ${({ lab }) => expect(lab.stats().drops.TTL_EXPIRED).toBe(1)}
  `,
  story("an error of a router beyond the NAT finds its way back in", behindNat())`
    alice pings 203.0.113.77 ttl 2 : TTL_EXPIRED
  `,
  story("time to live is not counted towards the gateway itself", behindNat())`
    alice pings 10.0.2.1 ttl 1 : from 10.0.2.1 ttl 64
  `,
  story("a gateway without a way to the destination says so", {
    build(lab) {
      const laptop = lab.host("laptop", []);
      laptop.vm("alice", laptop.natNetwork("office"));
    },
  })`
    alice pings 198.51.100.7 : UNREACHABLE
    then the packet is accounted for ${({ lab }) => expect(lab.stats().drops.NO_ROUTE).toBe(1)}
  `,
  story("a machine on the LAN that is not there is unreachable through the NAT too", behindNat())`
    alice pings 192.168.1.77 : UNREACHABLE
  `,
  story("nobody else is on the network of a NAT", {
    ...webBehindNat(),
    build(lab) {
      webBehindNat().build(lab);
      lab.machine("web")!.legs[0]!.neighbor("10.0.2.77", "52:54:00:12:35:02");
    },
  })`
    web pings 10.0.2.78 : UNREACHABLE
    web pings 10.0.2.77 : TIMEOUT
    then it was dropped without a word ${({ lab }) => expect(lab.stats().drops.NAT_INSIDE).toBe(1)}
  `,
  story("a datagram for a closed port comes back as an error, through the NAT too", behindNat())`
    alice:5000 -> server:53 udp : nobody, dropped UDP_CLOSED
    then alice was told ${({ errors }) => expect(errors).toEqual(["alice:5000 REFUSED"])}
    bob:6000 -> alice:53 udp    : nobody, dropped UDP_CLOSED
    then bob was told ${({ errors }) => expect(errors).toEqual(["alice:5000 REFUSED", "bob:6000 REFUSED"])}
    laptop:7000 -> server:53 udp : nobody, dropped UDP_CLOSED
    then the host was told of its own ${({ errors }) => expect(errors.at(-1)).toBe("laptop:7000 REFUSED")}
    alice:5000 -> server:53 udp : nobody, dropped UDP_CLOSED
    then the error ended nothing ${({ lab }) => expect(lab.hosts[0]!.network("office")!.mappings()).toHaveLength(1)}
  `,
  story("a datagram for a machine that is not there comes back as an error to who sent it, and to nobody else", behindNat())`
    alice:5000 -> 192.168.1.77:53 udp  : nobody
    laptop:7000 -> 192.168.1.77:53 udp : nobody
    wait 4 s
    then both were told of their own ${({ errors }) => expect([...errors].sort()).toEqual(["alice:5000 UNREACHABLE", "laptop:7000 UNREACHABLE"])}
  `,
  story("a machine that is no router forwards nothing", {
    build(lab) {
      const laptop = lab.host("laptop", []);
      const attach = laptop.internal("office");
      laptop.vm("alice", { attach, address: "10.9.0.1/24", gateway: "10.9.0.2" });
      laptop.vm("bob", [{ attach, address: "10.9.0.2/24" }, { attach: laptop.internal("back"), address: "10.8.0.2/24" }]);
      laptop.vm("carol", { attach: laptop.internal("back"), address: "10.8.0.3/24", gateway: "10.8.0.2" });
    },
  })`
    alice pings 10.8.0.3 : TIMEOUT
    then bob dropped it ${({ lab }) => expect(lab.stats().drops.NOT_FORWARDING).toBe(1)}
    alice pings 10.8.0.2 : from 10.8.0.2 ttl 64
  `,
  story("a router forwards between its networks, one hop each way", {
    build(lab) {
      const laptop = lab.host("laptop", []);
      const [front, back] = [laptop.internal("front"), laptop.internal("back")];
      lab.router("gate", { legs: [{ network: front, address: "10.9.0.1/24" }, { network: back, address: "10.8.0.1/24" }] });
      laptop.vm("alice", { attach: front, address: "10.9.0.2/24", gateway: "10.9.0.1" });
      laptop.vm("carol", { attach: back, address: "10.8.0.2/24", gateway: "10.8.0.1" });
    },
  })`
    alice pings carol           : from carol ttl 63
    alice pings carol ttl 1     : TTL_EXPIRED
    alice pings 10.8.0.77       : UNREACHABLE
    alice pings 10.7.0.1        : UNREACHABLE
    alice:5000 -> carol:7 udp   : carol hears alice:5000
    carol:7 -> alice:5000 udp   : alice hears carol:7
  `,
];
