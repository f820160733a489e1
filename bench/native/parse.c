/* parse FILE MS SEED-HIGH SEED-LOW PASS: frames in memory to descriptors; over and over, until PASS of them make a pass.
   FILE has whole bursts, or PASS frames. */
#include "bench.h"
#include "parser.h"

static Staged s;
static Packet *packets;

__attribute__((noinline)) static void stage(u32 first, u32 count, u8 **outs) {
  (void)outs;
  first %= s.count;
  for (u32 i = first; i < first + count; i++) parse(&packets[i], s.frames + (size_t)i * s.stride + ALIGN, s.lengths[i]);
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  s = staged_read(argv[1]);
  seed = (u64)strtoul(argv[3], NULL, 10) << 32 | strtoul(argv[4], NULL, 10);
  packets = calloc(s.count, sizeof *packets);
  double ns = measure(stage, atoi(argv[5]), atof(argv[2]));
  u64 digest = 0;
  for (u32 i = 0; i < s.count; i++)
    for (u32 w = 0; w < 3; w++) digest = (digest ^ load64((u8 *)&packets[i] + 8 * w)) * 0x9e3779b97f4a7c15ull;
  report(ns, digest);
  return 0;
}
