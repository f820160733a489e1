import { describe, expect, test } from "vitest";
import { DhcpServer } from "../src/services/dhcp";
import type { DhcpConfig } from "../src/services/dhcp";
import { client, macOf, SERVER, serverWith } from "./dhcp-client";

const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("options", () => {
  const rich: Partial<DhcpConfig> = {
    router: SERVER,
    dns: ["192.0.2.53"],
    domain: "lab.example",
    hostNames: { [macOf(1)]: "alice" },
    bootFile: "pxelinux.0",
    options: {
      26: 1400,
      42: "192.0.2.4",
      44: "192.0.2.5",
      60: "PXEClient",
      66: "192.0.2.6",
      119: ["lab.example"],
      121: [{ to: "198.51.100.0/24", via: "192.0.2.9" }],
      224: Uint8Array.of(1),
    },
  };

  test("rfc2132 the parameter list filters and orders; the mask comes always and first", () => {
    const offer = client(serverWith(rich), 1).discover({ ask: [15, 6, 3, 99, 6] });
    expect(offer!.codes).toEqual([53, 54, 51, 1, 15, 6, 3]);
  });

  test("every option there is a setting for is sent when asked", () => {
    const ask = [1, 3, 6, 12, 15, 26, 28, 42, 44, 58, 59, 60, 66, 67, 119, 121, 224];
    const offer = client(serverWith(rich), 1).discover({ ask });
    expect(offer!.codes).toEqual([53, 54, 51, ...ask]);
    expect(offer!.option(1)).toEqual([255, 255, 255, 0]);
    expect(offer!.option(28)).toEqual([192, 0, 2, 255]);
    expect(offer!.option(12)).toEqual(Array.from(bytesOf("alice")));
    expect(offer!.option(121)).toEqual([24, 198, 51, 100, 192, 0, 2, 9]);
  });

  test("without a parameter list all that is configured is sent", () => {
    const offer = client(serverWith(rich), 1).discover();
    expect(offer!.codes.sort((a, b) => a - b)).toEqual([
      1, 3, 6, 12, 15, 26, 28, 42, 44, 51, 53, 54, 58, 59, 60, 66, 67, 119, 121, 224,
    ]);
  });

  test("forced options come unasked, suppressed ones never", () => {
    const offer = client(serverWith({ ...rich, forced: [42, 44], suppressed: [44, 3] }), 1).discover({ ask: [3, 6] });
    expect(offer!.codes).toEqual([53, 54, 51, 1, 6, 42]);
  });

  test("a host-only network has neither router nor DNS", () => {
    expect(client(serverWith(), 1).discover()!.codes).toEqual([53, 54, 51, 1, 58, 59, 28]);
  });

  test("the boot file and the next server are in their fields", () => {
    const { decoded } = client(serverWith({ ...rich, nextServer: "192.0.2.6" }), 1).discover({ ask: [67] })!;
    expect(decoded).toMatchObject({ file: "pxelinux.0", siaddr: 0xc0000206 });
  });

  test("a client's own settings win over its groups', the first group over the next, all over the network's", () => {
    const group = (name: string) => ({ include: [{ mac: "02:*" }], options: { 15: name, 224: bytesOf(name) } });
    const server = serverWith({
      domain: "wide",
      groups: [
        group("first"),
        { ...group("second"), forced: [224] },
        { include: [{ mac: "03:*" }], options: { 15: "no" } },
      ],
      clients: { [macOf(2)]: { options: { 15: "own" }, leaseTime: { default: 60_000 } } },
    });
    const one = client(server, 1).discover({ ask: [15] })!;
    const two = client(server, 2).discover({ ask: [15] })!;
    expect([one.option(15), one.option(224)]).toEqual([Array.from(bytesOf("first")), Array.from(bytesOf("first"))]);
    expect([two.option(15), two.lease]).toEqual([Array.from(bytesOf("own")), 60]);
  });

  test("groups look at MAC, vendor class and user class, and an exclusion beats an inclusion", () => {
    const server = serverWith({
      groups: [
        { include: [{ vendor: "PXEClient:*" }], exclude: [{ user: "iPXE" }], options: { 67: "undionly.kpxe" } },
        { include: [{ user: "iP?E", mac: "02:00:00:00:00:*" }], options: { 67: "menu.ipxe" } },
      ],
    });
    const file = (vendor: string, user: string) =>
      client(server, 1).discover({ options: { 60: bytesOf(vendor), 77: bytesOf(user) } })!.decoded.file;
    expect(file("PXEClient:Arch:00000", "")).toBe("undionly.kpxe");
    expect(file("PXEClient:Arch:00000", "iPXE")).toBe("menu.ipxe");
    expect(file("MSFT 5.0", "")).toBe("");
  });

  test("what a client of small messages cannot take overflows, what matters most stays in front", () => {
    const long = { 224: new Uint8Array(200).fill(1), 225: new Uint8Array(120).fill(2), 226: new Uint8Array(400) };
    const small = client(serverWith({ options: long }), 1).discover({ maxSize: 576 })!;
    expect(small.message.length).toBe(548);
    expect(small.codes).toEqual(expect.arrayContaining([53, 54, 51, 1, 224, 225]));
    expect(small.codes).not.toContain(226);
    expect(client(serverWith({ options: long }), 1).discover({ maxSize: 1500 })!.codes).toContain(226);
    expect(client(serverWith({ options: long }), 1).discover({ maxSize: 1 })!.message.length).toBe(548);
  });
});

describe("NAT's built-in server", () => {
  const nat = (config: Partial<DhcpConfig> = {}) =>
    new DhcpServer({ style: "nat", serverAddress: "10.0.2.2", prefix: 24, dns: "10.0.2.3", ...config });

  test("the first guest is .15, for a day, behind router .2, booting from .4", () => {
    const offer = client(nat(), 1).discover({ ask: [3, 6] })!;
    expect(offer).toMatchObject({ yiaddr: "10.0.2.15", lease: 86400, decoded: { siaddr: 0x0a000204 } });
    expect([offer.option(54), offer.option(3), offer.option(6)]).toEqual([
      [10, 0, 2, 2],
      [10, 0, 2, 2],
      [10, 0, 2, 3],
    ]);
    expect(client(nat(), 1).discover({ leaseTime: 60 })!.lease).toBe(86400);
  });

  test("sixteen guests have an address, the seventeenth hears nothing", () => {
    const server = nat();
    const addresses = Array.from({ length: 17 }, (_, n) => client(server, n + 1).boot());
    expect(addresses).toEqual([...Array.from({ length: 16 }, (_, n) => `10.0.2.${15 + n}`), null]);
    client(server, 3).tell("RELEASE", { ciaddr: "10.0.2.17" });
    expect(client(server, 17).boot()).toBe("10.0.2.17");
  });

  test("any address of the network is confirmed, even to a stranger; others are a NAK", () => {
    const server = nat();
    expect(client(server, 1).request({ requested: "10.0.2.77" })).toMatchObject({ type: "ACK", yiaddr: "10.0.2.77" });
    expect(client(server, 1).request({ ciaddr: "10.0.2.78" })).toMatchObject({ type: "ACK", yiaddr: "10.0.2.78" });
    expect(client(server, 1).request({ requested: "192.0.2.7" })?.type).toBe("NAK");
  });

  test.each(["10.0.2.0", "10.0.2.255", "10.0.2.2", "10.0.2.3", "10.0.2.4"])(
    "but never %s, which is not a guest's",
    (address) => {
      expect(client(nat({ dns: undefined }), 1).request({ requested: address })?.type).toBe("NAK");
    },
  );

  test("nor what another guest has", () => {
    const server = nat();
    client(server, 1).boot();
    expect(client(server, 2).request({ requested: "10.0.2.15" })?.type).toBe("NAK");
  });

  test("a malformed REQUEST is met with silence", () => {
    const server = nat();
    expect(client(server, 1).request({ requested: "10.0.2.15", ciaddr: "10.0.2.15", server: "10.0.2.2" })).toBeNull();
    expect(client(server, 1).request({ server: "10.0.2.2" })).toBeNull();
  });

  test("INFORM is for guests it knows", () => {
    const server = nat();
    expect(client(server, 1).tell("INFORM", { ciaddr: "10.0.2.15" })).toBeNull();
    client(server, 1).boot();
    expect(client(server, 1).tell("INFORM", { ciaddr: "10.0.2.15" })).toMatchObject({ type: "ACK", yiaddr: "0.0.0.0" });
  });

  test("guests that took addresses beside the pool do not block it for ever", () => {
    const server = nat();
    for (let n = 1; n <= 16; n++) client(server, n).request({ requested: `10.0.2.${100 + n}` });
    expect(client(server, 17).boot()).toBeNull();
    expect(client(server, 17).boot({}, 86_400_000)).toBe("10.0.2.15");
  });

  test("profile virtualbox repeats the address in ciaddr", () => {
    const ack = client(nat({ profile: "virtualbox" }), 1).request({ requested: "10.0.2.15" });
    expect(ack!.decoded.ciaddr).toBe(0x0a00020f);
  });
});

describe("settings that make no sense", () => {
  const swapped = { from: "192.0.2.20", to: "192.0.2.10" };
  test.each<[string, Partial<DhcpConfig>, string]>([
    ["a server outside any network", { serverAddress: "192.0.2" }, "serverAddress"],
    ["a server at the network's address", { serverAddress: "192.0.2.0" }, "serverAddress"],
    ["a netmask for a prefix", { prefix: 255 }, "netmask"],
    ["no pool", { pool: undefined }, "pool"],
    ["a pool the wrong way round", { pool: swapped }, "swapped"],
    ["a pool in another network", { pool: { from: "198.51.100.1", to: "198.51.100.9" } }, "pool.from"],
    [
      "a pool with the broadcast address",
      { pool: { from: "192.0.2.9", to: "192.0.2.255" } },
      "192.0.2.1 to 192.0.2.254",
    ],
    ["a lease time in seconds", { leaseTime: { default: 600 } }, "in seconds"],
    ["a lease time that is no number", { leaseTime: { min: NaN } }, "leaseTime.min"],
    ["an address fixed for two", { fixed: { [macOf(1)]: "192.0.2.9", [macOf(2)]: "192.0.2.9" } }, "another MAC"],
    ["the server's address for a client", { fixed: { [macOf(1)]: SERVER } }, "own address"],
    ["a fixed lease elsewhere", { fixed: { [macOf(1)]: "198.51.100.9" } }, "another network"],
    ["a card that is a group", { fixed: { "01:00:5e:00:00:01": "192.0.2.9" } }, "01:00:5e:00:00:01"],
    ["an option of the server's own", { options: { 51: 600 } }, "leaseTime"],
    ["a boot file too long for its field", { bootFile: "x".repeat(128) }, "127"],
    ["a bad option in a group", { groups: [{ options: { 26: 1 } }] }, "option 26"],
    ["no capacity", { capacity: 0 }, "capacity"],
  ])("%s", (_, config, says) => {
    expect(() => serverWith(config)).toThrow(
      expect.objectContaining({ code: "DHCP_CONFIG", message: expect.stringContaining(says) }),
    );
  });
});
