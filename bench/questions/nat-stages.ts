import { digestOf } from "../digest";
import { HOST, LINKS, natLab } from "../setups";
import { place, roomFor } from "../stages";
import type { StageExports } from "../stages";
import { BURST } from "../traffic";
import type { Staged } from "../traffic";

type Way = "out" | "in";

/** The engine's NAT stages over staged frames of both directions. */
export interface NatStages {
  run(way: Way): void;
  digest(way: Way): bigint;
  flush(): void;
  /** Frames translated since the beginning. */
  passed(): number;
}

export function natStages(module: WebAssembly.Module, sessions: number, staged: Record<Way, Staged>): NatStages {
  const { lab, nat, host } = natLab<StageExports>(module, sessions, roomFor(staged.out) + roomFor(staged.in));
  const out = place(lab, staged.out);
  const placed = { out, in: place(lab, staged.in, (out.rest + 63) & ~63) };
  const { stageNat, natFlush } = lab.x;
  let passed = 0;
  const burst = (way: Way, first: number, count: number): void => {
    const { frames, lengths, outs } = placed[way];
    const { dst, src } = LINKS[way];
    const id = way === "out" ? nat : 0;
    passed += stageNat(
      id, host, HOST, dst / 2 ** 32, dst >>> 0, src >>> 0, frames, staged[way].stride, lengths, outs, first, count,
    );
  };
  const each = (way: Way, after: (first: number, count: number) => void): void => {
    const { count } = staged[way];
    for (let first = 0; first < count; first += BURST) {
      const n = Math.min(BURST, count - first);
      burst(way, first, n);
      after(first, n);
    }
  };
  const nothing = (): void => {};
  return {
    run: (way) => each(way, nothing),
    flush: () => natFlush(nat),
    passed: () => passed,
    digest(way) {
      let sum = 0n;
      each(way, (first, n) => {
        for (let i = 0; i < n; i++) {
          const at = lab.words[(placed[way].outs >> 2) + i]!;
          if (at !== 0) sum += digestOf(lab.view, at, staged[way].lengths[first + i]!);
        }
      });
      return sum & 0xffff_ffff_ffff_ffffn;
    },
  };
}
