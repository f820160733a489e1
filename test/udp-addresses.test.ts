import { expect, test } from "vitest";
import type { Lab, LabError, Vm } from "../src/index";
import { code, lab, watch } from "./world";

/** Anna on two networks, and somebody on each. */
async function crossroads(): Promise<{ world: Lab; anna: Vm; left: Vm; right: Vm }> {
  const world = await lab();
  const laptop = world.host("laptop");
  const [west, east] = [laptop.internal("west"), laptop.internal("east")];
  const anna = laptop.vm("anna", [{ attach: west, address: "10.1.0.1/24" }, { attach: east, address: "10.2.0.1/24" }]);
  const left = laptop.vm("left", { attach: west, address: "10.1.0.2/24" });
  const right = laptop.vm("right", { attach: east, address: "10.2.0.2/24" });
  return { world, anna, left, right };
}

test("two UDP sockets on one port, each on its own address, are two sockets, and closing one leaves the other, in a fork too", async () => {
  const { world, anna } = await crossroads();
  const west = anna.udp(53, { address: "10.1.0.1" });
  const east = anna.udp(53, { address: "10.2.0.1" });
  expect(anna.sockets).toEqual([west, east]);
  east.close();
  expect(anna.sockets).toEqual([west]);
  const fork = watch(await world.fork());
  const [kept, ...others] = fork.machine("anna")!.sockets;
  expect(others).toEqual([]);
  const waiting = kept!.receive({ timeout: 500 });
  fork.machine("left")!.udp().send("for the west", { address: "10.1.0.1", port: 53 });
  expect(new TextDecoder().decode((await waiting).data)).toBe("for the west");
  const here = west.receive();
  await anna.remove();
  expect(await code(here)).toBe("CLOSED");
});

test("what goes wrong with a datagram is told to the socket that sent it, not to its namesake on another address", async () => {
  const { world, anna } = await crossroads();
  const heard: string[] = [];
  for (const address of ["10.1.0.1", "10.2.0.1"]) {
    const socket = anna.udp(53, { address });
    socket.onerror = ({ code }: LabError) => heard.push(`${address} ${code}`);
    socket.send("nobody listens", { address: address.replace(/1$/, "2"), port: 9 });
    socket.send("nobody is there", { address: address.replace(/1$/, "77"), port: 9 });
  }
  await world.advance(10_000);
  expect(heard.sort()).toEqual(["10.1.0.1 REFUSED", "10.1.0.1 UNREACHABLE", "10.2.0.1 REFUSED", "10.2.0.1 UNREACHABLE"]);
});
