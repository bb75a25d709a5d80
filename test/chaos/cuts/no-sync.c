// Preloaded, it lets a program believe that it syncs: what a trial of power cuts must find out.
#define _GNU_SOURCE
#include <unistd.h>

int fsync(int descriptor) { return descriptor < 0 ? -1 : 0; }
int fdatasync(int descriptor) { return descriptor < 0 ? -1 : 0; }
int syncfs(int descriptor) { return descriptor < 0 ? -1 : 0; }
void sync(void) {}
