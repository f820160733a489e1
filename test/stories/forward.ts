import { expect } from "vitest";
import type { Lab } from "../../src/index";
import { story } from "../story";
import { behindNat, webBehindNat } from "./settings";

const officeOf = (lab: Lab) => lab.hosts[0]!.network("office")!;

export const forwardStories = [
  story("a forward lets the LAN in, and answers go out", webBehindNat({ forward: ["dns,udp,,5353,,53"] }))`
    server:9000 -> nat:5353 udp : web:53 hears server:9000
    web:53 -> server:9000   udp : server hears nat:5353
    server:9000 -> nat:5354 udp : nobody, dropped UDP_CLOSED
  `,
  story("a forward without a guest's address is for the guest that has one", webBehindNat({ forward: ["dns,udp,,5353,10.0.2.15,53"] }))`
    server:9000 -> nat:5353 udp : web:53
  `,
  story("a forward for a guest that nobody knows yet is not lost without a word", {
    boot: 3000,
    build(lab) {
      const laptop = lab.host("laptop");
      lab.host("server");
      laptop.vm("web", { attach: laptop.natNetwork("office", { forward: ["dns,udp,,5353,,53"], dhcp: false }) });
    },
    names: (lab) => ({ nat: lab.machine("laptop")!.address }),
  })`
    server:9000 -> nat:5353 udp : nobody, dropped NAT_NO_GUEST
  `,
  story("of two forwards of one port the more specific address wins", {
    build(lab) {
      const laptop = lab.host("laptop");
      lab.host("server");
      const office = laptop.natNetwork("office");
      laptop.vm("alice", { attach: office, address: "10.0.2.50/24" });
      laptop.vm("bob", { attach: office, address: "10.0.2.51/24" });
      laptop.vm("eve", laptop.hostOnly());
      office.forward("any:udp:[]:8080:[10.0.2.50]:80");
      office.forward("one:udp:[192.168.56.1]:8080:[10.0.2.51]:80");
    },
    names: (lab) => ({ nat: lab.machine("laptop")!.legs[0]!.address }),
  })`
    server:9000 -> nat:8080 udp       : alice:80 hears server:9000
    eve:9000 -> 192.168.56.1:8080 udp : bob:80 hears eve:9000
  `,
  story("a forward of a port that somebody has fails, says why, and harms nobody", behindNat({
    forward: ["one:udp:[]:8080:[10.0.2.4]:80"],
  }))`
    another NAT wants it too ${({ lab }) => {
      lab.hosts[0]!.natNetwork("lab", { network: "10.0.3.0/24", forward: ["two:udp:[]:8080:[10.0.3.4]:80"] });
    }}
    then its forward failed ${({ lab }) => {
      const [forward] = lab.hosts[0]!.network("lab")!.forwards;
      expect([forward!.state, forward!.reason]).toEqual(["failed", expect.stringContaining("8080")]);
    }}
    server:9000 -> nat:8080 udp : alice:80
    the host opens a socket ${(world) => world.open("laptop", 7070)}
    a forward wants its port ${({ lab }) => { officeOf(lab).forward("three:udp:[]:7070:[10.0.2.5]:80"); }}
    then it failed too ${({ lab }) => expect(officeOf(lab).forwards.map(({ state }) => state)).toEqual(["active", "failed"])}
    server:9000 -> nat:7070 udp : laptop:7070
  `,
  story("a forward can be added and removed while traffic flows", behindNat())`
    server:9000 -> nat:8080 udp : nobody, dropped UDP_CLOSED
    it is added ${({ lab }) => { officeOf(lab).forward("web:udp:[]:8080:[10.0.2.5]:80"); }}
    server:9000 -> nat:8080 udp : bob:80 hears server:9000
    it is removed ${({ lab }) => officeOf(lab).forwards[0]!.remove()}
    server:9001 -> nat:8080 udp : nobody, dropped UDP_CLOSED
    bob:80 -> server:9000   udp : server hears nat:8080
    it is added again, for alice ${({ lab }) => { officeOf(lab).forward("web:udp:[]:8080:[10.0.2.4]:80"); }}
    server:9001 -> nat:8080 udp : alice:80 hears server:9001
  `,
  story("a forward from the host itself shows the guest the loopback's other name", behindNat({
    forward: ["one:udp:[]:8080:[10.0.2.4]:80"],
  }))`
    laptop:9000 -> 127.0.0.1:8080 udp : alice:80 hears 10.0.2.2:9000
    alice:80 -> 10.0.2.2:9000 udp     : laptop hears 127.0.0.1:8080
  `,
  story("a forward from the host itself shows a guest of NAT mode its gateway, which hides all else of the loopback", webBehindNat({
    forward: ["own,udp,127.0.0.1,8081,,80", "any,udp,,8080,,80"],
  }))`
    laptop:9000 -> 127.0.0.1:8081 udp : web:80 hears 10.0.2.2:9000
    web:80 -> 10.0.2.2:9000 udp       : laptop hears 127.0.0.1:8081
    laptop:9001 -> 127.0.0.1:8080 udp : web:80 hears 10.0.2.2:9001
    web:80 -> 10.0.2.2:9001 udp       : laptop hears 127.0.0.1:8080
    web:81 -> 10.0.2.2:9000 udp       : nobody, dropped NAT_LOOPBACK
    web:80 -> 10.0.2.2:9002 udp       : nobody, dropped NAT_LOOPBACK
    wait 6 min
    web:80 -> 10.0.2.2:9000 udp       : nobody, dropped NAT_LOOPBACK
    server:9000 -> nat:8081 udp       : nobody, dropped UDP_CLOSED
  `,
];
