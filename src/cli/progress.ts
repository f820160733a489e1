import type { CaptureInput } from "./input";
import { grouped } from "./output";

/** What a terminal is to the bar. */
interface Terminal {
  isTTY?: boolean;
  write(text: string): unknown;
}

/** Files that are read in less, ms, show no bar; and how often it is drawn. */
const PATIENCE = 500;
const INTERVAL = 100;

/** Frames between two looks at the clock. */
const STRIDE = 256;

/** Characters of the bar. */
const WIDTH = 30;

/** Erases the line the cursor is on. */
const ERASE = "\r\x1b[K";

/**
 * A bar on standard error while a capture is read. It is there for a person who waits: on a terminal only, when it takes a
 * while, and not when the lines of the frames run over that terminal themselves.
 */
export class Progress {
  private readonly began: number;
  private readonly isShown: boolean;
  private due: number;
  private isDrawn = false;

  /** @param now  a clock, ms */
  constructor(
    private readonly input: Pick<CaptureInput, "size" | "position">,
    private readonly terminal: Terminal = process.stderr,
    lines: Pick<Terminal, "isTTY"> = process.stdout,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.isShown = terminal.isTTY === true && lines.isTTY !== true;
    this.began = now();
    this.due = this.began + PATIENCE;
  }

  /** To be called after each frame; draws when it is time. */
  at(frames: number): void {
    if (!this.isShown || frames % STRIDE !== 0) return;
    const now = this.now();
    if (now < this.due) return;
    this.due = now + INTERVAL;
    this.isDrawn = true;
    this.terminal.write(ERASE + this.text(frames, now - this.began));
  }

  /** Takes the bar away. */
  end(): void {
    if (this.isDrawn) this.terminal.write(ERASE);
    this.isDrawn = false;
  }

  /** `[#####.....]  50 %  500,000 frames  100,000/s  5 s left` */
  private text(frames: number, elapsed: number): string {
    const counts = `${grouped(frames)} frames  ${grouped(frames / (elapsed / 1000))}/s`;
    const { size } = this.input;
    if (!size) return counts;
    const share = Math.min(1, this.input.position() / size);
    const left = Math.ceil((elapsed * (1 / share - 1)) / 1000);
    const bar = "#".repeat(Math.round(share * WIDTH)).padEnd(WIDTH, ".");
    return `[${bar}] ${String(Math.floor(share * 100)).padStart(3)} %  ${counts}  ${grouped(left)} s left`;
  }
}
