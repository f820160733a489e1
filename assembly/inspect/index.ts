/**
 * Bytes to text: one line for an Ethernet frame, in the manner of `tcpdump -en`.
 *
 * This module is its own small Wasm with a garbage collector. Strings cross its border through as-bind, which copies:
 * fine for a person's eyes, and never on a frame's way through the engine.
 */
import { Packet } from "../packet/packet";
import { parseAt } from "../packet/parse";
import { ETHERNET } from "../wire/ethernet";
import { describeEthernet } from "./ethernet";

/** The one packet that is being described. */
const PACKET: usize = memory.data(offsetof<Packet>(), 8);

/**
 * One line for `frame`, an Ethernet frame without FCS.
 *
 * @param frame  0…65535 bytes; a short or damaged one is described as far as it goes, never an error
 */
export function describe(frame: Uint8Array): string {
  const length = frame.length.toString();
  if (<u32>frame.length < ETHERNET) return `(TOO_SHORT), length ${length}`;
  if (frame.length > 0xffff) return `(TOO_LONG), length ${length}`;
  parseAt(frame.dataStart, frame.length, PACKET, 0);
  return describeEthernet(frame.dataStart, frame.length, Packet.at(PACKET));
}
