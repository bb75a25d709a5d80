// Stands in for xz: reads a block, waits for as long as xz would work on it, and writes what xz made of it beforehand.
//   --key                  prints by which name the block on stdin is recorded
//   --version              as the xz that it stands in for
//   anything else          compresses, by the record of the block in $STAND_IN_BLOCKS, in $STAND_IN_MS in all
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const size_t most = 8 << 20;

/** FNV-1a over words: the records are of this bench's own blocks, which differ throughout. */
static uint64_t key(const uint8_t *bytes, size_t length) {
  uint64_t hash = 14695981039346656037u ^ length;
  for (size_t at = 0; at + 8 <= length; at += 8) {
    uint64_t word;
    memcpy(&word, bytes + at, 8);
    hash = (hash ^ word) * 1099511628211u;
    hash ^= hash >> 29;
  }
  return hash;
}

static int fail(const char *what) {
  perror(what);
  return 1;
}

int main(int count, char **arguments) {
  struct timespec end;
  clock_gettime(CLOCK_MONOTONIC, &end);
  int asks_key = 0;
  for (int at = 1; at < count; at++) {
    if (strcmp(arguments[at], "--version") == 0) {
      execv(getenv("STAND_IN_XZ"), arguments);
      return fail("the real xz");
    }
    if (strcmp(arguments[at], "--key") == 0) asks_key = 1;
  }
  uint8_t *block = malloc(most + 1);
  size_t length = 0;
  for (ssize_t got; (got = read(0, block + length, most + 1 - length)) != 0; length += got)
    if (got < 0) return fail("stdin");
  if (asks_key) {
    printf("%016" PRIx64 "\n", key(block, length));
    return 0;
  }
  char path[4096];
  snprintf(path, sizeof path, "%s/%016" PRIx64, getenv("STAND_IN_BLOCKS"), key(block, length));
  int record = open(path, O_RDONLY);
  if (record < 0) return fail(path);
  uint64_t wait = strtoull(getenv("STAND_IN_MS"), NULL, 10) * 1000000u + end.tv_nsec;
  end.tv_sec += wait / 1000000000u;
  end.tv_nsec = wait % 1000000000u;
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) != 0)
    ;
  for (ssize_t got; (got = read(record, block, most)) != 0;) {
    if (got < 0) return fail(path);
    for (ssize_t put = 0, done = 0; done < got; done += put)
      if ((put = write(1, block + done, got - done)) < 0) return fail("stdout");
  }
  return 0;
}
