/*
 * tcp WHAT MS BYTES: the kernel's TCP between two processes on one core, each in a network namespace of its own, joined by veth.
 *
 * WHAT: segments (1500 bytes at the most from end to end: no segmentation offload), whole (as veth is: segments travel whole),
 * loopback (one namespace, the machine's own, MTU and offloads as they are), open (connections opened and closed over veth).
 *
 * A pass is BYTES bytes of a payload that is known; the first is digested, the others are counted. Prints {"missing": why} where
 * namespaces may not be made.
 */
#define _GNU_SOURCE
#include "bench.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIECE = 65536, PORT = 8080, MOST_OPENED = 20000 };
static pid_t child;
static int tell, told;

static void missing(const char *why) {
  printf("{\"missing\":\"%s\"}\n", why);
  if (child) kill(child, SIGKILL);
  exit(0);
}

static void write_file(const char *name, const char *text) {
  int file = open(name, O_WRONLY);
  if (file < 0 || write(file, text, strlen(text)) < 0) missing("no user namespaces here");
  close(file);
}

/* A user namespace in which we may, unless we may anyway. */
static void enter_namespace(void) {
  if (unshare(CLONE_NEWNET) == 0) return;
  char map[64];
  sprintf(map, "0 %d 1", getuid());
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) missing("no network namespaces here");
  write_file("/proc/self/uid_map", map);
}

static void run(const char *command) {
  if (system(command) != 0) missing("`ip` cannot make a veth pair");
}

static void set_offload(const char *interface, u32 what) {
  struct ethtool_value value = {.cmd = what, .data = 0};
  struct ifreq request = {.ifr_data = (void *)&value};
  strcpy(request.ifr_name, interface);
  int s = socket(AF_INET, SOCK_DGRAM, 0);
  if (ioctl(s, SIOCETHTOOL, &request) != 0) missing("veth keeps its segmentation offload");
  close(s);
}

static void no_offload(const char *interface) {
  set_offload(interface, ETHTOOL_STSO), set_offload(interface, ETHTOOL_SGSO), set_offload(interface, ETHTOOL_SGRO);
}

static void say(void) { if (write(tell, "!", 1) != 1) exit(3); }
static void hear(void) { char c; if (read(told, &c, 1) != 1) exit(3); }

static int listening(u32 address) {
  int s = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(address)};
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(s, (void *)&at, sizeof at) != 0 || listen(s, 128) != 0) exit(3);
  return s;
}

static int connected(u32 address) {
  int s = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(address)};
  if (connect(s, (void *)&to, sizeof to) != 0) exit(3);
  return s;
}

static u8 *payload(u32 bytes) {
  u32 *words = malloc(bytes), x = 0x9e3779b9;
  for (u32 i = 0; i < bytes / 4; i++) x ^= x << 13, x ^= x >> 17, x ^= x << 5, words[i] = x;
  return (u8 *)words;
}

static void send_for_ever(int s, u32 bytes) {
  u8 *data = payload(bytes);
  for (u32 at = 0;; at = at == bytes ? 0 : at) {
    ssize_t n = write(s, data + at, bytes - at < PIECE ? bytes - at : PIECE);
    if (n <= 0) exit(0);
    at += n;
  }
}

/* To `to` where that is wanted, else to one place over and over. */
static void receive(int s, u32 bytes, u8 *to) {
  static u8 piece[PIECE];
  for (u32 got = 0; got < bytes;) {
    ssize_t n = read(s, to ? to + got : piece, bytes - got < PIECE ? bytes - got : PIECE);
    if (n <= 0) exit(3);
    got += n;
  }
}

static double median(double *took, u32 n) {
  qsort(took, n, sizeof *took, ascending);
  return took[n / 2];
}

static void measure_transfer(int s, u32 bytes, double ms) {
  static double took[100000];
  u8 *first = malloc(bytes);
  u32 n = 0;
  receive(s, bytes, first);
  receive(s, bytes, NULL);
  for (double end = now_ns() + ms * 1e6; n < 100000 && (n < 1 || now_ns() < end); n++) {
    double began = now_ns();
    receive(s, bytes, NULL);
    took[n] = (now_ns() - began) / bytes;
  }
  report(median(took, n), digest_of(first, bytes, bytes));
}

static void measure_open(u32 address, double ms) {
  u32 n = 0;
  double began = now_ns();
  for (; n < MOST_OPENED && (n < 100 || now_ns() < began + ms * 1e6); n++) {
    int s = connected(address);
    char c;
    shutdown(s, SHUT_WR);
    if (read(s, &c, 1) != 0) exit(3);
    close(s);
  }
  report((now_ns() - began) / n, 0);
}

static void answer_for_ever(int listener) {
  for (char c;;) {
    int s = accept(listener, NULL, NULL);
    if (s < 0 || read(s, &c, 1) != 0) exit(3);
    close(s);
  }
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  const char *what = argv[1];
  double ms = atof(argv[2]);
  u32 bytes = atoi(argv[3]);
  bool isLoopback = strcmp(what, "loopback") == 0, isOpen = strcmp(what, "open") == 0;
  int up[2], down[2];
  if (pipe(up) != 0 || pipe(down) != 0) return 3;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  sched_setaffinity(0, sizeof one, &one);
  signal(SIGPIPE, SIG_IGN);
  if (!isLoopback) enter_namespace();
  child = fork();
  if (child == 0) {
    tell = up[1], told = down[0];
    if (!isLoopback && unshare(CLONE_NEWNET) != 0) exit(3);
    say(), hear();
    if (!isLoopback) run("ip address add 10.0.0.2/24 dev v1 && ip link set v1 up");
    if (strcmp(what, "segments") == 0) no_offload("v1");
    if (isOpen) {
      int listener = listening(0x0a000002);
      say();
      answer_for_ever(listener);
    }
    say(), hear();
    send_for_ever(connected(isLoopback ? 0x7f000001 : 0x0a000001), bytes);
  }
  tell = down[1], told = up[0];
  hear();
  if (!isLoopback) {
    char command[200];
    sprintf(command, "ip link add v0 mtu 1500 type veth peer name v1 mtu 1500 netns %d 2>/dev/null && ip address add 10.0.0.1/24 dev v0 && ip link set v0 up", child);
    run(command);
    if (strcmp(what, "segments") == 0) no_offload("v0");
  }
  say(), hear();
  if (isOpen) measure_open(0x0a000002, ms);
  else {
    int listener = listening(isLoopback ? 0x7f000001 : 0x0a000001);
    say();
    measure_transfer(accept(listener, NULL, NULL), bytes, ms);
  }
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return 0;
}
