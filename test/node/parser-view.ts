import type { Dissection, Layer } from "../../src/inspect";
import type { View } from "./tshark";

/** The parser's view of a frame, from its layers. */
export function viewOf({ fault, layers }: Dissection): View {
  const l3 = find(layers, "arp") ?? find(layers, "ipv4") ?? find(layers, "ipv6");
  const l4 = find(layers, "tcp") ?? find(layers, "udp") ?? find(layers, "icmp") ?? find(layers, "icmpv6");
  const ported = l4?.name === "tcp" || l4?.name === "udp" ? l4 : undefined;
  const header = layers.find((layer) => layer.name === "extension" && layer.fields.kind === "fragment");
  const fragment = l3?.name === "ipv4" ? l3.fields : header?.name === "extension" ? header.fields : undefined;
  return {
    l3: l3?.offset ?? null,
    l4: l4?.offset ?? null,
    payload: ported && fault !== "TCP_HEADER" ? ported.offset + ported.length : null,
    src: l3?.name === "arp" ? l3.fields.senderIp : (l3?.fields.src ?? null),
    dst: l3?.name === "arp" ? l3.fields.targetIp : (l3?.fields.dst ?? null),
    srcPort: ported?.fields.srcPort ?? null,
    dstPort: ported?.fields.dstPort ?? null,
    fragmentOffset: fragment?.fragmentOffset ?? null,
    moreFragments: fragment?.moreFragments ?? null,
    l3Sum: l3?.checksum?.status ?? null,
    l4Sum: l4?.checksum?.status ?? null,
    options: l4?.name === "tcp" ? (l4.fields.options?.map(({ kind, bad }) => `${kind}${bad && kind !== 0 ? "!" : ""}`).join(" ") ?? null) : null,
  };
}

function find<Name extends Layer["name"]>(layers: Layer[], name: Name): Extract<Layer, { name: Name }> | undefined {
  return layers.find((layer): layer is Extract<Layer, { name: Name }> => layer.name === name);
}
