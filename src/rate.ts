import { LabError } from "./errors";
import { say } from "./options";

/** Bytes per second of one unit, as `VBoxManage bandwidthctl` has them: small letters bits by thousands, large ones bytes by 1024. */
const UNITS: Record<string, number> = { k: 125, m: 125e3, g: 125e6, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };
/** What a number without a unit is counted in there. */
const MEGABYTE = 1024 ** 2;
/** Bytes per second: 800 Gbit/s. */
const MOST = 1e11;

/**
 * The limit of a bandwidth group, bytes per second: `"10m"`, `"1.5M"`, or a bare number of megabytes; 0: none.
 *
 * @throws LabError OPTION
 */
export function parseLimit(given: string | number, thing: string): number {
  const [, digits = "", unit = ""] = /^(\d+(?:\.\d+)?)([kmgKMG]?)$/.exec(String(given)) ?? [];
  const bytes = Math.round(Number(digits) * (UNITS[unit] ?? MEGABYTE));
  if (digits !== "" && bytes <= MOST && (bytes > 0 || Number(digits) === 0)) return bytes;
  throw new LabError("OPTION",
    `${thing} ${say(given)}; it takes "20m" (k, m, g: bits per second; K, M, G: bytes) or megabytes per second as a number, up to ` +
    "100 gigabytes; 0: no limit");
}

/**
 * The rate of a wire, bits per second: `"10m"`, `"1.5M"`; 0: none. A bare number would mean bits to one reader and megabytes to
 * another.
 *
 * @throws LabError OPTION
 */
export function parseRate(given: string | 0, thing: string): number {
  if (given === 0) return 0;
  const [, digits = "", unit = ""] = /^(\d+(?:\.\d+)?)([kmgKMG])$/.exec(typeof given === "string" ? given : "") ?? [];
  const bits = Math.round(Number(digits) * (UNITS[unit] ?? 0) * 8);
  if (bits >= 1 && bits <= 8 * MOST) return bits;
  throw new LabError("OPTION",
    `${thing} ${say(given)}; it takes text with a unit, up to "800g": "10m" (k, m, g: bits per second; K, M, G: bytes); 0: no ` +
    "limit");
}
