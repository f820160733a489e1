import { same } from "../digest";
import { median } from "../median";
import type { Contestant } from "../rounds";
import { PASS, digestBytes } from "../transfer";

/** Hands out what it receives, chunk by chunk, until a pass of PASS bytes is complete. */
export type Pass = (take: (chunk: Uint8Array) => void) => Promise<void>;

/** Before the first round, ms: V8 optimises what is called seldom, and for long, rather late. */
const WARM = 1500;

/** A contestant whose passes are asynchronous: benny's samples are not. The median of its passes in `ms` milliseconds. */
export function timed(name: string, frames: number, pass: Pass, digest: bigint): Contestant {
  const verify = async (): Promise<void> => {
    const out = new Uint8Array(PASS);
    let at = 0;
    await pass((chunk) => {
      out.set(chunk, at);
      at += chunk.length;
    });
    same(`${name}, digest`, digest, digestBytes(out));
  };
  let isWarm = false;
  return {
    name,
    frames,
    async time(ms) {
      if (!isWarm) await verify();
      for (const end = performance.now() + WARM; !isWarm && performance.now() < end; ) await pass(() => {});
      isWarm = true;
      const took: number[] = [];
      for (const end = performance.now() + ms; took.length === 0 || performance.now() < end; ) {
        let received = 0;
        const began = performance.now();
        await pass((chunk) => { received += chunk.length; });
        took.push(((performance.now() - began) * 1e6) / frames);
        same(`${name}, bytes received`, PASS, received);
      }
      return median(took);
    },
    verify,
  };
}
