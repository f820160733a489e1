import { Frame, frameAt } from "./frames";
import { seed } from "./memory";
import { Packet } from "./packet/packet";
import { parseAt } from "./packet/parse";

/** Fills the descriptor of a frame from its bytes. It is valid until they change. */
export function parse(handle: u32): void {
  const f = frameAt(handle);
  parseAt(f.data, f.length, changetype<usize>(f) + DESCRIPTOR, seed());
}

/** The descriptor in a frame buffer is a Packet. */
const DESCRIPTOR = offsetof<Frame>("l3");
if (
  offsetof<Frame>("l4") != DESCRIPTOR + offsetof<Packet>("l4") ||
  offsetof<Frame>("payload") != DESCRIPTOR + offsetof<Packet>("payload") ||
  offsetof<Frame>("end") != DESCRIPTOR + offsetof<Packet>("end") ||
  offsetof<Frame>("etherType") != DESCRIPTOR + offsetof<Packet>("etherType") ||
  offsetof<Frame>("vlan") != DESCRIPTOR + offsetof<Packet>("vlan") ||
  offsetof<Frame>("kind") != DESCRIPTOR + offsetof<Packet>("kind") ||
  offsetof<Frame>("protocol") != DESCRIPTOR + offsetof<Packet>("protocol") ||
  offsetof<Frame>("fault") != DESCRIPTOR + offsetof<Packet>("fault") ||
  offsetof<Frame>("flags") != DESCRIPTOR + offsetof<Packet>("flags") ||
  offsetof<Frame>("srcPort") != DESCRIPTOR + offsetof<Packet>("srcPort") ||
  offsetof<Frame>("dstPort") != DESCRIPTOR + offsetof<Packet>("dstPort") ||
  offsetof<Frame>("hash") != DESCRIPTOR + offsetof<Packet>("hash")
) {
  ERROR("Packet and the descriptor in Frame differ");
}
