import { cpus, loadavg } from "node:os";
import { compiler } from "./native";

/** Where and when figures were taken: they mean nothing without. */
export interface Machine {
  date: string;
  cpu: string;
  cores: number;
  node: string;
  v8: string;
  compiler: string | null;
  /** Load average of the minute before. */
  load: number;
}

export function machine(): Machine {
  return {
    date: new Date().toISOString().slice(0, 16).replace("T", " "),
    cpu: cpus()[0]?.model.trim() ?? "unknown processor",
    cores: cpus().length,
    node: process.versions.node,
    v8: process.versions.v8,
    compiler: compiler(),
    load: Math.round(loadavg()[0]! * 100) / 100,
  };
}

export function describe({ date, cpu, cores, node, compiler: cc, load }: Machine): string {
  return `${date} UTC, Node ${node}, ${cpu} (${cores} cores, load ${load}), ${cc ?? "no C compiler"}`;
}
