/* switch FILE MS INGRESS ENTRIES: learn, look up, forward by copy. Records of the file: MAC, port. Entry: u64 MAC | port << 48, u64 heard. */
#include "bench.h"

#define PROBES 8

typedef struct { u64 key, heard; } Station;

static Staged s;
static Station *table;
static u32 mask, shift, ingress, cursor;
static u64 sum;
static const u64 MAC = 0xffffffffffffull;

static inline u32 home(u64 mac) {
  return (u32)((mac * 0x9e3779b97f4a7c15ull) >> shift);
}

static inline void learn(u64 mac, u64 port, u64 ms) {
  u32 at = home(mac), oldest = at;
  for (u32 i = 0; i < PROBES; i++) {
    Station *e = &table[(at + i) & mask];
    if ((e->key & MAC) == mac) {
      if (e->key >> 48 != port) e->key = mac | port << 48;
      if (e->heard != ms) e->heard = ms;
      return;
    }
    if (e->key == 0) { oldest = at + i; break; }
    if (e->heard < table[oldest & mask].heard) oldest = at + i;
  }
  table[oldest & mask] = (Station){mac | port << 48, ms};
}

static inline u32 lookup(u64 mac, u64 ms) {
  u32 at = home(mac);
  for (u32 i = 0; i < PROBES; i++) {
    const Station *e = &table[(at + i) & mask];
    if ((e->key & MAC) == mac) return ms - e->heard < 300000 ? e->key >> 48 : 0;
    if (e->key == 0) return 0;
  }
  return 0;
}

__attribute__((noinline)) static void stage(u32 first, u32 count, u8 **outs) {
  const u8 *in = s.frames + (size_t)first * s.stride;
  if (mask > 32768) {
    for (u32 i = 0; i < count; i++) {
      const u8 *frame = in + (size_t)i * s.stride + ALIGN;
      sum += table[home(load64(frame) & MAC)].key + table[home(load64(frame + 6) & MAC)].key;
    }
  }
  for (u32 i = 0; i < count; i++) {
    const u8 *slot = in + (size_t)i * s.stride;
    u64 src = load64(slot + ALIGN + 6) & MAC, dst = load64(slot + ALIGN) & MAC;
    outs[i] = NULL;
    if (src & 1) continue;
    learn(src, ingress, 0);
    u32 egress = dst & 1 ? 0 : lookup(dst, 0);
    if (egress == 0 || egress == ingress) continue;
    u8 *to = s.ring + (size_t)cursor * s.stride;
    cursor = (cursor + 1) & (RING - 1);
    copy_slot(to, slot, s.stride);
    outs[i] = to + ALIGN;
  }
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  s = staged_read(argv[1]);
  ingress = atoi(argv[3]);
  mask = atoi(argv[4]);
  shift = __builtin_clzll(mask) + 1;
  table = aligned_alloc(64, sizeof(Station) * (size_t)mask);
  memset(table, 0, sizeof(Station) * (size_t)mask);
  mask--;
  for (u32 i = 0; i < s.records; i += 2) learn(s.record[i], s.record[i + 1], 0);
  u64 digest = digest_pass(stage, &s);
  double ns = measure(stage, s.count, atof(argv[2]));
  report(ns, digest);
  return sum == 1;
}
