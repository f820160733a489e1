/**
 * The smallest external guest: something with a FramePort. It answers ARP and nothing else, so that others find its MAC.
 *
 *   node examples/emulator.mjs
 */
import { createLab } from "fivewire";
import { describe } from "fivewire/inspect";

const MAC = [0x02, 0, 0, 0, 0, 0x09];
const ADDRESS = [10, 0, 2, 9];

/** @type {import("fivewire").FramePort} */
const guest = {
  mac: "02:00:00:00:00:09",
  onframe: null,
  send(frame) {
    console.log("guest hears", describe(frame));
    if (isRequestForMe(frame)) guest.onframe(answerTo(frame));
  },
  link: (up) => console.log(`guest's link is ${up ? "up" : "down"}`),
};

const lab = await createLab();
const laptop = lab.host("laptop");
const office = laptop.natNetwork("office");
const alice = laptop.vm("alice", office);
const toy = laptop.vm("toy", { attach: office, guest });
await lab.ready();

const error = await alice.ping("10.0.2.9").catch((reason) => reason);
console.log(error.code); // the echo request arrived, and the toy does not speak ICMP
toy.adapters[0].cable = false;
await lab.close();

/** ARP over Ethernet (RFC 826): EtherType at 12, operation at 20, target address at 38. */
function isRequestForMe(frame) {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  if (frame.length < 42 || view.getUint16(12) !== 0x0806 || view.getUint16(20) !== 1) return false;
  return ADDRESS.every((byte, i) => frame[38 + i] === byte);
}

/** The request with the two sides exchanged, and our MAC filled in. */
function answerTo(request) {
  const answer = request.slice(0, 42);
  answer.set(request.subarray(6, 12), 0);
  answer.set(MAC, 6);
  answer[21] = 2;
  answer.set([...MAC, ...ADDRESS], 22);
  answer.set(request.subarray(22, 32), 32);
  return answer;
}
