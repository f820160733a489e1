import { describe, expect, test } from "vitest";
import { answerDns } from "../src/services/dns";
import type { Zone } from "../src/services/dns";
import { decodeDns, DNS_CODE, DNS_TYPE, encodeQuery, encodeResponse } from "../src/services/dns-message";
import { parseReverse, reverseName } from "../src/services/dns-reverse";
import { parseIp } from "../src/address";
import { codeOf, dice } from "./inside";

const PRINTER = parseIp("192.0.2.7", "printer");
const zone: Zone = {
  addresses: (name) => (name.toLowerCase() === "printer" ? [PRINTER] : name === "many" ? Array.from({ length: 100 }, (_, i) => PRINTER + i) : null),
  names: (address) => (address === PRINTER ? ["printer"] : []),
};

/** What the server says, decoded. */
function ask(name: string, type: number) {
  return decodeDns(answerDns(encodeQuery(7, name, type), zone)!)!;
}

function hex(bytes: Uint8Array): string { return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""); }

function bytes(text: string): Uint8Array { return Uint8Array.from(text.match(/../g)!, (pair) => parseInt(pair, 16)); }

test("a query and its answer are those of RFC 1035, byte by byte", () => {
  const query = encodeQuery(0x1234, "printer", DNS_TYPE.A);
  expect(hex(query)).toBe("1234" + "0100" + "0001" + "0000" + "0000" + "0000" + "077072696e74657200" + "0001" + "0001");
  expect(hex(answerDns(query, zone)!)).toBe(
    "1234" + "8580" + "0001" + "0001" + "0000" + "0000" + "077072696e74657200" + "0001" + "0001"
    + "c00c" + "0001" + "0001" + "0000003c" + "0004" + "c0000207");
});

test("names differ by more than case, and the question comes back as it was asked", () => {
  const answer = ask("PrInTeR", DNS_TYPE.A);
  expect(answer.questions[0]!.name).toBe("PrInTeR");
  expect(answer.answers).toEqual([{ type: DNS_TYPE.A, ttl: 60, value: PRINTER }]);
});

test("a name that does not exist is NXDOMAIN; one without a record of that type is an empty answer", () => {
  expect(ask("nobody", DNS_TYPE.A).code).toBe(DNS_CODE.NAME);
  expect(ask("printer", 28)).toMatchObject({ code: DNS_CODE.OK, answers: [] }); // AAAA
  expect(ask("printer", DNS_TYPE.ANY).answers).toHaveLength(1);
});

test("an address is asked for backwards", () => {
  expect(reverseName(PRINTER)).toBe("7.2.0.192.in-addr.arpa");
  expect(parseReverse("7.2.0.192.IN-ADDR.ARPA")).toBe(PRINTER);
  for (const wrong of ["printer", "2.0.192.in-addr.arpa", "777.2.0.192.in-addr.arpa", "in-addr.arpa"]) expect(parseReverse(wrong)).toBeNull();
  expect(ask(reverseName(PRINTER), DNS_TYPE.PTR).answers).toEqual([{ type: DNS_TYPE.PTR, ttl: 60, value: "printer" }]);
  expect(ask(reverseName(PRINTER + 1), DNS_TYPE.PTR).code).toBe(DNS_CODE.NAME);
});

test("an answer of more than 512 bytes is cut at a whole record, and says so", () => {
  const reply = answerDns(encodeQuery(1, "many", DNS_TYPE.A), zone)!;
  expect(reply.length).toBeLessThanOrEqual(512);
  const { truncated, answers } = decodeDns(reply)!;
  expect(truncated).toBe(true);
  expect(answers).toHaveLength(Math.floor((512 - 12 - 10) / 16));
  expect(ask("printer", DNS_TYPE.A).truncated).toBe(false);
});

describe("what is no question of ours", () => {
  const query = encodeQuery(7, "printer", DNS_TYPE.A);
  const changed = (at: number, value: number): Uint8Array => Object.assign(query.slice(), { [at]: value });
  test.each([
    ["another operation", changed(2, 0x10), DNS_CODE.NOT_IMPLEMENTED],
    ["two questions", changed(5, 2), DNS_CODE.FORMAT],
    ["no question", changed(5, 0), DNS_CODE.FORMAT],
    ["a name that is cut off", query.slice(0, 15), DNS_CODE.FORMAT],
    ["a pointer that leads forward", bytes("000701000001000000000000c00e00010001"), DNS_CODE.FORMAT],
    ["a pointer to itself", bytes("000701000001000000000000c00c00010001"), DNS_CODE.FORMAT],
    ["another class", changed(query.length - 1, 3), DNS_CODE.REFUSED],
  ] as const)("%s", (_, message, code) => {
    const reply = answerDns(message, zone)!;
    expect(decodeDns(reply)).toMatchObject({ id: 7, isResponse: true, code });
  });

  test("half a header, and an answer, hear nothing", () => {
    expect(answerDns(new Uint8Array(11), zone)).toBeNull();
    expect(answerDns(answerDns(query, zone)!, zone)).toBeNull();
  });

  test("a name that no message can carry is a named error", async () => {
    expect(await codeOf(() => encodeQuery(1, "a".repeat(64), DNS_TYPE.A))).toBe("NAME");
    expect(await codeOf(() => encodeQuery(1, Array(64).fill("abc").join("."), DNS_TYPE.A))).toBe("NAME");
  });
});

test("20,000 broken messages are answered or ignored, and never thrown at", () => {
  const roll = dice(1035);
  const whole = [
    encodeQuery(1, "printer", DNS_TYPE.A), encodeQuery(2, reverseName(PRINTER), DNS_TYPE.PTR), answerDns(encodeQuery(3, "many", 1), zone)!,
    encodeResponse(decodeDns(encodeQuery(4, "printer", DNS_TYPE.PTR))!, 0, [{ type: DNS_TYPE.PTR, ttl: 1, value: "a.b" }]),
  ];
  let answered = 0;
  for (let i = 0; i < 20_000; i++) {
    const message = whole[i % whole.length]!.slice(0, 1 + Math.floor(roll() * 600));
    for (let k = 0; k < 4; k++) message[Math.floor(roll() * message.length)] = Math.floor(roll() * 256);
    decodeDns(message);
    const reply = answerDns(message, zone);
    if (!reply) continue;
    answered++;
    expect(decodeDns(reply)).not.toBeNull();
  }
  expect(answered).toBeGreaterThan(5000);
});
