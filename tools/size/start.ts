import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { chromium as playwright } from "playwright";
import type { Browser } from "playwright";
import { chromium } from "../chromium";

/** Milliseconds of one start: each step, and all together. */
export interface Start {
  import: number;
  createLab: number;
  ready: number;
  ping: number;
  total: number;
}

/** Starts in one kind of process, or why there are none. */
export interface Starts {
  where: string;
  starts: Start[];
  missing?: string;
}

/**
 * From import to first ping: two VMs on a network, leases and all. It is handed to other processes as text, so it may use nothing from
 * outside itself.
 *
 * @param entry  what to import
 */
async function start(entry: string): Promise<Start> {
  const times = [performance.now()];
  const { createLab } = (await import(entry)) as typeof import("../../src/index");
  times.push(performance.now());
  const lab = await createLab();
  const laptop = lab.host("laptop");
  const office = laptop.natNetwork("office");
  const alice = laptop.vm("alice", office);
  const bob = laptop.vm("bob", office);
  times.push(performance.now());
  await lab.ready();
  times.push(performance.now());
  const { from } = await alice.ping(bob);
  times.push(performance.now());
  if (from !== bob.address) throw new Error(`${from} answered, not ${bob.address}`);
  const [a, b, c, d, e] = times as [number, number, number, number, number];
  return { import: b - a, createLab: c - b, ready: d - c, ping: e - d, total: e - a };
}

/** A fresh process each time. */
export function inNode(count: number): Starts {
  const program = `console.log(JSON.stringify(await (${start.toString()})("fivewire")))`;
  const run = (): string => execFileSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" });
  const starts = Array.from({ length: count + 1 }, () => JSON.parse(run()) as Start);
  return { where: `Node ${process.versions.node}`, starts: starts.slice(1) };
}

/** A fresh page each time, in a context of its own that has nothing in its cache. The first only wakes the browser. */
export async function inChromium(count: number): Promise<Starts> {
  const found = await chromium().catch((error: Error) => error);
  if (found instanceof Error) return { where: "Chromium", starts: [], missing: found.message };
  const env = Object.fromEntries(Object.entries(found.env).filter((pair): pair is [string, string] => pair[1] !== undefined));
  const server = await serve();
  const browser = await playwright.launch({ ...found, env });
  try {
    const starts: Start[] = [];
    for (let i = 0; i <= count; i++) starts.push(await inPage(browser, server));
    return { where: `Chromium ${browser.version()}`, starts: starts.slice(1) };
  } finally {
    await browser.close();
    server.close();
  }
}

async function inPage(browser: Browser, server: Server): Promise<Start> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const found = await page.evaluate(start, "/index.js");
  await context.close();
  return found;
}

/** An empty page and the files of `dist`, uncompressed, to this machine only. */
async function serve(): Promise<Server> {
  const server = createServer((request, response) => {
    const file = /^\/([\w.-]+\.js)$/.exec(request.url ?? "")?.[1];
    if (file === undefined) return void response.setHeader("content-type", "text/html").end("<!doctype html>");
    readFile(`dist/${file}`).then(
      (content) => response.setHeader("content-type", "text/javascript").end(content),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return server;
}
