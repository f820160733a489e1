import { expect } from "vitest";
import { story } from "../story";
import { behindNat, guestsBehindNat, webBehindNat } from "./settings";

export const natStories = [
  story("a guest's datagrams leave under the host's address, and answers come back", behindNat())`
    alice:5000 -> server:53 udp  : server hears nat:5000
    server:53 -> nat:5000   udp  : alice:5000
    alice:5000 -> other:53  udp  : other hears nat:5000
    other:53 -> nat:5000    udp  : alice:5000
    then one mapping serves both ${({ lab }) => {
      const office = lab.hosts[0]!.network("office")!;
      expect(office.mappings()).toHaveLength(1);
      expect(office.connections()).toHaveLength(2);
    }}
  `,
  story("a stranger is not let in, another port of a known machine is", behindNat())`
    alice:5000 -> server:53 udp : server hears nat:5000
    other:53 -> nat:5000    udp : nobody, dropped NAT_FILTERED
    server:99 -> nat:5000   udp : alice:5000
  `,
  story("with endpoint-independent filtering anybody is let in", behindNat({ filtering: "endpoint-independent" }))`
    alice:5000 -> server:53 udp : server hears nat:5000
    other:53 -> nat:5000    udp : alice:5000
  `,
  story("with address-and-port-dependent filtering only who was asked", behindNat({ filtering: "address-and-port-dependent" }))`
    alice:5000 -> server:53 udp : server hears nat:5000
    server:99 -> nat:5000   udp : nobody, dropped NAT_FILTERED
    server:53 -> nat:5000   udp : alice:5000
  `,
  story("two guests that use the same port do not mix", behindNat())`
    alice:5000 -> server:53 udp : server hears nat:5000
    bob:5000 -> server:53   udp : server hears nat:B
    then bob has another port, of the same parity ${({ ports }) => {
      expect(ports.get("B")).not.toBe(5000);
      expect(ports.get("B")! % 2).toBe(0);
    }}
    server:53 -> nat:5000   udp : alice:5000
    server:53 -> nat:B      udp : bob:5000
    alice:5000 -> server:53 udp : server hears nat:5000
    bob:5000 -> server:53   udp : server hears nat:B
  `,
  story("two guests that ping with the same identifier do not mix", guestsBehindNat())`
    alice:7 -> server:1 echo : server hears nat:7
    bob:7 -> server:1 echo   : server hears nat:B
    then bob has another identifier ${({ ports }) => expect(ports.get("B")).not.toBe(7)}
    server:0 -> nat:7 reply  : alice:7
    server:0 -> nat:B reply  : bob:7
  `,
  story("a host's own sockets and a guest's ports do not mix", behindNat())`
    laptop:5000 -> server:53 udp : server hears laptop:5000
    alice:5000 -> server:53  udp : server hears nat:A
    then alice has another port ${({ ports }) => expect(ports.get("A")).not.toBe(5000)}
    server:53 -> nat:5000    udp : laptop:5000
    server:53 -> nat:A       udp : alice:5000
  `,
  story("guests reach each other by their outside addresses", behindNat({ filtering: "endpoint-independent" }))`
    bob:6000 -> server:53  udp : server hears nat:6000
    alice:5000 -> nat:6000 udp : bob hears nat:5000
    bob:6000 -> nat:5000   udp : alice hears nat:6000
  `,
  story("a guest reaches a forward to itself and to others by the host's address", behindNat({
    forward: ["f:udp:[]:8080:[10.0.2.5]:80"],
  }))`
    alice:5000 -> nat:8080 udp : bob:80 hears nat:5000
    server:53 -> nat:8080  udp : bob:80 hears server:53
    bob:5000 -> nat:8080   udp : bob:80 hears nat:B
  `,
  story("the host's loopback has another name on a NAT network", behindNat())`
    alice:5000 -> 10.0.2.2:7 udp  : laptop hears 127.0.0.1:5000
    laptop:7 -> 127.0.0.1:5000 udp : alice hears 10.0.2.2:7
    alice pings 10.0.2.2           : from 10.0.2.2 ttl 63
  `,
  story("the host's loopback is out of reach in NAT mode unless asked for", webBehindNat())`
    web:5000 -> 10.0.2.2:7 udp : nobody, dropped NAT_LOOPBACK
    web pings 10.0.2.2         : TIMEOUT
    web:5000 -> server:7 udp   : server hears nat:5000
  `,
  story("the host's loopback is reached in NAT mode when asked for", webBehindNat({ localhostReachable: true }))`
    web:5000 -> 10.0.2.2:7 udp     : laptop hears 127.0.0.1:5000
    laptop:7 -> 127.0.0.1:5000 udp : web hears 10.0.2.2:7
    web pings 10.0.2.2             : from 10.0.2.2 ttl 64
  `,
  story("a guest cannot send under somebody else's address", guestsBehindNat())`
    alice lies about her address ${(world) => {
      const liar = world.guest("alice");
      liar.options.ip = "10.7.7.7";
      liar.send("udp", 5000, "192.168.1.50", 53, world.nonce);
      liar.options.ip = "10.0.2.50";
    }}
    then it was dropped ${(world) => expect(world.dropped("NAT_SOURCE")).toBe(1)}
    then nobody heard it ${(world) => expect(world.all()).toEqual([])}
  `,
  story("a segment of a connection that was never opened is nobody's", guestsBehindNat())`
    alice:4000 -> server:80 ack  : nobody, dropped NAT_UNKNOWN
    server:80 -> nat:4000 syn    : nobody, dropped TCP_CLOSED
    alice:4000 -> server:80 syn  : server hears nat:4000
    server:80 -> nat:4000 synack : alice:4000
    server:81 -> nat:4000 ack    : nobody, dropped NAT_UNKNOWN
  `,
  story("NATs in a row: the home router translates what the host's NAT has translated", {
    build(lab) {
      const laptop = lab.host("laptop");
      laptop.vm("alice", laptop.natNetwork("office"));
      lab.host("server", lab.internet);
    },
    names: () => ({ street: "203.0.113.1" }),
  })`
    alice:5000 -> server:53 udp  : server hears street:5000
    server:53 -> street:5000 udp : alice:5000
    alice pings server           : from server ttl 62
  `,
];
