import type { Machine } from "../machine";
import { nothing, success, unsent } from "./finding";
import { bothWays, ends } from "./measure";
import { PORT } from "./prober";
import type { Attempt, Prober } from "./prober";
import { DETACHED } from "./scene";
import type { Scene } from "./scene";
import type { Finding, Layer, Path } from "./table";
import { aim } from "./way";

/**
 * A card that is in nothing. From it, the very frame that got there from a bridged VM a moment ago is sent again; to it,
 * frames are sent with its MAC written down, as if it were on the LAN.
 */
export async function measureDetached(scene: Scene, prober: Prober, path: Path, l4: Layer): Promise<Finding> {
  try {
    if (path !== "vm↔vm") {
      const [from, to] = ends(scene, scene.detached, path);
      return from === scene.detached ? await outwards(scene, prober, to, l4) : await inwards(scene, prober, from, l4);
    }
    const there = await outwards(scene, prober, scene.pairs.bridged.b, l4);
    const back = await inwards(scene, prober, scene.pairs.bridged.b, l4);
    return bothWays(there, back);
  } catch (error) {
    return unsent(error);
  }
}

async function outwards({ pairs, detached }: Scene, prober: Prober, to: Machine, l4: Layer): Promise<Finding> {
  const witness = pairs.bridged.a;
  await prober.sent(witness, 0); // its card is read from here on
  const address = witness.addressOf(to);
  const first: Attempt = l4 === "icmp" ? await prober.icmp(witness, to, address)
    : await prober[l4](witness, to, { address, port: PORT });
  const frame = (await prober.sent(witness, first.length)).at(-1);
  if (!first.arrived || !frame) return { seen: "no", reason: null, evidence: `not even ${witness.name} reaches ${to.name}` };

  const again = await prober.frame(detached.adapters[0]!, to, frame, first.mark);
  if (again.arrived) return success("yes", again, detached, to);
  return nothing([{ way: `the frame by which ${witness.name} reached ${to.name}, sent again`, drops: again.drops }]);
}

async function inwards({ detached }: Scene, prober: Prober, from: Machine, l4: Layer): Promise<Finding> {
  const { address, mac } = DETACHED;
  aim(from, address, mac);
  const attempt: Attempt = l4 === "icmp" ? await prober.icmp(from, detached, address)
    : await prober[l4 === "udp" ? "udpUnheard" : "tcpUnheard"](from, detached, { address, port: PORT });
  if (attempt.arrived) return success("yes", attempt, from, detached);
  return nothing([{ way: "straight to its MAC", drops: attempt.drops }]);
}
