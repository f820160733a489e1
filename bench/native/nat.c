/*
 * nat OUTBOUND INBOUND MS WHAT ADDRESS: a NAT for UDP. Opens a connection per flow of OUTBOUND, then measures WHAT: out, in or open.
 * Records of both files: the two MACs of what comes out, as they lie in a frame. Entry: 32 bytes, both directions in one table,
 * linear probing, load 0.5 at the most.
 */
#include "bench.h"

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

static Staged outbound, inbound, *s;
static Entry *table;
static Mapping *mappings;
static u8 taken[65536];
static u32 mask, address, cursor, way;
static u64 touched;

static inline u32 home(u64 ends, u32 ports) {
  u64 h = ends * 0x9e3779b97f4a7c15ull;
  h ^= h >> 32;
  h = (h ^ ports) * 0xc2b2ae3d27d4eb4full;
  return (u32)(h >> 32) & mask;
}

static inline Entry *find(u64 ends, u32 ports) {
  for (u32 at = home(ends, ports);; at = (at + 1) & mask) {
    Entry *e = &table[at];
    if (e->ends == ends && e->ports == ports && e->way != 0) return e;
    if (e->way == 0) return NULL;
  }
}

static Entry *put(Entry entry) {
  u32 at = home(entry.ends, entry.ports);
  while (table[at].way != 0) at = (at + 1) & mask;
  table[at] = entry;
  return &table[at];
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

__attribute__((noinline)) static void stage(u32 first, u32 count, u8 **outs) {
  const u8 *in = s->frames + (size_t)first * s->stride;
  if (mask > 16384)
    for (u32 i = 0; i < count; i++) {
      const u8 *frame = in + (size_t)i * s->stride + ALIGN;
      touched += table[home(load64(frame + 26), load32(frame + 34))].ends;
    }
  for (u32 i = 0; i < count; i++) {
    const u8 *slot = in + (size_t)i * s->stride, *frame = slot + ALIGN;
    outs[i] = NULL;
    if (load16(frame + 12) != 0x0008 || frame[14] != 0x45 || (load16(frame + 20) & 0xff3f) != 0) continue;
    if (frame[23] != 17 || frame[22] <= 1) continue;
    u64 ends = load64(frame + 26);
    u32 ports = load32(frame + 34);
    Entry *e = find(ends, ports);
    if (!e && way == OUT) e = open_connection(ends, ports);
    if (!e) continue;
    u8 *to = s->ring + (size_t)cursor * s->stride;
    cursor = (cursor + 1) & (RING - 1);
    copy_slot(to, slot, s->stride);
    to += ALIGN;
    store64(to, s->record[0]);
    store32(to + 8, (u32)s->record[1]);
    store32(to + (e->way == OUT ? 26 : 30), e->ip);
    store16(to + (e->way == OUT ? 34 : 36), e->port);
    to[22]--;
    store16(to + 24, ~fold((u16)~load16(frame + 24) + e->ip_change + 0xfffe));
    u16 before = load16(frame + 40);
    if (before) {
      u16 checksum = ~fold((u16)~before + e->udp_change);
      store16(to + 40, checksum ? checksum : 0xffff);
    }
    outs[i] = to;
  }
}

static void flush(void) {
  memset(table, 0, sizeof(Entry) * ((size_t)mask + 1));
  memset(mappings, 0, sizeof(Mapping) * MAPPINGS);
  memset(taken, 0, sizeof taken);
}

static double measure_open(double ms) {
  static double took[1000];
  u8 *outs[BURST];
  u32 n = 0;
  for (double end = now_ns() + ms * 1e6; n < 1000 && (n < 3 || now_ns() < end); n++) {
    flush();
    double began = now_ns();
    pass(stage, s->count, outs);
    took[n] = (now_ns() - began) / s->count;
  }
  qsort(took, n, sizeof *took, ascending);
  return took[n / 2];
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  outbound = staged_read(argv[1]), inbound = staged_read(argv[2]);
  address = __builtin_bswap32(strtoul(argv[5], NULL, 10));
  for (mask = 64; mask < outbound.count * 4; mask *= 2);
  table = aligned_alloc(64, sizeof(Entry) * (size_t)mask);
  mappings = calloc(MAPPINGS, sizeof(Mapping));
  memset(table, 0, sizeof(Entry) * (size_t)mask);
  mask--;
  s = &outbound, way = OUT;
  u64 digest = digest_pass(stage, s);
  if (argv[4][0] == 'i') {
    s = &inbound, way = IN;
    digest = digest_pass(stage, s);
  }
  double ms = atof(argv[3]);
  report(argv[4][1] == 'p' ? measure_open(ms) : measure(stage, s->count, ms), digest);
  return touched == 1;
}
