/* The engine's generator: fresh UDP frames of many flows, in an order that jumps about, checksums right. */
enum { GENERATOR_WORDS = 16 };

typedef struct {
  u64 src_mac, dst_mac;
  u32 pass, flows, size, stride, flow;
  u32 src_ip, dst_ip, src_port, dst_port;
  u32 src_mac_span, dst_mac_span, src_ip_span, dst_ip_span, src_port_span, dst_port_span;
} Generator;

/* Records, as bench/native.ts writes them. */
static void generator_begin(Generator *g, const u64 *r) {
  *g = (Generator){
    .pass = r[0], .flows = r[1], .size = r[2], .stride = r[3], .src_mac = r[4], .dst_mac = r[5], .src_ip = r[6], .dst_ip = r[7],
    .src_port = r[8], .dst_port = r[9], .src_mac_span = r[10], .dst_mac_span = r[11], .src_ip_span = r[12], .dst_ip_span = r[13],
    .src_port_span = r[14], .dst_port_span = r[15],
  };
}

static inline void store_mac(u8 *p, u64 mac) {
  store16(p, __builtin_bswap16(mac >> 32));
  store32(p + 2, __builtin_bswap32((u32)mac));
}

/* Writes the next frame, of the burst that begins with frame `first` of the pass; its length. */
static inline u32 generate(Generator *g, u8 *frame, u32 first) {
  u32 n = g->flow, place;
  g->flow = ((u64)n + g->stride) % g->flows;
  place = (first + g->flow) % 12;
  u32 length = g->size ? g->size : place < 7 ? 60 : place < 11 ? 590 : 1514;
  u64 src_mac = g->src_mac + n % g->src_mac_span;
  u32 src_ip = g->src_ip + n % g->src_ip_span;
  n /= g->src_mac_span > g->src_ip_span ? g->src_mac_span : g->src_ip_span;
  u32 src_port = g->src_port + n % g->src_port_span;
  n /= g->src_port_span;
  u64 dst_mac = g->dst_mac + n % g->dst_mac_span;
  u32 dst_ip = g->dst_ip + n % g->dst_ip_span;
  n /= g->dst_mac_span > g->dst_ip_span ? g->dst_mac_span : g->dst_ip_span;
  u32 dst_port = g->dst_port + n % g->dst_port_span;

  u32 udp = length - 34;
  u64 addresses = (u64)src_ip + dst_ip;
  store_mac(frame, dst_mac);
  store_mac(frame + 6, src_mac);
  store32(frame + 12, 0x00450008);
  store16(frame + 16, __builtin_bswap16(length - 14));
  store32(frame + 18, 0);
  store16(frame + 22, 0x1140);
  store16(frame + 24, __builtin_bswap16(~fold(addresses + 0x4500 + length - 14 + 0x4011)));
  store32(frame + 26, __builtin_bswap32(src_ip));
  store32(frame + 30, __builtin_bswap32(dst_ip));
  store16(frame + 34, __builtin_bswap16(src_port));
  store16(frame + 36, __builtin_bswap16(dst_port));
  store16(frame + 38, __builtin_bswap16(udp));
  store16(frame + 40, __builtin_bswap16(~fold(addresses + 17 + udp + src_port + dst_port + udp)));
  memset(frame + 42, 0, length - 42);
  return length;
}
