/** What routers, neighbours and NATs refuse. */
import { icmp, raw, tcp, udp, zeros } from "../packets";
import { CAROL, behindARouter, behindNat, onASwitch, place } from "./place";
import type { Provoked } from "./index";

export const ROUTES = {
  TTL_EXPIRED: ["a packet with TTL 1 at a router", async () => {
    const { lab, send } = await behindARouter();
    send(udp(5000, 53), { ttl: 1 });
    return lab;
  }],
  NO_ROUTE: ["a packet for a network the router does not know", async () => {
    const { lab, send } = await behindARouter();
    send(udp(5000, 53), { dst: "203.0.113.9" });
    return lab;
  }],
  MTU: ["a packet of 1508 bytes at a router", async () => {
    const { lab, send } = await behindARouter();
    send(udp(5000, 53, zeros(1480)));
    return lab;
  }],
  NO_ADDRESS: ["a packet that waits for its neighbour when the card is moved", async () => {
    const { lab } = await onASwitch();
    const [card] = lab.vms.find(({ name }) => name === "alice")!.adapters;
    lab.machine("alice")!.udp().send("hello", { address: "198.51.100.99", port: 7 });
    card!.attach(lab.hosts[0]!.notAttached());
    return lab;
  }],
  NEIGHBOR_FAILED: ["a packet for an address that nobody has", async () => {
    const { lab } = await onASwitch();
    lab.machine("alice")!.udp().send("hello", { address: "198.51.100.99", port: 7 });
    return lab;
  }],
  NEIGHBOR_QUEUE: ["the fifth packet for an address that nobody has", async () => {
    const { lab } = await onASwitch();
    const socket = lab.machine("alice")!.udp();
    for (let i = 0; i < 5; i++) socket.send("hello", { address: "198.51.100.99", port: 7 });
    return lab;
  }],
  NEIGHBOR_TABLE: ["packets for two hundred addresses at once in a lab with 128 places for neighbours", async () => {
    const { lab } = await onASwitch({ capacity: { stations: 16 } });
    const socket = lab.machine("alice")!.udp();
    for (let i = 0; i < 200; i++) socket.send("hello", { address: `198.51.100.${10 + i}`, port: 7 });
    return lab;
  }],
} satisfies Provoked;

export const NAT = {
  NAT_UNKNOWN: ["a TCP segment of a connection that the NAT never saw", async () => {
    const { lab, send } = await behindNat();
    send(tcp(5000, 80, { flags: 0x10 }));
    return lab;
  }],
  NAT_FILTERED: ["a datagram from a machine that the guest has not spoken to", async () => {
    const { lab, send } = await behindNat();
    send(udp(5000, 53));
    await lab.advance(10);
    lab.machine("other")!.udp().send("hello", { machine: lab.machine("laptop")!, port: 5000 });
    return lab;
  }],
  NAT_FULL: ["a second connection through a NAT that may have one", async () => {
    const { lab, send } = await behindNat({ limit: 1 });
    send(udp(5000, 53));
    send(udp(5001, 53));
    return lab;
  }],
  NAT_PORTS: ["one client at two forwards that lead to one guest port", async () => {
    const { lab } = await behindNat({ forward: ["one,udp,,7000,10.0.2.50,7", "two,udp,,7001,10.0.2.50,7"] });
    const client = lab.machine("server")!.udp();
    for (const port of [7000, 7001]) client.send("hello", { machine: lab.machine("laptop")!, port });
    return lab;
  }],
  NAT_PROTOCOL: ["a GRE packet through a NAT", async () => {
    const { lab, send } = await behindNat();
    send(raw(47, zeros(8)));
    return lab;
  }],
  NAT_FRAGMENT: ["a fragment through a NAT", async () => {
    const { lab, send } = await behindNat();
    send(udp(5000, 53, zeros(8)), { fragment: 0x2000 });
    return lab;
  }],
  NAT_SOURCE: ["a guest that uses an address from elsewhere", async () => {
    const { lab, send } = await behindNat();
    send(udp(5000, 53), { src: "192.0.2.7" });
    return lab;
  }],
  NAT_INSIDE: ["a packet to the gateway's MAC for another address of the inside", async () => {
    const { lab, send } = await behindNat();
    send(udp(5000, 53), { dst: "10.0.2.99" });
    return lab;
  }],
  NAT_LOOPBACK: ["a guest in NAT mode that calls the host's loopback", async () => {
    const lab = await place();
    const laptop = lab.host("laptop");
    const web = laptop.vm("web", laptop.nat());
    await lab.ready();
    web.udp().send("hello", { address: "10.0.2.2", port: 7 });
    return lab;
  }],
  NAT_ICMP: ["an ICMP timestamp request through a NAT", async () => {
    const { lab, send } = await behindNat();
    send(icmp(13, 0, zeros(16)));
    return lab;
  }],
  NAT_NO_GUEST: ["a forward to a guest that has no address yet", async () => {
    const lab = await place();
    const laptop = lab.host("laptop");
    const server = lab.host("server");
    laptop.vm("web", { attach: laptop.natNetwork("office", { forward: ["echo,udp,,7000,,7"] }), mac: CAROL, guest: "external" });
    await lab.ready();
    server.udp().send("hello", { machine: laptop, port: 7000 });
    return lab;
  }],
} satisfies Provoked;
