import { Frame, frameAt } from "./frames";
import { seed } from "./memory";
import { Packet } from "./packet/packet";
import { parseAt } from "./packet/parse";

/** Fills the descriptor of a frame from its bytes. It is valid until they change. */
export function parse(handle: u32): void {
  const f = frameAt(handle);
  parseAt(f.data, f.length, changetype<usize>(f) + offsetof<Frame>("l3"), seed());
}

// The descriptor in a frame buffer is a Packet.
if (offsetof<Frame>("l4") - offsetof<Frame>("l3") != offsetof<Packet>("l4")) ERROR("Packet moved: l4");
if (offsetof<Frame>("payload") - offsetof<Frame>("l3") != offsetof<Packet>("payload")) ERROR("Packet moved: payload");
if (offsetof<Frame>("end") - offsetof<Frame>("l3") != offsetof<Packet>("end")) ERROR("Packet moved: end");
if (offsetof<Frame>("etherType") - offsetof<Frame>("l3") != offsetof<Packet>("etherType"))
  ERROR("Packet moved: etherType");
if (offsetof<Frame>("vlan") - offsetof<Frame>("l3") != offsetof<Packet>("vlan")) ERROR("Packet moved: vlan");
if (offsetof<Frame>("kind") - offsetof<Frame>("l3") != offsetof<Packet>("kind")) ERROR("Packet moved: kind");
if (offsetof<Frame>("protocol") - offsetof<Frame>("l3") != offsetof<Packet>("protocol"))
  ERROR("Packet moved: protocol");
if (offsetof<Frame>("fault") - offsetof<Frame>("l3") != offsetof<Packet>("fault")) ERROR("Packet moved: fault");
if (offsetof<Frame>("flags") - offsetof<Frame>("l3") != offsetof<Packet>("flags")) ERROR("Packet moved: flags");
if (offsetof<Frame>("srcPort") - offsetof<Frame>("l3") != offsetof<Packet>("srcPort")) ERROR("Packet moved: srcPort");
if (offsetof<Frame>("dstPort") - offsetof<Frame>("l3") != offsetof<Packet>("dstPort")) ERROR("Packet moved: dstPort");
if (offsetof<Frame>("hash") - offsetof<Frame>("l3") != offsetof<Packet>("hash")) ERROR("Packet moved: hash");
