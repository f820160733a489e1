import { describe, expect, test } from "vitest";
import type { Lab } from "../src/index";
import { createLab, LabError } from "../src/index";
import { codeOf, smallLab } from "./inside";

/** What `attempt` says is wrong. */
async function errorOf(attempt: () => unknown): Promise<LabError> {
  const error = await (async () => attempt())().then(() => "no error", (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(LabError);
  return error as LabError;
}

async function world(): Promise<Lab> {
  const lab = await smallLab();
  const laptop = lab.host("laptop");
  laptop.vm("alice", { attach: laptop.internal("i"), address: "10.9.0.2/24" });
  laptop.vm("guest", { attach: laptop.internal("i"), guest: "external" });
  return lab;
}

const laptop = (lab: Lab) => lab.hosts[0]!;
const alice = (lab: Lab) => lab.machine("alice")!;
const wrong = (options: object): never => options as never;

describe("an option that there is not is refused at every door, with the ones there are", () => {
  const doors: [string, string, (lab: Lab) => unknown][] = [
    ["createLab", "seed", () => createLab(wrong({ sede: 1 }))],
    ["a lab's capacity", "stations", () => createLab({ capacity: wrong({ station: 64 }) })],
    ["a lab's wire", "delay", () => createLab({ wire: wrong({ dealy: 1 }) })],
    ["lan", "network", (lab) => lab.lan("x", wrong({ netwrok: "10.0.0.0/24" }))],
    ["a home router", "dhcp", (lab) => lab.lan("x", { router: wrong({ dhpc: false }) })],
    ["a home router's DHCP", "leaseTime", (lab) => lab.lan("x", { router: { dhcp: wrong({ leasetime: {} }) } })],
    ["host", "address", (lab) => lab.host("x", lab.lan(), wrong({ adress: "192.168.1.5/24" }))],
    ["vm", "promiscuous", (lab) => laptop(lab).vm("x", wrong({ attach: laptop(lab).nat(), promiscous: "deny" }))],
    ["a card's wire", "delay", (lab) => laptop(lab).vm("x", { attach: laptop(lab).nat(), wire: wrong({ delya: 1 }) })],
    ["nat", "forward", (lab) => laptop(lab).nat(wrong({ forwards: [] }))],
    ["a NAT's timeouts", "udp", (lab) => laptop(lab).vm("x", laptop(lab).nat({ timeouts: wrong({ upd: 1 }) }))],
    ["natNetwork", "network", (lab) => laptop(lab).natNetwork("x", wrong({ Network: "10.0.0.0/24" }))],
    ["internal", "switch", (lab) => laptop(lab).internal("x", wrong({ swich: "learning" }))],
    ["a network's DHCP", "pool", (lab) => laptop(lab).internal("x", { dhcp: wrong({ serverAddress: "10.0.0.1", pol: {} }) })],
    ["hostOnly", "dhcp", (lab) => laptop(lab).hostOnly("x", wrong({ dchp: false }))],
    ["forward()", "strict", (lab) => laptop(lab).natNetwork("n").forward("a,udp,,80,10.0.2.4,80", wrong({ strikt: true }))],
    ["a forward rule", "hostPort", (lab) => laptop(lab).natNetwork("n").forward(wrong({ protocol: "udp", hostport: 1, guestPort: 1 }))],
    ["ping", "timeout", (lab) => alice(lab).ping("10.9.0.1", wrong({ timeot: 1 }))],
    ["pings", "count", (lab) => alice(lab).pings("10.9.0.1", wrong({ cuont: 1 }))],
    ["udp", "address", (lab) => alice(lab).udp(7, wrong({ addres: "10.9.0.2" }))],
    ["receive", "timeout", (lab) => alice(lab).udp().receive(wrong({ timeOut: 1 }))],
    ["router", "routes", (lab) => lab.router("x", wrong({ legs: [], route: {} }))],
    ["a router's leg", "address", (lab) => lab.router("x", { legs: [wrong({ network: lab.lan(), adress: "192.168.1.9/24" })] })],
    ["a router's NAT", "outside", (lab) => lab.router("x", { legs: [], nat: wrong({ outsid: 0 }) })],
    ["generator", "count", (lab) => lab.generator(alice(lab).legs[0]!, wrong({ coutn: 1 }))],
    ["a generator's end", "address", (lab) => lab.generator(alice(lab).legs[0]!, { count: 1, to: wrong({ addres: "" }) })],
    ["fork", "replay", (lab) => lab.fork(wrong({ repaly: true }))],
    ["ready", "timeout", (lab) => lab.ready(wrong({ timout: 1 }))],
  ];

  test.each(doors)("%s", async (_, meant, attempt) => {
    const lab = await world();
    const { code, message } = await errorOf(() => attempt(lab));
    expect(code).toBe("OPTION");
    expect(message).toContain(`Did you mean ${meant}?`);
    expect(message).toMatch(/it takes \{ .* \}/);
    await lab.close();
  });

  test("what is no options object is refused too, and nothing is guessed for a name that is far off", async () => {
    const lab = await world();
    for (const each of [null, 5, "nat", [], () => {}, laptop(lab)])
      expect(await codeOf(() => laptop(lab).nat(each as never))).toBe("OPTION");
    expect((await errorOf(() => laptop(lab).nat(wrong({ colour: 1 })))).message).not.toContain("Did you mean");
    await lab.close();
  });

  test("every setting of the DHCP server reaches it", async () => {
    const lab = await smallLab();
    const host = lab.host("laptop", []);
    const dhcp = { serverAddress: "10.9.0.1", prefix: 24, pool: { from: "10.9.0.50", to: "10.9.0.60" }, leaseTime: { default: 60_000 },
      domain: "x.test", options: { 42: [10, 9, 0, 1] }, offerTime: 1000, profile: "strict" as const };
    const vm = host.vm("vm", host.internal("i", { dhcp }));
    await lab.ready();
    expect(vm.address).toMatch(/^10\.9\.0\.(5\d|60)$/);
    expect(await codeOf(() => host.internal("j", { dhcp: { ...dhcp, offerTime: -1 } }))).toBe("DHCP_CONFIG");
    await lab.close();
  });
});

describe("values of the wrong type or sense are named errors", () => {
  const values: [string, string, string, (lab: Lab) => unknown][] = [
    ["a seed that is an object", "OPTION", "seed", () => createLab({ seed: wrong({}) })],
    ["a wire that is a number", "OPTION", "wire", () => createLab({ wire: 5 as never })],
    ["a guest that is a name", "OPTION", "send(frame)", (lab) => laptop(lab).vm("x", { attach: laptop(lab).nat(), guest: "outside" as never })],
    ["a guest that cannot take frames", "OPTION", "send(frame)", (lab) => lab.vms[1]!.adapters[0]!.plug(wrong({}))],
    ["a mode's name as attachment", "OPTION", '"nat"', (lab) => laptop(lab).vm("x", "nat" as never)],
    ["no attachment", "OPTION", ".natNetwork(…)", (lab) => laptop(lab).vm("x", undefined as never)],
    ["options without attachment", "OPTION", "attach undefined", (lab) => laptop(lab).vm("x", wrong({}))],
    ["attach() to nothing", "OPTION", ".notAttached()", (lab) => lab.vms[0]!.adapters[0]!.attach(null as never)],
    ["options in the place of a host's LAN", "OPTION", "options after them", (lab) => lab.host("x", wrong({ address: "192.168.1.5/24" }))],
    ["explain at a machine", "OPTION", "Vm", (lab) => lab.explain(new Uint8Array(60), alice(lab) as never)],
    ["a generator nowhere", "OPTION", "undefined", (lab) => lab.generator(undefined as never, { count: 1 })],
    ["a sink nowhere", "OPTION", "null", (lab) => lab.sink(null as never)],
    ["a cable that is a word", "OPTION", '"no"', (lab) => { lab.vms[0]!.adapters[0]!.cable = "no" as never; }],
    ["a network without prefix", "ADDRESS", '"10.7.0.0"', (lab) => laptop(lab).natNetwork("x", { network: "10.7.0.0" })],
    ["a VM with its network's address", "ADDRESS", "10.9.0.1 to 10.9.0.254", (lab) => laptop(lab).vm("x", { attach: laptop(lab).internal("i"), address: "10.9.0.0/24" })],
    ["a host with the broadcast address", "ADDRESS", "broadcast", (lab) => lab.host("x", lab.lan(), { address: "192.168.1.255/24" })],
    ["an address that somebody has", "ADDRESS", "10.9.0.2 is alice/1's", (lab) => laptop(lab).vm("x", { attach: laptop(lab).internal("i"), address: "10.9.0.2/24" })],
    ["a host with its router's address", "ADDRESS", "home-router/1's", (lab) => lab.host("x", lab.lan(), { address: "192.168.1.1/24" })],
  ];

  test.each(values)("%s: %s", async (_, code, says, attempt) => {
    const lab = await world();
    const error = await errorOf(() => attempt(lab));
    expect(error.code).toBe(code);
    expect(error.message).toContain(says);
    expect(lab.machine("x")).toBeUndefined();
    await lab.close();
  });

  test("an address is free again when its card has gone, both addresses of a /31 are stations', and one rule needs no list", async () => {
    const lab = await world();
    const i = laptop(lab).internal("i");
    await lab.vms[0]!.remove();
    expect(laptop(lab).vm("x", { attach: i, address: "10.9.0.2/24" }).address).toBe("10.9.0.2");
    expect(laptop(lab).vm("y", { attach: laptop(lab).internal("p"), address: "10.8.0.0/31" }).address).toBe("10.8.0.0");
    expect(laptop(lab).natNetwork("n", { forward: "a,udp,,80,10.0.2.4,80" }).forwards).toHaveLength(1);
    await lab.close();
  });

  test("a missing address says why: no server, no cable, no card, or not yet", async () => {
    const lab = await world();
    const host = laptop(lab);
    const why = async (name: string, attach: object): Promise<string> => (await errorOf(() => host.vm(name, attach as never).address)).message;
    expect(await why("a", host.internal("i"))).toContain("no DHCP server on network i: give it { address");
    expect(await why("b", { attach: host.natNetwork(), cable: false })).toContain("cable");
    expect(await why("c", [])).toContain("no card");
    expect(await why("d", host.natNetwork())).toContain("await lab.ready()");
    await lab.close();
  });
});

test("a lab and its parts are written as JSON and shown by what they are, not by their machinery", async () => {
  const lab = await world();
  const host = laptop(lab);
  expect(JSON.parse(JSON.stringify(lab))).toMatchObject({ hosts: ["laptop"], vms: ["alice", "guest"], lans: ["home", "internet"] });
  expect(JSON.parse(JSON.stringify(alice(lab)))).toMatchObject({ name: "alice", addresses: ["10.9.0.2"], legs: [{ network: "i" }] });
  expect(JSON.parse(JSON.stringify(host.network("i")))).toMatchObject({ kind: "internal", cards: ["alice/1", "guest/1"] });
  const shown = lab as unknown as Record<symbol, (depth: number, options: object, inspect: (value: unknown) => string) => string>;
  expect(shown[Symbol.for("nodejs.util.inspect.custom")]!(2, {}, JSON.stringify)).toMatch(/^Lab \{"now":/);
  await lab.close();
});
