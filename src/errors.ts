/**
 * What can go wrong, by stable name. New ones may come: match those you know.
 *
 * - form of a value: ADDRESS, MAC, PORT, NAME, FORWARD, OPTION, CAPACITY, DATAGRAM_SIZE
 * - two things at once: NAME_TAKEN, MAC_TAKEN, OVERLAP, NAT_IN_USE, FORWARD_TAKEN, PORT_IN_USE,
 *   OPTIONS_DIFFER, OTHER_HOST, OTHER_LAB
 * - the wrong moment or object: CLOSED, REMOVED, CLOCK, EXTERNAL_GUEST, NOT_EXTERNAL, NO_NAT, NO_ADDRESS, FULL
 * - the network's answer: TIMEOUT, UNREACHABLE, REFUSED, RESET, NO_ROUTE, TTL_EXPIRED, TOO_BIG, NOT_READY; ABORTED by ourselves
 * - names: NO_DNS (nobody to ask), NOT_FOUND (there is no such name), DNS (the server could not or would not say)
 * - the engine: ENGINE, SNAPSHOT; the DHCP server: DHCP_CONFIG, DHCP_STATE
 * - capture files: CAPTURE_…; the cable to an emulator: FRAME, FRAMING, LISTEN, CONNECT, CONNECTION, REPLACED
 */
export type LabErrorCode =
  | "ADDRESS" | "MAC" | "PORT" | "NAME" | "FORWARD" | "OPTION" | "CAPACITY" | "DATAGRAM_SIZE"
  | "NAME_TAKEN" | "MAC_TAKEN" | "OVERLAP" | "NAT_IN_USE" | "FORWARD_TAKEN" | "PORT_IN_USE"
  | "OPTIONS_DIFFER" | "OTHER_HOST" | "OTHER_LAB"
  | "CLOSED" | "REMOVED" | "CLOCK" | "EXTERNAL_GUEST" | "NOT_EXTERNAL" | "NO_NAT" | "NO_ADDRESS" | "FULL"
  | "TIMEOUT" | "UNREACHABLE" | "REFUSED" | "RESET" | "NO_ROUTE" | "TTL_EXPIRED" | "TOO_BIG" | "NOT_READY" | "ABORTED"
  | "NO_DNS" | "NOT_FOUND" | "DNS"
  | "ENGINE" | "SNAPSHOT"
  | "CAPTURE_FORMAT" | "CAPTURE_INTERFACE" | "CAPTURE_LENGTH" | "CAPTURE_SOURCE" | "CAPTURE_STREAMED" | "CAPTURE_TIME"
  | "FRAME" | "FRAMING" | "LISTEN" | "CONNECT" | "CONNECTION" | "REPLACED"
  | "DHCP_CONFIG" | "DHCP_STATE";

/**
 * The one error class of the lab.
 *
 * `code` is stable and meant for programs; `message` is meant for people and says the value received, the thing
 * concerned, the accepted range and the likely cause.
 */
export class LabError extends Error {
  readonly code: LabErrorCode;

  constructor(code: LabErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "LabError";
    this.code = code;
  }
}
