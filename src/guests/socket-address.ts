import { isIP } from "node:net";
import { LabError } from "../errors";

/** A TCP or UDP endpoint on this machine or a neighbour. */
export interface SocketAddress {
  /** 1 to 65535; 0 lets the operating system choose where this side listens. */
  port: number;
  /** An IP address; `127.0.0.1` when left out, so that nobody outside this machine can reach it. */
  host?: string;
}

/** Longest path of a Unix socket in bytes: `sun_path` without its final zero on Linux. Longer ones would be cut. */
const MAX_PATH = 107;

/**
 * Checks an endpoint as the user wrote it: a path (Unix socket) or a port with a host.
 *
 * @param what  the option concerned, for the message
 * @throws LabError `ADDRESS`
 */
export function checkAddress(what: string, address: string | SocketAddress): { path: string } | Required<SocketAddress> {
  if (typeof address !== "string") return checkEndpoint(what, address);

  const length = Buffer.byteLength(address);
  if (length >= 1 && length <= MAX_PATH) return { path: address };
  throw new LabError("ADDRESS", `${what}: path of ${length} bytes; a Unix socket's path has 1 to ${MAX_PATH}. A folder nearer to / helps.`);
}

/** Checks a port with a host and fills in the host. @throws LabError `ADDRESS` */
export function checkEndpoint(what: string, address: SocketAddress): Required<SocketAddress> {
  const { port, host = "127.0.0.1" } = address ?? {};
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new LabError("ADDRESS", `${what}: port ${port}; it takes a whole number, 0 to 65535.`);
  }
  if (isIP(host) === 0) {
    throw new LabError("ADDRESS", `${what}: host "${host}" is not an IP address, such as 127.0.0.1. Names are not looked up.`);
  }
  return { port, host };
}

/** The endpoint as people write it. */
export function showAddress(address: { path: string } | Required<SocketAddress>): string {
  return "path" in address ? address.path : `${address.host}:${address.port}`;
}
