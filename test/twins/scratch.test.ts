import { test } from "vitest";
import { Rig } from "./rig";
import { NatWorld } from "./nat-world";
const out = (o: object = {}) => ({ what: 0, who: 0, port: 0, protocol: 0, peer: 0, peerPort: 0, flags: 0, shape: 0, heard: 0, ...o });
const burst = { split: 1, budget: 1 };
for (const protocol of [0, 2]) for (const isRouter of [false, true]) for (const filler of [true, false]) for (const gap of [1000, 1100, 30_000, 240_000])
test(`${protocol} ${isRouter} ${filler} ${gap}`, async () => {
  const rig = await Rig.create();
  const w = new NatWorld(rig, { isRouter, filtering: 0 });
  const f = filler ? [out()] : [];
  const life = protocol === 2 ? 60_000 : 300_000;
  w.do([out({ who: 1, port: 1, protocol, peer: 1 }), ...f], burst);
  w.wait(life - 987);
  w.do([out({ who: 1, port: 1, protocol, peer: 0 }), ...f], burst);
  w.wait(gap);
  w.do([out({ what: 4, peer: 1 })], burst);
});
