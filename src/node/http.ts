import { Agent } from "node:http";
import type { AgentOptions, ClientRequestArgs, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Machine } from "../machine";
import type { ConnectOptions, ListenOptions } from "../tcp-options";
import type { TcpServer } from "../tcp-server";
import { duplex } from "./duplex";

export interface LabAgentOptions extends AgentOptions {
  /** Options of the TCP connections. */
  tcp?: Omit<ConnectOptions, "signal">;
}

/**
 * An `http.Agent` whose connections begin at a machine of the lab. Host names are those that the machine resolves.
 *
 * @example
 * http.get("http://web/", { agent: new LabAgent(alice) }, (response) => response.pipe(process.stdout));
 */
export class LabAgent extends Agent {
  private readonly tcp: ConnectOptions;

  constructor(private readonly machine: Machine, { tcp = {}, ...options }: LabAgentOptions = {}) {
    super(options);
    this.tcp = tcp;
  }

  /** Called by Node for each connection it needs; `done` hears when it is open, or why it is not. */
  override createConnection(request: ClientRequestArgs, done: (error: Error | null, stream: Duplex) => void = () => {}): undefined {
    const failed = (error: Error): void => done(error, undefined as never);
    try {
      const host = request.host ?? request.hostname ?? "localhost";
      const socket = this.machine.connect({ address: host, port: Number(request.port ?? 80) }, { noDelay: true, ...this.tcp });
      socket.opened.then(() => done(null, duplex(socket)), failed);
    } catch (error) {
      failed(error as Error);
    }
  }
}

/**
 * Lets an `http.Server` serve inside a machine of the lab. It must not listen by itself: its connections are those that come to the
 * machine's port. Closing what is returned frees the port; connections that are open go on.
 *
 * @param options  the port, or options of the TCP server
 * @throws LabError as `machine.listen`
 *
 * @example
 * serveHttp(web, http.createServer((request, response) => response.end("hello")), 80);
 */
export function serveHttp(machine: Machine, server: Server, options: number | ListenOptions = 80): TcpServer {
  const given = typeof options === "number" ? { port: options } : options;
  // As `http.Server` has it: a client that says no more still hears the answer.
  const listening = machine.listen({ allowHalfOpen: true, noDelay: true, ...given });
  void (async () => {
    for await (const socket of listening) server.emit("connection", duplex(socket));
  })();
  return listening;
}
