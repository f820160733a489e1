import { formatIp, isIp, parseIp } from "./address";
import { checkDuration } from "./clock";
import type { Core } from "./core";
import { Errand } from "./errand";
import { LabError } from "./errors";
import { checkOptions, say } from "./options";
import { failure } from "./ping";
import { hash } from "./seed";
import { decodeDns, DNS_CODE, DNS_TYPE, encodeQuery } from "./services/dns-message";
import type { DnsMessage } from "./services/dns-message";
import { reverseName } from "./services/dns-reverse";
import type { MachineState } from "./state";

export interface ResolveOptions {
  /** How long to wait for each answer, ms; default 1000. */
  timeout?: number;
  /** How often each server is asked, 1…10; default 2. */
  tries?: number;
}

/** UDP port of DNS servers. */
const PORT = 53;

/** Whether a text may be a name, and is not the misspelt number of an address. */
export function isName(text: string): boolean {
  return text.length > 0 && text.length <= 253 && !/^[\d.\s]*$/.test(text) && text.split(".").every((part) => part.length > 0);
}

/** Asks one machine's DNS servers: each in turn, and again, until one knows (RFC 1123 §6.1.3.3). */
export class Resolver {
  private count = 0;

  constructor(
    private readonly core: Core, private readonly state: MachineState, private readonly errands: Map<number, Errand>,
  ) {}

  /** @throws LabError NAME, OPTION, NO_DNS, NOT_FOUND, DNS, TIMEOUT, REFUSED, UNREACHABLE */
  async addresses(name: string, servers: string[], options?: ResolveOptions): Promise<string[]> {
    if (typeof name === "string" && isIp(name)) return [name];
    if (typeof name !== "string" || !isName(name.replace(/\.$/, "")))
      throw new LabError("NAME", `${this.state.name}: resolve(${say(name)}); it takes a name such as "printer"`);
    const { answers } = await this.ask(name.replace(/\.$/, ""), DNS_TYPE.A, servers, options);
    const found = answers.filter(({ type }) => type === DNS_TYPE.A).map(({ value }) => formatIp(value as number));
    if (found.length > 0) return found;
    throw new LabError("NOT_FOUND", `${this.state.name}: ${name} has no IPv4 address`);
  }

  /** @throws LabError ADDRESS, and as `addresses` */
  async names(address: string, servers: string[], options?: ResolveOptions): Promise<string[]> {
    const name = reverseName(parseIp(address, `${this.state.name}: reverse`));
    const { answers } = await this.ask(name, DNS_TYPE.PTR, servers, options);
    return answers.filter(({ type }) => type === DNS_TYPE.PTR).map(({ value }) => value as string);
  }

  private async ask(name: string, type: number, servers: string[], options: ResolveOptions = {}): Promise<DnsMessage> {
    const thing = `${this.state.name}: resolve`;
    checkOptions(options, { timeout: true, tries: true }, thing);
    const { timeout = 1000, tries = 2 } = options;
    checkDuration(timeout, `${thing}: timeout`);
    if (!Number.isInteger(tries) || tries < 1 || tries > 10)
      throw new LabError("OPTION", `${thing}: tries ${say(tries)}; it takes a whole number, 1 to 10`);
    if (servers.length === 0)
      throw new LabError("NO_DNS",
        `${this.state.name}: nobody to ask for the name ${name}: none of its networks has a DNS server, or no lease has told of one yet ` +
        "(await lab.ready()); NAT, NAT networks and LANs with a home router have one");

    let last: unknown;
    for (let again = 0; again < tries; again++)
      for (const server of servers) {
        try {
          return await this.askOne(name, type, server, timeout);
        } catch (error) {
          // What one server does not know, another may not know either: that there is no such name is an answer.
          if (!(error instanceof LabError) || ["NOT_FOUND", "NAME", "REMOVED", "CLOSED"].includes(error.code)) throw error;
          last = error;
        }
      }
    throw last;
  }

  private async askOne(name: string, type: number, server: string, timeout: number): Promise<DnsMessage> {
    const id = hash(`${this.core.state.seed}/${this.state.name}/dns/${this.count++}`)[1] & 0xffff;
    const query = encodeQuery(id, name, type);
    const address = parseIp(server, `${this.state.name}: DNS server`);
    const socket = new Errand(this.core, this.state, this.errands);
    const answer = this.core.clock.operation<DnsMessage>();
    const timer = this.core.clock.after(timeout, () => answer.reject(new LabError("TIMEOUT",
      `${this.state.name}: DNS server ${server} did not answer within ${timeout} ms, asked for ${name}`)));
    socket.onfailure = (event) => answer.reject(failure(event, this.state.name, `DNS server ${server}`));
    socket.onanswer = ({ a, b, payload }) => {
      const message = decodeDns(payload);
      // Only who was asked may answer, and only what was asked (RFC 5452 §9.1).
      if (a >>> 0 !== address >>> 0 || b !== PORT || !message?.isResponse || message.id !== id) return;
      const [question] = message.questions;
      if (question && (question.type !== type || question.name.toLowerCase() !== name.toLowerCase())) return;
      answer.resolve(message);
    };
    try {
      try {
        socket.send(query, address, PORT);
      } catch (error) {
        answer.reject(error);
      }
      return understood(await answer.promise, name, server, this.state.name);
    } finally {
      timer.cancelled = true;
      socket.close();
    }
  }
}

/** @throws LabError NOT_FOUND, DNS */
function understood(message: DnsMessage, name: string, server: string, machine: string): DnsMessage {
  if (message.code === DNS_CODE.OK) return message;
  if (message.code === DNS_CODE.NAME)
    throw new LabError("NOT_FOUND", `${machine}: there is no ${name}, says DNS server ${server}; it knows the machines that can be reached from ${machine}`);
  throw new LabError("DNS", `${machine}: DNS server ${server} could not tell of ${name}: response code ${message.code} (RFC 1035 §4.1.1)`);
}
