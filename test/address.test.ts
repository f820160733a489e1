import { describe, expect, test } from "vitest";
import { formatIp, formatMac, macHalves, overlap, parseCidr, parseIp, parseMac, parseNetwork } from "../src/address";
import { parseForward } from "../src/forward";
import { codeOf } from "./world";

describe("an address", () => {
  test("is four whole numbers below 256 and nothing else", () => {
    for (const text of ["0.0.0.0", "10.0.2.15", "255.255.255.255"]) expect(formatIp(parseIp(text, "x"))).toBe(text);
    for (const text of ["", "10.0.2", "10.0.2.256", "10.0.2.015", "10.0.2.-1", "10.0.2.1 ", "::1", "0x7f.0.0.1", null as never])
      expect(codeOf(() => parseIp(text, "x")), text).toBe("ADDRESS");
  });

  test("may carry a prefix length; a network has no host bits", () => {
    expect(parseCidr("10.9.0.2/24", "x")).toEqual({ address: 0x0a090002, prefix: 24 });
    expect(parseNetwork("192.168/16", "x")).toEqual({ address: 0xc0a80000, prefix: 16 });
    expect(parseNetwork("0.0.0.0/0", "x")).toEqual({ address: 0, prefix: 0 });
    for (const text of ["10.0.2.0", "10.0.2.0/33", "10.0.2.0/", "10.0.2.0/24/1", "10.0.2.0/-1"])
      expect(codeOf(() => parseCidr(text, "x")), text).toBe("ADDRESS");
    expect(codeOf(() => parseNetwork("10.0.2.1/24", "x"))).toBe("ADDRESS");
  });

  test("of one network may lie in another", () => {
    const net = (text: string) => parseNetwork(text, "x");
    expect(overlap(net("10.0.0.0/8"), net("10.0.2.0/24"))).toBe(true);
    expect(overlap(net("10.0.2.0/24"), net("10.0.0.0/8"))).toBe(true);
    expect(overlap(net("10.0.2.0/24"), net("10.0.3.0/24"))).toBe(false);
    expect(overlap(net("0.0.0.0/0"), net("10.0.3.0/24"))).toBe(true);
  });
});

describe("a MAC", () => {
  test("is taken in every usual form, if a card can have it", () => {
    for (const text of ["08:00:27:0A:0b:0c", "08-00-27-0a-0b-0c", "0800270A0B0C"])
      expect(parseMac(text, "x")).toBe("08:00:27:0a:0b:0c");
    expect(formatMac(...macHalves("fe:dc:ba:98:76:54"))).toBe("fe:dc:ba:98:76:54");
    for (const text of ["", "08:00:27:0a:0b", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "0:8:0:0:2:7", "08:0027:0a0b:0c"])
      expect(codeOf(() => parseMac(text, "x")), text).toBe("MAC");
  });
});

describe("a forward rule", () => {
  test("is read in both of VBoxManage's forms", () => {
    expect(parseForward("http,tcp,,8080,,80", "x")).toEqual({ name: "http", protocol: "tcp", hostPort: 8080, guestPort: 80 });
    expect(parseForward(",UDP,127.0.0.1,53,10.0.2.15,5353", "x")).toEqual({
      name: "udp_53_5353", protocol: "udp", hostIp: "127.0.0.1", hostPort: 53, guestIp: "10.0.2.15", guestPort: 5353,
    });
    expect(parseForward("ssh:tcp:[]:2222:[10.0.2.4]:22", "x")).toEqual({
      name: "ssh", protocol: "tcp", hostPort: 2222, guestIp: "10.0.2.4", guestPort: 22,
    });
    expect(parseForward(":tcp:[192.0.2.1]:2222:[10.0.2.4]:22", "x").name).toBe("tcp_[192.0.2.1]%2222_[10.0.2.4]%22");
    expect(parseForward({ protocol: "udp", hostPort: 1, guestPort: 2 }, "x").name).toBe("udp_1_2");
  });

  test("that is wrong says how", () => {
    const wrong: Record<string, string> = {
      "": "FORWARD", "a,b": "FORWARD", "a,icmp,,1,,1": "FORWARD", "a,tcp,,0,,1": "PORT", "a,tcp,,1,,65536": "PORT", "a,tcp,,x,,1": "PORT",
      "a,tcp,,,,": "PORT", "a,tcp,1.2.3,1,,1": "ADDRESS", "a,tcp,,1,1.2.3.400,1": "ADDRESS", "a:tcp:[]:1:[]:2": "FORWARD",
    };
    for (const [rule, code] of Object.entries(wrong)) expect(codeOf(() => parseForward(rule, "x")), rule).toBe(code);
  });
});
