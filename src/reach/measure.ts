import { LabError } from "../errors";
import type { Machine } from "../machine";
import type { ModeName } from "../modes";
import type { Vm } from "../vm";
import { nothing, success, unsent } from "./finding";
import type { Failure } from "./finding";
import { PORT } from "./prober";
import type { Attempt, Prober } from "./prober";
import type { Scene } from "./scene";
import type { Finding, Layer, Path } from "./table";
import { aim, waysBetween } from "./way";

/** The protocols there is something to measure with. */
export type Measured = Exclude<Layer, "tcp">;

/**
 * Finds out how one machine reaches another, without knowing what is promised: as anybody would try, then by ways that
 * would lead there if only the mode let them, then by a port forward where there is a NAT to have one.
 */
export async function measure(scene: Scene, prober: Prober, mode: ModeName, path: Path, l4: Measured): Promise<Finding> {
  const { a, b } = scene.pairs[mode];
  if (path !== "vm↔vm") {
    const [from, to] = ends(scene, a, path);
    return reach(scene, prober, mode, from, to, l4);
  }
  const there = await reach(scene, prober, mode, a, b, l4);
  const back = await reach(scene, prober, mode, b, a, l4);
  if (there.seen !== back.seen) return { ...there, seen: "one-way", evidence: `${there.evidence}; the other way: ${back.evidence}` };
  return { ...there, evidence: `${there.evidence}; ${back.evidence}` };
}

/** Sender and receiver of a path between a VM and somebody else. */
export function ends({ laptop, printer }: Scene, vm: Vm, path: Exclude<Path, "vm↔vm">): [Machine, Machine] {
  const other = path.includes("lan") ? printer : laptop;
  return path.startsWith("vm") ? [vm, other] : [other, vm];
}

async function reach(
  scene: Scene, prober: Prober, mode: ModeName, from: Machine, to: Machine, l4: Measured,
): Promise<Finding> {
  const send = (address: string): Promise<Attempt> =>
    l4 === "icmp" ? prober.icmp(from, to, address) : prober.udp(from, to, { address, port: PORT });

  const plain = await plainly(from, to, send);
  if (plain?.arrived) return success("yes", plain, from, to);

  try {
    const failures: Failure[] = [];
    const doors = l4 === "udp" && to === scene.pairs[mode].a && from !== scene.pairs[mode].b;
    if (doors) {
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
    return (doors && (await forwarded(scene, prober, mode, from, shut))) || shut;
  } catch (error) {
    return unsent(error);
  }
}

/** As anybody would: to the address that `from` knows `to` by. null: it knows none. */
async function plainly(from: Machine, to: Machine, send: (address: string) => Promise<Attempt>): Promise<Attempt | null> {
  try {
    return await send(from.resolve(to));
  } catch (error) {
    if (error instanceof LabError && error.code === "NO_ROUTE") return null;
    throw error;
  }
}

/** By a port-forward rule, which is taken away again; null: there is no NAT, or it does not help. */
async function forwarded(
  { laptop, pairs }: Scene, prober: Prober, mode: ModeName, from: Machine, shut: Finding,
): Promise<Finding | null> {
  const to = pairs[mode].a;
  const network = to.adapters[0]!.network;
  if (!network?.nat) return null;

  const rule = network.forward(`reach,udp,,${PORT},${to.address},${PORT}`);
  const attempt = await prober.udp(from, to, { address: laptop.address, port: PORT });
  rule.remove();
  if (!attempt.arrived) return null;
  const opened = success("forward", attempt, from, to, " through a forward");
  return { ...opened, reason: shut.reason, evidence: `${shut.evidence}; ${opened.evidence}` };
}
