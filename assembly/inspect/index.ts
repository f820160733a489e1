/**
 * Bytes to text: a frame as one line, in the manner of `tcpdump -en`, and as layers with their fields.
 *
 * This module is its own small Wasm with a garbage collector. Strings cross its border through as-bind, which copies:
 * fine for a person's eyes, and never on a frame's way through the engine.
 */
import { Packet } from "../packet/packet";
import { faultMark, faultName } from "./fault";
import { Layers, quoted } from "./layers";
import { dissectLink, linkHeader } from "./link";

/** The one packet that is being looked at. */
const PACKET: usize = memory.data(offsetof<Packet>(), 8);

/**
 * One line for `frame`, without FCS.
 *
 * @param frame     0…65535 bytes; a short or damaged one is described as far as it goes, never an error
 * @param linkType  one that `linkHeader` knows: 1 is Ethernet
 */
export function describe(frame: Uint8Array, linkType: u32): string {
  const refusal = refusalOf(frame.length, linkType);
  return refusal.length == 0 ? dissectWith(frame, linkType, new Layers(false)) : lineWithout(refusal, frame.length);
}

/** The same line, and what it was made of: `{ text, fault, layers }` as JSON. */
export function dissect(frame: Uint8Array, linkType: u32): string {
  const refusal = refusalOf(frame.length, linkType);
  if (refusal.length > 0)
    return `{"text":"${lineWithout(refusal, frame.length)}","fault":"${refusal}","layers":[]}`;
  const layers = new Layers(true);
  const text = dissectWith(frame, linkType, layers);
  const name = faultName(Packet.at(PACKET).fault);
  return `{"text":${quoted(text)},"fault":${name.length == 0 ? "null" : quoted(name)},"layers":${layers.toString()}}`;
}

/** Name of the reason why `length` bytes are no frame; empty: they may be one. */
function refusalOf(length: u32, linkType: u32): string {
  if (length < linkHeader(linkType)) return "TOO_SHORT";
  return length > 0xffff ? "TOO_LONG" : "";
}

function lineWithout(refusal: string, length: i32): string {
  return `(${refusal}), length ${length}`;
}

function dissectWith(frame: Uint8Array, linkType: u32, layers: Layers): string {
  const packet = Packet.at(PACKET);
  return dissectLink(frame.dataStart, frame.length, linkType, packet, layers) + faultMark(packet.fault);
}
