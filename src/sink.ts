import type { Core } from "./core";
import type { Leg } from "./leg";

/** What has come to a card. The digest is a sum, modulo 2^64. */
interface Count {
  frames: number;
  bytes: number;
  digest: bigint;
}

/**
 * Counts what a card's network sends it, inside the engine: the far end of a generator. Its frames reach nobody else. A card may have
 * several, which count from when they were made.
 */
export class Sink {
  private readonly before: Count;
  /** What it had counted when it stopped. */
  private final: Count | null = null;

  /** Makes the device behind an external card a sink. */
  constructor(private readonly core: Core, private readonly at: Leg) {
    const engine = core.enter();
    const others = core.sinks.get(at.port);
    if (others) others.add(this);
    else {
      core.sinks.set(at.port, new Set([this]));
      engine.call.portSetSink(at.port, 1);
    }
    this.before = this.now();
  }

  get frames(): number { return this.count.frames; }
  get bytes(): number { return this.count.bytes; }

  /** Folded from the first 56 bytes and the length of every frame, whatever their order. 16 hexadecimal digits. */
  get digest(): string { return this.count.digest.toString(16).padStart(16, "0"); }

  /** Counts no further; its figures stay. The card's last one makes it a card for an external guest again. */
  stop(): void {
    if (this.final) return;
    this.core.enter();
    this.end();
  }

  /** The same for a port that is about to go. */
  end(): void {
    this.final = this.count;
    const { sinks, engine } = this.core;
    const { port } = this.at;
    const there = sinks.get(port)!;
    there.delete(this);
    if (there.size > 0) return;
    sinks.delete(port);
    engine.call.portSetSink(port, 0);
  }

  private get count(): Count {
    if (this.final) return this.final;
    const { before } = this;
    const { frames, bytes, digest } = this.now();
    return { frames: frames - before.frames, bytes: bytes - before.bytes, digest: BigInt.asUintN(64, digest - before.digest) };
  }

  private now(): Count {
    const { txFrames, txBytes, digest } = this.core.engine.port(this.at.port);
    return { frames: txFrames, bytes: txBytes, digest: BigInt(`0x${digest}`) };
  }
}
