import { expect } from "vitest";
import { story } from "../story";
import { MAC, threeOnASwitch } from "./settings";

const learning = threeOnASwitch();
const fixed = threeOnASwitch("virtualbox");

export const switchStories = [
  story("an unknown station is flooded, a known one is not", learning)`
    alice -> bob   : bob carol      # nobody knows bob yet
    bob   -> alice : alice          # alice was heard a moment ago
    alice -> bob   : bob            # and now bob has spoken too
  `,
  story("a silent station is forgotten after five minutes, and not before", learning)`
    bob   -> alice : alice carol
    wait 299 s
    alice -> bob   : bob
    wait 1 s
    alice -> bob   : bob carol
  `,
  story("a station that speaks is not forgotten", learning)`
    bob   -> alice : alice carol
    wait 200 s
    bob   -> alice : alice carol
    wait 200 s
    alice -> bob   : bob
  `,
  story("a station that moves is found at its new place by its first frame", learning)`
    alice -> everybody    : bob carol
    bob   -> alice        : alice
    alice -> bob          : bob
    carol as bob -> alice : alice
    alice -> bob          : carol
  `,
  story("a frame for somebody behind the same port is not sent back", learning)`
    bob as 02:00:00:00:00:0d -> alice : alice carol
    bob -> 02:00:00:00:00:0d          : dropped HAIRPIN
    alice -> 02:00:00:00:00:0d        : bob
  `,
  story("a frame from a group address is nobody's", learning)`
    alice as 03:00:00:00:00:01 -> bob       : dropped SRC_GROUP
    alice as ff:ff:ff:ff:ff:ff -> everybody : dropped SRC_GROUP
    bob -> 03:00:00:00:00:01                : alice carol
  `,
  story("the addresses that are the bridge's own are never forwarded, other groups always", learning)`
    alice -> 01:80:c2:00:00:00 : dropped RESERVED_GROUP
    alice -> 01:80:c2:00:00:0e : dropped RESERVED_GROUP
    alice -> 01:80:c2:00:00:0f : dropped RESERVED_GROUP
    alice -> 01:80:c2:00:00:10 : bob carol
    alice -> 01:00:5e:00:00:fb : bob carol
    alice -> 33:33:00:00:00:01 : bob carol
    alice -> everybody         : bob carol
  `,
  story("who is alone on a network is heard by nobody", learning)`
    bob and carol leave ${({ lab }) => {
      for (const name of ["bob", "carol"]) lab.vms.find((vm) => vm.name === name)!.adapters[0]!.leave();
    }}
    alice -> everybody : dropped NO_DESTINATION
    alice -> bob       : dropped NO_DESTINATION
    bob   -> alice     : dropped NOT_ATTACHED
  `,
  story("VirtualBox's switch drops what is for a station it does not have", fixed)`
    alice -> 02:00:00:00:00:77 : dropped UNKNOWN_UNICAST
    alice -> bob               : bob
    alice -> everybody         : bob carol
  `,
  story("VirtualBox's switch knows stations by their cards, not by what they send", fixed)`
    carol as bob -> alice : alice
    alice -> bob          : bob
    carol as 02:00:00:00:00:77 -> alice : alice
    alice -> 02:00:00:00:00:77 : dropped UNKNOWN_UNICAST
  `,
  story("VirtualBox's switch forgets nobody", fixed)`
    wait 2 h
    alice -> bob : bob
  `,
  story("a card without a MAC hears everything on VirtualBox's switch until it speaks", {
    boot: 10,
    build(lab) {
      const laptop = lab.host("laptop", []);
      const attach = laptop.internal("office", { switch: "virtualbox" });
      laptop.vm("alice", { attach, mac: MAC.alice, guest: "external" });
      laptop.vm("bob", { attach, mac: MAC.bob, guest: "external" });
      laptop.vm("dave", { attach, guest: "external" });
    },
  })`
    alice -> bob                       : bob dave
    dave as 02:00:00:00:00:0d -> alice : alice
    alice -> bob                       : bob
    alice -> 02:00:00:00:00:0d         : dave
    dave as 02:00:00:00:00:0e -> alice : alice
    alice -> 02:00:00:00:00:0e         : dropped UNKNOWN_UNICAST
  `,
  ...(["learning", "virtualbox"] as const).flatMap((kind) => [
    story(`a card that may not listen hears nothing of others on a ${kind} switch`, threeOnASwitch(kind, "deny"))`
      alice -> everybody : bob carol
      bob   -> alice     : alice
      alice -> bob       : bob
    `,
    story(`a card that may listen to VMs hears their frames on a ${kind} switch`, threeOnASwitch(kind, "allow-vms"))`
      alice -> everybody : bob carol
      bob   -> alice     : alice carol
      alice -> bob       : bob carol
    `,
    story(`a card that may listen to all hears all frames on a ${kind} switch, and a change of mind works at once`,
      threeOnASwitch(kind, "allow-all"))`
      alice -> everybody : bob carol
      bob   -> alice     : alice carol
      carol stops listening ${({ lab }) => { lab.vms.find((vm) => vm.name === "carol")!.adapters[0]!.promiscuous = "deny"; }}
      bob   -> alice     : alice
      carol listens to VMs ${({ lab }) => { lab.vms.find((vm) => vm.name === "carol")!.adapters[0]!.promiscuous = "allow-vms"; }}
      bob   -> alice     : alice carol
    `,
  ]),
  ...(["deny", "allow-vms", "allow-all"] as const).map((promiscuous) =>
    story(`of what the host says to a VM, a card with ${promiscuous} hears ${promiscuous === "allow-all" ? "everything" : "nothing"}`, {
      build(lab) {
        const laptop = lab.host("laptop", []);
        const attach = laptop.hostOnly("vboxnet0", { switch: "virtualbox" });
        laptop.vm("bob", { attach, mac: MAC.bob, guest: "external" });
        laptop.vm("carol", { attach, mac: MAC.carol, guest: "external", promiscuous });
      },
      guests: { bob: { ip: "192.168.56.50" }, carol: { nosy: true } },
    })`
      laptop asks for bob ${(world) => world.send("udp", "laptop", 1000, "bob", 7)}
      then bob has it ${(world) => expect(world.all().map(({ who }) => who)).toContain("bob")}
      then carol has it only if she may ${(world) =>
        expect(world.all().some(({ who }) => who === "carol")).toBe(promiscuous === "allow-all")}
    `),
  story("the forwarding database says who was heard where", learning)`
    bob   -> alice : alice carol
    alice -> bob   : bob
    then it holds alice and bob ${({ lab }) =>
      expect(lab.hosts[0]!.network("office")!.stations().map(({ mac, port }) => `${mac} ${port}`).sort())
        .toEqual([`${MAC.alice} alice/1`, `${MAC.bob} bob/1`])}
    wait 301 s
    then it holds nobody ${({ lab }) => expect(lab.hosts[0]!.network("office")!.stations()).toEqual([])}
  `,
];
