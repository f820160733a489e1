/* The parser, with the engine's rules but for IPv6 extension headers and 802.3. */
typedef struct { u16 l3, l4, payload, end, type, vlan; u8 kind, protocol, fault, flags; u16 src, dst; u32 hash; } Packet;
_Static_assert(sizeof(Packet) == 24, "three words");

enum { OTHER = 1, ARP = 3, V4 = 4, V6 = 6, FRAGMENT = 1, LATER = 2, OPTIONS = 4 };
/* As in assembly/abi.ts. */
enum {
  VLAN = 16, VLAN_TRUNCATED = 17, ARP_TRUNCATED = 19, ARP_FORMAT = 20, IPV4_TRUNCATED = 21, IPV4_VERSION = 22, IPV4_HEADER = 23,
  IPV4_LENGTH = 24, IPV4_CHECKSUM = 25, IPV6_TRUNCATED = 26, IPV6_VERSION = 27, IPV6_LENGTH = 28, ICMP_TRUNCATED = 30,
  UDP_TRUNCATED = 31, UDP_LENGTH = 32, TCP_TRUNCATED = 33, TCP_HEADER = 34
};

static u64 seed;

static inline u32 be16(const u8 *p) { return __builtin_bswap16(load16(p)); }

static inline u64 mix(u64 a, u64 b) {
  u64 h = a * 0x9e3779b97f4a7c15ull;
  return (h ^ (h >> 32) ^ b) * 0xc2b2ae3d27d4eb4full;
}

static inline void fail(Packet *p, u32 reason) { p->fault = reason; }

static inline void transport(Packet *p, const u8 *data, u64 addresses) {
  if (!(p->flags & LATER)) {
    const u8 *h = data + p->payload;
    u32 has = p->end - p->payload;
    p->l4 = p->payload;
    if (p->protocol == 17) {
      if (has < 8) return fail(p, UDP_TRUNCATED);
      p->src = be16(h), p->dst = be16(h + 2);
      u32 size = be16(h + 4);
      if (size < 8 || (size > has && !(p->flags & FRAGMENT))) return fail(p, UDP_LENGTH);
      p->payload += 8;
    } else if (p->protocol == 6) {
      if (has < 20) return fail(p, TCP_TRUNCATED);
      p->src = be16(h), p->dst = be16(h + 2);
      u32 size = (h[12] >> 4) * 4;
      if (size < 20 || size > has) return fail(p, TCP_HEADER);
      p->payload += size;
    } else if (p->protocol == (p->kind == V4 ? 1 : 58)) {
      if (has < 8) return fail(p, ICMP_TRUNCATED);
      p->payload += 8;
      if (p->kind == V4 ? h[0] == 8 || h[0] == 0 : h[0] == 128 || h[0] == 129) p->src = p->dst = be16(h + 4);
    }
  }
  p->hash = mix(addresses, (u64)p->protocol << 32 | (u32)p->dst << 16 | p->src) >> 32;
}

static inline void ipv4(Packet *p, const u8 *data, u32 at, u32 length) {
  const u8 *ip = data + at;
  u32 room = length - at;
  p->kind = V4, p->l3 = at;
  if (room < 20) return fail(p, IPV4_TRUNCATED);
  u32 header = (ip[0] & 15) * 4, total = be16(ip + 2);
  if (ip[0] >> 4 != 4) return fail(p, IPV4_VERSION);
  if (header < 20) return fail(p, IPV4_HEADER);
  if (header > room) return fail(p, IPV4_TRUNCATED);
  if (total < header || total > room) return fail(p, IPV4_LENGTH);
  p->payload = at + header, p->end = at + total;
  u64 sum = (u64)load32(ip) + load32(ip + 4) + load32(ip + 8) + load32(ip + 12) + load32(ip + 16);
  for (u32 i = 20; i < header; i += 4) sum += load32(ip + i);
  if (fold(sum) != 0xffff) return fail(p, IPV4_CHECKSUM);
  u32 fragment = be16(ip + 6);
  p->protocol = ip[9];
  p->flags = (header == 20 ? 0 : OPTIONS) | (fragment & 0x3fff ? FRAGMENT : 0) | (fragment & 0x1fff ? LATER : 0);
  transport(p, data, load64(ip + 12) ^ seed);
}

static inline void ipv6(Packet *p, const u8 *data, u32 at, u32 length) {
  const u8 *ip = data + at;
  p->kind = V6, p->l3 = at;
  if (at + 40 > length) return fail(p, IPV6_TRUNCATED);
  if (ip[0] >> 4 != 6) return fail(p, IPV6_VERSION);
  u32 end = at + 40 + be16(ip + 4);
  if (end > length) return fail(p, IPV6_LENGTH);
  p->payload = at + 40, p->end = end, p->protocol = ip[6];
  transport(p, data, mix(mix(mix(load64(ip + 8) ^ seed, load64(ip + 16)), load64(ip + 24)), load64(ip + 32)));
}

static inline void arp(Packet *p, const u8 *data, u32 at, u32 length) {
  p->kind = ARP, p->l3 = at;
  if (at + 6 > length) return fail(p, ARP_TRUNCATED);
  if (load32(data + at) != 0x00080100 || load16(data + at + 4) != 0x0406) return fail(p, ARP_FORMAT);
  if (at + 28 > length) return fail(p, ARP_TRUNCATED);
  p->payload = p->end = at + 28;
}

static inline void parse(Packet *p, const u8 *data, u32 length) {
  u32 type = be16(data + 12), at = 14;
  *p = (Packet){.payload = 14, .end = length, .type = type, .vlan = 0xffff, .kind = OTHER};
  for (u32 tags = 0; tags < 2 && (type == 0x8100 || type == 0x88a8); tags++) {
    if (at + 4 > length) return fail(p, VLAN_TRUNCATED);
    u32 control = be16(data + at);
    if (tags == 0) p->vlan = control;
    p->type = type = be16(data + at + 2);
    p->payload = at += 4;
    if ((control & 0xfff) == 0xfff) return fail(p, VLAN);
  }
  if (type == 0x0800) return ipv4(p, data, at, length);
  if (type == 0x86dd) return ipv6(p, data, at, length);
  if (type == 0x0806) arp(p, data, at, length);
}
