import { expect } from "vitest";
import { BROADCAST } from "../guest";
import { story } from "../story";
import type { World } from "../story";
import { MAC, aliceAndGuests } from "./settings";

/** Datagrams from alice to bob with the nonces first … last, at once. */
const datagrams = (first: number, last: number) => (world: World): void => {
  for (let nonce = first; nonce <= last; nonce++) {
    world.nonce = nonce;
    world.send("udp", "alice", 5000, "bob", 7);
  }
};
const noncesOf = (world: World): number[] => world.guest("bob").heard.map(({ nonce }) => nonce);

export const arpStories = [
  story("a neighbour is asked for once, then known", aliceAndGuests())`
    alice:5000 -> bob:7 udp : bob:7
    alice:5000 -> bob:7 udp : bob:7
    then alice asked once ${(world) => expect(world.guest("carol").requestsFor("10.9.0.2")).toHaveLength(1)}
  `,
  story("four packets wait for a neighbour, a fifth pushes out the first", aliceAndGuests({ arp: false }))`
    alice sends five datagrams ${datagrams(1, 5)}
    then one was dropped ${(world) => expect(world.dropped("NEIGHBOR_QUEUE")).toBe(1)}
    then the others wait ${({ lab }) => expect(lab.stats().frames.live).toBe(4)}
    bob announces himself ${(world) => world.guest("bob").announce()}
    then bob has the last four in order ${(world) => expect(noncesOf(world)).toEqual([2, 3, 4, 5])}
  `,
  story("who does not answer is asked three times, a second apart, and then given up", aliceAndGuests())`
    alice pings 10.9.0.77 : UNREACHABLE
    then bob heard three requests ${(world) => {
      const asked = world.guest("bob").requestsFor("10.9.0.77");
      expect(asked).toHaveLength(3);
      for (const bytes of asked) expect(Array.from(bytes.subarray(0, 6))).toEqual(BROADCAST.split(":").map(() => 255));
    }}
    then the packet is accounted for ${({ lab }) => expect(lab.stats().drops.NEIGHBOR_FAILED).toBe(1)}
    alice pings 10.9.0.77 : UNREACHABLE
    then she asked again ${(world) => expect(world.guest("bob").requestsFor("10.9.0.77")).toHaveLength(6)}
  `,
  story("an announcement changes what is known about a neighbour", aliceAndGuests())`
    alice:5000 -> bob:7 udp : bob:7
    carol takes over the address ${(world) => world.guest("carol").announce("10.9.0.2")}
    alice:5000 -> bob:7 udp : carol:7
    then nobody asked again ${(world) => expect(world.guest("carol").requestsFor("10.9.0.2")).toHaveLength(1)}
  `,
  story("an announcement of somebody unknown is not remembered and not answered", aliceAndGuests())`
    bob announces himself ${(world) => world.guest("bob").announce()}
    then alice is silent ${(world) => expect(world.guest("bob").frames).toHaveLength(0)}
    alice:5000 -> bob:7 udp : bob:7
    then alice had to ask ${(world) => expect(world.guest("carol").requestsFor("10.9.0.2")).toHaveLength(1)}
  `,
  story("a probe is answered by the owner and says nothing about the prober", aliceAndGuests())`
    bob probes alice's address ${(world) => world.guest("bob").probe("10.9.0.1")}
    then alice defends it ${(world) => {
      const [reply] = world.guest("bob").frames;
      expect(Array.from(reply!.subarray(20, 22))).toEqual([0, 2]);
      expect(Array.from(reply!.subarray(28, 32))).toEqual([10, 9, 0, 1]);
      expect(Array.from(reply!.subarray(38, 42))).toEqual([0, 0, 0, 0]);
    }}
    alice:5000 -> bob:7 udp : bob:7
    then alice had to ask ${(world) => expect(world.guest("carol").requestsFor("10.9.0.2")).toHaveLength(1)}
  `,
  story("who asks is remembered: the answer to his question needs no question", aliceAndGuests())`
    bob asks for alice ${(world) => {
      const bob = world.guest("bob");
      bob.adapter.send(Uint8Array.from([
        ...BROADCAST.split(":").map(() => 255), 2, 0, 0, 0, 0, 0x0b, 8, 6,
        0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 0x0b, 10, 9, 0, 2, 0, 0, 0, 0, 0, 0, 10, 9, 0, 1,
      ]));
    }}
    alice:5000 -> bob:7 udp : bob:7
    then alice did not ask ${(world) => expect(world.guest("carol").requestsFor("10.9.0.2")).toHaveLength(0)}
  `,
  story("a known neighbour is asked again after a minute, he alone, while packets go on", aliceAndGuests())`
    alice:5000 -> bob:7 udp : bob:7
    wait 61 s
    alice:5000 -> bob:7 udp : bob:7
    then bob was asked twice ${(world) => expect(world.guest("bob").requestsFor("10.9.0.2")).toHaveLength(2)}
    then the others once ${(world) => expect(world.guest("carol").requestsFor("10.9.0.2")).toHaveLength(1)}
  `,
  story("a neighbour that no longer answers is forgotten, and then asked for by everybody's ears", aliceAndGuests())`
    alice:5000 -> bob:7 udp : bob:7
    wait 61 s
    bob falls silent ${(world) => { world.guest("bob").options.arp = false; }}
    alice:5000 -> bob:7 udp : bob:7
    wait 5 s
    alice:5000 -> bob:7 udp : nobody
    then alice asks everybody ${(world) => expect(world.guest("carol").requestsFor("10.9.0.2")).toHaveLength(2)}
  `,
  story("a static neighbour is never asked for and never unlearned", {
    ...aliceAndGuests(),
    build(lab) {
      aliceAndGuests().build(lab);
      lab.machine("alice")!.neighbor("10.9.0.2", MAC.bob);
    },
  })`
    carol takes over the address ${(world) => world.guest("carol").announce("10.9.0.2")}
    alice:5000 -> bob:7 udp : bob:7
    then nobody was asked ${(world) => expect(world.guest("carol").requestsFor("10.9.0.2")).toHaveLength(0)}
  `,
];
