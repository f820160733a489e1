/*
 * A NAT for UDP: endpoint-independent mappings, both directions of a connection in one table. Entry: 32 bytes, linear probing, load
 * 0.5 at the most.
 */
typedef struct {
  u64 ends;            /* source, destination */
  u32 ports;
  u32 way;             /* 0: empty */
  u32 ip;
  u16 port, ip_change, udp_change, spare;
  u32 seen;
} Entry;
_Static_assert(sizeof(Entry) == 32, "two entries a line");
typedef struct { u32 ip; u16 port, outside; } Mapping;

enum { OUT = 1, IN = 2, MAPPINGS = 1 << 17 };

static Entry *connections;
static Mapping *mappings;
static u8 taken[65536];
static u32 connection_mask, address;

static inline u32 connection_home(u64 ends, u32 ports) {
  u64 h = ends * 0x9e3779b97f4a7c15ull;
  h ^= h >> 32;
  h = (h ^ ports) * 0xc2b2ae3d27d4eb4full;
  return (u32)(h >> 32) & connection_mask;
}

static inline Entry *find(u64 ends, u32 ports) {
  for (u32 at = connection_home(ends, ports);; at = (at + 1) & connection_mask) {
    Entry *e = &connections[at];
    if (e->ends == ends && e->ports == ports && e->way != 0) return e;
    if (e->way == 0) return NULL;
  }
}

static Entry *put(Entry entry) {
  u32 at = connection_home(entry.ends, entry.ports);
  while (connections[at].way != 0) at = (at + 1) & connection_mask;
  connections[at] = entry;
  return &connections[at];
}

/* Its own port if that is free, else the next free one of the same parity. */
static u16 map(u32 ip, u16 port) {
  u64 h = ((u64)ip << 16 | port) * 0x9e3779b97f4a7c15ull;
  u32 at = (u32)(h >> 47);
  for (; mappings[at].ip != 0; at = (at + 1) & (MAPPINGS - 1))
    if (mappings[at].ip == ip && mappings[at].port == port) return mappings[at].outside;
  u16 number = __builtin_bswap16(port);
  while (taken[number]) number += 2;
  taken[number] = 1;
  mappings[at] = (Mapping){ip, port, __builtin_bswap16(number)};
  return mappings[at].outside;
}

static Entry *open_connection(u64 ends, u32 ports) {
  u32 src = (u32)ends;
  u16 inside = (u16)ports, port = map(src, inside);
  u32 there = fold((u64)(u32)~src + address), back = fold((u64)(u32)~address + src);
  u64 answer = ends >> 32 | (u64)address << 32;
  put((Entry){answer, ports >> 16 | (u32)port << 16, IN, src, inside, back, fold(back + (u16)~port + inside), 0, 0});
  return put((Entry){ends, ports, OUT, address, port, there, fold(there + (u16)~inside + port), 0, 0});
}

/* The connection of a frame, or NULL. A packet from inside without one opens one. */
static inline Entry *connection_of(const u8 *frame, u32 way) {
  if (load16(frame + 12) != 0x0008 || frame[14] != 0x45 || (load16(frame + 20) & 0xff3f) != 0) return NULL;
  if (frame[23] != 17 || frame[22] <= 1) return NULL;
  u64 ends = load64(frame + 26);
  u32 numbers = load32(frame + 34);
  Entry *e = find(ends, numbers);
  return e || way != OUT ? e : open_connection(ends, numbers);
}

/* Brings a frame's entry nearer; the sum has to be used. */
static inline u64 touch_connection(const u8 *frame) {
  return connections[connection_home(load64(frame + 26), load32(frame + 34))].ends;
}

/* Addresses, ports, checksums, one hop less, and the link's two MACs as they lie in a frame. */
static inline void rewrite(u8 *frame, const Entry *e, const u64 *link) {
  store64(frame, link[0]);
  store32(frame + 8, (u32)link[1]);
  store32(frame + (e->way == OUT ? 26 : 30), e->ip);
  store16(frame + (e->way == OUT ? 34 : 36), e->port);
  frame[22]--;
  store16(frame + 24, ~fold((u16)~load16(frame + 24) + e->ip_change + 0xfffe));
  u16 before = load16(frame + 40);
  if (!before) return;
  u16 checksum = ~fold((u16)~before + e->udp_change);
  store16(frame + 40, checksum ? checksum : 0xffff);
}

/* Lays out tables for so many sessions, under an outside address in host order. */
static void lay_nat(u32 sessions, u32 outside) {
  address = __builtin_bswap32(outside);
  for (connection_mask = 64; connection_mask < sessions * 4; connection_mask *= 2);
  connections = aligned_alloc(64, sizeof(Entry) * (size_t)connection_mask);
  mappings = calloc(MAPPINGS, sizeof(Mapping));
  memset(connections, 0, sizeof(Entry) * (size_t)connection_mask);
  connection_mask--;
}

static void flush(void) {
  memset(connections, 0, sizeof(Entry) * ((size_t)connection_mask + 1));
  memset(mappings, 0, sizeof(Mapping) * MAPPINGS);
  memset(taken, 0, sizeof taken);
}

/* As `measure`, but every pass opens its connections; ending them is not timed. */
static double measure_open(Stage stage, u32 count, double ms) {
  static double took[1000];
  u8 *outs[BURST];
  u32 n = 0;
  for (double end = now_ns() + ms * 1e6; n < 1000 && (n < 1 || now_ns() < end); n++) {
    flush();
    double began = now_ns();
    pass(stage, count, outs);
    took[n] = (now_ns() - began) / count;
  }
  qsort(took, n, sizeof *took, ascending);
  return took[n / 2];
}
