/*
 * path WHAT MS FILE INBOUND ENTRIES SEED-HIGH SEED-LOW ADDRESS SESSIONS: the whole path. WHAT: switch, out, in or open.
 *
 * Frames of a file are copied in, and out to one receiver's buffer. A file without frames has them generated, and they end in sinks
 * that digest. In between: parse, learn, look up; and for a NAT: translate in place, learn and look up on the other switch.
 * Records: what a generator has to know (below), the NAT's two MACs, then MAC and port of each station.
 */
#include "bench.h"
#include "fdb.h"
#include "generator.h"
#include "nat.h"
#include "parser.h"

typedef struct { u32 ingress, enters, leaves, way; } Way;
static const Way OUTWARDS = {1, 2, 3, OUT}, INWARDS = {4, 3, 2, IN};
enum { LINK = GENERATOR_WORDS, STATIONS = LINK + 2 };

static Staged s;
static Generator generator;
static Way way;
static u32 stride, lengths[BURST];
static bool copied, checked;
static u64 sinks[16], touched;
static u8 *slots, *receiver;
static Packet packets[BURST];

static inline void sink(const u8 *frame, u32 length, u32 port) {
  if (!copied) {
    u64 h = length;
    for (int i = 0; i < 56; i += 8) h = (h ^ load64(frame + i)) * 0x9e3779b97f4a7c15ull;
    sinks[port] += h ^ (h >> 32);
    return;
  }
  memcpy(receiver, frame, length);
  __asm__ volatile("" : : "r"(receiver) : "memory");
  if (checked) sinks[0] += digest_of(receiver, length, length + (u64)port * 65536);
}

/* Fills the slots with frames first … first+count-1 and parses them. */
static inline void fill(u32 first, u32 count) {
  for (u32 i = 0; i < count; i++) {
    u8 *frame = slots + (size_t)i * stride + ALIGN;
    if (!copied) lengths[i] = generate(&generator, frame, first);
    else {
      lengths[i] = s.lengths[first + i];
      memcpy(frame, s.frames + (size_t)(first + i) * stride + ALIGN, lengths[i]);
    }
  }
  for (u32 i = 0; i < count; i++) parse(&packets[i], slots + (size_t)i * stride + ALIGN, lengths[i]);
  /* Descriptors are a result: none of their fields may be left out. */
  __asm__ volatile("" : : "r"(packets) : "memory");
}

/* Learns who sent it; the port it has to leave by, or 0. */
static inline u32 forward(const u8 *frame, u32 ingress) {
  u64 src = load64(frame + 6) & MAC, dst = load64(frame) & MAC;
  if (src & 1) return 0;
  learn(src, ingress, 0);
  u32 egress = dst & 1 ? 0 : lookup(dst, 0);
  return egress == ingress ? 0 : egress;
}

__attribute__((noinline)) static void switch_path(u32 first, u32 count, u8 **outs) {
  (void)outs;
  fill(first, count);
  if (mask > 32768)
    for (u32 i = 0; i < count; i++) touched += table[home(load64(slots + (size_t)i * stride + ALIGN) & MAC)].key;
  for (u32 i = 0; i < count; i++) {
    const u8 *frame = slots + (size_t)i * stride + ALIGN;
    u32 egress = forward(frame, 1);
    if (egress != 0) sink(frame, lengths[i], egress);
  }
}

__attribute__((noinline)) static void nat_path(u32 first, u32 count, u8 **outs) {
  (void)outs;
  fill(first, count);
  if (connection_mask > 16384)
    for (u32 i = 0; i < count; i++) touched += touch_connection(slots + (size_t)i * stride + ALIGN);
  for (u32 i = 0; i < count; i++) {
    u8 *frame = slots + (size_t)i * stride + ALIGN;
    if (forward(frame, way.ingress) != way.enters) continue;
    Entry *e = connection_of(frame, way.way);
    if (!e) continue;
    rewrite(frame, e, &s.record[LINK]);
    u32 egress = forward(frame, way.leaves);
    if (egress != 0) sink(frame, lengths[i], egress);
  }
}

static void begin(const char *file) {
  s = staged_read(file);
  copied = s.count != 0;
  stride = s.stride;
  generator_begin(&generator, s.record);
}

int main(int argc, char **argv) {
  if (argc != 10) return 2;
  const char *what = argv[1];
  double ms = atof(argv[2]);
  begin(argv[3]);
  u32 frames = copied ? s.count : generator.pass;
  slots = aligned_alloc(64, (size_t)BURST * stride);
  receiver = aligned_alloc(64, 2048);
  seed = (u64)strtoul(argv[6], NULL, 10) << 32 | strtoul(argv[7], NULL, 10);
  lay(atoi(argv[5]), s.record + STATIONS, s.records - STATIONS);
  Stage stage = switch_path;
  if (strcmp(what, "switch") != 0) {
    stage = nat_path, way = OUTWARDS;
    lay_nat(atoi(argv[9]), strtoul(argv[8], NULL, 10));
    pass(stage, frames, NULL);
  }
  if (strcmp(what, "in") == 0) begin(argv[4]), way = INWARDS;
  double ns = strcmp(what, "open") == 0 ? measure_open(stage, frames, ms) : measure(stage, frames, ms);
  memset(sinks, 0, sizeof sinks);
  checked = true;
  pass(stage, frames, NULL);
  u64 digest = sinks[0];
  for (u64 port = 1; port < 16; port++) digest += sinks[port] * (2 * port + 1);
  report(ns, digest);
  return touched == 1;
}
