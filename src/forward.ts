import { checkPort, parseIp } from "./address";
import { LabError } from "./errors";
import { checkOptions } from "./options";
import type { OptionNames } from "./options";

/** A port-forward rule: what comes for the host's port goes to the guest's. */
export interface ForwardRule {
  /** Left out: made from protocol and ports, as VirtualBox does. Unique within a NAT. */
  name?: string;
  protocol: "tcp" | "udp";
  /** Left out: every address of the host. */
  hostIp?: string;
  hostPort: number;
  /** Left out: the guest that was leased or heard last. */
  guestIp?: string;
  guestPort: number;
}

const OPTIONS: OptionNames<ForwardRule> = {
  name: true, protocol: true, hostIp: true, hostPort: true, guestIp: true, guestPort: true,
};

/** The rules of an option: none, one, or several. */
export function rulesOf(forward: string | ForwardRule | readonly (string | ForwardRule)[] = []): readonly (string | ForwardRule)[] {
  return typeof forward === "string" || !Array.isArray(forward) ? [forward as string | ForwardRule] : forward;
}

/**
 * A rule in either of VBoxManage's forms, or as an object, checked and with its name:
 *
 *   [name],tcp|udp,[hostIP],hostPort,[guestIP],guestPort          natpf: "http,tcp,,8080,,80"
 *   [name]:tcp|udp:[[hostIP]]:hostPort:[guestIP]:guestPort        natnetwork: "http:tcp:[]:8080:[10.0.2.4]:80"
 *
 * @param thing  the network, for the message
 * @throws LabError FORWARD (form), OPTION (a name in an object), ADDRESS, PORT
 */
export function parseForward(rule: string | ForwardRule, thing: string): ForwardRule & { name: string } {
  if (typeof rule !== "string") checkOptions(rule, OPTIONS, `${thing}: forward`);
  const given = typeof rule === "string" ? parseText(rule, thing) : rule;
  if (given.protocol !== "tcp" && given.protocol !== "udp")
    throw new LabError("FORWARD", `${thing}: forward of protocol ${JSON.stringify(given.protocol)}; it takes tcp or udp`);

  const label = `${thing}, forward ${given.name ?? ""}`.trimEnd();
  if (given.hostIp) parseIp(given.hostIp, `${label}: host address`);
  if (given.guestIp) parseIp(given.guestIp, `${label}: guest address`);
  checkPort(given.hostPort, `${label}: host`);
  checkPort(given.guestPort, `${label}: guest`);
  return { ...given, name: given.name || `${given.protocol}_${given.hostPort}_${given.guestPort}` };
}

function parseText(text: string, thing: string): ForwardRule {
  const commas = text.split(",");
  if (commas.length === 6) return fromParts(commas);

  const match = /^([^:[\]]*):(tcp|udp):\[([^\]]*)\]:(\d+):\[([^\]]+)\]:(\d+)$/i.exec(text);
  if (match) return { ...fromParts(match.slice(1)), name: match[1] || networkRuleName(match) };

  throw new LabError(
    "FORWARD",
    `${thing}: forward ${JSON.stringify(text)}; it takes "[name],tcp|udp,[hostIP],hostPort,[guestIP],guestPort" or ` +
      '"name:tcp|udp:[hostIP]:hostPort:[guestIP]:guestPort", such as "http,tcp,,8080,,80"',
  );
}

function fromParts(parts: string[]): ForwardRule {
  const [name, protocol, hostIp, hostPort, guestIp, guestPort] = parts.map((part) => part.trim()) as [
    string, string, string, string, string, string,
  ];
  return {
    ...(name && { name }),
    protocol: protocol.toLowerCase() as ForwardRule["protocol"],
    ...(hostIp && { hostIp }),
    hostPort: hostPort === "" ? NaN : Number(hostPort),
    ...(guestIp && { guestIp }),
    guestPort: guestPort === "" ? NaN : Number(guestPort),
  };
}

/** VirtualBox's name for an unnamed rule of a NAT network. */
function networkRuleName([, , protocol, hostIp, hostPort, guestIp, guestPort]: RegExpExecArray): string {
  return `${protocol}_[${hostIp}]%${hostPort}_[${guestIp}]%${guestPort}`;
}
