import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeDhcp, encodeDhcp } from "../src/services/dhcp-message";
import type { DhcpMessage } from "../src/services/dhcp-message";
import { encodeOption, OPTION } from "../src/services/dhcp-option";
import { said } from "./dhcp-client";

const MAC = "02:00:00:00:00:01";

/** A DISCOVER whose options field is exactly `options`; sname and file as given. */
function raw(options: number[], file: number[] = [], sname: number[] = []): Uint8Array {
  const bytes = new Uint8Array(240 + options.length);
  bytes.set(encodeDhcp(said("DISCOVER", MAC)).subarray(0, 240));
  bytes.set(options, 240);
  bytes.set(sname, 44);
  bytes.set(file, 108);
  return bytes;
}

function decoded(bytes: Uint8Array): DhcpMessage {
  const message = decodeDhcp(bytes);
  if (typeof message === "string") throw new Error(message);
  return message;
}

describe("a message that is written", () => {
  test("is read back the same", () => {
    const address = fc.nat(0xffffffff);
    const value = fc.uint8Array({ maxLength: 600 });
    const codes = fc.integer({ min: 90, max: 254 });
    const message = fc.record({
      op: fc.constantFrom(1, 2),
      htype: fc.nat(255),
      hops: fc.nat(255),
      xid: address,
      secs: fc.nat(65535),
      flags: fc.nat(65535),
      ciaddr: address,
      yiaddr: address,
      siaddr: address,
      giaddr: address,
      chaddr: fc.uint8Array({ maxLength: 16 }),
      sname: fc.stringMatching(/^[a-z]{0,63}$/),
      file: fc.stringMatching(/^[a-z/]{0,127}$/),
      options: fc.array(fc.tuple(codes, value), { maxLength: 8 }).map((pairs) => new Map(pairs)),
    });
    fc.assert(
      fc.property(message, (m) => {
        expect(decoded(encodeDhcp(m, 65535))).toEqual(m);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test("has at least 300 bytes, as BOOTP's relays want", () => {
    expect(encodeDhcp(said("DISCOVER", MAC)).length).toBe(300);
  });

  test("rfc3396 an option over 255 bytes goes in pieces", () => {
    const long = Uint8Array.from({ length: 600 }, (_, i) => i);
    const bytes = encodeDhcp(said("DISCOVER", MAC, { options: { 119: long } }), 1472);
    expect([bytes[243], bytes[244]]).toEqual([119, 255]);
    expect([bytes[243 + 257], bytes[244 + 257]]).toEqual([119, 255]);
    expect([bytes[243 + 514], bytes[244 + 514]]).toEqual([119, 90]);
    expect(decoded(bytes).options.get(119)).toEqual(long);
  });

  test("rfc2132 what does not fit the options field overflows into file and sname, and is said so by option 52", () => {
    const options = {
      200: new Uint8Array(250).fill(1),
      201: new Uint8Array(100).fill(2),
      202: new Uint8Array(50).fill(3),
    };
    const bytes = encodeDhcp(said("DISCOVER", MAC, { options }));
    expect(bytes.length).toBe(548);
    expect([bytes[240], bytes[241], bytes[242]]).toEqual([52, 1, 3]);
    expect(decoded(bytes).options).toEqual(said("DISCOVER", MAC, { options }).options);
  });

  test("an option that fits nowhere is left out, and the next one still goes", () => {
    const bytes = encodeDhcp(said("DISCOVER", MAC, { options: { 200: new Uint8Array(700), 201: Uint8Array.of(7) } }));
    expect(Array.from(decoded(bytes).options.keys())).toEqual([53, 201]);
  });

  test("fields in use carry no options", () => {
    const message = {
      ...said("DISCOVER", MAC, { options: { 200: new Uint8Array(400) } }),
      file: "pxelinux.0",
      sname: "boot",
    };
    expect(decoded(encodeDhcp(message))).toMatchObject({ file: "pxelinux.0", sname: "boot" });
    expect(decoded(encodeDhcp(message)).options.has(200)).toBe(false);
  });

  test("every limit gives a message within it that reads back", () => {
    const values = fc.array(fc.tuple(fc.integer({ min: 90, max: 254 }), fc.uint8Array({ maxLength: 300 })), {
      maxLength: 10,
    });
    fc.assert(
      fc.property(values, fc.integer({ min: 0, max: 1500 }), (pairs, limit) => {
        const message = said("DISCOVER", MAC, { options: Object.fromEntries(pairs) });
        const bytes = encodeDhcp(message, limit);
        expect(bytes.length).toBeLessThanOrEqual(Math.max(limit, 548));
        for (const [code, value] of decoded(bytes).options) expect(value).toEqual(message.options.get(code));
      }),
      { seed: 2, numRuns: 300 },
    );
  });
});

describe("a message that is read", () => {
  test("rfc2131 options are between the cookie and the end mark, and zero is padding", () => {
    expect(Array.from(decoded(raw([0, 0, 53, 1, 1, 0, 255, 99, 200])).options)).toEqual([[53, Uint8Array.of(1)]]);
  });

  test("rfc3396 pieces of one option are joined, in the order options, file, sname", () => {
    const bytes = raw([52, 1, 3, 200, 1, 1, 53, 1, 1, 200, 1, 2, 255], [200, 1, 3, 255], [200, 2, 4, 5, 255]);
    expect(decoded(bytes).options.get(200)).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
  });

  test("a field that carries options is not text as well", () => {
    const bytes = raw([52, 1, 1, 255], [12, 2, 104, 105, 255], [98, 111, 111, 116]);
    expect(decoded(bytes)).toMatchObject({ file: "", sname: "boot" });
    expect(decoded(bytes).options.get(12)).toEqual(Uint8Array.of(104, 105));
  });

  test("an overload option inside an overloaded field means nothing", () => {
    const bytes = raw([52, 1, 1, 255], [52, 1, 3, 255], [12, 1, 104, 255]);
    expect(decoded(bytes).options.size).toBe(0);
  });

  test.each([
    ["nothing at all", new Uint8Array(0), "TOO_SHORT"],
    ["a message cut before its options", raw([255]).subarray(0, 239), "TOO_SHORT"],
    ["a hardware address of 17 bytes", Uint8Array.from(raw([255]), (b, i) => (i === 2 ? 17 : b)), "HARDWARE_LENGTH"],
    ["another cookie", Uint8Array.from(raw([255]), (b, i) => (i === 239 ? 0x64 : b)), "NO_COOKIE"],
    ["no end mark", raw([53, 1, 1]), "NO_END"],
    ["a code without a length", raw([53, 1, 1, 12]), "OPTION_LENGTH"],
    ["a value beyond the end", raw([53, 1, 1, 12, 9, 65, 255]), "OPTION_LENGTH"],
    ["a message type of two bytes", raw([53, 2, 1, 1, 255]), "OPTION_LENGTH"],
    ["a message type said twice", raw([53, 1, 1, 53, 1, 3, 255]), "OPTION_LENGTH"],
    ["an address of three bytes", raw([50, 3, 192, 0, 2, 255]), "OPTION_LENGTH"],
    ["an empty client id", raw([61, 0, 255]), "OPTION_LENGTH"],
    ["an empty parameter list", raw([55, 0, 255]), "OPTION_LENGTH"],
    ["rapid commit with a value", raw([80, 1, 1, 255]), "OPTION_LENGTH"],
    ["an overload of 4", raw([52, 1, 4, 255]), "OPTION_LENGTH"],
    ["an overloaded file without an end mark", raw([52, 1, 1, 255], new Array(128).fill(0)), "NO_END"],
    [
      "an overloaded sname whose value runs on into file",
      raw([52, 1, 2, 255], [], [12, 63, ...new Array(62).fill(65)]),
      "OPTION_LENGTH",
    ],
  ])("%s is a fault with a name", (_, bytes, fault) => {
    expect(decodeDhcp(bytes)).toBe(fault);
  });

  test("nothing beyond the message is ever read", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 700 }),
      fc
        .tuple(fc.array(fc.nat(255), { maxLength: 400 }), fc.array(fc.nat(255), { maxLength: 128 }))
        .map(([options, file]) => raw([52, 1, 3, ...options], file)),
    );
    fc.assert(
      fc.property(bytes, fc.nat(255), (message, poison) => {
        const room = new Uint8Array(message.length + 600).fill(poison);
        room.set(message, 300);
        expect(decodeDhcp(room.subarray(300, 300 + message.length))).toEqual(decodeDhcp(message));
      }),
      { seed: 3, numRuns: 5000 },
    );
  });

  test("twenty thousand pieces of one option are joined in linear time", () => {
    const pieces = Array.from({ length: 21_000 }, () => [200, 1, 7]).flat();
    const began = performance.now();
    expect(decoded(raw([...pieces, 255])).options.get(200)!.length).toBe(21_000);
    expect(performance.now() - began).toBeLessThan(500);
  });
});

describe("an option's setting", () => {
  test.each([
    [OPTION.ROUTER, "192.0.2.1", [192, 0, 2, 1]],
    [OPTION.DNS, ["192.0.2.1", "192.0.2.2"], [192, 0, 2, 1, 192, 0, 2, 2]],
    [OPTION.NTP, 0xc0000203, [192, 0, 2, 3]],
    [OPTION.NETBIOS_NAME_SERVER, ["192.0.2.4"], [192, 0, 2, 4]],
    [OPTION.DOMAIN_NAME, "lab", [108, 97, 98]],
    [OPTION.MTU, 1400, [5, 120]],
    [OPTION.TFTP_SERVER, "t", [116]],
    [OPTION.DOMAIN_SEARCH, ["a.lab", "b."], [1, 97, 3, 108, 97, 98, 0, 1, 98, 0]],
    [200, Uint8Array.of(1, 2), [1, 2]],
    [201, "x", [120]],
  ])("%i = %o", (code, value, bytes) => {
    expect(Array.from(encodeOption(code, value))).toEqual(bytes);
  });

  test("rfc3442 a route carries only the bytes its prefix covers", () => {
    const via = "192.0.2.1";
    const routes = [
      { to: "0.0.0.0/0", via },
      { to: "10.0.0.0/8", via },
      { to: "10.17.0.0/17", via },
      { to: "10.1.2.3/32", via },
    ];
    const hop = [192, 0, 2, 1];
    expect(Array.from(encodeOption(121, routes))).toEqual([
      0,
      ...hop,
      8,
      10,
      ...hop,
      17,
      10,
      17,
      0,
      ...hop,
      32,
      10,
      1,
      2,
      3,
      ...hop,
    ]);
  });

  test.each([
    [OPTION.LEASE_TIME, "600"],
    [OPTION.SUBNET_MASK, "255.255.255.0"],
    [0, "x"],
    [255, "x"],
    [256, "x"],
    [1.5, "x"],
    [OPTION.ROUTER, "192.0.2"],
    [OPTION.ROUTER, []],
    [OPTION.MTU, 67],
    [OPTION.MTU, 65536],
    [OPTION.MTU, "1500"],
    [OPTION.DOMAIN_NAME, ""],
    [OPTION.DOMAIN_SEARCH, ["a..b"]],
    [OPTION.DOMAIN_SEARCH, ["x".repeat(64)]],
    [OPTION.CLASSLESS_ROUTES, [{ to: "10.0.0.1/8", via: "192.0.2.1" }]],
    [OPTION.CLASSLESS_ROUTES, [{ to: "10.0.0.0/33", via: "192.0.2.1" }]],
    [OPTION.CLASSLESS_ROUTES, [{ to: "10.0.0.0", via: "192.0.2.1" }]],
  ] as const)("%i = %o is refused and the message names the option", (code, value) => {
    expect(() => encodeOption(code, value as never)).toThrow(
      expect.objectContaining({ code: "DHCP_CONFIG", message: expect.stringContaining(`option ${code}`) }),
    );
  });
});
