import type { CapturedPacket } from "../capture-reader";
import { describe, dissect, LINK_TYPES } from "../inspect";
import type { Dissection } from "../inspect";
import { linkTypeName } from "./link-types";

/** The line for a captured frame; one of a link type that is not looked into, or that was cut when it was captured, says so. */
export function frameText(packet: CapturedPacket): string {
  return isKnown(packet) ? describe(packet.frame, packet.interface) + cutMark(packet) : strangerText(packet);
}

/** The same, and the layers; a frame that is not looked into has none. */
export function frameLayers(packet: CapturedPacket): Dissection {
  if (!isKnown(packet)) return { text: strangerText(packet), fault: null, layers: [] };
  const { text, fault, layers } = dissect(packet.frame, packet.interface);
  return { text: text + cutMark(packet), fault, layers };
}

function isKnown({ interface: { linkType } }: CapturedPacket): boolean { return LINK_TYPES.includes(linkType); }

function cutMark({ frame, originalLength }: CapturedPacket): string {
  return originalLength > frame.length ? ` (cut: ${frame.length} of ${originalLength} bytes)` : "";
}

function strangerText({ frame, interface: { linkType } }: CapturedPacket): string {
  return `${linkTypeName(linkType)}, ${frame.length} bytes`;
}
