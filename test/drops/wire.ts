/** What wires with character lose. */
import { EXPERIMENT } from "../guest";
import { zeros } from "../packets";
import { ALICE, frameTo, onASwitch } from "./place";
import type { Provoked } from "./index";

export const WIRE = {
  WIRE_LOSS: ["a frame on a wire that loses everything", async () => {
    const { lab, carol } = await onASwitch({}, { wire: { loss: 1 } });
    carol.send(frameTo(ALICE, EXPERIMENT, zeros(46)));
    return lab;
  }],
  WIRE_MTU: ["a payload of 1001 bytes on a wire for 1000", async () => {
    const { lab, carol } = await onASwitch();
    carol.wire = { mtu: 1000 };
    carol.send(frameTo(ALICE, EXPERIMENT, zeros(1001)));
    return lab;
  }],
} satisfies Provoked;
