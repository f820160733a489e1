/* switch FILE MS INGRESS ENTRIES: learn, look up, forward by copy. Records of the file: MAC, port. */
#include "bench.h"
#include "fdb.h"

static Staged s;
static u32 ingress, cursor;
static u64 sum;

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
    ports[i] = 0;
    if (src & 1) continue;
    learn(src, ingress, 0);
    u32 egress = dst & 1 ? 0 : lookup(dst, 0);
    if (egress == 0 || egress == ingress) continue;
    u8 *to = s.ring + (size_t)cursor * s.stride;
    cursor = (cursor + 1) & (RING - 1);
    copy_frame(to, slot, s.lengths[first + i]);
    outs[i] = to + ALIGN;
    ports[i] = egress;
  }
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  s = staged_read(argv[1]);
  ingress = atoi(argv[3]);
  lay(atoi(argv[4]), s.record, s.records);
  double ns = measure(stage, s.count, atof(argv[2]));
  report(ns, digest_pass(stage, &s));
  return sum == 1;
}
