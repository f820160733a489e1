/** How a lab ended: everything that two runs of one world must have in common. */
import type { Lab } from "../src/index";

export interface Ending {
  /** SHA-256 of each capture. */
  captures: string[];
  stateHash: string;
  time: number;
}

/** Captures every network there is, in the order they were made. */
export function captureAll(lab: Lab): void {
  for (const lan of lab.lans) lan.capture();
  for (const host of lab.hosts) for (const network of host.networks) network.capture();
  for (const vm of lab.vms) for (const adapter of vm.adapters) if (adapter.kind === "nat") adapter.network!.capture();
}

/** Looks at everything before it waits: what is in flight goes on meanwhile. */
export async function endingOf(lab: Lab): Promise<Ending> {
  const [stateHash, time] = [lab.stateHash(), lab.now];
  return { captures: await Promise.all(lab.captures.map((capture) => sha256(capture.bytes()))), stateHash, time };
}

export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.slice()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
