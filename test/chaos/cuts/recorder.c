// A disk that writes down what it is told: a file of a file system of its own (FUSE), to be put below a loop device. Each
// write and each flush is appended to a log, in the order in which they come, before it is answered. It never syncs: what
// a power cut leaves is made from the log.
//
//   recorder FILE LOG MIB     serves MIB mebibytes on FILE, which exists; ends when FILE is unmounted
//
// The log is a row of records: four 64-bit numbers (kind, offset, length, 0), and of a write its bytes.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, FLUSH = 2, ZERO = 3 };
enum { MOST = 1 << 20, ROOM = MOST + 65536 };

static int device, logfile;
static uint64_t size;
static char *disk;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void note(uint64_t kind, uint64_t offset, uint64_t length, const void *bytes) {
  uint64_t head[4] = {kind, offset, length, 0};
  struct iovec parts[2] = {{head, sizeof head}, {(void *)bytes, bytes ? length : 0}};
  ssize_t whole = sizeof head + parts[1].iov_len;
  if (writev(logfile, parts, 2) != whole) die("the log");
}

static void answer(uint64_t unique, int error, const void *body, size_t length) {
  struct fuse_out_header head = {sizeof head + length, -error, unique};
  struct iovec parts[2] = {{&head, sizeof head}, {(void *)body, length}};
  // ENOENT: the request was interrupted, and nobody waits.
  if (writev(device, parts, 2) < 0 && errno != ENOENT) die("an answer");
}

static void attributes(uint64_t unique) {
  struct fuse_attr_out out = {.attr_valid = 1 << 30};
  out.attr = (struct fuse_attr){.ino = 1, .size = size, .blocks = size / 512, .mode = S_IFREG | 0600, .nlink = 1, .blksize = 4096};
  answer(unique, 0, &out, sizeof out);
}

static int isInside(uint64_t offset, uint64_t length) {
  return offset <= size && length <= size - offset;
}

static void serve(struct fuse_in_header *in) {
  void *body = in + 1;
  switch (in->opcode) {
    case FUSE_INIT: {
      struct fuse_init_in *asked = body;
      struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION};
      out.max_readahead = asked->max_readahead;
      out.flags = asked->flags & (FUSE_BIG_WRITES | FUSE_MAX_PAGES);
      out.max_write = MOST;
      out.max_pages = MOST / 4096;
      answer(in->unique, 0, &out, sizeof out);
      return;
    }
    case FUSE_GETATTR:
    case FUSE_SETATTR:
      attributes(in->unique);
      return;
    case FUSE_OPEN: {
      struct fuse_open_out out = {.open_flags = FOPEN_DIRECT_IO};
      answer(in->unique, 0, &out, sizeof out);
      return;
    }
    case FUSE_READ: {
      struct fuse_read_in *asked = body;
      uint64_t end = asked->offset + asked->size;
      if (end > size) end = size;
      answer(in->unique, 0, disk + asked->offset, asked->offset < end ? end - asked->offset : 0);
      return;
    }
    case FUSE_WRITE: {
      struct fuse_write_in *asked = body;
      if (!isInside(asked->offset, asked->size)) {
        answer(in->unique, ENOSPC, NULL, 0);
        return;
      }
      note(WRITE, asked->offset, asked->size, asked + 1);
      memcpy(disk + asked->offset, asked + 1, asked->size);
      struct fuse_write_out out = {.size = asked->size};
      answer(in->unique, 0, &out, sizeof out);
      return;
    }
    case FUSE_FALLOCATE: {
      struct fuse_fallocate_in *asked = body;
      if (!(asked->mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) || !isInside(asked->offset, asked->length)) {
        answer(in->unique, EOPNOTSUPP, NULL, 0);
        return;
      }
      note(ZERO, asked->offset, asked->length, NULL);
      memset(disk + asked->offset, 0, asked->length);
      answer(in->unique, 0, NULL, 0);
      return;
    }
    case FUSE_FSYNC:
      note(FLUSH, 0, 0, NULL);
      answer(in->unique, 0, NULL, 0);
      return;
    case FUSE_FLUSH:
    case FUSE_RELEASE:
      answer(in->unique, 0, NULL, 0);
      return;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
      return;
    default:
      answer(in->unique, ENOSYS, NULL, 0);
  }
}

int main(int count, char **words) {
  if (count != 4) return 2;
  size = strtoull(words[3], NULL, 10) << 20;
  logfile = open(words[2], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (logfile < 0) die(words[2]);
  disk = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (disk == MAP_FAILED) die("memory");
  device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (device < 0) die("/dev/fuse");
  char options[64];
  snprintf(options, sizeof options, "fd=%d,rootmode=100600,user_id=0,group_id=0", device);
  if (mount("recorder", words[1], "fuse.recorder", MS_NOSUID | MS_NODEV, options) < 0) die("mount");
  puts("ready");
  fflush(stdout);
  static _Alignas(8) char request[ROOM];
  for (;;) {
    ssize_t length = read(device, request, sizeof request);
    if (length > 0) serve((struct fuse_in_header *)request);
    else if (errno == ENODEV) return 0;
    else if (errno != EINTR && errno != EAGAIN && errno != ENOENT) die("/dev/fuse");
  }
}
