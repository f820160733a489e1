import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readCapture } from "../../src/capture-reader";
import { decodeDhcp, encodeDhcp } from "../../src/services/dhcp-message";
import type { DhcpMessage } from "../../src/services/dhcp-message";
import { part } from "../parts";
import { serverWith } from "../dhcp-client";
import { CORPUS } from "./corpus";

const FOLDER = join(CORPUS, "dhcp");
const missing = existsSync(FOLDER) ? null : `no folder ${FOLDER}; these are Zeek's test traces`;
const captured = test.skipIf(!part("dhcp-corpus", () => missing));

/** UDP payloads to or from port 67 of a capture of Ethernet frames. */
async function messages(file: string): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for await (const { frame } of readCapture(readFileSync(join(FOLDER, file)))) {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
    const isUdp = frame.length >= 42 && view.getUint16(12) === 0x0800 && frame[23] === 17;
    const udp = 14 + 4 * (frame[14] & 15);
    if (!isUdp || udp + 8 > frame.length) continue;
    if (view.getUint16(udp) !== 67 && view.getUint16(udp + 2) !== 67) continue;
    found.push(frame.subarray(udp + 8, udp + view.getUint16(udp + 4)));
  }
  return found;
}

/** Message types of a capture; a message that is none is its fault. */
async function typesOf(file: string): Promise<(number | string)[]> {
  return (await messages(file)).map((bytes) => {
    const message = decodeDhcp(bytes);
    return typeof message === "string" ? message : (message.options.get(53)?.[0] ?? 0);
  });
}

captured.each([
  ["dhcp.pcap", [1, 2, 3, 6, 3, 5, 4, 7, 8]],
  ["dhcp_ack_subscriber_id_and_agent_remote_id.pcap", [5]],
  ["dhcp_discover_param_req_and_client_id.pcap", [1]],
  ["dhcp_inform.pcap", [8, 5]],
  ["dhcp_time_and_nameserver.pcap", [3, 5]],
  ["hw-type0.pcap", [3]],
  ["dhcp_bad_cookie_option_retention.pcap", [1, "NO_COOKIE", "NO_COOKIE", "NO_COOKIE", 1]],
  ["dhcp-unique-xid-join-data-growth.pcapng", new Array(50).fill(1)],
] as const)("%s is read as what it is", async (file, types) => {
  expect(await typesOf(file)).toEqual(types);
});

captured("a real client's parameter list and client id are read", async () => {
  const [bytes] = await messages("dhcp_discover_param_req_and_client_id.pcap");
  const message = decodeDhcp(bytes) as DhcpMessage;
  expect(Array.from(message.options.keys())).toEqual([53, 61, 50, 55, 12]);
  expect(message.options.get(61)!.subarray(1)).toEqual(message.chaddr);
});

captured("a real message that is read and written again says the same", async () => {
  for (const file of readdirSync(FOLDER))
    for (const bytes of await messages(file)) {
      const message = decodeDhcp(bytes);
      if (typeof message !== "string") expect(decodeDhcp(encodeDhcp(message, 1472))).toEqual(message);
    }
});

captured("no real message upsets a server, and each is accounted for", async () => {
  const server = serverWith({ capacity: 5 });
  let sent = 0;
  for (const file of readdirSync(FOLDER))
    for (const bytes of await messages(file))
      for (let length = bytes.length; length >= 0; length -= 7) server.receive(bytes.subarray(0, length), sent++);
  const { received, offered, acknowledged, refused, noted, dropped } = server.stats();
  const answered = offered + acknowledged + refused + noted;
  expect(received).toBe(sent);
  expect(answered).toBeGreaterThan(0);
  expect(answered + Object.values(dropped).reduce((sum, count) => sum + count)).toBe(sent);
});
