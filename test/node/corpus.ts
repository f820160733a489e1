/** Captures that other people made: in ../shared/corpus beside this repository, or in the folder that FIVEWIRE_CORPUS names. */
import { existsSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { part } from "../parts";

const BESIDE = fileURLToPath(new URL("../../../shared/corpus", import.meta.url));

export const CORPUS = resolve(process.env.FIVEWIRE_CORPUS || BESIDE);

/** Paths in the corpus, sorted. */
export const captures = existsSync(CORPUS)
  ? readdirSync(CORPUS, { recursive: true, encoding: "utf8" }).filter((each) => /\.pcap(ng)?$/.test(each)).sort()
  : [];

/** Whether there are any. */
export const corpus = part("corpus", () => (captures.length > 0 ? null : `no captures in ${CORPUS}; FIVEWIRE_CORPUS names another folder`));
