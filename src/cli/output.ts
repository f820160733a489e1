/**
 * Standard output: collected into large writes, since a line each would cost a system call each. When the reader has gone
 * (`| head`), the process ends quietly.
 */
export class Output {
  private text = "";

  constructor(private readonly stream: NodeJS.WriteStream = process.stdout) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
      throw error;
    });
  }

  /** Writes a line; resolves at once unless the reader is slow. */
  line(text = ""): Promise<void> | void {
    this.text += `${text}\n`;
    if (this.text.length >= CHUNK) return this.flush();
  }

  /** Hands on what was collected, and waits until there is room for more. */
  async flush(): Promise<void> {
    const { text } = this;
    this.text = "";
    if (text === "" || this.stream.write(text)) return;
    await new Promise<void>((resolve) => this.stream.once("drain", () => resolve()));
  }

  /** Whether colours are wanted (no-color.org). */
  get isColoured(): boolean { return this.stream.isTTY === true && !process.env["NO_COLOR"]; }
}

/** Characters. */
const CHUNK = 32_768;

export type Colour = "green" | "red" | "bold";

const CODES: Record<Colour, number> = { green: 32, red: 31, bold: 1 };

/** Colours texts, or leaves them as they are. */
export function painter(isColoured: boolean): (text: string, colour: Colour) => string {
  return isColoured ? (text, colour) => `\x1b[${CODES[colour]}m${text}\x1b[0m` : (text) => text;
}

/** Numbers as people read them: `1,234,567`. */
export function grouped(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}
