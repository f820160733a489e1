import { describe, expect, test } from "vitest";
import { createLab } from "../src/index";
import type { Lab } from "../src/index";
import { captureAll, endingOf } from "./ending";
import type { Ending } from "./ending";
import { dice, setBudget } from "./inside";
import { World, begin, start, tell } from "./story";
import type { Place, Script } from "./story";
import { STORIES } from "./stories/index";

/** Frames and timers per call of the engine, once it is no longer told one event at a time. */
const LARGE = 20_000;

/** Tells a script one event at a time up to event `at`, then in large steps; returns how it ended and how many events it took. */
async function tellByEvents(script: Script, at = Infinity): Promise<{ ending: Ending; events: number }> {
  const world = await begin(script);
  captureAll(world.lab);
  let events = 0;
  setBudget(world.lab, 1, () => (events++ === at ? LARGE : undefined));
  await tell(script, world);
  const told = events;
  const ending = await endingOf(world.lab);
  await world.lab.close();
  return { ending, events: told };
}

/** A lab that was forked in the middle of a story. Time stands still in the fork until it is told to go on. */
interface Forked {
  world: World;
  place: Place;
  goOn(): void;
}

/** Tells a script and forks before event number `at`, in whatever state the lab is just then. */
async function tellAndFork(script: Script, at: number, replay: boolean): Promise<{ original: World; forked: Forked }> {
  const original = await begin(script);
  captureAll(original.lab);
  const place = start(script);
  let event = 0;
  let forking: Promise<Forked> | undefined;
  setBudget(original.lab, 1, () => {
    if (event++ !== at) return undefined;
    const here = { ...place };
    forking = original.lab.fork({ replay }).then((lab) => {
      let goOn!: () => void;
      void lab.hold(new Promise<void>((resolve) => { goOn = resolve; }));
      return { world: new World(lab, script.setting, original), place: here, goOn };
    });
    return LARGE;
  });
  await tell(script, original, place);
  return { original, forked: await forking! };
}

async function close(...labs: Lab[]): Promise<void> {
  for (const lab of labs) await lab.close();
}

const seed = 20_260;
for (const [about, scripts] of Object.entries(STORIES))
  describe(`forked at any event: ${about}`, () => {
    for (const [i, script] of scripts.entries())
      test(script.name, async () => {
        const whole = await tellByEvents(script);
        const random = dice(seed + i);
        for (let times = 0; times < 2; times++) {
          const at = Math.floor(random() * whole.events);
          const where = `forked at event ${at} of ${whole.events}`;
          const { ending } = await tellByEvents(script, at);
          expect(ending.captures, "one event at a time, or many").toEqual(whole.ending.captures);
          const { original, forked } = await tellAndFork(script, at, true);
          expect(await endingOf(original.lab), `the original, ${where}`).toEqual(ending);

          forked.goOn();
          await tell(script, forked.world, forked.place, false);
          expect(await endingOf(forked.world.lab), `the fork, ${where}`).toEqual(ending);
          await close(original.lab, forked.world.lab);
        }
      });
  });

describe("a fork that does not replay", () => {
  const script = STORIES.nat!.find(({ name }) => name.startsWith("two guests that use the same port"))!;

  test("goes another way from there, and works", async () => {
    const world = await begin(script);
    await world.lab.advance(3000);
    const twins = [await world.lab.fork({ replay: true }), await world.lab.fork(), await world.lab.fork()];
    const ephemeral = [world.lab, ...twins].map((lab) => lab.machine("alice")!.udp().port);
    expect(ephemeral[1], "a replaying fork has the same dice").toBe(ephemeral[0]);
    expect(new Set(ephemeral).size, "the others have dice of their own").toBe(3);
    for (const lab of [world.lab, ...twins]) {
      expect((await lab.machine("alice")!.ping(lab.machine("server")!)).ttl).toBe(63);
      expect(lab.stats().balance).toBe(0);
    }
    await close(world.lab, ...twins);
  });

  test("of one lab, done twice in two runs, is the same twice", async () => {
    const hashes: string[] = [];
    for (let run = 0; run < 2; run++) {
      const world = await begin(script);
      await world.lab.advance(3000);
      const fork = await world.lab.fork();
      await fork.machine("alice")!.ping(fork.machine("server")!);
      hashes.push(fork.stateHash());
      await close(world.lab, fork);
    }
    expect(hashes[0]).toBe(hashes[1]);
  });

  test("picks other NAT ports than its original", async () => {
    const world = await begin(script);
    await world.lab.advance(3000);
    const fork = await world.lab.fork();
    const ports: number[] = [];
    for (const lab of [world.lab, fork]) {
      const server = lab.machine("server")!;
      for (const name of ["alice", "bob"]) lab.machine(name)!.udp(5000).send("x", { machine: server, port: 53 });
      await lab.advance(10);
      const outside = lab.hosts[0]!.network("office")!.mappings().map((mapping) => Number(mapping.outside.split(":")[1]));
      ports.push(outside.find((port) => port !== 5000)!);
    }
    expect(ports[1]).not.toBe(ports[0]);
    await close(world.lab, fork);
  });
});

test("what a fork does is unseen by its original, and the other way round", async () => {
  const script = STORIES.nat![0]!;
  const world = await begin(script);
  await world.lab.advance(3000);
  const fork = await world.lab.fork({ replay: true });
  const before = world.lab.stateHash();
  await fork.machine("alice")!.ping(fork.machine("server")!);
  await fork.vms[0]!.remove();
  expect(world.lab.stateHash()).toBe(before);
  const after = fork.stateHash();
  await world.lab.machine("alice")!.ping(world.lab.machine("bob")!);
  expect(fork.stateHash()).toBe(after);
  await close(world.lab, fork);
});

test("a snapshot that was copied, put away and taken out again goes on as the original does", async () => {
  const script = STORIES.nat!.find(({ name }) => name.startsWith("two guests that use the same port"))!;
  const world = await begin(script);
  captureAll(world.lab);
  await world.lab.advance(3000);
  const snapshot = structuredClone(world.lab.snapshot());
  const lab = await createLab({ from: snapshot });
  const twin = new World(lab, script.setting, world);
  const place = { row: -1, until: 3000 };
  await tell(script, world, { ...place });
  await tell(script, twin, { ...place });
  expect(await endingOf(lab)).toEqual(await endingOf(world.lab));
  await close(world.lab, lab);
});
