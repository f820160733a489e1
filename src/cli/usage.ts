/** The command line was not understood: what is wrong and where the help is, on stderr; exit code 2. */
export class UsageError extends Error {}

export const HELP = `fivewire: a learning switch, NAT and VirtualBox's five network modes, in one process

  fivewire modes [--json] [--out FILE] [--seed TEXT]
      measures by live traffic who reaches whom in each mode; exit code 1 when a mode breaks its promise

  fivewire replay FILE [--mode MODE] [--out FILE] [--json] [--limit N] [--real-gaps]
      sends a capture into a lab as a guest's traffic, and tells what became of each frame

  fivewire inspect FILE [--json] [--limit N]
      one line per frame of a capture; with --json its layers: offsets, fields, checksum status; it looks into
      Ethernet, raw IP, Linux cooked and BSD loopback frames, and names the link type of all others

  --json       for machines: one document (modes), or one line of JSON per frame (replay, inspect)
  --out FILE   where to write the pcapng; modes: fivewire-modes.pcapng in the folder for temporary files
  --seed TEXT  another run: other MACs, ports, waiting times
  --mode MODE  what the guest's card is plugged into: nat, natNetwork (default), bridged, internal, hostOnly
  --limit N    the first N frames only
  --real-gaps  time passes as it was recorded; else a pause longer than a second counts as one
  --help, --version

A capture is a pcap or pcapng file, in either byte order; - is standard input. It is read as a stream: memory does not grow with
the file. While a long one is read, a bar on standard error shows how far, when that is a terminal and standard output is not.
`;

/** A count of frames: 1 and up. */
export function parseLimit(text: string | undefined): number {
  if (text === undefined) return Infinity;
  const limit = Number(text);
  if (Number.isSafeInteger(limit) && limit > 0) return limit;
  throw new UsageError(`--limit ${text}; it takes a whole number, 1 and up`);
}
