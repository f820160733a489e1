/*
 * through FILE MS INGRESS ENTRIES SEED-HIGH SEED-LOW: copy in, parse, learn, look up, forward by copy, copy out. Records of the file:
 * MAC, port.
 */
#include "bench.h"
#include "fdb.h"
#include "parser.h"

static Staged s;
static u32 ingress, cursor;
static u64 sum;
static u8 *slots, *buffer;
static Packet packets[BURST];

__attribute__((noinline)) static void stage(u32 first, u32 count, u8 **outs) {
  for (u32 i = 0; i < count; i++)
    memcpy(slots + (size_t)i * s.stride + ALIGN, s.frames + (size_t)(first + i) * s.stride + ALIGN, s.lengths[first + i]);
  for (u32 i = 0; i < count; i++) parse(&packets[i], slots + (size_t)i * s.stride + ALIGN, s.lengths[first + i]);
  for (u32 i = 0; i < count; i++) sum += packets[i].hash;
  for (u32 i = 0; i < count; i++) {
    const u8 *slot = slots + (size_t)i * s.stride;
    u64 src = load64(slot + ALIGN + 6) & MAC, dst = load64(slot + ALIGN) & MAC;
    outs[i] = NULL;
    if (src & 1) continue;
    learn(src, ingress, 0);
    u32 egress = dst & 1 ? 0 : lookup(dst, 0);
    if (egress == 0 || egress == ingress) continue;
    u8 *to = s.ring + (size_t)cursor * s.stride;
    cursor = (cursor + 1) & (RING - 1);
    copy_slot(to, slot, s.stride);
    /* What receives has one buffer; the digest is taken from the ring, where the same bytes are. */
    memcpy(buffer, to + ALIGN, s.lengths[first + i]);
    __asm__ volatile("" : : "r"(buffer) : "memory");
    outs[i] = to + ALIGN;
  }
}

int main(int argc, char **argv) {
  if (argc != 7) return 2;
  s = staged_read(argv[1]);
  ingress = atoi(argv[3]);
  seed = (u64)strtoul(argv[5], NULL, 10) << 32 | strtoul(argv[6], NULL, 10);
  slots = aligned_alloc(64, (size_t)BURST * s.stride);
  buffer = aligned_alloc(64, 2048);
  lay(atoi(argv[4]), s.record, s.records);
  u64 digest = digest_pass(stage, &s);
  report(measure(stage, s.count, atof(argv[2])), digest);
  return sum == 1;
}
