import { describe, expect, test } from "vitest";
import type { Lab, Vm } from "../src/index";
import { captureAll, endingOf } from "./ending";
import { GUEST, NATNETWORK_GATEWAY, ask, at, echo, officeLab, packet } from "./explaining";
import { BROADCAST } from "./guest";
import { raw, tcp, udp, zeros } from "./packets";

describe("nothing in the lab changes by being asked", () => {
  /** Frames of many kinds, from alice and from carol. */
  function probes(alice: Vm, printer: string): [Uint8Array, boolean][] {
    const to = { mac: NATNETWORK_GATEWAY, ip: printer };
    const guest = { mac: GUEST, ip: "10.0.2.50" };
    const segments = [echo, udp(5000, 53), tcp(5000, 80), raw(47, zeros(8))];
    return [
      ...segments.flatMap((segment): [Uint8Array, boolean][] => [[packet(at(alice), to, segment), true], [packet(guest, to, segment), false]]),
      [packet(at(alice), { mac: BROADCAST, ip: "255.255.255.255" }, udp(68, 67)), true],
      [new Uint8Array(3), false],
    ];
  }

  /** Everything there is to see of a lab. */
  function seen(lab: Lab): unknown {
    const office = lab.hosts[0]!.network("office")!;
    return {
      hash: lab.stateHash(), stats: lab.stats(), leases: office.leases(), stations: office.stations(),
      connections: office.connections(), mappings: office.mappings(), captures: lab.captures.map((each) => each.bytes().length),
      cards: lab.machines.flatMap((machine) => machine.legs).map((leg) => [leg.stats(), leg.lease]),
    };
  }

  async function story(explains: boolean) {
    const { lab, alice, bob, printer, card, guest } = await officeLab();
    captureAll(lab);
    const asked = async (): Promise<void> => {
      if (!explains) return;
      const before = seen(lab);
      for (let round = 0; round < 2; round++)
        for (const [bytes, isAlices] of probes(alice, printer.address)) await lab.explain(bytes, isAlices ? card : guest);
      expect(seen(lab)).toEqual(before);
    };
    await asked();
    await alice.ping(printer);
    guest.send(packet({ mac: GUEST, ip: "10.0.2.50" }, { mac: NATNETWORK_GATEWAY, ip: printer.address }, udp(5000, 53)));
    await lab.advance(5000);
    await asked();
    alice.udp().send("random port", { machine: printer, port: 7 });
    await bob.ping(printer);
    const fork = await lab.fork();
    const ending = { ...(await endingOf(lab)), seen: seen(lab), fork: fork.seed, dice: fork.stateHash() };
    await fork.close();
    return ending;
  }

  test("captures, clock, state, tables, dice and the number of forks end as without it", async () => {
    expect(await story(true)).toEqual(await story(false));
  });

  test("not even with frames on their wires", async () => {
    const endings = [];
    for (const explains of [true, false]) {
      const { lab, alice, bob, printer, card } = await officeLab();
      captureAll(lab);
      alice.udp().send("one", { machine: printer, port: 7 });
      const answer = bob.ping(printer);
      // Time stands still meanwhile: all of it is in flight.
      if (explains) await lab.hold(Promise.all(probes(alice, printer.address).map(([bytes]) => lab.explain(bytes, card))));
      await answer;
      endings.push(await endingOf(lab));
    }
    expect(endings[0]).toEqual(endings[1]);
  });

  test("the frame that was asked about keeps its bytes, and may be used again at once", async () => {
    const { lab, alice, bob, card } = await officeLab();
    const bytes = packet(at(alice), at(bob), echo);
    const before = bytes.slice();
    const told = lab.explain(bytes, card);
    expect(bytes).toEqual(before);
    bytes.fill(0);
    expect((await told).text).toBe("consumed at bob");
  });

  test("in a lab with the real clock", async () => {
    const { lab, alice, bob, card } = await officeLab({ clock: "real" });
    const stats = { ...lab.stats(), time: 0 };
    for (let i = 0; i < 5; i++) expect((await ask(lab, packet(at(alice), at(bob)), card)).text).toBe("consumed at bob");
    expect({ ...lab.stats(), time: 0 }).toEqual(stats);
    expect(await alice.ping(bob)).toMatchObject({ ttl: 64 });
  });

  test("not by ten questions at once", async () => {
    const { lab, alice, bob, card } = await officeLab();
    const hash = lab.stateHash();
    await Promise.all(Array.from({ length: 10 }, () => lab.explain(packet(at(alice), at(bob)), card)));
    expect(lab.stateHash()).toBe(hash);
  });
});
