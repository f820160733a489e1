import type { CapturedPacket } from "../capture-reader";
import { describe, dissect } from "../inspect";
import type { Dissection } from "../inspect";
import { ETHERNET } from "../pcapng";
import { linkTypeName } from "./link-types";

/** The line for a captured frame; one that is no Ethernet, or that was cut when it was captured, says so. */
export function frameText(packet: CapturedPacket): string {
  return isEthernet(packet) ? describe(packet.frame) + cutMark(packet) : strangerText(packet);
}

/** The same, and the layers; a frame that is no Ethernet has none. */
export function frameLayers(packet: CapturedPacket): Dissection {
  if (!isEthernet(packet)) return { text: strangerText(packet), fault: null, layers: [] };
  const { text, fault, layers } = dissect(packet.frame);
  return { text: text + cutMark(packet), fault, layers };
}

function isEthernet({ interface: { linkType } }: CapturedPacket): boolean { return linkType === ETHERNET; }

function cutMark({ frame, originalLength }: CapturedPacket): string {
  return originalLength > frame.length ? ` (cut: ${frame.length} of ${originalLength} bytes)` : "";
}

function strangerText({ frame, interface: { linkType } }: CapturedPacket): string {
  return `${linkTypeName(linkType)}, ${frame.length} bytes`;
}
