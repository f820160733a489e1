import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BROADCAST_MAC } from "../src/services/dhcp";
import { toMac } from "../src/services/dhcp-address";
import { encodeDhcp } from "../src/services/dhcp-message";
import { OPTION } from "../src/services/dhcp-option";
import { booksBalance, client, macOf, said, SERVER, serverWith } from "./dhcp-client";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const OTHER = "192.0.2.77";

describe("getting an address (RFC 2131 section 3.1)", () => {
  test("rfc2131 DISCOVER, OFFER, REQUEST, ACK", () => {
    const alice = client(serverWith(), 1);
    const offer = alice.discover();
    expect(offer).toMatchObject({ type: "OFFER", yiaddr: "192.0.2.101", lease: 600, destinationPort: 68 });
    expect(offer!.option(OPTION.SERVER_ID)).toEqual([192, 0, 2, 1]);
    expect(offer!.decoded.xid).toBe(0x12345678);
    expect(alice.request({ requested: "192.0.2.101", server: SERVER })).toMatchObject({
      type: "ACK",
      yiaddr: "192.0.2.101",
    });
  });

  test("rfc2131 two clients get two addresses, and one client the same one again", () => {
    const server = serverWith();
    expect(client(server, 1).boot()).toBe("192.0.2.101");
    expect(client(server, 2).boot()).toBe("192.0.2.102");
    expect(client(server, 1).boot()).toBe("192.0.2.101");
  });

  test("rfc2131 a REQUEST naming another server frees our offer", () => {
    const server = serverWith({ pool: { from: "192.0.2.101", to: "192.0.2.101" } });
    client(server, 1).discover();
    expect(client(server, 2).discover()).toBeNull();
    expect(client(server, 1).request({ requested: OTHER, server: OTHER })).toBeNull();
    expect(client(server, 2).discover()?.yiaddr).toBe("192.0.2.101");
    expect(server.stats().dropped).toMatchObject({ OTHER_SERVER: 1, POOL_EXHAUSTED: 1 });
  });

  test("rfc2131 a lease survives its client's flirt with another server", () => {
    const server = serverWith({ pool: { from: "192.0.2.101", to: "192.0.2.101" } });
    client(server, 1).boot();
    client(server, 1).discover();
    client(server, 1).request({ requested: OTHER, server: OTHER });
    expect(client(server, 2).discover()).toBeNull();
  });

  test("an offer nobody takes is free again after a minute", () => {
    const server = serverWith({ pool: { from: "192.0.2.101", to: "192.0.2.101" } });
    client(server, 1).discover();
    expect(client(server, 2).discover({}, MINUTE - 1)).toBeNull();
    expect(client(server, 2).discover({}, MINUTE)?.yiaddr).toBe("192.0.2.101");
    expect(client(server, 1).request({ requested: "192.0.2.101", server: SERVER }, MINUTE)).toMatchObject({
      type: "NAK",
    });
  });

  test("a new DISCOVER does not shorten the lease its client has", () => {
    const server = serverWith();
    client(server, 1).boot();
    client(server, 1).discover({}, SECOND);
    expect(server.leases(2 * MINUTE)).toMatchObject([{ state: "bound", expires: 10 * MINUTE }]);
  });

  test("rfc4039 rapid commit: DISCOVER is answered by ACK at once", () => {
    const server = serverWith();
    const ack = client(server, 1).discover({ rapid: true });
    expect(ack).toMatchObject({ type: "ACK", yiaddr: "192.0.2.101" });
    expect(ack!.option(OPTION.RAPID_COMMIT)).toEqual([]);
    expect(server.leases(0)).toMatchObject([{ state: "bound" }]);
    expect(client(server, 2).discover()!.option(OPTION.RAPID_COMMIT)).toBeUndefined();
  });

  test("a full pool is silence, counted", () => {
    const server = serverWith();
    for (let n = 1; n <= 10; n++) expect(client(server, n).boot()).toBe(`192.0.2.${100 + n}`);
    expect(client(server, 11).boot()).toBeNull();
    expect(server.stats()).toMatchObject({ offered: 10, acknowledged: 10, dropped: { POOL_EXHAUSTED: 1 } });
    booksBalance(server);
  });
});

describe("where the answer goes (RFC 2131 section 4.1)", () => {
  test("rfc2131 to yiaddr at the client's card when it can hear unicast", () => {
    const offer = client(serverWith(), 1).discover();
    expect(offer).toMatchObject({ to: "192.0.2.101", destinationMac: toMac("test", macOf(1)) });
  });

  test("rfc2131 to everybody when the client says so", () => {
    const offer = client(serverWith(), 1).discover({ broadcast: true });
    expect(offer).toMatchObject({ to: "255.255.255.255", destinationMac: BROADCAST_MAC });
    expect(offer!.decoded.flags).toBe(0x8000);
  });

  test("rfc2131 to ciaddr when the client has an address, whatever its flag", () => {
    const server = serverWith();
    client(server, 1).boot();
    const ack = client(server, 1).request({ ciaddr: "192.0.2.101", broadcast: true });
    expect(ack).toMatchObject({ type: "ACK", to: "192.0.2.101", destinationMac: toMac("test", macOf(1)) });
    expect(ack!.decoded.ciaddr).toBe(0xc0000265);
  });

  test("rfc2131 a NAK goes to everybody", () => {
    const nak = client(serverWith(), 1).request({ requested: "198.51.100.7" });
    expect(nak).toMatchObject({
      type: "NAK",
      to: "255.255.255.255",
      destinationMac: BROADCAST_MAC,
      yiaddr: "0.0.0.0",
      lease: 0,
    });
    expect(nak!.codes).toEqual([53, 54, 56]);
  });

  test("what a relay sent is ignored", () => {
    const server = serverWith();
    expect(client(server, 1).discover({ giaddr: "198.51.100.1" })).toBeNull();
    expect(server.stats().dropped.RELAYED).toBe(1);
  });

  test("profile virtualbox broadcasts unless the client has an address and hears unicast", () => {
    const server = serverWith({ profile: "virtualbox" });
    expect(client(server, 1).discover()!.to).toBe("255.255.255.255");
    client(server, 1).boot();
    expect(client(server, 1).request({ ciaddr: "192.0.2.101" })!.to).toBe("192.0.2.101");
    expect(client(server, 1).request({ ciaddr: "192.0.2.101", broadcast: true })!.to).toBe("255.255.255.255");
  });
});

describe("coming back (RFC 2131 section 4.3.2)", () => {
  test("rfc2131 INIT-REBOOT with the old address is an ACK", () => {
    const server = serverWith();
    client(server, 1).boot();
    expect(client(server, 1).request({ requested: "192.0.2.101" }, MINUTE)).toMatchObject({
      type: "ACK",
      yiaddr: "192.0.2.101",
    });
    expect(server.leases(MINUTE)[0].expires).toBe(11 * MINUTE);
  });

  test("rfc2131 INIT-REBOOT on the wrong network is a NAK", () => {
    expect(client(serverWith(), 1).request({ requested: "198.51.100.7" })?.type).toBe("NAK");
  });

  test("rfc2131 INIT-REBOOT with an address that is not the client's is a NAK", () => {
    const server = serverWith();
    client(server, 1).boot();
    expect(client(server, 1).request({ requested: "192.0.2.105" })?.type).toBe("NAK");
  });

  test("rfc2131 INIT-REBOOT of an unknown client is met with silence", () => {
    const server = serverWith();
    expect(client(server, 1).request({ requested: "192.0.2.105" })).toBeNull();
    expect(server.stats().dropped.UNKNOWN_CLIENT).toBe(1);
  });

  test("profile virtualbox gives an unknown client the free address it asks for", () => {
    const server = serverWith({ profile: "virtualbox" });
    expect(client(server, 1).request({ requested: "192.0.2.105" })).toMatchObject({
      type: "ACK",
      yiaddr: "192.0.2.105",
    });
  });

  test("rfc2131 renewing and rebinding: ciaddr alone extends the lease", () => {
    const server = serverWith();
    client(server, 1).boot();
    expect(client(server, 1).request({ ciaddr: "192.0.2.101" }, 5 * MINUTE)).toMatchObject({ type: "ACK", lease: 600 });
    expect(server.leases(5 * MINUTE)[0].expires).toBe(15 * MINUTE);
  });

  test("a server that forgot its leases takes the renewing client's word when the address is free", () => {
    const server = serverWith();
    expect(client(server, 1).request({ ciaddr: "192.0.2.107" })?.type).toBe("ACK");
    expect(client(server, 2).request({ ciaddr: "192.0.2.107" })?.type).toBe("NAK");
    expect(client(server, 3).request({ ciaddr: "192.0.2.200" })?.type).toBe("NAK");
  });

  test("ciaddr and requested address that differ are a NAK that says why", () => {
    const nak = client(serverWith(), 1).request({ ciaddr: "192.0.2.101", requested: "192.0.2.102" });
    expect(nak?.type).toBe("NAK");
    expect(new TextDecoder().decode(Uint8Array.from(nak!.option(OPTION.MESSAGE)!))).toContain(
      "two different addresses",
    );
  });

  test("a REQUEST without any address is ignored", () => {
    const server = serverWith();
    expect(client(server, 1).request({ server: SERVER })).toBeNull();
    expect(client(server, 1).request()).toBeNull();
    expect(server.stats().dropped.NO_ADDRESS).toBe(2);
  });

  test("a DISCOVER with ciaddr is ignored", () => {
    const server = serverWith();
    expect(client(server, 1).discover({ ciaddr: "192.0.2.101" })).toBeNull();
    expect(server.stats().dropped.HAS_ADDRESS).toBe(1);
  });

  test("rfc2131 an address whose lease has ended is used again, but its old client is preferred", () => {
    const server = serverWith({ pool: { from: "192.0.2.101", to: "192.0.2.102" } });
    client(server, 1).boot({}, 0);
    client(server, 2).boot({}, MINUTE);
    expect(client(server, 2).boot({}, 20 * MINUTE)).toBe("192.0.2.102");
    expect(client(server, 3).boot({}, 20 * MINUTE)).toBe("192.0.2.101");
    expect(client(server, 1).boot({}, 20 * MINUTE)).toBeNull();
  });
});

describe("giving back (RFC 2131 sections 4.3.3 and 4.3.4)", () => {
  test("rfc2131 RELEASE frees the address without an answer", () => {
    const server = serverWith({ pool: { from: "192.0.2.101", to: "192.0.2.101" } });
    client(server, 1).boot();
    expect(client(server, 1).tell("RELEASE", { ciaddr: "192.0.2.101", server: SERVER })).toBeNull();
    expect(server.stats().noted).toBe(1);
    expect(client(server, 2).boot()).toBe("192.0.2.101");
  });

  test("nobody can release or decline what is another's", () => {
    const server = serverWith();
    client(server, 1).boot();
    client(server, 2).tell("RELEASE", { ciaddr: "192.0.2.101", server: SERVER });
    client(server, 2).tell("DECLINE", { requested: "192.0.2.101", server: SERVER });
    expect(server.leases(0)).toMatchObject([{ address: "192.0.2.101", mac: macOf(1), state: "bound" }]);
    expect(server.stats().dropped.NOT_HELD).toBe(2);
  });

  test("rfc2131 DECLINE keeps the address from everybody for ten minutes", () => {
    const server = serverWith({ pool: { from: "192.0.2.101", to: "192.0.2.102" } });
    client(server, 1).boot();
    expect(client(server, 1).tell("DECLINE", { requested: "192.0.2.101", server: SERVER })).toBeNull();
    expect(client(server, 1).boot()).toBe("192.0.2.102");
    expect(client(server, 2).boot({}, 10 * MINUTE - 1)).toBeNull();
    expect(server.leases(0)).toContainEqual({
      address: "192.0.2.101",
      mac: "",
      state: "declined",
      expires: 10 * MINUTE,
    });
    expect(client(server, 2).boot({}, 10 * MINUTE)).toBe("192.0.2.101");
  });

  test("a fixed address that was declined is not given to its owner before the time is over", () => {
    const server = serverWith({ fixed: { [macOf(1)]: "192.0.2.50" } });
    client(server, 1).boot();
    client(server, 1).tell("DECLINE", { requested: "192.0.2.50", server: SERVER });
    expect(client(server, 1).boot()).toBe("192.0.2.101");
    expect(client(server, 1).boot({}, 10 * MINUTE)).toBe("192.0.2.50");
  });

  test("profile virtualbox ignores DECLINE", () => {
    const server = serverWith({ profile: "virtualbox" });
    client(server, 1).boot();
    client(server, 1).tell("DECLINE", { requested: "192.0.2.101", server: SERVER });
    expect(client(server, 1).boot()).toBe("192.0.2.101");
    expect(server.stats().dropped.DECLINE_IGNORED).toBe(1);
  });

  test("rfc2131 INFORM gets options, no address and no lease", () => {
    const server = serverWith({ dns: "192.0.2.53" });
    const ack = client(server, 1).tell("INFORM", { ciaddr: "192.0.2.9", ask: [6, 51, 58] });
    expect(ack).toMatchObject({ type: "ACK", yiaddr: "0.0.0.0", lease: 0, to: "192.0.2.9" });
    expect(ack!.codes).toEqual([53, 54, 1, 6]);
    expect(server.leases(0)).toEqual([]);
  });

  test("an INFORM that asks for what we have not, or from another network, is met with silence", () => {
    const server = serverWith();
    expect(client(server, 1).tell("INFORM", { ciaddr: "192.0.2.9", ask: [6] })).toBeNull();
    expect(client(server, 1).tell("INFORM", { ciaddr: "198.51.100.9", ask: [1] })).toBeNull();
    expect(client(server, 1).tell("INFORM", { ask: [1] })).toBeNull();
    expect(server.stats().dropped).toMatchObject({ NOTHING_TO_SAY: 1, WRONG_NETWORK: 1, NO_ADDRESS: 1 });
  });
});

describe("who is who", () => {
  test("rfc2131 the client id is the client: another card with it gets the same address", () => {
    const server = serverWith();
    expect(client(server, 1).boot({ id: [0, 7, 7] })).toBe("192.0.2.101");
    expect(client(server, 2).boot({ id: [0, 7, 7] })).toBe("192.0.2.101");
  });

  test("rfc2131 one card with two client ids is two clients", () => {
    const server = serverWith();
    expect(client(server, 1).boot({ id: [0, 7, 7] })).toBe("192.0.2.101");
    expect(client(server, 1).boot({ id: [0, 7, 8] })).toBe("192.0.2.102");
  });

  test("rfc6842 the client id is echoed in OFFER, ACK and NAK, and only when it was sent", () => {
    const server = serverWith();
    const id = [1, 2, 3, 4];
    expect(client(server, 1).discover({ id })!.option(61)).toEqual(id);
    expect(client(server, 1).request({ id, requested: "192.0.2.101", server: SERVER })!.option(61)).toEqual(id);
    expect(client(server, 1).request({ id, requested: "198.51.100.7" })!.option(61)).toEqual(id);
    expect(client(server, 2).discover()!.option(61)).toBeUndefined();
  });

  test("the lease knows its client's card, id and name", () => {
    const server = serverWith();
    client(server, 1).boot({ id: [0, 0xab], hostname: "ali\u0007ce" });
    expect(server.findLease(macOf(1), 0)).toEqual({
      address: "192.0.2.101",
      mac: macOf(1),
      clientId: "00ab",
      hostname: "ali?ce",
      state: "bound",
      expires: 10 * MINUTE,
    });
    expect(server.findLease(macOf(2), 0)).toBeNull();
    expect(server.findLease(macOf(1), 10 * MINUTE)?.state).toBe("expired");
  });

  test.each([
    ["no Ethernet", (m: Uint8Array) => (m[1] = 6)],
    ["a short address", (m: Uint8Array) => (m[2] = 5)],
    ["a group address", (m: Uint8Array) => (m[28] = 3)],
    ["no address", (m: Uint8Array) => m.fill(0, 28, 34)],
  ])("a client with %s is ignored", (_, change) => {
    const server = serverWith();
    const message = encodeDhcp(said("DISCOVER", macOf(1)));
    change(message);
    expect(server.receive(message, 0)).toBeNull();
    expect(server.stats().dropped.HARDWARE).toBe(1);
  });

  test("BOOTP, servers' messages and unknown types are ignored", () => {
    const server = serverWith();
    const { options: _, ...bootp } = said("DISCOVER", macOf(1));
    server.receive(encodeDhcp({ ...bootp, options: new Map() }), 0);
    server.receive(encodeDhcp({ ...said("DISCOVER", macOf(1)), op: 2 }), 0);
    client(server, 1).tell("ACK");
    expect(server.stats().dropped).toMatchObject({ BOOTP: 1, NOT_A_REQUEST: 1, MESSAGE_TYPE: 1 });
    booksBalance(server);
  });
});

describe("whatever comes in", () => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 600 }),
    fc
      .tuple(fc.array(fc.nat(255), { maxLength: 300 }), fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8), fc.nat(5))
      .map(([options, type, n]) => {
        const bytes = new Uint8Array(243 + options.length);
        bytes.set(encodeDhcp(said("DISCOVER", macOf(n + 1))).subarray(0, 243));
        bytes[242] = type;
        bytes.set(options, 243);
        return bytes;
      }),
    fc.tuple(fc.nat(8), fc.nat(299), fc.nat(255), fc.integer({ min: 0, max: 300 })).map(([n, at, value, cut]) => {
      const message = said("REQUEST", macOf(n + 1), {
        requested: `192.0.2.${100 + n}`,
        server: SERVER,
        ask: [1, 3, 51],
        id: [0, n],
      });
      const bytes = encodeDhcp(message);
      bytes[at] = value;
      return at % 3 === 0 ? bytes.subarray(0, cut) : bytes;
    }),
  );

  test("the server never throws, its books balance, and its leases stay in its pool", () => {
    for (const style of ["server", "nat"] as const)
      fc.assert(
        fc.property(fc.array(hostile, { maxLength: 50 }), (messages) => {
          const server = serverWith({ style, groups: [{ include: [{ vendor: "a*b*" }], options: { 15: "x" } }] });
          for (const [i, message] of messages.entries()) {
            const copy = message.slice();
            const reply = server.receive(message, i * SECOND);
            expect(message).toEqual(copy);
            if (reply) expect(reply.message.length).toBeGreaterThanOrEqual(300);
          }
          booksBalance(server);
          expect(server.leases(0).length).toBeLessThanOrEqual(10 + 6);
        }),
        { seed: 5, numRuns: 150 },
      );
  });
});
