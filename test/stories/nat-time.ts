/** How long a NAT remembers: the RFCs' times are floors. */
import { story } from "../story";
import { behindNat, guestsBehindNat } from "./settings";

export const natTimeStories = [
  story("a UDP mapping lives for two minutes at the least, five as recommended (RFC 4787 REQ-5)", behindNat())`
    alice:5000 -> server:53 udp : server hears nat:5000
    wait 120 s
    server:53 -> nat:5000   udp : alice:5000
    alice:5000 -> server:53 udp : server hears nat:5000
    wait 299 s
    server:53 -> nat:5000   udp : alice:5000
  `,
  story("a UDP mapping that nobody uses ends", behindNat())`
    alice:5000 -> server:53 udp : server hears nat:5000
    wait 301 s
    server:53 -> nat:5000   udp : nobody, dropped UDP_CLOSED
    alice:5000 -> server:53 udp : server hears nat:5000
  `,
  story("what the guest sends keeps its mapping (RFC 4787 REQ-6)", behindNat())`
    alice:5000 -> server:53 udp : server hears nat:5000
    wait 200 s
    alice:5000 -> server:53 udp : server hears nat:5000
    wait 200 s
    server:53 -> nat:5000   udp : alice:5000
  `,
  story("a shorter time can be asked for", behindNat({ timeouts: { udp: 10_000 } }))`
    alice:5000 -> server:53 udp : server hears nat:5000
    wait 9 s
    server:53 -> nat:5000   udp : alice:5000
    wait 11 s
    server:53 -> nat:5000   udp : nobody, dropped UDP_CLOSED
  `,
  story("a ping's identifier is kept for a minute at the least (RFC 5508 REQ-2)", guestsBehindNat())`
    alice:7 -> server:1 echo : server hears nat:7
    wait 59 s
    server:0 -> nat:7 reply  : alice:7
    wait 61 s
    server:0 -> nat:7 reply  : nobody, dropped ICMP_TYPE
  `,
  story("an established TCP connection lives for two hours and four minutes (RFC 5382 REQ-5)", guestsBehindNat())`
    alice:4000 -> server:80 syn  : server hears nat:4000
    server:80 -> nat:4000 synack : alice:4000
    alice:4000 -> server:80 ack  : server hears nat:4000
    wait 7439 s
    server:80 -> nat:4000 ack    : alice:4000
    wait 7439 s
    alice:4000 -> server:80 ack  : server hears nat:4000
    wait 7441 s
    server:80 -> nat:4000 ack    : nobody, dropped TCP_CLOSED
  `,
  story("a TCP connection that is opening lives for four minutes (RFC 5382 REQ-5)", guestsBehindNat())`
    alice:4000 -> server:80 syn  : server hears nat:4000
    wait 239 s
    server:80 -> nat:4000 synack : alice:4000
    wait 241 s
    alice:4000 -> server:80 ack  : nobody, dropped NAT_UNKNOWN
  `,
  story("a TCP connection that both have closed lives for four minutes (RFC 5382 REQ-5)", guestsBehindNat())`
    alice:4000 -> server:80 syn  : server hears nat:4000
    server:80 -> nat:4000 synack : alice:4000
    alice:4000 -> server:80 ack  : server hears nat:4000
    alice:4000 -> server:80 fin  : server hears nat:4000
    wait 300 s
    server:80 -> nat:4000 fin    : alice:4000
    wait 239 s
    alice:4000 -> server:80 ack  : server hears nat:4000
    wait 241 s
    server:80 -> nat:4000 ack    : nobody, dropped TCP_CLOSED
  `,
  story("a reset does not end a connection at once: it may be forged (RFC 7857)", guestsBehindNat())`
    alice:4000 -> server:80 syn  : server hears nat:4000
    server:80 -> nat:4000 synack : alice:4000
    alice:4000 -> server:80 ack  : server hears nat:4000
    server:80 -> nat:4000 rst    : alice:4000
    wait 200 s
    alice:4000 -> server:80 ack  : server hears nat:4000
    wait 7000 s
    server:80 -> nat:4000 ack    : alice:4000
  `,
  story("a reset that nothing follows ends a connection after four minutes", guestsBehindNat())`
    alice:4000 -> server:80 syn  : server hears nat:4000
    server:80 -> nat:4000 synack : alice:4000
    alice:4000 -> server:80 ack  : server hears nat:4000
    server:80 -> nat:4000 rst    : alice:4000
    wait 241 s
    server:80 -> nat:4000 ack    : nobody, dropped TCP_CLOSED
  `,
];
