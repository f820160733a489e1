/* A forwarding database. Entry: u64 MAC | port << 48, u64 heard; open addressing, 8 probes. */
#define PROBES 8

typedef struct { u64 key, heard; } Station;

static Station *table;
static u32 mask, shift;
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

/* Lays out `entries` (a power of two) and hears the stations: MAC, port, MAC, port … */
static void lay(u32 entries, const u64 *record, u32 records) {
  mask = entries - 1;
  shift = 64 - __builtin_ctz(entries);
  table = aligned_alloc(64, sizeof(Station) * (size_t)entries);
  memset(table, 0, sizeof(Station) * (size_t)entries);
  for (u32 i = 0; i < records; i += 2) learn(record[i], record[i + 1], 0);
}
