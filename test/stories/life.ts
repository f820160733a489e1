/** Cables, changes of mode, guests that come and go. */
import { expect } from "vitest";
import type { Adapter, Lab } from "../../src/index";
import { frame } from "../guest";
import { story } from "../story";
import { MAC, behindNat, guestsBehindNat, threeOnASwitch } from "./settings";

const adapter = (lab: Lab, vm: string): Adapter => lab.vms.find(({ name }) => name === vm)!.adapters[0]!;

export const lifeStories = [
  story("nothing passes an unplugged cable, in either direction", threeOnASwitch())`
    alice -> bob : bob carol
    bob   -> alice : alice
    bob is unplugged ${({ lab }) => { adapter(lab, "bob").cable = false; }}
    alice -> bob : dropped CABLE_OFF
    bob -> alice : dropped CABLE_OFF
    alice -> everybody : carol
    bob is plugged in ${({ lab }) => { adapter(lab, "bob").cable = true; }}
    alice -> bob : bob
    bob -> alice : alice
  `,
  story("a link comes up late when its card says so", {
    boot: 10,
    build(lab) {
      const laptop = lab.host("laptop", []);
      const attach = laptop.internal("office");
      laptop.vm("alice", { attach, mac: MAC.alice, guest: "external" });
      laptop.vm("bob", { attach, mac: MAC.bob, guest: "external", linkUpDelay: 5000 });
    },
  })`
    alice -> bob : bob
    bob is unplugged ${({ lab }) => { adapter(lab, "bob").cable = false; }}
    bob is plugged in ${({ lab }) => { adapter(lab, "bob").cable = true; }}
    bob -> alice : dropped CABLE_OFF
    wait 4900 ms
    bob -> alice : dropped CABLE_OFF
    wait 100 ms
    bob -> alice : alice
  `,
  story("a frame that is under way when its receiver leaves is accounted for", threeOnASwitch())`
    bob -> alice : alice carol
    alice speaks and bob leaves ${(world) => {
      world.guest("alice").say(MAC.bob, world.nonce);
      adapter(world.lab, "bob").leave();
    }}
    then nobody heard her but those it was flooded to ${(world) => expect(world.all().map(({ who }) => who)).toEqual(["carol"])}
    bob -> alice : dropped NOT_ATTACHED
  `,
  story("a card that changes its mode keeps its MAC and gets an address of the new network", behindNat())`
    alice pings bob : from bob ttl 64
    alice moves to the host-only network ${({ lab }) => adapter(lab, "alice").attach(lab.hosts[0]!.hostOnly())}
    wait 3 s
    then she has an address there ${({ lab }) => expect(adapter(lab, "alice").addresses).toEqual(["192.168.56.101"])}
    alice pings 192.168.56.1 : from 192.168.56.1 ttl 64
    alice pings 10.0.2.5     : NO_ROUTE
    laptop pings 192.168.56.101 : from 192.168.56.101 ttl 64
    alice goes back ${({ lab }) => adapter(lab, "alice").attach(lab.hosts[0]!.network("office")!)}
    wait 3 s
    alice pings bob : from bob ttl 64
    alice moves into the bridge ${({ lab }) => adapter(lab, "alice").attach(lab.hosts[0]!.bridged())}
    wait 3 s
    server pings alice : from alice ttl 64
  `,
  story("a NAT forgets its connections when the cable is pulled", {
    build(lab) {
      const laptop = lab.host("laptop");
      lab.host("server");
      laptop.vm("web", laptop.nat());
    },
    names: (lab) => ({ nat: lab.machine("laptop")!.address }),
  })`
    web:5000 -> server:53 udp : server hears nat:5000
    web is unplugged ${({ lab }) => { adapter(lab, "web").cable = false; }}
    then no connection is left ${({ lab }) => expect(adapter(lab, "web").network!.connections()).toEqual([])}
    web is plugged in ${({ lab }) => { adapter(lab, "web").cable = true; }}
    server:53 -> nat:5000 udp : nobody, dropped UDP_CLOSED
    web:5000 -> server:53 udp : server hears nat:5000
  `,
  story("frames of any kind pass the switch as they are, tags and all", threeOnASwitch())`
    bob -> alice : alice carol
    alice sends the longest frame, with two tags ${({ lab }) => {
      const tags = [0, 5, 0x88, 0xa8, 0, 6, 0x81, 0, 0, 7, 0x12, 0x34];
      adapter(lab, "alice").send(frame(MAC.bob, MAC.alice, 0x8100, [...tags, ...Array.from({ length: 1496 }, (_, i) => i & 255)]));
    }}
    then bob has it byte for byte ${(world) => {
      const got = world.guest("bob").frames.at(-1)!;
      expect(got).toHaveLength(1522);
      expect(Array.from(got.subarray(12, 24))).toEqual([0x81, 0, 0, 5, 0x88, 0xa8, 0, 6, 0x81, 0, 0, 7]);
      expect(got.subarray(26).every((byte, i) => byte === (i & 255))).toBe(true);
    }}
    alice sends one that is too long ${({ lab }) => adapter(lab, "alice").send(new Uint8Array(1523).fill(2))}
    then it is a counted drop ${(world) => expect(world.dropped("TOO_LONG")).toBe(1)}
    alice sends one that is too short ${({ lab }) => adapter(lab, "alice").send(new Uint8Array(13).fill(2))}
    then it is a counted drop too ${(world) => expect(world.dropped("TOO_SHORT")).toBe(1)}
    alice -> bob : bob
  `,
  story("a machine that is removed takes its frames with it, and its name is free again", guestsBehindNat())`
    alice:5000 -> server:53 udp : server hears nat:5000
    alice is removed ${({ lab }) => { void lab.vms.find(({ name }) => name === "alice")!.remove(); }}
    server:53 -> nat:5000   udp : nobody
    wait 5 s
    bob:5000 -> server:53   udp : server hears nat:B
    a new alice comes ${({ lab }) => { lab.hosts[0]!.vm("alice", lab.hosts[0]!.network("office")!); }}
    wait 3 s
    alice pings 10.0.2.1    : from 10.0.2.1 ttl 64
  `,
];
