import { nodeAt } from "../../ip/node";
import { now, seed } from "../../memory";
import { Stream } from "./stream";

/**
 * Initial sequence numbers (RFC 6528 §3): a clock of 4 µs, and a number that depends on both endpoints and on a secret of the
 * node. So the numbers of one connection grow, and tell nothing about those of another. The function is SipHash-2-4 (Aumasson,
 * Bernstein 2012) under the node's secret and the lab's seed; a fork has other secrets (`nodeReseed`).
 */
export function initialSequence(s: Stream): u32 {
  const ports = (<u64>s.node << 32) | (<u64>s.localPort << 16) | <u64>s.remotePort;
  const clock = <u32>(now() / 4000);
  return clock + <u32>sipHash(nodeAt(s.node).secret, seed(), (<u64>s.local << 32) | s.remote, ports);
}

// The four words of SipHash's state.
@unmanaged
class Sip {
  v0: u64;
  v1: u64;
  v2: u64;
  v3: u64;

  round(): void {
    this.v0 += this.v1;
    this.v1 = rotl<u64>(this.v1, 13) ^ this.v0;
    this.v0 = rotl<u64>(this.v0, 32);
    this.v2 += this.v3;
    this.v3 = rotl<u64>(this.v3, 16) ^ this.v2;
    this.v0 += this.v3;
    this.v3 = rotl<u64>(this.v3, 21) ^ this.v0;
    this.v2 += this.v1;
    this.v1 = rotl<u64>(this.v1, 17) ^ this.v2;
    this.v2 = rotl<u64>(this.v2, 32);
  }

  take(word: u64): void {
    this.v3 ^= word;
    this.round();
    this.round();
    this.v0 ^= word;
  }
}
const sip = changetype<Sip>(memory.data(32, 16));

/** SipHash-2-4 of 16 bytes. */
function sipHash(k0: u64, k1: u64, m0: u64, m1: u64): u64 {
  sip.v0 = k0 ^ 0x736f6d6570736575;
  sip.v1 = k1 ^ 0x646f72616e646f6d;
  sip.v2 = k0 ^ 0x6c7967656e657261;
  sip.v3 = k1 ^ 0x7465646279746573;
  sip.take(m0);
  sip.take(m1);
  sip.take(<u64>16 << 56);
  sip.v2 ^= 0xff;
  sip.round();
  sip.round();
  sip.round();
  sip.round();
  return sip.v0 ^ sip.v1 ^ sip.v2 ^ sip.v3;
}
