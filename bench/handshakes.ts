import * as abi from "../assembly/abi";
import { same } from "./digest";
import { TcpLab } from "./tcp-lab";

/** Connections of one pass, all opened at one instant. */
export const OPENED = 256;

/** Connections that are opened and, with nothing said, closed again by the client. */
export class Handshakes {
  /** Connections of which both ends saw a beginning and a good end. */
  done = 0;
  private readonly lab: TcpLab;

  /** Streams in TIME-WAIT give way to new ones: there are always some. */
  constructor(module: WebAssembly.Module) { this.lab = new TcpLab(module, "switch", { streams: 4096, chunks: 1024 }); }

  /** Three segments to open, three or four to close, and both ends let go. */
  run(): void {
    const { lab } = this;
    const { x } = lab;
    let opened = 0;
    let gone = 0;
    const servers: number[] = [];
    const clients = new Set<number>();
    const heard = {
      accepted: (stream: number): void => { servers.push(stream); },
      stream: (stream: number, flags: number, error: number): void => {
        if (flags & abi.STREAM_OPENED) opened++;
        if (flags & abi.STREAM_ENDED && !clients.has(stream)) x.tcpShutdown(stream);
        if (!(flags & abi.STREAM_GONE)) return;
        same("how a connection ended", abi.STREAM_ERROR_NONE, error);
        gone++;
        x.tcpRelease(stream);
      },
    };
    for (let i = 0; i < OPENED; i++) clients.add(lab.connect());
    lab.quiet(heard);
    same("connections opened", OPENED, opened);
    same("connections accepted", OPENED, servers.length);
    for (const stream of clients) x.tcpShutdown(stream);
    lab.quiet(heard);
    same("ends that are gone", 2 * OPENED, gone);
    this.done += OPENED;
  }
}
