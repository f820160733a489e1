import { readCapture } from "./capture-reader";
import type { CapturedPacket } from "./capture-reader";
import { PcapngWriter } from "./pcapng";

/** A capture to be merged, and what it is a capture of. */
export interface NamedCapture {
  name: string;
  bytes: Uint8Array;
}

/**
 * Several captures of one lab as one, in the order of time; packets of the same instant in the order of the captures.
 *
 * An interface keeps its name; its description is the name of the capture it comes from.
 *
 * @throws LabError CAPTURE_FORMAT
 */
export async function mergeCaptures(captures: readonly NamedCapture[]): Promise<Uint8Array> {
  const packets: (CapturedPacket & { place: number })[] = [];
  const writer = new PcapngWriter();
  for (const { name, bytes } of captures) {
    const places = new Map<string, number>();
    for await (const packet of readCapture(bytes)) {
      const port = packet.interface.name ?? "";
      const place = places.get(port) ?? writer.addInterface({ name: port, description: name });
      places.set(port, place);
      packets.push({ ...packet, place });
    }
  }
  packets.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  for (const { place, time, frame, direction, comments } of packets)
    writer.packet({
      interface: place, time, frame, ...(direction && { direction }), ...(comments && { comment: comments.join("; ") }),
    });
  return writer.bytes();
}
