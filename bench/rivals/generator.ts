import { mixed, strideFor } from "../traffic";
import type { Staged, Traffic } from "../traffic";

/** What the engine's generator does, in plain JavaScript: fresh frames of many flows, checksums right. */
export class GeneratorRival {
  private flow = 0;
  private sent = 0;
  private readonly step: number;
  private readonly srcHigh: number;
  private readonly srcLow: number;
  private readonly dstHigh: number;
  private readonly dstLow: number;

  /** @param staged  the slots that it writes */
  constructor(private readonly traffic: Traffic, private readonly staged: Staged) {
    this.step = strideFor(traffic.flows) % traffic.flows;
    const { src, dst } = traffic;
    [this.srcHigh, this.srcLow] = [Math.floor(src.mac / 2 ** 32), src.mac % 2 ** 32];
    [this.dstHigh, this.dstLow] = [Math.floor(dst.mac / 2 ** 32), dst.mac % 2 ** 32];
  }

  /** The next pass begins with the first flow. */
  restart(): void { this.flow = this.sent = 0; }

  burst(_first: number, count: number): void {
    const { staged, traffic } = this;
    const { words, lengths } = staged;
    const step = staged.stride >> 2;
    for (let i = 0; i < count; i++) {
      const flow = this.flow;
      const next = flow + this.step;
      this.flow = next >= traffic.flows ? next - traffic.flows : next;
      const length = traffic.size !== 0 ? traffic.size : mixed(this.sent + this.flow);
      lengths[i] = length;
      this.write(words, i * step, length, flow);
    }
    this.sent += count;
  }

  private write(w: Int32Array, at: number, length: number, flow: number): void {
    const { src, dst, spans } = this.traffic;
    let n = flow;
    const srcMac = this.srcLow + (n % spans.src.mac);
    const srcIp = (src.ip + (n % spans.src.ip)) | 0;
    n = (n / Math.max(spans.src.mac, spans.src.ip)) | 0;
    const srcPort = src.port + (n % spans.src.port);
    n = (n / spans.src.port) | 0;
    const dstMac = this.dstLow + (n % spans.dst.mac);
    const dstIp = (dst.ip + (n % spans.dst.ip)) | 0;
    n = (n / Math.max(spans.dst.mac, spans.dst.ip)) | 0;
    const dstPort = dst.port + (n % spans.dst.port);

    const addresses = (srcIp >>> 16) + (srcIp & 0xffff) + (dstIp >>> 16) + (dstIp & 0xffff);
    const udp = length - 34;
    w[at] = swap(this.dstHigh) << 16;
    w[at + 1] = swapWord(dstMac);
    w[at + 2] = swap(this.srcHigh) | (swap(srcMac >>> 16) << 16);
    w[at + 3] = swap(srcMac & 0xffff) | (0x0008 << 16);
    w[at + 4] = 0x45 | (swap(length - 14) << 16);
    w[at + 5] = 0;
    w[at + 6] = 0x1140 | (swap(complement(0x4500 + length - 14 + 0x4011 + addresses)) << 16);
    w[at + 7] = swapWord(srcIp);
    w[at + 8] = swapWord(dstIp);
    w[at + 9] = swap(srcPort) | (swap(dstPort) << 16);
    w[at + 10] = swap(udp) | (swap(complement(addresses + 17 + udp + srcPort + dstPort + udp)) << 16);
    const end = at + ((length + 5) >> 2);
    if (length > 128) w.fill(0, at + 11, end);
    else for (let p = at + 11; p < end; p++) w[p] = 0;
  }
}

function complement(sum: number): number {
  sum = (sum >>> 16) + (sum & 0xffff);
  return ~((sum >>> 16) + (sum & 0xffff)) & 0xffff;
}

function swap(half: number): number { return ((half & 0xff) << 8) | (half >>> 8); }

function swapWord(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

