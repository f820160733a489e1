import type { Lab, ReasonName } from "../../src/index";
import { PARSER } from "./parser";
import { NAT, ROUTES } from "./routes";
import { SWITCH } from "./switch";
import { TCP } from "./tcp";

/** What provokes a reason, in words, and a lab in which it has been sent. */
export type Provoked = Partial<Record<ReasonName, [what: string, send: () => Promise<Lab>]>>;

export const DROPS: Provoked = { ...SWITCH, ...PARSER, ...ROUTES, ...NAT, ...TCP };
