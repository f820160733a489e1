import type { LabStats } from "./lab";
import { mergeCaptures } from "./merge-captures";
import { measureDetached } from "./reach/detached";
import { measure } from "./reach/measure";
import { Prober } from "./reach/prober";
import { buildScene } from "./reach/scene";
import type { Scene } from "./reach/scene";
import { judge, LAYERS, PATHS, promised, PROMISES, ROWS } from "./reach/table";
import type { Cell, Finding, Layer, Path, Promises, RowName } from "./reach/table";

export type { Cell, Layer, Path, Promises, RowName } from "./reach/table";
export { LAYERS, PATHS, PROMISES, ROWS, wrongCells } from "./reach/table";

/** The connectivity table as measured, and the run that measured it. */
export interface Reachability {
  /** By row, path and protocol, in the order of ROWS, PATHS and LAYERS. */
  cells: Cell[];
  stats: LabStats;
  /** pcapng: every frame on every network. */
  capture: Uint8Array;
}

/**
 * Measures who reaches whom in the five modes, by live ICMP, UDP and TCP in one lab in virtual time.
 *
 * A `yes` is a nonce that the right machine received and answered; a `no` is something that was sent to the target's very MAC
 * and did not arrive, with the reason it was dropped for; a `forward` is a `no` that a rule turns into a `yes`.
 *
 * @param promises  what the cells are held against; default: MODES
 */
export async function measureReach(
  { seed = 1, promises = PROMISES }: { seed?: number | string; promises?: Promises } = {},
): Promise<Reachability> {
  const scene = await buildScene(seed);
  const prober = new Prober(scene.lab);
  const cells: Cell[] = [];
  for (const mode of ROWS)
    for (const path of PATHS)
      for (const l4 of LAYERS) {
        const expected = promised(promises[mode][path], l4);
        const finding = await find(scene, prober, mode, path, l4);
        const { seen, reason, evidence } = finding;
        cells.push({ mode, path, l4, expected, seen, ok: judge(finding, expected), reason, evidence });
      }
  const stats = scene.lab.stats();
  const capture = await mergeCaptures(
    scene.captures.map(({ network, capture }) => ({ name: String(network), bytes: capture.bytes() })),
  );
  await scene.lab.close();
  return { cells, stats, capture };
}

async function find(scene: Scene, prober: Prober, mode: RowName, path: Path, l4: Layer): Promise<Finding> {
  if (mode === "notAttached") return measureDetached(scene, prober, path, l4);
  return measure(scene, prober, mode, path, l4);
}
