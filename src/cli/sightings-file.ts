import { closeSync, openSync, writeSync } from "node:fs";
import { stat } from "node:fs/promises";
import { PcapngWriter } from "../pcapng";
import { explain } from "../reasons";
import type { Sighting } from "../replay";
import { UsageError } from "./usage";

/** Bytes that are collected before they are written. */
const CHUNK = 1 << 18;

/** Writes sightings to a pcapng file while they happen; memory stays constant. */
export class SightingsFile {
  private readonly ports = new Map<string, number>();
  private blocks: Uint8Array[] = [];
  private collected = 0;
  private readonly writer = new PcapngWriter({ onblock: (block) => this.collect(block) });

  /**
   * @param input  the file that is being read: it is not overwritten
   * @throws what the file system says, at once
   */
  static async create(path: string, input: string): Promise<SightingsFile> {
    const [there, read] = await Promise.all([path, input].map((each) => stat(each).catch(() => null)));
    if (there && read && there.ino === read.ino && there.dev === read.dev)
      throw new UsageError(`--out ${path} is the file that is read; give another name`);
    return new SightingsFile(openSync(path, "w"));
  }

  private constructor(private readonly file: number) {}

  add({ port, direction, reason, frame, time }: Sighting): void {
    let place = this.ports.get(port);
    if (place === undefined) this.ports.set(port, (place = this.writer.addInterface({ name: port })));
    this.writer.packet({
      interface: place, time, frame, direction, ...(reason && { comment: `dropped: ${reason} – ${explain(reason)}` }),
    });
  }

  close(): void {
    this.write();
    closeSync(this.file);
  }

  private collect(block: Uint8Array): void {
    this.blocks.push(block);
    this.collected += block.length;
    if (this.collected >= CHUNK) this.write();
  }

  private write(): void {
    for (let bytes = Buffer.concat(this.blocks); bytes.length > 0; ) bytes = bytes.subarray(writeSync(this.file, bytes));
    this.blocks = [];
    this.collected = 0;
  }
}
