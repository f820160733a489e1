/*
 * nat OUTBOUND INBOUND MS WHAT ADDRESS SESSIONS: copy and translate UDP. Opens a connection per flow of OUTBOUND, then measures WHAT:
 * out, in or open. Records of both files: the two MACs of what comes out, as they lie in a frame.
 */
#include "bench.h"
#include "nat.h"

static Staged outbound, inbound, *s;
static u32 cursor, way;
static u64 touched;

__attribute__((noinline)) static void stage(u32 first, u32 count, u8 **outs) {
  const u8 *in = s->frames + (size_t)first * s->stride;
  if (connection_mask > 16384)
    for (u32 i = 0; i < count; i++) touched += touch_connection(in + (size_t)i * s->stride + ALIGN);
  for (u32 i = 0; i < count; i++) {
    const u8 *slot = in + (size_t)i * s->stride;
    outs[i] = NULL;
    Entry *e = connection_of(slot + ALIGN, way);
    if (!e) continue;
    u8 *to = s->ring + (size_t)cursor * s->stride;
    cursor = (cursor + 1) & (RING - 1);
    copy_frame(to, slot, s->lengths[first + i]);
    rewrite(to + ALIGN, e, s->record);
    outs[i] = to + ALIGN;
  }
}

int main(int argc, char **argv) {
  if (argc != 7) return 2;
  outbound = staged_read(argv[1]), inbound = staged_read(argv[2]);
  lay_nat(atoi(argv[6]), strtoul(argv[5], NULL, 10));
  s = &outbound, way = OUT;
  pass(stage, s->count, (u8 *[BURST]){0});
  if (strcmp(argv[4], "in") == 0) s = &inbound, way = IN;
  double ms = atof(argv[3]);
  double ns = strcmp(argv[4], "open") == 0 ? measure_open(stage, s->count, ms) : measure(stage, s->count, ms);
  report(ns, digest_pass(stage, s));
  return touched == 1;
}
