import type { Adapter } from "../adapter";
import type { Capture } from "../capture";
import { readCapture } from "../capture-reader";
import { LabError } from "../errors";
import type { Lab } from "../lab";
import type { Leg } from "../leg";
import type { Machine } from "../machine";
import type { ReasonName } from "../reasons";
import { hash } from "../seed";
import type { TcpSocket } from "../tcp-socket";
import type { Endpoint, UdpSocket } from "../udp-socket";

/** What became of one thing that was sent. */
export interface Attempt {
  arrived: boolean;
  answered: boolean;
  /** Frames dropped in the lab meanwhile. */
  drops: Partial<Record<ReasonName, number>>;
  /** What tells it from everything else: a nonce, or a length nobody else uses. */
  mark: string;
  /** Bytes of its frame. */
  length: number;
}

/** UDP port that is tried everywhere, of hosts and guests alike. */
export const PORT = 7007;

/** How long something may take, ms of virtual time: many times the longest way through the lab. */
const PATIENCE = 500;

/** Bytes of data of the first echo request; every other has one more. */
const FIRST_SIZE = 100;

/** Bytes of Ethernet, IPv4 and UDP (or ICMP) header before the data. */
const HEADERS = 14 + 20 + 8;

/** The same of TCP with the timestamps that every segment has, and of its first segment, which has options to agree upon too. */
const TCP_HEADERS = 14 + 20 + 20 + 12;
const SYN = 14 + 20 + 20 + 20;

/** Sends marked datagrams, connections and echo requests, and knows whether the right machine received them. */
export class Prober {
  private count = 0;
  private readonly cards = new Map<Leg, Capture>();

  constructor(private readonly lab: Lab) {}

  /**
   * Sends a datagram with a nonce; who receives it answers with the nonce and its own name.
   *
   * @param to      machine that is to receive it
   * @param target  where it is sent
   * @throws LabError NO_ROUTE, NO_ADDRESS: the sender could not send at all
   */
  async udp(from: Machine, to: Machine, target: Endpoint): Promise<Attempt> {
    const nonce = this.nonce();
    const before = this.lab.stats().drops;
    const server = to.udp(PORT);
    const client = from.udp();
    try {
      client.send(nonce, target);
      const request = await hear(server, nonce);
      if (request) server.send(`${nonce} ${to.name}`, request.from);
      const answer = request && (await hear(client, `${nonce} ${to.name}`));
      return this.attempt(nonce, request !== null, answer !== null, before);
    } finally {
      server.close();
      client.close();
    }
  }

  /**
   * Opens a connection and sends a nonce; who receives it answers with the nonce and its own name.
   *
   * @throws LabError NO_ROUTE, NO_ADDRESS: the sender could not send at all
   */
  async tcp(from: Machine, to: Machine, target: Endpoint): Promise<Attempt> {
    const nonce = this.nonce();
    const before = this.lab.stats().drops;
    const server = to.listen({ port: PORT, allowHalfOpen: true });
    const client = from.connect(target, { timeout: PATIENCE, allowHalfOpen: true });
    let accepted: TcpSocket | null = null;
    try {
      const isOpen = await client.opened.then(() => true, unopened);
      accepted = isOpen ? await server.accept({ timeout: PATIENCE }).catch(silence) : null;
      void tell(client, nonce);
      const arrived = (accepted && (await this.read(accepted))) === nonce;
      if (arrived) void tell(accepted!, `${nonce} ${to.name}`);
      const answered = arrived && (await this.read(client)) === `${nonce} ${to.name}`;
      const length = TCP_HEADERS + nonce.length;
      return { arrived, answered, drops: this.dropsSince(before), mark: `nonce ${nonce}`, length };
    } finally {
      server.close();
      await Promise.all([client.close().catch(() => {}), accepted?.close().catch(() => {})]);
    }
  }

  /** Tries to open a connection to somebody who has no sockets, and looks for its first segment on the cards. */
  async tcpUnheard(from: Machine, to: Machine, target: Endpoint): Promise<Attempt> {
    const before = this.lab.stats().drops;
    const earlier = await this.received(to, SYN);
    await from.connect(target, { timeout: PATIENCE }).opened.catch(unopened);
    const arrived = (await this.received(to, SYN)) > earlier;
    return { arrived, answered: false, drops: this.dropsSince(before), mark: "a SYN", length: SYN };
  }

  /** What the other side says until it ends; null: it does not end in time. */
  private async read(socket: TcpSocket): Promise<string | null> {
    let text = "";
    let done = false;
    void this.lab.sleep(PATIENCE).then(() => done || socket.abort());
    try {
      const reader = socket.readable.getReader();
      for (let next = await reader.read(); !next.done; next = await reader.read()) text += new TextDecoder().decode(next.value);
      return text;
    } catch {
      return null;
    } finally {
      done = true;
    }
  }

  /**
   * Sends an echo request of a length nobody else uses, and looks for it on the cards of `to`: an answer alone does not say
   * who gave it where the address exists in several places. What a host's own NAT hands to the host crosses no card: there
   * the answer is the proof.
   *
   * @throws LabError NO_ROUTE, NO_ADDRESS: the sender could not send at all
   */
  async icmp(from: Machine, to: Machine, address: string): Promise<Attempt> {
    const size = FIRST_SIZE + this.count++;
    const before = this.lab.stats().drops;
    const earlier = await this.received(to, HEADERS + size);
    const answered = await from.ping(address, { size, timeout: PATIENCE }).then((reply) => reply.from === address, unanswered);
    const seen = (await this.received(to, HEADERS + size)) > earlier;
    return {
      arrived: seen || (answered && this.isOnlyOwner(to, address)), answered, drops: this.dropsSince(before), mark: `echo request of ${size} bytes`, length: HEADERS + size,
    };
  }

  /** Sends a datagram to somebody who has no sockets, and looks for it on the cards. */
  async udpUnheard(from: Machine, to: Machine, target: Endpoint): Promise<Attempt> {
    const nonce = this.nonce();
    const before = this.lab.stats().drops;
    const earlier = await this.received(to, HEADERS + nonce.length);
    const client = from.udp();
    client.send(nonce, target);
    await this.lab.sleep(PATIENCE);
    client.close();
    return this.attempt(nonce, (await this.received(to, HEADERS + nonce.length)) > earlier, false, before);
  }

  /** Sends a frame from an external guest's card, and looks for it on the cards of `to`. */
  async frame(from: Adapter, to: Machine, frame: Uint8Array, mark: string): Promise<Attempt> {
    const before = this.lab.stats().drops;
    const earlier = await this.received(to, frame.length);
    from.send(frame);
    await this.lab.sleep(PATIENCE);
    const arrived = (await this.received(to, frame.length)) > earlier;
    return { arrived, answered: false, drops: this.dropsSince(before), mark, length: frame.length };
  }

  /** How many frames of that length have come to the cards of `machine`, since they were first asked about. */
  async received(machine: Machine, length: number): Promise<number> {
    return (await this.seen(machine, "in", length)).length;
  }

  /** Frames of that length which the cards of `machine` have sent, since they were first asked about. */
  async sent(machine: Machine, length: number): Promise<Uint8Array[]> {
    return this.seen(machine, "out", length);
  }

  private async seen(machine: Machine, way: "in" | "out", length: number): Promise<Uint8Array[]> {
    const frames: Uint8Array[] = [];
    for (const leg of machine.legs)
      for await (const { frame, direction } of readCapture(this.card(leg).bytes()))
        if (direction === way && frame.length === length) frames.push(frame);
    return frames;
  }

  private isOnlyOwner(machine: Machine, address: string): boolean {
    const owners = this.lab.machines.filter(({ addresses }) => addresses.includes(address));
    return owners.length === 1 && owners[0] === machine;
  }

  private nonce(): string {
    const parts = hash(`${this.lab.seed}/nonce/${this.count++}`);
    return parts.map((part) => part.toString(16).padStart(8, "0")).join("");
  }

  private attempt(nonce: string, arrived: boolean, answered: boolean, before: Attempt["drops"]): Attempt {
    return { arrived, answered, drops: this.dropsSince(before), mark: `nonce ${nonce}`, length: HEADERS + nonce.length };
  }

  private dropsSince(before: Attempt["drops"]): Attempt["drops"] {
    const now = Object.entries(this.lab.stats().drops) as [ReasonName, number][];
    return Object.fromEntries(
      now.map(([reason, count]) => [reason, count - (before[reason] ?? 0)] as const).filter(([, count]) => count > 0),
    );
  }

  private card(leg: Leg): Capture {
    const known = this.cards.get(leg);
    if (known) return known;
    const capture = leg.capture();
    this.cards.set(leg, capture);
    return capture;
  }
}

/** The datagram with that text; null: it does not come. */
async function hear(socket: UdpSocket<Machine>, text: string): Promise<{ from: Endpoint } | null> {
  try {
    for (;;) {
      const { data, from } = await socket.receive({ timeout: PATIENCE });
      if (new TextDecoder().decode(data) === text) return { from };
    }
  } catch (error) {
    if (error instanceof LabError && error.code === "TIMEOUT") return null;
    throw error;
  }
}

/** What a connection that does not open means: nothing arrived; unless nothing was ever sent. */
function unopened(error: unknown): false {
  if (error instanceof LabError && !["NO_ROUTE", "NO_ADDRESS", "CLOSED"].includes(error.code)) return false;
  throw error;
}

/** Nobody came. */
function silence(error: unknown): null {
  if (error instanceof LabError && error.code === "TIMEOUT") return null;
  throw error;
}

/** Says it and ends; what becomes of it is seen on the other side. */
async function tell(socket: TcpSocket, text: string): Promise<void> {
  const writer = socket.writable.getWriter();
  await writer.write(text).then(() => writer.close()).catch(() => {});
}

/** What a failed ping means: no answer; unless it was never sent. */
function unanswered(error: unknown): false {
  if (error instanceof LabError && !["NO_ROUTE", "NO_ADDRESS", "CLOSED"].includes(error.code)) return false;
  throw error;
}
