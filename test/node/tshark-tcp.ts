/** What tshark has to say about TCP in a capture. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SETTINGS = ["ip.check_checksum:TRUE", "tcp.check_checksum:TRUE", "udp.check_checksum:TRUE"];
/** The last one has words for what the others say, and for more. */
const FIELDS = ["tcp.stream", "_ws.malformed", "ip.checksum.status", "tcp.checksum.status", "tcp.analysis.flags", "_ws.expert.message"];
const BAD = "0";
/** Its words for what is in order, and ours for why a frame was dropped. */
const NO_OBJECTION = /^(TCP window update|Connection |This frame (initiates|undergoes) the connection closing|dropped: )/;

export interface Opinion {
  /** Connections, and segments of all of them. */
  connections: number;
  segments: number;
  /** How often it objects in which words, numbers left out. */
  objections: Record<string, number>;
}

/**
 * @param capture  a pcapng file of frames seen at one place
 * @param port     of the servers: what is said there is taken for mere bytes, since random ones look like many things
 */
export function opinionOn(capture: Uint8Array, port: number): Opinion {
  const folder = mkdtempSync(join(tmpdir(), "fivewire-tshark-"));
  const file = join(folder, "capture.pcapng");
  writeFileSync(file, capture);
  const settings = SETTINGS.flatMap((setting) => ["-o", setting]);
  const { status, stdout, stderr } = spawnSync("tshark", [
    "-n", "-r", file, "-d", `tcp.port==${port},data`, ...settings, "-T", "fields", "-E", "aggregator=|", ...FIELDS.flatMap((field) => ["-e", field]),
  ], { encoding: "utf8", maxBuffer: 1 << 28 });
  rmSync(folder, { recursive: true });
  if (status !== 0) throw new Error(`tshark: ${stderr}`);

  const opinion: Opinion = { connections: 0, segments: 0, objections: {} };
  for (const line of stdout.split("\n").slice(0, -1)) {
    const [stream, malformed, ip, tcp, flags, messages] = line.split("\t") as [string, string, string, string, string, string];
    if (stream !== "") opinion.segments++;
    opinion.connections = Math.max(opinion.connections, Number(stream) + 1);
    if (malformed === "" && ip !== BAD && tcp !== BAD && flags === "") continue;
    for (const message of messages.split("|")) {
      if (NO_OBJECTION.test(message)) continue;
      const words = message.replace(/ [[(](#\d+|should be .*)[\])]/, "");
      opinion.objections[words] = (opinion.objections[words] ?? 0) + 1;
    }
  }
  return opinion;
}
