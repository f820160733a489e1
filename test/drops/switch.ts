/** What is lost on the way to a station: cards, wires and switches. */
import { CLASS_WIRE, ROLE_TRUNK } from "../../assembly/abi";
import { BROADCAST, EXPERIMENT } from "../guest";
import { engineOf } from "../inside";
import { ethernet, zeros } from "../packets";
import { ALICE, CAROL, frameTo, onASwitch, place } from "./place";
import type { Provoked } from "./index";

const data = zeros(46);

export const SWITCH = {
  TOO_SHORT: ["a frame of 13 bytes", async () => {
    const { lab, carol } = await onASwitch();
    carol.send(new Uint8Array(13));
    return lab;
  }],
  TOO_LONG: ["a frame of 1523 bytes", async () => {
    const { lab, carol } = await onASwitch();
    carol.send(frameTo(ALICE, EXPERIMENT, zeros(1523 - 14)));
    return lab;
  }],
  NOT_ATTACHED: ["a frame from a card that is on no network", async () => {
    const { lab, carol } = await onASwitch();
    carol.attach(lab.hosts[0]!.notAttached());
    carol.send(frameTo(ALICE, EXPERIMENT, data));
    return lab;
  }],
  CABLE_OFF: ["a frame from a card whose cable is unplugged", async () => {
    const { lab, carol } = await onASwitch();
    carol.cable = false;
    carol.send(frameTo(ALICE, EXPERIMENT, data));
    return lab;
  }],
  SRC_GROUP: ["a frame from everybody", async () => {
    const { lab, carol } = await onASwitch();
    carol.send(frameTo(ALICE, EXPERIMENT, data, [255, 255, 255, 255, 255, 255]));
    return lab;
  }],
  RESERVED_GROUP: ["a spanning tree message", async () => {
    const { lab, carol } = await onASwitch();
    carol.send(frameTo("01:80:c2:00:00:00", EXPERIMENT, data));
    return lab;
  }],
  HAIRPIN: ["a frame to its own sender", async () => {
    const { lab, carol } = await onASwitch();
    carol.send(frameTo(CAROL, EXPERIMENT, data));
    return lab;
  }],
  NO_DESTINATION: ["a broadcast on a network of one", async () => {
    const lab = await place();
    const laptop = lab.host("laptop", []);
    const carol = laptop.vm("carol", { attach: laptop.internal("office"), mac: CAROL, guest: "external" });
    carol.adapters[0]!.send(frameTo(BROADCAST, EXPERIMENT, data));
    return lab;
  }],
  UNKNOWN_UNICAST: ["a frame to nobody on VirtualBox's switch", async () => {
    const { lab, carol } = await onASwitch({}, { switch: "virtualbox" });
    carol.send(frameTo("02:00:00:00:00:77", EXPERIMENT, data));
    return lab;
  }],
  // No lab can be wired in a circle: the wire from the switch to itself is put into the engine by hand.
  LOOP: ["a broadcast on a switch that is wired to itself", async () => {
    const { lab, carol } = await onASwitch();
    const { call } = engineOf(lab);
    const ends = [1, 2].map(() => call.portAdd(ROLE_TRUNK, CLASS_WIRE, 50_000));
    for (const end of ends) call.portAttach(end, lab.hosts[0]!.network("office")!.network);
    call.portJoin(ends[0]!, ends[1]!);
    carol.send(frameTo(BROADCAST, EXPERIMENT, data));
    return lab;
  }],
  NO_FRAME: ["thirty frames at once in a lab with sixteen buffers", async () => {
    const { lab, carol } = await onASwitch({ capacity: { frames: 16 } });
    for (let i = 0; i < 30; i++) carol.send(frameTo(ALICE, EXPERIMENT, data));
    return lab;
  }],
  QUEUE_FULL: ["thirty frames at once in a lab with room for sixteen on wires", async () => {
    const { lab, carol } = await onASwitch({ capacity: { flights: 16 } });
    for (let i = 0; i < 30; i++) carol.send(frameTo(ALICE, EXPERIMENT, data));
    return lab;
  }],
  PORT_GONE: ["a machine that is removed while it talks to itself", async () => {
    const { lab } = await onASwitch();
    const alice = lab.machine("alice")!;
    alice.udp(7).send("hello", { address: alice.address, port: 7 });
    await lab.vms.find(({ name }) => name === "alice")!.remove();
    return lab;
  }],
  NOT_MINE: ["a flooded frame at a station with another MAC", async () => {
    const { lab, carol } = await onASwitch();
    carol.send(frameTo("02:00:00:00:00:77", EXPERIMENT, data));
    return lab;
  }],
  ETHERTYPE: ["a protocol that stations do not speak", async () => {
    const { lab, carol } = await onASwitch();
    carol.send(frameTo(ALICE, EXPERIMENT, data));
    return lab;
  }],
  VLAN: ["a frame of VLAN 5", async () => {
    const { lab, carol } = await onASwitch();
    carol.send(ethernet(EXPERIMENT, data, [[0x8100, 5]]));
    return lab;
  }],
} satisfies Provoked;
