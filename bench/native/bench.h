/* What the C programs share: staged frames from a file, bursts, the stopwatch, the sinks' digest. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALIGN 2
#define RING 128
#define BURST 64

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/* As bench/native.ts writes it: count, stride, records that follow, 0; u16 lengths padded to 64 bytes; frames; records. */
typedef struct {
  u32 count, stride, records;
  u16 *lengths;
  u8 *frames;
  u8 *ring;
  u64 *record;
} Staged;

static Staged staged_read(const char *name) {
  Staged s;
  u32 head[16];
  FILE *file = fopen(name, "rb");
  if (!file || fread(head, 4, 16, file) != 16) exit(2);
  s.count = head[0], s.stride = head[1], s.records = head[2];
  size_t lengths = (s.count * 2ul + 63) & ~63ul, frames = (size_t)s.count * s.stride;
  s.lengths = aligned_alloc(64, lengths + 64);
  s.frames = aligned_alloc(64, frames + 64);
  s.ring = aligned_alloc(64, (size_t)RING * s.stride);
  s.record = malloc(s.records * 8ul + 8);
  if (fread(s.lengths, 1, lengths, file) != lengths || fread(s.frames, 1, frames, file) != frames) exit(2);
  if (fread(s.record, 8, s.records, file) != s.records) exit(2);
  fclose(file);
  return s;
}

static inline u16 load16(const u8 *p) { u16 v; memcpy(&v, p, 2); return v; }
static inline u32 load32(const u8 *p) { u32 v; memcpy(&v, p, 4); return v; }
static inline u64 load64(const u8 *p) { u64 v; memcpy(&v, p, 8); return v; }
static inline void store16(u8 *p, u16 v) { memcpy(p, &v, 2); }
static inline void store32(u8 *p, u32 v) { memcpy(p, &v, 4); }
static inline void store64(u8 *p, u64 v) { memcpy(p, &v, 8); }

static inline u32 fold(u64 sum) {
  sum = (sum >> 32) + (u32)sum;
  sum = (sum >> 32) + (u32)sum;
  u32 s = ((u32)sum >> 16) + ((u32)sum & 0xffff);
  return (s >> 16) + (s & 0xffff);
}

/* Slots are whole lines, and so is what is copied of one. */
static inline void copy_frame(u8 *to, const u8 *from, u32 length) {
  if (length + ALIGN > 256) memcpy(to, from, length + ALIGN);
  else
    for (u32 i = 0; i < length + ALIGN; i += 64) memcpy(to + i, from + i, 64);
}

/* Port each frame of a burst left by; a NAT has none. */
static u32 ports[BURST];

/* All of a frame from `begin` on: its length, and where it has a port that above the length. */
static u64 digest_of(const u8 *frame, u32 length, u64 begin) {
  u64 h = begin;
  for (u32 i = 0; i + 8 <= length; i += 8) h = (h ^ load64(frame + i)) * 0x9e3779b97f4a7c15ull;
  if (length % 8) h = (h ^ load64(frame + length - 8)) * 0x9e3779b97f4a7c15ull;
  return h ^ (h >> 32);
}

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

/* A stage: handles frames first … first+count-1; outs: where each came out, NULL for none. */
typedef void (*Stage)(u32 first, u32 count, u8 **outs);

static void pass(Stage stage, u32 count, u8 **outs) {
  for (u32 first = 0; first < count; first += BURST)
    stage(first, count - first < BURST ? count - first : BURST, outs);
}

static inline u64 digest_pass(Stage stage, const Staged *s) {
  u8 *outs[BURST];
  u64 sum = 0;
  for (u32 first = 0; first < s->count; first += BURST) {
    u32 count = s->count - first < BURST ? s->count - first : BURST;
    stage(first, count, outs);
    for (u32 i = 0; i < count; i++)
      if (outs[i]) sum += digest_of(outs[i], s->lengths[first + i], s->lengths[first + i] + (u64)ports[i] * 65536);
  }
  return sum;
}

static int ascending(const void *a, const void *b) {
  double d = *(const double *)a - *(const double *)b;
  return (d > 0) - (d < 0);
}

/* Passes for `ms` milliseconds, one at least, after one that warms up; the median in ns per frame. */
static double measure(Stage stage, u32 count, double ms) {
  static double took[100000];
  u8 *outs[BURST];
  u32 n = 0;
  pass(stage, count, outs);
  for (double end = now_ns() + ms * 1e6; n < 100000 && (n < 1 || now_ns() < end); n++) {
    double began = now_ns();
    pass(stage, count, outs);
    took[n] = (now_ns() - began) / count;
  }
  qsort(took, n, sizeof *took, ascending);
  return took[n / 2];
}

static void report(double ns, u64 digest) { printf("{\"ns\":%f,\"digest\":\"%llx\"}\n", ns, (unsigned long long)digest); }
