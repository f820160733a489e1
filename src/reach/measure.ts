import { LabError } from "../errors";
import type { Machine } from "../machine";
import type { ModeName } from "../modes";
import type { Network } from "../network";
import type { Vm } from "../vm";
import { nothing, success, unsent } from "./finding";
import type { Failure } from "./finding";
import { PORT } from "./prober";
import type { Attempt, Prober } from "./prober";
import type { Scene } from "./scene";
import type { Finding, Layer, Path } from "./table";
import { aim, waysBetween } from "./way";

/**
 * Finds out how one machine reaches another, without knowing what is promised: as anybody would try, then by ways that
 * would lead there if only the mode let them, then by a port forward where there is a NAT to have one.
 */
export async function measure(scene: Scene, prober: Prober, mode: ModeName, path: Path, l4: Layer): Promise<Finding> {
  const { a, b } = scene.pairs[mode];
  if (path !== "vm↔vm") {
    const [from, to] = ends(scene, a, path);
    return reach(scene, prober, mode, from, to, l4);
  }
  const there = await reach(scene, prober, mode, a, b, l4);
  const back = await reach(scene, prober, mode, b, a, l4);
  return bothWays(there, back);
}

/** Of two directions: what is true of both. */
export function bothWays(there: Finding, back: Finding): Finding {
  const evidence = `there: ${there.evidence}; back: ${back.evidence}`;
  if (there.seen === back.seen) return { seen: there.seen, reason: back.reason && there.reason, evidence };
  return { seen: "one-way", reason: null, evidence };
}

/** Sender and receiver of a path between a VM and somebody else. */
export function ends({ laptop, printer }: Scene, vm: Vm, path: Exclude<Path, "vm↔vm">): [Machine, Machine] {
  const other = path.includes("lan") ? printer : laptop;
  return path.startsWith("vm") ? [vm, other] : [other, vm];
}

async function reach(
  scene: Scene, prober: Prober, mode: ModeName, from: Machine, to: Machine, l4: Layer,
): Promise<Finding> {
  const send = (address: string): Promise<Attempt> =>
    l4 === "icmp" ? prober.icmp(from, to, address) : prober[l4](from, to, { address, port: PORT });

  const plain = await plainly(from, to, send);
  if (plain?.arrived) return success("yes", plain, from, to);

  try {
    const failures: Failure[] = [];
    const door = l4 !== "icmp" ? doorTo(scene, mode, from, to) : null;
    if (door) {
      const attempt = await send(scene.laptop.address);
      if (attempt.arrived) return success("yes", attempt, from, to, " by the host's address, without a rule");
      failures.push({ way: `to ${scene.laptop.name}'s address without a rule`, drops: attempt.drops });
    }
    for (const way of waysBetween(mode, from, to, scene.laptop)) {
      aim(from, to.address, way.mac);
      const attempt = await send(to.address);
      if (attempt.arrived) return success("yes", attempt, from, to, ` ${way.name}`);
      failures.push({ way: way.name, drops: attempt.drops });
    }
    const shut = nothing(failures);
    return (door && l4 !== "icmp" && (await forwarded(scene, prober, door, from, to, l4, shut))) || shut;
  } catch (error) {
    return unsent(error);
  }
}

/** The network whose NAT could have a forward from outside to `to`. */
function doorTo({ pairs }: Scene, mode: ModeName, from: Machine, to: Machine): Network | null {
  const { a, b } = pairs[mode];
  const { network } = a.adapters[0]!;
  return to === a && from !== b && network?.nat ? network : null;
}

/** As anybody would: to the address that `from` knows `to` by. null: it knows none. */
async function plainly(from: Machine, to: Machine, send: (address: string) => Promise<Attempt>): Promise<Attempt | null> {
  try {
    return await send(from.addressOf(to));
  } catch (error) {
    if (error instanceof LabError && error.code === "NO_ROUTE") return null;
    throw error;
  }
}

/** By a port-forward rule, which is taken away again; null: it does not help. */
async function forwarded(
  { laptop }: Scene, prober: Prober, network: Network, from: Machine, to: Machine, l4: "udp" | "tcp", shut: Finding,
): Promise<Finding | null> {
  const rule = network.forward(`reach,${l4},,${PORT},${to.address},${PORT}`);
  const attempt = await prober[l4](from, to, { address: laptop.address, port: PORT });
  rule.remove();
  if (!attempt.arrived) return null;
  const opened = success("forward", attempt, from, to, " through a forward");
  return { ...opened, reason: shut.reason, evidence: `${shut.evidence}; ${opened.evidence}` };
}
